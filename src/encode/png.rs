//! PNG of 8 or 16 bits a channel, with alpha where there is one.
//! The fast level by default: a tile takes 0.45 ms instead of 16, and a third more bytes.

use std::borrow::Cow;

use png::{BitDepth, ColorType, Compression, EncodingError, Info};

use super::{Carried, failed};
use crate::config::{Png, PngCompression};
use crate::description::Depth;
use crate::error::Error;
use crate::raster::{Raster, Sample};

pub(super) fn encode<S: Sample>(
    raster: &Raster<S>,
    settings: &Png,
    carried: &Carried,
) -> Result<Vec<u8>, Error> {
    write(raster, settings, carried).map_err(|error| failed("PNG", error))
}

fn write<S: Sample>(raster: &Raster<S>, settings: &Png, carried: &Carried) -> Result<Vec<u8>, EncodingError> {
    let mut file = Vec::with_capacity(raster.pixels.len() / 2 + 1024);
    let mut info = Info::with_size(raster.dimensions.width, raster.dimensions.height);
    info.icc_profile = carried.profile.as_deref().map(Cow::Borrowed);
    info.exif_metadata = carried.metadata.exif.block().map(Cow::Owned);
    let mut encoder = png::Encoder::with_info(&mut file, info)?;
    if let Some(xmp) = &carried.metadata.xmp {
        encoder.add_itxt_chunk("XML:com.adobe.xmp".to_owned(), xmp.text().to_owned())?;
    }
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
