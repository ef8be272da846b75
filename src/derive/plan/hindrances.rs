//! What makes a plan dear that a better master, or another request, would spare. Pure.

use super::Plan;
use crate::account::Hindrance;
use crate::master::Reader;
use crate::picture::{Codec, Description, Format};

/// A picture with more pixels takes long to make, whatever it is made of: 4 megapixels.
const LARGE_PICTURE: u64 = 4 << 20;

/// Tiles with more pixels are large: the largest that are recommended have 512 a side.
const LARGE_TILE: u64 = 1024 * 1024;

/// By how much a level may be larger than the picture that is made of it; levels are halves of each other.
const TOO_LARGE: f64 = 4.0;

impl Plan {
    /// What makes it dear. `walked` is whether all packet headers of the master had to be read to find one.
    pub fn hindrances(&self, description: &Description, walked: bool) -> impl Iterator<Item = Hindrance> {
        let level = &description.levels[self.scaling.level];
        let in_pieces = matches!(self.reader, Reader::Pieces);
        let is_strip = in_pieces && !level.tiled && level.tile.area() < level.dimensions.area();
        let too_large = |axis: crate::raster::Axis| axis.length > TOO_LARGE * f64::from(axis.output);
        let found = [
            (Hindrance::Flat, !in_pieces && !matches!(self.reader, Reader::Codestream(_))),
            (Hindrance::NoLevels, too_large(self.scaling.x) && too_large(self.scaling.y)),
            (Hindrance::Strips, is_strip),
            (Hindrance::LargeTiles, in_pieces && level.tiled && level.tile.area() >= LARGE_TILE),
            (Hindrance::NoPlt, walked),
            (Hindrance::SlowCodec, matches!(level.coding.codec, Codec::Lzma | Codec::HighThroughput { .. })),
            (Hindrance::LargePicture, self.canvas().area() > LARGE_PICTURE),
            (Hindrance::Tilt, self.tilt != 0.0),
            (Hindrance::SlowFormat, matches!(self.format, Format::Avif | Format::Jp2)),
        ];
        found.into_iter().filter_map(|(hindrance, is_there)| is_there.then_some(hindrance))
    }
}
