//! Files that are written while their picture is made, so that nobody holds all of its pixels.
//! Only JPEG and PNG have their pixels in the order of rows and nothing before them that depends on these. TIFF could do
//! with its directory at the end, but its header names the place of that.

use super::{Carried, jpeg, png};
use crate::config::Config;
use crate::error::Error;
use crate::picture::{Dimensions, Format};
use crate::raster::{Raster, Sample};

/// A file in the making. Its bytes are the same however its rows are handed over.
pub trait Flow<S> {
    /// What these rows, of full width and below those before, add to the file. It may be nothing yet.
    ///
    /// # Errors
    /// [`Error::Internal`] if the encoder fails.
    fn add(&mut self, rows: Raster<S>) -> Result<Vec<u8>, Error>;

    /// The end of the file, after the last row.
    ///
    /// # Errors
    /// As [`Flow::add`].
    fn end(&mut self) -> Result<Vec<u8>, Error>;
}

/// A file of `format` for a picture of `size` that [`check`](super::check) has let pass, and what it carries; `None` if
/// such files are written from whole pictures only.
pub fn flow(
    format: Format,
    size: Dimensions,
    carried: &Carried,
    config: &Config,
) -> Option<Box<dyn Flow<u8>>> {
    let jpeg = &config.rendering.encodings.jpeg;
    match format {
        // The tables, or the scans, of other JPEGs depend on all pixels.
        Format::Jpg if !jpeg.progressive && !jpeg.optimize => {
            Some(Box::new(jpeg::Flow::new(size, carried.clone(), *jpeg, config.rendering.offer.background)))
        }
        _ => flow_of(format, size, carried, config),
    }
}

/// As [`flow`], of 16 bits a sample.
pub fn flow_deep(
    format: Format,
    size: Dimensions,
    carried: &Carried,
    config: &Config,
) -> Option<Box<dyn Flow<u16>>> {
    flow_of(format, size, carried, config)
}

/// For the formats that hold samples of both depths.
fn flow_of<S: Sample>(
    format: Format,
    size: Dimensions,
    carried: &Carried,
    config: &Config,
) -> Option<Box<dyn Flow<S>>> {
    match format {
        Format::Png => Some(Box::new(png::Flow::new(size, carried.clone(), config.rendering.encodings.png))),
        _ => None,
    }
}
