//! One worker process as the supervisor sees it: its slot, its limits, and the meaning of its exit.
//! Must not be signalled after it was reaped: its process id may be another's by then.
//! signal(7), wait(2).

use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};
use serde::{Deserialize, Serialize};

use super::blame::{self, Cause};
use super::generation::Generation;
use super::meter::Meter;
use super::usage::Gauge;
use crate::process::lane::Lane;
use crate::process::scoreboard::{self, Entry, Post, Scoreboard};

/// How long a worker may take to start.
const START_LIMIT: Duration = Duration::from_secs(20);

/// A worker that dies this soon, without a request, is taken for one that cannot start.
const SETTLED: Duration = Duration::from_secs(1);

/// Requests that are answered within this are not watched any closer.
const QUICK: Duration = Duration::from_millis(50);

/// A child process that has not been reaped.
#[derive(Debug)]
pub(super) struct Worker {
    pub(super) process: Pid,
    pub(super) slot: usize,
    pub(super) lane: Lane,
    pub(super) generation: u64,
    pub(super) deadline: Duration,
    pub(super) started: Instant,
    /// The same on the clock of the scoreboard.
    pub(super) started_at: u64,
    pub(super) phase: Phase,
    /// Whether it is killed for being over a limit.
    pub(super) late: bool,
    /// What it has of the processors, if the kernel tells.
    pub(super) gauge: Option<Gauge>,
    /// How its current request spends its time, once that is not quick.
    pub(super) meter: Option<Meter>,
    /// The last contents of its slot.
    pub(super) entry: Entry,
}

/// The phase of a worker's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    /// The current request.
    pub(super) request: Option<Work>,
    /// What ended it, if it had a request.
    pub(super) cause: Cause,
    /// Whether it was killed for being over a limit.
    pub(super) late: bool,
    /// Whether it was never able to work.
    pub(super) early: bool,
    /// Whether it ended as it had been asked to.
    pub(super) expected: bool,
}

/// What a worker was at when it ended.
#[derive(Debug)]
pub(super) struct Work {
    /// The name in its slot.
    pub(super) name: Vec<u8>,
    /// What NGINX calls it.
    pub(super) id: [u8; 32],
    /// How long ago it was begun.
    pub(super) worked: Duration,
}

/// A worker that is over the deadline.
#[derive(Debug)]
pub(super) struct Late {
    /// Its process id.
    pub(super) process: u32,
    /// The name in its slot.
    pub(super) name: Vec<u8>,
    /// What NGINX calls it.
    pub(super) id: [u8; 32],
    /// How long it has been on a processor with it.
    pub(super) ran: Duration,
    /// The deadline.
    pub(super) deadline: Duration,
    /// Why it is late.
    pub(super) cause: Cause,
}

/// What another program needs to watch it from now on, beside the descriptors of its gauge.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Note {
    process: i32,
    slot: usize,
    lane: Lane,
    generation: u64,
    /// In milliseconds.
    deadline: u64,
    /// For how many milliseconds it has been there.
    age: u64,
    phase: Phase,
    late: bool,
    /// Descriptors of its gauge.
    gauges: usize,
}

impl Worker {
    /// A new one, which has not told anything yet.
    pub(super) fn new(process: Pid, slot: usize, lane: Lane, generation: &Generation) -> Self {
        Self {
            gauge: Gauge::open(process),
            process,
            slot,
            lane,
            generation: generation.number,
            deadline: generation.config.serving.pool.deadline,
            started: Instant::now(),
            started_at: scoreboard::now(),
            phase: Phase::Starting,
            late: false,
            meter: None,
            entry: Entry::default(),
        }
    }

    /// What is known of it, and the descriptors of its gauge.
    pub(super) fn note(&self) -> (Note, Vec<BorrowedFd<'_>>) {
        let gauges = self.gauge.as_ref().map(Gauge::descriptors).unwrap_or_default();
        let milliseconds = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let note = Note {
            process: self.process.as_raw_nonzero().get(),
            slot: self.slot,
            lane: self.lane,
            generation: self.generation,
            deadline: milliseconds(self.deadline),
            age: milliseconds(self.started.elapsed()),
            phase: self.phase,
            late: self.late,
            gauges: gauges.len(),
        };
        (note, gauges)
    }

    /// The worker that the program before has watched; None if that is no process.
    pub(super) fn adopt(note: &Note, descriptors: &mut impl Iterator<Item = OwnedFd>) -> Option<Self> {
        let gauges = descriptors.by_ref().take(note.gauges).collect();
        let age = Duration::from_millis(note.age);
        Some(Self {
            process: Pid::from_raw(note.process)?,
            slot: note.slot,
            lane: note.lane,
            generation: note.generation,
            deadline: Duration::from_millis(note.deadline),
            started: Instant::now().checked_sub(age).unwrap_or_else(Instant::now),
            started_at: scoreboard::now().saturating_sub(note.age),
            phase: note.phase,
            late: note.late,
            gauge: Gauge::adopt(gauges),
            meter: None,
            entry: Entry::default(),
        })
    }

    /// How it ended, if it has; it is reaped then. None of the descriptors that it was started with is needed for that.
    ///
    /// # Errors
    /// If it is no child of this process.
    pub(super) fn ended(&self) -> Result<Option<ExitStatus>, Errno> {
        let ended = waitpid(Some(self.process), WaitOptions::NOHANG)?;
        Ok(ended.map(|(_, status)| ExitStatus::from_raw(status.as_raw())))
    }

    /// Its process id.
    pub(super) fn id(&self) -> u32 {
        self.process.as_raw_nonzero().get().unsigned_abs()
    }

    /// Reads the slot. A torn entry, or one by another process, is ignored.
    pub(super) fn look(&mut self, scoreboard: &Scoreboard) {
        if let Some(entry) = scoreboard.read(self.slot).filter(|entry| entry.process == self.id()) {
            self.entry = entry;
        }
    }

    /// What is said of it on the scoreboard.
    pub(super) fn post(&self) -> Post {
        Post {
            lane: self.lane,
            process: self.id(),
            generation: self.generation,
            started: self.started_at,
            draining: self.leaves(),
        }
    }

    /// Reads how the current request spends its time.
    pub(super) fn measure(&mut self, now: Instant) {
        if self.busy_for().is_none_or(|worked| worked < QUICK) {
            self.meter = None;
            return;
        }
        let Some(usage) = self.gauge.as_ref().and_then(Gauge::read) else { return };
        match &mut self.meter {
            Some(meter) if meter.request == self.entry.busy_since => meter.read(usage, now),
            other => *other = Some(Meter::start(self.entry.busy_since, usage, now)),
        }
    }

    /// How the current request spends its time, and not one before it.
    fn meter(&self) -> Option<&Meter> {
        self.meter.as_ref().filter(|meter| meter.request == self.entry.busy_since)
    }

    /// The device that it waits for in vain, if it does.
    pub(super) fn waits_for(&self) -> Option<u64> {
        let waits = self.entry.device != 0 && self.meter().is_some_and(Meter::is_still);
        waits.then_some(self.entry.device)
    }

    /// Whether it has become late with a request, and how.
    pub(super) fn becomes_late(&mut self) -> Option<Late> {
        if self.late || self.busy_for()? <= self.deadline {
            return None;
        }
        self.late = true;
        let spent = self.meter().map(Meter::spent);
        Some(Late {
            process: self.id(),
            name: self.entry.request.clone(),
            id: self.entry.id,
            ran: spent.as_ref().map_or(Duration::ZERO, |spent| spent.ran),
            deadline: self.deadline,
            cause: blame::of_overdue(spent, self.deadline),
        })
    }

    /// Kills the worker if it is late, with a request or with its start.
    pub(super) fn hold_to_limits(&mut self) {
        if self.phase == Phase::Starting && self.started.elapsed() > START_LIMIT && !self.late {
            self.late = true;
            log::error!("worker {} is not ready after {START_LIMIT:?}: killing it", self.id());
        }
        if self.late {
            self.signal(Signal::KILL);
        }
    }

    /// Whether others must not count on it: it finishes, or it is killed in the middle of a request and may take its
    /// time over that, as it does while a file system does not answer.
    pub(super) fn leaves(&self) -> bool {
        self.phase == Phase::Draining || (self.late && self.entry.busy_since != 0)
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
        if let Err(error) = kill_process(self.process, signal) {
            log::error!("cannot signal worker {}: {error}", self.id());
        }
    }

    /// The verdict on its exit with `status`, after its slot was read a last time.
    pub(super) fn death(&self, status: ExitStatus) -> Death {
        let worked = self.busy_for();
        let draining = self.phase == Phase::Draining;
        let ever_worked = self.entry.process != 0
            && (self.entry.served > 0 || worked.is_some() || self.started.elapsed() >= SETTLED);
        Death {
            process: self.id(),
            generation: self.generation,
            status,
            cause: self.cause(status, worked.unwrap_or_default()),
            late: self.late,
            request: worked.map(|worked| Work {
                name: self.entry.request.clone(),
                id: self.entry.id,
                worked,
            }),
            early: !draining && !ever_worked,
            expected: draining && (status.success() || status.signal() == Some(Signal::TERM.as_raw())),
        }
    }

    /// What ended the request that it had worked on for so long.
    fn cause(&self, status: ExitStatus, worked: Duration) -> Cause {
        if status.signal() != Some(Signal::KILL.as_raw()) {
            return Cause::Crash;
        }
        // What cannot be seen was at work all the time.
        let ran = self.meter().map_or(worked, |meter| meter.spent().ran);
        blame::of_foreign_kill(ran, self.phase == Phase::Draining)
    }
}
