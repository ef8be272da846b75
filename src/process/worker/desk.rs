//! What a worker decides of the request in its hands: whether it may be worked on at all, and for how long.
//! Must not know what a request means: it hears names and costs.

use std::rc::Rc;
use std::time::Duration;

use super::place::Place;
use super::station::{Arrival, Station};
use super::storage::{Storage, Way};
use crate::desk::{Admission, Desk, Job};
use crate::error::{Busy, Error};
use crate::process::refusals::{Why, master_of};
use crate::source::no_answer;
use crate::watch::Watch;

/// How long clients are told to wait for what is refused because it took too long.
const REST: Duration = Duration::from_secs(30);

/// The desk of a worker while it has one request in its hands.
pub(super) struct WorkerDesk<'a> {
    pub(super) place: &'a mut Place,
    pub(super) storage: &'a mut Storage,
    pub(super) station: &'a mut dyn Station,
    pub(super) arrival: &'a Arrival,
    /// How long the work may take, from when it was begun.
    pub(super) budget: Duration,
}

impl WorkerDesk<'_> {
    /// Whether the request may be begun under the name that it came by.
    ///
    /// # Errors
    /// If it has ended workers before more was known of it.
    pub(super) fn begins(&self) -> Result<(), Error> {
        self.may_try(self.place.name())
    }

    /// Goes on under this name, if that, and anything of its master, may be tried.
    fn take_up(&mut self, name: &str) -> Result<(), Error> {
        self.may_try(name.as_bytes())?;
        self.place.go_on_with(name.as_bytes());
        Ok(())
    }

    fn may_try(&self, name: &[u8]) -> Result<(), Error> {
        match self.place.why_refused(&[name, master_of(name).unwrap_or(name)]) {
            None => Ok(()),
            Some(Why::Deadly) => Err(Error::Quarantined),
            Some(_) => Err(Error::Busy { why: Busy::Rest, wait: REST }),
        }
    }

    /// How long the work may take from here on, and whether anybody waits for it.
    fn watch(&self) -> Watch {
        let peer = Rc::clone(&self.arrival.peer);
        Watch::new(self.budget.saturating_sub(self.place.worked()), move || peer.has_left())
    }

    /// Goes to a device, if this worker may; or lets another go.
    fn go_to(&mut self, device: u64) -> Result<bool, Error> {
        self.place.go_to(device);
        let way = self.storage.way(device, self.place);
        if way == Way::Open || (way == Way::Crowded && !self.station.passes_on(self.arrival)) {
            return Ok(true);
        }
        self.place.come_back();
        if way == Way::Shut { Err(no_answer()) } else { Ok(false) }
    }
}

impl Desk for WorkerDesk<'_> {
    fn opens(&mut self, identifier: &str) -> Result<bool, Error> {
        self.take_up(identifier)?;
        match self.storage.device(identifier, self.place) {
            0 => Ok(true),
            device => self.go_to(device),
        }
    }

    fn reads(&mut self, path: &str) -> Result<(), Error> {
        self.take_up(path)
    }

    fn patience(&self) -> Option<Watch> {
        self.station.may_wait().then(|| self.watch())
    }

    fn fetches(&mut self) -> Result<(), Error> {
        self.station.fetches(self.arrival)
    }

    fn admit(&mut self, job: Job) -> Result<Admission, Error> {
        self.place.is_of(job.cost.class());
        self.take_up(&job.name)?;
        // It may have to wait now, but not for a file system.
        let device = self.place.come_back();
        if !self.station.keeps(&job, self.arrival, self.place)? {
            return Ok(Admission::HandedOver);
        }
        if device != 0 {
            self.place.go_to(device);
        }
        Ok(Admission::Begin(self.watch()))
    }
}
