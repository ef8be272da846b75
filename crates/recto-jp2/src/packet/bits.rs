//! The bits of a packet header: after a byte of ones, the next has seven (T.800 B.10.1).

use crate::bytes::{Ahead, Bytes};
use crate::error::Error;

/// Reads bits from a place on.
pub(super) struct Bits<'a> {
    ahead: Ahead<'a>,
    /// Bytes that were begun.
    taken: usize,
    current: u8,
    /// Bits left in `current`.
    left: u8,
}

impl<'a> Bits<'a> {
    /// Those from `start`.
    pub(super) fn new(bytes: Bytes<'a>, start: usize) -> Self {
        Self { ahead: Ahead::new(bytes, start), taken: 0, current: 0, left: 0 }
    }

    /// The next bit.
    #[inline]
    pub(super) fn bit(&mut self) -> Result<bool, Error> {
        if self.left == 0 {
            self.left = if self.current == 0xff { 7 } else { 8 };
            let next = self.ahead.byte(self.taken)?;
            self.current = next.ok_or_else(|| Error::damaged("a packet header that is cut"))?;
            self.taken += 1;
        }
        self.left -= 1;
        Ok(self.current >> self.left & 1 != 0)
    }

    /// The number in the next `count` bits, at most 32.
    pub(super) fn number(&mut self, count: u32) -> Result<u32, Error> {
        let mut number = 0;
        for _ in 0..count {
            number = number << 1 | u32::from(self.bit()?);
        }
        Ok(number)
    }

    /// Number of bytes that the header takes if it ends here: a last byte of ones has another after it.
    pub(super) fn bytes_taken(&self) -> usize {
        self.taken + usize::from(self.current == 0xff)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zero_is_stuffed_after_ones() {
        let mut bits = Bits::new((&[0xff, 0x7f, 0x80]).into(), 0);
        assert_eq!(bits.number(8), Ok(0xff));
        assert_eq!(bits.bytes_taken(), 2, "the stuffed byte belongs to the header");
        assert_eq!(bits.number(8), Ok(0xff));
        assert_eq!(bits.bytes_taken(), 3);
        assert!(bits.number(8).is_err());
    }
}
