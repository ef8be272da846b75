//! Decisions stored as plain bits, as bypass has them (T.800 D.6).

use super::passes::Source;

/// A reader of bits, most significant first. A byte after 0xff has seven bits; after the last byte come ones.
pub(super) struct Raw<'a> {
    bytes: std::slice::Iter<'a, u8>,
    byte: u8,
    left: u32,
}

impl<'a> Raw<'a> {
    /// A reader of the codeword segment `bytes`.
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes: bytes.iter(), byte: 0, left: 0 }
    }

    fn fill(&mut self) {
        let length = if self.byte == 0xff { 7 } else { 8 };
        match (self.byte, self.bytes.as_slice().first().copied().unwrap_or(0xff)) {
            // A marker: it stays where it is.
            (0xff, 0x90..) => self.left = 8,
            (_, byte) => {
                self.bytes.next();
                (self.byte, self.left) = (byte, length);
            }
        }
    }
}

impl Source for Raw<'_> {
    #[inline(always)]
    fn decide(&mut self, _: u8) -> u64 {
        if self.left == 0 {
            self.fill();
        }
        self.left -= 1;
        u64::from(self.byte >> self.left & 1)
    }

    #[inline(always)]
    fn sign(&mut self, _: u8) -> u64 {
        self.decide(0)
    }
}
