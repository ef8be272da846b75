//! Bits of entropy-coded data, in and out, without the zeros that are stuffed behind each byte 0xff.
//! Pure. ITU-T T.81 F.1.2.3.

use std::ops::Range;

use memchr::memchr;

/// Bits without stuffed bytes, most significant first.
#[derive(Clone, Copy)]
pub(crate) struct Bits<'a> {
    bytes: &'a [u8],
}

impl<'a> Bits<'a> {
    /// The bits of `bytes`; zeros follow them.
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    /// The next bits from bit `at`, of which the first 57 are true.
    #[inline]
    pub(crate) fn word(&self, at: usize) -> u64 {
        let byte = at / 8;
        let word = match self.bytes.get(byte..byte + 8).and_then(|eight| eight.first_chunk()) {
            Some(eight) => u64::from_be_bytes(*eight),
            None => self.last_word(byte),
        };
        word << (at % 8)
    }

    #[cold]
    fn last_word(&self, byte: usize) -> u64 {
        let rest = self.bytes.get(byte..).unwrap_or_default();
        (1..=8).zip(rest).fold(0, |word, (place, &byte)| word | u64::from(byte) << (64 - 8 * place))
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        8 * self.bytes.len()
    }
}

/// Bits being written.
#[derive(Default)]
pub(crate) struct Writer {
    bytes: Vec<u8>,
    /// The last `count` bits, less than 8, not yet among the bytes; its highest ones.
    last: u64,
    count: u32,
}

impl Writer {
    /// One that has room for so many bytes from the start.
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        Self { bytes: Vec::with_capacity(bytes), ..Self::default() }
    }

    /// Appends the highest `length` bits of `word`, at most 56; the others are zero.
    pub(crate) fn put(&mut self, word: u64, length: u32) {
        let all = self.last | word >> self.count;
        let bits = self.count + length;
        self.bytes.extend_from_slice(&all.to_be_bytes()[..bits as usize / 8]);
        (self.last, self.count) = (all << (bits / 8 * 8), bits % 8);
    }

    /// Appends some bits.
    pub(crate) fn copy(&mut self, bits: &Bits, some: Range<usize>) {
        let (mut at, mut place, words) = (some.start, self.bytes.len(), some.len() / 56);
        // As `put` does it, but for a length that is known: this is where most of the bits go. Eight bytes are written at a
        // time, and the last one again with the next.
        self.bytes.resize(place + 7 * words + 1, 0);
        for _ in 0..words {
            let all = self.last | (bits.word(at) & !0xff) >> self.count;
            self.bytes[place..place + 8].copy_from_slice(&all.to_be_bytes());
            self.last = all << 56;
            (at, place) = (at + 56, place + 7);
        }
        self.bytes.truncate(place);
        if let Some(length) = some.end.checked_sub(at).filter(|&length| length > 0) {
            self.put(bits.word(at) & !(u64::MAX >> length), length as u32);
        }
    }

    /// The bytes, the last one filled with ones (T.81 F.1.2.3).
    pub(crate) fn finish(mut self) -> Vec<u8> {
        let fill = self.count.wrapping_neg() % 8;
        self.put(!(u64::MAX >> fill), fill);
        self.bytes
    }
}

/// Appends entropy-coded bytes up to the first marker, without the zero that stands behind each 0xff.
pub(crate) fn unstuff(mut stuffed: &[u8], plain: &mut Vec<u8>) {
    plain.reserve(stuffed.len());
    while let Some(at) = memchr(0xff, stuffed) {
        if stuffed.get(at + 1) != Some(&0) {
            return plain.extend_from_slice(&stuffed[..at]);
        }
        plain.extend_from_slice(&stuffed[..=at]);
        stuffed = &stuffed[at + 2..];
    }
    plain.extend_from_slice(stuffed);
}

/// The opposite.
pub(crate) fn stuff(mut plain: &[u8], stuffed: &mut Vec<u8>) {
    while let Some(at) = memchr(0xff, plain) {
        stuffed.extend_from_slice(&plain[..=at]);
        stuffed.push(0);
        plain = &plain[at + 1..];
    }
    stuffed.extend_from_slice(plain);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes with many of 0xff and 0.
    fn data() -> Vec<u8> {
        let byte = |n: u32| match n.wrapping_mul(2_654_435_761) >> 28 {
            0..3 => 0xff,
            3..5 => 0,
            other => (other * 17) as u8,
        };
        (0..400).map(byte).collect()
    }

    fn bit(data: &[u8], at: usize) -> u64 {
        data.get(at / 8).map_or(0, |byte| u64::from(byte >> (7 - at % 8) & 1))
    }

    #[test]
    fn bits_come_as_they_are_and_zeros_behind_them() {
        let data = data();
        for at in 0..data.len() * 8 + 70 {
            let expected = (at..at + 57).fold(0, |bits, at| bits << 1 | bit(&data, at));
            assert_eq!(Bits::new(&data).word(at) >> 7, expected, "bit {at}");
        }
    }

    #[test]
    fn stuffed_zeros_go_and_come_until_a_marker() {
        let (data, mut stuffed, mut plain) = (data(), vec![], vec![7]);
        stuff(&data, &mut stuffed);
        let expected = data.iter().flat_map(|byte| if *byte == 0xff { vec![0xff, 0] } else { vec![*byte] });
        assert_eq!(stuffed, expected.collect::<Vec<u8>>());
        stuffed.extend([0xff, 0xd9, 0xff, 0, 1]);
        unstuff(&stuffed, &mut plain);
        assert_eq!(plain, [&[7], &data[..]].concat());
        for end in [&[0xff][..], &[0xff, 0xff, 0]] {
            plain.clear();
            unstuff(&[&[1, 2, 0xff, 0], end].concat(), &mut plain);
            assert_eq!(plain, [1, 2, 0xff]);
        }
    }

    #[test]
    fn copies_are_cut_at_any_bit() {
        let data = data();
        for (from, to) in
            [(0, 0), (0, 3199), (5, 6), (3, 3190), (8, 800), (77, 1313), (9, 24), (40, 47), (9, 8)]
        {
            let mut writer = Writer::default();
            writer.put(1 << 61, 3);
            writer.copy(&Bits::new(&data), from..to);
            let copied = writer.finish();
            let length = 3 + (from..to).len();
            assert_eq!(copied.len(), length.div_ceil(8));
            assert_eq!((0..3).fold(0, |bits, at| bits << 1 | bit(&copied, at)), 1);
            for at in from..to {
                assert_eq!(bit(&copied, at - from + 3), bit(&data, at), "{from} to {to}: bit {at}");
            }
            assert!((length..copied.len() * 8).all(|at| bit(&copied, at) == 1), "ones fill the last byte");
        }
    }
}
