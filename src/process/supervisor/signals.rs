//! The signals that the supervisor hears. They are blocked and read from a queue of the kernel's: what comes while another
//! program takes the place of this one waits there for it. signalfd(2), execve(2).

use std::io;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::Duration;

use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

const HEARD: [Signal; 5] =
    [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP, Signal::SIGUSR1, Signal::SIGCHLD];

/// The queue of signals.
#[derive(Debug)]
pub(super) struct Signals(SignalFd);

impl Signals {
    /// Blocks them from here on. Child processes begin so as well.
    ///
    /// # Errors
    /// If the system has no descriptor for it.
    pub(super) fn new() -> io::Result<Self> {
        let heard = SigSet::from_iter(HEARD);
        heard.thread_block()?;
        // What whoever started this ignores would not be queued, as under nohup.
        for signal in HEARD {
            signal_hook::flag::register(signal as i32, Arc::default())?;
        }
        Ok(Self(SignalFd::with_flags(&heard, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)?))
    }

    /// Waits for signals, at most for so long.
    ///
    /// # Errors
    /// None in practice.
    pub(super) fn wait(&self, limit: Duration) -> io::Result<Vec<Signal>> {
        let limit = Timespec::try_from(limit).map_err(io::Error::other)?;
        match poll(&mut [PollFd::from_borrowed_fd(self.0.as_fd(), PollFlags::IN)], Some(&limit)) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let mut heard = Vec::new();
        while let Some(signal) = self.0.read_signal()? {
            heard.extend(i32::try_from(signal.ssi_signo).ok().and_then(|it| Signal::try_from(it).ok()));
        }
        Ok(heard)
    }
}
