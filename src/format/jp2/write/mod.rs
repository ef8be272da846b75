//! A JP2 file of a large picture, made of tiles that are compressed one by one: the boxes before its codestream, the main
//! header, and tile-parts in their places. Pure: bytes and plain values; whoever calls has threads and a file.
//! T.800 annexes A and I; T.801 annex M where the colours are beyond those of JP2.

mod boxes;
mod codestream;
mod colour;
#[cfg(test)]
mod tests;

use crate::picture::{Channels, Depth, Dimensions, Rect};
use crate::raster::AnyRaster;

pub(crate) use super::openjpeg::{Coding, Loss};
pub(crate) use boxes::{Around, head};
pub(crate) use codestream::{END, MAX_TILES, TilePart, Tiles};

/// A picture to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    /// Its size in pixels, at most `i32::MAX` each way.
    pub(crate) size: Dimensions,
    /// What a pixel holds.
    pub(crate) channels: Channels,
    /// The depth of its samples.
    pub(crate) depth: Depth,
    /// Width and height of a tile in pixels.
    pub(crate) tile_side: u32,
}

impl Frame {
    /// All tiles; more than [`MAX_TILES`] cannot be written.
    pub(crate) fn tiles(&self) -> u64 {
        let tiles = |length: u32| u64::from(length.div_ceil(self.tile_side));
        tiles(self.size.width) * tiles(self.size.height)
    }

    /// The tiles of a row of them, from left to right.
    pub(crate) fn row(&self, row: u32) -> impl Iterator<Item = Rect> + use<> {
        let (all, side) = (Rect::whole(self.size), self.tile_side);
        let columns = (0..self.size.width).step_by(side as usize);
        columns.filter_map(move |x| Rect::new(x, row * side, side, side).intersection(all))
    }
}

/// Compresses a tile whose upper left corner is at column `x` and row `y` of its picture.
///
/// # Errors
/// What was refused, in words.
pub(crate) fn encode(tile: &AnyRaster, (x, y): (u32, u32), coding: &Coding) -> Result<TilePart, String> {
    let codestream = super::openjpeg::encode_tile(tile, (x, y), coding);
    TilePart::of(codestream.map_err(|step| format!("OpenJPEG failed to {step}"))?)
}
