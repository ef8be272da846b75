//! What planning and info.json know of a master: plain data, whatever the file's format.

use crate::picture::{Dimensions, Orientation};

/// A master as everything but its decoder sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// The levels of its pyramid as they are stored, largest first. Never empty.
    pub levels: Vec<Level>,
    /// How the stored picture is turned to be shown.
    pub orientation: Orientation,
    /// What its pixels hold once decoded.
    pub channels: Channels,
    /// How finely it tells them.
    pub depth: Depth,
}

/// One level of the pyramid, in stored orientation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level {
    /// Its size in pixels.
    pub dimensions: Dimensions,
    /// The size of the pieces in which it is stored: a tile, or a strip of full width.
    pub tile: Dimensions,
    /// Whether it is stored in tiles, so that a small window costs little.
    pub tiled: bool,
    /// The format in which each tile could be sent as it is stored, if there is one.
    pub stored_as: Option<StoredAs>,
    /// What its pixels show of the full picture.
    pub sampling: Sampling,
}

/// What a pixel of a level shows of the full picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sampling {
    /// All of the box that is its part of the picture: its middle is that of the box.
    Boxes,
    /// The place at which it stands, as samples of wavelets do: each `step`-th pixel of the full picture, from column and
    /// row `first` on, both less than `step` (T.800 B-15, F.3.3).
    Places {
        /// How many times the level is reduced.
        step: u32,
        /// The place of the first one.
        first: (u32, u32),
    },
}

/// A tile's place in the grid of its level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tile {
    /// From the left.
    pub column: u32,
    /// From the top.
    pub row: u32,
}

/// A format that masters store and clients understand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoredAs {
    /// JPEG.
    Jpeg,
    /// WebP.
    WebP,
}

/// The bits of a decoded sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Depth {
    /// 8: from 0 to 255. What has fewer is spread over these.
    Eight,
    /// 16: from 0 to 65535. What has more, or a point that floats, is rounded to these.
    Sixteen,
}

/// The channels of decoded pixels, interleaved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Channels {
    /// One: black is 0, white the greatest sample.
    Gray,
    /// Gray and alpha, not premultiplied.
    GrayAlpha,
    /// Red, green, blue.
    Rgb,
    /// Red, green, blue and alpha, not premultiplied.
    Rgba,
    /// Cyan, magenta, yellow and black: 0 is no ink. On its way only; what is encoded is light.
    Cmyk,
}

/// How large a pixel is on the original.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PhysicalScale {
    /// The side of a pixel, in `unit`.
    pub size: f64,
    /// What it is measured in.
    pub unit: PhysicalUnit,
}

/// A unit of length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PhysicalUnit {
    /// 25.4 millimetres.
    Inch,
    /// 10 millimetres.
    Centimetre,
}

impl Depth {
    /// The number of bits.
    pub const fn bits(self) -> u8 {
        match self {
            Self::Eight => 8,
            Self::Sixteen => 16,
        }
    }
}

impl Channels {
    /// Samples per pixel.
    pub const fn count(self) -> usize {
        match self {
            Self::Gray => 1,
            Self::GrayAlpha => 2,
            Self::Rgb => 3,
            Self::Rgba | Self::Cmyk => 4,
        }
    }

    /// Whether there is more than gray.
    pub const fn has_colour(self) -> bool {
        matches!(self, Self::Rgb | Self::Rgba | Self::Cmyk)
    }

    /// Whether there is an alpha channel.
    pub const fn has_alpha(self) -> bool {
        matches!(self, Self::GrayAlpha | Self::Rgba)
    }
}

impl Description {
    /// The size of the picture as it is shown: what info.json tells and regions refer to.
    pub fn dimensions(&self) -> Dimensions {
        self.orientation.apply_to_size(self.levels[0].dimensions)
    }
}
