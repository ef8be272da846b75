//! The pyramid to write, and what follows from its settings. Pure: plain values.
//! TIFF 6.0, its technical notes 1 and 2, BigTIFF, the tags of libtiff; Cloud Optimized GeoTIFF for its order.

use std::thread;

use super::Tags;
use super::reduce::half_of;
use crate::ifd::Field;
use crate::picture::{Channels, Depth, Dimensions};

/// The pixels that come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pixels {
    /// Size of the picture.
    pub size: Dimensions,
    /// What a pixel holds.
    pub channels: Channels,
    /// The depth of its samples.
    pub depth: Depth,
}

/// How tiles are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    None,
    /// Without loss: LZW.
    Lzw,
    /// Without loss: Adobe Deflate, by libdeflate. See [`Compression::DEFLATE`].
    Deflate {
        /// 1 (fast) to 12 (small).
        level: u8,
    },
    /// Without loss: Zstandard, which libtiff reads since 4.0.10.
    Zstd {
        /// 1 (fast) to 22 (small).
        level: u8,
    },
    /// JPEG, for 8 bits without alpha: gray, colours as YCbCr, inks as they are.
    Jpeg {
        /// 1 to 100.
        quality: u8,
        /// Of the colours of RGB pixels.
        subsampling: Subsampling,
    },
    /// WebP, for RGB of 8 bits with or without alpha, which libtiff reads since 4.0.10.
    WebP {
        /// 1 to 100; without loss if there is none.
        quality: Option<u8>,
    },
}

impl Compression {
    /// Deflate of level 7: the least that makes files as small as those of zlib's level 6, which others have by default,
    /// whatever the picture, in two thirds of its time. Of tiles of 256 pixels with predictor, in bytes per sample and
    /// MB/s of a slow processor: with grain 0.574 at 39 (zlib 0.574 at 29), without 0.251 at 18 (zlib 0.251 at 11).
    /// Lower levels are faster (4: 51 and 70 MB/s), as small with grain, and 6 % larger without.
    pub const DEFLATE: Self = Self::Deflate { level: 7 };
}

/// How many colours JPEG keeps for its samples of light.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Subsampling {
    /// 4:4:4, all.
    S444,
    /// 4:2:2, one for two beside each other.
    S422,
    /// 4:2:0, one for two by two.
    S420,
}

/// The layout of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Big {
    /// BigTIFF if the file turns out to need it, which is if it passes 4 GiB.
    Auto,
    /// BigTIFF.
    Always,
    /// Classic TIFF: a longer file is an error.
    Never,
}

/// In which order the parts of the file lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Tiles as they are made, the directories behind them.
    AsMade,
    /// The directories with all their values before the tiles, those of the smallest level first, each level in reading
    /// order: whoever reads over a network has all directories, and a small picture, after one request.
    DirectoriesFirst,
}

/// The tiles of a level that come as they are stored.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredTiles {
    /// Their size: multiples of 16.
    pub tile: Dimensions,
    /// The fields that say how they become pixels: Compression, PhotometricInterpretation, SamplesPerPixel,
    /// BitsPerSample, and where they apply Predictor, ExtraSamples, SampleFormat, JPEGTables, YCbCrSubSampling,
    /// ReferenceBlackWhite and others. Samples must be interleaved.
    pub fields: Vec<Field>,
}

/// What pyramid to write.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The pixels that come in.
    pub pixels: Pixels,
    /// Width and height of a tile in pixels: a multiple of 16.
    pub tile_side: u32,
    /// How the tiles are compressed.
    pub compression: Compression,
    /// Whether samples are stored as differences to their neighbours where the compression gains by that.
    pub predictor: bool,
    /// How many levels there are; by default so many that the last is one tile.
    pub levels: Option<u32>,
    /// Whether the smaller levels are in SubIFDs of the first directory, rather than directories behind it.
    pub sub_ifds: bool,
    /// The layout of the file.
    pub big: Big,
    /// In which order its parts lie.
    pub order: Order,
    /// Whether smaller levels are means of light, rather than of the samples that stand for it by sRGB's curve.
    pub linear: bool,
    /// The levels whose tiles come as they are stored, from the full one on; all others are made of rows.
    pub stored: Vec<StoredTiles>,
    /// What the file says besides its pixels.
    pub tags: Tags,
    /// Threads that compress, besides the one that calls.
    pub hands: usize,
    /// Whether the file is durable before it has its name. Whoever goes on writing it sees to that later.
    pub durable: bool,
}

impl Settings {
    /// A chain of levels of 256 pixels a tile, compressed by all processors.
    pub fn new(pixels: Pixels, compression: Compression) -> Self {
        Self {
            pixels,
            tile_side: 256,
            compression,
            predictor: true,
            levels: None,
            sub_ifds: false,
            big: Big::Auto,
            order: Order::AsMade,
            linear: false,
            stored: Vec::new(),
            tags: Tags::default(),
            hands: thread::available_parallelism().map_or(1, usize::from),
            durable: true,
        }
    }
}

impl Settings {
    /// How many levels there will be.
    pub fn level_count(&self) -> usize {
        self.sizes().len()
    }

    /// Whether samples are stored as differences to the pixel on their left.
    pub(super) fn predicts(&self) -> bool {
        let gains = |compression| {
            matches!(compression, Compression::Lzw | Compression::Deflate { .. } | Compression::Zstd { .. })
        };
        self.predictor && gains(self.compression)
    }

    /// The sizes of all levels: each is half of the one before, rounded up, down to one tile, or as many as are asked
    /// for.
    pub(super) fn sizes(&self) -> Vec<Dimensions> {
        let fits = |level: &Dimensions| level.width <= self.tile_side && level.height <= self.tile_side;
        let next = |level: &Dimensions| (!fits(level)).then(|| half_of(*level));
        let levels = self.levels.unwrap_or(u32::MAX) as usize;
        std::iter::successors(Some(self.pixels.size), next).take(levels).collect()
    }

    /// The size of the tiles of a level.
    pub(super) fn tile_of(&self, level: usize) -> Dimensions {
        let square = Dimensions::new(self.tile_side, self.tile_side);
        self.stored.get(level).map_or(square, |stored| stored.tile)
    }

    /// The number of tiles of a level of this size.
    pub(super) fn tile_count(&self, level: usize, size: Dimensions) -> u64 {
        let tile = self.tile_of(level);
        u64::from(size.width.div_ceil(tile.width)) * u64::from(size.height.div_ceil(tile.height))
    }

    /// The first level whose tiles are made of rows.
    pub(super) fn first_of_rows(&self) -> usize {
        self.stored.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_halve_down_to_one_tile() {
        let sizes = |width, height, levels| -> Vec<_> {
            let size = Dimensions::new(width, height);
            let pixels = Pixels { size, channels: Channels::Rgb, depth: Depth::Eight };
            let settings = Settings { levels, ..Settings::new(pixels, Compression::None) };
            settings.sizes().iter().map(Dimensions::to_string).collect()
        };
        assert_eq!(sizes(1, 1, None), ["1x1"]);
        assert_eq!(sizes(256, 256, None), ["256x256"]);
        assert_eq!(sizes(257, 3, None), ["257x3", "129x2"]);
        assert_eq!(sizes(2051, 1000, None), ["2051x1000", "1026x500", "513x250", "257x125", "129x63"]);
        assert_eq!(sizes(2051, 1000, Some(2)), ["2051x1000", "1026x500"]);
        assert_eq!(sizes(257, 3, Some(9)), ["257x3", "129x2"]);
    }
}
