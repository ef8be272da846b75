//! What JP2 to write, and what follows from that. Pure: plain values, checked once before anything is written.

use std::thread;

use super::exif;
use crate::format::jp2::write::{Around, Coding, Frame, Loss, MAX_TILES};
use crate::picture::Dimensions;
use crate::pyramid::{Error, Pixels, Resolution, Result, Tags, Unit};

/// Sides of the tiles of a picture that is not too large for them. Of a photograph of 9 megapixels at 46 dB, Recto served
/// a tile of 512 and of 256 pixels and a picture 200 pixels wide in so many milliseconds of a processor (a process of 5
/// ms included): with tiles of 256 pixels 25, 11 and 22; of 512 28, 13 and 15; of 1024 36, 24 and 13; without tiles 48, 24
/// and 14. Larger tiles share code-blocks between what viewers ask for; smaller ones are too many for a small picture,
/// and at most 65535. Files differ by less than 0.5 in 100.
pub const TILE_SIDE: u32 = 512;

/// A picture is halved until its longer side is at most so long: thumbnails are made of that.
const SMALLEST: u32 = 256;

/// As often as that compresses better.
const USUAL_HALVINGS: u32 = 5;

/// What JP2 to write.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The pixels that come in.
    pub pixels: Pixels,
    /// Width and height of a tile in pixels: a multiple of 16 up to 8192.
    pub tile_side: u32,
    /// How many sizes there are, the full one included; by default so many that the smallest is at most 256 pixels wide
    /// and high.
    pub levels: Option<u32>,
    /// What is kept, 1 to 100: of each tile as much as by JPEG of that quality. Without one, nothing is lost.
    pub quality: Option<u8>,
    /// What the file says besides its pixels: ICC profile, resolution, XMP and IPTC in boxes of their own, all else in one
    /// of EXIF.
    pub tags: Tags,
    /// Threads that compress, besides the one that calls; at least one.
    pub hands: usize,
}

impl Settings {
    /// Tiles of [`TILE_SIDE`] pixels, or as many times two as a very large picture needs, compressed by all processors.
    pub fn new(pixels: Pixels, quality: Option<u8>) -> Self {
        let hands = thread::available_parallelism().map_or(1, usize::from);
        let tags = Tags::default();
        let mut settings = Self { pixels, tile_side: TILE_SIDE, levels: None, quality, tags, hands };
        while settings.frame().tiles() > MAX_TILES {
            settings.tile_side *= 2;
        }
        settings
    }

    /// Refuses settings that cannot be written.
    pub(super) fn check(&self) -> Result<()> {
        let Dimensions { width, height } = self.pixels.size;
        let no = |why: String| Err(Error::Settings(why));
        if width == 0 || height == 0 {
            return no(format!("a picture of {} has no pixels", self.pixels.size));
        }
        if width.max(height) > i32::MAX as u32 {
            return no(format!("a picture of {} is too large for JPEG 2000", self.pixels.size));
        }
        let side = self.tile_side;
        if !(16..=8192).contains(&side) || !side.is_multiple_of(16) {
            return no(format!("tiles of {side} pixels: must be a multiple of 16 up to 8192"));
        }
        let tiles = self.frame().tiles();
        if tiles > MAX_TILES {
            return no(format!(
                "{tiles} tiles of {side} pixels, where JPEG 2000 has {MAX_TILES} at most: choose larger ones"
            ));
        }
        if self.quality.is_some_and(|quality| !(1..=100).contains(&quality)) {
            return no(format!("quality {}: must be 1 to 100", self.quality.unwrap_or_default()));
        }
        let most = 1 + side.ilog2();
        match self.levels {
            Some(levels) if !(1..=most).contains(&levels) => {
                no(format!("{levels} levels: must be 1 to {most} in tiles of {side} pixels"))
            }
            _ => Ok(()),
        }
    }

    /// The picture that the codestream is of.
    pub(super) fn frame(&self) -> Frame {
        let Pixels { size, channels, depth } = self.pixels;
        Frame { size, channels, depth, tile_side: self.tile_side }
    }

    /// How its tiles are compressed, if nothing is to be lost.
    pub(super) fn coding(&self) -> Coding {
        // At most 13, by the side of a tile.
        Coding { tile_side: self.tile_side, halvings: self.halvings() as u8, loss: Loss::None }
    }

    fn halvings(&self) -> u32 {
        let longest = self.pixels.size.width.max(self.pixels.size.height).max(1);
        let needed = longest.div_ceil(SMALLEST).next_power_of_two().ilog2();
        let by_default = needed.max(USUAL_HALVINGS.min(longest.ilog2()));
        self.levels.map_or(by_default, |levels| levels - 1).min(self.tile_side.ilog2())
    }

    /// The sizes of all levels, largest first.
    pub(super) fn sizes(&self) -> Vec<Dimensions> {
        let Dimensions { width, height } = self.pixels.size;
        let halved = |length: u32, times: u32| length.div_ceil(1 << times);
        (0..=self.halvings())
            .map(|times| Dimensions::new(halved(width, times), halved(height, times)))
            .collect()
    }

    /// What the file says besides its pixels.
    pub(super) fn around(&self) -> Result<Around> {
        let Tags { icc_profile, resolution, xmp, iptc, .. } = &self.tags;
        Ok(Around {
            icc_profile: icc_profile.clone(),
            per_metre: resolution.as_ref().and_then(per_metre),
            exif: exif::block(&self.tags)?,
            xmp: xmp.clone(),
            iptc: iptc.clone(),
        })
    }
}

/// Pixels in a metre, across and down; None without a unit.
fn per_metre(resolution: &Resolution) -> Option<(f64, f64)> {
    let units = match resolution.unit {
        Unit::None => return None,
        Unit::Inch => 1.0 / 0.0254,
        Unit::Centimetre => 100.0,
    };
    Some((resolution.x * units, resolution.y * units))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::{Channels, Depth};

    fn settings(width: u32, height: u32) -> Settings {
        let size = Dimensions::new(width, height);
        Settings::new(Pixels { size, channels: Channels::Rgb, depth: Depth::Eight }, Some(85))
    }

    #[test]
    fn the_smallest_level_is_small_enough_for_thumbnails() {
        let smallest = |width, height| {
            let sizes = settings(width, height).sizes();
            (sizes.len(), sizes[sizes.len() - 1].to_string())
        };
        assert_eq!(smallest(1, 1), (1, "1x1".to_owned()));
        assert_eq!(smallest(5, 300), (6, "1x10".to_owned()));
        assert_eq!(smallest(6000, 4000), (6, "188x125".to_owned()));
        assert_eq!(smallest(32_768, 32_769), (9, "128x129".to_owned()));
        assert_eq!(smallest(1_000_000, 20), (10, "1954x1".to_owned()), "a tile cannot be halved any more");
    }

    #[test]
    fn tiles_are_as_large_as_it_takes_to_number_them() {
        assert_eq!(settings(100_000, 100_000).tile_side, 512);
        assert_eq!(settings(200_000, 200_000).tile_side, 1024);
        assert!(settings(200_000, 200_000).check().is_ok());
    }

    #[test]
    fn impossible_settings_are_refused() {
        assert!(settings(1, 1).check().is_ok());
        for wrong in [
            settings(0, 1),
            settings(1, u32::MAX),
            Settings { tile_side: 100, ..settings(1, 1) },
            Settings { tile_side: 16, ..settings(100_000, 100_000) },
            Settings { quality: Some(0), ..settings(1, 1) },
            Settings { quality: Some(101), ..settings(1, 1) },
            Settings { levels: Some(0), ..settings(1, 1) },
            Settings { levels: Some(11), ..settings(1, 1) },
        ] {
            assert!(matches!(wrong.check(), Err(Error::Settings(_))), "{wrong:?}");
        }
    }
}
