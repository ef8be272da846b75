//! How much of the processors another process has had, as the kernel counts it.
//! Must not judge: it only reads. proc_pid_stat(5), proc_pid_schedstat(5).

use std::fs;
use std::time::Duration;

/// What a process has used since it began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Usage {
    /// Time on processors.
    pub(super) ran: Duration,
    /// Time in which it could have run, but others did.
    pub(super) waited: Duration,
    /// Whether it sleeps at this moment, for a disk, a network or a peer: neither runs, nor could, nor is stopped.
    pub(super) sleeps: bool,
}

/// The usage of `process`, if the kernel tells.
pub(super) fn of(process: u32) -> Option<Usage> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // Some kernels do not count turns; a process that waits for its turn may then be taken for one that sleeps.
    let turns = fs::read_to_string(format!("/proc/{process}/schedstat")).unwrap_or_default();
    parse(&stat, &turns, rustix::param::clock_ticks_per_second())
}

fn parse(stat: &str, turns: &str, ticks: u64) -> Option<Usage> {
    // The name of the program, in brackets, may hold anything.
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace();
    let state = fields.next()?;
    let mut times = fields.skip(10).map_while(|field| field.parse::<u64>().ok());
    let used = times.next()?.checked_add(times.next()?)?;
    let used = Duration::from_nanos(used.saturating_mul(1_000_000_000 / ticks.max(1)));
    let mut turns = turns.split_ascii_whitespace().map_while(|field| field.parse().ok());
    // Of the first thread alone, but finer: the other counts hundredths of a second.
    let ran = turns.next().map_or(used, Duration::from_nanos).max(used);
    let waited = turns.next().map_or(Duration::ZERO, Duration::from_nanos);
    Some(Usage { ran, waited, sleeps: matches!(state, "S" | "D") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_state_are_found_behind_any_name() {
        let stat = |state| format!("7 (a) R 1 ({state} 1 2 3 4 5 6 7 8 9 10 150 50 0 0 20 0 1 0 9");
        let used = |stat: &str, turns| parse(stat, turns, 100);
        let (ran, waited) = (Duration::from_nanos(2_000_000_007), Duration::from_millis(3));
        assert_eq!(used(&stat(") D"), "2000000007 3000000 9\n"), Some(Usage { ran, waited, sleeps: true }));
        let ran = Duration::from_secs(2);
        assert_eq!(used(&stat(") T"), ""), Some(Usage { ran, waited: Duration::ZERO, sleeps: false }));
        assert_eq!((used("", ""), used("7 (a) S 1", "")), (None, None));
    }

    #[test]
    fn who_works_is_seen_to() {
        let ourselves = std::process::id();
        let before = of(ourselves).expect("it lives").ran;
        while of(ourselves).expect("it lives").ran < before + Duration::from_millis(30) {
            std::hint::black_box((0..10_000).sum::<u64>());
        }
        assert_eq!(of(0), None);
    }
}
