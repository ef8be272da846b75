//! Files that are written while their picture is made, so that not all of its pixels are in memory.
//! Only JPEG and PNG have their pixels in the order of rows and nothing before them that depends on these. TIFF could
//! have its directory at the end, but its header must contain the offset of that.

use super::Encodings;
use super::{Carried, jpeg::JpegStream, png::PngStream};
use crate::error::Error;
use crate::picture::{Dimensions, Format};
use crate::raster::{Raster, Sample};

/// A file being written. Its bytes are the same however its rows are divided.
pub trait StreamEncoder<S> {
    /// The bytes that these rows, of full width and below those before, add to the file. There may be none yet.
    ///
    /// # Errors
    /// [`Error::Internal`] if the encoder fails.
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

    /// A file for a picture of `size` that has passed [`check`](super::check), and what it carries.
    pub fn begin<S: Sample>(
        self,
        size: Dimensions,
        carried: Carried,
        encodings: &Encodings,
    ) -> Box<dyn StreamEncoder<S>> {
        match self {
            Self::Jpeg => Box::new(JpegStream::new(size, carried, encodings.jpeg)),
            Self::Png => Box::new(PngStream::new(size, carried, encodings.png)),
        }
    }
}
