//! A version of an object that a worker has, and which of its blocks were seen to be there.

use std::cell::{Cell, RefCell};
use std::io;
use std::ops::Range;
use std::os::fd::OwnedFd;

use crate::blocks::{BlockFile, Version, now};
use crate::source::Identity;

/// A version of an object.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) file: BlockFile,
    pub(super) version: Version,
    pub(super) identity: Identity,
    /// The source, by its place in the configuration.
    pub(super) source: usize,
    /// A bit for each block that was seen to be marked: no mark is taken back.
    seen: RefCell<Vec<u64>>,
    /// Whether the store was found to have another one.
    is_gone: Cell<bool>,
}

impl Kept {
    /// What came with an answer.
    ///
    /// # Errors
    /// If that is not the block file of this version.
    pub(super) fn new(source: usize, store: &str, version: Version, file: OwnedFd) -> io::Result<Self> {
        let (file, head) = BlockFile::open(file.into())?;
        if head.version != version {
            return Err(io::Error::other("a block file of another version"));
        }
        let identity = Identity::of_object(store, &version);
        Ok(Self { file, version, identity, source, seen: RefCell::default(), is_gone: Cell::new(false) })
    }

    /// Whether it may be used without asking.
    pub(super) fn is_fresh(&self) -> bool {
        !self.is_gone.get() && self.file.state().is_ok_and(|state| state.is_fresh(now()))
    }

    /// Whether another block file has taken its place.
    pub(super) fn is_retired(&self) -> bool {
        self.is_gone.get() || self.file.state().is_ok_and(|state| state.retired)
    }

    /// Whether its bytes were taken away, so that what was read of it may be wrong.
    pub(super) fn is_cut_off(&self) -> bool {
        self.file.is_cut_off()
    }

    /// The store was found to have another version.
    pub(super) fn is_changed(&self) {
        self.is_gone.set(true);
    }

    /// The blocks that are not there, of those that hold these bytes.
    ///
    /// # Errors
    /// Those of the disk.
    pub(super) fn missing(&self, bytes: &[Range<u64>]) -> io::Result<Vec<Range<u32>>> {
        let mut seen = self.seen.borrow_mut();
        let touched = bytes.iter().map(|range| self.file.layout().touched(range));
        let unseen: Vec<_> =
            touched.filter(|blocks| !blocks.clone().all(|block| bit(&seen, block))).collect();
        if unseen.is_empty() {
            return Ok(Vec::new());
        }
        let missing = self.file.missing(&unseen)?;
        let is_there = |block: &u32| !missing.iter().any(|range| range.contains(block));
        unseen.into_iter().flatten().filter(is_there).for_each(|block| set(&mut seen, block));
        Ok(missing)
    }
}

fn bit(bits: &[u64], at: u32) -> bool {
    bits.get(at as usize / 64).is_some_and(|word| word >> (at % 64) & 1 == 1)
}

fn set(bits: &mut Vec<u64>, at: u32) {
    let word = at as usize / 64;
    if bits.len() <= word {
        bits.resize(word + 1, 0);
    }
    bits[word] |= 1 << (at % 64);
}
