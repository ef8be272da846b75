//! The supervisor: owns the socket; starts, watches and replaces workers. One thread, one event loop.
//! Must not decode, parse a request, or wait for anything but signals and ticks: it is what is left when all else
//! hangs. Standards: daemon(7) for signals and readiness, FastCGI 1.0 section 2.2 for the workers' descriptor 0.

mod blame;
mod breaker;
mod child;
mod fetchers;
mod generation;
mod handover;
mod judge;
mod lookout;
mod looks;
mod meter;
mod notices;
mod notify;
mod office;
mod pid_file;
mod pool;
mod program;
mod quarantine;
mod reload;
mod roots;
mod signals;
mod socket;
mod starting;
mod stop;
mod usage;

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use nix::sys::signal::Signal;

use crate::config::Serving;
use crate::process::lane::Lane;
use crate::process::scoreboard::{self, Notice};
use child::Death;
use fetchers::Fetchers;
use generation::Generation;
use judge::Judge;
use lookout::Lookout;
use notify::Notify;
use pid_file::PidFile;
use pool::Pool;
pub use program::STRANGER;
use program::{Program, Rehearsal};
pub use reload::rehearse;
use signals::Signals;
use socket::Listeners;
use starting::Starting;
use stop::Stopping;

/// What to serve, and where to leave the process id.
#[derive(Clone, Debug)]
pub struct Options {
    /// The configuration file, read again at SIGHUP.
    pub config: PathBuf,
    /// A file that holds the process id while the server is ready.
    pub pid_file: Option<PathBuf>,
}

/// The configuration cannot be served, and trying it again would change nothing: somebody has to act.
#[derive(Debug, thiserror::Error)]
#[error("{0:#}")]
pub struct Refused(anyhow::Error);

/// How often slots are read: a worker exceeds its deadline by this at most.
const TICK: Duration = Duration::from_millis(50);

/// How often a status is sent to systemd.
const REPORT: Duration = Duration::from_secs(1);

/// How often starting is tried while no worker works.
const START_ATTEMPTS: u32 = 5;

/// Serves until SIGTERM or SIGINT; then lets the workers finish and returns.
///
/// # Errors
/// [`Refused`] if the configuration is wrong. If a socket cannot be opened, or workers die over and over while they start.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let signals = Signals::new().context("cannot wait for signals")?;
    // It may have been started by the number of a descriptor, which is what the kernel calls it then.
    let _ = nix::sys::prctl::set_name(c"recto");
    let mut supervisor = Supervisor::open(options)?;
    loop {
        if supervisor.step(Instant::now())?.is_break() {
            log::info!("stopped");
            return Ok(());
        }
        for signal in signals.wait(TICK).context("cannot wait for signals")? {
            supervisor.hear(signal);
        }
    }
}

struct Supervisor {
    options: Options,
    program: Program,
    notify: Notify,
    listeners: Listeners,
    pool: Pool,
    fetchers: Fetchers,
    current: Generation,
    /// The generation that a SIGHUP started, until its workers are ready to take over.
    next: Option<Generation>,
    /// What a SIGHUP started before that, if there is another program.
    rehearsal: Option<Rehearsal>,
    /// Why the last SIGHUP changed nothing, if so.
    refused: Option<String>,
    starting: Starting,
    judge: Judge,
    lookout: Lookout,
    looks: looks::Watch,
    stopping: Option<Stopping>,
    /// Set while the server is ready.
    pid_file: Option<PidFile>,
    ready: bool,
    lost: u64,
    reported: Instant,
}

impl Supervisor {
    /// With what the program before has left, if there was one in this process.
    fn open(options: &Options) -> anyhow::Result<Self> {
        let now = Instant::now();
        let Some((letter, descriptors)) = handover::Letter::received()? else {
            let current = Generation::load(1, &options.config)?;
            let listeners = Listeners::open(&current.config.serving.pool)?;
            let program = Program::this().context("cannot find the program that runs")?;
            return Self::afresh(options, program, current, listeners, now);
        };
        reload::adopt(options, letter, descriptors, now)
    }

    /// Without workers yet.
    fn afresh(
        options: &Options,
        program: Program,
        current: Generation,
        listeners: Listeners,
        now: Instant,
    ) -> anyhow::Result<Self> {
        if let Some(why) = listeners.why_not(&current.config.serving.pool) {
            log::warn!("{why}");
        }
        let pool = Pool::new(program.clone()).context("cannot prepare workers")?;
        notices::started(pool.scoreboard());
        let fetchers = Fetchers::default();
        Self::new(options, program, current, listeners, (pool, fetchers), now)
    }

    /// With these workers, of which nobody was told that they are ready.
    fn new(
        options: &Options,
        program: Program,
        current: Generation,
        listeners: Listeners,
        (pool, fetchers): (Pool, Fetchers),
        now: Instant,
    ) -> anyhow::Result<Self> {
        let lookout = Lookout::new(current.roots(), pool.scoreboard().clone());
        pool.scoreboard().put_notice(Notice::Generation, current.number);
        Ok(Self {
            options: options.clone(),
            program,
            notify: Notify::from_environment(),
            listeners,
            pool,
            fetchers,
            current,
            next: None,
            rehearsal: None,
            refused: None,
            starting: Starting::new(now),
            judge: Judge::default(),
            lookout: lookout.context("cannot start a thread")?,
            looks: looks::Watch::default(),
            stopping: None,
            pid_file: None,
            ready: false,
            lost: 0,
            reported: now,
        })
    }

    fn hear(&mut self, signal: Signal) {
        match signal {
            Signal::SIGTERM | Signal::SIGINT => self.stop(Instant::now()),
            Signal::SIGHUP => self.reload(Instant::now()),
            Signal::SIGUSR1 => self.judge.list(Instant::now()),
            _ => {} // SIGCHLD: the step after it reaps
        }
    }

    /// Does what is due at `now`. Breaks when the server has stopped.
    fn step(&mut self, now: Instant) -> anyhow::Result<ControlFlow<()>> {
        for death in self.pool.reap() {
            self.mourn(&death, now)?;
        }
        self.pool.observe(now);
        self.judge(now);
        self.pool.enforce();
        self.report(now);
        if self.stopping.is_some() {
            self.serve_stores(now);
            return Ok(self.step_to_stop(now));
        }
        self.renew();
        self.serve_stores(now);
        self.fill(now)?;
        self.hear_of_rehearsal(now);
        self.roll_over(now);
        self.announce(now);
        self.looks.step(self.pool.is_all_of(self.current.number), now);
        Ok(ControlFlow::Continue(()))
    }

    /// Has a fetcher for each configuration that has stores, as long as anybody may ask for it.
    fn serve_stores(&mut self, now: Instant) {
        let generations = std::iter::once(&self.current).chain(&self.next);
        self.fetchers.step(&self.program, generations, &self.pool, now);
    }

    /// Decides what is refused, and tells workers before any of them is killed for it: NGINX asks the next one at once.
    fn judge(&mut self, now: Instant) {
        for late in self.pool.late() {
            notices::late(self.pool.scoreboard(), &late);
            self.judge.hear_late(&late, now);
        }
        self.judge.hear_waiting(&self.pool.waiting(), now);
        self.judge.release(now);
        if let Some(refusals) = self.judge.news(now, scoreboard::now()) {
            self.pool.refuse(&refusals);
        }
        self.pool.scoreboard().put_notice(Notice::Quarantined, self.judge.len() as u64);
        self.pool.scoreboard().put_notice(Notice::Stalled, self.judge.stalled() as u64);
    }

    /// Acts on the exit of a worker.
    fn mourn(&mut self, death: &Death, now: Instant) -> anyhow::Result<()> {
        if death.expected {
            return Ok(());
        }
        self.lost += 1;
        notices::died(self.pool.scoreboard(), death);
        self.judge.hear_death(death, now);
        if death.early && self.stopping.is_none() {
            self.stumble(death, now)?;
        }
        Ok(())
    }

    /// A worker could not start.
    fn stumble(&mut self, death: &Death, now: Instant) -> anyhow::Result<()> {
        if self.next.as_ref().is_some_and(|next| next.number == death.generation) {
            self.pool.drain(death.generation);
            self.next = None;
            self.listeners.leave(Some(&self.current.config.serving.pool), now);
            self.listeners.close_left();
            self.refuse(
                "going on with the old workers and the old configuration",
                "new workers do not start: the log says why",
            );
            return Ok(());
        }
        self.starting.fail(now);
        let working = self.pool.ready(self.current.number) > 0;
        if self.starting.failures >= START_ATTEMPTS && !working {
            bail!("workers die while they start, the last with {}; their messages stand above", death.status);
        }
        Ok(())
    }

    /// Starts the workers that are missing.
    fn fill(&mut self, now: Instant) -> anyhow::Result<()> {
        if now < self.starting.not_before {
            return Ok(());
        }
        let generations = std::iter::once(&self.current).chain(&self.next);
        for (generation, lane) in generations.flat_map(|one| Lane::ALL.map(|lane| (one, lane))) {
            let answers = |device| self.judge.answers(device);
            let listeners = self.listeners.of(&generation.config.serving.pool);
            for _ in self.pool.count(generation.number, lane)..generation.workers(lane) {
                if let Err(error) = self.pool.start(generation, lane, &listeners, &answers) {
                    log::error!("cannot start a worker: {error}");
                    self.starting.fail(now);
                    if self.starting.failures >= START_ATTEMPTS && self.pool.is_empty() {
                        bail!("cannot start any worker: {error}");
                    }
                    return Ok(());
                }
            }
        }
        if self.pool.settled(self.current.number) == self.current.all_workers() {
            self.starting.failures = 0;
        }
        Ok(())
    }

    /// Says once that the server is ready.
    fn announce(&mut self, now: Instant) {
        if self.ready || self.pool.ready(self.current.number) < self.current.all_workers() {
            return;
        }
        self.ready = true;
        let Serving { pool, .. } = &self.current.config.serving;
        log::info!("ready with {} workers, and {} in the background", pool.workers, pool.background_workers);
        log::info!("{}", self.current.config.serving.http.describe_ids());
        self.looks.taken_over(&self.current.config, now);
        self.write_pid();
        // It may have been a reload to which another program began anew.
        self.notify.reloaded(Ok(()));
    }

    fn write_pid(&mut self) {
        if let Some(path) = &self.options.pid_file {
            match PidFile::write(path) {
                Ok(file) => self.pid_file = Some(file),
                Err(error) => log::error!("cannot write the pid file {}: {error}", path.display()),
            }
        }
    }

    fn report(&mut self, now: Instant) {
        if now.saturating_duration_since(self.reported) >= REPORT {
            self.reported = now;
            let [front, back, far] = self.pool.busy();
            let Serving { pool, .. } = &self.current.config.serving;
            let (workers, background) = (pool.workers, pool.background_workers);
            let (served, lost) = (self.pool.served(), self.lost);
            let quarantined = self.judge.len();
            let refused = self.refused.as_ref().map(|why| format!("; the last reload was refused: {why}"));
            let refused = refused.unwrap_or_default().replace('\n', " ");
            let far = match self.current.workers(Lane::Far) {
                0 => String::new(),
                all => format!(" {far} of {all} at stores,"),
            };
            self.notify.send(&format!(
                "WATCHDOG=1\nSTATUS={front} of {workers} workers busy, {back} of {background} in the background,{far} \
                 {served} requests served, {lost} workers lost, {quarantined} requests in quarantine{refused}"
            ));
        }
    }
}
