//! What the workers of one configuration share with its fetcher: the counter at which they ask, and what it counts. The
//! sources in an ask are numbered by the configuration, so each configuration has its own. With another configuration a
//! new fetcher begins at a counter of its own, and the one before serves its workers to their end.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::rc::Rc;

use super::handover::pass_on;
use crate::blocks::{Counter, Entrance, Exit};
use crate::config::Config;
use crate::fetch::counts::Counts;

/// Descriptors of an office.
const ENDS: usize = 4;

/// The counter, and what is counted there.
#[derive(Debug)]
pub(super) struct Office {
    pub(super) counter: Counter,
    pub(super) counts: Counts,
    /// The text of the configuration, for whoever fetches.
    pub(super) text: OwnedFd,
}

impl Office {
    /// A new one, if the configuration has a store.
    ///
    /// # Errors
    /// If the system has no memory or descriptors for it.
    pub(super) fn of(config: &Config, text: impl AsFd) -> io::Result<Option<Rc<Self>>> {
        if config.serving.masters.stores().next().is_none() {
            return Ok(None);
        }
        let text = text.as_fd().try_clone_to_owned()?;
        Ok(Some(Rc::new(Self { counter: Counter::new()?, counts: Counts::create()?, text })))
    }

    /// Its descriptors, for another program: see [`Office::adopt`].
    pub(super) fn descriptors(&self) -> [BorrowedFd<'_>; ENDS] {
        let Self { counter, counts, text } = self;
        [counter.entrance.as_fd(), counter.exit.as_fd(), counts.as_fd(), text.as_fd()]
    }

    /// The one with these [`descriptors`](Self::descriptors).
    ///
    /// # Errors
    /// If one is missing, or is something else.
    pub(super) fn adopt(descriptors: &mut impl Iterator<Item = OwnedFd>) -> io::Result<Rc<Self>> {
        let mut next = || descriptors.next().ok_or_else(|| io::Error::other("a descriptor is missing"));
        let (entrance, exit, counts, text) = (next()?, next()?, next()?, next()?);
        let counts = Counts::open(Path::new(&format!("/proc/self/fd/{}", counts.as_raw_fd())))?;
        let counter = Counter { entrance: Entrance::from(entrance), exit: Exit::from(exit) };
        let office = Self { counter, counts, text };
        office.pass_on(true)?;
        Ok(Rc::new(office))
    }

    /// Says whether programs that are started have what the fetcher counts.
    ///
    /// # Errors
    /// None in practice.
    pub(super) fn pass_on(&self, yes: bool) -> io::Result<()> {
        pass_on(&self.counts, yes)
    }
}
