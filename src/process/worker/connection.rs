//! One accepted connection, with time limits for its peer.
//! Must not know FastCGI: it is a `Read` and a `Write` that give up in time.

use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::os::fd::BorrowedFd;
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// How long an unfinished request may hold a worker while no other connection waits.
const UNFINISHED: Duration = Duration::from_secs(5);

/// How long it may hold one while others wait. NGINX writes in the moment in which it connects, so a peer that is
/// silent for this long is no NGINX. Not less: on a machine with far too much to do NGINX may lose the processor
/// between the two for over 100 ms (seen), as long as the period of a CPU quota, and hanging up then would lose a
/// request.
const UNFINISHED_WHILE_OTHERS_WAIT: Duration = Duration::from_millis(300);

/// How long a reply may wait to be read, all of it together.
const UNREAD: Duration = Duration::from_secs(30);

/// The other end of a connection, for whoever works for it.
pub(super) struct Peer(UnixStream);

impl Peer {
    /// Whether it has closed, so that nobody reads the reply.
    pub(super) fn has_left(&self) -> bool {
        let mut polled = [PollFd::new(&self.0, PollFlags::RDHUP)];
        let gone = PollFlags::RDHUP | PollFlags::HUP | PollFlags::ERR;
        poll(&mut polled, Some(&Timespec::default())).is_ok() && polled[0].revents().intersects(gone)
    }
}

/// A connection whose stream does not block; all waiting is done here, against a deadline that a slow peer cannot
/// extend.
pub(super) struct Connection<'a> {
    peer: Rc<Peer>,
    listener: BorrowedFd<'a>,
    stop: &'a AtomicBool,
    accepted: Instant,
    /// How long the reply has waited to be read.
    unread: Duration,
}

impl<'a> Connection<'a> {
    /// The accepted, non-blocking `stream`; connections that queue at `listener`, or `stop`, shorten its limits.
    pub(super) fn new(stream: UnixStream, listener: BorrowedFd<'a>, stop: &'a AtomicBool) -> Self {
        let peer = Rc::new(Peer(stream));
        Self { peer, listener, stop, accepted: Instant::now(), unread: Duration::ZERO }
    }

    /// The other end.
    pub(super) fn peer(&self) -> Rc<Peer> {
        Rc::clone(&self.peer)
    }

    /// Waits until there is more to read.
    fn wait_for_more(&self) -> io::Result<()> {
        let waited = self.accepted.elapsed();
        if let Some(left) = UNFINISHED_WHILE_OTHERS_WAIT.checked_sub(waited) {
            return wait(&mut [PollFd::new(&self.peer.0, PollFlags::IN)], left);
        }
        let left = UNFINISHED.checked_sub(waited).ok_or(ErrorKind::TimedOut)?;
        let mut polled = [
            PollFd::new(&self.peer.0, PollFlags::IN),
            PollFd::from_borrowed_fd(self.listener, PollFlags::IN),
        ];
        wait(&mut polled, left)?;
        let others_wait = !polled[1].revents().is_empty() || self.stop.load(Ordering::Relaxed);
        if polled[0].revents().is_empty() && others_wait {
            return Err(ErrorKind::TimedOut.into());
        }
        Ok(())
    }

    /// Waits until there is room to write.
    fn wait_for_room(&mut self) -> io::Result<()> {
        let (since, left) = (Instant::now(), UNREAD.checked_sub(self.unread).ok_or(ErrorKind::TimedOut)?);
        wait(&mut [PollFd::new(&self.peer.0, PollFlags::OUT)], left)?;
        self.unread += since.elapsed();
        Ok(())
    }
}

/// Waits for an event, a signal, or `limit`: the caller tries again and sees which.
fn wait(polled: &mut [PollFd<'_>], limit: Duration) -> io::Result<()> {
    // Rounded up to a millisecond, so that the last wait does not become a spin of empty ones.
    let limit = Timespec::try_from(limit + Duration::from_millis(1)).map_err(|_| ErrorKind::InvalidInput)?;
    match poll(polled, Some(&limit)) {
        Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

impl Read for Connection<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match (&self.peer.0).read(buffer) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.wait_for_more()?,
                outcome => return outcome,
            }
        }
    }
}

impl Write for Connection<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_vectored(&[IoSlice::new(bytes)])
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        loop {
            match (&self.peer.0).write_vectored(slices) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.wait_for_room()?,
                outcome => return outcome,
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsFd;
    use std::os::unix::net::UnixListener;

    /// A listener with one connection accepted from it, and the other end of that.
    fn connected() -> (tempfile::TempDir, UnixListener, UnixStream, UnixStream) {
        let directory = tempfile::tempdir().expect("a directory");
        let listener = UnixListener::bind(directory.path().join("socket")).expect("bound");
        let peer = UnixStream::connect(directory.path().join("socket")).expect("connected");
        let (stream, _) = listener.accept().expect("accepted");
        stream.set_nonblocking(true).expect("a socket");
        (directory, listener, stream, peer)
    }

    #[test]
    fn a_silent_peer_gives_way_when_others_wait() {
        let (directory, listener, stream, _peer) = connected();
        let stop = AtomicBool::new(false);
        let mut connection = Connection::new(stream, listener.as_fd(), &stop);
        let _other = UnixStream::connect(directory.path().join("socket")).expect("queued");
        let error = connection.read(&mut [0; 8]).expect_err("nothing was sent");
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        let waited = connection.accepted.elapsed();
        assert!(waited >= UNFINISHED_WHILE_OTHERS_WAIT && waited < UNFINISHED / 2, "{waited:?}");
    }

    #[test]
    fn a_slow_peer_is_waited_for_when_nobody_else_is_there() {
        let (_directory, listener, stream, mut peer) = connected();
        let stop = AtomicBool::new(false);
        let mut connection = Connection::new(stream, listener.as_fd(), &stop);
        let sender = std::thread::spawn(move || {
            std::thread::sleep(UNFINISHED_WHILE_OTHERS_WAIT * 3);
            peer.write_all(b"late").map(|()| peer)
        });
        let mut buffer = [0; 8];
        assert_eq!(connection.read(&mut buffer).expect("sent"), 4);
        assert!(!connection.peer().has_left());
        drop(sender.join());
        assert!(connection.peer().has_left());
    }

    #[test]
    fn a_reply_longer_than_the_socket_holds_arrives_whole() {
        let (_directory, listener, stream, mut peer) = connected();
        let stop = AtomicBool::new(false);
        let mut connection = Connection::new(stream, listener.as_fd(), &stop);
        let reader = std::thread::spawn(move || {
            let mut all = Vec::new();
            peer.read_to_end(&mut all).map(|_| all.len())
        });
        connection.write_all(&vec![1; 3_000_000]).expect("read by the peer");
        drop(connection);
        assert_eq!(reader.join().expect("no panic").expect("no error"), 3_000_000);
    }
}
