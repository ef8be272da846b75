//! The breaker of an endpoint: when nobody answers there, nobody is made to wait for it. Plain values; the clock is given.

use std::time::Duration;

use super::failure::Failure;

/// So many failures in a row, and no answer between them.
const ENOUGH: u32 = 5;

/// How often it is tried whether the endpoint is back, while somebody wants something of it, and when nobody does.
pub(super) const PROBE: Duration = Duration::from_millis(500);
const IDLE_PROBE: Duration = Duration::from_secs(5);

/// For how long after the last request somebody is thought to want something.
const WANTED: Duration = Duration::from_secs(30);

/// Whether an endpoint is asked, and since when.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    failures: u32,
    is_open: bool,
}

/// What an outcome has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Nothing.
    Same,
    /// From now on nobody is let through, but a probe.
    Opened,
    /// From now on everybody is let through again.
    Closed,
}

impl Breaker {
    /// Whether requests are refused at once.
    pub(super) fn is_open(&self) -> bool {
        self.is_open
    }

    /// Takes note of the outcome of a request or of a probe.
    pub(super) fn outcome(&mut self, failure: Option<&Failure>) -> Turn {
        if failure.is_some_and(Failure::is_silence) {
            self.failures = self.failures.saturating_add(1);
            let opens = !self.is_open && self.failures >= ENOUGH;
            self.is_open |= opens;
            return if opens { Turn::Opened } else { Turn::Same };
        }
        self.failures = 0;
        match std::mem::take(&mut self.is_open) {
            true => Turn::Closed,
            false => Turn::Same,
        }
    }
}

/// The time until the next probe, if the last request came so long ago.
pub(super) fn until_probe(since_request: Duration) -> Duration {
    if since_request < WANTED { PROBE } else { IDLE_PROBE }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn silence() -> Option<Failure> {
        Some(Failure::Down("no connection".into()))
    }

    #[test]
    fn it_opens_when_nobody_answers_and_closes_with_the_first_answer() {
        let mut breaker = Breaker::default();
        for _ in 1..ENOUGH {
            assert_eq!(breaker.outcome(silence().as_ref()), Turn::Same);
        }
        assert!(!breaker.is_open());
        assert_eq!(breaker.outcome(silence().as_ref()), Turn::Opened);
        assert_eq!(breaker.outcome(Some(&Failure::Slow)), Turn::Same);
        assert!(breaker.is_open());
        assert_eq!(breaker.outcome(Some(&Failure::NotFound)), Turn::Closed);
        assert!(!breaker.is_open());
        assert_eq!(breaker.outcome(None), Turn::Same);
    }

    #[test]
    fn failures_that_are_answers_do_not_add_up() {
        let mut breaker = Breaker::default();
        for _ in 0..3 * ENOUGH {
            assert_eq!(breaker.outcome(Some(&Failure::Failing(500))), Turn::Same);
            assert_eq!(breaker.outcome(silence().as_ref()), Turn::Same);
            assert_eq!(breaker.outcome(None), Turn::Same);
        }
    }

    #[test]
    fn it_is_probed_often_while_somebody_asks() {
        assert_eq!(until_probe(Duration::ZERO), PROBE);
        assert_eq!(until_probe(WANTED), IDLE_PROBE);
    }
}
