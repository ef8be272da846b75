//! Huffman tables of baseline JPEG as they are looked up, only to know where blocks end and what their DC differences are.
//! Pure. ITU-T T.81 annex F.

use super::dht::{DC_CATEGORIES, Definition};

/// Coefficients of a block.
pub(crate) const BLOCK: u32 = 64;

/// Bits that a look-up sees at once: most codes and their values are shorter, so that it passes over two or three.
/// Fewer cost more look-ups, more cost cache.
const SEEN: u32 = 12;

/// Bits that one look-up passes over at most: of the last coefficient only the code has to be seen. Three times as many are
/// in a word.
const TAKEN: u32 = 19;

/// What a table's codes stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// DC differences.
    Dc,
    /// AC coefficients.
    Ac,
}

/// A table for look-ups.
pub(crate) struct Table {
    /// What its codes stand for.
    pub class: Class,
    /// What it was made of.
    pub definition: Definition,
    /// For every sequence of [`SEEN`] bits what its first symbol says.
    first: Box<[Step; 1 << SEEN]>,
    /// And how far one can go with all symbols whose codes are whole in it.
    runs: Box<Runs>,
    /// For each length beyond that the first code, and what it and those that follow it say.
    long: [(u32, Vec<Step>); 16 - SEEN as usize],
}

/// What some bits of coefficients say.
#[derive(Clone, Copy, Default)]
struct Step {
    /// How many of them are the code of the first symbol.
    code: u8,
    /// How many they are, the bits of the values included. 0 stands for a code too long to see, or one that means nothing.
    bits: u8,
    /// Coefficients passed over.
    coefficients: u8,
    /// Whether the block ends there.
    is_end: bool,
}

impl Step {
    /// The coefficient, run or end that a symbol stands for (T.81 F.1.2.2).
    fn new(symbol: u8, length: u32) -> Self {
        let (run, size, code) = (symbol >> 4, symbol & 15, length as u8);
        match (run, size) {
            (0, 0) => Self { code, bits: code, coefficients: 0, is_end: true },
            (1..15, 0) => Self::default(),
            _ => Self { code, bits: code + size, coefficients: run + 1, is_end: false },
        }
    }
}

/// A [`Run`] for every sequence of bits that a look-up sees.
pub(crate) type Runs = [Run; 1 << SEEN];

/// Some coefficients in a row: their bits in the low byte, and in the high one what they add to the number of those of
/// their block that lie behind.
///
/// Sums of these show the state of the block: below [`BLOCK`] it goes on, from twice that on it has ended. Sums in
/// between, and those of three times that and more, are for nobody to add up without looking.
#[derive(Clone, Copy)]
pub(crate) struct Run(u16);

impl Run {
    /// Nothing passed over yet.
    pub(crate) const NONE: Self = Self::new(0, 0);
    /// More bits would have to be seen.
    const UNSEEN: Self = Self::new(0, 3 * BLOCK);
    /// Where no look-up helps.
    pub(crate) const NEVER: Runs = [Self::UNSEEN; 1 << SEEN];
    /// How far a word is shifted to give the bits of a look-up.
    pub(crate) const SHIFT: u32 = 64 - SEEN;
    /// How many look-ups a word is good for.
    pub(crate) const IN_WORD: u32 = 57 / TAKEN;

    /// So many bits, less than 64, and coefficients, less than 256.
    pub(crate) const fn new(bits: u32, coefficients: u32) -> Self {
        Self((coefficients << 8 | bits) as u16)
    }

    /// Both, one after the other.
    #[inline]
    pub(crate) fn and(self, next: Self) -> Self {
        Self(self.0.wrapping_add(next.0))
    }

    /// Whether the block goes on.
    #[inline]
    pub(crate) fn is_within(self) -> bool {
        self.coefficients() < BLOCK
    }

    /// Whether the block has ended, with no more coefficients than it has room for.
    #[inline]
    pub(crate) fn is_end(self) -> bool {
        self.coefficients() & (3 * BLOCK) == 2 * BLOCK
    }

    /// How many bits it takes.
    #[inline]
    pub(crate) fn bits(self) -> u32 {
        u32::from(self.0 & 63)
    }

    /// What it adds to the number of coefficients.
    #[inline]
    pub(crate) fn coefficients(self) -> u32 {
        u32::from(self.0 >> 8)
    }
}

impl Table {
    /// The look-ups of a table.
    pub(crate) fn new(class: Class, definition: Definition) -> Self {
        let mut first = Box::new([Step::default(); 1 << SEEN]);
        let mut long: [(u32, Vec<Step>); 16 - SEEN as usize] = Default::default();
        for (symbol, code, length) in definition.codes() {
            let step = Step::new(symbol, length);
            if length <= SEEN {
                first[(code << (SEEN - length)) as usize..][..1 << (SEEN - length)].fill(step);
            } else {
                let (first, steps) = &mut long[(length - SEEN) as usize - 1];
                *first = code - steps.len() as u32;
                steps.push(step);
            }
        }
        let mut table = Self { class, definition, first, runs: Box::new([Run::UNSEEN; 1 << SEEN]), long };
        for bits in 0..1 << SEEN {
            table.runs[bits] = match class {
                Class::Dc => table.difference_seen(bits),
                Class::Ac => table.coefficients_seen(bits),
            };
        }
        table
    }

    fn difference_seen(&self, bits: usize) -> Run {
        let is_seen = self.first[bits].bits > 0 && u32::from(self.first[bits].bits) <= TAKEN;
        let difference = self.difference((bits as u64) << Run::SHIFT).filter(|_| is_seen);
        difference.map_or(Run::UNSEEN, |(length, _)| Run::new(length, 1))
    }

    fn coefficients_seen(&self, bits: usize) -> Run {
        let mut run = Run::UNSEEN;
        let (mut taken, mut coefficients) = (0, 0);
        // What lies beyond the bits that are seen reads as zeros, and is not taken.
        loop {
            let next = self.first[(bits << taken) & ((1 << SEEN) - 1)];
            let is_seen = next.bits > 0 && taken + u32::from(next.code) <= SEEN;
            taken += u32::from(next.bits);
            coefficients += u32::from(next.coefficients);
            if !is_seen || taken > TAKEN || coefficients >= BLOCK {
                return run;
            }
            if next.is_end {
                return Run::new(taken, 2 * BLOCK + coefficients);
            }
            run = Run::new(taken, coefficients);
        }
    }

    /// The look-up.
    #[inline]
    pub(crate) fn runs(&self) -> &Runs {
        &self.runs
    }

    /// How many bits the first symbol of `word` takes, and the number of coefficients with those that it stands for, if
    /// there were `before`.
    pub(crate) fn symbol_after(&self, before: u32, word: u64) -> Option<(u32, u32)> {
        if before == 0 {
            return self.difference(word).map(|(bits, _)| (bits, 1));
        }
        let step = self.step(word)?;
        let after = if step.is_end { BLOCK } else { before + u32::from(step.coefficients) };
        (after <= BLOCK).then_some((step.bits.into(), after))
    }

    /// What the first symbol of `word` says.
    #[inline]
    fn step(&self, word: u64) -> Option<Step> {
        match self.first[(word >> Run::SHIFT) as usize] {
            Step { bits: 0, .. } => self.long_step(word),
            step => Some(step),
        }
    }

    #[cold]
    fn long_step(&self, word: u64) -> Option<Step> {
        let code = |length| (word >> (64 - length)) as u32;
        let mut lengths = (SEEN + 1..=16).zip(&self.long);
        let step = lengths
            .find_map(|(length, (first, steps))| steps.get(code(length).wrapping_sub(*first) as usize));
        step.copied().filter(|step| step.bits > 0)
    }

    /// The DC difference that `word` begins with, and how many bits it takes (T.81 F.1.2.1).
    #[inline]
    pub(crate) fn difference(&self, word: u64) -> Option<(u32, i32)> {
        let step = self.step(word)?;
        let (bits, size) = (u32::from(step.bits), step.bits - step.code);
        match size {
            0 if step.is_end => Some((bits, 0)),
            1..DC_CATEGORIES if step.coefficients == 1 => {
                let value = ((word << step.code) >> (64 - size)) as i32;
                let is_negative = value >> (size - 1) == 0;
                Some((bits, if is_negative { value - (1 << size) + 1 } else { value }))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::dht::tests::definition;
    use super::*;

    /// Codes of 1, 2 and so on bits: the longest are beyond what a look-up sees. Two of them mean nothing.
    fn long() -> Definition {
        let symbols =
            [0x00, 0x01, 0xf0, 0x11, 0x23, 0x0a, 0x31, 0x10, 0xf1, 0x04, 0x61, 0x72, 0x05, 0x81, 0x20, 0x32];
        definition([1; 16], &symbols).expect("a table")
    }

    /// Words of few zeros, since the code of the end is one of them.
    fn words() -> impl Iterator<Item = u64> {
        let next = |word: &u64| {
            Some(word.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407))
        };
        std::iter::successors(Some(1), next).map(|word| word | word.rotate_left(21)).take(40_000)
    }

    /// The bits and symbol of the code that a word begins with.
    fn plain(table: &Definition, word: u64) -> Option<(u32, u8)> {
        let mut codes = table.codes();
        codes
            .find(|(_, code, length)| word >> (64 - length) == u64::from(*code))
            .map(|(symbol, _, length)| (length, symbol))
    }

    #[test]
    fn symbols_are_found_by_codes_of_any_length() {
        let table = Table::new(Class::Ac, long());
        let mut met = [0; 17];
        for word in words().chain([u64::MAX]) {
            let symbol = plain(&table.definition, word);
            let expected = symbol.and_then(|(length, symbol)| match (symbol >> 4, symbol & 15) {
                (0, 0) => Some((length, BLOCK)),
                (1..15, 0) => None,
                (run, size) => Some((length + u32::from(size), 2 + u32::from(run))),
            });
            assert_eq!(table.symbol_after(1, word), expected, "{word:x}");
            met[symbol.map_or(0, |(length, _)| length as usize)] += 1;
        }
        assert!(met.iter().all(|count| *count > 0), "the test is blind: {met:?}");
    }

    #[test]
    fn runs_lead_where_single_steps_do() {
        let table = Table::new(Class::Ac, long());
        let (mut several, mut ended) = (0, 0);
        for word in words() {
            let run = table.runs()[(word >> Run::SHIFT) as usize];
            let (mut bits, mut coefficients, mut steps) = (0, 0, 0);
            while bits < run.bits() {
                let (more, after) = table.symbol_after(1, word << bits).expect("codes that mean something");
                // The end of a block adds up to what says so.
                coefficients += if after == BLOCK { 2 * BLOCK } else { after - 1 };
                (bits, steps) = (bits + more, steps + 1);
            }
            assert!(bits == run.bits() && (bits == 0 || coefficients == run.coefficients()), "{word:x}");
            assert_eq!(run.is_end(), coefficients >= 2 * BLOCK, "{word:x}");
            several += u32::from(steps > 1);
            ended += u32::from(run.is_end());
        }
        assert!(several > 1000 && ended > 1000, "the test is blind: {several}, {ended}");
    }

    #[test]
    fn differences_are_read_as_they_are_written() {
        let table = definition(
            std::array::from_fn(|n| u8::from(n > 2 && n < 15)),
            &[7, 0, 3, 11, 5, 1, 2, 4, 6, 8, 9, 10],
        );
        let table = Table::new(Class::Dc, table.expect("a table"));
        for difference in -2047..=2047 {
            let (bits, length) = table.definition.encoded(difference).expect("a code");
            let word = bits << (64 - length) | u64::MAX >> length;
            assert_eq!(table.difference(word), Some((length, difference)));
            let run = table.runs()[(word >> Run::SHIFT) as usize];
            assert!(!run.is_within() || (run.bits(), run.coefficients()) == (length, 1), "{difference}");
        }
        for difference in [-2048, 2048, i32::MIN, i32::MAX] {
            assert_eq!(table.definition.encoded(difference), None);
        }
    }
}
