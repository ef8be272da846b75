//! How a master far away is opened in few reads: a layer between its bytes and the readers of its headers, which ask for
//! one small thing after the other and need not know it.
//!
//! * What they ask for while they read headers is fetched with what they are likely to ask for next ([`ahead`]).
//! * What they asked for is kept in the state directory, in whole pages, by the identity of the master; the next worker
//!   that opens it has it from the start ([`crate::source::Map::with_pages`]), and nothing is asked of the store.
//!
//! Masters in files have no such layer.

mod ahead;

use std::cell::{Cell, RefCell};
use std::ops::Range;
use std::rc::Rc;

use self::ahead::Ahead;
use super::IndexStore;
use crate::blocks::BLOCK;
use crate::error::{Error, MasterError};
use crate::source::{Found, Identity, Map, Object, Pages, Spans, in_units};

/// What the pages of a master are called in the store.
const HEAD: &str = "head";

/// The bytes of a master far away.
pub(crate) struct Opening {
    object: Rc<dyn Object>,
    /// What is there.
    there: RefCell<Spans>,
    ahead: RefCell<Ahead>,
    /// The pages of which readers of headers have asked for a part.
    heads: RefCell<Spans>,
    /// Whether headers are being read.
    reads_heads: Cell<bool>,
    keeping: Option<Keeping>,
}

/// Where pages are kept.
struct Keeping {
    store: Rc<IndexStore>,
    identity: Identity,
    /// Bytes of those that are kept already.
    kept: Cell<u64>,
}

impl Opening {
    /// Of a master that was found in a store, with the pages that were kept of it.
    ///
    /// # Errors
    /// As [`Found::object_with`].
    pub(super) fn of_found(found: &Found, store: Option<&Rc<IndexStore>>) -> Result<Self, Error> {
        Self::keeping(found.identity, store, |kept| found.object_with(kept))
    }

    /// Of an object that `object` gives with the pages that were kept of it.
    pub(super) fn keeping(
        identity: Identity,
        store: Option<&Rc<IndexStore>>,
        object: impl FnOnce(&Pages) -> Result<Rc<dyn Object>, Error>,
    ) -> Result<Self, Error> {
        let store = store.filter(|_| identity.is_settled() && Map::takes_pages());
        let kept = store.and_then(|store| store.load(HEAD, &identity));
        let kept = kept.and_then(|kept| Pages::from_bytes(&kept, identity.size)).unwrap_or_default();
        let mut opening = Self::with_pages(object(&kept)?, &kept);
        let kept = Cell::new(kept.places().bytes());
        opening.keeping = store.map(|store| Keeping { store: Rc::clone(store), identity, kept });
        Ok(opening)
    }

    /// Of an object of which nothing was kept, nor will be.
    pub(crate) fn new(object: Rc<dyn Object>) -> Self {
        Self::with_pages(object, &Pages::default())
    }

    /// Of an object that has these pages from the start.
    fn with_pages(object: Rc<dyn Object>, kept: &Pages) -> Self {
        let size = object.bytes().len() as u64;
        Self {
            object,
            there: RefCell::new(kept.places()),
            ahead: RefCell::new(Ahead::new(size)),
            heads: RefCell::new(kept.places()),
            reads_heads: Cell::new(false),
            keeping: None,
        }
    }

    /// Of the same master where all that was kept of this one is there, and nothing else: `object` has its bytes.
    pub(super) fn known(&self, object: Rc<dyn Object>) -> Self {
        let known = Self::new(object);
        known.there.replace(self.heads.borrow().clone());
        known
    }

    /// What `read` says, which reads headers: what it asks for is fetched with what may come next, and is kept.
    pub(super) fn heads<T>(&self, read: impl FnOnce() -> T) -> T {
        let before = self.reads_heads.replace(true);
        let said = read();
        self.reads_heads.set(before);
        self.keep();
        said
    }

    /// Bytes of memory that its pages take.
    pub(super) fn held_bytes(&self) -> usize {
        self.keeping.as_ref().map_or(0, |keeping| keeping.kept.get() as usize)
    }

    /// Saves the pages of headers, if there are more of them than are kept, and none of them is in doubt.
    fn keep(&self) {
        let Some(Keeping { store, identity, kept }) = &self.keeping else { return };
        let heads = self.heads.borrow();
        if heads.bytes() <= kept.get() || !store.takes_more() || self.check().is_err() {
            return;
        }
        kept.set(heads.bytes());
        if let Some(bytes) = Pages::of(self.object.bytes(), &heads).to_bytes() {
            store.save(HEAD, identity, &bytes);
        }
    }

    /// Remembers what readers of headers ask for, as far as there is room.
    fn remember(&self, ranges: &[Range<u64>]) {
        let (mut heads, size) = (self.heads.borrow_mut(), self.object.bytes().len() as u64);
        for pages in ranges.iter().map(|range| Pages::around(range, size)) {
            if !heads.has(&pages) && heads.bytes() + (pages.end - pages.start) <= Pages::MOST {
                heads.add(pages);
            }
        }
    }

    /// The blocks that these ranges lack.
    fn lacking(&self, ranges: &[Range<u64>]) -> Spans {
        let (there, size) = (self.there.borrow(), self.object.bytes().len() as u64);
        let parts = ranges.iter().map(|range| range.start.min(size)..range.end.min(size));
        parts.flat_map(|range| there.lacking(range)).map(|part| in_units(&part, BLOCK, size)).collect()
    }
}

impl Object for Opening {
    fn bytes(&self) -> &[u8] {
        self.object.bytes()
    }

    fn announce(&self, ranges: &[Range<u64>]) -> Result<(), MasterError> {
        let mut lacking = self.lacking(ranges);
        if lacking.bytes() > 0 {
            if self.reads_heads.get() {
                let begins = self.object.bytes().get(..4).filter(|_| self.there.borrow().has(&(0..4)));
                lacking = self.ahead.borrow_mut().of(&lacking, begins);
            }
            let lacking: Vec<_> = lacking.iter().collect();
            self.object.announce(&lacking)?;
            lacking.into_iter().for_each(|range| _ = self.there.borrow_mut().add(range));
        }
        // Only what has come may be kept.
        if self.reads_heads.get() {
            self.remember(ranges);
        }
        Ok(())
    }

    fn check(&self) -> Result<(), MasterError> {
        self.object.check()
    }

    fn release(&self) {
        self.object.release();
    }
}
