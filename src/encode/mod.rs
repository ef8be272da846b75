//! Rasters to the bytes of a file, one module per format.
//! Pure; decides nothing: what to write is in the plan and the configuration. The same raster makes the same bytes.

mod avif;
mod carried;
mod flow;
mod gif;
mod jp2;
mod jpeg;
mod pdf;
mod png;
mod tiff;
mod webp;

pub use carried::{Carried, into_jpeg};
pub use flow::{Flow, flow, flow_deep};

use std::num::{NonZeroU32, NonZeroU64};

use crate::config::{Config, Encodings, Limits};
use crate::error::Error;
use crate::iiif::Offer;
use crate::picture::{Dimensions, Format};
use crate::raster::{Raster, Sample, flatten};

/// Encodes rasters; keeps its buffers.
#[derive(Default)]
pub struct Encoder {
    jpeg: jpeg::Encoder,
}

impl Encoder {
    /// The raster, which [`check`] has let pass, as a file of `format` that carries what the format can hold of `carried`;
    /// on the configured background if it has no alpha.
    ///
    /// # Errors
    /// [`Error::Internal`] if the encoder fails.
    pub fn encode(
        &mut self,
        raster: Raster,
        format: Format,
        carried: &Carried,
        config: &Config,
    ) -> Result<Vec<u8>, Error> {
        let settings = &config.encodings;
        let raster = if format.has_alpha() { raster } else { flatten(raster, config.offer.background) };
        match format {
            Format::Jpg => Ok(into_jpeg(self.jpeg.encode(&raster, &settings.jpeg)?, carried)),
            Format::Png | Format::Tif => encode_of(&raster, format, carried, settings),
            Format::Webp => webp::encode(raster, &settings.webp, carried),
            Format::Gif => gif::encode(raster, &settings.gif),
            Format::Jp2 => Ok(carried::into_jp2(jp2::encode(&raster, &settings.jp2)?, carried)),
            Format::Avif => avif::encode(raster, &settings.avif),
            Format::Pdf => pdf::encode(&mut self.jpeg, raster, settings, carried),
        }
    }

    /// As [`Encoder::encode`], of 16 bits a sample; `format` must be one that holds them.
    ///
    /// # Errors
    /// As [`Encoder::encode`].
    pub fn encode_deep(
        &mut self,
        raster: &Raster<u16>,
        format: Format,
        carried: &Carried,
        config: &Config,
    ) -> Result<Vec<u8>, Error> {
        encode_of(raster, format, carried, &config.encodings)
    }
}

/// For the formats that hold samples of both depths.
fn encode_of<S: Sample>(
    raster: &Raster<S>,
    format: Format,
    carried: &Carried,
    settings: &Encodings,
) -> Result<Vec<u8>, Error> {
    match format {
        Format::Png => png::encode(raster, &settings.png, carried),
        Format::Tif => tiff::encode(raster, &settings.tiff, carried),
        other => Err(failed(other.extension(), "it has no 16 bits a sample")),
    }
}

/// Whether a file of `format` may hold a picture of that size; asked before anything is decoded for it.
///
/// # Errors
/// [`Error::Request`] if not: the client can ask for less, or for another format.
pub fn check(format: Format, size: Dimensions, settings: &Encodings) -> Result<(), Error> {
    let refused = |limit: String| {
        Err(Error::request("format", format!("{format} holds at most {limit}, and this picture has {size}")))
    };
    let longest = longest_side(format);
    if size.width.max(size.height) > longest {
        return refused(format!("{longest} pixels a side"));
    }
    let largest = settings.avif.max_area;
    if format == Format::Avif && size.area() > largest {
        return refused(format!("{largest} pixels here"));
    }
    Ok(())
}

/// What of `limits` a file of `format` holds: for sizes that are left to the server.
pub fn held(format: Format, limits: &Limits, settings: &Encodings) -> Limits {
    let longest = NonZeroU32::new(longest_side(format)).unwrap_or(NonZeroU32::MAX);
    let largest = if format == Format::Avif { settings.avif.max_area } else { u64::MAX };
    Limits {
        max_width: limits.max_width.min(longest),
        max_height: limits.max_height.min(longest),
        max_area: limits.max_area.min(NonZeroU64::new(largest).unwrap_or(NonZeroU64::MIN)),
    }
}

/// What of `offer` info.json may tell of an image whose largest picture has this size: formats that hold it.
pub fn offered(offer: &Offer, largest: Dimensions, settings: &Encodings) -> Offer {
    offer.of_formats(|format| check(format, largest, settings).is_ok())
}

const fn longest_side(format: Format) -> u32 {
    match format {
        // JPEG's own limit is 65535; libjpeg stops short of it.
        Format::Jpg | Format::Pdf => 65_500,
        Format::Png => i32::MAX as u32,
        Format::Webp => 16_383,
        Format::Gif | Format::Avif => 65_535,
        Format::Tif | Format::Jp2 => i32::MAX as u32,
    }
}

/// What an encoder says when it fails although its input is right.
fn failed(encoder: &str, error: impl std::fmt::Display) -> Error {
    Error::Internal(format!("{encoder} encoder: {error}"))
}
