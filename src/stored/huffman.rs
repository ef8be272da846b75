//! Huffman codes of baseline JPEG, read only to know where blocks end and what their DC differences are.
//! Pure. ITU-T T.81 annexes C and F.

/// Bits that a look-up sees at once: most codes and their values are shorter, so that it passes over two or three.
/// Fewer cost more look-ups, more cost cache.
const SEEN: u32 = 12;

/// Bits that one look-up passes over at most: of the last coefficient only the code has to be seen.
const TAKEN: u32 = 14;

/// A table of codes.
pub struct Table {
    /// The 16 counts and the values that it was made of.
    pub stored: Vec<u8>,
    /// For every sequence of [`SEEN`] bits what its first symbol says.
    first: Box<[Step; 1 << SEEN]>,
    /// And how far one can go with all symbols whose codes are whole in it.
    several: Box<[Run; 1 << SEEN]>,
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

/// Some coefficients in a row: their bits in the low byte, their number in the high one.
#[derive(Clone, Copy)]
struct Run(u16);

impl Run {
    /// None: the first symbol takes more bits than are seen, or ends the block. It has more coefficients than a block,
    /// so that the question whether there is room for them is the only one.
    const BREAK: Self = Self(64 << 8);

    fn new(bits: u32, coefficients: u32) -> Self {
        Self((coefficients << 8 | bits) as u16)
    }

    fn bits(self) -> u32 {
        u32::from(self.0 & 63)
    }

    fn coefficients(self) -> u32 {
        u32::from(self.0 >> 8)
    }
}

impl Table {
    /// The table that a DHT segment holds; nothing if it is none.
    pub fn new(stored: &[u8]) -> Option<Self> {
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
        let (first, several) = (Box::new([Step::default(); 1 << SEEN]), Box::new([Run::BREAK; 1 << SEEN]));
        let mut table = Self { stored: stored.to_vec(), first, several, lengths };
        table.fill();
        Some(table)
    }

    fn fill(&mut self) {
        for bits in 0..1u64 << SEEN {
            let step = self.step(bits << (64 - SEEN)).filter(|step| u32::from(step.code) <= SEEN);
            self.first[bits as usize] = step.unwrap_or_default();
        }
        for bits in 0..1usize << SEEN {
            let mut run = Run::BREAK;
            let (mut taken, mut coefficients) = (0, 0);
            // What lies beyond the bits that are seen reads as zeros, and is not taken.
            loop {
                let next = self.first[(bits << taken) & ((1 << SEEN) - 1)];
                let is_seen = taken + u32::from(next.code) <= SEEN;
                taken += u32::from(next.bits);
                coefficients += u32::from(next.coefficients);
                if next.bits == 0 || next.is_end || !is_seen || taken > TAKEN || coefficients >= 64 {
                    break;
                }
                run = Run::new(taken, coefficients);
            }
            self.several[bits] = run;
        }
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
    fn difference(&self, word: u64) -> Option<(u32, i32)> {
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
pub struct Bits<'a> {
    bytes: &'a [u8],
    /// The next bit, counted from the first.
    pub at: usize,
}

impl<'a> Bits<'a> {
    /// The bits of `bytes`; zeros follow them.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// The next bits from bit `at`, of which the first 57 are true.
    pub fn word(&self, at: usize) -> u64 {
        let byte = at / 8;
        let word = match self.bytes.get(byte..).and_then(|rest| rest.first_chunk()) {
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

    /// Whether no more has been passed over than was there.
    pub fn is_within(&self) -> bool {
        self.at <= 8 * self.bytes.len()
    }

    /// Passes over a block. Its DC difference, and how many bits that took.
    #[inline]
    pub fn block(&mut self, dc: &Table, ac: &Table) -> Option<(i32, usize)> {
        let (length, difference) = dc.difference(self.word(self.at))?;
        self.at = self.coefficients(self.at + length as usize, ac)?;
        Some((difference, length as usize))
    }

    /// Where the AC coefficients end that begin at bit `at`.
    fn coefficients(&self, mut at: usize, ac: &Table) -> Option<usize> {
        let mut next = 1;
        loop {
            let mut word = self.word(at);
            // As many look-ups as a word is good for, with one question after each: here the time of a cut is spent.
            let is_single = (0..57 / TAKEN).any(|_| {
                let run = ac.several[(word >> (64 - SEEN)) as usize];
                let is_single = next + run.coefficients() >= 64;
                if !is_single {
                    word <<= run.bits();
                    at += run.bits() as usize;
                    next += run.coefficients();
                }
                is_single
            });
            if !is_single {
                continue;
            }
            let step = match ac.first[(word >> (64 - SEEN)) as usize] {
                Step { bits: 0, .. } => ac.step(self.word(at))?,
                step => step,
            };
            at += usize::from(step.bits);
            next += u32::from(step.coefficients);
            if step.is_end || next >= 64 {
                return (next <= 64).then_some(at);
            }
        }
    }
}
