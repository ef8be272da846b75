//! How much of the processors another process has had, as the kernel counts it.
//! Must not judge: it only reads. proc_pid_stat(5), proc_pid_schedstat(5).

use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::FileExt;
use std::time::Duration;

use rustix::process::Pid;

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

/// Where the kernel tells it.
#[derive(Debug)]
pub(super) struct Gauge {
    stat: File,
    /// Some kernels do not count turns; a process that waits for its turn may then be taken for one that sleeps.
    turns: Option<File>,
}

impl Gauge {
    /// That of `process`, which has only just begun. Later it may hide in /proc from others of the same user
    /// (PR_SET_DUMPABLE, and ProtectProc= of systemd); what is open stays readable.
    pub(super) fn open(process: Pid) -> Option<Self> {
        let process = process.as_raw_nonzero();
        let open = |name| File::open(format!("/proc/{process}/{name}")).ok();
        Some(Self { stat: open("stat")?, turns: open("schedstat") })
    }

    /// What it has open: [`Gauge::adopt`].
    pub(super) fn descriptors(&self) -> Vec<BorrowedFd<'_>> {
        std::iter::once(self.stat.as_fd()).chain(self.turns.as_ref().map(AsFd::as_fd)).collect()
    }

    /// The gauge that had these descriptors.
    pub(super) fn adopt(descriptors: Vec<OwnedFd>) -> Option<Self> {
        let mut files = descriptors.into_iter().map(File::from);
        Some(Self { stat: files.next()?, turns: files.next() })
    }

    /// The usage at this moment, if there is still a process.
    pub(super) fn read(&self) -> Option<Usage> {
        let turns = self.turns.as_ref().and_then(text).unwrap_or_default();
        parse(&text(&self.stat)?, &turns, rustix::param::clock_ticks_per_second())
    }
}

/// All of a short file in /proc. The name of a program, which stands in one of them, may be no UTF-8.
fn text(file: &File) -> Option<String> {
    let mut bytes = [0; 1024];
    let length = file.read_at(&mut bytes, 0).ok()?;
    Some(String::from_utf8_lossy(&bytes[..length]).into_owned())
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
        let gauge = Gauge::open(rustix::process::getpid()).expect("it lives");
        let before = gauge.read().expect("it lives").ran;
        while gauge.read().expect("it lives").ran < before + Duration::from_millis(30) {
            std::hint::black_box((0..10_000).sum::<u64>());
        }
    }

    #[test]
    fn who_is_gone_is_not_taken_for_another() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().expect("sleep");
        let process = Pid::from_child(&child);
        let gauge = Gauge::open(process).expect("it lives");
        assert!(gauge.read().is_some());
        child.kill().expect("it lives");
        child.wait().expect("a child");
        assert_eq!(gauge.read(), None);
        assert!(Gauge::open(process).is_none());
    }
}
