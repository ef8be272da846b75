//! How one request spends its time: on a processor, waiting for one, or asleep until something answers.
//! Must not read a clock or a file: readings come in.

use std::time::{Duration, Instant};

use super::usage::Usage;

/// A worker that does not move for this long waits for something that does not answer.
const STILL: Duration = Duration::from_millis(500);

/// What counts as a move. Less time on a processor is what it takes to be woken by a signal and to fall asleep again.
const MOVE: Duration = Duration::from_micros(250);

/// The readings of one request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Meter {
    /// When the request was begun, by which it is known.
    pub(super) request: u64,
    first: (Instant, Usage),
    /// When it last moved.
    moved: (Instant, Usage),
    last: (Instant, Usage),
}

/// How the time between the first and the last reading was spent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Spent {
    /// All of it.
    pub(super) elapsed: Duration,
    /// On processors.
    pub(super) ran: Duration,
    /// Ready to run while others did.
    pub(super) waited: Duration,
}

impl Meter {
    /// The first reading of the request that was begun at `request`.
    pub(super) fn start(request: u64, usage: Usage, now: Instant) -> Self {
        let reading = (now, usage);
        Self { request, first: reading, moved: reading, last: reading }
    }

    /// A further reading.
    pub(super) fn read(&mut self, usage: Usage, now: Instant) {
        self.last = (now, usage);
        if !usage.sleeps || usage.ran.saturating_sub(self.moved.1.ran) >= MOVE {
            self.moved = self.last;
        }
    }

    /// Whether it has been waiting for long for something that does not answer.
    pub(super) fn is_still(&self) -> bool {
        self.last.0.saturating_duration_since(self.moved.0) >= STILL
    }

    /// How the time was spent.
    pub(super) fn spent(&self) -> Spent {
        let ((start, first), (end, last)) = (self.first, self.last);
        Spent {
            elapsed: end.saturating_duration_since(start),
            ran: last.ran.saturating_sub(first.ran),
            waited: last.waited.saturating_sub(first.waited),
        }
    }
}

impl Spent {
    /// The time in which it slept.
    pub(super) fn slept(&self) -> Duration {
        self.elapsed.saturating_sub(self.ran).saturating_sub(self.waited)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A meter after `ticks` of 50 ms, in each of which so much ran.
    fn after(ticks: u32, ran: Duration, sleeps: bool) -> Meter {
        let (start, tick) = (Instant::now(), Duration::from_millis(50));
        let usage = |n| Usage { ran: ran * n, sleeps, ..Usage::default() };
        let mut meter = Meter::start(7, usage(0), start);
        for n in 1..=ticks {
            meter.read(usage(n), start + tick * n);
        }
        meter
    }

    #[test]
    fn who_only_sleeps_is_still_and_who_moves_a_little_is_not() {
        let (nothing, little) = (Duration::ZERO, Duration::from_micros(90));
        assert!(!after(9, nothing, true).is_still());
        assert!(after(10, nothing, true).is_still());
        assert!(after(10, Duration::from_micros(20), true).is_still(), "woken by signals");
        assert!(!after(100, little, true).is_still(), "a slow disk answers");
        assert!(!after(100, nothing, false).is_still(), "it waits for its turn, or is stopped");
    }

    #[test]
    fn time_is_spent_in_three_ways() {
        let start = Instant::now();
        let usage = |ran, waited| Usage {
            ran: Duration::from_secs(ran),
            waited: Duration::from_secs(waited),
            sleeps: false,
        };
        let mut meter = Meter::start(7, usage(100, 10), start);
        meter.read(usage(103, 12), start + Duration::from_secs(9));
        let spent = meter.spent();
        assert_eq!(
            [spent.elapsed, spent.ran, spent.waited, spent.slept()].map(|it| it.as_secs()),
            [9, 3, 2, 4]
        );
    }
}
