//! What is known of names, for how long it is believed, and for how long it is still of use. Plain values; the clock is given.

use std::collections::HashMap;
use std::time::Duration;

use crate::blocks::{Missing, Version};

/// How long it is believed that there is nothing.
const MISSING: Duration = Duration::from_secs(5);

/// How long what was found is given out while it is asked again: a viewer that comes back on the next day does not wait, and
/// whatever else it needs of an object that has changed will tell. Beyond that it is asked first.
const STALE: Duration = Duration::from_secs(24 * 60 * 60);

/// How long a store that could not be asked is not asked again about what was found before.
pub(super) const SPARED: Duration = Duration::from_secs(5);

/// Names that are remembered, in each of two halves.
const HALF: usize = 16 << 10;

/// What a name is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// This version of an object.
    Found(Version),
    /// None.
    Missing(Missing),
}

/// A name, as it is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Name {
    /// The source, by its place in the configuration.
    pub(super) source: usize,
    /// The path below it.
    pub(super) path: String,
    /// Whether the names will do as well that a known extension makes of it.
    pub(super) complete: bool,
}

/// What is done about a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Course {
    /// This is the answer.
    Answer(Known),
    /// This is the answer, and whether it still is will be asked now.
    AnswerAndAsk(Version),
    /// The store is asked; if it cannot be, this is the answer.
    Ask(Option<Version>),
}

/// What is remembered of a name.
#[derive(Clone, Debug)]
struct Memory {
    known: Known,
    /// When the store has said so; None if that is long ago.
    said: Option<Duration>,
    /// When it is to be asked again.
    again: Duration,
}

/// What is remembered of names. Of too many, those that nobody asks for are forgotten.
pub(super) struct Names {
    /// How long what was found is believed without asking again.
    fresh: Duration,
    young: HashMap<Name, Memory>,
    old: HashMap<Name, Memory>,
}

impl Names {
    /// None. What is found is believed for so long.
    pub(super) fn new(fresh: Duration) -> Self {
        Self { fresh, young: HashMap::new(), old: HashMap::new() }
    }

    /// What is done about a name, at a time since whatever beginning.
    pub(super) fn course(&mut self, name: &Name, now: Duration) -> Course {
        let Some(memory) = self.memory(name) else { return Course::Ask(None) };
        match memory.known.clone() {
            known if now < memory.again => Course::Answer(known),
            Known::Missing(_) => Course::Ask(None),
            Known::Found(version) if memory.said.is_some_and(|said| now.saturating_sub(said) < STALE) => {
                Course::AnswerAndAsk(version)
            }
            Known::Found(version) => Course::Ask(Some(version)),
        }
    }

    /// Remembers what the store says.
    pub(super) fn learn(&mut self, name: &Name, known: Known, now: Duration) {
        let believed = match known {
            Known::Missing(_) if !is_sidecar(name) => MISSING.min(self.fresh),
            _ => self.fresh,
        };
        self.put(name.clone(), Memory { known, said: Some(now), again: now + believed });
    }

    /// Remembers what was found so long ago, before the beginning perhaps; to be asked about at the first occasion.
    pub(super) fn recall(&mut self, name: &Name, version: Version, age: Duration, now: Duration) {
        // As if that had been now, if it was in the time in which it may be given out.
        let said = (age < STALE).then_some(now);
        self.put(name.clone(), Memory { known: Known::Found(version), said, again: now });
    }

    /// The store could not be asked: it is left alone for a while.
    pub(super) fn spare(&mut self, name: &Name, now: Duration) {
        if let Some(memory) = self.memory(name) {
            memory.again = now + SPARED;
        }
    }

    /// This version of an object is no longer there: whatever name led to it is asked again.
    pub(super) fn forget(&mut self, source: usize, version: &Version) {
        let stays = |name: &Name, memory: &mut Memory| {
            name.source != source || !matches!(&memory.known, Known::Found(found) if found == version)
        };
        self.young.retain(stays);
        self.old.retain(stays);
    }

    fn memory(&mut self, name: &Name) -> Option<&mut Memory> {
        if let Some(memory) = self.old.remove(name) {
            self.put(name.clone(), memory);
        }
        self.young.get_mut(name)
    }

    fn put(&mut self, name: Name, memory: Memory) {
        if self.young.len() >= HALF {
            self.old = std::mem::take(&mut self.young);
        }
        self.old.remove(&name);
        self.young.insert(name, memory);
    }
}

/// Whether it is what stands beside a master, which is asked for with each of them and mostly is not there.
fn is_sidecar(name: &Name) -> bool {
    !name.complete && name.path.ends_with(".json")
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRESH: Duration = Duration::from_secs(60);

    fn name(path: &str) -> Name {
        Name { source: 0, path: path.to_owned(), complete: true }
    }

    fn version(etag: &str) -> Version {
        Version { key: "a.tif".into(), etag: etag.into(), size: 9, modified: 1 }
    }

    #[test]
    fn what_was_found_is_believed_then_given_out_while_it_is_asked_then_asked_first() {
        let mut names = Names::new(FRESH);
        let at = Duration::from_secs;
        assert_eq!(names.course(&name("a"), at(100)), Course::Ask(None));
        let found = Known::Found(version("1"));
        names.learn(&name("a"), found.clone(), at(100));
        for (now, expected) in [
            (at(100), Course::Answer(found.clone())),
            (at(159), Course::Answer(found.clone())),
            (at(160), Course::AnswerAndAsk(version("1"))),
            (at(99) + STALE, Course::AnswerAndAsk(version("1"))),
            (at(100) + STALE, Course::Ask(Some(version("1")))),
        ] {
            assert_eq!(names.course(&name("a"), now), expected, "{now:?}");
        }
        names.spare(&name("a"), at(200));
        assert_eq!(names.course(&name("a"), at(204)), Course::Answer(found));
        assert_eq!(names.course(&name("a"), at(205)), Course::AnswerAndAsk(version("1")));
    }

    #[test]
    fn what_is_missing_is_believed_for_a_short_time() {
        let mut names = Names::new(FRESH);
        let missing = Known::Missing(Missing::Ambiguous);
        names.learn(&name("a"), missing.clone(), Duration::ZERO);
        assert_eq!(names.course(&name("a"), Duration::from_secs(4)), Course::Answer(missing));
        assert_eq!(names.course(&name("a"), MISSING), Course::Ask(None));
        assert_eq!(names.course(&Name { source: 1, ..name("a") }, Duration::ZERO), Course::Ask(None));
    }

    #[test]
    fn a_missing_sidecar_is_believed_as_long_as_its_master() {
        let mut names = Names::new(FRESH);
        let sidecar = Name { complete: false, ..name("a.tif.json") };
        names.learn(&sidecar, Known::Missing(Missing::NotFound), Duration::ZERO);
        assert!(matches!(names.course(&sidecar, FRESH - MISSING), Course::Answer(_)));
    }

    #[test]
    fn what_was_known_before_is_given_out_if_it_is_not_too_old() {
        let mut names = Names::new(FRESH);
        let now = Duration::from_secs(1);
        names.recall(&name("a"), version("1"), STALE / 2, now);
        names.recall(&name("b"), version("1"), STALE, now);
        assert_eq!(names.course(&name("a"), now), Course::AnswerAndAsk(version("1")));
        assert_eq!(names.course(&name("b"), now), Course::Ask(Some(version("1"))));
    }

    #[test]
    fn all_names_of_a_version_that_is_gone_are_asked_again() {
        let mut names = Names::new(FRESH);
        for (path, etag) in [("a", "1"), ("a.tif", "1"), ("b", "2")] {
            names.learn(&name(path), Known::Found(version(etag)), Duration::ZERO);
        }
        names.forget(0, &version("1"));
        for (path, is_known) in [("a", false), ("a.tif", false), ("b", true)] {
            let course = names.course(&name(path), Duration::ZERO);
            assert_eq!(matches!(course, Course::Answer(_)), is_known, "{path}");
        }
    }

    #[test]
    fn names_that_nobody_asks_for_are_forgotten() {
        let mut names = Names::new(FRESH);
        for number in 0..3 * HALF {
            names.learn(&name("asked"), Known::Missing(Missing::NotFound), Duration::ZERO);
            names.learn(&name(&number.to_string()), Known::Missing(Missing::NotFound), Duration::ZERO);
        }
        assert!(names.young.len() + names.old.len() <= 2 * HALF);
        assert_ne!(names.course(&name("asked"), Duration::ZERO), Course::Ask(None));
        assert_eq!(names.course(&name("0"), Duration::ZERO), Course::Ask(None));
    }
}
