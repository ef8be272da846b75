//! PNG of 8 or 16 bits a channel, with alpha where there is one.
//! The fast level by default: a tile takes 0.45 ms instead of 16, and a third more bytes.

use png::{BitDepth, ColorType, Compression, EncodingError};

use super::failed;
use crate::config::{Png, PngCompression};
use crate::description::Depth;
use crate::error::Error;
use crate::raster::{Raster, Sample};

pub(super) fn encode<S: Sample>(raster: &Raster<S>, settings: &Png) -> Result<Vec<u8>, Error> {
    write(raster, settings).map_err(|error| failed("PNG", error))
}

fn write<S: Sample>(raster: &Raster<S>, settings: &Png) -> Result<Vec<u8>, EncodingError> {
    let mut file = Vec::with_capacity(raster.pixels.len() / 2 + 1024);
    let mut encoder = png::Encoder::new(&mut file, raster.dimensions.width, raster.dimensions.height);
    encoder.set_depth(match S::DEPTH {
        Depth::Eight => BitDepth::Eight,
        Depth::Sixteen => BitDepth::Sixteen,
    });
    encoder.set_compression(match settings.compression {
        PngCompression::Fastest => Compression::Fastest,
        PngCompression::Fast => Compression::Fast,
        PngCompression::Balanced => Compression::Balanced,
        PngCompression::High => Compression::High,
    });
    encoder.set_color(match (raster.channels.has_colour(), raster.channels.has_alpha()) {
        (false, false) => ColorType::Grayscale,
        (false, true) => ColorType::GrayscaleAlpha,
        (true, false) => ColorType::Rgb,
        (true, true) => ColorType::Rgba,
    });
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&S::big_endian(&raster.pixels))?;
    writer.finish()?;
    Ok(file)
}
