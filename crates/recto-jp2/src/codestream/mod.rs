//! The codestream's headers: the main header, and where the tile-parts lie (T.800 annex A).
//! Pure on the bytes of the codestream, from SOC to EOC. Nothing is allocated that the file does not hold.

mod band;
mod coding;
mod coding_segments;
mod grid;
pub(crate) mod layout;
mod marker;
pub(crate) mod progression;
mod siz;
mod style;
#[cfg(test)]
pub(crate) mod tests;
mod tile_part;

use std::ops::Range;

pub use band::BandKind;
pub use coding::{
    Coding, ComponentCoding, Progression, ProgressionChange, Quantisation, QuantisationStyle, Step,
};
pub use grid::Grid;
pub use siz::Component;
pub use style::BlockStyle;
pub(crate) use tile_part::{Place, Places, Tile, places};

use crate::bytes::{Ahead, Bytes};
use crate::error::Error;
use crate::geometry::{Dimensions, Rect};
use coding_segments::CodingSegments;
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
    /// Whether code-blocks are, or may be, coded by T.814 (High-Throughput JPEG 2000).
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
    /// [`Error::Damaged`] if it is cut, contradicts itself or T.800; [`Error::Unsupported`] if it needs
    /// what we do not read; [`Error::Unavailable`] if its bytes cannot be had.
    pub fn read<'a>(codestream: impl Into<Bytes<'a>>) -> Result<Self, Error> {
        let mut ahead = Ahead::new(codestream.into(), 0);
        if !ahead.slice(0, 4)?.is_some_and(Self::recognises) {
            return Err(Error::damaged("no codestream where one should begin"));
        }
        let mut at = 2;
        let Next::Segment(siz) = marker::next(&mut ahead, at)? else {
            return Err(Error::damaged("a codestream without SIZ"));
        };
        let size = siz::Size::read(siz.parameters)?;
        let (mut coding, mut high_throughput) = (CodingSegments::default(), false);
        let (mut tile_part_lengths, mut packed_packet_headers) = (Vec::new(), Vec::new());
        let mut segment = siz;
        loop {
            at = segment.end();
            segment = match marker::next(&mut ahead, at)? {
                Next::Segment(segment) => segment,
                Next::End(code::SOT, next) => {
                    at = next - 2;
                    break;
                }
                Next::End(..) => return Err(Error::damaged("a codestream without tiles")),
            };
            match segment.code {
                // Pcap: one bit for each part of the standard, the first for part 1.
                code::CAP => {
                    let mut capabilities = segment.parameters;
                    high_throughput |= capabilities.u32()? & (1 << (32 - 15)) != 0;
                }
                code::TLM => tile_part_lengths.push(segment.start..segment.end()),
                code::PPM => packed_packet_headers.push(segment.start..segment.end()),
                _ => coding.read(segment.code, segment.parameters, size.components.len())?,
            }
        }
        high_throughput |= coding.high_throughput;
        let coding = coding.coding(size.components.len())?;
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

    /// Whether it says how long the tile-parts are (TLM), so that any of them is found without visiting those before it.
    pub fn tells_tile_part_lengths(&self) -> bool {
        !self.tile_part_lengths.is_empty()
    }

    /// Number of tiles in a row of them, 1 to 65535 (T.800 B-5).
    pub(crate) fn tile_columns(&self) -> u32 {
        siz::tile_grid(self.image, self.tile_origin, self.tile).0 as u32
    }

    /// Where the tile of this number, below [`Header::tiles`], lies on the reference grid (T.800 B-6 to B-10).
    pub fn tile_rect(&self, number: u32) -> Rect {
        let (p, q) = (number % self.tile_columns(), number / self.tile_columns());
        let side = |origin: u32, side: u32, n: u32, from: u32, to: u32| {
            let start = u64::from(origin) + u64::from(n) * u64::from(side);
            let end = start + u64::from(side);
            (start.clamp(from.into(), to.into()) as u32, end.clamp(from.into(), to.into()) as u32)
        };
        let image = self.image;
        let (left, right) = side(self.tile_origin.0, self.tile.width, p, image.x, image.right());
        let (top, bottom) = side(self.tile_origin.1, self.tile.height, q, image.y, image.bottom());
        Rect::new(left, top, right - left, bottom - top)
    }

    /// The numbers of the tiles that hold a part of `area`.
    pub fn tiles_of(&self, area: Rect) -> impl Iterator<Item = u32> + use<> {
        let area = self.within(area);
        let span = |first: u32, end: u32, origin: u32, side: u32| {
            let of = |place: u32| (place - origin) / side;
            if first < end { of(first)..of(end - 1) + 1 } else { 0..0 }
        };
        let columns = span(area.x, area.right(), self.tile_origin.0, self.tile.width);
        let rows = span(area.y, area.bottom(), self.tile_origin.1, self.tile.height);
        let across = self.tile_columns();
        rows.flat_map(move |row| columns.clone().map(move |column| row * across + column))
    }

    /// How the tiles are coded that hold a part of `area`, as far as their headers can be read. A reader may find these
    /// by TLM or from one tile-part to the next: where the two disagree, it is told by both.
    ///
    /// # Errors
    /// [`Error`] if tile-parts are of tiles that are not there, or without number.
    pub fn codings_of<'a>(
        &self,
        codestream: impl Into<Bytes<'a>>,
        area: Rect,
    ) -> Result<impl Iterator<Item = Coding>, Error> {
        let codestream = codestream.into();
        let both = [places(codestream, self, true)?, places(codestream, self, false)?];
        let tiles = both.into_iter().flat_map(move |places| {
            self.tiles_of(area)
                .filter_map(move |number| Tile::read(codestream, self, &places, number).ok()?)
        });
        Ok(tiles.map(|tile| tile.coding))
    }

    /// The part of `area` that lies in the image.
    pub(crate) fn within(&self, area: Rect) -> Rect {
        let (right, bottom) = (area.right().into(), area.bottom().into());
        self.image.clipped(area.x.into()..right, area.y.into()..bottom)
    }

    /// The grid of the picture.
    pub fn grid(&self) -> Grid<'_> {
        Grid::new(self)
    }
}
