//! PNG, GIF, BMP, WebP: one picture without tiles or levels, which memory-safe libraries decode directly from the map:
//! whole, or most PNGs by [`Rows`]. Pure on the bytes of a file.

mod colours;
mod plain_images;
mod png;
mod rows;
mod watched;

pub(super) use colours::of_exif as profile_of_exif;
pub(crate) use rows::Rows;

use ::image::ImageFormat;

use crate::error::MasterError;
use crate::metadata::Blocks;
use crate::picture::{Depth, Description};
use crate::raster::AnyRaster;
use crate::watch::Watch;

/// Which of them a file is.
#[derive(Clone, Copy)]
pub(super) enum Form {
    /// PNG.
    Png,
    /// GIF, BMP or WebP.
    Other(ImageFormat),
}

/// The first bytes of a PNG.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

impl Form {
    /// The format that the first bytes of a file show.
    pub(super) fn of(bytes: &[u8]) -> Option<Self> {
        if bytes.starts_with(PNG) { Some(Self::Png) } else { plain_images::format(bytes).map(Self::Other) }
    }

    /// The description of the picture by its header; and the profile that EXIF stands for where there is no other.
    ///
    /// # Errors
    /// [`MasterError`] if the header is damaged, of a kind that Recto does not read, or declares a picture that is too
    /// large.
    pub(super) fn read(self, bytes: &[u8]) -> Result<(Description, Option<Vec<u8>>), MasterError> {
        match self {
            Self::Png => png::read(bytes),
            Self::Other(format) => plain_images::read(bytes, format),
        }
    }

    /// The ICC profile of the pixels, embedded or made from other fields except EXIF.
    pub(super) fn icc_profile(self, bytes: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Png => png::icc_profile(bytes),
            Self::Other(format) => plain_images::icc_profile(bytes, format),
        }
    }

    /// What the file says besides its pixels.
    pub(super) fn blocks(self, bytes: &[u8]) -> Blocks<'_> {
        match self {
            Self::Png => png::blocks(bytes),
            Self::Other(format) => plain_images::blocks(bytes, format),
        }
    }

    /// Whether it can be read by [`Rows`]; `bytes` are those of a file that was read before.
    pub(super) fn has_rows(self, bytes: &[u8]) -> bool {
        matches!(self, Self::Png) && !png::is_interlaced(bytes)
    }

    /// Bytes that decoding so many pixels takes.
    pub(super) fn held_bytes(self, area: u64, pixel_bytes: u64) -> u64 {
        match self {
            Self::Png => area.saturating_mul(pixel_bytes),
            Self::Other(format) => plain_images::held_bytes(area.saturating_mul(pixel_bytes), area, format),
        }
    }

    /// All pixels, in this depth or that of the file, whichever is less.
    ///
    /// # Errors
    /// [`MasterError`] if the file is damaged, or too large, or `watch` ends the work.
    pub(super) fn decode(self, bytes: &[u8], depth: Depth, watch: &Watch) -> Result<AnyRaster, MasterError> {
        match self {
            Self::Png => png::decode(bytes, depth, watch),
            Self::Other(format) => plain_images::decode(bytes, format, watch),
        }
    }
}
