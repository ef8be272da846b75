//! What a worker decides of the request in its hands: whether it may be worked on at all, and for how long.
//! Must not know what a request means: it hears names and costs.

use std::rc::Rc;
use std::time::Duration;

use super::connection::Peer;
use super::place::Place;
use super::storage::{Storage, Way, no_answer};
use crate::desk::{Admission, Desk, Job};
use crate::error::Error;
use crate::process::refusals::{Why, master_of};
use crate::watch::Watch;

/// How long clients are told to wait for what is refused because it took too long.
const REST: Duration = Duration::from_secs(30);

/// The desk of a worker while it has one request in its hands.
pub(super) struct WorkerDesk<'a> {
    pub(super) place: &'a mut Place,
    pub(super) storage: &'a mut Storage,
    /// Who asks.
    pub(super) peer: &'a Rc<Peer>,
    /// How long the work may take.
    pub(super) budget: Duration,
}

impl WorkerDesk<'_> {
    /// Goes on under this name, if that, and anything of its master, may be tried.
    fn take_up(&mut self, name: &str) -> Result<(), Error> {
        let name = name.as_bytes();
        match self.place.why_refused(&[name, master_of(name).unwrap_or(name)]) {
            None => {
                self.place.go_on_with(name);
                Ok(())
            }
            Some(Why::Deadly) => Err(Error::Quarantined),
            Some(_) => {
                Err(Error::Busy { why: "this took too long and is not tried again for a while", wait: REST })
            }
        }
    }

    /// Goes to a device other than that of the root, if this worker may.
    fn go_to(&mut self, device: u64) -> Result<(), Error> {
        self.place.go_to(device);
        match self.storage.way(device, self.place) {
            Way::Open | Way::Crowded => Ok(()),
            Way::Shut => {
                self.place.come_back();
                Err(no_answer())
            }
        }
    }
}

impl Desk for WorkerDesk<'_> {
    fn opens(&mut self, identifier: &str) -> Result<(), Error> {
        self.take_up(identifier)?;
        match self.storage.device(identifier) {
            0 => Ok(()),
            device => self.go_to(device),
        }
    }

    fn reads(&mut self, path: &str) -> Result<(), Error> {
        self.take_up(path)
    }

    fn admit(&mut self, job: Job) -> Result<Admission, Error> {
        self.take_up(&job.name)?;
        let peer = Rc::clone(self.peer);
        Ok(Admission::Begin(Watch::new(self.budget, move || peer.has_left())))
    }
}
