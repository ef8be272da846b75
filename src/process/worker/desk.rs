//! What a worker decides of the request in its hands: whether it may be worked on at all, and for how long.
//! Must not know what a request means: it hears names and costs.

use std::rc::Rc;
use std::time::Duration;

use super::place::Place;
use super::station::{Arrival, Station};
use crate::desk::{Admission, Desk, Job};
use crate::error::Error;
use crate::watch::Watch;

/// The desk of a worker while it has one request in its hands.
pub(super) struct WorkerDesk<'a> {
    pub(super) place: &'a mut Place,
    pub(super) station: &'a mut dyn Station,
    pub(super) arrival: &'a Arrival,
    /// How long the work may take.
    pub(super) budget: Duration,
}

impl WorkerDesk<'_> {
    /// Goes on under this name, if nothing speaks against it.
    fn take_up(&mut self, name: &str) -> Result<(), Error> {
        if self.place.is_quarantined(name.as_bytes()) {
            let why = "this request has failed repeatedly and is not tried again for a while";
            return Err(Error::Internal(why.to_owned()));
        }
        self.place.go_on_with(name.as_bytes());
        Ok(())
    }
}

impl Desk for WorkerDesk<'_> {
    fn opens(&mut self, identifier: &str) -> Result<(), Error> {
        self.take_up(identifier)
    }

    fn admit(&mut self, job: Job) -> Result<Admission, Error> {
        self.take_up(&job.name)?;
        if !self.station.keeps(&job, self.arrival, self.place)? {
            return Ok(Admission::HandedOver);
        }
        let peer = Rc::clone(&self.arrival.peer);
        Ok(Admission::Begin(Watch::new(self.budget, move || peer.has_left())))
    }
}
