//! An endpoint, as all stores share it that are reached there: whether it is asked at all, how much at once, and what the
//! operator hears of it.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::spawn_local;
use tokio::time::{Instant, sleep, timeout};

use super::breaker::{Breaker, PROBE, Turn, until_probe};
use super::counts::{Count, Counts};
use super::failure::Failure;
use super::gate::Gate;
use super::hedge::Hedge;
use super::remote::{Condition, Remote};

/// How long nothing is said of a fault again.
const QUIET: Duration = Duration::from_secs(60);

/// How long a probe may take, and how many are under way at most: one that is slow does not keep the next one waiting.
const PATIENCE: Duration = Duration::from_secs(5);
const PROBES: usize = 10;

/// The longest pause that a store is granted.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// An endpoint.
pub(super) struct Endpoint {
    name: String,
    /// Places for requests.
    pub(super) gate: Gate,
    /// When second requests are made.
    pub(super) hedge: RefCell<Hedge>,
    breaker: RefCell<Breaker>,
    opens: Notify,
    paused_until: Cell<Option<Instant>>,
    last_asked: Cell<Instant>,
    probes: Cell<usize>,
    /// An object by which it can be found out whether anybody answers.
    sample: RefCell<Option<(Rc<Remote>, String)>>,
    /// What the operator was told, and when.
    said: RefCell<Vec<(Count, Instant)>>,
    counts: Rc<Counts>,
    /// The sources that are reached here.
    sources: RefCell<Vec<usize>>,
}

impl Endpoint {
    /// One that nobody was asked of yet.
    pub(super) fn new(name: &str, counts: Rc<Counts>) -> Self {
        Self {
            name: name.to_owned(),
            gate: Gate::default(),
            hedge: RefCell::default(),
            breaker: RefCell::default(),
            opens: Notify::new(),
            paused_until: Cell::default(),
            last_asked: Cell::new(Instant::now()),
            probes: Cell::default(),
            sample: RefCell::default(),
            said: RefCell::default(),
            counts,
            sources: RefCell::default(),
        }
    }

    /// Counts a source as one of those that are reached here.
    pub(super) fn serves(&self, source: usize) {
        self.sources.borrow_mut().push(source);
        self.counts.set_breaker(source, None);
    }

    /// Why it is not asked now, if it is not.
    pub(super) fn refuses(&self) -> Option<Failure> {
        let now = Instant::now();
        self.last_asked.set(now);
        if self.breaker.borrow().is_open() {
            return Some(Failure::Down("it has not answered for a while".into()));
        }
        let pause = self.paused_until.get().map(|until| until.saturating_duration_since(now));
        pause.filter(|pause| !pause.is_zero()).map(|pause| Failure::Throttled(Some(pause)))
    }

    /// Waits until nobody is let through any more.
    pub(super) async fn opens(&self) {
        self.opens.notified().await;
    }

    /// Takes note of the outcome of a request for an object of a source.
    pub(super) fn note(
        self: &Rc<Self>,
        source: usize,
        remote: &Rc<Remote>,
        key: &str,
        failure: Option<&Failure>,
    ) {
        if failure.is_none() || self.sample.borrow().is_none() {
            *self.sample.borrow_mut() = Some((Rc::clone(remote), key.to_owned()));
        }
        if let Some(Failure::Throttled(Some(pause))) = failure {
            self.paused_until.set(Some(Instant::now() + (*pause).min(LONGEST_PAUSE)));
        }
        match failure.and_then(|failure| Some((failure, failure.count()?))) {
            Some((failure, count)) => {
                self.counts.add(source, count, 1);
                self.say(count, &remote.name, failure);
            }
            None => self.counts.has_answered(source),
        }
        self.turn(failure);
    }

    fn turn(self: &Rc<Self>, failure: Option<&Failure>) {
        let turn = self.breaker.borrow_mut().outcome(failure);
        match turn {
            Turn::Same => {}
            Turn::Opened => {
                log::error!("{} is not asked any more until it answers again", self.name);
                self.opens.notify_waiters();
                self.show(Some(PROBE));
                spawn_local(probe(Rc::clone(self)));
            }
            Turn::Closed => {
                log::info!("{} answers again", self.name);
                self.show(None);
            }
        }
    }

    /// Shows for how long it is not asked.
    fn show(&self, wait: Option<Duration>) {
        self.sources.borrow().iter().for_each(|source| self.counts.set_breaker(*source, wait));
    }

    /// Says it to the operator, once in a while.
    fn say(&self, count: Count, store: &str, failure: &Failure) {
        let mut said = self.said.borrow_mut();
        said.retain(|(_, when)| when.elapsed() < QUIET);
        if said.iter().any(|(known, _)| *known == count) {
            return;
        }
        said.push((count, Instant::now()));
        match count {
            Count::Forbidden | Count::Lying => log::error!("{store}: {}", failure.explained()),
            _ => log::warn!("{store}: {}", failure.explained()),
        }
    }
}

/// Finds out again and again whether anybody answers, until somebody does.
async fn probe(endpoint: Rc<Endpoint>) {
    while endpoint.breaker.borrow().is_open() {
        let pause = until_probe(endpoint.last_asked.get().elapsed());
        endpoint.show(Some(pause));
        sleep(pause).await;
        let sample = endpoint.sample.borrow().clone();
        let Some((remote, key)) = sample.filter(|_| endpoint.probes.get() < PROBES) else { continue };
        endpoint.probes.set(endpoint.probes.get() + 1);
        let endpoint = Rc::clone(&endpoint);
        spawn_local(async move {
            let outcome = timeout(PATIENCE, remote.get(&key, 0..1, Condition::None)).await;
            let failure = outcome.unwrap_or(Err(Failure::Slow)).err();
            endpoint.probes.set(endpoint.probes.get() - 1);
            if endpoint.breaker.borrow().is_open() {
                endpoint.turn(failure.as_ref());
            }
        });
    }
}
