//! One connection: its other end, and the reply to it.
//! Must not know FastCGI: it is a `Write` that gives up in time.

use std::io::{self, ErrorKind, IoSlice, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// How long a reply may wait to be read, all of it together.
const UNREAD: Duration = Duration::from_secs(30);

/// The other end of a connection, whose stream does not block.
pub(super) struct Peer(UnixStream);

impl Peer {
    /// The peer at the other end of `stream`, which must not block.
    pub(super) fn new(stream: UnixStream) -> Self {
        Self(stream)
    }

    /// Whether it has closed, so that nobody reads the reply.
    pub(super) fn has_left(&self) -> bool {
        self.leaves_within(Duration::ZERO)
    }

    /// Waits for it to close, at most for so long.
    pub(super) fn leaves_within(&self, limit: Duration) -> bool {
        let mut polled = [PollFd::new(&self.0, PollFlags::RDHUP)];
        let gone = PollFlags::RDHUP | PollFlags::HUP | PollFlags::ERR;
        let limit = Timespec::try_from(limit).unwrap_or_default();
        poll(&mut polled, Some(&limit)).is_ok() && polled[0].revents().intersects(gone)
    }
}

impl AsFd for Peer {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// The reply to a peer: all waiting for it to be read is done here, against a limit that a slow reader cannot extend.
pub(super) struct Reply<'a> {
    peer: &'a Peer,
    /// How long it has waited to be read.
    unread: Duration,
    /// Bytes that were written.
    written: u64,
}

impl<'a> Reply<'a> {
    /// Nothing of it is written yet.
    pub(super) fn to(peer: &'a Peer) -> Self {
        Self { peer, unread: Duration::ZERO, written: 0 }
    }

    /// Bytes that were written.
    pub(super) fn written(&self) -> u64 {
        self.written
    }

    /// Waits until there is room to write.
    fn wait_for_room(&mut self) -> io::Result<()> {
        let (since, left) = (Instant::now(), UNREAD.checked_sub(self.unread).ok_or(ErrorKind::TimedOut)?);
        // Rounded up to a millisecond, so that the last wait does not become a spin of empty ones.
        let limit =
            Timespec::try_from(left + Duration::from_millis(1)).map_err(|_| ErrorKind::InvalidInput)?;
        match poll(&mut [PollFd::new(&self.peer.0, PollFlags::OUT)], Some(&limit)) {
            // After a signal it is tried again.
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        self.unread += since.elapsed();
        Ok(())
    }
}

impl Write for Reply<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_vectored(&[IoSlice::new(bytes)])
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        loop {
            match (&self.peer.0).write_vectored(slices) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.wait_for_room()?,
                outcome => {
                    self.written += *outcome.as_ref().unwrap_or(&0) as u64;
                    return outcome;
                }
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
    use std::io::Read;

    fn connected() -> (Peer, UnixStream) {
        let (stream, other) = UnixStream::pair().expect("sockets");
        stream.set_nonblocking(true).expect("a socket");
        (Peer::new(stream), other)
    }

    #[test]
    fn a_peer_that_closes_has_left() {
        let (peer, other) = connected();
        (&other).write_all(b"unread").expect("open");
        assert!(!peer.has_left());
        drop(other);
        assert!(peer.has_left() && peer.leaves_within(UNREAD));
    }

    #[test]
    fn a_reply_longer_than_the_socket_holds_arrives_whole() {
        let (peer, mut other) = connected();
        let reader = std::thread::spawn(move || {
            let mut all = Vec::new();
            other.read_to_end(&mut all).map(|_| all.len())
        });
        Reply::to(&peer).write_all(&vec![1; 3_000_000]).expect("read by the peer");
        drop(peer);
        assert_eq!(reader.join().expect("no panic").expect("no error"), 3_000_000);
    }
}
