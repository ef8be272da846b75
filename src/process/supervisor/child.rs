//! One worker process as the supervisor sees it: its slot, its limits, and the meaning of its exit.
//! Must not be signalled after it was reaped: its process id may be another's by then.
//! signal(7), wait(2).

use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ExitStatus};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::process::lane::Lane;
use crate::process::scoreboard::{self, Entry, Scoreboard};

/// How long a worker may take to start.
const START_LIMIT: Duration = Duration::from_secs(20);

/// A worker that dies this soon, without a request, is taken for one that cannot start.
const SETTLED: Duration = Duration::from_secs(1);

/// A SIGKILL that is not ours comes from an operator, and says nothing about the current request, or from the kernel's
/// OOM killer, and says a lot. Eating all memory takes a request longer than this.
const INNOCENT: Duration = Duration::from_millis(500);

/// A child process that has not been reaped.
#[derive(Debug)]
pub(super) struct Worker {
    pub(super) child: Child,
    pub(super) slot: usize,
    pub(super) lane: Lane,
    pub(super) generation: u64,
    pub(super) deadline: Duration,
    pub(super) started: Instant,
    pub(super) phase: Phase,
    /// Whether it was killed for being over a limit.
    pub(super) overdue: bool,
    /// The last contents of its slot.
    pub(super) entry: Entry,
}

/// The phase of a worker's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// It has not written to its slot yet.
    Starting,
    /// It takes requests.
    Ready,
    /// It was asked to finish.
    Draining,
}

/// The end of a worker.
#[derive(Debug)]
pub(super) struct Death {
    /// Its process id.
    pub(super) process: u32,
    /// The generation that it belonged to.
    pub(super) generation: u64,
    /// How it ended.
    pub(super) status: ExitStatus,
    /// The current request, and for how long it had been running.
    pub(super) request: Option<(Vec<u8>, Duration)>,
    /// Whether the request is to blame.
    pub(super) blamed: bool,
    /// Whether it was never able to work.
    pub(super) early: bool,
    /// Whether it ended as it had been asked to.
    pub(super) expected: bool,
}

impl Worker {
    /// Reads the slot. A torn entry, or one by another process, is ignored.
    pub(super) fn look(&mut self, scoreboard: &Scoreboard) {
        match scoreboard.read(self.slot) {
            Ok(Some(entry)) if entry.process == self.child.id() => self.entry = entry,
            Ok(_) => {}
            Err(error) => log::error!("cannot read the scoreboard: {error}"),
        }
    }

    /// Kills the worker if it works on a request, or on its start, for too long.
    pub(super) fn hold_to_limits(&mut self) {
        let worked = self.busy_for();
        if worked.is_some_and(|worked| worked > self.deadline) && !self.overdue {
            self.overdue = true;
            log::error!(
                "worker {} is over the deadline of {:?} with {}: killing it",
                self.child.id(),
                self.deadline,
                self.entry.request.escape_ascii()
            );
        }
        if self.phase == Phase::Starting && self.started.elapsed() > START_LIMIT && !self.overdue {
            self.overdue = true;
            log::error!("worker {} is not ready after {START_LIMIT:?}: killing it", self.child.id());
        }
        if self.overdue {
            self.signal(Signal::KILL);
        }
    }

    fn busy_for(&self) -> Option<Duration> {
        let since = (self.entry.busy_since != 0).then_some(self.entry.busy_since)?;
        Some(Duration::from_millis(scoreboard::now().saturating_sub(since)))
    }

    /// Whether it has proved that it can work.
    pub(super) fn is_settled(&self) -> bool {
        self.phase == Phase::Ready && (self.entry.served > 0 || self.started.elapsed() >= SETTLED)
    }

    /// Sends `signal`.
    pub(super) fn signal(&self, signal: Signal) {
        if let Err(error) = kill_process(Pid::from_child(&self.child), signal) {
            log::error!("cannot signal worker {}: {error}", self.child.id());
        }
    }

    /// The verdict on its exit with `status`, after its slot was read a last time.
    pub(super) fn death(&self, status: ExitStatus) -> Death {
        let worked = self.busy_for();
        let foreign_kill = status.signal() == Some(Signal::KILL.as_raw()) && !self.overdue;
        let draining = self.phase == Phase::Draining;
        let ever_worked = self.entry.process != 0
            && (self.entry.served > 0 || worked.is_some() || self.started.elapsed() >= SETTLED);
        Death {
            process: self.child.id(),
            generation: self.generation,
            status,
            blamed: worked.is_some_and(|worked| !foreign_kill || (worked > INNOCENT && !draining)),
            request: worked.map(|worked| (self.entry.request.clone(), worked)),
            early: !draining && !ever_worked,
            expected: draining && (status.success() || status.signal() == Some(Signal::TERM.as_raw())),
        }
    }
}
