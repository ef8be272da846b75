//! Rasters to the bytes of a file, one module per format.
//! Pure; decides nothing: what to write is in the plan and the configuration. The same raster makes the same bytes.

mod avif;
mod carried;
mod gif;
mod jp2;
mod jpeg;
mod pdf;
mod png;
mod settings;
mod stream;
mod tiff;
mod webp;

pub use carried::{Carried, into_file};
pub use settings::{
    Avif, Encodings, Gif, Jp2, Jpeg, Pdf, Png, PngCompression, Subsampling, Tiff, TiffCompression, Webp,
};
pub use stream::{StreamEncoder, StreamFormat};

use std::num::{NonZeroU32, NonZeroU64};

use crate::error::Error;
use crate::picture::{Dimensions, Format, Limits};
use crate::raster::{Raster, Sample};

/// Encodes rasters; reuses its buffers.
#[derive(Default)]
pub struct Encoder {
    jpeg: jpeg::Encoder,
}

impl Encoder {
    /// The raster, which has passed [`check`], as a file of `format` that carries what the format can hold of
    /// `carried`. It must be opaque if the format has no alpha. Only PNG and TIFF hold 16 bits a sample: others are
    /// given 8.
    ///
    /// # Errors
    /// [`Error::Internal`] if the encoder fails.
    pub fn encode<S: Sample>(
        &mut self,
        raster: Raster<S>,
        format: Format,
        carried: &Carried,
        encodings: &Encodings,
    ) -> Result<Vec<u8>, Error> {
        match format {
            Format::Png => png::encode(&raster, &encodings.png, carried),
            Format::Tif => tiff::encode(&raster, &encodings.tiff, carried),
            Format::Jpg => {
                Ok(carried::into_jpeg(self.jpeg.encode(&S::in_8(raster), &encodings.jpeg)?, carried))
            }
            Format::Webp => webp::encode(S::in_8(raster), &encodings.webp, carried),
            Format::Gif => gif::encode(S::in_8(raster), &encodings.gif),
            Format::Jp2 => Ok(carried::into_jp2(jp2::encode(&S::in_8(raster), &encodings.jp2)?, carried)),
            Format::Avif => avif::encode(S::in_8(raster), &encodings.avif),
            Format::Pdf => pdf::encode(&mut self.jpeg, S::in_8(raster), encodings, carried),
        }
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

/// `limits`, narrowed to what a file of `format` holds: for sizes that are left to the server.
pub fn held(format: Format, limits: &Limits, settings: &Encodings) -> Limits {
    let longest = NonZeroU32::new(longest_side(format)).unwrap_or(NonZeroU32::MAX);
    let largest = if format == Format::Avif { settings.avif.max_area } else { u64::MAX };
    Limits {
        max_width: limits.max_width.min(longest),
        max_height: limits.max_height.min(longest),
        max_area: limits.max_area.min(NonZeroU64::new(largest).unwrap_or(NonZeroU64::MIN)),
    }
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

/// The error of an encoder that fails although its input is right.
fn failed(encoder: &str, error: impl std::fmt::Display) -> Error {
    Error::Internal(format!("{encoder} encoder: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::Channels;

    #[test]
    fn formats_of_8_bits_a_sample_round_what_has_16() {
        let mut deep = Raster::<u16>::new(Dimensions::new(20, 10), Channels::Rgb);
        deep.pixels.iter_mut().zip(0..).for_each(|(sample, n)| *sample = n * 109);
        let file = |format, is_deep| {
            let (carried, encodings) = (Carried::default(), Encodings::default());
            let mut encoder = Encoder::default();
            match is_deep {
                true => encoder.encode(deep.clone(), format, &carried, &encodings),
                false => encoder.encode(u16::in_8(deep.clone()), format, &carried, &encodings),
            }
        };
        for format in Format::ALL {
            let same = file(format, true).expect("encoded") == file(format, false).expect("encoded");
            assert_eq!(same, !matches!(format, Format::Png | Format::Tif), "{format}");
        }
    }

    #[test]
    fn what_is_transparent_is_no_jpeg() {
        let raster = || Raster::<u8>::new(Dimensions::new(20, 10), Channels::Rgba);
        for format in [Format::Jpg, Format::Pdf] {
            let file =
                Encoder::default().encode(raster(), format, &Carried::default(), &Encodings::default());
            assert!(matches!(file, Err(Error::Internal(_))), "{format}");
        }
    }
}
