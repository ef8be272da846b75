//! Undoes the byte order and the predictor of decoded rows, in place: afterwards samples are little-endian.
//! Pure. TIFF 6.0 section 14, Adobe TIFF Technical Note 3.

use super::image::PixelFormat;
use super::tags::Predictor;
use crate::error::MasterError;

/// Makes rows of stored samples plain: `stride` is the number of samples from a pixel to its neighbour,
/// `row_bytes` the length of a row.
///
/// # Errors
/// [`MasterError::Unsupported`] if the predictor is not defined for samples of this size.
pub fn undo(
    rows: &mut [u8],
    row_bytes: usize,
    stride: usize,
    predictor: Predictor,
    pixel: &PixelFormat,
) -> Result<(), MasterError> {
    if row_bytes == 0 {
        return Ok(());
    }
    // The floating point predictor has a byte order of its own.
    if pixel.big_endian && predictor != Predictor::FloatingPoint {
        reverse_bytes(rows, pixel.bits);
    }
    match (predictor, pixel.bits) {
        (Predictor::None, _) => {}
        (Predictor::Horizontal, 8) => rows.chunks_exact_mut(row_bytes).for_each(|row| sum_u8(row, stride)),
        (Predictor::Horizontal, 16) => {
            rows.chunks_exact_mut(row_bytes).for_each(|row| sum_wide::<2>(row, stride))
        }
        (Predictor::Horizontal, 32) => {
            rows.chunks_exact_mut(row_bytes).for_each(|row| sum_wide::<4>(row, stride))
        }
        (Predictor::Horizontal, 64) => {
            rows.chunks_exact_mut(row_bytes).for_each(|row| sum_wide::<8>(row, stride))
        }
        (Predictor::FloatingPoint, 16 | 32 | 64) => {
            let mut planes = vec![0; row_bytes];
            for row in rows.chunks_exact_mut(row_bytes) {
                join_float(row, &mut planes, stride, usize::from(pixel.bits / 8));
            }
        }
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
fn join_float(row: &mut [u8], planes: &mut [u8], stride: usize, size: usize) {
    (stride..row.len()).for_each(|at| row[at] = row[at].wrapping_add(row[at - stride]));
    planes.copy_from_slice(row);
    let count = row.len() / size;
    for (index, number) in row.chunks_exact_mut(size).enumerate() {
        for (byte, slot) in number.iter_mut().rev().enumerate() {
            *slot = planes[byte * count + index];
        }
    }
}
