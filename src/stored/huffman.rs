//! Huffman codes of baseline JPEG, read only to know where blocks end and what their DC differences are.
//! Pure. ITU-T T.81 annexes C and F.

/// Bits that a look-up sees at once: most codes and their values are shorter, so that it passes over two or three.
/// Fewer cost more look-ups, more cost cache.
const SEEN: u32 = 12;

/// Bits that one look-up passes over at most: of the last coefficient only the code has to be seen. Three times as many are
/// in a word.
const TAKEN: u32 = 19;

/// What a table's codes stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// DC differences.
    Dc,
    /// AC coefficients.
    Ac,
}

/// A table of codes.
pub struct Table {
    /// What they stand for.
    pub class: Class,
    /// The 16 counts and the values that it was made of.
    pub stored: Vec<u8>,
    /// For every sequence of [`SEEN`] bits what its first symbol says.
    first: Box<[Step; 1 << SEEN]>,
    /// And how far one can go with all symbols whose codes are whole in it.
    runs: Box<Runs>,
    /// By length from 1: the first code, the number of codes, and where their values begin.
    lengths: [(u32, u32, usize); 16],
}

/// What some bits of coefficients say.
#[derive(Clone, Copy, Default)]
struct Step {
    /// How many of them are the code of the first symbol.
    code: u8,
    /// How many they are, the bits of the values included. 0 stands for a code too long to see.
    bits: u8,
    /// Coefficients passed over.
    coefficients: u8,
    /// Whether the block ends there.
    is_end: bool,
}

/// A [`Run`] for every sequence of bits that a look-up sees.
pub type Runs = [Run; 1 << SEEN];

/// Coefficients of a block.
pub const BLOCK: u32 = 64;

/// Some coefficients in a row: their bits in the low byte, and in the high one what they add to the number of those of
/// their block that lie behind.
///
/// Sums of these tell what became of the block: below [`BLOCK`] it goes on, from twice that on it has ended. Sums in
/// between, and those of three times that and more, are for nobody to add up without looking.
#[derive(Clone, Copy)]
pub struct Run(u16);

impl Run {
    /// Nothing passed over yet.
    pub const NONE: Self = Self::new(0, 0);
    /// More bits would have to be seen.
    const UNSEEN: Self = Self::new(0, 3 * BLOCK);
    /// Where no look-up helps.
    pub const NEVER: Runs = [Self::UNSEEN; 1 << SEEN];
    /// How far a word is shifted to give the bits of a look-up.
    pub const SHIFT: u32 = 64 - SEEN;
    /// How many look-ups a word is good for.
    pub const IN_WORD: u32 = 57 / TAKEN;

    /// So many bits, less than 64, and coefficients, less than 256.
    pub const fn new(bits: u32, coefficients: u32) -> Self {
        Self((coefficients << 8 | bits) as u16)
    }

    /// Both, one after the other.
    #[inline]
    pub fn and(self, next: Self) -> Self {
        Self(self.0.wrapping_add(next.0))
    }

    /// Whether the block goes on.
    #[inline]
    pub fn is_within(self) -> bool {
        self.coefficients() < BLOCK
    }

    /// Whether the block has ended, with no more coefficients than it has room for.
    #[inline]
    pub fn is_end(self) -> bool {
        self.coefficients() & (3 * BLOCK) == 2 * BLOCK
    }

    /// How many bits it takes.
    #[inline]
    pub fn bits(self) -> u32 {
        u32::from(self.0 & 63)
    }

    /// What it adds to the number of coefficients.
    #[inline]
    pub fn coefficients(self) -> u32 {
        u32::from(self.0 >> 8)
    }
}

impl Table {
    /// The table that a DHT segment holds; nothing if it is none.
    pub fn new(class: Class, stored: &[u8]) -> Option<Self> {
        let (counts, values) = stored.split_at_checked(16)?;
        let mut lengths = [(0, 0, 0); 16];
        let (mut code, mut place) = (0u32, 0);
        for (length, (&count, entry)) in (1u32..).zip(counts.iter().zip(&mut lengths)) {
            *entry = (code, u32::from(count), place);
            code += u32::from(count);
            place += usize::from(count);
            // More codes than bits can tell apart.
            if code > 1 << length {
                return None;
            }
            code <<= 1;
        }
        if place != values.len() {
            return None;
        }
        let (first, runs) = (Box::new([Step::default(); 1 << SEEN]), Box::new([Run::UNSEEN; 1 << SEEN]));
        let mut table = Self { class, stored: stored.to_vec(), first, runs, lengths };
        table.fill();
        Some(table)
    }

    fn fill(&mut self) {
        for bits in 0..1u64 << SEEN {
            let step = self.step(bits << Run::SHIFT).filter(|step| u32::from(step.code) <= SEEN);
            self.first[bits as usize] = step.unwrap_or_default();
        }
        for bits in 0..1usize << SEEN {
            self.runs[bits] = match self.class {
                Class::Dc => self.difference_seen(bits),
                Class::Ac => self.coefficients_seen(bits),
            };
        }
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
    pub fn runs(&self) -> &Runs {
        &self.runs
    }

    /// How many bits the first symbol of `word` takes, and the number of coefficients with those that it stands for, if
    /// there were `before`.
    pub fn symbol_after(&self, before: u32, word: u64) -> Option<(u32, u32)> {
        if before == 0 {
            return self.difference(word).map(|(bits, _)| (bits, 1));
        }
        let mut step = self.first[(word >> Run::SHIFT) as usize];
        if step.bits == 0 {
            step = self.step(word)?;
        }
        let after = if step.is_end { BLOCK } else { before + u32::from(step.coefficients) };
        (after <= BLOCK).then_some((step.bits.into(), after))
    }

    /// The symbol that `word` begins with, and the length of its code.
    fn symbol(&self, word: u64) -> Option<(u32, u8)> {
        (1u32..).zip(&self.lengths).find_map(|(length, &(first, count, place))| {
            let index = ((word >> (64 - length)) as u32).wrapping_sub(first);
            (index < count).then(|| Some((length, *self.stored.get(16 + place + index as usize)?)))?
        })
    }

    /// The coefficient, run or end that `word` begins with (T.81 F.1.2.2).
    fn step(&self, word: u64) -> Option<Step> {
        let (length, symbol) = self.symbol(word)?;
        let (run, size) = (symbol >> 4, symbol & 15);
        if size == 0 && !matches!(run, 0 | 15) {
            return None;
        }
        let is_end = symbol == 0;
        Some(Step {
            code: length as u8,
            bits: length as u8 + size,
            coefficients: if is_end { 0 } else { run + 1 },
            is_end,
        })
    }

    /// The DC difference that `word` begins with, and how many bits it takes (T.81 F.1.2.1).
    #[inline]
    pub fn difference(&self, word: u64) -> Option<(u32, i32)> {
        let mut step = self.first[(word >> (64 - SEEN)) as usize];
        if step.bits == 0 {
            step = self.step(word)?;
        }
        let (bits, size) = (u32::from(step.bits), step.bits - step.code);
        match size {
            0 if step.is_end => Some((bits, 0)),
            1..=11 if step.coefficients == 1 => {
                let value = ((word << step.code) >> (64 - size)) as i32;
                let is_negative = value >> (size - 1) == 0;
                Some((bits, if is_negative { value - (1 << size) + 1 } else { value }))
            }
            _ => None,
        }
    }

    /// A DC difference as bits and their number; nothing if the table has no code for it.
    pub fn encoded(&self, difference: i32) -> Option<(u64, u32)> {
        let size = Some(32 - difference.unsigned_abs().leading_zeros()).filter(|&size| size <= 11)?;
        let place = self.stored[16..].iter().position(|&symbol| u32::from(symbol) == size)?;
        let (length, &(first, _, start)) = (1u32..)
            .zip(&self.lengths)
            .find(|(_, (_, count, start))| (*start..*start + *count as usize).contains(&place))?;
        let code = u64::from(first) + (place - start) as u64;
        let value = if difference < 0 { difference - 1 } else { difference } as u64 & ((1 << size) - 1);
        Some((code << size | value, length + size))
    }
}

/// Bits without stuffed bytes, most significant first.
#[derive(Clone, Copy)]
pub struct Bits<'a> {
    bytes: &'a [u8],
}

impl<'a> Bits<'a> {
    /// The bits of `bytes`; zeros follow them.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    /// The next bits from bit `at`, of which the first 57 are true.
    #[inline]
    pub fn word(&self, at: usize) -> u64 {
        let byte = at / 8;
        let word = match self.bytes.get(byte..byte + 8).and_then(|eight| eight.first_chunk()) {
            Some(eight) => u64::from_be_bytes(*eight),
            None => self.last_word(byte),
        };
        word << (at % 8)
    }

    #[cold]
    fn last_word(&self, byte: usize) -> u64 {
        let mut eight = [0; 8];
        let rest = self.bytes.get(byte..).unwrap_or_default();
        eight[..rest.len()].copy_from_slice(rest);
        u64::from_be_bytes(eight)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        8 * self.bytes.len()
    }
}
