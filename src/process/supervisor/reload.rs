//! SIGHUP: the configuration is read again, and another program taken up if an upgrade has put one in place of this one.
//!
//! Another program first has to show in a process of its own that it can start, reads the configuration, and knows what to
//! do with the workers that are there ([`rehearse`]). Then it takes the place of this one in the same process (the process
//! id, the sockets and the workers stay), and its first act is to start new workers. If it knows nothing of these workers,
//! they finish first, and whoever comes meanwhile waits at the sockets. If it fails, all stays as it is.

use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Instant;

use anyhow::{Context, anyhow, bail};

use super::handover::{Letter, Workers, pass_on};
use super::program::{Outcome, Program};
use super::{Fetchers, Generation, Listeners, Lookout, Options, Pool, Supervisor};
use crate::logging;
use crate::process::scoreboard::{self, Notice};

/// After so many milliseconds whoever looks for the masters every second (`lookout`) waits for an answer.
const SILENCE: u64 = 5000;

impl Supervisor {
    /// Reads the configuration again. The old workers go on until new ones are ready.
    pub(super) fn reload(&mut self, now: Instant) {
        if self.stopping.is_some() {
            return;
        }
        self.notify.send(&format!("RELOADING=1\nMONOTONIC_USEC={}", scoreboard::now() * 1000));
        self.rehearsal = None;
        let Some(file) = self.program.newer() else { return self.load_next() };
        log::info!("{} is another program now: trying it out", self.program.path.display());
        let rehearsal = self
            .letter(true)
            .and_then(|letter| Ok(self.program.rehearse(file, &self.options, letter, now)?));
        match rehearsal {
            Ok(rehearsal) => self.rehearsal = Some(rehearsal),
            Err(error) => self.stay(&format!("{error:#}")),
        }
    }

    /// Acts on a rehearsal that has ended.
    pub(super) fn hear_of_rehearsal(&mut self, now: Instant) {
        let Some(outcome) = self.rehearsal.as_mut().and_then(|it| it.outcome(now)) else { return };
        self.rehearsal = None;
        match outcome {
            Outcome::GoesOn(program) => {
                self.drop_next();
                let error = self.give_way(&program, true);
                self.stay(&format!("{error:#}"));
            }
            Outcome::BeginsAnew(program) => {
                log::info!("the new program begins anew when the workers of this one have finished");
                self.drop_next();
                self.finish(Some(program), now);
            }
            Outcome::Fails(why) => self.stay(&why),
        }
    }

    /// Goes on as it was.
    fn stay(&mut self, why: &str) {
        self.refuse("going on with this program", &format!("the new one cannot take over: {why}"));
    }

    /// Starts new workers with the configuration as it is now.
    fn load_next(&mut self) {
        let number = self.next.as_ref().unwrap_or(&self.current).number + 1;
        let next = match self.loaded(number) {
            Ok(next) => next,
            Err(error) => return self.refuse("going on with the old configuration", &format!("{error:#}")),
        };
        log::info!("reloading: {} new workers", next.all_workers());
        self.begin(next);
    }

    /// Begins a generation when a directory of masters is another one: workers have the one that was there before.
    pub(super) fn renew(&mut self) {
        let newest = self.next.as_ref().unwrap_or(&self.current);
        match newest.renewed(newest.number + 1, &|device| self.judge.answers(device)) {
            None => {}
            Some(Ok(next)) => self.begin(next),
            Some(Err(error)) => log::error!("going on with the old directories of masters: {error:#}"),
        }
    }

    fn begin(&mut self, next: Generation) {
        self.drop_next();
        self.next = Some(next);
    }

    /// The configuration as it is now, whose sockets are open.
    fn loaded(&mut self, number: u64) -> anyhow::Result<Generation> {
        let next = Generation::load(number, &self.options.config)?;
        let (pool, before) = (&next.config.serving.pool, &self.current.config.serving.pool);
        if let Some(why) = self.listeners.why_not(pool).filter(|_| pool.socket != before.socket) {
            bail!(why);
        }
        self.listeners.add(pool)?;
        Ok(next)
    }

    /// Gives up new workers that are overtaken by newer ones.
    fn drop_next(&mut self) {
        if let Some(overtaken) = self.next.take() {
            self.pool.drain(overtaken.number);
        }
    }

    /// Says that a SIGHUP has changed nothing, what is done instead, and why.
    pub(super) fn refuse(&mut self, instead: &str, why: &str) {
        logging::follow(&self.current.config.serving.log);
        log::error!("{instead}: {why}");
        self.refused = Some(why.to_owned());
        self.notify.reloaded(Err(why));
    }

    /// Hands over to the next generation when all of its workers are ready, and nobody waits any more at sockets that it
    /// has given up.
    pub(super) fn roll_over(&mut self, now: Instant) {
        let is_ready = |next: &Generation| self.pool.ready(next.number) == next.all_workers();
        let Some(next) = self.next.take_if(|next| is_ready(next)) else { return };
        self.listeners.leave(Some(&next.config.serving.pool), now);
        if !self.listeners.are_served(now) {
            self.next = Some(next);
            return;
        }
        self.listeners.close_left();
        self.pool.drain(self.current.number);
        self.pool.refuse(&[]);
        self.judge.lift();
        self.current = next;
        self.tell_of_generation();
        self.starting.failures = 0;
        self.refused = None;
        self.notify.reloaded(Ok(()));
        log::info!("reloaded");
        log::info!("{}", self.current.config.serving.http.describe_ids());
        self.looks.taken_over(&self.current.config, now);
    }

    /// Whoever asks how the service is hears of another generation, and of its masters.
    fn tell_of_generation(&mut self) {
        let board = self.pool.scoreboard();
        board.put_notice(Notice::Generation, self.current.number);
        let roots = self.current.roots();
        if self.lookout.roots() != roots {
            match Lookout::new(roots, board.clone()) {
                Ok(lookout) => self.lookout = lookout,
                Err(error) => log::error!("nobody looks for the masters: {error}"),
            }
        }
    }

    /// Runs another program in place of this one, which finds the sockets, and the workers if they are there. Comes back
    /// only if that fails.
    pub(super) fn give_way(&mut self, program: &File, with_workers: bool) -> anyhow::Error {
        // A thread that waits for a file system would hold up the end of this program.
        if scoreboard::now().saturating_sub(self.pool.scoreboard().notice(Notice::Looked)) > SILENCE {
            return anyhow!("the file system of the masters does not answer: reload once more when it does");
        }
        let posted = self.letter(with_workers).and_then(|letter| self.pass_on(false).map(|()| letter));
        let error = match posted {
            Ok(letter) => {
                log::info!("the new program takes over");
                self.program.give_way(program, &self.options, letter).into()
            }
            Err(error) => error,
        };
        let undone = self.pass_on(true);
        undone.err().unwrap_or(error)
    }

    fn letter(&self, with_workers: bool) -> anyhow::Result<OwnedFd> {
        let (listeners, mut descriptors) = self.listeners.notes();
        let workers = with_workers.then(|| {
            let (pool, of_pool) = self.pool.note();
            let (fetchers, of_fetchers) = self.fetchers.note();
            descriptors.push(self.current.as_fd());
            descriptors.extend(of_fetchers);
            descriptors.extend(of_pool);
            Workers::new(self.current.number, self.ready, self.lost, fetchers, pool)
        });
        let letter = Letter::new(self.program.path.clone(), listeners, workers)?;
        letter.post(&descriptors).context("cannot write down what to go on with")
    }

    /// Says whether programs that are started have what workers are given by number.
    fn pass_on(&self, yes: bool) -> anyhow::Result<()> {
        pass_on(&self.current, yes)?;
        self.fetchers.pass_on(yes)?;
        Ok(self.pool.pass_on(yes)?)
    }
}

/// What the program before has left, taken up.
pub(super) fn adopt(
    options: &Options,
    mut letter: Letter,
    mut descriptors: impl Iterator<Item = OwnedFd>,
    now: Instant,
) -> anyhow::Result<Supervisor> {
    let workers = letter.workers()?;
    let program = Program { path: letter.program };
    let count = letter.listeners.len();
    let mut listeners = Listeners::adopt(letter.listeners, descriptors.by_ref().take(count));
    let Some(workers) = workers else {
        let current = Generation::load(1, &options.config)?;
        listeners.leave(Some(&current.config.serving.pool), now);
        listeners.close_left();
        listeners.add(&current.config.serving.pool)?;
        return Supervisor::afresh(options, program, current, listeners, now);
    };
    let (current, found) = adopt_workers(&program, &workers, &mut descriptors)?;
    let mut supervisor = Supervisor::new(options, program, current, listeners, found, now)?;
    supervisor.ready = workers.ready;
    supervisor.lost = workers.lost;
    log::info!("recto {} takes over, with the workers that are there", env!("CARGO_PKG_VERSION"));
    if supervisor.ready {
        supervisor.write_pid();
    }
    // What the other program made of these requests is no reason to refuse them.
    supervisor.pool.refuse(&[]);
    supervisor.load_next();
    Ok(supervisor)
}

fn adopt_workers(
    program: &Program,
    workers: &Workers,
    descriptors: &mut impl Iterator<Item = OwnedFd>,
) -> anyhow::Result<(Generation, (Pool, Fetchers))> {
    let text = File::from(descriptors.next().context("a descriptor is missing")?);
    let fetchers = Fetchers::adopt(&workers.fetchers, descriptors)?;
    let office = fetchers.office_of(workers.generation);
    let current =
        Generation::adopt(workers.generation, text, office).context("the configuration of its workers")?;
    Ok((current, (Pool::adopt(program.clone(), &workers.pool, descriptors)?, fetchers)))
}

/// Whether this program could take the place of the one that has started it: it can serve, and can go on with the workers
/// that are there. Changes nothing.
///
/// # Errors
/// [`Refused`](super::Refused) if the configuration is wrong. If it was not started so.
pub fn rehearse(options: &Options) -> anyhow::Result<bool> {
    Generation::check(&options.config)?;
    let (mut letter, descriptors) = Letter::received()?.context("no other program has asked for this")?;
    let mut descriptors = descriptors.skip(letter.listeners.len());
    let program = Program { path: letter.program.clone() };
    let known = letter.workers().and_then(|workers| {
        let workers = workers.context("it has no workers")?;
        adopt_workers(&program, &workers, &mut descriptors).map(drop)
    });
    if let Err(error) = &known {
        log::warn!("the program that runs and this one do not share their workers: {error:#}");
    }
    Ok(known.is_ok())
}
