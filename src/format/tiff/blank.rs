//! What stands where a piece was never written: the number that the file has for no data, or 0.
//! Pure. The tag is GDAL's, which fills sparse files in this way.

use super::image::Image;
use super::pixel::PixelFormat;
use super::values::SampleFormat;
use crate::ifd::{Entry, File};

/// No number has more characters.
const LONGEST: usize = 64;

/// The number that a text in GDAL_NODATA begins with; none if it begins with something else.
pub(super) fn no_data(file: &File, entry: &Entry) -> Option<f64> {
    let text = entry.bytes(file).ok()?.trim_ascii_start();
    (1..=text.len().min(LONGEST)).rev().find_map(|end| str::from_utf8(&text[..end]).ok()?.parse().ok())
}

/// Leaves so many rows of a piece, or of its plane, in `plane`: all samples are the number for no data, little-endian and with nothing
/// predicted.
pub(super) fn fill(image: &Image, rows: u32, plane: &mut Vec<u8>) {
    let bits = stored(image.no_data.unwrap_or(0.0), &image.pixel);
    let (row_bytes, rows) = (image.row_bytes() as usize, rows as usize);
    plane.clear();
    if bits == 0 {
        return plane.resize(row_bytes * rows, 0);
    }
    let samples = if image.planar { 1 } else { usize::from(image.pixel.samples) };
    let row = row(bits, image.pixel.bits.into(), samples * image.piece.width as usize);
    plane.reserve(row_bytes * rows);
    (0..rows).for_each(|_| plane.extend_from_slice(&row));
}

/// The bits of the sample that is nearest to a number.
fn stored(number: f64, pixel: &PixelFormat) -> u64 {
    let levels = 2f64.powi(pixel.bits.into());
    // `as` makes 0 of what is no number.
    match (pixel.format, pixel.bits) {
        (SampleFormat::Unsigned, _) => number.round().clamp(0.0, levels - 1.0) as u64,
        (SampleFormat::Signed, _) => {
            (number.round().clamp(-levels / 2.0, levels / 2.0 - 1.0) as i64).cast_unsigned()
        }
        (SampleFormat::Float, 16) => half(number).into(),
        (SampleFormat::Float, 32) => (number as f32).to_bits().into(),
        (SampleFormat::Float, _) => number.to_bits(),
    }
}

/// A number as IEEE 754 binary16, by the nearest number that this has.
fn half(number: f64) -> u16 {
    let (sign, size) = (if number.is_sign_negative() { 0x8000 } else { 0 }, number.abs());
    let exponent = size.log2().floor().clamp(-14.0, 16.0);
    sign | match size {
        _ if size.is_nan() => 0x7e00,
        _ if size >= 65_520.0 => 0x7c00,
        // The fraction carries into the exponent where it is rounded up to the next power, and from the numbers below
        // the least power.
        _ if size < 2f64.powi(-14) => (size * 2f64.powi(24)).round() as u16,
        _ => (((size / exponent.exp2() - 1.0) * 1024.0).round() + (exponent + 15.0) * 1024.0) as u16,
    }
}

/// A row of `count` samples of these bits: whole bytes, least significant first, or packed (TIFF 6.0 FillOrder 1).
fn row(sample: u64, bits: usize, count: usize) -> Vec<u8> {
    if bits.is_multiple_of(8) {
        return sample.to_le_bytes()[..bits / 8].repeat(count);
    }
    let mut row = vec![0; (bits * count).div_ceil(8)];
    for place in 0..bits * count {
        let bit = sample >> (bits - 1 - place % bits) & 1;
        row[place / 8] |= (bit as u8) << (7 - place % 8);
    }
    row
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_packed_as_files_have_them() {
        assert_eq!(row(0x1234, 16, 2), [0x34, 0x12, 0x34, 0x12]);
        assert_eq!(row(0xabc, 12, 3), [0xab, 0xca, 0xbc, 0xab, 0xc0]);
        assert_eq!(row(1, 1, 10), [0xff, 0xc0]);
        assert_eq!(row(2, 3, 3), [0b0100_1001, 0]);
    }

    #[test]
    fn halves_are_the_nearest() {
        for (number, bits) in [
            (0.0, 0),
            (1.0, 0x3c00),
            (-2.0, 0xc000),
            (65_504.0, 0x7bff),
            (65_519.0, 0x7bff),
            (65_520.0, 0x7c00),
            (f64::INFINITY, 0x7c00),
            (-9999.0, 0xf0e2),
            (0.333_3, 0x3555),
            (2f64.powi(-14), 0x0400),
            (2f64.powi(-24), 1),
            (2f64.powi(-14) - 2f64.powi(-26), 0x0400),
            (4095.9, 0x6c00),
        ] {
            assert_eq!(half(number), bits, "{number}");
        }
        assert_eq!(half(f64::NAN) & 0x7fff, 0x7e00);
    }
}
