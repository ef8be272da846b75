//! A JPEG 2000 tile or strip: a codestream of its own, and its decoded samples.
//! Pure on its bytes. No standard; libtiff lists the numbers of the compression, libvips and Aperio write it.

use super::pixel::PixelFormat;
use super::values::{Colours, Photometric, SampleFormat};
use crate::error::MasterError;
use crate::format::jp2;
use crate::picture::{Depth, Dimensions, Rect};
use crate::raster::{Raster, Sample};
use crate::source::Bytes;
use crate::watch::Watch;

/// The format of decoded samples: 8 or 16 bits, since a codestream has its own depth, and whole pixels.
pub(super) fn format(mut pixel: PixelFormat, colours: Colours) -> PixelFormat {
    match (colours, pixel.photometric) {
        // Aperio and libvips say RGB of either.
        (Colours::YCbCr, Photometric::Rgb) if pixel.samples == 3 => pixel.photometric = Photometric::YCbCr,
        (Colours::Rgb, Photometric::YCbCr) => pixel.photometric = Photometric::Rgb,
        _ => {}
    }
    PixelFormat {
        bits: if pixel.bits > 8 { 16 } else { 8 },
        format: SampleFormat::Unsigned,
        range: None,
        subsampling: (1, 1),
        big_endian: false,
        ..pixel
    }
}

/// Decodes a codestream into rows of `piece`, interleaved samples of `pixel` ([`format()`]). It must hold at least
/// `needed`, the pixels that are in the image, and fit into the piece.
///
/// # Errors
/// [`MasterError`] if the codestream is damaged, of another size, or of other components than `count` alike.
pub(super) fn decode(
    compressed: &[u8],
    pixel: &PixelFormat,
    count: u16,
    piece: Dimensions,
    needed: Dimensions,
    output: &mut Vec<u8>,
    watch: &Watch,
) -> Result<(), MasterError> {
    let image = jp2::Image::read_piece(compressed)?;
    let description = image.description();
    let size = description.levels.first().map_or(Dimensions::new(0, 0), |level| level.dimensions);
    let fits = |length: u32, needed: u32, whole: u32| (needed..=whole).contains(&length);
    if !fits(size.width, needed.width, piece.width) || !fits(size.height, needed.height, piece.height) {
        return Err(MasterError::damaged(format!(
            "a codestream of {size} pixels in a tile or strip of {piece}"
        )));
    }
    if description.channels.count() != usize::from(count) {
        return Err(MasterError::damaged(format!(
            "a codestream of {} components where {count} are expected",
            description.channels.count()
        )));
    }
    let compressed = Bytes::from(compressed).watched(watch);
    let depth = if pixel.bits > 8 { Depth::Sixteen } else { Depth::Eight };
    match depth {
        Depth::Eight => place(&samples::<u8>(&image, compressed, size)?, piece, output),
        Depth::Sixteen => place(&samples::<u16>(&image, compressed, size)?, piece, output),
    }
    Ok(())
}

/// The decoder and its caches live no longer than the piece, which shares nothing with others.
fn samples<S: Sample>(
    image: &jp2::Image,
    compressed: Bytes,
    size: Dimensions,
) -> Result<Raster<S>, MasterError> {
    let window = Rect::new(0, 0, size.width, size.height);
    image.decode(&mut jp2::WindowDecoder::default(), compressed, 0, 0, window)
}

/// Puts a raster into the upper left of a piece.
fn place<S: Sample>(raster: &Raster<S>, piece: Dimensions, output: &mut Vec<u8>) {
    let pixel = raster.channels.count() * size_of::<S>();
    let (row, own) = (piece.width as usize * pixel, raster.dimensions.width as usize * pixel);
    output.clear();
    output.resize(row * piece.height as usize, 0);
    let rows = S::little_endian(&raster.pixels);
    for (to, from) in output.chunks_exact_mut(row).zip(rows.chunks_exact(own)) {
        to[..own].copy_from_slice(from);
    }
}
