//! What a worker knows of names in stores.

use std::rc::Rc;
use std::time::Instant;

use super::kept::Kept;
use super::talk::Question;
use crate::lru::Lru;

/// Most names that are remembered: each may take a descriptor.
const NAMES: usize = 512;

/// A name that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name {
    /// The source, by its place in the configuration.
    pub(super) source: usize,
    pub(super) path: String,
    /// Whether a known extension may be added to it.
    pub(super) complete: bool,
}

/// What is known of a name.
pub(super) enum Knowledge {
    There(Rc<Kept>),
    /// There was nothing, which is relied upon for a while.
    Absent(Instant),
    /// The fetcher was asked, and nobody has waited for the answer. What was there before is kept.
    Asked(Question, Option<Rc<Kept>>),
}

/// All that is known.
pub(super) struct Known(Lru<Name, Knowledge>);

impl Default for Known {
    fn default() -> Self {
        Self(Lru::new(NAMES, usize::MAX))
    }
}

impl Known {
    /// What can be relied upon: the object of this name, or that there is none; None if it has to be asked for.
    pub(super) fn get(&mut self, name: &Name) -> Option<Option<Rc<Kept>>> {
        match self.0.get(name)? {
            Knowledge::There(kept) => kept.is_fresh().then(|| Some(Rc::clone(kept))),
            Knowledge::Absent(until) => (Instant::now() < *until).then_some(None),
            Knowledge::Asked(..) => None,
        }
    }

    /// The question about this name that nobody has waited for, and what was there before: taken out.
    pub(super) fn take(&mut self, name: &Name) -> (Option<Question>, Option<Rc<Kept>>) {
        let known = self.0.remove(name);
        match known {
            Some(Knowledge::There(kept)) => (None, Some(kept)),
            Some(Knowledge::Asked(question, kept)) => (Some(question), kept),
            Some(Knowledge::Absent(_)) | None => (None, None),
        }
    }

    pub(super) fn learn(&mut self, name: Name, knowledge: Knowledge) {
        self.0.insert(name, knowledge, 0);
        self.0.trim();
    }
}
