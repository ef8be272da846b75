//! Packets: their headers, and where the bytes of each code-block lie in their bodies (T.800 B.9, B.10).
//! Pure. What a header lies about ends in an error or in bytes that are none of the code-block's, never outside of
//! the tile-part.

mod bits;
mod tag_tree;

use std::ops::Range;

use crate::bytes::Bytes;
use crate::codestream::BlockStyle;
use crate::codestream::layout::{BlockGrid, Resolution};
use crate::error::Error;
use bits::Bits;
use tag_tree::TagTree;

/// More code-blocks than this in a precinct are refused: a gigapixel in the smallest usual ones, without precincts.
const MAX_BLOCKS: u64 = 1 << 20;

/// No coefficient has as many planes.
const MAX_ZERO_PLANES: u16 = 128;

/// No code-block has more passes: three for each plane.
const MAX_PASSES: u16 = 3 * MAX_ZERO_PLANES;

/// Where the packets of a tile come from.
#[derive(Clone, Copy)]
pub(crate) struct Source<'a> {
    /// The codestream, as far as the end of the tile-part.
    pub codestream: Bytes<'a>,
    /// The packet headers, if PPM or PPT hold them.
    pub packed_headers: Option<&'a [u8]>,
    /// Whether SOP may stand before packets, and EPH after their headers.
    pub sop: bool,
    pub eph: bool,
}

/// Where a packet begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    /// Offset in the codestream.
    pub packet: usize,
    /// Offset of its header in packed packet headers; not used without these.
    pub header: usize,
}

/// What a packet adds to a codeword segment of a code-block, in the order in which the bytes follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Contribution {
    /// The subband in the order of the resolution's, and the code-block along rows of it.
    pub band: usize,
    pub block: usize,
    /// Number of coding passes, at least 1.
    pub passes: u8,
    /// Whether the segment begins with them.
    pub begins: bool,
    /// Number of bytes.
    pub length: u32,
}

/// What the packet headers of a precinct have said so far, layer after layer.
#[derive(Default)]
pub(crate) struct Headers {
    bands: Vec<Band>,
}

#[derive(Default)]
struct Band {
    columns: u32,
    inclusion: TagTree,
    zero_planes: TagTree,
    blocks: Vec<Block>,
}

#[derive(Clone, Copy, Default)]
struct Block {
    /// Coding passes so far; 0 as long as it was not included.
    passes: u16,
    zero_planes: u8,
    /// Lblock, less its first value of 3.
    length_bits: u8,
}

impl Headers {
    /// Makes this the state before the first packet of a precinct. Gives its number of code-blocks.
    ///
    /// # Errors
    /// [`Error::TooLarge`] if there are more than any picture needs.
    pub(crate) fn reset(&mut self, resolution: &Resolution, precinct: u32) -> Result<u64, Error> {
        let count = resolution.blocks(precinct).map(|(_, grid)| grid.len()).sum();
        if count > MAX_BLOCKS {
            return Err(Error::too_large(format!("a precinct of {count} code-blocks")));
        }
        self.bands.resize_with(resolution.bands.len(), Band::default);
        for (band, (_, grid)) in self.bands.iter_mut().zip(resolution.blocks(precinct)) {
            band.reset(grid);
        }
        Ok(count)
    }

    /// The number of zero bit-planes of a code-block.
    pub(crate) fn zero_planes(&self, band: usize, block: usize) -> u8 {
        self.bands[band].blocks[block].zero_planes
    }

    /// Reads the packet of `layer` at `at`. Gives where its body begins and where the next packet would.
    ///
    /// # Errors
    /// [`Error::Damaged`] if its header contradicts itself, or the packet does not end in the codestream.
    pub(crate) fn read(
        &mut self,
        source: Source,
        at: Position,
        layer: u16,
        style: BlockStyle,
        contributions: &mut Vec<Contribution>,
    ) -> Result<(usize, Position), Error> {
        contributions.clear();
        let mut packet = at.packet;
        // A packet header cannot begin so: a byte of ones is followed by a stuffed zero.
        if source.sop && source.codestream.has(packet, [0xff, 0x91])? {
            packet += 6;
        }
        let (bytes, start) = match source.packed_headers {
            Some(headers) => (headers.into(), at.header),
            None => (source.codestream, packet),
        };
        let mut bits = Bits::new(bytes, start);
        if bits.bit()? {
            for (number, band) in self.bands.iter_mut().enumerate() {
                band.read(&mut bits, number, layer, style, contributions)?;
            }
        }
        let mut end = start + bits.bytes_taken();
        if source.eph && bytes.has(end, [0xff, 0x92])? {
            end += 2;
        }
        let (body, header) = if source.packed_headers.is_some() { (packet, end) } else { (end, at.header) };
        let length: u64 = contributions.iter().map(|contribution| u64::from(contribution.length)).sum();
        let next = usize::try_from(length).ok().and_then(|length| body.checked_add(length));
        match next {
            Some(next) if next <= source.codestream.length() => Ok((body, Position { packet: next, header })),
            _ => Err(Error::damaged_at(at.packet, "a packet that is cut")),
        }
    }
}

impl Band {
    fn reset(&mut self, grid: BlockGrid) {
        self.columns = grid.columns;
        self.blocks.clear();
        self.blocks.resize(grid.len() as usize, Block::default());
        if !grid.is_empty() {
            self.inclusion.reset(grid.columns, grid.rows);
            self.zero_planes.reset(grid.columns, grid.rows);
        }
    }

    /// T.800 B.10.3 to B.10.7.
    fn read(
        &mut self,
        bits: &mut Bits,
        number: usize,
        layer: u16,
        style: BlockStyle,
        contributions: &mut Vec<Contribution>,
    ) -> Result<(), Error> {
        let (mut column, mut row) = (0, 0);
        for (index, block) in self.blocks.iter_mut().enumerate() {
            let included = match block.passes {
                0 => self.inclusion.value_below(bits, column, row, layer.saturating_add(1))?.is_some(),
                _ => bits.bit()?,
            };
            if included {
                if block.passes == 0 {
                    let planes = self.zero_planes.value_below(bits, column, row, MAX_ZERO_PLANES)?;
                    let planes = planes.ok_or_else(|| Error::damaged("a code-block of zero planes only"))?;
                    block.zero_planes = planes as u8;
                }
                block.read(bits, style, |passes, begins, length| {
                    contributions.push(Contribution { band: number, block: index, passes, begins, length });
                })?;
            }
            column += 1;
            if column == self.columns {
                (column, row) = (0, row + 1);
            }
        }
        Ok(())
    }
}

impl Block {
    /// The passes and lengths of a code-block that is included. `add` gets, for each codeword segment that the packet
    /// adds to, the number of passes, whether they begin it, and the number of bytes.
    fn read(
        &mut self,
        bits: &mut Bits,
        style: BlockStyle,
        mut add: impl FnMut(u8, bool, u32),
    ) -> Result<(), Error> {
        let end = self.passes + passes(bits)?;
        while bits.bit()? {
            self.length_bits += 1;
            if self.length_bits > 29 {
                return Err(Error::damaged("a code-block whose lengths have more than 32 bits"));
            }
        }
        if end > MAX_PASSES {
            return Err(Error::damaged(format!("a code-block of {end} passes")));
        }
        while self.passes < end {
            let segment = segment(style, self.passes);
            let passes = segment.end.min(end) - self.passes;
            let length = match 3 + u32::from(self.length_bits) + passes.ilog2() {
                bits_of_length @ ..=32 => bits.number(bits_of_length)?,
                _ => return Err(Error::damaged("a code-block whose lengths have more than 32 bits")),
            };
            add(passes as u8, self.passes == segment.start, length);
            self.passes += passes;
        }
        Ok(())
    }
}

/// Number of new coding passes (T.800 table B.4).
fn passes(bits: &mut Bits) -> Result<u16, Error> {
    if !bits.bit()? {
        return Ok(1);
    }
    if !bits.bit()? {
        return Ok(2);
    }
    let number = match bits.number(2)? {
        3 => match bits.number(5)? {
            31 => 37 + bits.number(7)?,
            few => 6 + few,
        },
        few => 3 + few,
    };
    Ok(number as u16)
}

/// The passes of the codeword segment that a pass is in (T.800 table D.9).
fn segment(style: BlockStyle, pass: u16) -> Range<u16> {
    if style.terminate_all() {
        return pass..pass + 1;
    }
    if !style.bypass() {
        return 0..u16::MAX;
    }
    match pass.checked_sub(10) {
        None => 0..10,
        // Two raw passes, then a cleanup pass.
        Some(later) if later % 3 == 2 => pass..pass + 1,
        Some(later) => pass - later % 3..pass - later % 3 + 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_passes() {
        // T.800 table B.4.
        for (code, length, number) in [
            (0, 1, 1),
            (0b10, 2, 2),
            (0b1100, 4, 3),
            (0b1110, 4, 5),
            (0b1111_00000, 9, 6),
            (0b1111_11110, 9, 36),
        ] {
            let bytes = ((code as u16) << (16 - length)).to_be_bytes();
            assert_eq!(passes(&mut Bits::new((&bytes).into(), 0)), Ok(number));
        }
        // A zero is stuffed after the eight ones.
        assert_eq!(passes(&mut Bits::new((&[0xff, 0x40, 0]).into(), 0)), Ok(37));
        assert_eq!(passes(&mut Bits::new((&[0xff, 0x7f, 0x80]).into(), 0)), Ok(164));
    }

    #[test]
    fn segments_end_where_the_style_says() {
        let cut = |bits: u8| -> Vec<u16> {
            let style = BlockStyle::try_from(bits).expect("a style");
            (0..20).filter(|pass| segment(style, *pass).start == *pass).collect()
        };
        assert_eq!(cut(0), [0]);
        // T.800 table D.9.
        assert_eq!(cut(1), [0, 10, 12, 13, 15, 16, 18, 19]);
        assert_eq!(cut(4), (0..20).collect::<Vec<_>>());
        assert_eq!(cut(5), cut(4));
        for pass in 0..20 {
            let style = BlockStyle::try_from(1).expect("a style");
            assert!(segment(style, pass).contains(&pass));
        }
    }
}
