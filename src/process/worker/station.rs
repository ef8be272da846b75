//! Where a worker stands: at the front, or at the back. What both have in common.

use std::io;
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::connection::Peer;
use super::place::Place;
use crate::desk::Job;
use crate::error::{Busy, Error};
use crate::fastcgi::Incoming;
use crate::process::lane::Lane;
use crate::process::ledger::Ledger;
use crate::process::queue::{Errand, Queues};
use crate::process::scoreboard::counters::{Count, Counters};
use crate::process::scoreboard::{Scoreboard, now};
use crate::process::status::{Sources, Stores};

/// How long a wait for requests lasts before the worker looks around: at a signal that came just before it, and for
/// requests of which nobody heard because whoever was woken for them has died.
pub(super) const TURN: Duration = Duration::from_secs(1);

/// How long it is taken to take to fetch something from a store, and to serve it, until it is known how long it does.
pub(super) const FETCH: Duration = Duration::from_millis(100);

/// How long a request may be expected to wait in the queue of a lane; if it would take longer, it is refused at once.
/// Whoever looks at a picture waits for some seconds and no more; what is dear takes seconds in any case; and what has to
/// wait for a store should not have to wait for others that do.
pub(super) fn patience(queue: Lane) -> Duration {
    match queue {
        Lane::Far => Duration::from_secs(1),
        Lane::Front | Lane::Middling => Duration::from_secs(3),
        Lane::Dear => Duration::from_secs(5),
    }
}

/// A whole request, and who asks.
pub(super) struct Arrival {
    pub(super) peer: Rc<Peer>,
    pub(super) incoming: Incoming,
}

impl Arrival {
    /// The request of the peer at the other end of `stream`, which does not block.
    pub(super) fn new(stream: UnixStream, incoming: Incoming) -> Self {
        Self { peer: Rc::new(Peer::new(stream)), incoming }
    }
}

/// What all workers of the pool share.
pub(super) struct Shared {
    pub(super) queues: Queues,
    pub(super) ledger: Ledger,
    pub(super) scoreboard: Rc<Scoreboard>,
    /// The worker's slot on the scoreboard and in the ledger.
    pub(super) slot: usize,
    /// What tells how the stores are, if there are any.
    pub(super) stores: Option<Stores>,
    /// Bytes that the requests of all back workers may need together: as many as one alone may, or more (`derive`).
    pub(super) memory: u64,
}

impl Shared {
    /// What tells how the service is.
    pub(super) fn sources(&self) -> Sources<'_> {
        let Self { queues, ledger, scoreboard, stores, memory, .. } = self;
        Sources { scoreboard, ledger, queues, stores: stores.as_ref(), memory: *memory, patience }
    }

    /// What this worker counts.
    pub(super) fn counters(&self) -> Counters<'_> {
        self.scoreboard.counters(self.slot)
    }

    /// Puts a request that should take so long, and was first handed over then, into the queue of a lane, if that is short
    /// enough.
    ///
    /// # Errors
    /// [`Error::Busy`] if it is not.
    pub(super) fn hand_over(
        &self,
        queue: Lane,
        work: Duration,
        since: u64,
        arrival: &Arrival,
    ) -> Result<(), Error> {
        let busy = |wait| Error::Busy { why: Busy::Queue, wait };
        let mut locked = self.ledger.lock().ok_or_else(|| busy(patience(queue)))?;
        locked.books.heal(self.queues.are_empty());
        let wait = Duration::from_millis(locked.books.wait(queue, now()));
        if wait > patience(queue) {
            return Err(busy(wait));
        }
        let work = u64::try_from(work.as_millis()).unwrap_or(u64::MAX);
        let errand = Errand { incoming: arrival.incoming.clone(), work, since };
        self.queues.of(queue).put(&errand, &*arrival.peer).map_err(|error| {
            log::debug!("cannot hand a request over: {error}");
            busy(wait.max(patience(queue)))
        })?;
        let line = locked.books.line(queue);
        line.work = line.work.saturating_add(work);
        locked.write_lines();
        self.counters().add(Count::HandedOver(queue), 1);
        Ok(())
    }
}

/// Where requests come from, and what is done with them there.
pub(super) trait Station {
    /// Waits for the next request. None after `stop`, when nothing is left that only this worker can answer.
    ///
    /// # Errors
    /// If the system fails.
    fn next(&mut self, stop: &AtomicBool) -> io::Result<Option<Arrival>>;

    /// Whether a job is done here and now. If not, it was handed over.
    ///
    /// # Errors
    /// If it is not done at all.
    fn keeps(&mut self, job: &Job, arrival: &Arrival, place: &mut Place) -> Result<bool, Error>;

    /// Whether it waits for stores.
    fn may_wait(&self) -> bool;

    /// Has somebody begin anew with a request who waits for its store.
    ///
    /// # Errors
    /// If nobody can.
    fn fetches(&mut self, arrival: &Arrival) -> Result<(), Error>;

    /// Whether somebody else takes a request that too many here would work on at once.
    fn passes_on(&mut self, arrival: &Arrival) -> bool;

    /// What it shares with the others.
    fn shared(&self) -> &Shared;

    /// To be called when the request is done with, whether it was answered as it asked or not.
    fn done(&mut self, answered: bool);
}
