//! The worker processes: starting, watching, draining and reaping them, each in a slot of the scoreboard.
//! Must not decide how many there should be, or what a death means: that is `mod.rs`.
//! The only processes that are ever signalled are children of ours that have not been reaped.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Instant;

use rustix::process::{Pid, Signal};
use serde::{Deserialize, Serialize};

use super::child::{self, Death, Late, Phase, Worker};
use super::generation::Generation;
use super::handover::pass_on;
use super::program::Program;
use crate::process::lane::Lane;
use crate::process::ledger::{Hand, Ledger};
use crate::process::queue::{ENDS, Queues};
use crate::process::refusals::Refusal;
use crate::process::scoreboard::{Entry, SLOTS, Scoreboard};

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
    program: Program,
    scoreboard: Arc<Scoreboard>,
    ledger: Ledger,
    queues: Queues,
    workers: Vec<Worker>,
    served_by_the_dead: u64,
}

/// What another program needs to go on with it, beside its descriptors.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Note {
    served: u64,
    workers: Vec<child::Note>,
}

impl Pool {
    /// No workers yet; they will be processes of `program`.
    ///
    /// # Errors
    /// If there is no memory for a scoreboard, or no descriptors for queues.
    pub(super) fn new(program: Program) -> io::Result<Self> {
        Ok(Self {
            program,
            scoreboard: Arc::new(Scoreboard::create()?),
            ledger: Ledger::create()?,
            queues: Queues::new()?,
            workers: Vec::new(),
            served_by_the_dead: 0,
        })
    }

    /// What is known of it, and its descriptors.
    pub(super) fn note(&self) -> (Note, Vec<BorrowedFd<'_>>) {
        let mut descriptors = vec![self.scoreboard.as_fd(), self.ledger.as_fd()];
        descriptors.extend(self.queues.ends());
        let mut workers = Vec::new();
        for (note, gauge) in self.workers.iter().map(Worker::note) {
            workers.push(note);
            descriptors.extend(gauge);
        }
        (Note { served: self.served_by_the_dead, workers }, descriptors)
    }

    /// The pool that the program before had. Workers that have ended since are reaped like any other: the process is
    /// the same, and they are its children.
    ///
    /// # Errors
    /// If something is missing, or if the scoreboard is one of another version.
    pub(super) fn adopt(
        program: Program,
        note: &Note,
        descriptors: &mut impl Iterator<Item = OwnedFd>,
    ) -> io::Result<Self> {
        let missing = || io::Error::other("a descriptor is missing");
        let [scoreboard, ledger] = [descriptors.next(), descriptors.next()];
        let path = |it: &OwnedFd| format!("/proc/self/fd/{}", it.as_raw_fd());
        let scoreboard = Arc::new(Scoreboard::open(Path::new(&path(&scoreboard.ok_or_else(missing)?)))?);
        let ledger = Ledger::open(Path::new(&path(&ledger.ok_or_else(missing)?)))?;
        let queues = Queues::from_ends(descriptors.by_ref().take(ENDS))?;
        let adopted = note.workers.iter().map(|note| Worker::adopt(note, descriptors));
        let workers = adopted.collect::<Option<_>>().ok_or_else(missing)?;
        let pool = Self { program, scoreboard, ledger, queues, workers, served_by_the_dead: note.served };
        pool.pass_on(true)?;
        Ok(pool)
    }

    /// Says whether programs that are started have what workers share.
    ///
    /// # Errors
    /// None in practice.
    pub(super) fn pass_on(&self, yes: bool) -> io::Result<()> {
        pass_on(&*self.scoreboard, yes)?;
        pass_on(&self.ledger, yes)
    }

    /// Starts one worker, which accepts from these sockets if it is a front worker.
    ///
    /// # Errors
    /// If the system gives no process for it, or there are too many.
    pub(super) fn start(
        &mut self,
        generation: &Generation,
        lane: Lane,
        listeners: &[BorrowedFd<'_>],
        answers: &dyn Fn(u64) -> bool,
    ) -> io::Result<()> {
        let free = |slot: &usize| self.workers.iter().all(|worker| worker.slot != *slot);
        let slot = (0..SLOTS).find(free).ok_or_else(|| io::Error::other("there are too many workers"))?;
        self.scoreboard.write(slot, &Entry::default());
        self.ledger.write_hand(slot, &Hand::default())?;
        let mut command = self.program.again();
        command.arg("worker").arg("--config-fd").arg(generation.descriptor().to_string());
        command.arg("--scoreboard-fd").arg(self.scoreboard.descriptor().to_string());
        command.arg("--ledger-fd").arg(self.ledger.descriptor().to_string());
        command.arg("--slot").arg(slot.to_string()).arg("--lane").arg(lane.to_string());
        command.arg("--supervisor").arg(std::process::id().to_string());
        // Whoever does not accept connections does not keep the sockets open either.
        let listeners = if lane.is_back() { &[] } else { listeners };
        let office = generation.office.as_deref();
        let entrance = office.map(|office| office.counter.entrance.as_fd());
        command.stdin(Stdio::null()).stdout(Stdio::from(self.queues.for_child(entrance, listeners)?));
        let passed_on = PASSED_ON.iter().filter_map(|name| Some((*name, std::env::var_os(name)?)));
        command.env_clear().envs(passed_on).envs(HEAP);
        let masters = generation.roots.descriptors(answers);
        let number =
            |directory: &Option<BorrowedFd<'_>>| directory.map_or(-1, |it| it.as_raw_fd()).to_string();
        command.arg(format!("--masters-fds={}", masters.iter().map(number).collect::<Vec<_>>().join(",")));
        if let Some(office) = office {
            command.arg("--counts-fd").arg(office.counts.descriptor().to_string());
        }
        // Of this worker alone: it would hold the mounts of another generation.
        let child = inherited(&masters, || command.spawn())?;
        log::debug!("worker {} starts in slot {slot}, lane {lane}", child.id());
        let worker = Worker::new(Pid::from_child(&child), slot, lane, generation);
        self.scoreboard.set_post(slot, Some(&worker.post()));
        self.workers.push(worker);
        Ok(())
    }

    /// What all processes of the pool share.
    pub(super) fn scoreboard(&self) -> &Arc<Scoreboard> {
        &self.scoreboard
    }

    /// Reads all slots, and how busy workers spend their time.
    pub(super) fn observe(&mut self, now: Instant) {
        for worker in &mut self.workers {
            worker.look(&self.scoreboard);
            if worker.phase == Phase::Starting && worker.entry.process != 0 {
                worker.phase = Phase::Ready;
            }
            self.scoreboard.set_post(worker.slot, Some(&worker.post()));
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
        let keeps_far = self.keeps_far();
        for worker in &mut self.workers {
            worker.hold_to_limits();
            if worker.phase == Phase::Draining && !(worker.lane == Lane::Far && keeps_far) {
                // Repeated, because a signal just before `accept()` is only noticed after it.
                worker.signal(Signal::TERM);
            }
        }
    }

    /// Whether far workers that are to finish are needed yet: nobody else takes what is handed over to them, as when the
    /// last store has left the configuration, or the server stops, and something is there or may come.
    fn keeps_far(&self) -> bool {
        let of = |lane: Lane| self.workers.iter().filter(move |worker| worker.lane == lane);
        let may_come =
            of(Lane::Front).any(|front| of(Lane::Far).any(|far| far.generation == front.generation));
        let is_empty = self.queues.are_empty()[Lane::Far.queue()];
        of(Lane::Far).all(Worker::leaves) && (may_come || !is_empty)
    }

    /// The workers that ended since the last time.
    pub(super) fn reap(&mut self) -> Vec<Death> {
        let mut deaths = Vec::new();
        let (scoreboard, ledger) = (&self.scoreboard, &self.ledger);
        self.workers.retain_mut(|worker| match worker.ended() {
            Ok(Some(status)) => {
                worker.look(scoreboard);
                deaths.push(worker.death(status));
                // It is nowhere any more: others count who is at a mount.
                scoreboard.write(worker.slot, &Entry::default());
                scoreboard.set_post(worker.slot, None);
                self.served_by_the_dead += worker.entry.served;
                // It holds no memory any more, and takes nothing.
                if let Err(error) = ledger.write_hand(worker.slot, &Hand::default()) {
                    log::error!("cannot write to the ledger: {error}");
                }
                false
            }
            Ok(None) => true,
            Err(error) => {
                log::error!("cannot ask for worker {}: {error}", worker.id());
                true
            }
        });
        deaths
    }

    /// Asks the workers of `generation` to finish. What is queued goes to the others: queues belong to the pool.
    pub(super) fn drain(&mut self, generation: u64) {
        self.end(Signal::TERM, |worker| worker.generation == generation);
    }

    /// Asks all workers to finish that hand requests over.
    pub(super) fn drain_front(&mut self) {
        self.end(Signal::TERM, |worker| worker.lane.hands_over());
    }

    /// Asks all workers to finish.
    pub(super) fn drain_all(&mut self) {
        self.end(Signal::TERM, |_| true);
    }

    /// Ends all workers at once that hand requests over.
    pub(super) fn kill_front(&mut self) {
        self.end(Signal::KILL, |worker| worker.lane.hands_over());
    }

    /// Ends all workers at once.
    pub(super) fn kill_all(&mut self) {
        self.end(Signal::KILL, |_| true);
    }

    fn end(&mut self, signal: Signal, which: impl Fn(&Worker) -> bool) {
        for worker in self.workers.iter_mut().filter(|worker| which(worker)) {
            if worker.phase != Phase::Draining || signal == Signal::KILL {
                worker.phase = Phase::Draining;
                // Whether a far worker is needed yet is seen when all are known that are to finish.
                if worker.lane != Lane::Far || signal == Signal::KILL {
                    worker.signal(signal);
                }
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

    /// Whether a worker of this generation is left.
    pub(super) fn has_any_of(&self, generation: u64) -> bool {
        self.workers.iter().any(|worker| worker.generation == generation)
    }

    /// Whether all workers that are left are of this generation.
    pub(super) fn is_all_of(&self, generation: u64) -> bool {
        self.workers.iter().all(|worker| worker.generation == generation)
    }

    /// Whether no worker is left.
    pub(super) fn is_empty(&self) -> bool {
        self.workers.is_empty()
    }

    /// Whether no worker is left that could hand requests over, and none waits to be taken.
    pub(super) fn queues_are_done(&self) -> bool {
        let hands_over = self.workers.iter().any(|worker| worker.lane.hands_over());
        !hands_over && self.queues.are_empty().iter().all(|is_empty| *is_empty)
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

    /// Workers that are busy, of any generation: front workers, those in the background, and those that wait for stores.
    pub(super) fn busy(&self) -> [usize; 3] {
        let busy = |which: fn(Lane) -> bool| {
            let among = self.workers.iter().filter(|worker| which(worker.lane));
            among.filter(|worker| worker.entry.busy_since != 0).count()
        };
        [busy(|lane| lane == Lane::Front), busy(Lane::is_nice), busy(|lane| lane == Lane::Far)]
    }

    /// Requests served since the start.
    pub(super) fn served(&self) -> u64 {
        self.served_by_the_dead + self.workers.iter().map(|worker| worker.entry.served).sum::<u64>()
    }

    fn select(&self, generation: u64) -> impl Iterator<Item = &Worker> {
        self.workers.iter().filter(move |worker| worker.generation == generation && !worker.leaves())
    }
}

/// What `spawn` gives, while a child process inherits these descriptors.
fn inherited<T>(
    descriptors: &[Option<BorrowedFd<'_>>],
    spawn: impl FnOnce() -> io::Result<T>,
) -> io::Result<T> {
    let set = |yes| descriptors.iter().flatten().try_for_each(|descriptor| pass_on(descriptor, yes));
    set(true)?;
    let spawned = spawn();
    set(false)?;
    spawned
}
