//! JPEG files: smaller levels come out of the decoder itself, which leaves out the high frequencies of each block.
//! Strict: a warning of the decoder is an error. libjpeg-turbo only sees bytes that were copied out of the map.

use turbojpeg::{Colorspace, Decompressor, Image, PixelFormat, ScalingFactor};

use super::marker::Header;
use super::{MAX_BYTES, check_budget, level};
use crate::description::{Channels, Depth, Description};
use crate::error::MasterError;
use crate::geometry::Dimensions;
use crate::raster::Raster;

/// What libjpeg-turbo scales by at no cost: each halves the width and height of the one before.
const FACTORS: [ScalingFactor; 4] =
    [ScalingFactor::ONE, ScalingFactor::ONE_HALF, ScalingFactor::ONE_QUARTER, ScalingFactor::ONE_EIGHTH];

/// The longer side of the smallest level: so long that its ratio to the full picture cannot be mistaken.
const SMALLEST_SIDE: u32 = 16;

/// A block of 64 samples takes at least a bit, be it as empty as it may; chroma may have a sixteenth of the samples.
const MOST_PIXELS_PER_BYTE: u64 = 64 * 8 * 16;

/// No encoder makes more scans; each costs the time of a whole picture.
const MAX_SCANS: u32 = 100;

/// Whether `bytes` begin as a JPEG file does.
pub fn recognises(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0xff, 0xd8, 0xff])
}

/// The levels and channels of a JPEG of `length` bytes.
///
/// # Errors
/// [`MasterError`] if it is too large at its smallest level, or too short for the picture it tells of.
pub fn describe(header: &Header, length: usize) -> Result<Description, MasterError> {
    let side =
        |factor: &ScalingFactor| factor.scale(header.dimensions.width.max(header.dimensions.height) as usize);
    let useful =
        |factor: &&ScalingFactor| **factor == ScalingFactor::ONE || side(factor) >= SMALLEST_SIDE as usize;
    let levels: Vec<_> =
        FACTORS.iter().filter(useful).map(|factor| level(scaled(header.dimensions, *factor))).collect();
    let smallest = levels.last().map_or(header.dimensions, |level| level.dimensions);
    check_budget(smallest, cost(header, smallest))?;
    if header.dimensions.area() / MOST_PIXELS_PER_BYTE > length as u64 {
        let dimensions = header.dimensions;
        return Err(MasterError::damaged(format!("{dimensions} pixels cannot come from {length} bytes")));
    }
    Ok(Description {
        levels,
        orientation: header.orientation,
        channels: channels(header),
        depth: Depth::Eight,
    })
}

/// All pixels of a level: gray, RGB, or inks.
///
/// # Errors
/// [`MasterError`] if the file is damaged anywhere, or too large.
pub fn decode(bytes: &[u8], header: &Header, level: usize) -> Result<Raster, MasterError> {
    let factor = FACTORS.get(level).copied().unwrap_or(ScalingFactor::ONE);
    let dimensions = scaled(header.dimensions, factor);
    check_budget(dimensions, cost(header, dimensions))?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(MasterError::TooLarge(format!("a JPEG of {} bytes", bytes.len())));
    }
    let format = match header.components {
        1 => PixelFormat::GRAY,
        3 => PixelFormat::RGB,
        _ => PixelFormat::CMYK,
    };
    let pixels = decompress(bytes.to_vec(), header, factor, format)?;
    let pixels = if format == PixelFormat::CMYK && header.adobe { inverted(pixels) } else { pixels };
    Ok(Raster { dimensions, channels: channels(header), pixels })
}

fn channels(header: &Header) -> Channels {
    match header.components {
        1 => Channels::Gray,
        3 => Channels::Rgb,
        _ => Channels::Cmyk,
    }
}

/// Takes a copy of the file, since bytes of a map may change under a decoder written in C.
fn decompress(
    stream: Vec<u8>,
    header: &Header,
    factor: ScalingFactor,
    format: PixelFormat,
) -> Result<Vec<u8>, MasterError> {
    let damaged = |error: turbojpeg::Error| MasterError::damaged(format!("JPEG data: {error}"));
    let mut decoder = Decompressor::new().map_err(damaged)?;
    decoder.set_scan_limit(MAX_SCANS).map_err(damaged)?;
    decoder.set_scaling_factor(factor).map_err(damaged)?;
    let found = decoder.read_header(&stream).map_err(damaged)?;
    let same_size =
        found.width == header.dimensions.width as usize && found.height == header.dimensions.height as usize;
    let same_colour = match found.colorspace {
        Colorspace::Gray => format == PixelFormat::GRAY,
        Colorspace::RGB | Colorspace::YCbCr => format == PixelFormat::RGB,
        Colorspace::CMYK | Colorspace::YCCK => format == PixelFormat::CMYK,
    };
    if !(same_size && same_colour) {
        return Err(MasterError::damaged("a JPEG whose headers contradict each other"));
    }
    let (width, height) = (factor.scale(found.width), factor.scale(found.height));
    let pitch = width * format.size();
    let mut pixels = vec![0; pitch * height];
    let image = Image { pixels: &mut pixels[..], width, pitch, height, format };
    decoder.decompress(&stream, image).map_err(damaged)?;
    Ok(pixels)
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

/// Bytes that it takes to decode at a size: pixels, and for several scans two bytes for every coefficient.
fn cost(header: &Header, dimensions: Dimensions) -> u64 {
    let held = if header.many_scans { header.samples * 2 } else { 0 };
    dimensions.area() * header.components as u64 + held
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Orientation;

    fn header(width: u32, height: u32, many_scans: bool) -> Header {
        let dimensions = Dimensions::new(width, height);
        let samples = dimensions.area() * 3;
        let orientation = Orientation::UPRIGHT;
        Header { dimensions, components: 3, samples, many_scans, adobe: false, orientation }
    }

    fn sizes(width: u32, height: u32) -> Vec<(u32, u32)> {
        let description = describe(&header(width, height, false), 1 << 24).expect("described");
        description.levels.iter().map(|level| (level.dimensions.width, level.dimensions.height)).collect()
    }

    #[test]
    fn levels_are_rounded_up() {
        assert_eq!(sizes(1001, 667), [(1001, 667), (501, 334), (251, 167), (126, 84)]);
        assert_eq!(sizes(40, 3), [(40, 3), (20, 2)]);
        assert_eq!(sizes(1, 1), [(1, 1)]);
    }

    #[test]
    fn budgets_are_asked_before_memory() {
        let length = 1 << 30;
        assert!(describe(&header(65_500, 65_500, false), length).is_ok(), "an eighth of it can be shown");
        assert!(decode(&[], &header(65_500, 65_500, false), 0).is_err());
        let error = describe(&header(20_000, 20_000, true), length).expect_err("too many coefficients");
        assert!(matches!(error, MasterError::TooLarge(_)), "{error}");
        let error = describe(&header(65_500, 65_500, false), 1000).expect_err("too short");
        assert!(matches!(error, MasterError::Damaged(_)), "{error}");
    }
}
