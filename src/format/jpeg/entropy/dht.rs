//! Huffman tables of baseline JPEG as DHT has them. Pure. ITU-T T.81 B.2.4.2, annex C.

use std::ops::Range;

/// Categories of a difference of DC coefficients of 8-bit samples: 0 to 11 (T.81 table F.1).
pub(crate) const DC_CATEGORIES: u8 = 12;

/// The symbol after which all coefficients of a block are zero (T.81 F.1.2.2).
const END_OF_BLOCK: u8 = 0;

/// A table as DHT has it: how many codes there are of each length from 1 to 16, and what they stand for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Definition {
    bytes: Vec<u8>,
}

impl Definition {
    /// The table of these bytes. None if they are not those of one table ([`split`]).
    pub(crate) fn new(bytes: &[u8]) -> Option<Self> {
        let (own, []) = split(bytes)? else { return None };
        Some(Self { bytes: own.to_vec() })
    }

    /// The table as DHT has it.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The table with codes for all categories of DC differences. None if there is no room, or a category that is none.
    pub(crate) fn with_all_categories(self) -> Option<Self> {
        let is_known = |category: &u8| *category < DC_CATEGORIES;
        self.bytes[16..].iter().all(is_known).then_some(self)?.with(0..DC_CATEGORIES)
    }

    /// The table of AC coefficients with a code for the end of a block. None if there is no room.
    pub(crate) fn with_end(self) -> Option<Self> {
        self.with(END_OF_BLOCK..END_OF_BLOCK + 1)
    }

    /// The table with codes for these symbols. Missing ones get the longest codes, which leaves the others as they are.
    fn with(mut self, wanted: Range<u8>) -> Option<Self> {
        let (counts, symbols) = self.bytes.split_at(16);
        let missing: Vec<u8> = wanted.filter(|symbol| !symbols.contains(symbol)).collect();
        let longest = counts.iter().rposition(|count| *count > 0).map_or(1, |index| index + 1);
        let count = u32::try_from(missing.len()).ok().filter(|_| symbols.len() + missing.len() <= 256)?;
        let length = (longest..=16).find(|length| free(counts, *length).is_some_and(|free| free >= count))?;
        self.bytes[length - 1] = self.bytes[length - 1].checked_add(missing.len() as u8)?;
        self.bytes.extend(missing);
        Some(self)
    }

    /// The end of a block as bits and their number; nothing if the table has no code for it.
    pub(crate) fn end(&self) -> Option<(u64, u32)> {
        let (_, code, length) = self.codes().find(|(symbol, ..)| *symbol == END_OF_BLOCK)?;
        Some((code.into(), length))
    }

    /// Symbols with their codes and the lengths of these, shortest first (T.81 C.2).
    pub(crate) fn codes(&self) -> impl Iterator<Item = (u8, u32, u32)> + '_ {
        let (counts, symbols) = self.bytes.split_at(16);
        let lengths = counts.iter().zip(1..).flat_map(|(count, n)| std::iter::repeat_n(n, (*count).into()));
        let (mut next, mut last) = (0, 0);
        symbols.iter().zip(lengths).map(move |(symbol, length)| {
            let code = next << (length - last);
            (next, last) = (code + 1, length);
            (*symbol, code, length)
        })
    }

    /// A DC difference as bits and their number; nothing if the table has no code for it (T.81 F.1.2.1).
    pub(crate) fn encoded(&self, difference: i32) -> Option<(u64, u32)> {
        let size = 32 - difference.unsigned_abs().leading_zeros();
        if size >= DC_CATEGORIES.into() {
            return None;
        }
        let (_, code, length) = self.codes().find(|(category, ..)| u32::from(*category) == size)?;
        let value = if difference < 0 { difference - 1 } else { difference } as u64 & ((1 << size) - 1);
        Some((u64::from(code) << size | value, length + size))
    }
}

/// The table that `bytes` begin with, 16 counts and as many symbols as these say, and what follows it. None if it is
/// cut off, or has more codes than there can be; as for libjpeg, the code of ones alone is none.
pub(crate) fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let total: usize = bytes.get(..16)?.iter().map(|count| usize::from(*count)).sum();
    let table = bytes.split_at_checked(16 + total)?;
    (total <= 256 && free(&bytes[..16], 16).is_some()).then_some(table)
}

/// How many codes of this length can be added behind all that are as long or shorter: all ones is not one of them. None
/// if there are too many already.
fn free(counts: &[u8], length: usize) -> Option<u32> {
    let mut next = 0;
    for (index, count) in counts[..length].iter().enumerate() {
        next = next * 2 + u32::from(*count);
        if next >= 2 << index {
            return None;
        }
    }
    Some((1 << length) - 1 - next)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// The table of these counts and symbols, if it is one.
    pub(crate) fn definition(counts: [u8; 16], symbols: &[u8]) -> Option<Definition> {
        Definition::new(&[&counts[..], symbols].concat())
    }

    #[test]
    fn tables_have_as_many_codes_as_there_can_be() {
        let counts = |first: &[u8]| std::array::from_fn(|n| first.get(n).copied().unwrap_or(0));
        assert!(definition(counts(&[1, 1, 1]), &[1, 2, 3]).is_some());
        assert!(definition(counts(&[1, 1, 2]), &[1, 2, 3, 4]).is_none(), "ones alone are no code");
        assert!(definition(counts(&[2]), &[1, 2]).is_none());
        assert!(definition(counts(&[0, 5]), &[1, 2, 3, 4, 5]).is_none());
        assert!(definition(counts(&[1, 1, 1]), &[1, 2]).is_none(), "cut");
    }

    #[test]
    fn added_codes_leave_the_others_alone() {
        let table = definition(std::array::from_fn(|n| u8::from(n < 3)), &[3, 0, 11]).expect("a table");
        let whole = table.clone().with_all_categories().expect("room");
        assert!((0..DC_CATEGORIES).all(|category| whole.codes().any(|(symbol, ..)| symbol == category)));
        assert!(table.codes().eq(whole.codes().take(3)));
        assert_eq!(Definition::new(whole.bytes()).as_ref(), Some(&whole));
        let end = table.clone().with_end().expect("room");
        assert_eq!(end, table, "it is there already");
        let without = definition(std::array::from_fn(|n| u8::from(n < 2)), &[3, 1]).expect("a table");
        assert_eq!(
            (without.end(), without.with_end().and_then(|table| table.end())),
            (None, Some((0b110, 3)))
        );
        let unknown = definition(std::array::from_fn(|n| u8::from(n < 1)), &[12]).expect("a table");
        assert_eq!(unknown.with_all_categories(), None);
        let mut counts = [1; 16];
        counts[15] = 0;
        let symbols: Vec<u8> = (0..11).chain([0, 1, 2, 3]).collect();
        let full = definition(counts, &symbols).expect("a table");
        assert!(full.clone().with_all_categories().is_some(), "one more of 16 bits");
        counts[15] = 1;
        let full = definition(counts, &[&symbols[..], &[4]].concat()).expect("a table");
        assert_eq!(full.with_all_categories(), None);
    }
}
