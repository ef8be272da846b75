//! How many reads a first tile would take, one after the other, if the file lay in an object store.
//!
//! Readers announce what they are going to read ([`Object`]): an announcement of which something is not there yet is a
//! round trip, whose parts are fetched side by side, each with what follows it up to so many bytes. What is counted is
//! thus what the readers ask for today: headers, directories, offsets of tiles, the tile.

use std::cell::{Cell, RefCell};
use std::ops::Range;
use std::rc::Rc;

use super::outcome::Cold;
use crate::error::MasterError;
use crate::source::Object;

/// A store sends so many bytes in about the time in which it sends one.
const READ_AHEAD: u64 = 64 << 10;

/// A file whose reads are counted.
pub(super) struct Counted {
    file: Rc<dyn Object>,
    /// What was fetched: in order, none of them touching another.
    fetched: RefCell<Vec<Range<u64>>>,
    round_trips: Cell<u32>,
    bytes: Cell<u64>,
}

impl Counted {
    /// Nothing of `file` is there yet.
    pub(super) fn new(file: Rc<dyn Object>) -> Self {
        Self { file, fetched: RefCell::default(), round_trips: Cell::default(), bytes: Cell::default() }
    }

    /// What was read so far.
    pub(super) fn so_far(&self) -> Cold {
        Cold { round_trips: self.round_trips.get(), bytes: self.bytes.get() }
    }

    /// Whether all of a range is there.
    fn has(&self, range: &Range<u64>) -> bool {
        let fetched = self.fetched.borrow();
        let before = fetched.partition_point(|of| of.start <= range.start);
        before > 0 && fetched[before - 1].end >= range.end
    }

    fn fetch(&self, range: &Range<u64>) {
        let mut fetched = self.fetched.borrow_mut();
        let from = fetched.partition_point(|of| of.end < range.start);
        let to = fetched.partition_point(|of| of.start <= range.end);
        let (mut whole, mut had) = (range.clone(), 0);
        for of in fetched.drain(from..to) {
            had += of.end - of.start;
            whole = whole.start.min(of.start)..whole.end.max(of.end);
        }
        self.bytes.set(self.bytes.get() + (whole.end - whole.start - had));
        fetched.insert(from, whole);
    }
}

impl Object for Counted {
    fn bytes(&self) -> &[u8] {
        self.file.bytes()
    }

    fn announce(&self, ranges: &[Range<u64>]) -> Result<(), MasterError> {
        let length = self.file.bytes().len() as u64;
        let mut waits = false;
        for range in ranges {
            let end = range.end.min(length);
            let range = range.start.min(end)..end;
            if !range.is_empty() && !self.has(&range) {
                waits = true;
                self.fetch(&(range.start..end.max(range.start.saturating_add(READ_AHEAD)).min(length)));
            }
        }
        self.round_trips.set(self.round_trips.get().saturating_add(waits.into()));
        Ok(())
    }

    fn check(&self) -> Result<(), MasterError> {
        self.file.check()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Zeros(Vec<u8>);

    impl Object for Zeros {
        fn bytes(&self) -> &[u8] {
            &self.0
        }

        fn announce(&self, _: &[Range<u64>]) -> Result<(), MasterError> {
            Ok(())
        }

        fn check(&self) -> Result<(), MasterError> {
            Ok(())
        }
    }

    #[test]
    fn what_is_there_takes_no_round_trip() {
        let counted = Counted::new(Rc::new(Zeros(vec![0; 1_000_000])));
        let after = |ranges: &[(u64, u64)]| {
            let ranges: Vec<_> = ranges.iter().map(|(start, end)| *start..*end).collect();
            counted.announce(&ranges).expect("always");
            let Cold { round_trips, bytes } = counted.so_far();
            (round_trips, bytes)
        };
        let block = READ_AHEAD;
        for (ranges, expected) in [
            (&[(0, 16)][..], (1, block)),
            (&[(100, 200), (65_000, 65_536)][..], (1, block)),
            (&[(65_000, 65_537)][..], (2, block + 65_000)),
            (&[(500_000, 500_001), (800_000, 800_001)][..], (3, 3 * block + 65_000)),
            (&[(999_990, 2_000_000)][..], (4, 3 * block + 65_010)),
            (&[(0, 1_000_000)][..], (5, 1_000_000)),
            (&[(0, u64::MAX), (7, 7)][..], (5, 1_000_000)),
        ] {
            assert_eq!(after(ranges), expected, "{ranges:?}");
        }
    }
}
