//! The worker processes: starting, watching, draining and reaping them, each in a slot of the scoreboard.
//! Must not decide how many there should be, or what a death means: that is `mod.rs`.
//! The only processes that are ever signalled are children of ours that have not been reaped.

use std::io;
use std::os::fd::BorrowedFd;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Instant;

use rustix::process::Signal;

use super::child::{Death, Phase, Worker};
use super::generation::Generation;
use crate::process::scoreboard::{Entry, Scoreboard};

/// What workers inherit of the environment: how to log.
const PASSED_ON: [&str; 2] = ["RECTO_LOG", "JOURNAL_STREAM"];

/// Settings of glibc's heap, whose thresholds would else follow the largest block that was ever freed: 64 MB may stay
/// in an idle worker then. Blocks larger than the first are returned to the system at once, and of free memory at the
/// end no more than the second stays. Less would cost time: bands of a picture should find their pages in place.
const HEAP: [(&str, &str); 2] =
    [("MALLOC_MMAP_THRESHOLD_", "4194304"), ("MALLOC_TRIM_THRESHOLD_", "8388608")];

/// All workers of all generations, and the scoreboard that they share.
#[derive(Debug)]
pub(super) struct Pool {
    program: PathBuf,
    scoreboard: Scoreboard,
    workers: Vec<Worker>,
    served_by_the_dead: u64,
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
        let passed_on = PASSED_ON.iter().filter_map(|name| Some((*name, std::env::var_os(name)?)));
        command.env_clear().envs(passed_on).envs(HEAP);
        let child = command.spawn()?;
        log::debug!("worker {} starts in slot {slot}", child.id());
        self.workers.push(Worker {
            child,
            slot,
            generation: generation.number,
            deadline: generation.config.serving.pool.deadline,
            started: Instant::now(),
            phase: Phase::Starting,
            overdue: false,
            entry: Entry::default(),
        });
        Ok(())
    }

    /// Reads all slots, kills workers over a limit, and repeats the signal to those that drain.
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

    /// Asks the workers of `generation`, or all, to finish.
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

    /// Those of them that have proved that they can work.
    pub(super) fn settled(&self, generation: u64) -> usize {
        self.select(generation).filter(|worker| worker.is_settled()).count()
    }

    /// Workers that are busy, of any generation.
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
