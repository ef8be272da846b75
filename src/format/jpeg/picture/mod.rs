//! JPEG files: smaller levels come out of the decoder itself, which leaves out the high frequencies of each block.
//! Windows of a file of a single baseline scan are decoded by themselves, by an index of its data; others need all.
//! libjpeg-turbo only sees bytes that were copied out of the map.

mod deep;
#[cfg(test)]
pub(super) mod tests;
mod window;

pub(crate) use deep::decode as decode_deep;

use turbojpeg::{Colorspace, Image, PixelFormat, ScalingFactor};

use super::header::{Header, Process};
use super::marker::START;
use super::{Decoder, Index, assemble};
use crate::error::MasterError;
use crate::format::budget::{check_budget, level, take_budget};
use crate::picture::{Channels, Codec, Coding, Depth, Description, Dimensions, Level, Rect};
use crate::raster::Raster;
use crate::watch::Watch;

/// What libjpeg-turbo scales by at no cost: each halves the width and height of the one before.
const FACTORS: [ScalingFactor; 4] =
    [ScalingFactor::ONE, ScalingFactor::ONE_HALF, ScalingFactor::ONE_QUARTER, ScalingFactor::ONE_EIGHTH];

/// The level of an eighth is small, and half of the time that it takes is spent on the data: it is decoded whole.
const FIRST_WHOLE_LEVEL: usize = 3;

/// What the budget counts windows in. Any rectangle costs about as much as its pixels, and the MCUs around it.
const PIECE: Dimensions = Dimensions::new(256, 256);

/// The longer side of the smallest level: so long that its ratio to the full picture cannot be mistaken.
const SMALLEST_SIDE: u32 = 16;

/// A block of 64 samples takes at least a bit, be it as empty as it may; chroma may have a sixteenth of the samples.
const MOST_PIXELS_PER_BYTE: u64 = 64 * 8 * 16;

/// Whether `bytes` begin as a JPEG file does.
pub(crate) fn recognises(bytes: &[u8]) -> bool {
    bytes.starts_with(&[START[0], START[1], 0xff])
}

/// The levels and channels of a JPEG of `length` bytes.
///
/// # Errors
/// [`MasterError`] if it is too large at its smallest level, or too short for the picture it declares.
pub(crate) fn describe(header: &Header, length: usize) -> Result<Description, MasterError> {
    let side =
        |factor: &ScalingFactor| factor.scale(header.dimensions.width.max(header.dimensions.height) as usize);
    let useful =
        |factor: &&ScalingFactor| **factor == ScalingFactor::ONE || side(factor) >= SMALLEST_SIDE as usize;
    let count = if header.process == Process::Lossless { 1 } else { FACTORS.len() };
    let dimensions = FACTORS[..count].iter().filter(useful).map(|factor| scaled(header.dimensions, *factor));
    let coding = coding(header, length as u64);
    let levels: Vec<_> = dimensions
        .enumerate()
        .map(|(n, dimensions)| match has_windows(header, n) {
            true => Level { tile: PIECE, ..level(dimensions, coding) },
            false => level(dimensions, coding),
        })
        .collect();
    let smallest = levels.last().map_or(header.dimensions, |level| level.dimensions);
    check_budget(smallest, cost(header, smallest, 0))?;
    if header.dimensions.area() / MOST_PIXELS_PER_BYTE > length as u64 {
        let dimensions = header.dimensions;
        return Err(MasterError::damaged(format!("{dimensions} pixels cannot come from {length} bytes")));
    }
    Ok(Description {
        levels,
        orientation: header.orientation,
        channels: channels(header),
        depth: if header.bits > 8 { Depth::Sixteen } else { Depth::Eight },
    })
}

/// How the pixels of a JPEG of `length` bytes are stored.
fn coding(header: &Header, length: u64) -> Coding {
    let codec = match header.many_scans {
        true => Codec::JpegInScans { coefficients: coefficients(header) },
        false => Codec::Jpeg,
    };
    let sample_bytes = if header.bits > 8 { 3 } else { 1 };
    let pixel = Coding::of(codec, header.components as u32 * sample_bytes);
    pixel.packed_to(length, header.dimensions.area())
}

/// Whether windows of a level can be decoded by themselves, unless the data turn out to be out of the ordinary.
pub(crate) fn has_windows(header: &Header, level: usize) -> bool {
    header.process == Process::Sequential && !header.many_scans && level < FIRST_WHOLE_LEVEL
}

/// All pixels of a level of a file of up to 8 bits: gray, RGB, or inks.
///
/// # Errors
/// [`MasterError`] if the file is damaged anywhere, or too large.
pub(crate) fn decode(
    bytes: &[u8],
    header: &Header,
    level: usize,
    watch: &Watch,
) -> Result<Raster, MasterError> {
    decompress(&checked(bytes, header, level)?, header, header.dimensions, factor(level), watch)
}

/// The stream as libjpeg-turbo gets it, if what it takes to decode a level is within the budget.
fn checked(bytes: &[u8], header: &Header, level: usize) -> Result<Vec<u8>, MasterError> {
    let dimensions = scaled(header.dimensions, factor(level));
    take_budget(dimensions, cost(header, dimensions, bytes.len() as u64))?;
    assemble::whole(bytes, header)
}

/// The pixels of a window of a level: the same that [`decode`] gives there. The window must be inside.
///
/// # Errors
/// [`MasterError`] if the index is not of this file, the file is damaged where the window is, or that is too large.
pub(crate) fn decode_window(
    bytes: &[u8],
    header: &Header,
    index: &Index,
    level: usize,
    window: Rect,
    watch: &Watch,
) -> Result<Raster, MasterError> {
    let factor = factor(level);
    let (columns, rows, part) = window::units(&index.head, factor.denom() as u32, window);
    take_budget(window.dimensions(), window.dimensions().area() * header.components as u64)?;
    let (stream, dimensions) =
        index.part(bytes, columns, rows).ok_or_else(|| MasterError::damaged("an index of another JPEG"))?;
    Ok(decompress(&stream, header, dimensions, factor, watch)?.part(part))
}

/// The bytes that hold the rows of a window: from where, and how many.
pub(crate) fn range(index: &Index, level: usize, window: Rect) -> (u64, u64) {
    let (_, rows, _) = window::units(&index.head, factor(level).denom() as u32, window);
    index.range(&rows)
}

fn factor(level: usize) -> ScalingFactor {
    FACTORS.get(level).copied().unwrap_or(ScalingFactor::ONE)
}

fn channels(header: &Header) -> Channels {
    match header.components {
        1 => Channels::Gray,
        3 => Channels::Rgb,
        _ => Channels::Cmyk,
    }
}

/// Decodes a stream that has the colours of `header` and these dimensions.
pub(super) fn decompress(
    stream: &[u8],
    header: &Header,
    full: Dimensions,
    factor: ScalingFactor,
    watch: &Watch,
) -> Result<Raster, MasterError> {
    let format = match header.components {
        1 => PixelFormat::GRAY,
        3 => PixelFormat::RGB,
        _ => PixelFormat::CMYK,
    };
    let decoder = Decoder::open(stream)?;
    let found = decoder.header();
    let size = Dimensions::new(found.width as u32, found.height as u32);
    check_headers(header, full, size, found.colorspace)?;
    let (width, height) = (factor.scale(found.width), factor.scale(found.height));
    let pitch = width * format.size();
    let mut pixels = vec![0; pitch * height];
    let image = Image { pixels: &mut pixels[..], width, pitch, height, format };
    decoder.decode(factor, image, watch)?;
    let pixels = if header.bits < 8 { spread(pixels, header.bits) } else { pixels };
    let pixels =
        if format == PixelFormat::CMYK && header.meaning.adobe.is_some() { inverted(pixels) } else { pixels };
    Ok(Raster { dimensions: scaled(full, factor), channels: channels(header), pixels })
}

/// Whether libjpeg-turbo has found what was expected.
fn check_headers(
    header: &Header,
    full: Dimensions,
    found: Dimensions,
    colours: Colorspace,
) -> Result<(), MasterError> {
    let expected = match colours {
        Colorspace::Gray => Channels::Gray,
        Colorspace::RGB | Colorspace::YCbCr => Channels::Rgb,
        Colorspace::CMYK | Colorspace::YCCK => Channels::Cmyk,
    };
    match found == full && channels(header) == expected {
        true => Ok(()),
        false => Err(MasterError::damaged("a JPEG whose headers contradict each other")),
    }
}

/// Samples of fewer than 8 bits, which only lossless ones have, over all of 8.
fn spread(mut pixels: Vec<u8>, bits: u8) -> Vec<u8> {
    let greatest = (1u16 << bits) - 1;
    for sample in &mut pixels {
        *sample = ((u16::from(*sample).min(greatest) * 255 + greatest / 2) / greatest) as u8;
    }
    pixels
}

/// Amounts of ink: where Adobe's marker is, 255 stands for none.
fn inverted(mut pixels: Vec<u8>) -> Vec<u8> {
    pixels.iter_mut().for_each(|ink| *ink = 255 - *ink);
    pixels
}

fn scaled(full: Dimensions, factor: ScalingFactor) -> Dimensions {
    let side = |side: u32| u32::try_from(factor.scale(side as usize)).unwrap_or(side);
    Dimensions::new(side(full.width), side(full.height))
}

/// Bytes that it takes to decode a file of `length` bytes at a size: its copy; pixels, those of more than 8 bits and what
/// becomes of them at the same time; and for several scans two bytes for every coefficient.
pub(crate) fn cost(header: &Header, dimensions: Dimensions, length: u64) -> u64 {
    let sample = if header.bits > 8 { 3 } else { 1 };
    dimensions.area() * header.components as u64 * sample + coefficients(header) + length
}

/// Bytes of the coefficients that are held until the last of several scans.
fn coefficients(header: &Header) -> u64 {
    if header.many_scans { header.samples * 2 } else { 0 }
}
