//! A JPEG tile or strip as a stream that stands alone, and its decoded samples.
//! libjpeg-turbo is reached through its safe binding; it only ever sees bytes that were copied out of the map.
//! TIFF Technical Note 2.

use turbojpeg::{Colorspace, Image as JpegImage, PixelFormat as Layout, ScalingFactor};

use super::values::Photometric;
use crate::error::MasterError;
use crate::format::jpeg::{Decoder, Meaning, assemble, marker};
use crate::picture::Dimensions;
use crate::watch::Watch;

/// Writers pad the last strip to whole MCUs, whose sides are 32 pixels at most.
const MCU_SIDE: u32 = 32;

/// Joins what a TIFF stores apart: `tables` (the JPEGTables tag, or nothing) and the `tile` with its scans,
/// with the marker that says what its components mean, which is for the TIFF to say. The result is a JPEG file as
/// complete as the tile is.
///
/// # Errors
/// [`MasterError::Damaged`] if either does not begin as a JPEG stream does, or ends in its header.
pub(super) fn assemble(
    tables: &[u8],
    tile: &[u8],
    photometric: Photometric,
    stream: &mut Vec<u8>,
) -> Result<(), MasterError> {
    stream.clear();
    stream.extend(marker::START);
    let meaning = match photometric {
        Photometric::YCbCr | Photometric::BlackIsZero | Photometric::WhiteIsZero => {
            Meaning { jfif: true, adobe: None }
        }
        _ => Meaning { jfif: false, adobe: Some(0) },
    };
    meaning.push(usize::from(photometric.colour_samples()), stream);
    if !tables.is_empty() {
        assemble::append(tables, stream)?;
    }
    assemble::append(tile, stream)
}

/// Decodes a JPEG into rows of `samples` bytes a pixel as wide as `piece`: gray, RGB (converted from YCbCr), or four
/// components as they are stored. It must hold `needed`, the upper left part of the piece that is in the image.
///
/// # Errors
/// [`MasterError`] if the stream is corrupt, of another size or of a kind that has no such samples.
pub(super) fn decode(
    stream: &[u8],
    piece: Dimensions,
    needed: Dimensions,
    samples: u16,
    output: &mut Vec<u8>,
    watch: &Watch,
) -> Result<(), MasterError> {
    let decoder = Decoder::open(stream)?;
    let header = decoder.header();
    let (width, height) = (header.width, header.height);
    check_size(Dimensions::new(width as u32, height as u32), piece, needed)?;
    let format = match (samples, header.colorspace) {
        (1, Colorspace::Gray) => Layout::GRAY,
        (3, Colorspace::RGB | Colorspace::YCbCr) => Layout::RGB,
        (4, Colorspace::CMYK) => Layout::CMYK,
        (_, found) => return Err(unexpected(found, samples)),
    };
    let pitch = piece.width as usize * format.size();
    output.resize(pitch * height.max(piece.height as usize), 0);
    let image = JpegImage { pixels: &mut output[..], width, pitch, height, format };
    decoder.decode(ScalingFactor::ONE, image, watch)
}

/// Refuses a JPEG that does not hold what is needed, or more than its tile or strip can.
pub(super) fn check_size(size: Dimensions, piece: Dimensions, needed: Dimensions) -> Result<(), MasterError> {
    let tallest = piece.height.next_multiple_of(MCU_SIDE);
    let fits = (needed.width..=piece.width).contains(&size.width)
        && (needed.height..=tallest).contains(&size.height);
    match fits {
        true => Ok(()),
        false => Err(MasterError::damaged(format!("a JPEG of {size} pixels in a tile or strip of {piece}"))),
    }
}

/// The error for a JPEG whose components are not those of the file.
pub(super) fn unexpected(found: Colorspace, samples: u16) -> MasterError {
    MasterError::unsupported(format!("JPEG {found:?} where {samples} samples are expected"))
}
