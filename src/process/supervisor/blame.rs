//! Whose fault it is that a worker ended in the middle of a request.
//! Must not look at anything: what is known of the end comes in.

use std::fmt;
use std::time::Duration;

use super::meter::Spent;

/// A SIGKILL that is not ours comes from an operator, and says nothing about the current request, or from the kernel's
/// OOM killer, and says a lot. Eating all memory takes a request longer than this on a processor.
const INNOCENT: Duration = Duration::from_millis(500);

/// Why a worker ended, or is about to, in the middle of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// The request did it: a signal, a panic, all memory.
    Crash,
    /// The request was at work all the time, and that was too long.
    Overdue,
    /// Too long as well, but it slept: a file system did not answer, or somebody had stopped the worker.
    Stalled,
    /// Too long as well, but others had the processors.
    Starved,
    /// Somebody else ended it.
    Outside,
}

/// The cause of being over the deadline, by how the time was spent, if that is known. Who had a processor for less than
/// half of the time was held up. What was not watched for long enough to tell is blamed.
pub(super) fn of_overdue(spent: Option<Spent>, deadline: Duration) -> Cause {
    match spent {
        Some(spent) if spent.elapsed * 2 >= deadline && spent.ran * 2 < spent.elapsed => {
            if spent.slept() >= spent.waited { Cause::Stalled } else { Cause::Starved }
        }
        _ => Cause::Overdue,
    }
}

/// The cause of a SIGKILL that was not ours, after so long on a processor.
pub(super) fn of_foreign_kill(ran: Duration, draining: bool) -> Cause {
    if ran > INNOCENT && !draining { Cause::Crash } else { Cause::Outside }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Crash => "it ends workers",
            Self::Overdue => "it takes too long",
            Self::Stalled => "it was kept waiting, by its file system or by who stopped the worker",
            Self::Starved => "it was kept waiting for a processor",
            Self::Outside => "it is not to blame",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEADLINE: Duration = Duration::from_secs(30);

    fn seconds(elapsed: u64, ran: u64, waited: u64) -> Option<Spent> {
        let [elapsed, ran, waited] = [elapsed, ran, waited].map(Duration::from_secs);
        Some(Spent { elapsed, ran, waited })
    }

    #[test]
    fn whoever_was_held_up_is_not_to_blame_for_the_deadline() {
        for (spent, cause) in [
            (seconds(30, 29, 0), Cause::Overdue),
            (seconds(30, 15, 15), Cause::Overdue),
            (seconds(30, 14, 2), Cause::Stalled),
            (seconds(30, 0, 0), Cause::Stalled),
            (seconds(30, 1, 28), Cause::Starved),
            (seconds(30, 14, 16), Cause::Starved),
            // The supervisor itself was held up, or cannot see.
            (seconds(14, 0, 0), Cause::Overdue),
            (seconds(0, 0, 0), Cause::Overdue),
            (None, Cause::Overdue),
        ] {
            assert_eq!(of_overdue(spent, DEADLINE), cause, "{spent:?}");
        }
    }

    #[test]
    fn a_kill_from_outside_tells_against_who_worked_long() {
        let (short, long) = (Duration::from_millis(400), Duration::from_secs(2));
        assert_eq!(of_foreign_kill(short, false), Cause::Outside);
        assert_eq!(of_foreign_kill(long, false), Cause::Crash);
        assert_eq!(of_foreign_kill(long, true), Cause::Outside, "the server stops");
    }
}
