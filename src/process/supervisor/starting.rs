//! How often starting workers failed, and when it is tried again.

use std::time::{Duration, Instant};

/// The first pause after a worker that could not start; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// The longest such pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// The state of starting workers.
#[derive(Debug)]
pub(super) struct Starting {
    /// Failures since the last time that all worked, one for each pause.
    pub(super) failures: u32,
    /// When it may be tried again.
    pub(super) not_before: Instant,
}

impl Starting {
    /// Nothing has failed yet.
    pub(super) fn new(now: Instant) -> Self {
        Self { failures: 0, not_before: now }
    }

    /// A failure within the pause after another one is the same failure: all workers fail at once.
    pub(super) fn fail(&mut self, now: Instant) {
        if now >= self.not_before {
            let doubled = FIRST_PAUSE.saturating_mul(1 << self.failures.min(10));
            self.failures = self.failures.saturating_add(1);
            self.not_before = now + doubled.min(LONGEST_PAUSE);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_limit_and_a_batch_counts_once() {
        let mut now = Instant::now();
        let mut starting = Starting::new(now);
        for expected in [100, 200, 400, 800, 1600, 3200, 5000, 5000] {
            starting.fail(now);
            starting.fail(now);
            assert_eq!(starting.not_before - now, Duration::from_millis(expected));
            now = starting.not_before;
        }
        assert_eq!(starting.failures, 8);
    }
}
