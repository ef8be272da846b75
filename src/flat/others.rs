//! PNG, GIF, BMP and WebP: decoded by memory-safe libraries, straight from the map. Of animations, the first picture.
//! Samples of 16 bits stay so, or become 8, rounded to the nearest.

use std::io::Cursor;

use image::codecs::{bmp::BmpDecoder, gif::GifDecoder, png::PngDecoder, webp::WebPDecoder};
use image::{ColorType, ImageDecoder, ImageError, ImageFormat, Limits};

use super::{MAX_BYTES, check_budget, level};
use crate::description::{Channels, Depth, Description};
use crate::error::MasterError;
use crate::geometry::{Dimensions, Orientation};
use crate::metadata::{Metadata, Xmp};
use crate::orientation::exif_orientation;
use crate::raster::{AnyRaster, Raster, Sample};
use crate::tiff::Exif;

/// The format that the first bytes tell.
pub fn format(bytes: &[u8]) -> Option<ImageFormat> {
    match bytes {
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some(ImageFormat::Png),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(ImageFormat::Gif),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(ImageFormat::WebP),
        [b'B', b'M', _, _, _, _, 0, 0, 0, 0, ..] => Some(ImageFormat::Bmp),
        _ => None,
    }
}

/// The size, orientation and channels that the header tells.
///
/// # Errors
/// [`MasterError`] if the header is damaged, or the picture too large.
pub fn describe(bytes: &[u8], format: ImageFormat) -> Result<Description, MasterError> {
    let mut decoder = open(bytes, format)?;
    let exif = decoder.exif_metadata().ok().flatten();
    let (channels, depth) = layout(decoder.color_type())?;
    Ok(Description {
        levels: vec![level(dimensions(&*decoder))],
        orientation: exif.and_then(|exif| exif_orientation(&exif)).unwrap_or(Orientation::UPRIGHT),
        channels,
        depth,
    })
}

/// The ICC profile, if the file has one that can be read.
pub fn icc_profile(bytes: &[u8], format: ImageFormat) -> Option<Vec<u8>> {
    open(bytes, format).ok()?.icc_profile().ok().flatten()
}

/// What the file says about itself in words.
pub fn metadata(bytes: &[u8], format: ImageFormat) -> Metadata {
    let Ok(mut decoder) = open(bytes, format) else { return Metadata::default() };
    let (exif, xmp) = (decoder.exif_metadata().ok().flatten(), decoder.xmp_metadata().ok().flatten());
    Metadata {
        exif: exif.map_or_else(Exif::default, |block| Exif::read(&block)),
        xmp: xmp.and_then(|packet| Xmp::read(&packet)),
    }
}

/// All pixels, in the depth of the file or with 8 bits, whatever is less.
///
/// # Errors
/// [`MasterError`] if the file is damaged, or too large.
pub fn decode(bytes: &[u8], format: ImageFormat, depth: Depth) -> Result<AnyRaster, MasterError> {
    let decoder = open(bytes, format)?;
    let dimensions = dimensions(&*decoder);
    let (channels, stored) = layout(decoder.color_type())?;
    let failed = |error| explained(format, &error);
    if (stored, depth) == (Depth::Sixteen, Depth::Sixteen) {
        let mut raster = Raster::<u16>::new(dimensions, channels);
        decoder.read_image_boxed(bytemuck::cast_slice_mut(&mut raster.pixels)).map_err(failed)?;
        return Ok(AnyRaster::Sixteen(raster));
    }
    let sample_bytes = if stored == Depth::Sixteen { 2 } else { 1 };
    let mut pixels = vec![0; dimensions.area() as usize * channels.count() * sample_bytes];
    decoder.read_image_boxed(&mut pixels).map_err(failed)?;
    let pixels = if stored == Depth::Sixteen { narrowed(pixels) } else { pixels };
    Ok(AnyRaster::Eight(Raster { dimensions, channels, pixels }))
}

/// A decoder that has read the header, of a picture that is within the budget.
fn open(bytes: &[u8], format: ImageFormat) -> Result<Box<dyn ImageDecoder + '_>, MasterError> {
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(MAX_BYTES);
    let file = Cursor::new(bytes);
    let failed = |error: ImageError| explained(format, &error);
    let mut decoder: Box<dyn ImageDecoder> = match format {
        ImageFormat::Png => Box::new(PngDecoder::with_limits(file, limits.clone()).map_err(failed)?),
        ImageFormat::Gif => Box::new(GifDecoder::new(file).map_err(failed)?),
        ImageFormat::WebP => {
            check_chunks(bytes)?;
            Box::new(WebPDecoder::new(file).map_err(failed)?)
        }
        _ => Box::new(BmpDecoder::new(file).map_err(failed)?),
    };
    check_budget(dimensions(&*decoder), decoder.total_bytes())?;
    decoder.set_limits(limits).map_err(failed)?;
    Ok(decoder)
}

/// All chunks of a WebP must lie in the file: the library believes their lengths (RFC 9649 section 2).
fn check_chunks(bytes: &[u8]) -> Result<(), MasterError> {
    let ends = || MasterError::damaged("a WebP that ends too early");
    let length = |word: [u8; 4]| u32::from_le_bytes(word) as usize;
    let (&[_, _, _, _, a, b, c, d], body) = bytes.split_first_chunk().ok_or_else(ends)?;
    let mut rest = body.get(4..length([a, b, c, d])).ok_or_else(ends)?;
    while let Some((&[_, _, _, _, a, b, c, d], after)) = rest.split_first_chunk() {
        let length = length([a, b, c, d]);
        if length > after.len() {
            return Err(ends());
        }
        rest = after.get(length.next_multiple_of(2)..).unwrap_or_default();
    }
    Ok(())
}

fn dimensions(decoder: &dyn ImageDecoder) -> Dimensions {
    let (width, height) = decoder.dimensions();
    Dimensions::new(width, height)
}

/// The channels of a type of pixel, and the depth of its samples.
fn layout(colour: ColorType) -> Result<(Channels, Depth), MasterError> {
    match colour {
        ColorType::L8 => Ok((Channels::Gray, Depth::Eight)),
        ColorType::L16 => Ok((Channels::Gray, Depth::Sixteen)),
        ColorType::La8 => Ok((Channels::GrayAlpha, Depth::Eight)),
        ColorType::La16 => Ok((Channels::GrayAlpha, Depth::Sixteen)),
        ColorType::Rgb8 => Ok((Channels::Rgb, Depth::Eight)),
        ColorType::Rgb16 => Ok((Channels::Rgb, Depth::Sixteen)),
        ColorType::Rgba8 => Ok((Channels::Rgba, Depth::Eight)),
        ColorType::Rgba16 => Ok((Channels::Rgba, Depth::Sixteen)),
        other => Err(MasterError::unsupported(format!("pixels of type {other:?}"))),
    }
}

/// 16-bit samples, in the order of this machine, as the nearest of 256 levels. In place: there may be many.
fn narrowed(mut samples: Vec<u8>) -> Vec<u8> {
    let count = samples.len() / 2;
    for index in 0..count {
        let sample = u16::from_ne_bytes([samples[index * 2], samples[index * 2 + 1]]);
        samples[index] = u8::of_16(sample);
    }
    samples.truncate(count);
    samples.shrink_to_fit();
    samples
}

/// What a library complains of, as the fault it is.
fn explained(format: ImageFormat, error: &ImageError) -> MasterError {
    let text = format!("{format:?}: {error}");
    match error {
        ImageError::Unsupported(_) => MasterError::Unsupported(text),
        ImageError::Limits(_) => MasterError::TooLarge(text),
        _ => MasterError::Damaged(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_told_by_their_first_bytes() {
        assert_eq!(format(b"\x89PNG\r\n\x1a\n????"), Some(ImageFormat::Png));
        assert_eq!(format(b"GIF89a????"), Some(ImageFormat::Gif));
        assert_eq!(format(b"RIFF????WEBPVP8 "), Some(ImageFormat::WebP));
        assert_eq!(format(b"BM????\0\0\0\0????"), Some(ImageFormat::Bmp));
        for other in [&b"RIFF????WAVE"[..], b"BMX", b"GIF90a", b"", b"\x89PNG"] {
            assert_eq!(format(other), None);
        }
    }

    #[test]
    fn chunks_of_a_webp_must_be_there() {
        assert!(check_chunks(b"RIFF\x0e\0\0\0WEBPVP8 \x01\0\0\0a\0").is_ok());
        assert!(check_chunks(b"RIFF\x0d\0\0\0WEBPVP8 \x01\0\0\0a").is_ok(), "without its last padding");
        assert!(check_chunks(b"RIFF\x0e\0\0\0WEBPVP8 \x03\0\0\0a\0").is_err());
        assert!(check_chunks(b"RIFF\x0f\0\0\0WEBPVP8 \x01\0\0\0a\0").is_err());
        assert!(check_chunks(b"RIFF\xff\xff\xff\xffWEBP").is_err());
        assert!(check_chunks(b"RIFF\0\0\0\0WEBP").is_err());
    }

    #[test]
    fn sixteen_bits_are_narrowed_in_place() {
        let samples = [0u16, 128, 129, 32_896, 65_406, 65_407, 65_535];
        let bytes = samples.iter().flat_map(|sample| sample.to_ne_bytes()).collect();
        assert_eq!(narrowed(bytes), [0, 0, 1, 128, 254, 255, 255]);
    }
}
