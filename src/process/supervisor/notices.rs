//! What the supervisor tells whoever asks how the service is: in its part of the scoreboard.

use std::time::{SystemTime, UNIX_EPOCH};

use super::blame::Cause;
use super::child::{Death, Late};
use crate::process::scoreboard::{Notice, Scoreboard, now};

/// The service has started.
pub(super) fn started(board: &Scoreboard) {
    board.put_notice(Notice::Started, now());
    let at = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    board.put_notice(Notice::StartedAt, at);
}

/// A worker has ended without being asked to.
pub(super) fn died(board: &Scoreboard, death: &Death) {
    match &death.request {
        // Told when it was late.
        Some(_) if death.late => {}
        Some(_) => board.count_notice(of(death.cause)),
        None => board.count_notice(Notice::Idle),
    }
}

/// A worker will be killed for being late.
pub(super) fn late(board: &Scoreboard, late: &Late) {
    board.count_notice(of(late.cause));
}

fn of(cause: Cause) -> Notice {
    match cause {
        Cause::Crash => Notice::Crashes,
        Cause::Overdue => Notice::Overdue,
        Cause::Stalled => Notice::Held,
        Cause::Starved => Notice::Starved,
        Cause::Outside => Notice::Killed,
    }
}
