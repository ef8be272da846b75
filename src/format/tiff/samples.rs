//! Stored samples of any depth as those of a raster, a row at a time.
//! Pure; rows come little-endian, with predictors undone. TIFF 6.0 BitsPerSample and SampleFormat.

use super::pixel::PixelFormat;
use super::values::{Photometric, SampleFormat};
use crate::raster::Sample;

/// Reads the first `output.len()` samples of `row`, each as 0 to full scale: the least and the greatest number of its
/// format, or of the range that the file names. Floating point without a named range goes from 0 to 1.
/// Palette indexes stay what they are.
pub(super) fn read<S: Sample>(row: &[u8], pixel: &PixelFormat, output: &mut [S]) {
    let is_index = pixel.photometric == Photometric::Palette;
    match (pixel.format, pixel.bits, pixel.range) {
        (SampleFormat::Unsigned, 8, None) if !is_index => {
            row.iter().zip(output).for_each(|(sample, out)| *out = S::of_8(*sample));
        }
        (SampleFormat::Unsigned, 16, None) => {
            for (sample, out) in row.as_chunks::<2>().0.iter().zip(output) {
                *out = S::of_16(u16::from_le_bytes(*sample));
            }
        }
        (SampleFormat::Unsigned, bits @ 1..=8, None) => {
            let (scale, divisor) = if is_index { (1, 1) } else { (S::MAX, (1u32 << bits) - 1) };
            for (index, out) in output.iter_mut().enumerate() {
                *out = S::of((bits_at(row, index, bits) * scale + divisor / 2) / divisor);
            }
        }
        _ => {
            let (low, high) = pixel.range.unwrap_or_else(|| default_range(pixel));
            let scale = f64::from(S::MAX) / (high - low);
            for (index, out) in output.iter_mut().enumerate() {
                *out = S::nearest((number_at(row, index, pixel) - low) * scale);
            }
        }
    }
}

/// Sample number `index` of a row as the number that it stands for.
pub(super) fn number_at(row: &[u8], index: usize, pixel: &PixelFormat) -> f64 {
    match (pixel.format, pixel.bits) {
        (SampleFormat::Float, 16) => short_float(u16::from_le_bytes(bytes_at(row, index)).into(), 5, 10),
        (SampleFormat::Float, 24) => short_float(three_at(row, index), 7, 16),
        (SampleFormat::Float, 32) => f32::from_le_bytes(bytes_at(row, index)).into(),
        (SampleFormat::Float, _) => f64::from_le_bytes(bytes_at(row, index)),
        (SampleFormat::Signed, 8) => i8::from_le_bytes(bytes_at(row, index)).into(),
        (SampleFormat::Signed, 16) => i16::from_le_bytes(bytes_at(row, index)).into(),
        (SampleFormat::Signed, 32) => i32::from_le_bytes(bytes_at(row, index)).into(),
        (SampleFormat::Unsigned, 8) => row[index].into(),
        (SampleFormat::Unsigned, 16) => u16::from_le_bytes(bytes_at(row, index)).into(),
        (SampleFormat::Unsigned, 32) => u32::from_le_bytes(bytes_at(row, index)).into(),
        (SampleFormat::Unsigned, bits) => unsigned_at(row, index, bits).into(),
        (SampleFormat::Signed, bits) => {
            let value = f64::from(unsigned_at(row, index, bits));
            let levels = 2f64.powi(bits.into());
            if value >= levels / 2.0 { value - levels } else { value }
        }
    }
}

/// The first `count` samples of a row of packed bits in as few whole bytes as hold them; their numbers stay the same.
pub(super) fn widened(row: &[u8], pixel: &PixelFormat, count: usize) -> impl Iterator<Item = u8> {
    let length = usize::from(pixel.bits.div_ceil(8));
    (0..count)
        .flat_map(move |index| (number_at(row, index, pixel) as i32).to_le_bytes().into_iter().take(length))
}

/// The least and the greatest number of a format.
pub(super) fn default_range(pixel: &PixelFormat) -> (f64, f64) {
    let levels = 2f64.powi(pixel.bits.into());
    match pixel.format {
        SampleFormat::Unsigned => (0.0, levels - 1.0),
        SampleFormat::Signed => (-levels / 2.0, levels / 2.0 - 1.0),
        SampleFormat::Float => (0.0, 1.0),
    }
}

fn bytes_at<const N: usize>(row: &[u8], index: usize) -> [u8; N] {
    row.as_chunks::<N>().0[index]
}

/// Sample number `index` of so many bits, up to 32: three whole bytes, or packed.
fn unsigned_at(row: &[u8], index: usize, bits: u16) -> u32 {
    match bits {
        24 => three_at(row, index),
        1..=16 => bits_at(row, index, bits),
        _ => {
            let first = index * usize::from(bits);
            let byte = |at: usize| u64::from(row.get(at).copied().unwrap_or(0));
            let window = (0..5).fold(0, |window, n| window << 8 | byte(first / 8 + n));
            (window >> (40 - first % 8 - usize::from(bits)) & ((1 << bits) - 1)) as u32
        }
    }
}

/// Three bytes, least significant first.
fn three_at(row: &[u8], index: usize) -> u32 {
    let [low, middle, high] = bytes_at(row, index);
    u32::from_le_bytes([low, middle, high, 0])
}

/// Up to 16 bits that may straddle bytes, most significant first (TIFF 6.0 FillOrder 1).
fn bits_at(row: &[u8], index: usize, bits: u16) -> u32 {
    let bits = usize::from(bits);
    let first = index * bits;
    let byte = |at: usize| u32::from(row.get(at).copied().unwrap_or(0));
    let at = first / 8;
    let window = byte(at) << 16 | byte(at + 1) << 8 | byte(at + 2);
    (window >> (24 - first % 8 - bits)) & ((1 << bits) - 1)
}

/// A sign, an exponent and a fraction as IEEE 754 has them: binary16, and the 24 bits of Adobe TIFF Technical Note 3.
fn short_float(bits: u32, exponent_bits: u32, fraction_bits: u32) -> f64 {
    let all = |bits: u32| (1u32 << bits) - 1;
    let sign = if bits >> (exponent_bits + fraction_bits) == 1 { -1.0 } else { 1.0 };
    let exponent = bits >> fraction_bits & all(exponent_bits);
    let fraction = f64::from(bits & all(fraction_bits)) / f64::from(1u32 << fraction_bits);
    let bias = all(exponent_bits - 1).cast_signed();
    sign * match exponent {
        0 => fraction * 2f64.powi(1 - bias),
        _ if exponent < all(exponent_bits) => (1.0 + fraction) * 2f64.powi(exponent.cast_signed() - bias),
        _ if fraction == 0.0 => f64::INFINITY,
        _ => f64::NAN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<S: Sample>(format: SampleFormat, bits: u16, row: &[u8], expected: &[S]) {
        let pixel = PixelFormat {
            photometric: Photometric::BlackIsZero,
            samples: 1,
            bits,
            format,
            alpha: None,
            range: None,
            subsampling: (1, 1),
            luma: [0.299, 0.587, 0.114],
            reference: [0.0; 6],
            palette: Vec::new(),
            big_endian: false,
        };
        let mut output = vec![S::default(); expected.len()];
        read(row, &pixel, &mut output);
        assert_eq!(output, expected, "{format:?} {bits}");
    }

    #[test]
    fn every_depth_reaches_both_ends() {
        use SampleFormat::{Float, Signed, Unsigned};
        check::<u8>(Unsigned, 1, &[0b1010_0000], &[255, 0, 255, 0]);
        check::<u8>(Unsigned, 2, &[0b0001_1011], &[0, 85, 170, 255]);
        check::<u8>(Unsigned, 4, &[0x0f, 0x80], &[0, 255, 136, 0]);
        check::<u8>(Unsigned, 6, &[0b1111_1100, 0b0000_1000, 0b0100_0000], &[255, 0, 134, 0]);
        check::<u8>(Unsigned, 12, &[0xff, 0xf0, 0x00, 0x80, 0x00], &[255, 0, 128]);
        check::<u8>(Unsigned, 16, &[0, 0, 0xff, 0xff, 0x80, 0x00, 0x81, 0x00], &[0, 255, 0, 1]);
        check::<u8>(Unsigned, 32, &[0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff], &[0, 255]);
        check::<u8>(Signed, 8, &[0x80, 0, 0x7f], &[0, 128, 255]);
        check::<u8>(Signed, 4, &[0x87], &[0, 255]);
        check::<u8>(Signed, 16, &[0, 0x80, 0xff, 0x7f], &[0, 255]);
        check::<u8>(Float, 16, &[0, 0, 0, 0x3c, 0, 0x38, 0, 0xc0], &[0, 255, 128, 0]);
        check::<u8>(Unsigned, 24, &[0, 0, 0, 0xff, 0xff, 0xff, 0, 0, 0x80], &[0, 255, 128]);
        check::<u8>(Unsigned, 20, &[0xff, 0xff, 0xf8, 0, 0], &[255, 128]);
        check::<u8>(Unsigned, 31, &[0xff, 0xff, 0xff, 0xfe, 0, 0, 0, 0], &[255, 0]);
        check::<u8>(Signed, 24, &[0, 0, 0x80, 0xff, 0xff, 0x7f, 0, 0, 0], &[0, 255, 128]);
        check::<u8>(Signed, 31, &[0x80, 0, 0, 0, 0xff, 0xff, 0xff, 0xfc], &[0, 255]);
        check::<u8>(Float, 24, &[0, 0, 0, 0, 0, 0x3f, 0, 0, 0x3e, 0, 0, 0xc0], &[0, 255, 128, 0]);
        check::<u8>(Float, 32, &[0, 0, 0x80, 0x3f, 0, 0, 0xc0, 0x7f], &[255, 0]);
        check::<u8>(Float, 64, &0.25f64.to_le_bytes(), &[64]);
    }

    #[test]
    fn sixteen_bits_stay_what_they_are() {
        use SampleFormat::{Float, Signed, Unsigned};
        check::<u16>(Unsigned, 16, &[0, 0, 0xff, 0xff, 0x81, 0x00], &[0, 65_535, 129]);
        check::<u16>(Unsigned, 12, &[0xff, 0xf0, 0x00, 0x80, 0x00], &[65_535, 0, 32_776]);
        check::<u16>(Unsigned, 32, &[0, 0, 0x81, 0x00, 0xff, 0xff, 0xff, 0xff], &[129, 65_535]);
        check::<u16>(Signed, 16, &[0, 0x80, 0xff, 0x7f, 0, 0], &[0, 65_535, 32_768]);
        check::<u16>(Float, 32, &[0, 0, 0x80, 0x3f, 0, 0, 0xc0, 0x7f], &[65_535, 0]);
        check::<u16>(Float, 64, &0.25f64.to_le_bytes(), &[16_384]);
        check::<u16>(Unsigned, 8, &[0, 255, 1], &[0, 65_535, 257]);
    }
}
