//! A back worker: takes the requests that were handed over, one at a time, when there is memory for it.
//! It runs at a low priority: the processors are the front workers' whenever these have something to do.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::event::{Timespec, epoll};
use rustix::io::Errno;

use super::connection::Peer;
use super::place::Place;
use super::station::{Arrival, Shared, Station, TURN, patience};
use crate::derive::plan::{Class, Cost};
use crate::desk::Job;
use crate::error::{Busy, Error, Stopped};
use crate::process::lane::Lane;
use crate::process::ledger::Hand;
use crate::process::scoreboard::counters::{Count, Times};
use crate::process::scoreboard::now;

/// How often it is tried again to get memory.
const MEMORY_PAUSE: Duration = Duration::from_millis(10);

/// The classes that are handed over, each by the number of its events.
const CLASSES: [Class; 2] = [Class::Middling, Class::Dear];

pub(super) struct Back {
    shared: Shared,
    lane: Lane,
    epoll: OwnedFd,
    /// What the ledger says of this worker.
    hand: Hand,
    /// The class of the last request, and how much work it was said to be.
    last: (Class, u64),
    /// When it was handed over.
    handed_over: u64,
    /// When it was begun, after all waiting.
    begun: Option<Instant>,
}

impl Back {
    pub(super) fn new(lane: Lane, shared: Shared) -> io::Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        for (number, class) in CLASSES.into_iter().enumerate().filter(|(_, class)| lane.takes(*class)) {
            let number = epoll::EventData::new_u64(number as u64);
            let events = epoll::EventFlags::IN | epoll::EventFlags::EXCLUSIVE;
            epoll::add(&epoll, shared.queues.of(class).exit(), number, events)?;
        }
        let hand = Hand { lane: Some(lane), ..Hand::default() };
        shared.ledger.write_hand(shared.slot, &hand)?;
        let last = (Class::Middling, 0);
        Ok(Self { shared, lane, epoll, hand, last, handed_over: 0, begun: None })
    }

    /// The class of a queue in which something has stirred; None if nothing has for a while, or at a signal.
    fn wait(&self) -> io::Result<Option<Class>> {
        let limit = Timespec::try_from(TURN).map_err(io::Error::other)?;
        let mut events = [MaybeUninit::uninit(); 1];
        match epoll::wait(&self.epoll, &mut events, Some(&limit)) {
            Ok((events, _)) => {
                let number = events.first().and_then(|event| usize::try_from(event.data.u64()).ok());
                Ok(number.and_then(|number| CLASSES.get(number)).copied())
            }
            Err(Errno::INTR) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Takes the request that has waited longest in the queue of `class`, and notes that in the ledger. If somebody
    /// keeps the ledger, it does without: what is wrong in it then is put right when the queue is empty.
    fn take(&mut self, class: Class) -> io::Result<Option<Arrival>> {
        if self.shared.queues.are_empty()[usize::from(class == Class::Dear)] {
            return Ok(None);
        }
        let locked = self.shared.ledger.lock();
        let Some((errand, connection)) = self.shared.queues.of(class).take()? else { return Ok(None) };
        self.last = (class, errand.work);
        self.handed_over = errand.since;
        let since = now();
        let waited = Duration::from_millis(since.saturating_sub(errand.since));
        self.shared.counters().add(Count::Taken(class), 1);
        self.shared.counters().time(Times::Wait(class), waited);
        self.hand = Hand { bytes: 0, since, expected: errand.work, ..self.hand };
        if let Some(mut locked) = locked {
            let line = locked.books.line(class);
            line.work = line.work.saturating_sub(errand.work);
            self.hand.expected = line.time_for(errand.work);
            locked.write_lines();
        }
        self.write_hand();
        Ok(Some(Arrival::new(connection.into(), errand.incoming)))
    }

    /// Waits until the requests of all back workers together hold no more memory than they may.
    fn wait_for_memory(&mut self, cost: Cost, peer: &Peer, place: &mut Place) -> Result<(), Error> {
        let since = Instant::now();
        while !self.reserve(cost.bytes) {
            if since.elapsed() > patience(self.last.0) {
                return Err(Error::Busy { why: Busy::Budget, wait: patience(self.last.0) });
            }
            if peer.leaves_within(MEMORY_PAUSE) {
                return Err(Error::Stopped(Stopped::AskerLeft));
            }
        }
        if self.hand.since != 0 && since.elapsed() > MEMORY_PAUSE {
            place.begin_again();
        }
        Ok(())
    }

    fn reserve(&mut self, bytes: u64) -> bool {
        let Some(locked) = self.shared.ledger.lock() else { return false };
        let others = locked.books.bytes_beside(self.shared.slot);
        let fits = others.saturating_add(bytes) <= self.shared.memory;
        if fits {
            self.hand.bytes = bytes;
            self.write_hand();
        }
        fits
    }

    fn write_hand(&self) {
        if let Err(error) = self.shared.ledger.write_hand(self.shared.slot, &self.hand) {
            log::error!("cannot write to the ledger: {error}");
        }
    }
}

impl Station for Back {
    /// Whoever takes from both queues takes from them in turn, so that neither has to wait for the end of the other;
    /// and from the one for which it was woken, for nobody else was.
    fn next(&mut self, stop: &AtomicBool) -> io::Result<Option<Arrival>> {
        let (lane, mut classes) = (self.lane, CLASSES);
        if self.last.0 == Class::Middling {
            classes.reverse();
        }
        let mut look = classes.to_vec();
        while !stop.load(Ordering::Relaxed) {
            for class in look.into_iter().filter(|class| lane.takes(*class)) {
                if let Some(arrival) = self.take(class)? {
                    return Ok(Some(arrival));
                }
            }
            look = self.wait()?.map_or(classes.to_vec(), |class| vec![class]);
        }
        // Nobody is to count on this one any more.
        self.hand.lane = None;
        self.write_hand();
        Ok(None)
    }

    fn keeps(&mut self, job: &Job, arrival: &Arrival, place: &mut Place) -> Result<bool, Error> {
        let waited = Duration::from_millis(now().saturating_sub(self.handed_over));
        if waited > 2 * patience(self.last.0) {
            return Err(Error::Busy { why: Busy::Waited, wait: waited });
        }
        self.wait_for_memory(job.cost, &arrival.peer, place)?;
        self.begun = Some(Instant::now());
        Ok(true)
    }

    fn shared(&self) -> &Shared {
        &self.shared
    }

    fn passes_on(&mut self, _: &Arrival) -> bool {
        false
    }

    fn done(&mut self, answered: bool) {
        self.hand = Hand { lane: self.hand.lane, ..Hand::default() };
        self.write_hand();
        let taken =
            self.begun.take().map(|begun| u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX));
        if let Some(taken) = taken.filter(|_| answered)
            && let Some(mut locked) = self.shared.ledger.lock()
        {
            locked.books.line(self.last.0).learn(self.last.1, taken);
            locked.write_lines();
        }
    }
}
