//! A back worker: takes the requests that were handed over, one at a time, when there is memory for it.
//! It runs at a low priority: the processors are the front workers' whenever these have something to do. A far worker, which
//! mostly waits, does not: what is cheap it serves as a front worker would, and hands the rest over.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::event::{Timespec, epoll};
use rustix::io::Errno;

use super::connection::Peer;
use super::place::Place;
use super::station::{Arrival, FETCH, Shared, Station, TURN, patience};
use crate::derive::plan::{Class, Cost};
use crate::desk::Job;
use crate::error::{Busy, Error, Stopped};
use crate::process::lane::Lane;
use crate::process::ledger::Hand;
use crate::process::scoreboard::counters::{Count, Times};
use crate::process::scoreboard::now;

/// How often it is tried again to get memory.
const MEMORY_PAUSE: Duration = Duration::from_millis(10);

pub(super) struct Back {
    shared: Shared,
    lane: Lane,
    epoll: OwnedFd,
    /// What the ledger says of this worker.
    hand: Hand,
    /// The queue of the last request, and how much work it was said to be.
    last: (Lane, u64),
    /// When it was handed over.
    handed_over: u64,
    /// When it was begun: after all waiting, but that for a store, which is what a far worker is there for.
    begun: Option<Instant>,
}

impl Back {
    pub(super) fn new(lane: Lane, shared: Shared) -> io::Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        for queue in Lane::QUEUED.into_iter().filter(|queue| lane.takes(*queue)) {
            let number = epoll::EventData::new_u64(queue.queue() as u64);
            let events = epoll::EventFlags::IN | epoll::EventFlags::EXCLUSIVE;
            epoll::add(&epoll, shared.queues.of(queue).exit(), number, events)?;
        }
        let hand = Hand { lane: Some(lane), ..Hand::default() };
        shared.ledger.write_hand(shared.slot, &hand)?;
        let last = (Lane::Middling, 0);
        Ok(Self { shared, lane, epoll, hand, last, handed_over: 0, begun: None })
    }

    /// The queue in which something has stirred; None if nothing has for a while, or at a signal.
    fn wait(&self) -> io::Result<Option<Lane>> {
        let limit = Timespec::try_from(TURN).map_err(io::Error::other)?;
        let mut events = [MaybeUninit::uninit(); 1];
        match epoll::wait(&self.epoll, &mut events, Some(&limit)) {
            Ok((events, _)) => {
                let number = events.first().and_then(|event| usize::try_from(event.data.u64()).ok());
                Ok(number.and_then(|number| Lane::QUEUED.get(number)).copied())
            }
            Err(Errno::INTR) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Takes the request that has waited longest in `queue`, and notes that in the ledger. If somebody
    /// keeps the ledger, it does without: what is wrong in it then is put right when the queue is empty.
    fn take(&mut self, queue: Lane) -> io::Result<Option<Arrival>> {
        if self.shared.queues.are_empty()[queue.queue()] {
            return Ok(None);
        }
        let locked = self.shared.ledger.lock();
        let Some((errand, connection)) = self.shared.queues.of(queue).take()? else { return Ok(None) };
        self.last = (queue, errand.work);
        self.handed_over = errand.since;
        let since = now();
        let waited = Duration::from_millis(since.saturating_sub(errand.since));
        self.shared.counters().add(Count::Taken(queue), 1);
        self.shared.counters().time(Times::Wait(queue), waited);
        self.hand = Hand { bytes: 0, since, expected: errand.work, ..self.hand };
        self.begun = (queue == Lane::Far).then(Instant::now);
        if let Some(mut locked) = locked {
            let line = locked.books.line(queue);
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

    /// What is not cheap goes on to who has time for it, and finds there what was fetched so far.
    fn keeps_cheap(&mut self, job: &Job, arrival: &Arrival) -> Result<bool, Error> {
        let class = job.cost.class();
        if class == Class::Cheap {
            return Ok(true);
        }
        self.shared.hand_over(Lane::of(class), job.cost.work, now(), arrival)?;
        Ok(false)
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
        let lane = self.lane;
        let mut queues: Vec<_> = Lane::QUEUED.into_iter().filter(|queue| lane.takes(*queue)).collect();
        if self.last.0 == Lane::Middling {
            queues.reverse();
        }
        let mut look = queues.clone();
        while !stop.load(Ordering::Relaxed) {
            for queue in look {
                if let Some(arrival) = self.take(queue)? {
                    return Ok(Some(arrival));
                }
            }
            look = self.wait()?.map_or_else(|| queues.clone(), |queue| vec![queue]);
        }
        // Nobody is to count on this one any more.
        self.hand.lane = None;
        self.write_hand();
        Ok(None)
    }

    fn keeps(&mut self, job: &Job, arrival: &Arrival, place: &mut Place) -> Result<bool, Error> {
        // Until it was taken: how long a store may take is for others to say.
        let waited = Duration::from_millis(self.hand.since.saturating_sub(self.handed_over));
        if waited > 2 * patience(self.last.0) {
            return Err(Error::Busy { why: Busy::Waited, wait: waited });
        }
        if self.lane == Lane::Far {
            return self.keeps_cheap(job, arrival);
        }
        self.wait_for_memory(job.cost, &arrival.peer, place)?;
        self.begun = Some(Instant::now());
        Ok(true)
    }

    fn shared(&self) -> &Shared {
        &self.shared
    }

    fn may_wait(&self) -> bool {
        self.lane.may_wait()
    }

    /// The store has another version by now. Whoever takes it next knows since when it has been on its way.
    fn fetches(&mut self, arrival: &Arrival) -> Result<(), Error> {
        self.shared.hand_over(Lane::Far, FETCH, self.handed_over, arrival)
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
