//! Where connections are accepted, and wait until their request is whole. A peer that is slow, or silent, costs a place
//! among many here, and no worker's patience: whoever has a request is served before it.
//! Must not know what a request asks for.
//! epoll(7): with EPOLLEXCLUSIVE a connection wakes one idle worker, not all.

use std::collections::VecDeque;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::event::{Timespec, epoll};
use rustix::io::Errno;
use rustix::net::{SocketFlags, accept_with};

use super::station::{Arrival, TURN};
use crate::fastcgi::{self, Assembly, Incoming};

/// How long a request may take to arrive.
const UNFINISHED: Duration = Duration::from_secs(5);

/// How long it may take when the worker is to finish. NGINX writes in the moment in which it connects, so a peer that is
/// silent for this long is no NGINX. Not less: on a machine with far too much to do NGINX may lose the processor between
/// the two for over 100 ms (seen), as long as the period of a CPU quota, and hanging up then would lose a request.
const UNFINISHED_AT_THE_END: Duration = Duration::from_millis(300);

/// How many may wait. Beyond that the one that has waited longest has to go: NGINX is never in that place.
const PLACES: usize = 256;

/// The listening sockets, and the connections accepted from them that are not whole requests yet.
pub(super) struct WaitingRoom {
    /// Events at these have their numbers; guests count from there.
    doors: Vec<OwnedFd>,
    epoll: OwnedFd,
    /// In the order of their arrival, which is that of their numbers.
    guests: VecDeque<Guest>,
    numbers: u64,
    /// Whether connections are accepted.
    open: bool,
}

/// A connection whose request is not whole yet.
struct Guest {
    number: u64,
    stream: UnixStream,
    assembly: Assembly,
    arrived: Instant,
}

impl WaitingRoom {
    /// An empty one. The listening sockets must not block: somebody else may be faster.
    ///
    /// # Errors
    /// If one of them is no socket.
    pub(super) fn new(doors: Vec<OwnedFd>) -> io::Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let events = epoll::EventFlags::IN | epoll::EventFlags::EXCLUSIVE;
        for (number, door) in (0..).zip(&doors) {
            epoll::add(&epoll, door, epoll::EventData::new_u64(number), events)?;
        }
        let numbers = doors.len() as u64;
        Ok(Self { doors, epoll, guests: VecDeque::new(), numbers, open: true })
    }

    /// Waits for the next whole request. None after `stop`, when all that were accepted before it have been served.
    ///
    /// # Errors
    /// If the socket fails.
    pub(super) fn next(&mut self, stop: &AtomicBool) -> io::Result<Option<Arrival>> {
        loop {
            if self.open && stop.load(Ordering::Relaxed) {
                for door in &self.doors {
                    epoll::delete(&self.epoll, door)?;
                }
                self.open = false;
            }
            if let Some(late) = self.send_off()? {
                return Ok(Some(late));
            }
            if !self.open && self.guests.is_empty() {
                return Ok(None);
            }
            let arrival = match self.wait()? {
                // Even if nothing has stirred: whoever was woken for a connection may have died before it took it.
                None if self.open => self.look_around()?,
                None => None,
                Some(number) => match usize::try_from(number).ok().filter(|door| *door < self.doors.len()) {
                    Some(door) => self.admit(door)?,
                    None => self.hear(number)?,
                },
            };
            if arrival.is_some() {
                return Ok(arrival);
            }
        }
    }

    /// Closes the connections of those who have taken too long. The first who has spoken after all, while the worker was
    /// busy, is served.
    fn send_off(&mut self) -> io::Result<Option<Arrival>> {
        let limit = self.limit();
        while let Some(guest) = self.guests.front().filter(|guest| guest.arrived.elapsed() >= limit) {
            let number = guest.number;
            if let Some(arrival) = self.hear(number)? {
                return Ok(Some(arrival));
            }
            if self.guests.front().is_some_and(|guest| guest.number == number) {
                log::debug!("no request: the peer has been silent for too long");
                self.guests.pop_front();
            }
        }
        Ok(None)
    }

    fn limit(&self) -> Duration {
        if self.open { UNFINISHED } else { UNFINISHED_AT_THE_END }
    }

    /// The number of who has stirred; None if nobody has for a while, or at a signal. One at a time: the others stay
    /// ready, and nothing that is known of them can be out of date.
    fn wait(&self) -> io::Result<Option<u64>> {
        let left = self.guests.front().map(|guest| self.limit().saturating_sub(guest.arrived.elapsed()));
        // Rounded up to a millisecond, so that the last wait does not become a spin of empty ones.
        let limit = left.map_or(TURN, |left| TURN.min(left + Duration::from_millis(1)));
        let limit = Timespec::try_from(limit).map_err(io::Error::other)?;
        let mut events = [MaybeUninit::uninit(); 1];
        match epoll::wait(&self.epoll, &mut events, Some(&limit)) {
            Ok((events, _)) => Ok(events.first().map(|event| event.data.u64())),
            Err(Errno::INTR) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Accepts a connection, from wherever there is one.
    fn look_around(&mut self) -> io::Result<Option<Arrival>> {
        for door in 0..self.doors.len() {
            if let Some(arrival) = self.admit(door)? {
                return Ok(Some(arrival));
            }
        }
        Ok(None)
    }

    /// Accepts a connection, and reads at once: NGINX has written by now.
    fn admit(&mut self, door: usize) -> io::Result<Option<Arrival>> {
        let Some(stream) = accept(&self.doors[door])? else { return Ok(None) };
        let mut guest =
            Guest { number: self.numbers, stream, assembly: Assembly::default(), arrived: Instant::now() };
        self.numbers += 1;
        match guest.hear() {
            Ok(Some(incoming)) => return Ok(Some(Arrival::new(guest.stream, incoming))),
            Ok(None) => self.seat(guest),
            Err(error) => log::debug!("no request: {error}"),
        }
        Ok(None)
    }

    fn seat(&mut self, guest: Guest) {
        if self.guests.len() == PLACES {
            self.guests.pop_front();
        }
        let number = epoll::EventData::new_u64(guest.number);
        match epoll::add(&self.epoll, &guest.stream, number, epoll::EventFlags::IN) {
            Ok(()) => self.guests.push_back(guest),
            Err(error) => log::warn!("a connection cannot be waited for: {error}"),
        }
    }

    /// Reads what a guest has sent.
    fn hear(&mut self, number: u64) -> io::Result<Option<Arrival>> {
        let Ok(at) = self.guests.binary_search_by_key(&number, |guest| guest.number) else { return Ok(None) };
        let heard = self.guests[at].hear();
        if let Ok(None) = heard {
            return Ok(None);
        }
        let Some(guest) = self.guests.remove(at) else { return Ok(None) };
        match heard {
            Ok(Some(incoming)) => {
                // It may live on with another worker, and would go on stirring here.
                epoll::delete(&self.epoll, &guest.stream)?;
                return Ok(Some(Arrival::new(guest.stream, incoming)));
            }
            Ok(None) => {}
            Err(error) => log::debug!("no request: {error}"),
        }
        Ok(None)
    }
}

impl Guest {
    fn hear(&mut self) -> Result<Option<Incoming>, fastcgi::Error> {
        fastcgi::read_request(&mut self.stream, &mut self.assembly)
    }
}

/// The next connection, or `None` if there is none, or the peer has left again. One of TCP is read and written as one of
/// a unix socket is.
fn accept(listener: &OwnedFd) -> io::Result<Option<UnixStream>> {
    match accept_with(listener, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK) {
        Ok(stream) => Ok(Some(stream.into())),
        Err(Errno::AGAIN | Errno::INTR | Errno::CONNABORTED) => Ok(None),
        Err(shortage @ (Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM)) => {
            log::warn!("cannot accept: {shortage}");
            std::thread::sleep(Duration::from_millis(50));
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}
