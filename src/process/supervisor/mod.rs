//! The supervisor: owns the socket; starts, watches and replaces workers. One thread, one event loop.
//! Must not decode, parse a request, or wait for anything but signals and ticks: it is what is left when all else
//! hangs. Standards: daemon(7) for signals and readiness, FastCGI 1.0 section 2.2 for the workers' descriptor 0.

mod blame;
mod breaker;
mod child;
mod generation;
mod judge;
mod meter;
mod notify;
mod pid_file;
mod pool;
mod quarantine;
mod socket;
mod usage;

use std::ops::ControlFlow;
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use crossbeam_channel::{Receiver, select, tick, unbounded};
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGTERM, SIGUSR1};
use signal_hook::iterator::Signals;

use crate::config::Serving;
use crate::process::lane::Lane;
use child::Death;
use generation::Generation;
use judge::Judge;
use notify::Notify;
use pid_file::PidFile;
use pool::Pool;
use socket::Listener;

/// What to serve, and where to leave the process id.
#[derive(Clone, Debug)]
pub struct Options {
    /// The configuration file, read again at SIGHUP.
    pub config: PathBuf,
    /// A file that holds the process id while the server is ready.
    pub pid_file: Option<PathBuf>,
}

/// How often slots are read: a worker exceeds its deadline by this at most.
const TICK: Duration = Duration::from_millis(50);

/// How often a status is sent to systemd.
const REPORT: Duration = Duration::from_secs(1);

/// The first pause after a worker that could not start; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// The longest such pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// How often starting is tried while no worker works.
const START_ATTEMPTS: u32 = 5;

/// How long a request may take beyond the deadline to be written when the server stops.
const STOP_GRACE: Duration = Duration::from_secs(2);

/// How long workers may take to end after they were killed. Without a file system that does not answer it is no time.
const KILL_GRACE: Duration = Duration::from_secs(1);
/// How much longer those may take that wait in the queues of the back workers then.
const QUEUE_GRACE: Duration = Duration::from_secs(5);

/// Serves until SIGTERM or SIGINT; then lets the workers finish and returns.
///
/// # Errors
/// If the configuration is wrong, the socket cannot be opened, or workers die over and over while they start.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let signals = signals().context("cannot wait for signals")?;
    let ticks = tick(TICK);
    let mut supervisor = Supervisor::new(options)?;
    loop {
        if supervisor.step(Instant::now())?.is_break() {
            log::info!("stopped");
            return Ok(());
        }
        select! {
            recv(signals) -> signal => supervisor.hear(signal.context("the signals ended")?),
            recv(ticks) -> _ => {}
        }
    }
}

/// The signals as a channel, so that they queue up with the ticks.
fn signals() -> std::io::Result<Receiver<i32>> {
    let mut signals = Signals::new([SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGCHLD])?;
    let (sender, receiver) = unbounded();
    let forward = move || signals.forever().try_for_each(|signal| sender.send(signal));
    std::thread::Builder::new().name("signals".into()).spawn(forward)?;
    Ok(receiver)
}

struct Supervisor {
    options: Options,
    notify: Notify,
    listener: Listener,
    pool: Pool,
    current: Generation,
    /// The generation that a SIGHUP started, until its workers are ready to take over.
    next: Option<Generation>,
    starting: Starting,
    judge: Judge,
    stopping: Option<Stopping>,
    /// Set while the server is ready.
    pid_file: Option<PidFile>,
    ready: bool,
    lost: u64,
    reported: Instant,
}

/// The state of starting workers.
struct Starting {
    failures: u32,
    not_before: Instant,
}

/// The server stops.
struct Stopping {
    /// When front workers that have not finished are killed.
    front_limit: Instant,
    /// When all that is left is killed.
    limit: Instant,
    /// Connections queued at a socket that is removed have to be served first.
    serve_queue: bool,
}

impl Supervisor {
    fn new(options: &Options) -> anyhow::Result<Self> {
        let current = Generation::load(1, &options.config)?;
        let listener = Listener::open(&current.config.serving.pool.socket)?;
        let now = Instant::now();
        Ok(Self {
            options: options.clone(),
            notify: Notify::from_environment(),
            listener,
            pool: Pool::new().context("cannot prepare workers")?,
            current,
            next: None,
            starting: Starting { failures: 0, not_before: now },
            judge: Judge::default(),
            stopping: None,
            pid_file: None,
            ready: false,
            lost: 0,
            reported: now,
        })
    }

    fn hear(&mut self, signal: i32) {
        match signal {
            SIGTERM | SIGINT => self.stop(),
            SIGHUP => self.reload(),
            SIGUSR1 => self.judge.list(Instant::now()),
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
        if let Some(stopping) = &self.stopping {
            return Ok(stopping.step(&mut self.pool, &self.listener, now));
        }
        self.fill(now)?;
        self.roll_over();
        self.announce();
        self.report(now);
        Ok(ControlFlow::Continue(()))
    }

    /// Decides what is refused, and tells workers before any of them is killed for it: NGINX asks the next one at once.
    fn judge(&mut self, now: Instant) {
        for late in self.pool.late() {
            self.judge.hear_late(&late, now);
        }
        self.judge.hear_waiting(&self.pool.waiting(), now);
        self.judge.release(now);
        if let Some(refusals) = self.judge.news() {
            self.pool.refuse(&refusals);
        }
    }

    /// Acts on the exit of a worker.
    fn mourn(&mut self, death: &Death, now: Instant) -> anyhow::Result<()> {
        if death.expected {
            return Ok(());
        }
        self.lost += 1;
        self.judge.hear_death(death, now);
        if death.early && self.stopping.is_none() {
            self.stumble(death, now)?;
        }
        Ok(())
    }

    /// A worker could not start.
    fn stumble(&mut self, death: &Death, now: Instant) -> anyhow::Result<()> {
        if self.next.as_ref().is_some_and(|next| next.number == death.generation) {
            log::error!("new workers do not start: going on with the old ones and the old configuration");
            self.pool.drain(death.generation);
            self.next = None;
            self.notify.send("READY=1");
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
            for _ in self.pool.count(generation.number, lane)..generation.workers(lane) {
                if let Err(error) = self.pool.start(generation, lane, self.listener.as_fd()) {
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

    /// Reads the configuration again. The old workers go on until new ones are ready.
    fn reload(&mut self) {
        if self.stopping.is_some() {
            return;
        }
        self.notify
            .send(&format!("RELOADING=1\nMONOTONIC_USEC={}", crate::process::scoreboard::now() * 1000));
        let number = self.next.as_ref().unwrap_or(&self.current).number + 1;
        let next = match Generation::load(number, &self.options.config) {
            Ok(next) => next,
            Err(error) => {
                log::error!("going on with the old configuration: {error:#}");
                self.notify.send("READY=1");
                return;
            }
        };
        if next.config.serving.pool.socket != self.current.config.serving.pool.socket
            && !self.listener.is_systemds()
        {
            log::warn!("[server] socket has changed: that needs a restart");
        }
        log::info!("reloading: {} new workers", next.all_workers());
        if let Some(overtaken) = self.next.replace(next) {
            self.pool.drain(overtaken.number);
        }
    }

    /// Hands over to the next generation when all of its workers are ready.
    fn roll_over(&mut self) {
        let ready = |next: &mut Generation| self.pool.ready(next.number) == next.all_workers();
        if let Some(next) = self.next.take_if(ready) {
            self.pool.drain(self.current.number);
            self.pool.refuse(&[]);
            self.judge.lift();
            self.current = next;
            self.starting.failures = 0;
            self.notify.send("READY=1");
            log::info!("reloaded");
            log::info!("{}", self.current.config.serving.http.describe_ids());
        }
    }

    /// Says once that the server is ready.
    fn announce(&mut self) {
        if self.ready || self.pool.ready(self.current.number) < self.current.all_workers() {
            return;
        }
        self.ready = true;
        let Serving { pool, .. } = &self.current.config.serving;
        log::info!("ready with {} workers, and {} in the background", pool.workers, pool.background_workers);
        log::info!("{}", self.current.config.serving.http.describe_ids());
        if let Some(path) = &self.options.pid_file {
            match PidFile::write(path) {
                Ok(file) => self.pid_file = Some(file),
                Err(error) => log::error!("cannot write the pid file {}: {error}", path.display()),
            }
        }
        self.notify.send("READY=1");
    }

    fn report(&mut self, now: Instant) {
        if now.saturating_duration_since(self.reported) >= REPORT {
            self.reported = now;
            let [front, back] = self.pool.busy();
            let Serving { pool, .. } = &self.current.config.serving;
            let (workers, background) = (pool.workers, pool.background_workers);
            let (served, lost) = (self.pool.served(), self.lost);
            let quarantined = self.judge.len();
            self.notify.send(&format!(
                "WATCHDOG=1\nSTATUS={front} of {workers} workers busy, {back} of {background} in the background, \
                 {served} requests served, {lost} workers lost, {quarantined} requests in quarantine"
            ));
        }
    }

    fn stop(&mut self) {
        if self.stopping.is_some() {
            return;
        }
        log::info!("stopping");
        self.notify.send("STOPPING=1");
        let serve_queue = !self.listener.is_systemds();
        self.listener.close_door();
        let front_limit = Instant::now() + self.current.config.serving.pool.deadline + STOP_GRACE;
        self.stopping = Some(Stopping { front_limit, limit: front_limit + QUEUE_GRACE, serve_queue });
    }
}

impl Starting {
    /// A failure within the pause after another one is the same failure: all workers fail at once.
    fn fail(&mut self, now: Instant) {
        if now >= self.not_before {
            let doubled = FIRST_PAUSE.saturating_mul(1 << self.failures.min(10));
            self.failures = self.failures.saturating_add(1);
            self.not_before = now + doubled.min(LONGEST_PAUSE);
        }
    }
}

impl Stopping {
    fn step(&self, pool: &mut Pool, listener: &Listener, now: Instant) -> ControlFlow<()> {
        if pool.is_empty() {
            return ControlFlow::Break(());
        }
        if now >= self.limit + KILL_GRACE {
            log::error!("{} workers cannot be killed, for they wait for a file system", pool.len());
            return ControlFlow::Break(());
        }
        if now >= self.limit {
            pool.kill_all();
        } else if pool.queues_are_done() {
            pool.drain_all();
        } else if now >= self.front_limit {
            pool.kill_front();
        } else if !(self.serve_queue && listener.has_queue()) {
            pool.drain_front();
        }
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_limit_and_a_batch_counts_once() {
        let mut now = Instant::now();
        let mut starting = Starting { failures: 0, not_before: now };
        for expected in [100, 200, 400, 800, 1600, 3200, 5000, 5000] {
            starting.fail(now);
            starting.fail(now);
            assert_eq!(starting.not_before - now, Duration::from_millis(expected));
            now = starting.not_before;
        }
        assert_eq!(starting.failures, 8);
    }
}
