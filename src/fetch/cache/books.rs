//! What is in the cache, how much room it takes, and what has to go. Pure.

use std::collections::HashMap;

use super::names::Name;

/// How much less than it may take a cache takes after something had to go: a hundredth part goes at a time, so that it
/// is not looked for the oldest with each block.
const PART: u64 = 100;

/// What is known of a block file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// Bytes that it takes on disk.
    pub(super) bytes: u64,
    /// When it was last used, in microseconds since 1970.
    pub(super) used: u64,
}

/// All block files.
#[derive(Debug)]
pub(super) struct Books {
    entries: HashMap<Name, Entry>,
    bytes: u64,
    most: u64,
}

impl Books {
    /// None yet, and never more than so many bytes.
    pub(super) fn new(most: u64) -> Self {
        Self { entries: HashMap::new(), bytes: 0, most }
    }

    /// Bytes of all of them.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Their number.
    pub(super) fn objects(&self) -> u64 {
        self.entries.len() as u64
    }

    /// Enters a file, in place of what was entered by that name.
    pub(super) fn enter(&mut self, name: Name, entry: Entry) {
        self.strike(name);
        self.bytes = self.bytes.saturating_add(entry.bytes);
        self.entries.insert(name, entry);
    }

    /// Enters a file that was found on the disk, unless it is known better.
    pub(super) fn found(&mut self, name: Name, entry: Entry) {
        if !self.entries.contains_key(&name) {
            self.enter(name, entry);
        }
    }

    /// A file is used now, and takes so many bytes more.
    pub(super) fn uses(&mut self, name: Name, now: u64, more: u64) {
        if let Some(entry) = self.entries.get_mut(&name) {
            entry.used = entry.used.max(now);
            entry.bytes = entry.bytes.saturating_add(more);
            self.bytes = self.bytes.saturating_add(more);
        }
    }

    /// A file is gone: what was known of it.
    pub(super) fn strike(&mut self, name: Name) -> Option<Entry> {
        let entry = self.entries.remove(&name)?;
        self.bytes = self.bytes.saturating_sub(entry.bytes);
        Some(entry)
    }

    /// Those that have to go, not used for longest. None as long as there is room.
    pub(super) fn surplus(&self) -> Vec<Name> {
        match self.bytes > self.most {
            true => self.oldest(self.bytes - (self.most - self.most / PART)),
            false => Vec::new(),
        }
    }

    /// Those not used for longest that take so many bytes together, except the one used last.
    pub(super) fn oldest(&self, bytes: u64) -> Vec<Name> {
        let mut all: Vec<_> =
            self.entries.iter().map(|(name, entry)| (entry.used, *name, entry.bytes)).collect();
        all.sort_unstable();
        all.pop();
        let mut freed = 0;
        let mut goes = |bytes_of: u64| {
            let goes = freed < bytes;
            freed += bytes_of;
            goes
        };
        all.into_iter().take_while(|(.., bytes)| goes(*bytes)).map(|(_, name, _)| name).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_go_when_there_is_no_room_and_never_the_latest() {
        let name = |number: u32| Name::of("", &number.to_string());
        let mut books = Books::new(1000);
        (1..=4).for_each(|number| books.enter(name(number), Entry { bytes: 240, used: number.into() }));
        assert_eq!((books.bytes(), books.surplus()), (960, vec![]));
        books.uses(name(1), 9, 40);
        assert_eq!((books.bytes(), books.surplus()), (1000, vec![]));
        books.uses(name(1), 8, 1);
        assert_eq!((books.bytes(), books.surplus()), (1001, vec![name(2)]));
        books.uses(name(1), 8, 239);
        assert_eq!(books.surplus(), [name(2), name(3)]);
        assert_eq!(books.oldest(u64::MAX), [2, 3, 4].map(name));
        books.found(name(2), Entry { bytes: 1, used: 99 });
        assert_eq!(books.bytes(), 1240, "known better");
        books.enter(name(2), Entry { bytes: 40, used: 10 });
        assert_eq!(books.strike(name(3)), Some(Entry { bytes: 240, used: 3 }));
        assert_eq!((books.strike(name(3)), books.bytes(), books.objects()), (None, 800, 3));
    }
}
