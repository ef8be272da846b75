//! What planning and info.json know of a master: plain data, whatever the file's format.

use recto_iiif::{Limits, Tiling};

use crate::picture::{Coding, Dimensions, Orientation};

/// A master as all modules but its decoder see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// The levels of its pyramid as they are stored, largest first. Never empty.
    pub levels: Vec<Level>,
    /// How the stored picture is turned to be shown.
    pub orientation: Orientation,
    /// What its pixels hold once decoded.
    pub channels: Channels,
    /// The depth of its samples.
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
    /// How its pixels are stored.
    pub coding: Coding,
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
    /// 8: from 0 to 255. Samples of fewer bits are scaled to this range.
    Eight,
    /// 16: from 0 to 65535. Samples of more bits, or in floating point, are rounded to these.
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
    /// Cyan, magenta, yellow and black: 0 is no ink. Used internally only; encoded pictures are RGB or gray.
    Cmyk,
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
    /// The size of the picture as it is shown: the size in info.json, which regions refer to.
    pub fn dimensions(&self) -> Dimensions {
        self.orientation.apply_to_size(self.levels[0].dimensions)
    }

    /// The picture as it is shown, in the tiles in which info.json offers it under these limits.
    pub fn tiling(&self, limits: &Limits) -> Tiling {
        let full = &self.levels[0];
        let tile = full.tiled.then(|| self.orientation.apply_to_size(full.tile));
        Tiling::of(self.dimensions(), tile, limits)
    }

    /// The sizes of its levels as they are shown.
    pub fn sizes(&self) -> impl Iterator<Item = Dimensions> {
        self.levels.iter().map(|level| self.orientation.apply_to_size(level.dimensions))
    }

    /// The longest side of the pieces in which it is stored.
    pub fn longest_piece(&self) -> u32 {
        self.levels.iter().map(|level| level.tile.width.max(level.tile.height)).max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::Codec;

    #[test]
    fn sizes_and_tiles_are_those_of_the_picture_as_it_is_shown() {
        let level = |width, height| Level {
            dimensions: Dimensions::new(width, height),
            tile: Dimensions::new(1024, 256),
            tiled: true,
            stored_as: None,
            coding: Coding::of(Codec::Plain, 3),
            sampling: Sampling::Boxes,
        };
        // To be shown, it is turned by a quarter.
        let mut master = Description {
            levels: vec![level(6000, 4000), level(3000, 2000)],
            orientation: Orientation::from_tag(6),
            channels: Channels::Rgb,
            depth: Depth::Eight,
        };
        let tiling = master.tiling(&Limits::default());
        assert_eq!((tiling.image, tiling.tile), (Dimensions::new(4000, 6000), Dimensions::new(256, 1024)));
        assert!(master.sizes().eq([Dimensions::new(4000, 6000), Dimensions::new(2000, 3000)]));
        assert_eq!(master.longest_piece(), 1024);
        master.levels[0].tiled = false;
        assert_eq!(master.tiling(&Limits::default()).tile, Dimensions::new(512, 512), "strips are no tiles");
    }
}
