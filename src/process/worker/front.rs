//! A front worker: takes what arrives at the listening sockets, does what is cheap, and hands the rest over, or refuses
//! it at once if it would wait for too long. So its next request waits for a cheap one at most.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::place::Place;
use super::station::{Arrival, Shared, Station, patience};
use super::waiting_room::WaitingRoom;
use crate::derive::plan::{Class, Cost};
use crate::desk::Job;
use crate::error::{Busy, Error};
use crate::process::queue::Errand;
use crate::process::scoreboard::counters::Count;
use crate::process::scoreboard::now;

pub(super) struct Front {
    room: WaitingRoom,
    shared: Shared,
}

impl Front {
    pub(super) fn new(listeners: Vec<OwnedFd>, shared: Shared) -> io::Result<Self> {
        Ok(Self { room: WaitingRoom::new(listeners)?, shared })
    }

    /// Puts a request into the queue of its class, if that is short enough.
    fn hand_over(&self, class: Class, cost: Cost, arrival: &Arrival) -> Result<(), Error> {
        let busy = |wait| Error::Busy { why: Busy::Queue, wait };
        let Shared { ledger, queues, .. } = &self.shared;
        let mut locked = ledger.lock().ok_or_else(|| busy(patience(class)))?;
        locked.books.heal(queues.are_empty());
        let since = now();
        let wait = Duration::from_millis(locked.books.wait(class, since));
        if wait > patience(class) {
            return Err(busy(wait));
        }
        let work = u64::try_from(cost.work.as_millis()).unwrap_or(u64::MAX);
        let errand = Errand { incoming: arrival.incoming.clone(), work, since };
        queues.of(class).put(&errand, &*arrival.peer).map_err(|error| {
            log::debug!("cannot hand a request over: {error}");
            busy(wait.max(patience(class)))
        })?;
        let line = locked.books.line(class);
        line.work = line.work.saturating_add(work);
        locked.write_lines();
        self.shared.counters().add(Count::HandedOver(class), 1);
        Ok(())
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
        self.hand_over(class, job.cost, arrival)?;
        Ok(false)
    }

    fn shared(&self) -> &Shared {
        &self.shared
    }

    fn passes_on(&mut self, arrival: &Arrival) -> bool {
        self.hand_over(Class::Middling, Cost::CHEAP, arrival).is_ok()
    }

    fn done(&mut self, _: bool) {}
}
