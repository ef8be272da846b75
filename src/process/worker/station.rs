//! Where a worker stands: at the front, or at the back. What both have in common.

use std::io;
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::connection::Peer;
use super::place::Place;
use crate::derive::plan::Class;
use crate::desk::Job;
use crate::error::Error;
use crate::fastcgi::Incoming;
use crate::process::ledger::Ledger;
use crate::process::queue::Queues;
use crate::process::scoreboard::Scoreboard;
use crate::process::scoreboard::counters::Counters;
use crate::process::status::Sources;

/// How long a wait for requests lasts before the worker looks around: at a signal that came just before it, and for
/// requests of which nobody heard because whoever was woken for them has died.
pub(super) const TURN: Duration = Duration::from_secs(1);

/// How long a request may be expected to wait in a queue; if it would take longer, it is refused at once. Whoever looks
/// at a picture waits for some seconds and no more; and what is dear takes seconds in any case.
pub(super) fn patience(class: Class) -> Duration {
    match class {
        Class::Cheap | Class::Middling => Duration::from_secs(3),
        Class::Dear => Duration::from_secs(5),
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
    /// Bytes that the requests of all back workers may need together: as many as one alone may, or more (`derive`).
    pub(super) memory: u64,
}

impl Shared {
    /// What tells how the service is.
    pub(super) fn sources(&self) -> Sources<'_> {
        let Self { queues, ledger, scoreboard, memory, .. } = self;
        Sources { scoreboard, ledger, queues, memory: *memory, patience }
    }

    /// What this worker counts.
    pub(super) fn counters(&self) -> Counters<'_> {
        self.scoreboard.counters(self.slot)
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

    /// Whether somebody else takes a request that too many here would work on at once.
    fn passes_on(&mut self, arrival: &Arrival) -> bool;

    /// What it shares with the others.
    fn shared(&self) -> &Shared;

    /// To be called when the request is done with, whether it was answered as it asked or not.
    fn done(&mut self, answered: bool);
}
