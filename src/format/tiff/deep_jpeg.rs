//! The samples of a JPEG tile or strip of 9 to 16 bits a sample. libjpeg-turbo only ever sees bytes that were copied out of
//! the map. TIFF Technical Note 2; libtiff and GDAL write 12 bits where they are built for it.

use turbojpeg::{Colorspace, ScalingFactor};

use super::jpeg::{check_size, unexpected};
use super::pixel::PixelFormat;
use crate::error::MasterError;
use crate::format::jpeg::deep::Header;
use crate::picture::Dimensions;
use crate::watch::Watch;

/// Decodes a JPEG into rows of `count` samples of `pixel` as wide as `piece`, each in two bytes, least significant first:
/// gray, RGB (converted from YCbCr), or four components as they are stored. It must hold `needed`, the upper left part
/// of the piece that is in the image.
///
/// # Errors
/// [`MasterError`] if the stream is corrupt, of another size or of a kind that has no such samples.
pub(super) fn decode(
    stream: &[u8],
    pixel: &PixelFormat,
    count: u16,
    piece: Dimensions,
    needed: Dimensions,
    output: &mut Vec<u8>,
    watch: &Watch,
) -> Result<(), MasterError> {
    let header = Header::read(stream)?;
    let size = header.dimensions;
    check_size(size, piece, needed)?;
    if !matches!(
        (count, header.colours),
        (1, Colorspace::Gray) | (3, Colorspace::RGB | Colorspace::YCbCr) | (4, Colorspace::CMYK)
    ) {
        return Err(unexpected(header.colours, count));
    }
    // As in libtiff: numbers of fewer bits than the file declares would be darker than intended.
    if pixel.range.is_none_or(|(_, greatest)| greatest != f64::from((1u32 << header.bits) - 1)) {
        return Err(MasterError::damaged(format!(
            "a JPEG of {} bits where others are expected",
            header.bits
        )));
    }
    let samples = header.decode(stream, ScalingFactor::ONE, watch)?;
    let (row, own) = (piece.width as usize * usize::from(count) * 2, size.width as usize * header.count());
    output.clear();
    output.resize(row * size.height.max(piece.height) as usize, 0);
    for (to, from) in output.chunks_exact_mut(row).zip(samples.chunks_exact(own)) {
        for (to, from) in to.as_chunks_mut().0.iter_mut().zip(from) {
            *to = from.to_le_bytes();
        }
    }
    Ok(())
}
