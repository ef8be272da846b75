//! Flat masters: one picture without tiles or levels. JPEG, PNG, GIF, BMP, WebP. Decoded whole, but for windows of JPEG.
//! Pure on the bytes of a file; what a file is, its first bytes say, never its name.

mod colours;
mod jpeg;
mod marker;
mod plain_images;
mod png;

pub use jpeg::Index;

use image::ImageFormat;

use crate::error::MasterError;
use crate::metadata::Metadata;
use crate::picture::{Depth, Description, Dimensions, Level, Rect, Sampling};
use crate::raster::{AnyRaster, Raster};

/// Most pixels that a flat master may have at the level that is decoded.
pub const MAX_AREA: u64 = 100_000_000;

/// Most bytes that decoding may take: the pixels, and what has to be held besides until they are there.
pub const MAX_BYTES: u64 = 640 << 20;

/// A flat file whose header was read.
pub struct Picture {
    /// What planning and info.json need to know.
    pub description: Description,
    form: Form,
    /// The profile that EXIF stands for where there is no other.
    implied: Option<Vec<u8>>,
}

enum Form {
    Jpeg(marker::Header),
    Png,
    Other(ImageFormat),
}

/// The first bytes of a PNG.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

impl Picture {
    /// Whether `bytes` begin as a file of these formats does.
    pub fn recognises(bytes: &[u8]) -> bool {
        jpeg::recognises(bytes) || bytes.starts_with(PNG) || plain_images::format(bytes).is_some()
    }

    /// Reads the header; no pixels.
    ///
    /// # Errors
    /// [`MasterError`] if the header is damaged, of a kind that Recto does not read, or tells of a picture that is too
    /// large at every level.
    pub fn read(bytes: &[u8]) -> Result<Self, MasterError> {
        if jpeg::recognises(bytes) {
            let header = marker::Header::read(bytes)?;
            let description = jpeg::describe(&header, bytes.len())?;
            if marker::has_broken_profile(bytes) {
                log::warn!("an ICC profile is ignored: its parts are not numbered as they should be");
            }
            let implied = colours::of_exif(marker::exif(bytes), description.channels);
            return Ok(Self { description, form: Form::Jpeg(header), implied });
        }
        if bytes.starts_with(PNG) {
            let (description, implied) = png::read(bytes)?;
            return Ok(Self { description, form: Form::Png, implied });
        }
        let format =
            plain_images::format(bytes).ok_or_else(|| MasterError::unsupported("no known format"))?;
        let (description, implied) = plain_images::read(bytes, format)?;
        Ok(Self { description, form: Form::Other(format), implied })
    }

    /// The ICC profile of its pixels, be it told in other words.
    pub fn icc_profile(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let told = match &self.form {
            Form::Jpeg(_) => marker::icc_profile(bytes),
            Form::Png => png::icc_profile(bytes),
            Form::Other(format) => plain_images::icc_profile(bytes, *format),
        };
        told.or_else(|| self.implied.clone())
    }

    /// What the file says about itself in words.
    pub fn metadata(&self, bytes: &[u8]) -> Metadata {
        match &self.form {
            Form::Jpeg(_) => marker::metadata(bytes),
            Form::Png => png::metadata(bytes),
            Form::Other(format) => plain_images::metadata(bytes, *format),
        }
    }

    /// All pixels of a level, in this depth or that of the file, whatever is less.
    ///
    /// # Errors
    /// [`MasterError`] if the file is damaged anywhere, or too large.
    pub fn decode(&self, bytes: &[u8], level: usize, depth: Depth) -> Result<AnyRaster, MasterError> {
        let raster = match &self.form {
            Form::Jpeg(header) if header.bits > 8 => jpeg::decode_deep(bytes, header, level, depth)?,
            Form::Jpeg(header) => AnyRaster::Eight(jpeg::decode(bytes, header, level)?),
            Form::Png => png::decode(bytes, depth)?,
            Form::Other(format) => plain_images::decode(bytes, *format)?,
        };
        let expected = self.description.levels.get(level).map(|level| level.dimensions);
        match expected == Some(raster.dimensions()) && raster.channels() == self.description.channels {
            true => Ok(raster),
            false => Err(MasterError::damaged("the pixels are not those that the header tells of")),
        }
    }

    /// Whether windows of a level can be decoded by themselves, given an [`Index`]; which there is unless the data
    /// are out of the ordinary.
    pub fn has_windows(&self, level: usize) -> bool {
        matches!(&self.form, Form::Jpeg(header) if jpeg::has_windows(header, level))
    }

    /// The bytes that [`Picture::decode_window`] touches: from where, and how many.
    pub fn range(&self, index: &Index, level: usize, window: Rect) -> (u64, u64) {
        jpeg::range(index, level, window)
    }

    /// The pixels of a window, which must be inside its level: the same that [`Picture::decode`] gives there.
    ///
    /// # Errors
    /// [`MasterError`] if the index is not of these bytes, or they are damaged: ask for the whole level.
    pub fn decode_window(
        &self,
        bytes: &[u8],
        index: &Index,
        level: usize,
        window: Rect,
    ) -> Result<Raster, MasterError> {
        match &self.form {
            Form::Jpeg(header) => jpeg::decode_window(bytes, header, index, level, window),
            Form::Png | Form::Other(_) => Err(MasterError::unsupported("an index of what is no JPEG")),
        }
    }
}

/// A level without tiles.
fn level(dimensions: Dimensions) -> Level {
    Level { dimensions, tile: dimensions, tiled: false, stored_as: None, sampling: Sampling::Boxes }
}

/// Refuses what would take too much memory, with the command that makes a better master of it.
fn check_budget(dimensions: Dimensions, bytes: u64) -> Result<(), MasterError> {
    if dimensions.width == 0 || dimensions.height == 0 {
        return Err(MasterError::damaged(format!("a picture of {dimensions} pixels")));
    }
    if dimensions.area() <= MAX_AREA && bytes <= MAX_BYTES {
        return Ok(());
    }
    Err(MasterError::TooLarge(format!(
        "{dimensions} pixels without tiles take {} MB to decode; at most {} megapixels and {} MB are allowed. Make a \
         pyramid of it: vips tiffsave MASTER pyramid.tif --tile --tile-width 256 --tile-height 256 --pyramid \
         --compression jpeg --Q 90",
        bytes >> 20,
        MAX_AREA / 1_000_000,
        MAX_BYTES >> 20
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_budget_names_the_way_out() {
        assert!(check_budget(Dimensions::new(10_000, 10_000), 300_000_000).is_ok());
        let error = check_budget(Dimensions::new(10_000, 10_001), 300_030_000).expect_err("too large");
        assert!(error.to_string().contains("vips tiffsave"), "{error}");
        assert!(check_budget(Dimensions::new(10, 10), 1 << 40).is_err());
        assert!(matches!(check_budget(Dimensions::new(0, 10), 0), Err(MasterError::Damaged(_))));
    }
}
