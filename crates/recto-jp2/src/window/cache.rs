//! A cache of decoded code-blocks for the next window: neighbouring tiles share most of their code-blocks, and decoding
//! these is nearly all of their cost.
//! Pure. Bounded in bytes; the least recently used go first.

use std::collections::{BTreeMap, HashMap};

use crate::codestream::BandKind;

/// Which code-block of which codestream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct BlockKey {
    /// The codestream: a number that changes when its bytes do.
    pub codestream: u64,
    /// Index of the tile.
    pub tile: u32,
    /// Index of the component.
    pub component: u16,
    /// Resolution, 0 the lowest.
    pub resolution: u8,
    /// Subband of that resolution.
    pub band: BandKind,
    /// Where the code-block begins in its subband.
    pub place: (u32, u32),
}

/// The coefficients of a code-block, row by row, as small as they fit.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Coefficients {
    /// All of them fit 8 bits, as most do in what is compressed with loss.
    Narrowest(Box<[i8]>),
    /// All of them fit 16 bits.
    Narrow(Box<[i16]>),
    /// Some do not.
    Wide(Box<[i32]>),
}

impl Coefficients {
    /// A copy of `values`.
    pub(super) fn new(values: &[i32]) -> Self {
        // What differs from its sign, in any of them. No early exit: so the loop is one over vectors.
        let bits = values.iter().fold(0, |bits, &value| bits | (value ^ (value >> 31)));
        match bits {
            0..0x80 => Self::Narrowest(values.iter().map(|&value| value as i8).collect()),
            0x80..0x8000 => Self::Narrow(values.iter().map(|&value| value as i16).collect()),
            _ => Self::Wide(values.into()),
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Self::Narrowest(values) => size_of_val(&**values),
            Self::Narrow(values) => size_of_val(&**values),
            Self::Wide(values) => size_of_val(&**values),
        }
    }
}

/// A bounded cache of decoded code-blocks.
pub(super) struct BlockCache {
    limit: usize,
    bytes: usize,
    blocks: HashMap<BlockKey, Entry>,
    /// The keys by the time of their last use.
    uses: BTreeMap<u64, BlockKey>,
    now: u64,
}

struct Entry {
    coefficients: Coefficients,
    used: u64,
}

impl BlockCache {
    /// A cache of `limit` bytes at most. With 0 nothing is cached.
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, bytes: 0, blocks: HashMap::new(), uses: BTreeMap::new(), now: 0 }
    }

    /// The coefficients of a code-block, if they are cached.
    pub(super) fn get(&mut self, key: &BlockKey) -> Option<&Coefficients> {
        let entry = self.blocks.get_mut(key)?;
        self.uses.remove(&entry.used);
        self.now += 1;
        self.uses.insert(self.now, *key);
        entry.used = self.now;
        Some(&entry.coefficients)
    }

    /// Caches the coefficients of a code-block, and drops others where there is no room. A block that is larger than
    /// the cache is not cached.
    pub(super) fn insert(&mut self, key: BlockKey, coefficients: Coefficients) {
        self.remove(&key);
        let bytes = Self::cost(&coefficients);
        if bytes > self.limit {
            return;
        }
        while self.bytes + bytes > self.limit {
            let Some((_, &oldest)) = self.uses.first_key_value() else { break };
            self.remove(&oldest);
        }
        self.now += 1;
        self.uses.insert(self.now, key);
        self.blocks.insert(key, Entry { coefficients, used: self.now });
        self.bytes += bytes;
    }

    /// Bytes in use, at most the limit.
    #[cfg(test)]
    fn bytes(&self) -> usize {
        self.bytes
    }

    fn remove(&mut self, key: &BlockKey) {
        if let Some(entry) = self.blocks.remove(key) {
            self.uses.remove(&entry.used);
            self.bytes -= Self::cost(&entry.coefficients);
        }
    }

    /// What a block takes, with its places in both maps, which are at least half full.
    fn cost(coefficients: &Coefficients) -> usize {
        const PLACES: usize = 2 * (size_of::<(BlockKey, Entry)>() + size_of::<(u64, BlockKey)>());
        coefficients.bytes() + PLACES
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(block: u32) -> BlockKey {
        BlockKey {
            codestream: 1,
            tile: 0,
            component: 0,
            resolution: 5,
            band: BandKind::Hl,
            place: (64 * block, 0),
        }
    }

    fn block(length: usize) -> Coefficients {
        Coefficients::new(&vec![-7; length])
    }

    #[test]
    fn coefficients_are_as_narrow_as_they_can_be() {
        let (least, most) = (i32::from(i8::MIN), i32::from(i8::MAX));
        assert_eq!(
            Coefficients::new(&[least, 0, most]),
            Coefficients::Narrowest([i8::MIN, 0, i8::MAX].into())
        );
        for beyond in [least - 1, most + 1] {
            assert_eq!(Coefficients::new(&[0, beyond]), Coefficients::Narrow([0, beyond as i16].into()));
        }
        let (least, most) = (i32::from(i16::MIN), i32::from(i16::MAX));
        assert_eq!(
            Coefficients::new(&[least, 0, most]),
            Coefficients::Narrow([i16::MIN, 0, i16::MAX].into())
        );
        for beyond in [least - 1, most + 1] {
            assert_eq!(Coefficients::new(&[0, beyond]), Coefficients::Wide([0, beyond].into()));
        }
        let bytes = |value| Coefficients::new(&[value; 64]).bytes();
        assert_eq!([-7, 700, 1 << 20].map(bytes), [64, 128, 256]);
    }

    #[test]
    fn the_least_recently_used_goes_first() {
        let mut cache = BlockCache::new(3 * BlockCache::cost(&block(100)));
        (1..=3).for_each(|n| cache.insert(key(n), block(100)));
        assert_eq!(cache.get(&key(1)), Some(&block(100)));
        cache.insert(key(4), block(100));
        assert_eq!([1, 2, 3, 4].map(|n| cache.get(&key(n)).is_some()), [true, false, true, true]);
    }

    #[test]
    fn every_part_of_the_key_counts() {
        let one = key(1);
        let others = [
            BlockKey { codestream: 2, ..one },
            BlockKey { tile: 1, ..one },
            BlockKey { component: 1, ..one },
            BlockKey { resolution: 4, ..one },
            BlockKey { band: BandKind::Lh, ..one },
            key(2),
        ];
        let mut cache = BlockCache::new(1 << 20);
        cache.insert(one, block(1));
        assert!(cache.get(&one).is_some());
        assert!(others.iter().all(|other| cache.get(other).is_none()));
    }

    #[test]
    fn what_does_not_fit_is_not_kept_and_drives_nothing_out() {
        let mut cache = BlockCache::new(BlockCache::cost(&block(100)));
        cache.insert(key(1), block(100));
        cache.insert(key(2), block(101));
        assert_eq!([1, 2].map(|n| cache.get(&key(n)).is_some()), [true, false]);
        let mut none = BlockCache::new(0);
        none.insert(key(1), block(0));
        assert_eq!(none.get(&key(1)), None);
    }

    proptest! {
        /// The plain reference is a list, the least recently used first.
        #[test]
        fn behaves_as_a_list(steps in prop::collection::vec((0u32..12, any::<bool>(), 0usize..300), 1..300)) {
            const LIMIT: usize = 3000;
            let mut cache = BlockCache::new(LIMIT);
            let mut list: Vec<(BlockKey, Coefficients)> = Vec::new();
            for (number, insert, length) in steps {
                let (key, coefficients) = (key(number), block(length));
                let found = list.iter().position(|(kept, _)| *kept == key).map(|at| list.remove(at));
                if insert {
                    list.push((key, coefficients.clone()));
                    let sum = |list: &[(_, Coefficients)]| list.iter().map(|(_, kept)| BlockCache::cost(kept)).sum::<usize>();
                    while sum(&list) > LIMIT {
                        list.remove(0);
                    }
                    cache.insert(key, coefficients);
                    prop_assert_eq!(cache.bytes(), sum(&list));
                    prop_assert_eq!((cache.blocks.len(), cache.uses.len()), (list.len(), list.len()));
                } else {
                    prop_assert_eq!(cache.get(&key), found.as_ref().map(|(_, kept)| kept));
                    list.extend(found);
                }
            }
        }
    }
}
