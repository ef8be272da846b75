//! The worker processes: starting, watching, draining and reaping them, each in a slot of the scoreboard.
//! Must not decide how many there should be, or what a death means: that is `mod.rs`.
//! The only processes that are ever signalled are children of ours that have not been reaped.

use std::io;
use std::os::fd::BorrowedFd;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Instant;

use rustix::process::Signal;

use super::child::{Death, Late, Phase, Worker};
use super::generation::Generation;
use super::usage::Gauge;
use crate::process::lane::Lane;
use crate::process::ledger::{Hand, Ledger};
use crate::process::queue::Queues;
use crate::process::refusals::Refusal;
use crate::process::scoreboard::{Entry, Scoreboard};

/// What workers inherit of the environment: how to log.
const PASSED_ON: [&str; 2] = ["RECTO_LOG", "JOURNAL_STREAM"];

/// Settings of glibc's heap, whose thresholds would else follow the largest block that was ever freed: 64 MB may stay
/// in an idle worker then. Blocks larger than the first are returned to the system at once, and of free memory at the
/// end no more than the second stays. Less would cost time: bands of a picture should find their pages in place.
const HEAP: [(&str, &str); 2] =
    [("MALLOC_MMAP_THRESHOLD_", "4194304"), ("MALLOC_TRIM_THRESHOLD_", "8388608")];

/// Most workers that wait in vain for a mount and are replaced: if there are more, whatever the reason, the pool shrinks
/// before the machine drowns.
const MOST_ASIDE: usize = 16;

/// All workers of all generations, and what they share.
#[derive(Debug)]
pub(super) struct Pool {
    program: PathBuf,
    scoreboard: Scoreboard,
    ledger: Ledger,
    queues: Queues,
    workers: Vec<Worker>,
    served_by_the_dead: u64,
}

impl Pool {
    /// No workers yet; they will be processes of the running program.
    ///
    /// # Errors
    /// If there is no memory for a scoreboard, or no descriptors for queues.
    pub(super) fn new() -> io::Result<Self> {
        // The path, not /proc/self/exe: after an upgrade the workers of a reload are those of the new binary.
        let program = std::env::current_exe()?;
        Ok(Self {
            program,
            scoreboard: Scoreboard::create()?,
            ledger: Ledger::create()?,
            queues: Queues::new()?,
            workers: Vec::new(),
            served_by_the_dead: 0,
        })
    }

    /// Starts one worker.
    ///
    /// # Errors
    /// If the system gives no process for it.
    pub(super) fn start(
        &mut self,
        generation: &Generation,
        lane: Lane,
        listener: BorrowedFd<'_>,
    ) -> io::Result<()> {
        let slot = (0..).find(|slot| self.workers.iter().all(|worker| worker.slot != *slot)).unwrap_or(0);
        self.scoreboard.write(slot, &Entry::default())?;
        self.ledger.write_hand(slot, &Hand::default())?;
        let mut command = Command::new(&self.program);
        command.arg("worker").arg("--config-fd").arg(generation.descriptor().to_string());
        command.arg("--scoreboard-fd").arg(self.scoreboard.descriptor().to_string());
        command.arg("--ledger-fd").arg(self.ledger.descriptor().to_string());
        command.arg("--slot").arg(slot.to_string()).arg("--lane").arg(lane.to_string());
        command.arg("--supervisor").arg(std::process::id().to_string());
        // Whoever does not accept connections does not keep the socket open either.
        command.stdin(match lane.is_back() {
            true => Stdio::null(),
            false => listener.try_clone_to_owned()?.into(),
        });
        command.stdout(Stdio::from(self.queues.for_child()?));
        let passed_on = PASSED_ON.iter().filter_map(|name| Some((*name, std::env::var_os(name)?)));
        command.env_clear().envs(passed_on).envs(HEAP);
        let child = command.spawn()?;
        log::debug!("worker {} starts in slot {slot}, lane {lane}", child.id());
        self.workers.push(Worker {
            gauge: Gauge::open(child.id()),
            child,
            slot,
            lane,
            generation: generation.number,
            deadline: generation.config.serving.pool.deadline,
            started: Instant::now(),
            phase: Phase::Starting,
            late: false,
            meter: None,
            entry: Entry::default(),
        });
        Ok(())
    }

    /// Reads all slots, and how busy workers spend their time.
    pub(super) fn observe(&mut self, now: Instant) {
        for worker in &mut self.workers {
            worker.look(&self.scoreboard);
            if worker.phase == Phase::Starting && worker.entry.process != 0 {
                worker.phase = Phase::Ready;
            }
            worker.measure(now);
        }
    }

    /// The workers that have become late with a request since the last time.
    pub(super) fn late(&mut self) -> Vec<Late> {
        self.workers.iter_mut().filter_map(Worker::becomes_late).collect()
    }

    /// The devices that workers wait for in vain. Those workers are left to it: they finish if it answers, and others
    /// take their places.
    pub(super) fn waiting(&mut self) -> Vec<u64> {
        let mut devices = Vec::new();
        let mut aside = self.workers.iter().filter(|worker| worker.phase == Phase::Draining).count();
        for worker in &mut self.workers {
            let Some(device) = worker.waits_for() else { continue };
            devices.push(device);
            if worker.phase == Phase::Ready && aside < MOST_ASIDE {
                aside += 1;
                worker.phase = Phase::Draining;
            }
        }
        devices
    }

    /// Kills workers over a limit, and repeats the signal to those that drain.
    pub(super) fn enforce(&mut self) {
        for worker in &mut self.workers {
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
        let (scoreboard, ledger) = (&self.scoreboard, &self.ledger);
        self.workers.retain_mut(|worker| match worker.child.try_wait() {
            Ok(Some(status)) => {
                worker.look(scoreboard);
                deaths.push(worker.death(status));
                // It is nowhere any more: others count who is at a mount.
                if let Err(error) = scoreboard.write(worker.slot, &Entry::default()) {
                    log::error!("cannot clear the slot of a dead worker: {error}");
                }
                self.served_by_the_dead += worker.entry.served;
                // It holds no memory any more, and takes nothing.
                if let Err(error) = ledger.write_hand(worker.slot, &Hand::default()) {
                    log::error!("cannot write to the ledger: {error}");
                }
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

    /// Asks the workers of `generation` to finish. What is queued goes to the others: queues belong to the pool.
    pub(super) fn drain(&mut self, generation: u64) {
        self.end(Signal::TERM, |worker| worker.generation == generation);
    }

    /// Asks all front workers to finish.
    pub(super) fn drain_front(&mut self) {
        self.end(Signal::TERM, |worker| !worker.lane.is_back());
    }

    /// Asks all workers to finish.
    pub(super) fn drain_all(&mut self) {
        self.end(Signal::TERM, |_| true);
    }

    /// Ends all front workers at once.
    pub(super) fn kill_front(&mut self) {
        self.end(Signal::KILL, |worker| !worker.lane.is_back());
    }

    /// Ends all workers at once.
    pub(super) fn kill_all(&mut self) {
        self.end(Signal::KILL, |_| true);
    }

    fn end(&mut self, signal: Signal, which: impl Fn(&Worker) -> bool) {
        for worker in self.workers.iter_mut().filter(|worker| which(worker)) {
            if worker.phase != Phase::Draining || signal == Signal::KILL {
                worker.phase = Phase::Draining;
                worker.signal(signal);
            }
        }
    }

    /// Tells workers what not to try.
    pub(super) fn refuse(&self, refusals: &[Refusal]) {
        if let Err(error) = self.scoreboard.refuse(refusals) {
            log::error!("cannot write to the scoreboard what is refused: {error}");
        }
    }

    /// Workers that have not been reaped.
    pub(super) fn len(&self) -> usize {
        self.workers.len()
    }

    /// Whether no worker is left.
    pub(super) fn is_empty(&self) -> bool {
        self.workers.is_empty()
    }

    /// Whether no worker is left that could hand requests over, and none waits to be taken.
    pub(super) fn queues_are_done(&self) -> bool {
        self.workers.iter().all(|worker| worker.lane.is_back()) && self.queues.are_empty() == [true; 2]
    }

    /// Workers of `generation` in this lane that live and are not to finish.
    pub(super) fn count(&self, generation: u64, lane: Lane) -> usize {
        self.select(generation).filter(|worker| worker.lane == lane).count()
    }

    /// Those of them that take requests.
    pub(super) fn ready(&self, generation: u64) -> usize {
        self.select(generation).filter(|worker| worker.phase == Phase::Ready).count()
    }

    /// Those of them that have proved that they can work.
    pub(super) fn settled(&self, generation: u64) -> usize {
        self.select(generation).filter(|worker| worker.is_settled()).count()
    }

    /// Workers that are busy, of any generation: front workers, and back workers.
    pub(super) fn busy(&self) -> [usize; 2] {
        let busy = |back| {
            let among = self.workers.iter().filter(|worker| worker.lane.is_back() == back);
            among.filter(|worker| worker.entry.busy_since != 0).count()
        };
        [busy(false), busy(true)]
    }

    /// Requests served since the start.
    pub(super) fn served(&self) -> u64 {
        self.served_by_the_dead + self.workers.iter().map(|worker| worker.entry.served).sum::<u64>()
    }

    fn select(&self, generation: u64) -> impl Iterator<Item = &Worker> {
        self.workers.iter().filter(move |worker| worker.generation == generation && !worker.leaves())
    }
}
