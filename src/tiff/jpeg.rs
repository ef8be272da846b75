//! A JPEG tile or strip as a stream that stands alone, and its decoded samples.
//! libjpeg-turbo is reached through its safe binding; it only ever sees bytes that were copied out of the map.
//! TIFF Technical Note 2.

use turbojpeg::{Colorspace, Image as JpegImage, PixelFormat as Layout};

use super::tags::Photometric;
use crate::error::MasterError;
use crate::geometry::Dimensions;

/// No encoder makes more scans; each costs the time of a whole picture.
const MAX_SCANS: u32 = 100;

/// APP14 of Adobe with transform 0: the components are stored as they are meant, not as YCbCr.
const ADOBE_UNTRANSFORMED: [u8; 16] =
    [0xff, 0xee, 0, 14, b'A', b'd', b'o', b'b', b'e', 0, 100, 0, 0, 0, 0, 0];

/// APP0 of JFIF: three components are YCbCr, one is gray.
const JFIF: [u8; 18] = [0xff, 0xe0, 0, 16, b'J', b'F', b'I', b'F', 0, 1, 1, 0, 0, 1, 0, 1, 0, 0];

/// Joins what a TIFF stores apart: `tables` (the JPEGTables tag, or nothing) and the `tile` with its scans,
/// with the marker that says what its components mean. The result is a complete JPEG file.
///
/// # Errors
/// [`MasterError::Damaged`] if either does not begin as a JPEG stream does.
pub fn assemble(
    tables: &[u8],
    tile: &[u8],
    photometric: Photometric,
    stream: &mut Vec<u8>,
) -> Result<(), MasterError> {
    stream.clear();
    stream.extend([0xff, 0xd8]);
    match photometric {
        Photometric::YCbCr | Photometric::BlackIsZero | Photometric::WhiteIsZero => stream.extend(JFIF),
        _ => stream.extend(ADOBE_UNTRANSFORMED),
    }
    if !tables.is_empty() {
        append(tables.strip_suffix(&[0xff, 0xd9]).unwrap_or(tables), "JPEGTables", stream)?;
    }
    append(tile, "a JPEG tile or strip", stream)
}

/// Appends all of `part` but SOI, application markers and comments: what components mean is for the TIFF to say.
fn append(part: &[u8], name: &str, stream: &mut Vec<u8>) -> Result<(), MasterError> {
    let mut rest = part.strip_prefix(&[0xff, 0xd8]);
    while let Some([0xff, marker @ 0xc0..=0xfe, high, low, ..]) = rest {
        let length = 2 + usize::from(u16::from_be_bytes([*high, *low]));
        let Some((segment, after)) = rest.and_then(|rest| rest.split_at_checked(length)) else { break };
        if *marker == 0xda {
            break;
        }
        if !matches!(marker, 0xe0..=0xef | 0xfe) {
            stream.extend(segment);
        }
        rest = Some(after);
    }
    stream.extend(rest.ok_or_else(|| MasterError::damaged(format!("{name} that does not begin with SOI")))?);
    Ok(())
}

/// Decodes a complete JPEG into rows of `samples` bytes a pixel: gray, RGB (converted from YCbCr), or four
/// components as they are stored. It must be as wide as `piece` and have from `rows` to all of its rows.
///
/// # Errors
/// [`MasterError`] if the stream is corrupt, of another size or of a kind that has no such samples.
pub fn decode(
    decoder: &mut Option<turbojpeg::Decompressor>,
    stream: &[u8],
    piece: Dimensions,
    rows: u32,
    samples: u16,
    output: &mut Vec<u8>,
) -> Result<(), MasterError> {
    let damaged = |error: turbojpeg::Error| MasterError::damaged(format!("JPEG data: {error}"));
    if decoder.is_none() {
        let mut fresh = turbojpeg::Decompressor::new().map_err(damaged)?;
        fresh.set_scan_limit(MAX_SCANS).map_err(damaged)?;
        *decoder = Some(fresh);
    }
    let decoder = decoder.as_mut().ok_or_else(|| MasterError::damaged("no JPEG decoder"))?;
    let header = decoder.read_header(stream).map_err(damaged)?;
    let fits = (rows as usize..=piece.height as usize).contains(&header.height);
    if header.width != piece.width as usize || !fits {
        let (width, height) = (header.width, header.height);
        return Err(MasterError::damaged(format!(
            "a JPEG of {width}x{height} pixels in a tile or strip of {piece}"
        )));
    }
    let format = match (samples, header.colorspace) {
        (1, Colorspace::Gray) => Layout::GRAY,
        (3, Colorspace::RGB | Colorspace::YCbCr) => Layout::RGB,
        (4, Colorspace::CMYK) => Layout::CMYK,
        (_, found) => {
            return Err(MasterError::unsupported(format!(
                "JPEG {found:?} where {samples} samples are expected"
            )));
        }
    };
    let pitch = header.width * format.size();
    output.resize(pitch * header.height, 0);
    let image =
        JpegImage { pixels: &mut output[..], width: header.width, pitch, height: header.height, format };
    crate::jpeg::decoded(decoder.decompress(stream, image), stream)
}
