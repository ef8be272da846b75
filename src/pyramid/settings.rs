//! The pyramid to write, and what follows from its settings: its levels, its layout, the fields of its pixels.
//! Pure: plain values, checked once before anything is written.
//! TIFF 6.0 sections 3, 6, 14, 15, 21 (YCbCr) and 22 (JPEG) as Technical Note 2 rewrote it.

use anyhow::{Result, ensure};

use crate::format::tiff::code::{compression, photometric, predictor};
use crate::ifd::{Field, Layout, tag};
use crate::picture::Dimensions;

/// What a pixel is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Samples {
    /// One byte, 0 is black.
    Gray8,
    /// Three bytes: red, green, blue.
    Rgb8,
}

impl Samples {
    /// Bytes of one pixel.
    pub const fn per_pixel(self) -> usize {
        match self {
            Self::Gray8 => 1,
            Self::Rgb8 => 3,
        }
    }
}

/// How the tiles are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// Without loss: Adobe Deflate after horizontal prediction.
    Deflate {
        /// 1 (fast) to 12 (small).
        level: u8,
    },
    /// JPEG; colours as YCbCr 4:2:0.
    Jpeg {
        /// 1 to 100.
        quality: u8,
    },
}

/// What pyramid to write.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Size of the picture.
    pub size: Dimensions,
    /// What its pixels are made of.
    pub samples: Samples,
    /// Width and height of a tile in pixels: a multiple of 16.
    pub tile_side: u32,
    /// How the tiles are compressed.
    pub compression: Compression,
    /// The ICC profile of the pixels, if they have one.
    pub icc_profile: Option<Vec<u8>>,
}

impl Settings {
    /// Refuses settings that cannot be written.
    pub(super) fn check(&self) -> Result<()> {
        let Dimensions { width, height } = self.size;
        ensure!(width > 0 && height > 0, "a picture of {} has no pixels", self.size);
        let side = self.tile_side;
        ensure!(
            (16..=8192).contains(&side) && side.is_multiple_of(16),
            "tiles of {side} pixels: must be a multiple of 16 up to 8192"
        );
        match self.compression {
            Compression::Deflate { level } => {
                ensure!((1..=12).contains(&level), "deflate level {level}: must be 1 to 12");
            }
            Compression::Jpeg { quality } => {
                ensure!((1..=100).contains(&quality), "JPEG quality {quality}: must be 1 to 100");
            }
        }
        Ok(())
    }

    /// Bytes of one row of a level.
    pub(super) fn row_bytes(&self, level: Dimensions) -> usize {
        level.width as usize * self.samples.per_pixel()
    }

    /// The sizes of all levels: each is half of the one before, rounded up, down to one tile.
    pub(super) fn levels(&self) -> Vec<Dimensions> {
        let fits = |level: &Dimensions| level.width <= self.tile_side && level.height <= self.tile_side;
        let half = |level: &Dimensions| {
            (!fits(level)).then(|| Dimensions::new(level.width.div_ceil(2), level.height.div_ceil(2)))
        };
        std::iter::successors(Some(self.size), half).collect()
    }

    /// BigTIFF as soon as the pixels alone could fill 4 GiB: the compressed size is known too late.
    pub(super) fn layout(&self) -> Layout {
        let tiles = |n: u32| u64::from(n.div_ceil(self.tile_side));
        let tile_bytes = u64::from(self.tile_side).pow(2) * self.samples.per_pixel() as u64;
        let level = |l: &Dimensions| tiles(l.width) * tiles(l.height);
        let count: u64 = self.levels().iter().map(level).sum();
        match count.checked_mul(tile_bytes + 32) {
            Some(bytes) if bytes < u64::from(u32::MAX) - (16 << 20) => Layout::Classic,
            _ => Layout::Big,
        }
    }

    /// The fields that say how a tile becomes pixels.
    pub(super) fn pixel_entries(&self, jpeg_tables: &[u8]) -> Vec<Field> {
        let samples = self.samples;
        let color = samples == Samples::Rgb8;
        let bits = vec![8; samples.per_pixel()];
        let photometric = match (color, self.compression) {
            (false, _) => photometric::BLACK_IS_ZERO,
            (true, Compression::Deflate { .. }) => photometric::RGB,
            (true, Compression::Jpeg { .. }) => photometric::YCBCR,
        };
        let mut entries = vec![
            Field::shorts(tag::BITS_PER_SAMPLE, &bits),
            Field::shorts(tag::PHOTOMETRIC_INTERPRETATION, &[photometric]),
            Field::shorts(tag::SAMPLES_PER_PIXEL, &[if color { 3 } else { 1 }]),
        ];
        match self.compression {
            Compression::Deflate { .. } => entries.extend([
                Field::shorts(tag::COMPRESSION, &[compression::ADOBE_DEFLATE]),
                Field::shorts(tag::PREDICTOR, &[predictor::HORIZONTAL]),
            ]),
            Compression::Jpeg { .. } => {
                entries.extend([
                    Field::shorts(tag::COMPRESSION, &[compression::JPEG]),
                    Field::bytes(tag::JPEG_TABLES, jpeg_tables),
                ]);
            }
        }
        if photometric == photometric::YCBCR {
            entries.push(Field::shorts(tag::YCBCR_SUB_SAMPLING, &[2, 2])); // 4:2:0
            entries.push(Field::rationals(tag::REFERENCE_BLACK_WHITE, &[0, 255, 128, 255, 128, 255])); // full range
        }
        entries
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(width: u32, height: u32) -> Settings {
        Settings {
            size: Dimensions::new(width, height),
            samples: Samples::Rgb8,
            tile_side: 256,
            compression: Compression::Jpeg { quality: 85 },
            icc_profile: None,
        }
    }

    #[test]
    fn levels_halve_down_to_one_tile() {
        let sizes = |w, h| -> Vec<_> { settings(w, h).levels().iter().map(Dimensions::to_string).collect() };
        assert_eq!(sizes(1, 1), ["1x1"]);
        assert_eq!(sizes(256, 256), ["256x256"]);
        assert_eq!(sizes(257, 3), ["257x3", "129x2"]);
        assert_eq!(sizes(2051, 1000), ["2051x1000", "1026x500", "513x250", "257x125", "129x63"]);
    }

    #[test]
    fn files_that_may_pass_4_gib_are_bigtiff() {
        assert_eq!(settings(30_000, 30_000).layout(), Layout::Classic);
        assert_eq!(settings(40_000, 40_000).layout(), Layout::Big);
        assert_eq!(settings(u32::MAX, u32::MAX).layout(), Layout::Big);
    }

    #[test]
    fn impossible_settings_are_refused() {
        assert!(settings(1, 1).check().is_ok());
        assert!(settings(0, 1).check().is_err());
        assert!(Settings { tile_side: 100, ..settings(1, 1) }.check().is_err());
        for compression in [Compression::Jpeg { quality: 0 }, Compression::Deflate { level: 13 }] {
            assert!(Settings { compression, ..settings(1, 1) }.check().is_err());
        }
    }
}
