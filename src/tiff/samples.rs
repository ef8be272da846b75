//! Samples of any depth as 8-bit numbers, a row at a time.
//! Pure; rows come little-endian, with predictors undone. TIFF 6.0 BitsPerSample and SampleFormat.

use super::image::PixelFormat;
use super::tags::{Photometric, SampleFormat};

/// Reads the first `output.len()` samples of `row`, each as 0 to 255: the least and the greatest number of its format,
/// or of the range that the file names. Floating point without a named range goes from 0 to 1.
/// Palette indices stay what they are.
pub fn to_8_bit(row: &[u8], pixel: &PixelFormat, output: &mut [u8]) {
    match (pixel.format, pixel.bits, pixel.range) {
        (SampleFormat::Unsigned, 8, None) => {
            output.copy_from_slice(&row[..output.len()]);
        }
        (SampleFormat::Unsigned, 16, None) => {
            for (sample, out) in row.as_chunks::<2>().0.iter().zip(output) {
                // The nearest of 256 levels: 65535 / 255 is 257.
                *out = ((u32::from(u16::from_le_bytes(*sample)) + 128) / 257) as u8;
            }
        }
        (SampleFormat::Unsigned, bits @ 1..=7, None) => {
            let top = (1u32 << bits) - 1;
            let scale = if pixel.photometric == Photometric::Palette { 1 } else { 255 };
            let divisor = if scale == 1 { 1 } else { top };
            for (index, out) in output.iter_mut().enumerate() {
                *out = ((bits_at(row, index, bits) * scale + divisor / 2) / divisor) as u8;
            }
        }
        _ => {
            let (low, high) = pixel.range.unwrap_or_else(|| default_range(pixel));
            let scale = 255.0 / (high - low);
            for (index, out) in output.iter_mut().enumerate() {
                // `as` saturates, and makes 0 of what is no number.
                *out = ((number_at(row, index, pixel) - low) * scale).round() as u8;
            }
        }
    }
}

/// Sample number `index` of a row as the number that it stands for.
pub fn number_at(row: &[u8], index: usize, pixel: &PixelFormat) -> f64 {
    match (pixel.format, pixel.bits) {
        (SampleFormat::Float, 16) => half(u16::from_le_bytes(bytes_at(row, index))),
        (SampleFormat::Float, 32) => f32::from_le_bytes(bytes_at(row, index)).into(),
        (SampleFormat::Float, _) => f64::from_le_bytes(bytes_at(row, index)),
        (SampleFormat::Signed, 8) => i8::from_le_bytes(bytes_at(row, index)).into(),
        (SampleFormat::Signed, 16) => i16::from_le_bytes(bytes_at(row, index)).into(),
        (SampleFormat::Signed, 32) => i32::from_le_bytes(bytes_at(row, index)).into(),
        (SampleFormat::Unsigned, 8) => row[index].into(),
        (SampleFormat::Unsigned, 16) => u16::from_le_bytes(bytes_at(row, index)).into(),
        (SampleFormat::Unsigned, 32) => u32::from_le_bytes(bytes_at(row, index)).into(),
        (SampleFormat::Unsigned, bits) => bits_at(row, index, bits).into(),
        (SampleFormat::Signed, bits) => {
            let value = bits_at(row, index, bits).cast_signed();
            f64::from(if value >> (bits - 1) == 1 { value - (1 << bits) } else { value })
        }
    }
}

/// The least and the greatest number of a format.
fn default_range(pixel: &PixelFormat) -> (f64, f64) {
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

/// Up to 16 bits that may straddle bytes, most significant first (TIFF 6.0 FillOrder 1).
fn bits_at(row: &[u8], index: usize, bits: u16) -> u32 {
    let bits = usize::from(bits);
    let first = index * bits;
    let byte = |at: usize| u32::from(row.get(at).copied().unwrap_or(0));
    let at = first / 8;
    let window = byte(at) << 16 | byte(at + 1) << 8 | byte(at + 2);
    (window >> (24 - first % 8 - bits)) & ((1 << bits) - 1)
}

/// IEEE 754 binary16.
fn half(bits: u16) -> f64 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f64::from(bits & 1023));
    sign * match exponent {
        0 => fraction * 2f64.powi(-24),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (1.0 + fraction / 1024.0) * 2f64.powi(exponent - 15),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(format: SampleFormat, bits: u16, row: &[u8], expected: &[u8]) {
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
        let mut output = vec![0; expected.len()];
        to_8_bit(row, &pixel, &mut output);
        assert_eq!(output, expected, "{format:?} {bits}");
    }

    #[test]
    fn every_depth_reaches_both_ends() {
        use SampleFormat::{Float, Signed, Unsigned};
        check(Unsigned, 1, &[0b1010_0000], &[255, 0, 255, 0]);
        check(Unsigned, 2, &[0b0001_1011], &[0, 85, 170, 255]);
        check(Unsigned, 4, &[0x0f, 0x80], &[0, 255, 136, 0]);
        check(Unsigned, 6, &[0b1111_1100, 0b0000_1000, 0b0100_0000], &[255, 0, 134, 0]);
        check(Unsigned, 12, &[0xff, 0xf0, 0x00, 0x80, 0x00], &[255, 0, 128]);
        check(Unsigned, 16, &[0, 0, 0xff, 0xff, 0x80, 0x00, 0x81, 0x00], &[0, 255, 0, 1]);
        check(Unsigned, 32, &[0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff], &[0, 255]);
        check(Signed, 8, &[0x80, 0, 0x7f], &[0, 128, 255]);
        check(Signed, 4, &[0x87], &[0, 255]);
        check(Signed, 16, &[0, 0x80, 0xff, 0x7f], &[0, 255]);
        check(Float, 16, &[0, 0, 0, 0x3c, 0, 0x38, 0, 0xc0], &[0, 255, 128, 0]);
        check(Float, 32, &[0, 0, 0x80, 0x3f, 0, 0, 0xc0, 0x7f], &[255, 0]);
        check(Float, 64, &0.25f64.to_le_bytes(), &[64]);
    }
}
