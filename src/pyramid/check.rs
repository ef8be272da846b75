//! Settings that contradict each other or their kind of file are refused before anything is written. Pure.
//! TIFF 6.0 sections 15 (tiles), 22 (JPEG) as Technical Note 2 rewrote it; libtiff for WebP.

use super::{Compression, Error, Result, Settings};
use crate::picture::{Channels, Depth, Dimensions};

impl Settings {
    /// # Errors
    /// [`Error::Settings`] with the reason.
    pub(super) fn check(&self) -> Result<()> {
        let size = self.pixels.size;
        ensure(size.width > 0 && size.height > 0, || format!("a picture of {size} has no pixels"))?;
        ensure(self.levels != Some(0), || "a pyramid without levels".to_owned())?;
        let side = self.tile_side;
        check_tile(Dimensions::new(side, side))?;
        self.stored.iter().try_for_each(|stored| check_tile(stored.tile))?;
        let levels = self.sizes().len();
        ensure(self.stored.len() <= levels, || format!("more stored levels than the {levels} there are"))?;
        let orientation = self.tags.orientation.unwrap_or(1);
        ensure((1..=8).contains(&orientation), || format!("orientation {orientation}: must be 1 to 8"))?;
        self.check_compression()
    }

    fn check_compression(&self) -> Result<()> {
        let within = |what: &str, value: u8, most: u8| {
            ensure((1..=most).contains(&value), || format!("{what} {value}: must be 1 to {most}"))
        };
        match self.compression {
            Compression::None | Compression::Lzw => Ok(()),
            Compression::Deflate { level } => within("deflate level", level, 12),
            Compression::Zstd { level } => within("zstd level", level, 22),
            Compression::Jpeg { quality, .. } => {
                within("JPEG quality", quality, 100)?;
                self.check_channels("JPEG", !self.pixels.channels.has_alpha())
            }
            Compression::WebP { quality } => {
                within("WebP quality", quality.unwrap_or(100), 100)?;
                self.check_channels("WebP", matches!(self.pixels.channels, Channels::Rgb | Channels::Rgba))
            }
        }
    }

    fn check_channels(&self, what: &str, has_them: bool) -> Result<()> {
        let (channels, bits) = (self.pixels.channels, self.pixels.depth.bits());
        ensure(self.pixels.depth == Depth::Eight, || format!("{what} has no samples of {bits} bits"))?;
        ensure(has_them, || format!("{what} in TIFF has no pixels of {channels:?}"))
    }
}

/// TIFF wants multiples of 16.
fn check_tile(tile: Dimensions) -> Result<()> {
    let fits = |side: u32| (16..=8192).contains(&side) && side.is_multiple_of(16);
    ensure(fits(tile.width) && fits(tile.height), || {
        format!("tiles of {tile} pixels: both sides must be multiples of 16 up to 8192")
    })
}

fn ensure(is_so: bool, otherwise: impl FnOnce() -> String) -> Result<()> {
    if is_so { Ok(()) } else { Err(Error::Settings(otherwise())) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pyramid::{Pixels, Subsampling};

    fn check(compression: Compression, channels: Channels, depth: Depth) -> Result<(), String> {
        let pixels = Pixels { size: Dimensions::new(1, 1), channels, depth };
        Settings::new(pixels, compression).check().map_err(|error| error.to_string())
    }

    #[test]
    fn what_the_formats_have_not_is_refused() {
        let jpeg = |quality| Compression::Jpeg { quality, subsampling: Subsampling::S420 };
        let webp = |quality| Compression::WebP { quality };
        for (compression, channels, depth, expected) in [
            (jpeg(90), Channels::Cmyk, Depth::Eight, None),
            (jpeg(0), Channels::Rgb, Depth::Eight, Some("JPEG quality 0: must be 1 to 100")),
            (jpeg(90), Channels::Rgb, Depth::Sixteen, Some("JPEG has no samples of 16 bits")),
            (jpeg(90), Channels::Rgba, Depth::Eight, Some("JPEG in TIFF has no pixels of Rgba")),
            (webp(None), Channels::Rgba, Depth::Eight, None),
            (webp(Some(80)), Channels::Gray, Depth::Eight, Some("WebP in TIFF has no pixels of Gray")),
            (
                Compression::Deflate { level: 13 },
                Channels::Gray,
                Depth::Eight,
                Some("deflate level 13: must be 1 to 12"),
            ),
            (
                Compression::Zstd { level: 0 },
                Channels::Gray,
                Depth::Eight,
                Some("zstd level 0: must be 1 to 22"),
            ),
            (Compression::Zstd { level: 22 }, Channels::GrayAlpha, Depth::Sixteen, None),
        ] {
            let found = check(compression, channels, depth).err();
            assert_eq!(found.as_deref(), expected, "{compression:?}, {channels:?}");
        }
    }

    #[test]
    fn impossible_sizes_are_refused() {
        let pixels = Pixels { size: Dimensions::new(9, 9), channels: Channels::Gray, depth: Depth::Eight };
        let settings = Settings::new(pixels, Compression::None);
        assert!(settings.check().is_ok());
        let mut bent = vec![settings.clone(); 4];
        bent[0].pixels.size = Dimensions::new(0, 1);
        bent[1].tile_side = 100;
        bent[2].levels = Some(0);
        bent[3].tags.orientation = Some(9);
        assert!(bent.iter().all(|settings| matches!(settings.check(), Err(Error::Settings(_)))));
    }
}
