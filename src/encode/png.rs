//! PNG of 8 bits a channel, with alpha where there is one.
//! The fast level: a tile takes 0.45 ms instead of 16, and a third more bytes.

use png::{BitDepth, ColorType, Compression, EncodingError};

use crate::error::Error;
use crate::raster::Raster;

pub(super) fn encode(raster: &Raster) -> Result<Vec<u8>, Error> {
    let failed = |error: EncodingError| Error::Internal(format!("PNG encoder: {error}"));
    let mut file = Vec::with_capacity(raster.pixels.len() / 2 + 1024);
    let mut encoder = png::Encoder::new(&mut file, raster.dimensions.width, raster.dimensions.height);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_compression(Compression::Fast);
    encoder.set_color(match (raster.channels.has_colour(), raster.channels.has_alpha()) {
        (false, false) => ColorType::Grayscale,
        (false, true) => ColorType::GrayscaleAlpha,
        (true, false) => ColorType::Rgb,
        (true, true) => ColorType::Rgba,
    });
    let mut writer = encoder.write_header().map_err(failed)?;
    writer.write_image_data(&raster.pixels).map_err(failed)?;
    writer.finish().map_err(failed)?;
    Ok(file)
}
