//! Where the objects of a source come from: requests to its store, as often and as fast as it bears.

use std::cell::Cell;
use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;

use tokio::time::{Instant, sleep};

use super::counts::{Count, Counts};
use super::endpoint::Endpoint;
use super::environment::Environment;
use super::failure::Failure;
use super::gate::Place;
use super::once::Urgency;
use super::remote::{Condition, Incoming, Remote};
use super::retry;
use crate::blocks::Spent;
use crate::source::{StoreSettings, store_name};

/// The store of a source.
pub(super) struct Origin {
    /// The source, by its place in the configuration.
    pub(super) source: usize,
    /// What its store is called wherever its objects are kept.
    pub(super) name: String,
    remote: Rc<Remote>,
    endpoint: Rc<Endpoint>,
    counts: Rc<Counts>,
}

/// What was asked of stores for one ask of a worker.
#[derive(Debug, Default)]
pub(super) struct Meter(Cell<Spent>);

/// An answer that has begun, and the place that it takes until it is dropped.
pub(super) struct Arrival {
    pub(super) incoming: Incoming,
    _place: Place,
}

/// What is asked for.
#[derive(Clone, Copy)]
pub(super) struct Wanted<'a> {
    pub(super) key: &'a str,
    pub(super) condition: Condition<'a>,
    pub(super) urgency: &'a Urgency,
    pub(super) meter: &'a Meter,
}

/// By the places of sources in the configuration; directories have none.
pub(super) type Origins = Vec<Option<Rc<Origin>>>;

/// The stores of these sources. Nothing is asked of them yet.
///
/// # Errors
/// If one cannot be used as it is configured.
pub(super) fn all<'s>(
    stores: impl Iterator<Item = (usize, &'s StoreSettings)>,
    environment: &Environment,
    counts: &Rc<Counts>,
) -> anyhow::Result<Origins> {
    let mut endpoints: HashMap<String, Rc<Endpoint>> = HashMap::new();
    let mut origins = Origins::new();
    for (source, settings) in stores {
        let remote = Rc::new(Remote::new(settings, environment)?);
        let endpoint = endpoints.entry(remote.endpoint.clone());
        let endpoint = endpoint.or_insert_with_key(|name| Rc::new(Endpoint::new(name, Rc::clone(counts))));
        endpoint.serves(source);
        let (endpoint, counts) = (Rc::clone(endpoint), Rc::clone(counts));
        origins.resize_with(origins.len().max(source + 1), || None);
        origins[source] =
            Some(Rc::new(Origin { source, name: store_name(settings), remote, endpoint, counts }));
    }
    Ok(origins)
}

impl Origin {
    /// Tries until it succeeds, or no longer may. Each try asks for what is still missing by then.
    ///
    /// # Errors
    /// The last failure.
    pub(super) async fn patiently<T>(
        &self,
        key: &str,
        mut attempt: impl AsyncFnMut() -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let mut failures = 0;
        loop {
            if let Some(refusal) = self.endpoint.refuses() {
                return Err(refusal);
            }
            let outcome = attempt().await;
            self.endpoint.note(self.source, &self.remote, key, outcome.as_ref().err());
            let Err(failure) = outcome else { return outcome };
            failures += 1;
            let Some(pause) = retry::pause(&failure, failures, chance()) else { return Err(failure) };
            self.counts.add(self.source, Count::Retries, 1);
            tokio::select! {
                () = sleep(pause) => {}
                () = self.endpoint.opens() => return Err(failure),
            }
        }
    }

    /// Asks for a range of an object, and for it again if the answer takes long to begin.
    ///
    /// # Errors
    /// Why there is none.
    pub(super) async fn get(&self, range: &Range<u64>, wanted: Wanted<'_>) -> Result<Arrival, Failure> {
        let place = self.endpoint.gate.enter(wanted.urgency).await;
        let (after, begun) = (self.endpoint.hedge.borrow().after(), Instant::now());
        let first = self.request(range, wanted, place);
        tokio::pin!(first);
        let late = async {
            match after {
                Some(after) => sleep(after).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            outcome = &mut first => {
                if outcome.is_ok() {
                    self.endpoint.hedge.borrow_mut().answered(begun.elapsed());
                }
                return outcome;
            }
            () = self.endpoint.opens() => return Err(Failure::Down("others get no answer either".into())),
            () = late => {}
        }
        let Some(place) = self.endpoint.gate.if_free() else { return first.await };
        self.endpoint.hedge.borrow_mut().made();
        self.counts.add(self.source, Count::Hedges, 1);
        let second = self.request(range, wanted, place);
        tokio::pin!(second);
        // Whichever fails leaves it to the other one.
        tokio::select! {
            outcome = &mut first => if outcome.is_ok() { outcome } else { second.await },
            outcome = &mut second => if outcome.is_ok() { outcome } else { first.await },
        }
    }

    async fn request(
        &self,
        range: &Range<u64>,
        wanted: Wanted<'_>,
        place: Place,
    ) -> Result<Arrival, Failure> {
        self.asks(wanted.meter);
        let incoming = self.remote.get(wanted.key, range.clone(), wanted.condition).await?;
        Ok(Arrival { incoming, _place: place })
    }

    /// The keys that begin so: see [`Remote::list`].
    ///
    /// # Errors
    /// Why it does not answer.
    pub(super) async fn list(&self, beginning: &str, meter: &Meter) -> Result<Option<Vec<String>>, Failure> {
        self.patiently(beginning, async || {
            let _place = self.endpoint.gate.enter(&Urgency::urgent()).await;
            self.asks(meter);
            self.remote.list(beginning).await
        })
        .await
    }

    fn asks(&self, meter: &Meter) {
        meter.add(Spent { requests: 1, bytes: 0 });
        self.counts.add(self.source, Count::Requests, 1);
    }

    /// Counts bytes that came.
    pub(super) fn came(&self, bytes: u64, meter: &Meter) {
        meter.add(Spent { requests: 0, bytes });
        self.counts.add(self.source, Count::Bytes, bytes);
    }
}

impl Meter {
    fn add(&self, more: Spent) {
        self.0.set(self.0.get().and(more));
    }

    /// All so far.
    pub(super) fn spent(&self) -> Spent {
        self.0.get()
    }
}

/// Any number.
fn chance() -> u32 {
    let mut bytes = [0; 4];
    // Without chance, all pauses are the shortest.
    let _ = rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::NONBLOCK);
    u32::from_le_bytes(bytes)
}
