//! Undoes the byte order and the predictor of decoded rows: afterwards samples are little-endian.
//! Pure. TIFF 6.0 section 14, Adobe TIFF Technical Note 3.

use super::image::Image;
use super::values::Predictor;
use crate::error::MasterError;

/// The first `pixels` pixels of a stored row, or more, made plain in `scratch`; the row itself if it is plain.
///
/// # Errors
/// As [`undo`].
pub(super) fn undone<'r>(
    stored: &'r [u8],
    pixels: usize,
    image: &Image,
    scratch: &'r mut Vec<u8>,
) -> Result<&'r [u8], MasterError> {
    if image.predictor == Predictor::None && !image.pixel.big_endian {
        return Ok(stored);
    }
    let used = match image.predictor {
        // The bytes of a number lie apart.
        Predictor::FloatingPoint => stored.len(),
        _ => (pixels * usize::from(image.pixel.samples) * usize::from(image.pixel.bits)).div_ceil(8),
    };
    scratch.clear();
    scratch.extend_from_slice(&stored[..used]);
    undo_row(scratch, image)?;
    Ok(scratch)
}

/// Makes whole rows of stored samples, of one plane if they are separate, plain.
///
/// # Errors
/// [`MasterError::Unsupported`] if the predictor is not defined for samples of this size.
pub(super) fn undo(rows: &mut [u8], image: &Image) -> Result<(), MasterError> {
    match image.row_bytes() as usize {
        0 => Ok(()),
        length => rows.chunks_exact_mut(length).try_for_each(|row| undo_row(row, image)),
    }
}

/// As [`undo`], of the begin of one row.
fn undo_row(row: &mut [u8], image: &Image) -> Result<(), MasterError> {
    // How many samples it is from a pixel to its neighbour.
    let stride = if image.planar { 1 } else { image.pixel.samples.into() };
    let bits = image.pixel.bits;
    // The floating point predictor has a byte order of its own.
    if image.pixel.big_endian && image.predictor != Predictor::FloatingPoint {
        reverse_bytes(row, bits);
    }
    match (image.predictor, bits) {
        (Predictor::None, _) => {}
        (Predictor::Horizontal, 8) => sum_u8(row, stride),
        (Predictor::Horizontal, 16) => sum_wide::<2>(row, stride),
        (Predictor::Horizontal, 32) => sum_wide::<4>(row, stride),
        (Predictor::Horizontal, 64) => sum_wide::<8>(row, stride),
        (Predictor::FloatingPoint, 16 | 24 | 32 | 64) => join_float(row, stride, usize::from(bits / 8)),
        (predictor, bits) => {
            return Err(MasterError::unsupported(format!(
                "{predictor:?} predictor with {bits} bits per sample"
            )));
        }
    }
    Ok(())
}

fn reverse_bytes(rows: &mut [u8], bits: u16) {
    match bits {
        16 => rows.chunks_exact_mut(2).for_each(<[u8]>::reverse),
        24 => rows.chunks_exact_mut(3).for_each(<[u8]>::reverse),
        32 => rows.chunks_exact_mut(4).for_each(<[u8]>::reverse),
        64 => rows.chunks_exact_mut(8).for_each(<[u8]>::reverse),
        _ => {}
    }
}

fn sum_u8(row: &mut [u8], stride: usize) {
    match stride {
        // The sums of a pixel stay in registers: three times as fast as the general loop.
        1 => sum_pixels::<1>(row),
        3 => sum_pixels::<3>(row),
        4 => sum_pixels::<4>(row),
        _ => (stride..row.len()).for_each(|at| row[at] = row[at].wrapping_add(row[at - stride])),
    }
}

fn sum_pixels<const N: usize>(row: &mut [u8]) {
    let mut sum = [0u8; N];
    for pixel in row.as_chunks_mut::<N>().0 {
        for (sum, sample) in sum.iter_mut().zip(pixel.iter_mut()) {
            *sum = sum.wrapping_add(*sample);
            *sample = *sum;
        }
    }
}

fn sum_wide<const N: usize>(row: &mut [u8], stride: usize) {
    let (samples, _) = row.as_chunks_mut::<N>();
    for at in stride..samples.len() {
        let before = samples[at - stride];
        let mut carry = 0;
        for (byte, other) in samples[at].iter_mut().zip(before) {
            let sum = u16::from(*byte) + u16::from(other) + carry;
            *byte = (sum & 0xff) as u8;
            carry = sum >> 8;
        }
    }
}

/// A row holds first all most significant bytes, then the next: sum them, then bring each number together.
fn join_float(row: &mut [u8], stride: usize, size: usize) {
    (stride..row.len()).for_each(|at| row[at] = row[at].wrapping_add(row[at - stride]));
    let planes = row.to_vec();
    let count = row.len() / size;
    for (index, number) in row.chunks_exact_mut(size).enumerate() {
        for (byte, slot) in number.iter_mut().rev().enumerate() {
            *slot = planes[byte * count + index];
        }
    }
}
