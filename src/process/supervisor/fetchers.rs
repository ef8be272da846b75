//! The processes that fetch from stores: one for each configuration that has a store and workers, started, watched, and
//! started anew when it ends. What was asked meanwhile waits at the counter.
//! Must not judge a store: one that is out of reach is no reason to end or to refuse anything here.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitStatus, Stdio};
use std::rc::Rc;
use std::time::{Duration, Instant};

use rustix::process::{
    DumpableBehavior, Pid, Signal, WaitOptions, kill_process, set_dumpable_behavior, waitpid,
};
use serde::{Deserialize, Serialize};

use super::generation::Generation;
use super::handover::pass_on;
use super::office::Office;
use super::pool::Pool;
use super::program::Program;
use super::starting::Starting;
use crate::fetch::environment::{BESIDE, NEEDED};
use crate::process::scoreboard::Notice;

/// How long a fetcher may take to finish. What it has in hand is worth some seconds; workers that wait for it have gone.
const GRACE: Duration = Duration::from_secs(6);

/// A fetcher that has lived so long has started well: the next one is not made to wait.
const SETTLED: Duration = Duration::from_secs(10);

/// How names of hosts are looked up unless the environment says otherwise: a name server that is gone holds up the few
/// threads that ask it for two seconds, and not for ten.
const LOOKUPS: (&str, &str) = ("RES_OPTIONS", "timeout:1 attempts:2");

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Fetchers(Vec<Fetcher>);

/// The fetcher of one configuration.
#[derive(Debug)]
struct Fetcher {
    office: Rc<Office>,
    /// The generations of workers that ask there.
    generations: Vec<u64>,
    process: Option<Pid>,
    started: Instant,
    starting: Starting,
    /// When it was asked to finish.
    finishing: Option<Instant>,
}

/// What another program needs to go on with one, beside its descriptors.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Note {
    generations: Vec<u64>,
    process: Option<i32>,
}

impl Fetchers {
    /// Starts those that are missing for these generations, takes note of those that have ended, and has those finish
    /// whose workers are gone.
    pub(super) fn step<'g>(
        &mut self,
        program: &Program,
        generations: impl Iterator<Item = &'g Generation> + Clone,
        pool: &Pool,
        now: Instant,
    ) {
        for generation in generations.clone() {
            self.is_of(generation, now);
        }
        for fetcher in &mut self.0 {
            fetcher.reap(pool, now);
            let serves = |number: &u64| {
                pool.has_any_of(*number) || generations.clone().any(|generation| generation.number == *number)
            };
            match fetcher.generations.iter().any(serves) {
                false => fetcher.finish(now),
                true if fetcher.is_missing(now) => {
                    if let Err(error) = fetcher.start(program, now) {
                        log::error!("cannot start a fetcher: {error}");
                        fetcher.starting.fail(now);
                    }
                }
                true => {}
            }
        }
        self.0.retain(|fetcher| fetcher.finishing.is_none() || fetcher.process.is_some());
        let current = generations.clone().next().and_then(|current| self.of(current.number)?.process);
        let process = current.map_or(0, |process| process.as_raw_nonzero().get().unsigned_abs());
        pool.scoreboard().put_notice(Notice::Fetcher, process.into());
    }

    /// Has all finish; whether they have.
    pub(super) fn have_ended(&mut self, now: Instant) -> bool {
        for fetcher in &mut self.0 {
            fetcher.finish(now);
            if fetcher.ended().is_some() {
                fetcher.process = None;
            }
        }
        self.0.retain(|fetcher| fetcher.process.is_some());
        self.0.is_empty()
    }

    /// Takes note of a generation.
    fn is_of(&mut self, generation: &Generation, now: Instant) {
        let Some(office) = &generation.office else { return };
        let known = self.0.iter_mut().find(|fetcher| Rc::ptr_eq(&fetcher.office, office));
        match known {
            Some(fetcher) if fetcher.generations.contains(&generation.number) => {}
            Some(fetcher) => fetcher.generations.push(generation.number),
            None => self.0.push(Fetcher::new(Rc::clone(office), vec![generation.number], None, now)),
        }
    }

    fn of(&self, generation: u64) -> Option<&Fetcher> {
        self.0.iter().find(|fetcher| fetcher.generations.contains(&generation))
    }

    /// What the workers of this generation share with their fetcher.
    pub(super) fn office_of(&self, generation: u64) -> Option<Rc<Office>> {
        self.of(generation).map(|fetcher| Rc::clone(&fetcher.office))
    }

    /// What is known of them, and their descriptors.
    pub(super) fn note(&self) -> (Vec<Note>, Vec<BorrowedFd<'_>>) {
        let note = |fetcher: &Fetcher| Note {
            generations: fetcher.generations.clone(),
            process: fetcher.process.map(|process| process.as_raw_nonzero().get()),
        };
        let descriptors = self.0.iter().flat_map(|fetcher| fetcher.office.descriptors());
        (self.0.iter().map(note).collect(), descriptors.collect())
    }

    /// Those that the program before had.
    ///
    /// # Errors
    /// If something is missing, or is of another version.
    pub(super) fn adopt(notes: &[Note], descriptors: &mut impl Iterator<Item = OwnedFd>) -> io::Result<Self> {
        let now = Instant::now();
        let adopted = notes.iter().map(|note| {
            let process = note.process.and_then(Pid::from_raw);
            Ok(Fetcher::new(Office::adopt(descriptors)?, note.generations.clone(), process, now))
        });
        adopted.collect::<io::Result<_>>().map(Self)
    }

    /// Says whether programs that are started have what fetchers count.
    ///
    /// # Errors
    /// None in practice.
    pub(super) fn pass_on(&self, yes: bool) -> io::Result<()> {
        self.0.iter().try_for_each(|fetcher| fetcher.office.pass_on(yes))
    }
}

impl Fetcher {
    fn new(office: Rc<Office>, generations: Vec<u64>, process: Option<Pid>, now: Instant) -> Self {
        Self { office, generations, process, started: now, starting: Starting::new(now), finishing: None }
    }

    /// Starts the process: the counter is its standard input.
    fn start(&mut self, program: &Program, now: Instant) -> io::Result<()> {
        // Workers are of the same user, and must not read there what the fetcher alone is to know.
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
        let mut command = program.again();
        command.arg("fetch").arg("--config-fd").arg(self.office.text.as_raw_fd().to_string());
        command.arg("--counts-fd").arg(self.office.counts.descriptor().to_string());
        command.arg("--supervisor").arg(std::process::id().to_string());
        let exit = self.office.counter.exit.as_fd().try_clone_to_owned()?;
        command.stdin(Stdio::from(exit)).stdout(Stdio::null());
        command.env_clear().env(LOOKUPS.0, LOOKUPS.1);
        let passed_on = NEEDED.iter().chain(&BESIDE);
        command.envs(passed_on.filter_map(|name| Some((*name, std::env::var_os(name)?))));
        pass_on(&self.office.text, true)?;
        let child = command.spawn();
        pass_on(&self.office.text, false)?;
        let child = child?;
        log::debug!("fetcher {} starts", child.id());
        self.process = Some(Pid::from_child(&child));
        self.started = now;
        Ok(())
    }

    /// Whether its process is to be started: not one that has been told to finish.
    fn is_missing(&self, now: Instant) -> bool {
        self.process.is_none() && self.finishing.is_none() && now >= self.starting.not_before
    }

    /// How its process ended, if it has; it is reaped then.
    fn ended(&self) -> Option<ExitStatus> {
        let ended = waitpid(Some(self.process?), WaitOptions::NOHANG);
        match ended {
            Ok(ended) => ended.map(|(_, status)| ExitStatus::from_raw(status.as_raw())),
            Err(error) => {
                log::error!("cannot ask for the fetcher: {error}");
                None
            }
        }
    }

    /// Acts on the end of its process.
    fn reap(&mut self, pool: &Pool, now: Instant) {
        let Some(status) = self.ended() else { return };
        let process = self.process.take().map_or(0, |process| process.as_raw_nonzero().get());
        if self.finishing.is_some() {
            return;
        }
        pool.scoreboard().count_notice(Notice::FetcherDeaths);
        if now.saturating_duration_since(self.started) >= SETTLED {
            self.starting = Starting::new(now);
        } else {
            self.starting.fail(now);
        }
        log::error!("fetcher {process} died ({status}): another one takes up what was asked of it");
    }

    /// Asks it to finish; ends it if it does not.
    fn finish(&mut self, now: Instant) {
        let Some(process) = self.process else {
            self.finishing.get_or_insert(now);
            return;
        };
        let signal = match self.finishing {
            None => Signal::TERM,
            Some(since) if now.saturating_duration_since(since) >= GRACE => Signal::KILL,
            Some(_) => return,
        };
        self.finishing.get_or_insert(now);
        if let Err(error) = kill_process(process, signal) {
            log::error!("cannot signal the fetcher: {error}");
        }
    }
}
