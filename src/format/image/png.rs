//! PNG: decoded by a memory-safe library, directly from the map. Of animations, the default image. Pure. PNG (third
//! edition). As in browsers, what follows the pixels does not matter: a missing or damaged IEND does not make the
//! picture fail.

use std::borrow::Cow;
use std::io::{Cursor, ErrorKind};

use memchr::memmem;
use png::{
    BitDepth, ColorType, Decoder, DecodingError, Info, InterlaceInfo, Limits, Reader, Transformations, Unit,
};

use super::colours;
use crate::error::MasterError;
use crate::format::budget::{check_budget, level, most_bytes, take_budget};
use crate::ifd::tag;
use crate::metadata::Blocks;
use crate::metadata::exif_orientation;
use crate::metadata::kept::Resolution;
use crate::picture::{Channels, Codec, Coding, Depth, Description, Dimensions, Orientation};
use crate::raster::{AnyRaster, Raster, Sample};
use crate::watch::Watch;

/// Bytes of the signature.
const SIGNATURE: usize = 8;

/// Where IHDR has the method of interlacing.
const INTERLACE: usize = SIGNATURE + 8 + 12;

/// Bytes at the end of a file in which EXIF is looked for: what one segment of a JPEG holds, and as much behind it.
const TAIL: usize = 128 << 10;

/// Most bytes of another text.
const MAX_TEXT: usize = 64 << 10;

/// Most bytes of XMP that are decompressed.
const MAX_XMP: usize = 4 << 20;

/// The keyword of XMP (XMP part 3, section 1.1.5).
const XMP: &str = "XML:com.adobe.xmp";

/// A decoder of a PNG that has read what comes before its pixels.
pub(super) type Opened<B> = Reader<Cursor<B>>;

/// Columns and rows before the first of each pass of Adam7, and rows from one to the next (PNG section 8.1).
const PASSES: [(u32, u32, u32); 7] =
    [(0, 0, 8), (4, 0, 8), (0, 4, 8), (2, 0, 4), (0, 2, 4), (1, 0, 2), (0, 1, 2)];

/// The size, orientation and channels that the header declares; and the profile that EXIF stands for, if nothing else
/// declares colours.
///
/// # Errors
/// [`MasterError`] if the header is damaged, or the picture too large.
pub(super) fn read(bytes: &[u8]) -> Result<(Description, Option<Vec<u8>>), MasterError> {
    let reader = open(bytes)?;
    let (channels, depth) = layout(&reader)?;
    let exif = exif(reader.info(), bytes);
    let pixel_bytes = channels.count() as u32 * u32::from(depth.bits() / 8);
    let description = Description {
        levels: vec![level(dimensions(reader.info()), Coding::of(Codec::Png, pixel_bytes))],
        orientation: exif.and_then(exif_orientation).unwrap_or(Orientation::UPRIGHT),
        channels,
        depth,
    };
    colours::complain(reader.info(), channels);
    let exif = exif.filter(|_| !colours::are_declared(reader.info()));
    Ok((description, colours::of_exif(exif, channels)))
}

/// Whether the header says that rows come in passes (PNG section 11.2.1).
pub(super) fn is_interlaced(bytes: &[u8]) -> bool {
    bytes.get(INTERLACE).is_none_or(|method| *method != 0)
}

/// The profile of its pixels, if they are not sRGB.
pub(super) fn icc_profile(bytes: &[u8]) -> Option<Vec<u8>> {
    let reader = open(bytes).ok()?;
    let (channels, _) = layout(&reader).ok()?;
    colours::of_png(reader.info(), channels)
}

/// The EXIF and XMP of the file, and its resolution (PNG section 11.3.4.3).
pub(super) fn blocks(bytes: &[u8]) -> Blocks<'_> {
    let Ok(reader) = open(bytes) else { return Blocks::default() };
    let xmp =
        reader.info().utf8_text.iter().find(|text| text.keyword == XMP).cloned().and_then(|mut text| {
            text.decompress_text_with_limit(MAX_XMP).ok()?;
            text.get_text().ok()
        });
    let per_metre =
        reader.info().pixel_dims.filter(|of| of.unit == Unit::Meter && of.xppu > 0 && of.yppu > 0);
    let centimetres = |count: u32| f64::from(count) / 100.0;
    Blocks {
        exif: exif(reader.info(), bytes).map(|block| Cow::Owned(block.to_vec())),
        xmp: xmp.map(|packet| Cow::Owned(packet.into_bytes())),
        texts: texts(reader.info()),
        resolution: per_metre.map(|of| Resolution {
            x: centimetres(of.xppu),
            y: centimetres(of.yppu),
            unit: 3,
        }),
        ..Blocks::default()
    }
}

/// What is said under the keywords of PNG section 11.3.3.1 that TIFF has fields for; where it says one twice, the first.
fn texts(info: &Info) -> Vec<(u16, String)> {
    let tag_of = |keyword: &str| match keyword {
        "Author" => Some(tag::ARTIST),
        "Copyright" => Some(tag::COPYRIGHT),
        "Description" => Some(tag::IMAGE_DESCRIPTION),
        _ => None,
    };
    let mut texts = Vec::new();
    for text in &info.uncompressed_latin1_text {
        texts.extend(tag_of(&text.keyword).map(|tag| (tag, text.text.clone())));
    }
    for text in &info.utf8_text {
        let Some(tag) = tag_of(&text.keyword) else { continue };
        let mut text = text.clone();
        let read = text.decompress_text_with_limit(MAX_TEXT).ok().and_then(|()| text.get_text().ok());
        texts.extend(read.map(|text| (tag, text)));
    }
    texts.retain(|(_, text)| text.len() <= MAX_TEXT);
    texts
}

/// All pixels, in the depth of the file or with 8 bits, whichever is less.
///
/// # Errors
/// [`MasterError`] if pixels are damaged or missing, or they are too many, or `watch` ends the work.
pub(super) fn decode(bytes: &[u8], depth: Depth, watch: &Watch) -> Result<AnyRaster, MasterError> {
    let mut reader = open(image(bytes))?;
    let dimensions = dimensions(reader.info());
    take_budget(dimensions, output_bytes(&reader))?;
    let (channels, stored) = layout(&reader)?;
    if (stored, depth) == (Depth::Sixteen, Depth::Sixteen) {
        let mut raster = Raster::<u16>::new(dimensions, channels);
        read_rows(&mut reader, bytemuck::cast_slice_mut(&mut raster.pixels), watch)?;
        raster.pixels.iter_mut().for_each(|sample| *sample = u16::from_be(*sample));
        return Ok(AnyRaster::Sixteen(raster));
    }
    let sample_bytes = if stored == Depth::Sixteen { 2 } else { 1 };
    let mut pixels = vec![0; dimensions.area() as usize * channels.count() * sample_bytes];
    read_rows(&mut reader, &mut pixels, watch)?;
    let pixels = if stored == Depth::Sixteen { narrowed(pixels) } else { pixels };
    Ok(AnyRaster::Eight(Raster { dimensions, channels, pixels }))
}

/// A decoder that has read what comes before the pixels. A picture that has to be decoded whole is within the budget.
///
/// # Errors
/// [`MasterError`] if the header is damaged, or the picture too large.
pub(super) fn open<B: AsRef<[u8]>>(bytes: B) -> Result<Opened<B>, MasterError> {
    let mut decoder = Decoder::new_with_limits(Cursor::new(bytes), Limits { bytes: most_bytes() as usize });
    // Fewer than 8 bits become 8, palettes become colours, and tRNS alpha.
    decoder.set_transformations(Transformations::EXPAND);
    let dimensions = dimensions(decoder.read_header_info().map_err(explained)?);
    let reader = decoder.read_info().map_err(explained)?;
    if reader.info().interlaced {
        check_budget(dimensions, output_bytes(&reader))?;
    }
    Ok(reader)
}

/// Bytes of all pixels.
fn output_bytes<B: AsRef<[u8]>>(reader: &Opened<B>) -> u64 {
    reader.output_buffer_size().map_or(u64::MAX, |size| size as u64)
}

/// Reads all rows.
fn read_rows(reader: &mut Opened<&[u8]>, pixels: &mut [u8], watch: &Watch) -> Result<(), MasterError> {
    let info = reader.info();
    let (width, interlaced, rows) = (info.width, info.interlaced, stored_rows(info));
    let stride = reader.output_line_size(width).unwrap_or(0).max(1);
    let (colour, depth) = reader.output_color_type();
    let bits = colour.samples() as u8 * depth as u8;
    let mut row = vec![0; stride];
    match interlaced {
        false => {
            for row in pixels.chunks_exact_mut(stride) {
                watch.check()?;
                reader.read_row(row).map_err(explained)?;
            }
        }
        true => {
            for _ in 0..rows {
                watch.check()?;
                if let Some(InterlaceInfo::Adam7(place)) = reader.read_row(&mut row).map_err(explained)? {
                    png::expand_interlaced_row(pixels, stride, &row, &place, bits);
                }
            }
        }
    }
    check_end(reader, &mut row)
}

/// Once all rows are there, the file may end; but the checksum of the last of them must not be wrong.
///
/// # Errors
/// [`MasterError::Damaged`] if it is.
pub(super) fn check_end<B: AsRef<[u8]>>(reader: &mut Opened<B>, row: &mut [u8]) -> Result<(), MasterError> {
    match reader.read_row(row) {
        Err(DecodingError::IoError(error)) if error.kind() == ErrorKind::UnexpectedEof => Ok(()),
        outcome => outcome.map(|_| ()).map_err(explained),
    }
}

/// Rows as they are stored: those of the picture, or of each pass of Adam7.
fn stored_rows(info: &Info) -> u32 {
    let rows = |&(x, y, step): &(u32, u32, u32)| match x < info.width {
        true => info.height.saturating_sub(y).div_ceil(step),
        false => 0,
    };
    if info.interlaced { PASSES.iter().map(rows).sum() } else { info.height }
}

/// The file up to the end of its first run of IDAT chunks: nothing behind it matters for their pixels.
pub(super) fn image(bytes: &[u8]) -> &[u8] {
    let (mut at, mut is_image) = (SIGNATURE, false);
    while let Some(&[a, b, c, d, e, f, g, h]) = bytes.get(at..).and_then(|rest| rest.first_chunk()) {
        match (&[e, f, g, h], is_image) {
            (b"IDAT", _) => is_image = true,
            (_, true) => return &bytes[..at],
            (_, false) => {}
        }
        // The length, the type and the checksum have 4 bytes each.
        at = at.saturating_add(u32::from_be_bytes([a, b, c, d]) as usize).saturating_add(12);
    }
    bytes
}

/// The EXIF block, before the pixels, or else somewhere after them. There it is searched from the end, since walking
/// over the pixels would read the whole file; its checksum identifies it.
fn exif<'a>(info: &'a Info, bytes: &'a [u8]) -> Option<&'a [u8]> {
    if let Some(block) = &info.exif_metadata {
        return Some(block);
    }
    let tail = &bytes[bytes.len().saturating_sub(TAIL)..];
    let block = |at: usize| {
        let length = tail[..at].last_chunk().map(|length| u32::from_be_bytes(*length) as usize)?;
        let (chunk, rest) = tail[at..].split_at_checked(length.checked_add(4)?)?;
        let sum = rest.first_chunk().map(|sum| u32::from_be_bytes(*sum))?;
        (libdeflater::crc32(chunk) == sum).then_some(&chunk[4..])
    };
    memmem::rfind_iter(tail, b"eXIf").find_map(block)
}

pub(super) fn dimensions(info: &Info) -> Dimensions {
    Dimensions::new(info.width, info.height)
}

/// The channels of a pixel, and the depth of their samples.
pub(super) fn layout<B: AsRef<[u8]>>(reader: &Opened<B>) -> Result<(Channels, Depth), MasterError> {
    let (colour, depth) = reader.output_color_type();
    let channels = match colour {
        ColorType::Grayscale => Channels::Gray,
        ColorType::GrayscaleAlpha => Channels::GrayAlpha,
        ColorType::Rgb => Channels::Rgb,
        ColorType::Rgba => Channels::Rgba,
        ColorType::Indexed => return Err(MasterError::damaged("Png: a palette that is not there")),
    };
    Ok((channels, if depth == BitDepth::Sixteen { Depth::Sixteen } else { Depth::Eight }))
}

/// 16-bit samples, most significant byte first, as the nearest of 256 levels. In place: there may be many.
fn narrowed(mut samples: Vec<u8>) -> Vec<u8> {
    let count = samples.len() / 2;
    for index in 0..count {
        let sample = u16::from_be_bytes([samples[index * 2], samples[index * 2 + 1]]);
        samples[index] = u8::of_16(sample);
    }
    samples.truncate(count);
    samples.shrink_to_fit();
    samples
}

/// The error of the library as the kind of error it is here.
pub(super) fn explained(error: DecodingError) -> MasterError {
    let text = format!("Png: {error}");
    match error {
        DecodingError::LimitsExceeded => MasterError::TooLarge(text),
        _ => MasterError::Damaged(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixteen_bits_are_narrowed_in_place() {
        let samples = [0u16, 128, 129, 32_896, 65_406, 65_407, 65_535];
        let bytes = samples.iter().flat_map(|sample| sample.to_be_bytes()).collect();
        assert_eq!(narrowed(bytes), [0, 0, 1, 128, 254, 255, 255]);
    }

    fn chunk(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
        let named = [name, content].concat();
        [&(content.len() as u32).to_be_bytes()[..], &named, &libdeflater::crc32(&named).to_be_bytes()]
            .concat()
    }

    #[test]
    fn exif_is_found_from_the_end_by_its_checksum() {
        let find = |parts: &[&[u8]]| exif(&Info::default(), &parts.concat()).map(<[u8]>::to_vec);
        let (exif, end) = (chunk(b"eXIf", b"a block"), chunk(b"IEND", b""));
        let mut wrong = chunk(b"eXIf", b"another");
        *wrong.last_mut().expect("a byte") ^= 1;
        let (pixels, block) = (vec![7; TAIL], Some(b"a block".to_vec()));
        assert_eq!(find(&[&pixels, &exif, &end]), block);
        assert_eq!(find(&[&pixels, &exif, b"eXIf", &wrong, &chunk(b"tEXt", b"eXIf"), &end]), block);
        assert_eq!(find(&[&wrong, &end]), None);
        assert_eq!(find(&[&exif, &pixels]), None, "too far away");
        assert_eq!(find(&[b"eXIf"]), None);
        assert_eq!(find(&[&exif[..exif.len() - 1]]), None);
    }

    #[test]
    fn an_image_ends_with_its_last_idat() {
        let (head, data, end) = (chunk(b"IHDR", &[0; 13]), chunk(b"IDAT", b"12345"), chunk(b"IEND", b""));
        let whole = [&[0; SIGNATURE][..], &head, &data, &data].concat();
        let after = |rest: &[u8]| image(&[&whole, rest].concat()).len() - whole.len();
        assert_eq!(after(&[&end[..], &data].concat()), 0);
        assert_eq!(after(b"no chunk, but something else"), 0);
        assert_eq!(after(b"short"), 5, "no chunk, and too short for one");
        assert_eq!(after(&data[..7]), 7, "an IDAT that is cut");
        assert_eq!(image(&whole[..30]).len(), 30);
    }

    #[test]
    fn rows_of_passes_are_counted() {
        for (width, height, rows) in [(1, 1, 1), (8, 8, 15), (5, 1, 4), (1, 9, 9), (3, 5, 10)] {
            let mut info = Info::with_size(width, height);
            assert_eq!(stored_rows(&info), height);
            info.interlaced = true;
            assert_eq!(stored_rows(&info), rows);
        }
    }
}
