//! Which block a byte is in, and where everything is in a block file. Pure.

use std::ops::Range;

/// Bytes of a block; the last one of an object may be shorter.
pub const BLOCK: u64 = 64 << 10;

/// The longest object, in bytes: what the file systems of Linux take for one file.
pub const LARGEST: u64 = 1 << 43;

/// Bytes of the head: a page.
pub(super) const HEAD: u64 = 4096;

/// Where everything is in the block file of an object: its bytes, each at its own offset, so that they can be mapped as
/// they are; from the next whole block on the marks, one byte for each block; and in the last page the head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    size: u64,
}

impl Layout {
    /// That of an object of so many bytes; None for one that is too long.
    pub fn of(size: u64) -> Option<Self> {
        (size <= LARGEST).then_some(Self { size })
    }

    /// The bytes of the object.
    pub fn size(self) -> u64 {
        self.size
    }

    /// The number of its blocks.
    pub fn blocks(self) -> u32 {
        // 2^27 at most.
        self.size.div_ceil(BLOCK) as u32
    }

    /// The blocks that a range of bytes touches. Parts outside the object are left out.
    pub fn touched(self, bytes: &Range<u64>) -> Range<u32> {
        let end = bytes.end.min(self.size);
        if bytes.start >= end {
            return 0..0;
        }
        (bytes.start / BLOCK) as u32..end.div_ceil(BLOCK) as u32
    }

    /// The bytes of the object that are in these blocks.
    pub fn bytes(self, blocks: &Range<u32>) -> Range<u64> {
        let at = |block: u32| (u64::from(block) * BLOCK).min(self.size);
        at(blocks.start)..at(blocks.end)
    }

    /// Where the mark of a block is.
    pub(super) fn mark_at(self, block: u32) -> u64 {
        u64::from(self.blocks()) * BLOCK + u64::from(block)
    }

    /// Where the head is.
    pub(super) fn head_at(self) -> u64 {
        self.mark_at(self.blocks()).next_multiple_of(HEAD)
    }

    /// The length of the whole file.
    pub(super) fn file_length(self) -> u64 {
        self.head_at() + HEAD
    }
}

/// Ranges of blocks in order, without gaps or overlaps between neighbours, and without empty ones.
pub fn joined(mut ranges: Vec<Range<u32>>) -> Vec<Range<u32>> {
    ranges.retain(|range| range.start < range.end);
    ranges.sort_unstable_by_key(|range| range.start);
    ranges.dedup_by(|next, last| {
        let meets = next.start <= last.end;
        if meets {
            last.end = last.end.max(next.end);
        }
        meets
    });
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_hold_all_bytes_and_no_others() {
        let layout = Layout::of(2 * BLOCK + 1).expect("not too long");
        assert_eq!(layout.blocks(), 3);
        for (bytes, blocks) in [
            (0..1, 0..1),
            (0..0, 0..0),
            (BLOCK - 1..BLOCK, 0..1),
            (BLOCK - 1..BLOCK + 1, 0..2),
            (BLOCK..2 * BLOCK, 1..2),
            (2 * BLOCK..u64::MAX, 2..3),
            (2 * BLOCK + 1..u64::MAX, 0..0),
            (u64::MAX..u64::MAX, 0..0),
            (Range { start: 9, end: 5 }, 0..0),
        ] {
            assert_eq!(layout.touched(&bytes), blocks, "{bytes:?}");
        }
        assert_eq!(layout.bytes(&(1..3)), BLOCK..2 * BLOCK + 1);
        assert_eq!(layout.bytes(&(0..u32::MAX)), 0..2 * BLOCK + 1);
        assert_eq!((layout.mark_at(0), layout.head_at()), (3 * BLOCK, 3 * BLOCK + HEAD));
        let (none, largest) = (Layout::of(0).expect("short"), Layout::of(LARGEST).expect("just"));
        assert_eq!((none.blocks(), none.file_length()), (0, HEAD));
        assert_eq!(u64::from(largest.blocks()) * BLOCK, LARGEST);
        assert_eq!(Layout::of(LARGEST + 1), None);
    }

    #[test]
    fn ranges_that_meet_are_joined() {
        assert_eq!(joined(vec![5..6, 1..3, 2..4, 4..5, 9..9, 8..9]), [1..6, 8..9]);
        assert_eq!(joined(vec![0..9, 1..2, 3..4]), [0..9]);
        assert_eq!(joined(vec![]), []);
    }
}
