//! Where workers ask, and the fetcher answers. The kernel holds what waits: if the fetcher ends, the asks at the counter
//! wait for the next one, and whoever's ask it had in its hands reads the end of the connection at once, and may ask again.
//! unix(7): SOCK_SEQPACKET, SCM_RIGHTS.

use std::io::{self, ErrorKind, IoSlice};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::answer::Reply;
use super::ask::Ask;
use super::file::BlockFile;
use crate::packet::{pair, receive, send};

/// Most bytes of a message. An ask of [`MOST_RANGES`](super::MOST_RANGES) ranges is shorter.
const LONGEST: usize = 60 << 10;

/// Both sides of a counter. Nobody owns it: its ends are given to whoever needs them.
#[derive(Debug)]
pub struct Counter {
    /// Where asks are put in: for workers.
    pub entrance: Entrance,
    /// Where they are taken: for the fetcher.
    pub exit: Exit,
}

/// Where asks are put in.
#[derive(Debug)]
pub struct Entrance(OwnedFd);

/// Where asks are taken.
#[derive(Debug)]
pub struct Exit(OwnedFd);

/// Where the reply to an ask will come. Who drops it has left.
#[derive(Debug)]
pub struct Pending(OwnedFd);

/// Whoever has asked. Dropping it without a reply means that there will be none.
#[derive(Debug)]
pub struct Asker(OwnedFd);

impl Counter {
    /// An empty one.
    ///
    /// # Errors
    /// If the system has no descriptors for it.
    pub fn new() -> io::Result<Self> {
        let (entrance, exit) = pair()?;
        Ok(Self { entrance: Entrance(entrance), exit: Exit(exit) })
    }
}

impl Entrance {
    /// Puts an ask in.
    ///
    /// # Errors
    /// [`ErrorKind::WouldBlock`] if the counter is full; those of the system.
    pub fn put(&self, ask: &Ask) -> io::Result<Pending> {
        let (ours, theirs) = pair()?;
        send(&self.0, &[IoSlice::new(&ask.encode())], &[theirs.as_fd()])?;
        Ok(Pending(ours))
    }
}

impl Exit {
    /// Takes the ask that has waited longest; None if there is none.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidData`] for a message that is no ask, which is gone now; those of the system.
    pub fn take(&self) -> io::Result<Option<(Ask, Asker)>> {
        let mut bytes = vec![0; LONGEST];
        let Some((length, descriptors)) = next(&self.0, &mut bytes)? else { return Ok(None) };
        let [asker] = descriptors.try_into().map_err(|_| ErrorKind::InvalidData)?;
        let ask = Ask::decode(&bytes[..length]).map_err(|_| ErrorKind::InvalidData)?;
        Ok(Some((ask, Asker(asker))))
    }
}

impl Pending {
    /// The reply, and the block file that may come with it; None if there is none yet.
    ///
    /// # Errors
    /// [`ErrorKind::UnexpectedEof`] if there will be none: the fetcher has ended. [`ErrorKind::InvalidData`] for what is
    /// no reply.
    pub fn take(&self) -> io::Result<Option<(Reply, Option<OwnedFd>)>> {
        let mut bytes = vec![0; LONGEST];
        let Some((length, descriptors)) = next(&self.0, &mut bytes)? else { return Ok(None) };
        if length == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        let reply = Reply::decode(&bytes[..length]).map_err(|_| ErrorKind::InvalidData)?;
        Ok(Some((reply, descriptors.into_iter().next())))
    }

    /// Waits until there is something to [take](Self::take), or so long.
    pub fn wait(&self, milliseconds: u32) {
        let time = Timespec {
            tv_sec: (milliseconds / 1000).into(),
            tv_nsec: (milliseconds % 1000 * 1_000_000).into(),
        };
        // Whatever ends the wait, who waits looks.
        let _ = poll(&mut [PollFd::new(&self.0, PollFlags::IN)], Some(&time));
    }
}

impl Asker {
    /// Replies, and sends the block file with it if there is one, to be read.
    ///
    /// # Errors
    /// If the asker has left, and those of the system.
    pub fn reply(self, reply: &Reply, file: Option<&BlockFile>) -> io::Result<()> {
        let file = file.map(BlockFile::for_readers).transpose()?;
        send(&self.0, &[IoSlice::new(&reply.encode())], file.as_ref().map(AsFd::as_fd).as_slice())
    }

    /// Whether nobody waits for a reply any more. A call of the kernel; [`AsFd`] is readable from then on.
    pub fn has_left(&self) -> bool {
        let mut polled = [PollFd::new(&self.0, PollFlags::IN)];
        poll(&mut polled, Some(&Timespec::default())).is_ok_and(|_| !polled[0].revents().is_empty())
    }
}

/// The next message; None if there is none.
fn next(from: &OwnedFd, bytes: &mut [u8]) -> io::Result<Option<(usize, Vec<OwnedFd>)>> {
    match receive(from, bytes) {
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
        outcome => outcome.map(Some),
    }
}

macro_rules! ends {
    ($($End:ident),+) => {
        $(impl From<OwnedFd> for $End {
            fn from(end: OwnedFd) -> Self {
                Self(end)
            }
        }

        impl AsFd for $End {
            fn as_fd(&self) -> BorrowedFd<'_> {
                self.0.as_fd()
            }
        })+
    };
}

ends!(Entrance, Exit, Pending, Asker);
