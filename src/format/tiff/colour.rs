//! Rows of stored samples as rows of gray or RGB, with alpha where there is one.
//! Pure. TIFF 6.0 sections 16 (CMYK), 18 (alpha), 20 to 23 (YCbCr, CIELab).

use super::pixel::{Alpha, PixelFormat};
use super::samples::{self, number_at};
use super::values::{Photometric, SampleFormat};
use crate::picture::{Channels, Depth};
use crate::raster::{Sample, light};

/// Converts one row of interleaved samples, as many pixels as `output` holds; `skip` pixels are passed over first.
/// `scratch` is a buffer for the samples, reused from row to row.
pub(super) fn convert_row<S: Sample>(
    row: &[u8],
    skip: usize,
    pixel: &PixelFormat,
    channels: Channels,
    scratch: &mut Vec<S>,
    output: &mut [S],
) {
    if matches!(pixel.photometric, Photometric::CieLab | Photometric::IccLab) {
        return lab_row(row, skip, pixel, channels, output);
    }
    let samples = usize::from(pixel.samples);
    let width = output.len() / channels.count();
    let is_plain = pixel.bits == 8 && pixel.format == SampleFormat::Unsigned && pixel.range.is_none();
    let stored = match is_plain && S::DEPTH == Depth::Eight {
        true => bytemuck::cast_slice(&row[skip * samples..][..width * samples]),
        false => {
            scratch.resize((skip + width) * samples, S::default());
            samples::read(row, pixel, scratch);
            &scratch[skip * samples..]
        }
    };
    convert_samples(stored, pixel, channels, output);
}

/// Converts interleaved samples.
fn convert_samples<S: Sample>(stored: &[S], pixel: &PixelFormat, channels: Channels, output: &mut [S]) {
    let samples = usize::from(pixel.samples);
    match (pixel.photometric, channels) {
        (Photometric::BlackIsZero, Channels::Gray) if samples == 1 => {
            output.copy_from_slice(&stored[..output.len()])
        }
        (Photometric::Rgb, Channels::Rgb) if samples == 3 => output.copy_from_slice(&stored[..output.len()]),
        _ => {
            let colour = usize::from(pixel.photometric.colour_samples());
            for (pixel_in, out) in stored.chunks_exact(samples).zip(output.chunks_exact_mut(channels.count()))
            {
                convert_pixel(&pixel_in[..colour], pixel, out);
                if let Some(alpha) = pixel.alpha {
                    apply_alpha(alpha, pixel_in[colour], out);
                }
            }
        }
    }
}

fn convert_pixel<S: Sample>(stored: &[S], pixel: &PixelFormat, out: &mut [S]) {
    match (pixel.photometric, stored) {
        (Photometric::WhiteIsZero, [gray]) => out[0] = S::of(S::MAX - gray.number()),
        (Photometric::BlackIsZero, [gray]) => out[0] = *gray,
        (Photometric::Palette, [index]) => {
            let colour = pixel.palette.get(index.number() as usize).copied().unwrap_or_default();
            out[..3].copy_from_slice(&colour.map(S::of_8));
        }
        (Photometric::Rgb, rgb) => out[..3].copy_from_slice(rgb),
        // What inks look like is for a colour profile to say, once alpha is not in the way.
        (Photometric::Separated, inks) if pixel.alpha.is_none() => out.copy_from_slice(inks),
        (Photometric::Separated, [c, m, y, k]) => {
            out[..3].copy_from_slice(&[light(*c, *k), light(*m, *k), light(*y, *k)])
        }
        (Photometric::Cmy, &[c, m, y]) => {
            out[..3].copy_from_slice(&[c, m, y].map(|ink| S::of(S::MAX - ink.number())));
        }
        (Photometric::YCbCr, [y, cb, cr]) => out[..3].copy_from_slice(&ycbcr(pixel, *y, *cb, *cr)),
        _ => {}
    }
}

/// TIFF 6.0 section 21, with the file's own coefficients and reference levels.
fn ycbcr<S: Sample>(pixel: &PixelFormat, y: S, cb: S, cr: S) -> [S; 3] {
    let [red, green, blue] = pixel.luma;
    let [y0, y1, b0, b1, r0, r1] = pixel.reference;
    let unit = S::MAX as f32 / 255.0;
    let full_scale =
        |code: S, black: f32, white: f32, range: f32| (code.real() / unit - black) * range / (white - black);
    let (y, cb, cr) =
        (full_scale(y, y0, y1, 255.0), full_scale(cb, b0, b1, 127.0), full_scale(cr, r0, r1, 127.0));
    let r = cr * (2.0 - 2.0 * red) + y;
    let b = cb * (2.0 - 2.0 * blue) + y;
    let g = (y - blue * b - red * r) / green;
    [r, g, b].map(|value| S::nearest((value * unit).into()))
}

/// Stores alpha last, and makes premultiplied colours what they were.
fn apply_alpha<S: Sample>(alpha: Alpha, value: S, out: &mut [S]) {
    let last = out.len() - 1;
    if alpha == Alpha::Associated {
        for colour in &mut out[..last] {
            let share = value.number();
            let whole = (colour.number() * S::MAX + share / 2).checked_div(share);
            *colour = S::of(whole.unwrap_or(0).min(S::MAX));
        }
    }
    out[last] = value;
}

fn lab_row<S: Sample>(row: &[u8], skip: usize, pixel: &PixelFormat, channels: Channels, output: &mut [S]) {
    let samples = usize::from(pixel.samples);
    for (index, out) in output.chunks_exact_mut(channels.count()).enumerate() {
        let first = (skip + index) * samples;
        let stored = [0, 1, 2].map(|sample| number_at(row, first + sample, pixel));
        out[..3].copy_from_slice(&srgb_of_lab(lab_of(stored, pixel)));
        if let Some(alpha) = pixel.alpha {
            let opaque = 2f64.powi(pixel.bits.into()) - 1.0;
            let share = number_at(row, first + 3, pixel) * f64::from(S::MAX) / opaque;
            apply_alpha(alpha, S::nearest(share), out);
        }
    }
}

/// L* from 0 to 100, a* and b* in their own units, whatever the encoding.
fn lab_of([l, a, b]: [f64; 3], pixel: &PixelFormat) -> [f64; 3] {
    if pixel.format == SampleFormat::Float {
        return [l, a, b];
    }
    let levels = 2f64.powi(pixel.bits.into());
    let unit = levels / 256.0;
    // TIFF 6.0 section 23: L* has no sign, a* and b* have one, whatever SampleFormat says (libvips calls all of them
    // signed); ICC offsets a* and b*.
    let [l, a, b] = [l, a, b].map(|value| value.rem_euclid(levels));
    let difference = |value: f64| match pixel.photometric {
        Photometric::IccLab => value / unit - 128.0,
        _ if value >= levels / 2.0 => (value - levels) / unit,
        _ => value / unit,
    };
    [l * 100.0 / (levels - 1.0), difference(a), difference(b)]
}

/// CIE L*a*b* of illuminant D50 to sRGB, adapted to D65 after Bradford (the matrix of the sRGB ICC profile, inverted).
pub(crate) fn srgb_of_lab<S: Sample>([l, a, b]: [f64; 3]) -> [S; 3] {
    let fy = (l + 16.0) / 116.0;
    let cubed = |f: f64| if f > 6.0 / 29.0 { f * f * f } else { (f - 4.0 / 29.0) * 108.0 / 841.0 };
    let (x, y, z) = (0.964_22 * cubed(fy + a / 500.0), cubed(fy), 0.825_21 * cubed(fy - b / 200.0));
    [
        3.133_856_1 * x - 1.616_866_7 * y - 0.490_614_6 * z,
        -0.978_768_4 * x + 1.916_141_5 * y + 0.033_454_0 * z,
        0.071_945_3 * x - 0.228_991_4 * y + 1.405_242_7 * z,
    ]
    .map(|linear| {
        let curved =
            if linear <= 0.003_130_8 { 12.92 * linear } else { 1.055 * linear.powf(1.0 / 2.4) - 0.055 };
        S::nearest(curved * f64::from(S::MAX))
    })
}

/// Spreads the units of subsampled YCbCr (TIFF 6.0 section 21) into rows of Y, Cb, Cr, three bytes a pixel.
/// `units` holds one row of them: for each, the lumas of its pixels row by row, then Cb and Cr.
pub(super) fn spread_units(units: &[u8], pixel: &PixelFormat, width: usize, rows: &mut Vec<u8>) {
    let (across, down) = (usize::from(pixel.subsampling.0), usize::from(pixel.subsampling.1));
    let size = across * down + 2;
    rows.clear();
    rows.resize(width * down * 3, 0);
    for (column, unit) in units.chunks_exact(size).enumerate() {
        for (n, luma) in unit[..size - 2].iter().enumerate() {
            let (x, y) = (column * across + n % across, n / across);
            if x < width {
                rows[(y * width + x) * 3..][..3].copy_from_slice(&[*luma, unit[size - 2], unit[size - 1]]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lab_white_black_and_primaries() {
        assert_eq!(srgb_of_lab::<u8>([100.0, 0.0, 0.0]), [255, 255, 255]);
        assert_eq!(srgb_of_lab::<u8>([0.0, 0.0, 0.0]), [0, 0, 0]);
        // sRGB red in D50 L*a*b*, as colour management systems print it.
        let [r, g, b] = srgb_of_lab::<u8>([54.29, 80.81, 69.89]);
        assert!(r >= 254 && g <= 2 && b <= 2, "{r} {g} {b}");
    }

    #[test]
    fn inks_take_light_away() {
        assert_eq!(
            [(0, 0), (255, 0), (0, 255), (128, 0)].map(|(ink, black)| light::<u8>(ink, black)),
            [255, 0, 0, 127]
        );
    }
}
