//! Huffman tables: as they are written, and as they are looked up (ITU-T T.81 annex C, B.2.4.2, F.2.2.3).
//! The tables for AC coefficients tell how far to go at a glance, since their values are of no interest here.

use super::bits::BitReader;

/// Categories of a difference of DC coefficients of 8-bit samples: 0 to 11 (T.81 table F.1).
pub const DC_CATEGORIES: u8 = 12;

/// Bits that are looked up at once.
const GLANCE: u32 = 12;

/// A table as DHT has it: how many codes there are of each length from 1, and what they stand for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definition {
    counts: [u8; 16],
    symbols: Vec<u8>,
}

/// The code of a symbol.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Code {
    /// Its bits.
    pub bits: u32,
    /// How many there are; 0 if the symbol has no code.
    pub length: u32,
}

impl Definition {
    /// Reads a table, and gives what follows it. None if it is cut, or has more codes than there can be; as for
    /// libjpeg, the code of ones alone is none.
    pub fn read(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (counts, rest) = bytes.split_first_chunk::<16>()?;
        let total = counts.iter().map(|count| usize::from(*count)).sum();
        let (symbols, rest) = rest.split_at_checked(total)?;
        let definition = Self { counts: *counts, symbols: symbols.to_vec() };
        (total <= 256 && definition.free(16).is_some()).then_some((definition, rest))
    }

    /// The table as DHT has it.
    pub fn to_bytes(&self) -> Vec<u8> {
        [&self.counts[..], &self.symbols].concat()
    }

    /// The table with codes for all categories of DC differences. Missing ones get the longest codes, which leaves
    /// the others as they are. None if there is no room, or a category that is none.
    pub fn with_all_categories(mut self) -> Option<Self> {
        let missing = (0..DC_CATEGORIES).filter(|category| !self.symbols.contains(category));
        let missing: Vec<u8> = missing.collect();
        if self.symbols.iter().any(|category| *category >= DC_CATEGORIES) {
            return None;
        }
        let longest = self.counts.iter().rposition(|count| *count > 0).map_or(1, |index| index + 1);
        let count = u32::try_from(missing.len()).ok()?;
        let length = (longest..=16).find(|length| self.free(*length).is_some_and(|free| free >= count))?;
        self.counts[length - 1] = self.counts[length - 1].checked_add(missing.len() as u8)?;
        self.symbols.extend(missing);
        Some(self)
    }

    /// How many codes of this length can be added behind all that are as long or shorter: all ones is not one of
    /// them. None if there are too many already.
    fn free(&self, length: usize) -> Option<u32> {
        let mut next = 0;
        for (index, count) in self.counts.iter().take(length).enumerate() {
            next = next * 2 + u32::from(*count);
            if next >= 2 << index {
                return None;
            }
        }
        Some((1 << length) - 1 - next)
    }

    /// The code of each symbol.
    pub fn codes(&self) -> [Code; 256] {
        let mut codes = [Code::default(); 256];
        for (symbol, code) in self.in_order() {
            codes[usize::from(symbol)] = code;
        }
        codes
    }

    /// Symbols with their codes, shortest first (T.81 C.2).
    fn in_order(&self) -> impl Iterator<Item = (u8, Code)> + '_ {
        let lengths =
            self.counts.iter().zip(1..).flat_map(|(count, n)| std::iter::repeat_n(n, (*count).into()));
        let mut last = Code::default();
        let mut next = 0;
        self.symbols.iter().zip(lengths).map(move |(symbol, length)| {
            next <<= length - last.length;
            last = Code { bits: next, length };
            next += 1;
            (*symbol, last)
        })
    }
}

/// Finds one symbol at a time.
#[derive(Clone)]
pub struct Lookup {
    /// For each beginning of [`GLANCE`] bits the symbol and the length of its code, or 0 if that is longer.
    short: Vec<(u8, u8)>,
    /// Longer codes, filled up to 16 bits with ones; what they stand for; their lengths.
    long: Vec<(u32, u8, u8)>,
}

impl Lookup {
    /// The look-up of a table.
    pub fn new(definition: &Definition) -> Self {
        let (mut short, mut long) = (vec![(0, 0); 1 << GLANCE], Vec::new());
        for (symbol, Code { bits, length }) in definition.in_order() {
            if length > GLANCE {
                long.push((((bits + 1) << (16 - length)) - 1, symbol, length as u8));
                continue;
            }
            let first = (bits << (GLANCE - length)) as usize;
            short[first..first + (1 << (GLANCE - length))].fill((symbol, length as u8));
        }
        Self { short, long }
    }

    /// Reads a symbol from a reader that was filled. None if there is no such code.
    #[inline(always)]
    pub fn read(&self, bits: &mut BitReader) -> Option<u8> {
        let (symbol, length) = match self.short[bits.peek(GLANCE) as usize] {
            (_, 0) => self.read_long(bits.peek(16))?,
            found => found,
        };
        bits.skip(length.into());
        Some(symbol)
    }

    /// Codes go up with their lengths: the first that ends behind the bits is theirs.
    #[cold]
    fn read_long(&self, next: u32) -> Option<(u8, u8)> {
        let at = self.long.partition_point(|(end, ..)| *end < next);
        self.long.get(at).map(|(_, symbol, length)| (*symbol, *length))
    }
}

/// Skips the AC coefficients of a block, several at a time.
#[derive(Clone)]
pub struct Skipper {
    strides: Vec<Stride>,
    single: Lookup,
}

/// What the next [`GLANCE`] bits hold of whole coefficients.
#[derive(Clone, Copy, Default)]
struct Stride {
    /// Bits to skip; 0 if not even one coefficient is whole.
    bits: u8,
    /// Places in the block that it needs.
    needs: u8,
    /// Places to go on by: to the end of the block or beyond if it ends here.
    step: u8,
}

/// Places of a block.
const BLOCK: u32 = 64;

impl Skipper {
    /// The skipper of a table.
    pub fn new(definition: &Definition) -> Self {
        let single = Lookup::new(definition);
        let strides = (0..1 << GLANCE).map(|next| Stride::new(next, &single)).collect();
        Self { strides, single }
    }

    /// Skips to the end of a block, of which the DC coefficient was read. None if a code is none, or a run too long.
    #[inline(always)]
    pub fn skip(&self, bits: &mut BitReader) -> Option<()> {
        let mut place = 1;
        while place < BLOCK {
            bits.fill();
            let stride = self.strides[bits.peek(GLANCE) as usize];
            if stride.bits > 0 && place + u32::from(stride.needs) <= BLOCK {
                bits.skip(stride.bits.into());
                place += u32::from(stride.step);
            } else {
                place = self.skip_one(bits, place)?;
            }
        }
        Some(())
    }

    fn skip_one(&self, bits: &mut BitReader, place: u32) -> Option<u32> {
        let coefficient = Coefficient::of(self.single.read(bits)?)?;
        bits.skip(coefficient.bits);
        if coefficient.step == 0 {
            return Some(BLOCK);
        }
        (place + coefficient.step <= BLOCK).then_some(place + coefficient.step)
    }
}

/// What follows the code of an AC coefficient (T.81 F.1.2.2).
struct Coefficient {
    /// Bits of its value.
    bits: u32,
    /// Places to the next; 0 for the end of the block.
    step: u32,
}

impl Coefficient {
    /// None for what the baseline process has no meaning for.
    fn of(symbol: u8) -> Option<Self> {
        let (run, bits) = (u32::from(symbol >> 4), u32::from(symbol & 15));
        match (run, bits) {
            (0, 0) => Some(Self { bits, step: 0 }),
            (1..15, 0) => None,
            _ => Some(Self { bits, step: run + 1 }),
        }
    }
}

impl Stride {
    fn new(next: u32, single: &Lookup) -> Self {
        let mut stride = Self::default();
        loop {
            let rest = GLANCE - u32::from(stride.bits);
            let (symbol, length) = single.short[(next << stride.bits) as usize & ((1 << GLANCE) - 1)];
            let Some(coefficient) = Coefficient::of(symbol).filter(|_| (1..=rest).contains(&length.into()))
            else {
                return stride;
            };
            if u32::from(length) + coefficient.bits > rest {
                return stride;
            }
            let step = if coefficient.step == 0 { BLOCK } else { coefficient.step };
            // The steps of 12 codes of a bit at least, 16 each, and the last.
            stride.bits += length + coefficient.bits as u8;
            stride.needs = stride.step + coefficient.step.max(1) as u8;
            stride.step += step as u8;
            if coefficient.step == 0 {
                return stride;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::bits::BitWriter;
    use super::*;

    fn definition(counts: [u8; 16], symbols: &[u8]) -> Option<Definition> {
        Definition::read(&[&counts[..], symbols].concat()).map(|(definition, _)| definition)
    }

    /// Codes of 1, 2 and so on bits: the longest are beyond a glance.
    fn long() -> Definition {
        let symbols: Vec<u8> =
            [0x00, 0x01, 0xf0, 0x11, 0x23, 0x0a, 0x31, 0x02, 0xf1, 0x04, 0x61, 0x72, 0x05, 0x81].into();
        let mut counts = [1; 16];
        counts[14..].fill(0);
        definition(counts, &symbols).expect("a table")
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
        for category in 0..DC_CATEGORIES {
            assert!(whole.codes()[usize::from(category)].length > 0, "{category}");
        }
        for symbol in [3, 0, 11] {
            assert_eq!(whole.codes()[symbol], table.codes()[symbol]);
        }
        assert_eq!(Definition::read(&whole.to_bytes()), Some((whole, &[][..])));
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

    #[test]
    fn symbols_are_found_by_codes_of_any_length() {
        let table = long();
        let (codes, lookup) = (table.codes(), Lookup::new(&table));
        for symbol in table.symbols {
            let Code { bits, length } = codes[usize::from(symbol)];
            let mut output = BitWriter::new(vec![]);
            output.put(bits, length);
            let bytes = output.finish();
            let mut input = BitReader::new(&bytes, 0);
            assert_eq!(lookup.read(&mut input), Some(symbol));
            assert_eq!(
                input.position(),
                u64::from(length) + if length > 8 { 8 } else { 0 },
                "0xff is stuffed"
            );
        }
        assert_eq!(lookup.read(&mut BitReader::new(&[0xff, 0, 0xff, 0, 0xff, 0], 0)), None);
    }

    /// Blocks of coefficients one by one, as T.81 F.2.2.2 has it.
    fn skip_singly(skipper: &Skipper, bits: &mut BitReader) -> Option<()> {
        let mut place = 1;
        while place < BLOCK {
            bits.fill();
            place = skipper.skip_one(bits, place)?;
        }
        Some(())
    }

    #[test]
    fn strides_lead_where_single_steps_do() {
        let skipper = Skipper::new(&long());
        let mut seed = 1_u32;
        let mut whole = 0;
        for _ in 0..20_000 {
            let mut bytes = [0; 80];
            for byte in &mut bytes {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                // Few zeros, since the code of the end is one of them.
                *byte = (seed >> 24) as u8 | (seed >> 16) as u8 | 0x80;
                *byte -= u8::from(*byte == 0xff);
            }
            let (mut one, mut other) = (BitReader::new(&bytes, 0), BitReader::new(&bytes, 0));
            let result = skipper.skip(&mut one);
            assert_eq!(result, skip_singly(&skipper, &mut other));
            if result.is_some() {
                assert_eq!(one.position(), other.position());
                whole += 1;
            }
        }
        assert!((1000..19_000).contains(&whole), "the test is blind: {whole}");
    }
}
