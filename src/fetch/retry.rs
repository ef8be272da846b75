//! Whether a request that failed is made again, and when.

use std::time::Duration;

use super::failure::Failure;

/// How often a request is made again.
const AGAIN: u32 = 2;

/// About how long the first pause is; each further one is three times as long.
const PAUSE: Duration = Duration::from_millis(60);

/// A store that wants a longer pause than this is not waited for: whoever asked hears how long it would be.
const PATIENCE: Duration = Duration::from_secs(1);

/// The pause before a request is made again that has failed so, after so many failures in all; None if that is of no use.
/// `chance` is any number: pauses differ, so that requests that failed together do not come together again.
pub(super) fn pause(failure: &Failure, failures: u32, chance: u32) -> Option<Duration> {
    if !failure.may_pass() || failures > AGAIN {
        return None;
    }
    match failure {
        Failure::Throttled(Some(wanted)) => (*wanted <= PATIENCE).then_some(*wanted),
        // It has taken long enough already.
        Failure::Slow if failures > 1 => None,
        _ => {
            let longest = PAUSE * 3_u32.saturating_pow(failures.saturating_sub(1));
            Some(longest / 2 + longest.mul_f64(f64::from(chance) / f64::from(u32::MAX)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_pass_is_tried_three_times_with_growing_pauses() {
        let down = Failure::Down(String::new());
        let pauses = |chance| [1, 2, 3].map(|failures| pause(&down, failures, chance));
        let milliseconds = |ms| Some(Duration::from_millis(ms));
        assert_eq!(pauses(0), [milliseconds(30), milliseconds(90), None]);
        assert_eq!(pauses(u32::MAX), [milliseconds(90), milliseconds(270), None]);
        assert_eq!(pause(&Failure::Slow, 2, 0), None);
        for failure in [Failure::NotFound, Failure::Changed, Failure::Forbidden("x".into()), Failure::NoDisk]
        {
            assert_eq!(pause(&failure, 1, 0), None, "{failure:?}");
        }
    }

    #[test]
    fn a_store_is_given_the_pause_that_it_asks_for_or_none() {
        let wants = |ms| Failure::Throttled(Some(Duration::from_millis(ms)));
        assert_eq!(pause(&wants(700), 1, 9), Some(Duration::from_millis(700)));
        assert_eq!(pause(&wants(1100), 1, 9), None);
    }
}
