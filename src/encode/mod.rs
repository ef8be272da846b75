//! Rasters to the bytes of a file, one module per format.
//! Pure; decides nothing: what to write is in the plan and the configuration.

mod jpeg;
mod png;

use crate::config::Config;
use crate::error::Error;
use crate::iiif::Format;
use crate::raster::Raster;

/// Encodes rasters; keeps its buffers.
#[derive(Default)]
pub struct Encoder {
    jpeg: Option<turbojpeg::Compressor>,
}

impl Encoder {
    /// The raster as a file of `format`.
    ///
    /// # Errors
    /// [`Error::NotImplemented`] for a format that is not offered, [`Error::Internal`] if the encoder fails.
    pub fn encode(&mut self, raster: Raster, format: Format, config: &Config) -> Result<Vec<u8>, Error> {
        match format {
            Format::Jpg => jpeg::encode(&mut self.jpeg, raster, config.jpeg.quality),
            Format::Png => png::encode(&raster),
            other => Err(Error::NotImplemented(format!("format {other:?} is not offered"))),
        }
    }
}
