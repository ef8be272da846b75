//! GIF, BMP and WebP: decoded by memory-safe libraries, straight from the map. Of animations, the first picture.

use std::borrow::Cow;

use image::codecs::{bmp::BmpDecoder, gif::GifDecoder, webp::WebPDecoder};
use image::{ColorType, ImageDecoder, ImageError, ImageFormat, Limits};

use super::colours;
use super::watched::Watched;
use crate::error::MasterError;
use crate::format::budget::{check_budget, level, most_bytes, take_budget};
use crate::metadata::Blocks;
use crate::metadata::exif_orientation;
use crate::picture::{Channels, Codec, Coding, Depth, Description, Dimensions, Orientation};
use crate::raster::{AnyRaster, Raster};
use crate::watch::Watch;

/// Bytes of a WebP before its first chunk.
const HEADER: usize = 12;

/// Where a WebP of the extended form declares which chunks it has, and its bits for two of them (RFC 9649 section 2.7).
const FLAGS: usize = 20;
const HAS_EXIF: u8 = 0x08;
const HAS_XMP: u8 = 0x04;

/// A bit that is unused there.
const HAS_PICTURE: u8 = 0x80;

/// The format that the first bytes show.
pub(super) fn format(bytes: &[u8]) -> Option<ImageFormat> {
    match bytes {
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(ImageFormat::Gif),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(ImageFormat::WebP),
        [b'B', b'M', _, _, _, _, 0, 0, 0, 0, ..] => Some(ImageFormat::Bmp),
        _ => None,
    }
}

/// The size, orientation and channels that the header declares; and the profile that EXIF stands for.
///
/// # Errors
/// [`MasterError`] if the header is damaged, or the picture too large.
pub(super) fn read(bytes: &[u8], format: ImageFormat) -> Result<(Description, Option<Vec<u8>>), MasterError> {
    let unlimited = Watch::unlimited();
    let mut decoder = open(bytes, format, &unlimited)?;
    let exif = decoder.exif_metadata().ok().flatten();
    let channels = channels(decoder.color_type())?;
    let orientation = exif.as_deref().and_then(exif_orientation).unwrap_or(Orientation::UPRIGHT);
    let codec = match format {
        ImageFormat::Gif => Codec::Gif,
        ImageFormat::WebP => Codec::WebPFile,
        _ => Codec::Plain,
    };
    let levels = vec![level(dimensions(&*decoder), Coding::of(codec, channels.count() as u32))];
    let description = Description { levels, orientation, channels, depth: Depth::Eight };
    Ok((description, colours::of_exif(exif.as_deref(), channels)))
}

/// The ICC profile, if the file has one that can be read.
pub(super) fn icc_profile(bytes: &[u8], format: ImageFormat) -> Option<Vec<u8>> {
    open(bytes, format, &Watch::unlimited()).ok()?.icc_profile().ok().flatten()
}

/// The EXIF and XMP of the file.
pub(super) fn blocks(bytes: &[u8], format: ImageFormat) -> Blocks<'_> {
    let unlimited = Watch::unlimited();
    let Ok(mut decoder) = open(bytes, format, &unlimited) else { return Blocks::default() };
    let (exif, xmp) = (decoder.exif_metadata().ok().flatten(), decoder.xmp_metadata().ok().flatten());
    Blocks { exif: exif.map(Cow::Owned), xmp: xmp.map(Cow::Owned), ..Blocks::default() }
}

/// All pixels.
///
/// # Errors
/// [`MasterError`] if the file is damaged, or too large, or `watch` ends the work.
pub(super) fn decode(bytes: &[u8], format: ImageFormat, watch: &Watch) -> Result<AnyRaster, MasterError> {
    let decoder = open(bytes, format, watch)?;
    take_budget(dimensions(&*decoder), held_by(&*decoder, format))?;
    let mut raster = Raster::new(dimensions(&*decoder), channels(decoder.color_type())?);
    let read = decoder.read_image_boxed(&mut raster.pixels);
    watch.check()?;
    read.map_err(|error| explained(format, &error))?;
    Ok(AnyRaster::Eight(raster))
}

/// Bytes that decoding takes: the pixels, and those of the library: of a GIF the indexes, of a WebP about as many more,
/// as planes or as what filters work on.
pub(super) fn held_bytes(pixels: u64, area: u64, format: ImageFormat) -> u64 {
    match format {
        ImageFormat::Gif => pixels + area,
        ImageFormat::WebP => pixels + 4 * area,
        _ => pixels,
    }
}

/// A decoder that has read the header, of a picture that is within the budget.
fn open<'a>(
    bytes: &'a [u8],
    format: ImageFormat,
    watch: &'a Watch,
) -> Result<Box<dyn ImageDecoder + 'a>, MasterError> {
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(most_bytes());
    let file = || Watched::new(Cow::Borrowed(bytes), watch);
    let failed = |error: ImageError| explained(format, &error);
    let mut decoder: Box<dyn ImageDecoder> = match format {
        ImageFormat::Gif => Box::new(GifDecoder::new(file()).map_err(failed)?),
        ImageFormat::WebP => Box::new(WebPDecoder::new(Watched::new(fitted(bytes)?, watch)).map_err(failed)?),
        _ => Box::new(BmpDecoder::new(file()).map_err(failed)?),
    };
    check_budget(dimensions(&*decoder), held_by(&*decoder, format))?;
    decoder.set_limits(limits).map_err(failed)?;
    Ok(decoder)
}

/// A WebP whose header is right about the total length of its chunks, and which there are, because the library relies
/// on it (RFC 9649 section 2): as it is, or else with a header corrected to the chunks that are there.
///
/// # Errors
/// [`MasterError::Damaged`] if there is no picture in one piece.
fn fitted(bytes: &[u8]) -> Result<Cow<'_, [u8]>, MasterError> {
    let length = bytes[4..].first_chunk().map_or(0, |length| u32::from_le_bytes(*length) as usize);
    let file = bytes.get(..length.saturating_add(8)).unwrap_or_default();
    let claimed = match bytes.get(HEADER..=FLAGS) {
        Some([b'V', b'P', b'8', b'X', .., flags]) => flags & (HAS_EXIF | HAS_XMP),
        _ => 0,
    };
    let (held, end) = chunks(file);
    if held & HAS_PICTURE != 0 && claimed & !held == 0 && end >= file.len() {
        return Ok(Cow::Borrowed(bytes));
    }
    let (held, end) = chunks(bytes);
    if held & HAS_PICTURE == 0 {
        return Err(MasterError::damaged("a WebP that ends too early"));
    }
    let mut fitted = bytes[..end.min(bytes.len())].to_vec();
    let length = u32::try_from(fitted.len() - 8).map_err(|_| MasterError::damaged("a WebP of 4 GB"))?;
    fitted[4..8].copy_from_slice(&length.to_le_bytes());
    if claimed != 0 {
        fitted[FLAGS] &= held | !(HAS_EXIF | HAS_XMP);
    }
    Ok(Cow::Owned(fitted))
}

/// What the complete chunks of a WebP hold, and where they end, padding included.
fn chunks(bytes: &[u8]) -> (u8, usize) {
    let (mut held, mut at) = (0, HEADER);
    while let Some((&[a, b, c, d, length @ ..], rest)) =
        bytes.get(at..).and_then(<[u8]>::split_first_chunk::<8>)
    {
        let (name, length) = ([a, b, c, d], u32::from_le_bytes(length) as usize);
        if length > rest.len() || !name.iter().all(|letter| (b' '..=b'~').contains(letter)) {
            break;
        }
        held |= match &name {
            b"VP8 " | b"VP8L" | b"ANMF" => HAS_PICTURE,
            b"EXIF" => HAS_EXIF,
            b"XMP " => HAS_XMP,
            _ => 0,
        };
        at += 8 + length.next_multiple_of(2);
    }
    (held, at)
}

fn held_by(decoder: &dyn ImageDecoder, format: ImageFormat) -> u64 {
    held_bytes(decoder.total_bytes(), dimensions(decoder).area(), format)
}

fn dimensions(decoder: &dyn ImageDecoder) -> Dimensions {
    let (width, height) = decoder.dimensions();
    Dimensions::new(width, height)
}

/// The channels of a type of pixel. None of these formats has more than 8 bits a channel.
fn channels(colour: ColorType) -> Result<Channels, MasterError> {
    match colour {
        ColorType::L8 => Ok(Channels::Gray),
        ColorType::La8 => Ok(Channels::GrayAlpha),
        ColorType::Rgb8 => Ok(Channels::Rgb),
        ColorType::Rgba8 => Ok(Channels::Rgba),
        other => Err(MasterError::unsupported(format!("pixels of type {other:?}"))),
    }
}

/// The error of a library as the kind of error it is here.
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
        assert_eq!(format(b"GIF89a????"), Some(ImageFormat::Gif));
        assert_eq!(format(b"RIFF????WEBPVP8 "), Some(ImageFormat::WebP));
        assert_eq!(format(b"BM????\0\0\0\0????"), Some(ImageFormat::Bmp));
        for other in [&b"RIFF????WAVE"[..], b"BMX", b"GIF90a", b""] {
            assert_eq!(format(other), None);
        }
    }

    #[test]
    fn chunks_of_a_webp_must_be_there() {
        let file =
            |length: u32, chunks: &[u8]| [&b"RIFF"[..], &length.to_le_bytes(), b"WEBP", chunks].concat();
        let as_it_is = |length, chunks: &[u8]| {
            let file = file(length, chunks);
            matches!(fitted(&file), Ok(Cow::Borrowed(_)))
        };
        assert!(as_it_is(14, b"VP8 \x01\0\0\0a\0"));
        assert!(as_it_is(13, b"VP8 \x01\0\0\0a"), "without its last padding");
        assert!(as_it_is(14, b"VP8 \x01\0\0\0a\0junk"), "with junk behind it");
        let mended = |length, chunks: &[u8]| {
            let fitted = fitted(&file(length, chunks)).map(Cow::into_owned).ok()?;
            Some((fitted[4], fitted.len()))
        };
        for length in [0, 4, 13 + 8, 99, u32::MAX] {
            assert_eq!(mended(length, b"VP8 \x01\0\0\0a\0EXIF\x09\0\0\0cut"), Some((14, 22)), "{length}");
            assert_eq!(mended(length, b"VP8 \x01\0\0\0a\0\0\0\0\0\0\0\0\0"), Some((14, 22)), "{length}");
            assert_eq!(mended(length, b"VP8 \x03\0\0\0a\0"), None, "{length}");
            assert_eq!(mended(length, b""), None, "{length}");
        }
        assert_eq!(fitted(b"RIFF\0\0\0\0WEBP").ok(), None);
        let flags = |flags: u8, rest: &[u8]| {
            let start = [b"VP8X\x0a\0\0\0", &[flags][..], &[0; 9], b"VP8L\x02\0\0\0ab"].concat();
            let chunks = [&start, rest].concat();
            fitted(&file(chunks.len() as u32 + 4, &chunks)).expect("a picture").get(FLAGS).copied()
        };
        let (exif, xmp) = (b"EXIF\x02\0\0\0ab", b"XMP \x02\0\0\0ab");
        assert_eq!(flags(0x3c, &[&exif[..], xmp].concat()), Some(0x3c));
        assert_eq!(
            (flags(0x3c, xmp), flags(0x3c, &exif[..9]), flags(0x10, &[])),
            (Some(0x34), Some(0x30), Some(0x10))
        );
    }
}
