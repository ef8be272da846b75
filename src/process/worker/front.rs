//! A front worker: takes what arrives at the listening sockets, does what is cheap, and hands the rest over, or refuses
//! it at once if it would wait for too long. So its next request waits for a cheap one at most.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::atomic::AtomicBool;

use super::place::Place;
use super::station::{Arrival, FETCH, Shared, Station};
use super::waiting_room::WaitingRoom;
use crate::derive::plan::{Class, Cost};
use crate::desk::Job;
use crate::error::Error;
use crate::process::lane::Lane;
use crate::process::scoreboard::now;

pub(super) struct Front {
    room: WaitingRoom,
    shared: Shared,
}

impl Front {
    pub(super) fn new(listeners: Vec<OwnedFd>, shared: Shared) -> io::Result<Self> {
        Ok(Self { room: WaitingRoom::new(listeners)?, shared })
    }
}

impl Station for Front {
    fn next(&mut self, stop: &AtomicBool) -> io::Result<Option<Arrival>> {
        self.room.next(stop)
    }

    fn keeps(&mut self, job: &Job, arrival: &Arrival, _: &mut Place) -> Result<bool, Error> {
        let class = job.cost.class();
        if class == Class::Cheap {
            return Ok(true);
        }
        self.shared.hand_over(Lane::of(class), job.cost.work, now(), arrival)?;
        Ok(false)
    }

    fn may_wait(&self) -> bool {
        Lane::Front.may_wait()
    }

    fn fetches(&mut self, arrival: &Arrival) -> Result<(), Error> {
        self.shared.hand_over(Lane::Far, FETCH, now(), arrival)
    }

    fn shared(&self) -> &Shared {
        &self.shared
    }

    fn passes_on(&mut self, arrival: &Arrival) -> bool {
        self.shared.hand_over(Lane::Middling, Cost::CHEAP.work, now(), arrival).is_ok()
    }

    fn done(&mut self, _: bool) {}
}
