//! Files that are written while their picture is made, so that not all of its pixels are in memory.
//! Only JPEG and PNG have their pixels in the order of rows and nothing before them that depends on these. TIFF could
//! have its directory at the end, but its header must contain the offset of that.

use super::{Carried, jpeg::JpegStream, png::PngStream};
use super::{Encodings, PngCompression};
use crate::error::Error;
use crate::picture::{Dimensions, Format};
use crate::raster::{Raster, Sample};
use crate::watch::Watch;

/// A file being written. Its bytes are the same however its rows are divided.
pub trait StreamEncoder<S> {
    /// The bytes that these rows, of full width and below those before, add to the file. There may be none yet.
    ///
    /// # Errors
    /// [`Error::Internal`] if the encoder fails; [`Error::Stopped`] if the work is ended.
    fn add(&mut self, rows: Raster<S>) -> Result<Vec<u8>, Error>;

    /// The end of the file, after the last row.
    ///
    /// # Errors
    /// As [`StreamEncoder::add`].
    fn end(&mut self) -> Result<Vec<u8>, Error>;
}

/// A format whose files can be written while their picture is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamFormat {
    /// JPEG, baseline with the standard tables.
    Jpeg,
    /// PNG.
    Png,
}

impl StreamFormat {
    /// The one for `format` with these settings, if such files can be written so.
    pub fn of(format: Format, encodings: &Encodings) -> Option<Self> {
        match format {
            // The tables, or the scans, of other JPEGs depend on all pixels.
            Format::Jpg if !encodings.jpeg.progressive && !encodings.jpeg.optimize => Some(Self::Jpeg),
            Format::Png => Some(Self::Png),
            _ => None,
        }
    }

    /// The same, if a picture of `area` pixels that is there as a whole takes so long to write that it is written by
    /// parts: all at once, encoders cannot be stopped.
    pub(super) fn of_large(format: Format, area: u64, encodings: &Encodings) -> Option<Self> {
        let is_slow = matches!(encodings.png.compression, PngCompression::Balanced | PngCompression::High);
        let most = if format == Format::Png && is_slow { MOST_AT_ONCE / 16 } else { MOST_AT_ONCE };
        Self::of(format, encodings).filter(|_| area > most)
    }

    /// A file for a picture of `size` that has passed [`check`](super::check), and what it carries, written as long as
    /// `watch` lets it.
    pub fn begin<S: Sample>(
        self,
        size: Dimensions,
        carried: Carried,
        encodings: &Encodings,
        watch: &Watch,
    ) -> Box<dyn StreamEncoder<S>> {
        match self {
            Self::Jpeg => Box::new(JpegStream::new(size, carried, encodings.jpeg, watch)),
            Self::Png => Box::new(PngStream::new(size, carried, encodings.png, watch)),
        }
    }
}

/// The whole file of a picture, which is given to it part by part.
pub(super) fn in_parts<S: Sample>(
    mut file: Box<dyn StreamEncoder<S>>,
    raster: &Raster<S>,
) -> Result<Vec<u8>, Error> {
    let Dimensions { width, height } = raster.dimensions;
    let rows = (PART_AREA / width.max(1)).max(1);
    let mut bytes = Vec::new();
    for first in (0..height).step_by(rows as usize) {
        let mut part = Raster::new(Dimensions::new(0, 0), raster.channels);
        part.append_rows(raster, first..height.min(first.saturating_add(rows)));
        bytes.extend(file.add(part)?);
    }
    bytes.extend(file.end()?);
    Ok(bytes)
}

/// Pixels of a part.
const PART_AREA: u32 = 1 << 18;

/// More pixels are not encoded in one call: some 20 ms of JPEG or PNG.
const MOST_AT_ONCE: u64 = 2 << 20;
