//! Bilevel rows that are stored as runs: CCITT modified Huffman, group 3 and group 4.
//! Pure; a row needs memory for its changes of colour only. TIFF 6.0 sections 10 and 11, ITU-T T.4 and T.6; their
//! tables are those of `fax`.

use std::convert::Infallible;

use fax::maps::{Mode, black, mode, white};
use fax::{BitReader, Color};

use super::values::Ccitt;
use crate::error::MasterError;
use crate::watch::Watch;

/// Fills rows of `width` pixels, each in whole bytes: one bit a pixel, a set bit is black. Those are the bits that
/// libtiff yields, to be read by PhotometricInterpretation. Gives the number of bytes that were written, which are fewer
/// than `samples` if an end is marked before.
///
/// # Errors
/// [`MasterError::Damaged`] if a row cannot be read, [`MasterError::Unsupported`] if one has pixels without code,
/// [`MasterError::Stopped`].
pub(super) fn decode(
    coding: Ccitt,
    compressed: &[u8],
    width: u32,
    samples: &mut [u8],
    watch: &Watch,
) -> Result<usize, MasterError> {
    let mut rows = Rows {
        bits: Bits { bytes: compressed, at: 0 },
        width,
        reference: Vec::new(),
        current: Vec::new(),
        first: true,
    };
    let row_bytes = (width as usize).div_ceil(8);
    for (number, row) in samples.chunks_exact_mut(row_bytes).enumerate() {
        watch.check()?;
        match rows.next(coding) {
            Ok(()) => paint(row, &rows.reference, width),
            Err(Stop::End) => return Ok(number * row_bytes),
            Err(Stop::Corrupt) => {
                return Err(MasterError::damaged(format!(
                    "CCITT data is corrupt or cut off in row {number}"
                )));
            }
            Err(Stop::Uncoded) => return Err(MasterError::unsupported("CCITT uncompressed mode")),
        }
    }
    Ok(samples.len() / row_bytes * row_bytes)
}

/// The rows of one strip or tile.
struct Rows<'a> {
    bits: Bits<'a>,
    width: u32,
    /// The columns where the colour of the last row changes, from white, each greater than the one before.
    reference: Vec<u32>,
    /// Those of the current row.
    current: Vec<u32>,
    /// Whether no row has been read.
    first: bool,
}

/// Why no row follows.
enum Stop {
    /// The end is marked.
    End,
    /// The bits are no code, or no more are there.
    Corrupt,
    /// An extension of T.4 that hardly anybody writes: pixels as they are.
    Uncoded,
}

impl Rows<'_> {
    /// Leaves the next row in `reference`.
    fn next(&mut self, coding: Ccitt) -> Result<(), Stop> {
        self.current.clear();
        match coding {
            Ccitt::Runs { align } => {
                self.bits.at = self.bits.at.next_multiple_of(align);
                self.one_dimensional()?;
            }
            Ccitt::T4 { two_dimensional } => match self.is_one_dimensional(two_dimensional)? {
                true => self.one_dimensional()?,
                false => self.two_dimensional()?,
            },
            Ccitt::T6 => self.two_dimensional()?,
        }
        // Past the end, bits are read as zeros.
        if self.bits.at > self.bits.bytes.len() * 8 {
            return Err(Stop::Corrupt);
        }
        self.first = false;
        std::mem::swap(&mut self.reference, &mut self.current);
        Ok(())
    }

    /// Passes over the EOL before a row of group 3, and returns how the row is coded (T.4 4.2.2). Some writers leave
    /// out the first EOL, and all of them where rows need no tag.
    fn is_one_dimensional(&mut self, two_dimensional: bool) -> Result<bool, Stop> {
        if !self.bits.skip_eol() {
            return if !two_dimensional || self.first { Ok(true) } else { Err(Stop::Corrupt) };
        }
        let is_plain = !two_dimensional || self.bits.take(1) == 1;
        // Another EOL at once is the return to control (T.4 4.1.4).
        if self.bits.is_at_eol() { Err(Stop::End) } else { Ok(is_plain) }
    }

    /// T.4 4.1: runs of white and black in turn.
    fn one_dimensional(&mut self) -> Result<(), Stop> {
        let (mut at, mut colour) = (0, Color::White);
        while at < self.width {
            at = self.run(at, colour)?;
            colour = !colour;
        }
        Ok(())
    }

    /// T.6 2.2, T.4 4.2: changes of colour by those of the row before.
    fn two_dimensional(&mut self) -> Result<(), Stop> {
        let (mut at, mut colour, mut near) = (0, Color::White, 0);
        let mut at_start = true;
        while at < self.width {
            // T.6 2.2.1: a0 of a new row is before its first pixel.
            near = self.next_change(near, colour, |change| at_start || change > at);
            let change = |index: usize| self.reference.get(index).copied().unwrap_or(self.width);
            match mode::decode(&mut self.bits) {
                Some(Mode::Pass) => at = change(near + 1),
                Some(Mode::Vertical(by)) => {
                    let to = change(near).checked_add_signed(by.into()).filter(|to| *to >= at);
                    at = to.ok_or(Stop::Corrupt)?;
                    self.change(at);
                    colour = !colour;
                }
                Some(Mode::Horizontal) => {
                    at = self.run(at, colour)?;
                    at = self.run(at, !colour)?;
                }
                Some(Mode::Extension) => return Err(Stop::Uncoded),
                Some(Mode::EOF) if at_start => return Err(Stop::End),
                Some(Mode::EOF) | None => return Err(Stop::Corrupt),
            }
            at_start = false;
        }
        Ok(())
    }

    /// The index in `reference` of the next change away from `colour`, which is near the index `near`.
    fn next_change(&self, near: usize, colour: Color, is_right: impl Fn(u32) -> bool) -> usize {
        let right_at = |index: usize| self.reference.get(index).is_some_and(|change| is_right(*change));
        let mut index = near.min(self.reference.len());
        while index > 0 && right_at(index - 1) {
            index -= 1;
        }
        while index < self.reference.len() && !right_at(index) {
            index += 1;
        }
        index + usize::from(index.is_multiple_of(2) != (colour == Color::White))
    }

    /// Reads a run of `colour` that begins at a column; where it ends. One that is too long ends with the row.
    fn run(&mut self, at: u32, colour: Color) -> Result<u32, Stop> {
        let mut end = at;
        loop {
            let code = match colour {
                Color::White => white::decode(&mut self.bits),
                Color::Black => black::decode(&mut self.bits),
            };
            let length = u32::from(code.ok_or(Stop::Corrupt)?);
            end = end.saturating_add(length).min(self.width);
            // Longer ones are followed by the rest of the run.
            if length < 64 {
                self.change(end);
                return Ok(end);
            }
        }
    }

    /// Notes that the colour changes in a column; of a run of no pixels, that it does not.
    fn change(&mut self, at: u32) {
        match self.current.last() {
            Some(last) if *last == at => {
                self.current.pop();
            }
            _ if at < self.width => self.current.push(at),
            _ => {}
        }
    }
}

/// Bits of bytes, most significant first; zeros behind the end.
struct Bits<'a> {
    bytes: &'a [u8],
    /// The number of the next bit.
    at: usize,
}

impl Bits<'_> {
    /// As many of the next bits, 16 at most.
    fn next(&self, bits: u8) -> u16 {
        let first = self.at / 8;
        let window = match self.bytes.get(first..) {
            Some([a, b, c, ..]) => u32::from_be_bytes([0, *a, *b, *c]),
            Some([a, b]) => u32::from_be_bytes([0, *a, *b, 0]),
            Some([a]) => u32::from_be_bytes([0, *a, 0, 0]),
            Some([]) | None => 0,
        };
        let mask = (1u32 << bits) - 1;
        (window >> (24 - self.at % 8 - usize::from(bits)) & mask) as u16
    }

    fn take(&mut self, bits: u8) -> u16 {
        let taken = self.next(bits);
        self.at += usize::from(bits);
        taken
    }

    /// Whether the next is EOL, or fill before it: no code begins with so many zeros.
    fn is_at_eol(&self) -> bool {
        self.at < self.bytes.len() * 8 && self.next(11) == 0
    }

    /// Passes over an EOL with the fill before it (T.4 4.1.2 and 4.1.3), if the next is one.
    fn skip_eol(&mut self) -> bool {
        let is_eol = self.is_at_eol();
        if is_eol {
            while self.at < self.bytes.len() * 8 && self.take(1) == 0 {}
        }
        is_eol
    }
}

impl BitReader for Bits<'_> {
    type Error = Infallible;

    fn peek(&self, bits: u8) -> Option<u16> {
        (bits <= 16).then(|| self.next(bits))
    }

    fn consume(&mut self, bits: u8) -> Result<(), Infallible> {
        self.at += usize::from(bits);
        Ok(())
    }

    fn bits_to_byte_boundary(&self) -> u8 {
        (self.at.next_multiple_of(8) - self.at) as u8
    }
}

/// Sets the black runs of a row; `changes` are the columns where the colour changes, from white.
fn paint(row: &mut [u8], changes: &[u32], width: u32) {
    row.fill(0);
    for run in changes.chunks(2) {
        let (from, to) = (run[0], run.get(1).copied().unwrap_or(width));
        let (first, last) = (from as usize / 8, (to as usize - 1) / 8);
        let (head, tail) = (0xff >> (from % 8), 0xff << (7 - (to - 1) % 8));
        if first == last {
            row[first] |= head & tail;
        } else {
            row[first] |= head;
            row[first + 1..last].fill(0xff);
            row[last] |= tail;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODINGS: [Ccitt; 5] = [
        Ccitt::Runs { align: 8 },
        Ccitt::Runs { align: 16 },
        Ccitt::T4 { two_dimensional: false },
        Ccitt::T4 { two_dimensional: true },
        Ccitt::T6,
    ];

    /// Bits written as text, the last byte filled with zeros.
    fn bytes(text: &str) -> Vec<u8> {
        let bits: Vec<u8> = text.bytes().filter(|byte| *byte != b' ').map(|byte| byte - b'0').collect();
        bits.chunks(8).map(|byte| byte.iter().enumerate().map(|(n, bit)| bit << (7 - n)).sum()).collect()
    }

    fn rows(coding: Ccitt, text: &str, width: u32, count: usize) -> Result<Vec<u8>, MasterError> {
        let mut samples = vec![0x55; count * (width as usize).div_ceil(8)];
        let written = decode(coding, &bytes(text), width, &mut samples, &Watch::unlimited())?;
        samples.truncate(written);
        Ok(samples)
    }

    const EOL: &str = "000000000001";

    #[test]
    fn rows_of_group_3() {
        let plain = Ccitt::T4 { two_dimensional: false };
        // 4 white, 3 black, 3 white; all black.
        let (first, second) = ("1011 10 1000", "00110101 0000100");
        let expected = [0b0000_1110, 0, 0xff, 0xc0];
        let fill = "0000000";
        for text in [
            format!("{EOL}{first}{EOL}{second}{EOL}"),
            format!("{first}{EOL}{second}"),
            format!("{first}{second}"),
            format!("{fill}{EOL}{first}{fill}{fill}{EOL}{second}{fill}"),
        ] {
            assert_eq!(rows(plain, &text, 10, 2).expect("rows"), expected, "{text}");
        }
        // Return to control after the first row.
        assert_eq!(
            rows(plain, &format!("{EOL}{first}{}", EOL.repeat(6)), 10, 2).expect("a row"),
            expected[..2]
        );
        // The second row by the first: a0 stays before the first black, which is 1 to the left; pass; to the end.
        let tagged = Ccitt::T4 { two_dimensional: true };
        let text = format!("{EOL}1{first}{EOL}0 010 1 1");
        assert_eq!(rows(tagged, &text, 10, 2).expect("rows"), [0b0000_1110, 0, 0b0001_1110, 0]);
        assert!(rows(tagged, &format!("{EOL}1{first}{second}"), 10, 2).is_err(), "a row without a tag");
    }

    #[test]
    fn rows_on_bounds_of_bytes_and_words() {
        // 2 white, 1 black, 5 white.
        let row = "0111 010 1100";
        for (align, fill) in [(8, "00000"), (16, "00000")] {
            let text = format!("{row}{fill}{row}");
            assert_eq!(rows(Ccitt::Runs { align }, &text, 8, 2).expect("rows"), [0x20, 0x20]);
        }
        let three = "0111 010 1100 00000 10011";
        assert_eq!(rows(Ccitt::Runs { align: 16 }, three, 8, 2).expect("rows"), [0x20, 0]);
        assert!(rows(Ccitt::Runs { align: 8 }, row, 8, 2).is_err(), "one row of two");
    }

    #[test]
    fn runs_of_no_pixels_are_no_changes() {
        // 3 white, 0 black, 5 white; then a row of the same by the first: nothing changes.
        let text = format!("{EOL}1 1000 0000110111 1100 {EOL}0 1");
        assert_eq!(rows(Ccitt::T4 { two_dimensional: true }, &text, 8, 2).expect("rows"), [0, 0]);
    }

    #[test]
    fn pixels_without_code_are_refused() {
        let error = rows(Ccitt::T6, "0000001 111", 8, 1).expect_err("unsupported");
        assert!(matches!(error, MasterError::Unsupported(_)));
    }

    #[test]
    fn any_bytes_end() {
        let mut state = 1u32;
        for length in 0..400 {
            let noise: Vec<u8> = (0..length)
                .map(|_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (state >> 24) as u8 & (state >> 16) as u8
                })
                .collect();
            for coding in CODINGS {
                for width in [1, 8, 77, 3000] {
                    let mut samples = vec![0; (width as usize).div_ceil(8) * 20];
                    let _ = decode(coding, &noise, width, &mut samples, &Watch::unlimited());
                }
            }
        }
    }
}
