//! The bits of entropy-coded data, in and out: a zero is stuffed after each byte 0xff (ITU-T T.81 F.1.2.3).
//! A position is a bit of the file: eight times the offset of its byte, never of a stuffed one.

/// What a word has to have in each byte, and the highest bit of each byte.
const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// Reads bits up to the next marker, and zeros beyond it.
#[derive(Clone)]
pub struct BitReader<'a> {
    bytes: &'a [u8],
    /// The next byte to be read.
    at: usize,
    /// The next bits, from the highest; what is below the first `count` is of no account.
    word: u64,
    count: u32,
    /// How many of those that were read lie beyond the data.
    beyond: u32,
}

impl<'a> BitReader<'a> {
    /// Begins at a position.
    pub fn new(bytes: &'a [u8], position: u64) -> Self {
        let at = usize::try_from(position / 8).unwrap_or(usize::MAX).min(bytes.len());
        let mut reader = Self { bytes, at, word: 0, count: 0, beyond: 0 };
        reader.fill();
        reader.skip((position % 8) as u32);
        reader
    }

    /// Sees to it that at least 32 bits are there.
    #[inline(always)]
    pub fn fill(&mut self) {
        if self.count >= 32 {
            return;
        }
        if let Some(next) = self.bytes.get(self.at..).and_then(|rest| rest.first_chunk()) {
            let next = u64::from_be_bytes(*next);
            if !has_ff(next) {
                // Bits of a byte that does not fit whole are written again, the same, when it is its turn.
                self.word |= next >> self.count;
                self.at += (63 - self.count as usize) / 8;
                self.count |= 56;
                return;
            }
        }
        self.fill_slowly();
    }

    #[cold]
    fn fill_slowly(&mut self) {
        while self.count <= 56 {
            let (byte, length) = match self.bytes.get(self.at..).unwrap_or_default() {
                [0xff, 0, ..] => (0xff, 2),
                [0xff, ..] | [] => (0, 0),
                [byte, ..] => (*byte, 1),
            };
            if length == 0 {
                self.beyond = self.beyond.saturating_add(8);
            }
            self.word |= u64::from(byte) << (56 - self.count);
            self.count += 8;
            self.at += length;
        }
    }

    /// The next `length` bits, 1 to 32, after [`BitReader::fill`].
    #[inline(always)]
    pub fn peek(&self, length: u32) -> u32 {
        (self.word >> (64 - length)) as u32
    }

    /// Leaves out bits that are there.
    #[inline(always)]
    pub fn skip(&mut self, length: u32) {
        self.word <<= length;
        self.count -= length;
    }

    /// Whether bits were read that the data do not have.
    #[inline(always)]
    pub fn is_beyond(&self) -> bool {
        self.beyond > self.count
    }

    /// The position of the next bit.
    pub fn position(&self) -> u64 {
        let unread = self.count.saturating_sub(self.beyond);
        let mut at = self.at;
        for _ in 0..unread.div_ceil(8) {
            let stuffed = at >= 2 && self.bytes.get(at - 2..at) == Some(&[0xff, 0]);
            at = at.saturating_sub(if stuffed { 2 } else { 1 });
        }
        at as u64 * 8 + u64::from(unread.div_ceil(8) * 8 - unread)
    }

    /// The marker that follows after the bits that fill up the byte, and the position behind it.
    pub fn marker(&self) -> Option<(u8, u64)> {
        let position = self.position();
        let at = usize::try_from(position / 8).ok()?;
        let at = match position % 8 {
            0 => at,
            _ => after(self.bytes, at),
        };
        match self.bytes.get(at..)? {
            [0xff, marker @ 1..=0xfe, ..] => Some((*marker, at as u64 * 8 + 16)),
            _ => None,
        }
    }
}

/// Where the data go on after the byte at `at`.
fn after(bytes: &[u8], at: usize) -> usize {
    at + if bytes.get(at) == Some(&0xff) { 2 } else { 1 }
}

/// Whether one of the bytes is 0xff.
#[inline(always)]
fn has_ff(word: u64) -> bool {
    (!word).wrapping_sub(ONES) & word & HIGHS != 0
}

/// Writes bits, stuffed, behind what is there already.
pub struct BitWriter {
    bytes: Vec<u8>,
    /// The last bits, which are to be written yet: fewer than 32 between calls.
    word: u64,
    count: u32,
}

impl BitWriter {
    /// Goes on behind `bytes`.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self { bytes, word: 0, count: 0 }
    }

    /// Appends the lowest `length` bits, at most 32, of `bits`, which has no others.
    #[inline(always)]
    pub fn put(&mut self, bits: u32, length: u32) {
        self.word = self.word << length | u64::from(bits);
        self.count += length;
        if self.count >= 32 {
            self.count -= 32;
            self.flush((self.word >> self.count) as u32);
        }
    }

    fn flush(&mut self, word: u32) {
        let bytes = word.to_be_bytes();
        if !bytes.contains(&0xff) {
            self.bytes.extend(bytes);
            return;
        }
        for byte in bytes {
            self.bytes.push(byte);
            if byte == 0xff {
                self.bytes.push(0);
            }
        }
    }

    /// Appends the bits between two positions of a file. None if there are no such positions.
    pub fn copy(&mut self, bytes: &[u8], from: u64, to: u64) -> Option<()> {
        let (mut at, end) = (usize::try_from(from / 8).ok()?, usize::try_from(to / 8).ok()?);
        let (mut skipped, last) = ((from % 8) as u32, (to % 8) as u32);
        if from > to || end > bytes.len() {
            return None;
        }
        while at < end {
            match bytes[at..end].first_chunk() {
                Some(four) if skipped == 0 && !four.contains(&0xff) => {
                    self.put(u32::from_be_bytes(*four), 32);
                    at += 4;
                }
                _ => {
                    let length = 8 - skipped;
                    self.put(u32::from(bytes[at]) & ((1 << length) - 1), length);
                    at = after(bytes, at);
                    skipped = 0;
                }
            }
        }
        if last > skipped {
            let byte = u32::from(*bytes.get(end)?) & ((1 << (8 - skipped)) - 1);
            self.put(byte >> (8 - last), last - skipped);
        }
        Some(())
    }

    /// All bytes, the last filled up with ones (T.81 F.1.2.3).
    pub fn finish(mut self) -> Vec<u8> {
        let missing = (8 - self.count % 8) % 8;
        self.put((1 << missing) - 1, missing);
        while self.count > 0 {
            self.count -= 8;
            let byte = (self.word >> self.count) as u8;
            self.bytes.push(byte);
            if byte == 0xff {
                self.bytes.push(0);
            }
        }
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes with many of 0xff and 0, and a marker behind them.
    fn stuffed(data: &[u8]) -> Vec<u8> {
        let stuffed = data.iter().flat_map(|byte| if *byte == 0xff { vec![0xff, 0] } else { vec![*byte] });
        stuffed.chain([0xff, 0xd9]).collect()
    }

    fn data() -> Vec<u8> {
        let byte = |n: u32| match n.wrapping_mul(2_654_435_761) >> 28 {
            0..3 => 0xff,
            3..5 => 0,
            other => (other * 17) as u8,
        };
        (0..400).map(byte).collect()
    }

    #[test]
    fn bits_come_as_they_are_until_the_marker() {
        let (data, file) = (data(), stuffed(&data()));
        for step in [1, 3, 7, 13, 16] {
            let mut reader = BitReader::new(&file, 0);
            let mut at = 0;
            while at + step <= data.len() * 8 {
                reader.fill();
                let bits =
                    (at..at + step).fold(0, |bits, n| bits << 1 | u32::from(data[n / 8] >> (7 - n % 8) & 1));
                assert_eq!(reader.peek(step as u32), bits, "bit {at}");
                let mut other = BitReader::new(&file, reader.position());
                other.fill();
                assert_eq!(other.peek(step as u32), bits, "bit {at} anew");
                reader.skip(step as u32);
                at += step;
                assert!(!reader.is_beyond());
            }
            assert_eq!(reader.marker(), Some((0xd9, file.len() as u64 * 8)));
            reader.fill();
            reader.skip(8);
            assert!(reader.is_beyond());
        }
    }

    #[test]
    fn copies_are_cut_at_any_bit() {
        let (data, file) = (data(), stuffed(&data()));
        let mut reader = BitReader::new(&file, 0);
        let positions: Vec<u64> = (0..data.len() * 8)
            .map(|_| {
                reader.fill();
                let position = reader.position();
                reader.skip(1);
                position
            })
            .collect();
        for (from, to) in [(0, 0), (0, 3199), (5, 6), (3, 3190), (8, 800), (77, 1313), (9, 24), (40, 47)] {
            let mut writer = BitWriter::new(vec![]);
            writer.put(1, 3);
            writer.copy(&file, positions[from], positions[to]).expect("copied");
            let copied = writer.finish();
            let mut read = BitReader::new(&copied, 0);
            assert_eq!(read.peek(3), 1);
            read.skip(3);
            for at in from..to {
                read.fill();
                assert_eq!(
                    read.peek(1),
                    u32::from(data[at / 8] >> (7 - at % 8) & 1),
                    "{from} to {to}: bit {at}"
                );
                read.skip(1);
            }
            assert!(!read.is_beyond());
        }
        let mut writer = BitWriter::new(vec![]);
        assert_eq!(writer.copy(&file, 16, 8), None);
        assert_eq!(writer.copy(&file, 16, file.len() as u64 * 8 + 8), None);
    }
}
