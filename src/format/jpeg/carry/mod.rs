//! A flat JPEG carried over into tiles of a TIFF: the coefficients of its blocks stay what they are, bit by bit, and only
//! DC differences where a tile's row of MCUs begins are written anew. The data are walked through once, from the top; on
//! the way the same rows of MCUs become bands that are decoded for the smaller levels. Of a picture of any size no more
//! than a row of tiles is held.
//!
//! The codes of the source are kept. Where its tables were made for it alone, they lack codes that its tiles need: for
//! DC differences between blocks that were no neighbours, and for the padding of tiles at the right and lower edge. Those
//! are added behind all others, which stay as they are.
//!
//! Pure. ITU-T T.81 annexes A, B, F; TIFF Technical Note 2.

mod bands;
mod baseline;
mod colours;
mod hindrance;
mod padding;
mod rows;
#[cfg(test)]
mod tests;

pub use bands::{Band, Scale};
pub use baseline::{baseline, mended};
pub use colours::Colours;
pub use hindrance::Hindrance;
pub use rows::{Row, Rows};

use super::entropy::dht::Definition;
use super::header::{Header, Process};
use super::index::{self, Coding, Head};
use super::marker::{END, START};
use crate::error::MasterError;
use crate::picture::Dimensions;
use bands::Bands;

/// A JPEG whose markers were read, and whose blocks can be those of tiles.
pub struct Source<'a> {
    bytes: &'a [u8],
    header: Header,
    head: Head,
    coding: Coding,
    /// The tables of AC coefficients, with a code for the end of a block.
    ac: [Option<Definition>; 4],
    colours: Colours,
}

impl<'a> Source<'a> {
    /// Reads the markers of a file up to its scan.
    ///
    /// # Errors
    /// Why its blocks cannot be those of tiles; some files can be made such that they can ([`baseline()`]).
    pub fn read(bytes: &'a [u8]) -> Result<Self, Hindrance> {
        let header = Header::read(bytes).map_err(Hindrance::Unread)?;
        if header.process == Process::Lossless {
            return Err(Hindrance::Lossless);
        }
        if header.bits != 8 {
            return Err(Hindrance::Bits(header.bits));
        }
        let other = || Hindrance::Process { memory: baseline::cost(&header, bytes.len()) };
        let is_plain = header.process == Process::Sequential && !header.many_scans;
        let head = Head::read(bytes).filter(|head| is_plain && index::is_read(&bytes[..head.start]));
        let head = head.ok_or_else(other)?;
        let mut ac = head.ac.clone();
        for n in head.components.iter().map(|component| component.ac) {
            ac[n] = Some(ac[n].take().and_then(Definition::with_end).ok_or_else(other)?);
        }
        let (coding, colours) = (Coding::new(&head), Colours::of(&head)?);
        Ok(Self { bytes, header, head, coding, ac, colours })
    }

    /// Width and height of the picture.
    pub fn size(&self) -> Dimensions {
        self.head.dimensions
    }

    /// What the components mean.
    pub fn colours(&self) -> Colours {
        self.colours
    }

    /// Width and height of an MCU in pixels: both sides of a tile are multiples of them.
    pub fn unit(&self) -> Dimensions {
        self.head.unit()
    }

    /// The tables that all tiles share, as the field JPEGTables has them.
    pub fn tables(&self) -> Vec<u8> {
        let mut tables = START.to_vec();
        self.head.push_quantisation(&mut tables);
        self.head.push_huffman(&self.ac, &mut tables);
        tables.extend(END);
        tables
    }

    /// All of the picture, one row of tiles of `side` pixels after the other; with the pixels that smaller levels are made
    /// of, if they are asked for.
    ///
    /// # Errors
    /// [`Hindrance::Grid`] if a tile would end within an MCU.
    pub fn rows(&self, side: u32, pixels: Option<Scale>) -> Result<Rows<'_>, Hindrance> {
        let unit = self.unit();
        let fits = side.is_multiple_of(unit.width) && side.is_multiple_of(unit.height);
        if side == 0 || side > u16::MAX.into() || !fits {
            return Err(Hindrance::Grid { side, unit });
        }
        let bands = pixels.map(|scale| Bands::new(&self.head, scale));
        // It has all tables that this asks for.
        Rows::new(self, side as u16, bands).ok_or(Hindrance::Grid { side, unit })
    }

    /// The error for data that are not valid from the MCU of this number on, in the byte `at` of the file.
    fn damaged(&self, unit: u64, at: u64) -> MasterError {
        let (columns, mcu) = (u64::from(self.head.units().width), self.unit());
        let (x, y) = (unit % columns * u64::from(mcu.width), unit / columns * u64::from(mcu.height));
        MasterError::damaged(format!("JPEG data: from byte {at} on, at pixel {x},{y}, they are not valid"))
    }
}
