//! Requests on their way from one worker to another, each with the connection of its client.
//! The kernel holds what waits: the death of whoever put it there, or would have taken it, loses nothing. No process
//! owns a queue; all workers of all generations, and the supervisor, share all of them.
//! unix(7): SOCK_SEQPACKET, SCM_RIGHTS.

use std::io::{self, IoSlice};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::lane::Lane;
use crate::fastcgi::{Incoming, params};
use crate::http::Request;
use crate::packet::{pair, receive, send};

/// Bytes of a message before the parameters: id, cost and time.
const HEAD: usize = 18;

/// Most bytes of a message: parameters have 64 KiB at most (`fastcgi`).
const LONGEST: usize = HEAD + 64 * 1024;

/// The ends of all queues of a pool.
pub(super) const ENDS: usize = 2 * Lane::QUEUED.len();

/// A request that was handed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Errand {
    /// The request as it arrived.
    pub incoming: Incoming,
    /// The time that it was found to take, in milliseconds of a processor.
    pub work: u64,
    /// When it was handed over, on the clock of the scoreboard.
    pub since: u64,
}

/// One queue: messages are put in at one end, and taken from the other.
#[derive(Debug)]
pub struct Queue {
    entrance: OwnedFd,
    exit: OwnedFd,
}

impl Queue {
    /// An empty queue.
    ///
    /// # Errors
    /// If the system has no descriptors for it.
    pub fn new() -> io::Result<Self> {
        let (entrance, exit) = pair()?;
        Ok(Self { entrance, exit })
    }

    /// Puts `errand` in, and `connection` with it: a copy of the descriptor, so that the sender has to close its own.
    ///
    /// # Errors
    /// [`ErrorKind::WouldBlock`](io::ErrorKind::WouldBlock) if it is full.
    pub fn put(&self, errand: &Errand, connection: impl AsFd) -> io::Result<()> {
        let mut head = [0; HEAD];
        head[..2].copy_from_slice(&errand.incoming.id.to_le_bytes());
        head[2..10].copy_from_slice(&errand.work.to_le_bytes());
        head[10..].copy_from_slice(&errand.since.to_le_bytes());
        let params = params::encode(errand.incoming.request.params());
        send(&self.entrance, &[IoSlice::new(&head), IoSlice::new(&params)], &[connection.as_fd()])
    }

    /// Takes the errand that has waited longest, with its connection; None if there is none.
    ///
    /// # Errors
    /// Those of the system, and a message that was not put in by [`put`](Self::put).
    pub fn take(&self) -> io::Result<Option<(Errand, OwnedFd)>> {
        let mut bytes = vec![0; LONGEST];
        let (length, descriptors) = match receive(&self.exit, &mut bytes) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
            outcome => outcome?,
        };
        let strange = || io::Error::other("a message that is no errand");
        let [connection] = descriptors.try_into().map_err(|_| strange())?;
        Ok(Some((understood(&bytes[..length]).ok_or_else(strange)?, connection)))
    }

    /// What becomes readable when there is something to take.
    pub fn exit(&self) -> BorrowedFd<'_> {
        self.exit.as_fd()
    }
}

/// The errand in the bytes of a message.
fn understood(bytes: &[u8]) -> Option<Errand> {
    let (id, rest) = bytes.split_first_chunk()?;
    let (work, rest) = rest.split_first_chunk()?;
    let (since, rest) = rest.split_first_chunk()?;
    let request = Request::new(params::decode(rest).ok()?);
    let incoming = Incoming { id: u16::from_le_bytes(*id), request };
    Some(Errand { incoming, work: u64::from_le_bytes(*work), since: u64::from_le_bytes(*since) })
}

/// The queues of a pool: of each lane that has one, in their order.
#[derive(Debug)]
pub struct Queues([Queue; Lane::QUEUED.len()]);

/// What a child process is given by its parent.
#[derive(Debug)]
pub struct Given {
    /// The queues of the pool.
    pub queues: Queues,
    /// Where it asks for what is in stores, if there is a store.
    pub entrance: Option<OwnedFd>,
    /// Listening sockets, whose connections it is to accept.
    pub listeners: Vec<OwnedFd>,
}

impl Queues {
    /// All of them, empty.
    ///
    /// # Errors
    /// If the system has no descriptors for them.
    pub fn new() -> io::Result<Self> {
        Ok(Self([Queue::new()?, Queue::new()?, Queue::new()?]))
    }

    /// The queue of a lane.
    pub fn of(&self, lane: Lane) -> &Queue {
        &self.0[lane.queue()]
    }

    /// Whether each of them is empty, in the order of [`Lane::QUEUED`].
    pub fn are_empty(&self) -> [bool; Lane::QUEUED.len()] {
        let mut polled = self.0.each_ref().map(|queue| PollFd::new(&queue.exit, PollFlags::IN));
        // If that cannot be told, something is there.
        let known = poll(&mut polled, Some(&Timespec::default())).is_ok();
        polled.map(|exit| known && exit.revents().is_empty())
    }

    /// The ends of all, for another process: see [`Queues::from_ends`].
    pub(super) fn ends(&self) -> Vec<BorrowedFd<'_>> {
        self.0.iter().flat_map(|queue| [queue.entrance.as_fd(), queue.exit.as_fd()]).collect()
    }

    /// The queues with these [`ends`](Queues::ends).
    ///
    /// # Errors
    /// If they are not [`ENDS`].
    pub(super) fn from_ends(ends: impl Iterator<Item = OwnedFd>) -> io::Result<Self> {
        let mut ends = ends.fuse();
        let mut end = || ends.next().ok_or_else(|| io::Error::other("a message without the queues"));
        let mut queue = || Ok::<_, io::Error>(Queue { entrance: end()?, exit: end()? });
        Ok(Self([queue()?, queue()?, queue()?]))
    }

    /// The socket by which a child process [receives](Self::receive) them, the entrance of the counter if there is one, and
    /// the listening sockets whose connections it is to accept: one that it can be started with as a standard stream, for
    /// no other descriptor can be taken over without trusting a number.
    ///
    /// # Errors
    /// If the system has no descriptors for it.
    pub fn for_child(
        &self,
        entrance: Option<BorrowedFd<'_>>,
        listeners: &[BorrowedFd<'_>],
    ) -> io::Result<OwnedFd> {
        let (ours, theirs) = pair()?;
        let head = [entrance.is_some().into()];
        let descriptors = [&*self.ends(), entrance.as_slice(), listeners].concat();
        send(&ours, &[IoSlice::new(&head)], &descriptors)?;
        Ok(theirs)
    }

    /// What the parent process gives, from the socket that it started this one with.
    ///
    /// # Errors
    /// If nothing of that kind was sent there.
    pub fn receive(from: BorrowedFd<'_>) -> io::Result<Given> {
        let mut head = [0; 1];
        let (_, descriptors) = receive(from, &mut head)?;
        let mut descriptors = descriptors.into_iter();
        let queues = Self::from_ends(descriptors.by_ref().take(ENDS))?;
        let entrance = descriptors.by_ref().take(head[0].min(1).into()).next();
        Ok(Given { queues, entrance, listeners: descriptors.collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::os::unix::net::UnixStream;

    fn errand(id: u16, value: &str) -> Errand {
        let request = Request::from_pairs([("REQUEST_URI", value), ("EMPTY", "")]);
        Errand { incoming: Incoming { id, request }, work: 1234, since: 5678 }
    }

    #[test]
    fn an_errand_arrives_with_its_connection_in_the_order_of_arrival() {
        let queue = Queue::new().expect("a queue");
        assert!(queue.take().expect("open").is_none());
        let (long, short) = (errand(0xabcd, &"x".repeat(65_000)), errand(1, "/a"));
        let mut peers = Vec::new();
        for errand in [&long, &short] {
            let (connection, peer) = UnixStream::pair().expect("sockets");
            queue.put(errand, &connection).expect("room");
            peers.push(peer);
        }
        for (expected, peer) in [long, short].iter().zip(&mut peers) {
            let (errand, connection) = queue.take().expect("open").expect("there");
            assert_eq!(&errand, expected);
            UnixStream::from(connection).write_all(b"reply").expect("connected");
            let mut reply = String::new();
            peer.read_to_string(&mut reply).expect("read");
            assert_eq!(reply, "reply");
        }
        assert!(queue.take().expect("open").is_none());
    }

    #[test]
    fn a_full_queue_says_so_and_nothing_of_it_is_lost() {
        let queue = Queue::new().expect("a queue");
        let (connection, _peer) = UnixStream::pair().expect("sockets");
        let mut put = 0;
        while queue.put(&errand(put, "/a"), &connection).is_ok() {
            put += 1;
        }
        assert!(put >= 64, "no room for more than {put}");
        for id in 0..put {
            assert_eq!(queue.take().expect("open").map(|(errand, _)| errand.incoming.id), Some(id));
        }
        assert!(queue.take().expect("open").is_none());
        queue.put(&errand(7, "/a"), &connection).expect("room again");
    }

    #[test]
    fn another_process_receives_the_same_queues() {
        let ours = Queues::new().expect("queues");
        let exit = ours.of(Lane::Dear).exit();
        for (entrance, has_one) in [(Some(exit), true), (None, false)] {
            let socket = ours.for_child(entrance, &[exit]).expect("a socket");
            let given = Queues::receive(socket.as_fd()).expect("sent");
            assert_eq!((given.entrance.is_some(), given.listeners.len()), (has_one, 1));
            assert!(Queues::receive(socket.as_fd()).is_err(), "once only");
            let (connection, _peer) = UnixStream::pair().expect("sockets");
            assert_eq!(given.queues.are_empty(), [true; 3]);
            ours.of(Lane::Dear).put(&errand(1, "/a"), &connection).expect("room");
            assert_eq!(given.queues.are_empty(), [true, false, true]);
            assert!(given.queues.of(Lane::Far).take().expect("open").is_none());
            assert!(given.queues.of(Lane::Dear).take().expect("open").is_some());
            assert_eq!(ours.are_empty(), [true; 3]);
        }
    }
}
