//! Whether a worker may go to the file system that a master lies on: one that does not answer holds whoever asks it.
//! Must not ask it to find out: what the supervisor says of it, and who else is there, stands on the scoreboard.

use super::place::Place;
use crate::process::refusals::Why;
use crate::process::scoreboard::now;
use crate::source::{Mounts, Sources};

/// Milliseconds that others may have been at a mount before it looks as if it did not answer.
const SUSPICIOUS: u64 = 100;

/// The mounts of the masters, and how many workers may be at one of them.
pub(super) struct Storage {
    mounts: Mounts,
    share: usize,
}

/// How a worker goes to a mount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// It goes.
    Open,
    /// Too many are there already: if one of the workers in the background can go instead, it should.
    Crowded,
    /// It must not.
    Shut,
}

impl Storage {
    /// The mounts of these sources, for a pool of so many workers. Half of them may be at one mount, so that it cannot hold
    /// all of them in the moment in which it stops to answer. `answers` says of which devices this is known at the start.
    pub(super) fn new(sources: &Sources, workers: usize, answers: impl Fn(u64) -> bool) -> Self {
        Self { mounts: Mounts::of(sources, answers), share: (workers / 2).max(1) }
    }

    /// The device on which the master of this identifier lies; 0 if it need not be known: [`Mounts::device`].
    pub(super) fn device(&mut self, identifier: &str, place: &Place) -> u64 {
        self.mounts.device(identifier, |device| place.why_mount_refused(device).is_none())
    }

    /// How this worker, whose slot says by now that it goes there, goes to a device.
    pub(super) fn way(&self, device: u64, place: &Place) -> Way {
        way(place.why_mount_refused(device), &place.others_since(device), self.share, now())
    }
}

/// By what is said of a mount, and since when others are there.
fn way(refused: Option<Why>, others_since: &[u64], share: usize, now: u64) -> Way {
    let suspicious = others_since.iter().any(|since| now.saturating_sub(*since) > SUSPICIOUS);
    match refused {
        Some(Why::Probed) if others_since.is_empty() => Way::Open,
        Some(_) => Way::Shut,
        None if others_since.len() < share => Way::Open,
        None if suspicious => Way::Shut,
        None => Way::Crowded,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Masters;

    #[test]
    fn a_mount_is_shut_or_probed_by_one_or_shared_until_it_looks_as_if_it_did_not_answer() {
        let (now, fresh, old) = (10_000, 9_990, 9_000);
        for (refused, others, expected) in [
            (Some(Why::Stalled), &[][..], Way::Shut),
            (Some(Why::Probed), &[], Way::Open),
            (Some(Why::Probed), &[fresh], Way::Shut),
            (None, &[], Way::Open),
            (None, &[old], Way::Open),
            (None, &[fresh, fresh], Way::Crowded),
            (None, &[fresh, old], Way::Shut),
        ] {
            assert_eq!(way(refused, others, 2, now), expected, "{refused:?} {others:?}");
        }
    }

    #[test]
    fn there_is_always_a_share() {
        let sources = Sources::open(&Masters::below("/")).expect("a directory");
        let shares = [1, 2, 3, 8].map(|workers| Storage::new(&sources, workers, |_| true).share);
        assert_eq!(shares, [1, 1, 1, 4]);
    }
}
