//! The codestream's headers: the main header, and where the tile-parts lie (T.800 annex A).
//! Pure on the bytes of the codestream, from SOC to EOC. Nothing is allocated that the file does not hold.

mod coding;
mod marker;
mod siz;
mod tile_part;

#[cfg(test)]
pub(crate) mod tests;

pub use coding::{Coding, ComponentCoding, Progression, ProgressionChange, Step};
#[cfg(test)]
use coding::{Quantisation, QuantisationStyle};
pub use siz::Component;
pub(super) use tile_part::{Places, Tile, places};

use std::ops::Range;

use crate::error::MasterError;
use crate::picture::{Dimensions, Rect};
use marker::{Next, code};

/// The main header.
#[derive(Clone, Debug)]
pub struct Header {
    /// The image area on the reference grid: from XOsiz, YOsiz to Xsiz, Ysiz. Not empty.
    pub image: Rect,
    /// XTOsiz, YTOsiz: the upper left corner of the first tile, at or before that of the image.
    pub tile_origin: (u32, u32),
    /// XTsiz, YTsiz: size of a tile; neither side is 0.
    pub tile: Dimensions,
    /// The components, 1 to 256, each with at least one sample.
    pub components: Vec<Component>,
    /// How tiles are coded whose own header says nothing.
    pub coding: Coding,
    /// Whether code-blocks are, or may be, coded as T.814 (High-Throughput JPEG 2000) tells.
    pub high_throughput: bool,
    /// The parameters of TLM and PPM, and of nothing else, as they lie in the codestream.
    tile_part_lengths: Vec<Range<usize>>,
    packed_packet_headers: Vec<Range<usize>>,
    /// Offset of the first tile-part.
    end: usize,
}

impl Header {
    /// Reads the main header of a codestream, which begins with SOC.
    ///
    /// # Errors
    /// [`MasterError::Damaged`] if it is cut, contradicts itself or T.800; [`MasterError::Unsupported`] if it needs
    /// what we do not read.
    pub fn read(codestream: &[u8]) -> Result<Self, MasterError> {
        if !Self::recognises(codestream) {
            return Err(MasterError::damaged("no codestream where one should begin"));
        }
        let mut at = 2;
        let Next::Segment(siz) = marker::next(codestream, at)? else {
            return Err(MasterError::damaged("a codestream without SIZ"));
        };
        let size = siz::Size::read(siz.parameters)?;
        let (mut told, mut high_throughput) = (coding::Told::default(), false);
        let (mut tile_part_lengths, mut packed_packet_headers) = (Vec::new(), Vec::new());
        let mut segment = siz;
        loop {
            at = segment.end();
            segment = match marker::next(codestream, at)? {
                Next::Segment(segment) => segment,
                Next::End(code::SOT, next) => {
                    at = next - 2;
                    break;
                }
                Next::End(..) => return Err(MasterError::damaged("a codestream without tiles")),
            };
            match segment.code {
                // Pcap: one bit for each part of the standard, the first for part 1.
                code::CAP => {
                    let mut capabilities = segment.parameters;
                    high_throughput |= capabilities.u32()? & (1 << (32 - 15)) != 0;
                }
                code::TLM => tile_part_lengths.push(segment.start..segment.end()),
                code::PPM => packed_packet_headers.push(segment.start..segment.end()),
                _ => told.read(segment.code, segment.parameters, size.components.len())?,
            }
        }
        high_throughput |= told.high_throughput;
        let coding = told.coding(size.components.len())?;
        let siz::Size { image, tile_origin, tile, components } = size;
        let end = at;
        Ok(Self {
            image,
            tile_origin,
            tile,
            components,
            coding,
            high_throughput,
            tile_part_lengths,
            packed_packet_headers,
            end,
        })
    }

    /// Whether `bytes` begin as a codestream does: with SOC and SIZ.
    pub fn recognises(bytes: &[u8]) -> bool {
        bytes.starts_with(&[0xff, 0x4f, 0xff, 0x51])
    }

    /// Number of tiles, 1 to 65535 (T.800 B-5).
    pub fn tiles(&self) -> u32 {
        let (columns, rows) = siz::tile_grid(self.image, self.tile_origin, self.tile);
        (columns * rows) as u32
    }

    /// Whether there is more than one tile.
    pub fn is_tiled(&self) -> bool {
        self.tiles() > 1
    }

    /// Decomposition levels that every component has where a tile does not say otherwise: how often the image can be
    /// halved.
    pub fn levels(&self) -> u8 {
        self.coding.levels()
    }

    /// Number of tiles in a row of them, 1 to 65535 (T.800 B-5).
    pub fn tile_columns(&self) -> u32 {
        siz::tile_grid(self.image, self.tile_origin, self.tile).0 as u32
    }
}
