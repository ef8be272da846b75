//! What reading an object takes if it lies in a store: counted, not waited for.
//!
//! Readers announce what they are going to read ([`Object`]). Blocks that are not there yet are fetched, whole; all that
//! one announcement lacks is fetched side by side, so that it takes one round trip, in as many requests as there are
//! places far from each other. Finding the object is the first round trip, and brings its first block.

use std::cell::{Cell, RefCell};
use std::ops::Range;
use std::rc::Rc;

use super::Object;
use super::spans::{Spans, in_units};
use crate::blocks::BLOCK;
use crate::error::MasterError;

/// What lies so near to what is fetched is fetched with it: a request costs more.
const GAP: u64 = 128 << 10;

/// The most bytes of a request.
pub(crate) const REQUEST: u64 = 4 << 20;

/// What was read of an object so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reads {
    /// Reads that had to wait for the one before.
    pub round_trips: u32,
    /// Requests to the store.
    pub requests: u32,
    /// Bytes of all of them.
    pub bytes: u64,
}

impl Reads {
    /// What was read since it was `before`.
    pub fn since(self, before: Self) -> Self {
        Self {
            round_trips: self.round_trips - before.round_trips,
            requests: self.requests - before.requests,
            bytes: self.bytes - before.bytes,
        }
    }
}

/// An object whose reads are counted as if it lay in a store, of which nothing is there yet.
pub struct Counted {
    object: Rc<dyn Object>,
    there: RefCell<Spans>,
    reads: Cell<Reads>,
}

impl Counted {
    /// It has just been found.
    pub fn new(object: Rc<dyn Object>) -> Self {
        let first = 0..BLOCK.min(object.bytes().len() as u64);
        let reads = Reads { round_trips: 1, requests: 1, bytes: first.end };
        Self { object, there: RefCell::new(std::iter::once(first).collect()), reads: Cell::new(reads) }
    }

    /// What was read so far.
    pub fn so_far(&self) -> Reads {
        self.reads.get()
    }

    /// All that these ranges lack, in whole blocks, joined where little lies between.
    fn lacking(&self, ranges: &[Range<u64>]) -> Spans {
        let (there, length) = (self.there.borrow(), self.object.bytes().len() as u64);
        let blocks: Spans = ranges.iter().map(|range| in_units(range, BLOCK, length)).collect();
        let mut joined: Vec<Range<u64>> = Vec::new();
        for part in blocks.iter().flat_map(|range| there.lacking(range)) {
            match joined.last_mut() {
                Some(last) if part.start - last.end <= GAP => last.end = part.end,
                _ => joined.push(part),
            }
        }
        joined.into_iter().collect()
    }
}

impl Object for Counted {
    fn bytes(&self) -> &[u8] {
        self.object.bytes()
    }

    fn announce(&self, ranges: &[Range<u64>]) -> Result<(), MasterError> {
        let lacking = self.lacking(ranges);
        let mut reads = self.reads.get();
        reads.round_trips += u32::from(lacking.bytes() > 0);
        for range in lacking.iter() {
            reads.requests += (range.end - range.start).div_ceil(REQUEST) as u32;
            reads.bytes += range.end - range.start;
            self.there.borrow_mut().add(range);
        }
        self.reads.set(reads);
        self.object.announce(ranges)
    }

    fn check(&self) -> Result<(), MasterError> {
        self.object.check()
    }

    fn release(&self) {
        self.object.release();
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
        let length = 20_000_000;
        let counted = Counted::new(Rc::new(Zeros(vec![0; length as usize])));
        let after = |ranges: &[(u64, u64)]| {
            let ranges: Vec<_> = ranges.iter().map(|(start, end)| *start..*end).collect();
            counted.announce(&ranges).expect("always");
            let Reads { round_trips, requests, bytes } = counted.so_far();
            (round_trips, requests, bytes)
        };
        for (ranges, expected) in [
            (&[(0, 16), (100, BLOCK)][..], (1, 1, BLOCK)),
            (&[(65_000, 65_537)][..], (2, 2, 2 * BLOCK)),
            (&[(10 * BLOCK, 10 * BLOCK + 1), (15 * BLOCK, 15 * BLOCK + 1)][..], (3, 4, 4 * BLOCK)),
            (&[(11 * BLOCK, 12 * BLOCK), (14 * BLOCK, 15 * BLOCK)][..], (4, 5, 8 * BLOCK)),
            (&[(12 * BLOCK, 14 * BLOCK), (7, 7), (u64::MAX, u64::MAX)][..], (4, 5, 8 * BLOCK)),
            (&[(0, u64::MAX)][..], (5, 11, length)),
            (&[(0, length)][..], (5, 11, length)),
        ] {
            assert_eq!(after(ranges), expected, "{ranges:?}");
        }
    }
}
