//! When a second request is made because the first takes longer than nearly all do: whichever answers first counts.

use std::time::Duration;

/// So many times are remembered; so many must be known before any of them means something.
const REMEMBERED: usize = 256;
const ENOUGH: usize = 64;

/// A pause shorter than this is not worth a second request.
const LEAST: Duration = Duration::from_millis(20);

/// One second request for so many first ones, at most: a store that is slow as a whole is not to be asked twice as much.
const ONE_IN: u32 = 20;

/// How long requests take until their answer begins.
#[derive(Debug, Default)]
pub(super) struct Hedge {
    times: Vec<Duration>,
    /// Where the next time goes.
    next: usize,
    /// First requests since the last second one, up to [`ONE_IN`].
    credit: u32,
}

impl Hedge {
    /// Takes note of a first request whose answer began after so long.
    pub(super) fn answered(&mut self, after: Duration) {
        self.credit = (self.credit + 1).min(ONE_IN);
        match self.times.get_mut(self.next) {
            Some(time) => *time = after,
            None => self.times.push(after),
        }
        self.next = (self.next + 1) % REMEMBERED;
    }

    /// After how long a second request is made: when 99 of 100 requests would have been answered.
    pub(super) fn after(&self) -> Option<Duration> {
        if self.times.len() < ENOUGH || self.credit < ONE_IN {
            return None;
        }
        let mut times = self.times.clone();
        let at = times.len() * 99 / 100;
        let (_, time, _) = times.select_nth_unstable(at);
        Some((*time).max(LEAST))
    }

    /// Takes note that a second request is made.
    pub(super) fn made(&mut self) {
        self.credit = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(milliseconds: impl Iterator<Item = u64>) -> Hedge {
        let mut hedge = Hedge::default();
        milliseconds.for_each(|time| hedge.answered(Duration::from_millis(time)));
        hedge
    }

    #[test]
    fn what_takes_longer_than_99_of_100_is_asked_for_again() {
        assert_eq!(after(1..=63).after(), None);
        assert_eq!(after(101..=200).after(), Some(Duration::from_millis(200)));
        assert_eq!(after((0..1000).map(|at| 100 + at % 4)).after(), Some(Duration::from_millis(103)));
        assert_eq!(after((0..100).map(|_| 1)).after(), Some(LEAST));
    }

    #[test]
    fn second_requests_are_few() {
        let mut hedge = after(101..=200);
        hedge.made();
        assert_eq!(hedge.after(), None);
        (1..ONE_IN).for_each(|_| hedge.answered(Duration::from_millis(150)));
        assert_eq!(hedge.after(), None);
        hedge.answered(Duration::from_millis(150));
        assert!(hedge.after().is_some());
    }
}
