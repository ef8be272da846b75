//! The bytes of an object of a store: mapped, and fetched when they are announced.

use std::cell::RefCell;
use std::fmt;
use std::io;
use std::ops::Range;
use std::rc::Rc;

use super::find::unreadable;
use super::kept::Kept;
use super::talk::{Question, Talk, beside_the_point, refused};
use crate::blocks::{Answer, Ask, MOST_RANGES};
use crate::error::MasterError;
use crate::source::{Map, Object, Pages};

/// An object that was found.
#[derive(Clone)]
pub struct Far {
    pub(super) kept: Rc<Kept>,
    pub(super) talk: Rc<Talk>,
}

impl Far {
    /// Its bytes, with these pages of them there from the start.
    ///
    /// # Errors
    /// If its block file cannot be mapped.
    pub(crate) fn object(&self, pages: &Pages) -> io::Result<Blocks> {
        let map = Map::with_pages(self.kept.file.file(), self.kept.version.size, pages)?;
        let (kept, talk) = (Rc::clone(&self.kept), Rc::clone(&self.talk));
        Ok(Blocks { kept, talk, map, failed: RefCell::default() })
    }
}

impl fmt::Debug for Far {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kept.fmt(f)
    }
}

/// The bytes of an object, as far as they were fetched.
pub(crate) struct Blocks {
    kept: Rc<Kept>,
    talk: Rc<Talk>,
    map: Map,
    failed: RefCell<Option<Failed>>,
}

/// Something that was announced is not there.
#[derive(Debug)]
enum Failed {
    /// It was not waited for, in this turn: readers keep nothing that they found out after that, so in the next turn it is
    /// as if nothing had been announced.
    Hasty(u64),
    /// It could not be had.
    For(MasterError),
}

impl Object for Blocks {
    fn bytes(&self) -> &[u8] {
        self.map.bytes()
    }

    fn announce(&self, ranges: &[Range<u64>]) -> Result<(), MasterError> {
        self.check()?;
        match fetch(&self.talk, &self.kept, ranges) {
            Ok(()) => self.map.announce(ranges),
            Err(error) => {
                let is_hasty = self.talk.is_hasty() && error == MasterError::Away;
                let failed =
                    if is_hasty { Failed::Hasty(self.talk.turn()) } else { Failed::For(error.clone()) };
                self.failed.replace(Some(failed));
                Err(error)
            }
        }
    }

    fn check(&self) -> Result<(), MasterError> {
        match &*self.failed.borrow() {
            Some(Failed::For(error)) => Err(error.clone()),
            Some(Failed::Hasty(turn)) if *turn == self.talk.turn() => Err(MasterError::Away),
            _ if self.kept.is_cut_off() || self.map.check().is_err() => Err(MasterError::Away),
            _ => Ok(()),
        }
    }

    fn release(&self) {
        self.map.release();
    }
}

/// Sees to it that these bytes are there. Nobody is asked, if they are.
///
/// # Errors
/// [`MasterError::Away`] if they are not, and nobody waits; or if the store has another version.
pub(super) fn fetch(talk: &Talk, kept: &Kept, bytes: &[Range<u64>]) -> Result<(), MasterError> {
    let missing = || {
        kept.missing(bytes).map_err(|error| match kept.is_cut_off() {
            true => MasterError::Away,
            false => unreadable(&error),
        })
    };
    let blocks = missing()?;
    if blocks.is_empty() {
        return Ok(());
    }
    if talk.is_hasty() {
        return Err(MasterError::Away);
    }
    let questions: Result<Vec<_>, _> = blocks.chunks(MOST_RANGES).map(|some| ask(talk, kept, some)).collect();
    for mut question in questions? {
        match talk.answer(&mut question)? {
            Some((Answer::There, _)) => {}
            Some((Answer::Changed, _)) => {
                kept.is_changed();
                return Err(MasterError::Away);
            }
            Some((Answer::Refused(why), _)) => return Err(refused(why)),
            Some((other, _)) => return Err(beside_the_point(&other)),
            None => return Err(MasterError::Away),
        }
    }
    match missing()?.is_empty() {
        true => Ok(()),
        // The fetcher works with another block file by now.
        false => {
            kept.is_changed();
            Err(MasterError::Away)
        }
    }
}

fn ask(talk: &Talk, kept: &Kept, blocks: &[Range<u32>]) -> Result<Question, MasterError> {
    let (source, version) = (kept.source, kept.version.clone());
    talk.ask(Ask::Fetch { source, version, blocks: blocks.to_vec(), ahead: false })
}
