//! The worker processes: starting, watching, draining and reaping them, each in a slot of the scoreboard.
//! Must not decide how many there should be, or what a death means: that is `mod.rs`.
//! The only processes that are ever signalled are children of ours that have not been reaped.

use std::io;
use std::os::fd::BorrowedFd;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::generation::Generation;
use crate::scoreboard::{self, Entry, Scoreboard};

/// How long a worker may take to start.
const START_LIMIT: Duration = Duration::from_secs(20);

/// A worker that dies this soon, without a request, is taken for one that cannot start.
const SETTLED: Duration = Duration::from_secs(1);

/// A SIGKILL that is not ours comes from an operator, and says nothing of the request in work, or from the kernel for
/// want of memory, and says a lot. Eating all memory takes a request longer than this.
const INNOCENT: Duration = Duration::from_millis(500);

/// What systemd tells the supervisor is not for its workers.
const PRIVATE: [&str; 6] =
    ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC"];

/// All workers of all generations, and the scoreboard that they share.
#[derive(Debug)]
pub(super) struct Pool {
    program: PathBuf,
    scoreboard: Scoreboard,
    workers: Vec<Worker>,
    served_by_the_dead: u64,
}

#[derive(Debug)]
struct Worker {
    child: Child,
    slot: usize,
    generation: u64,
    deadline: Duration,
    started: Instant,
    phase: Phase,
    /// Whether it was killed for being over a limit.
    overdue: bool,
    /// What its slot said last.
    entry: Entry,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Starting,
    Ready,
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
    /// The request in work and for how long it had been.
    pub(super) request: Option<(Vec<u8>, Duration)>,
    /// Whether the request is to blame.
    pub(super) blamed: bool,
    /// Whether it was never able to work.
    pub(super) early: bool,
    /// Whether it ended as it had been told to.
    pub(super) told: bool,
}

impl Pool {
    /// No workers yet; they will be processes of the running program.
    ///
    /// # Errors
    /// If there is no memory for a scoreboard.
    pub(super) fn new() -> io::Result<Self> {
        // The path, not /proc/self/exe: after an upgrade the workers of a reload are those of the new binary.
        let program = std::env::current_exe()?;
        Ok(Self { program, scoreboard: Scoreboard::create()?, workers: Vec::new(), served_by_the_dead: 0 })
    }

    /// Starts one worker.
    ///
    /// # Errors
    /// If the system gives no process for it.
    pub(super) fn start(&mut self, generation: &Generation, listener: BorrowedFd<'_>) -> io::Result<()> {
        let slot = (0..).find(|slot| self.workers.iter().all(|worker| worker.slot != *slot)).unwrap_or(0);
        self.scoreboard.write(slot, &Entry::default())?;
        let mut command = Command::new(&self.program);
        command.arg("worker").arg("--config-fd").arg(generation.descriptor().to_string());
        command.arg("--scoreboard-fd").arg(self.scoreboard.descriptor().to_string());
        command.arg("--slot").arg(slot.to_string());
        command.arg("--supervisor").arg(std::process::id().to_string());
        command.stdin(Stdio::from(listener.try_clone_to_owned()?));
        PRIVATE.iter().for_each(|name| {
            command.env_remove(name);
        });
        let child = command.spawn()?;
        log::debug!("worker {} starts in slot {slot}", child.id());
        self.workers.push(Worker {
            child,
            slot,
            generation: generation.number,
            deadline: generation.config.server.deadline,
            started: Instant::now(),
            phase: Phase::Starting,
            overdue: false,
            entry: Entry::default(),
        });
        Ok(())
    }

    /// Looks at all slots, kills who is over a limit, and repeats to those who drain that they should.
    pub(super) fn observe(&mut self) {
        for worker in &mut self.workers {
            worker.look(&self.scoreboard);
            if worker.phase == Phase::Starting && worker.entry.process != 0 {
                worker.phase = Phase::Ready;
            }
            worker.hold_to_limits();
            if worker.phase == Phase::Draining {
                // Repeated, because a signal just before `accept()` is only noticed after it.
                worker.signal(Signal::TERM);
            }
        }
    }

    /// The workers that ended since the last time.
    pub(super) fn reap(&mut self) -> Vec<Death> {
        let mut deaths = Vec::new();
        let scoreboard = &self.scoreboard;
        self.workers.retain_mut(|worker| match worker.child.try_wait() {
            Ok(Some(status)) => {
                worker.look(scoreboard);
                deaths.push(worker.death(status));
                self.served_by_the_dead += worker.entry.served;
                false
            }
            Ok(None) => true,
            Err(error) => {
                log::error!("cannot ask for worker {}: {error}", worker.child.id());
                true
            }
        });
        deaths
    }

    /// Tells the workers of `generation`, or all, to finish.
    pub(super) fn drain(&mut self, generation: Option<u64>) {
        for worker in &mut self.workers {
            if generation.is_none_or(|number| number == worker.generation) && worker.phase != Phase::Draining
            {
                worker.phase = Phase::Draining;
                worker.signal(Signal::TERM);
            }
        }
    }

    /// Ends all workers at once.
    pub(super) fn kill(&mut self) {
        for worker in &mut self.workers {
            worker.phase = Phase::Draining;
            worker.signal(Signal::KILL);
        }
    }

    /// Sets the requests that no worker may try.
    pub(super) fn quarantine(&self, requests: &[&[u8]]) {
        if let Err(error) = self.scoreboard.quarantine(requests) {
            log::error!("cannot write the quarantine: {error}");
        }
    }

    /// Whether no worker is left.
    pub(super) fn is_empty(&self) -> bool {
        self.workers.is_empty()
    }

    /// Workers of `generation` that live and are not to finish.
    pub(super) fn count(&self, generation: u64) -> usize {
        self.select(generation).count()
    }

    /// Those of them that take requests.
    pub(super) fn ready(&self, generation: u64) -> usize {
        self.select(generation).filter(|worker| worker.phase == Phase::Ready).count()
    }

    /// Those of them that have proved it.
    pub(super) fn settled(&self, generation: u64) -> usize {
        self.select(generation).filter(|worker| worker.is_settled()).count()
    }

    /// Workers with a request in work, of any generation.
    pub(super) fn busy(&self) -> usize {
        self.workers.iter().filter(|worker| worker.entry.busy_since != 0).count()
    }

    /// Requests served since the start.
    pub(super) fn served(&self) -> u64 {
        self.served_by_the_dead + self.workers.iter().map(|worker| worker.entry.served).sum::<u64>()
    }

    fn select(&self, generation: u64) -> impl Iterator<Item = &Worker> {
        self.workers
            .iter()
            .filter(move |worker| worker.generation == generation && worker.phase != Phase::Draining)
    }
}

impl Worker {
    /// Reads the slot. What is torn, or by another process, leaves the last view standing.
    fn look(&mut self, scoreboard: &Scoreboard) {
        match scoreboard.read(self.slot) {
            Ok(Some(entry)) if entry.process == self.child.id() => self.entry = entry,
            Ok(_) => {}
            Err(error) => log::error!("cannot read the scoreboard: {error}"),
        }
    }

    /// Kills the worker if it works on a request, or on its start, for too long.
    fn hold_to_limits(&mut self) {
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

    fn is_settled(&self) -> bool {
        self.phase == Phase::Ready && (self.entry.served > 0 || self.started.elapsed() >= SETTLED)
    }

    fn signal(&self, signal: Signal) {
        if let Err(error) = kill_process(Pid::from_child(&self.child), signal) {
            log::error!("cannot signal worker {}: {error}", self.child.id());
        }
    }

    fn death(&self, status: ExitStatus) -> Death {
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
            told: draining && (status.success() || status.signal() == Some(Signal::TERM.as_raw())),
        }
    }
}
