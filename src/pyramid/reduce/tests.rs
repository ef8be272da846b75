//! Against plain twins: the definition, pixel by pixel, in floating point.

use super::*;
use crate::picture::Rect;

/// Noise, some of it dark and some of it invisible.
fn picture<S: Sample>(width: u32, height: u32, channels: Channels) -> Raster<S> {
    let mut raster = Raster::new(Dimensions::new(width, height), channels);
    let mut state = width * 7 + height;
    for (n, sample) in raster.pixels.iter_mut().enumerate() {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let value = ((u64::from(state >> 8) * u64::from(S::MAX + 1)) >> 24) as u32;
        *sample = S::of(match n / 16 % 4 {
            0 => value / 16,
            1 => [0, S::MAX][(value & 1) as usize],
            _ => value,
        });
    }
    raster
}

fn light(value: f64) -> f64 {
    if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
}

fn curve(light: f64) -> f64 {
    if light <= 0.04045 / 12.92 { light * 12.92 } else { 1.055 * light.powf(1.0 / 2.4) - 0.055 }
}

fn twin<S: Sample>(from: &Raster<S>, linear: bool) -> Vec<u32> {
    let (width, height) = (from.dimensions.width as usize, from.dimensions.height as usize);
    let (count, max) = (from.channels.count(), f64::from(S::MAX));
    let at = |x: usize, y: usize, n: usize| {
        f64::from(from.pixels[(y.min(height - 1) * width + x.min(width - 1)) * count + n].number())
    };
    let mut half = Vec::new();
    for (y, x) in (0..height).step_by(2).flat_map(|y| (0..width).step_by(2).map(move |x| (y, x))) {
        let places = [(x, y), (x + 1, y), (x, y + 1), (x + 1, y + 1)];
        for n in 0..count {
            let is_alpha = from.channels.has_alpha() && n == count - 1;
            let mut weights = places.map(|(x, y)| match from.channels.has_alpha() && !is_alpha {
                true => at(x, y, count - 1),
                false => 1.0,
            });
            if weights.iter().sum::<f64>() == 0.0 {
                weights = [1.0; 4];
            }
            let of = |(x, y)| if linear && !is_alpha { light(at(x, y, n) / max) * max } else { at(x, y, n) };
            let sum: f64 = places.iter().zip(weights).map(|(place, weight)| of(*place) * weight).sum();
            let mean = sum / weights.iter().sum::<f64>();
            let mean = if linear && !is_alpha { curve(mean / max) * max } else { mean };
            half.push((mean + 0.5 + 1e-9).floor() as u32);
        }
    }
    half
}

fn check<S: Sample>(channels: Channels, linear: bool) {
    for (width, height) in [(64, 48), (37, 29), (1, 5), (2, 1), (1, 1)] {
        let whole = picture::<S>(width, height, channels);
        let mut half = Raster::new(Dimensions::new(width.div_ceil(2), 0), channels);
        Reduction::new::<S>(channels, linear).append_half(std::slice::from_ref(&whole), &mut half);
        assert_eq!(half.dimensions, half_of(whole.dimensions));
        let numbers: Vec<u32> = half.pixels.iter().map(|sample| sample.number()).collect();
        let expected = twin(&whole, linear);
        let wrong = numbers.iter().zip(&expected).position(|(found, expected)| found != expected);
        if width > 2 {
            let mut parted = Raster::new(Dimensions::new(width.div_ceil(2), 0), channels);
            let parts = [(0, 2), (2, width - 2)].map(|(x, width)| whole.part(Rect::new(x, 0, width, height)));
            Reduction::new::<S>(channels, linear).append_half(&parts, &mut parted);
            assert_eq!(parted, half);
        }
        let pair = wrong.map(|at| (at, numbers[at], expected[at]));
        assert_eq!(pair, None, "{channels:?}, {:?}, {width}x{height}, linear {linear}", S::DEPTH);
    }
}

#[test]
fn all_means_are_those_of_the_definition() {
    use Channels::{Cmyk, Gray, GrayAlpha, Rgb, Rgba};
    for channels in [Gray, GrayAlpha, Rgb, Rgba, Cmyk] {
        check::<u8>(channels, false);
        check::<u16>(channels, false);
        if channels != Cmyk {
            check::<u8>(channels, true);
            check::<u16>(channels, true);
        }
    }
}

#[test]
fn light_and_its_samples_are_inverse() {
    fn check<S: Sample>() {
        let light = Light::new::<S>();
        let halves = |sample: u32| {
            let mut out = [S::default()];
            light.plain::<1, S>(&[S::of(sample); 2], &[S::of(sample); 2], &mut out);
            out[0].number()
        };
        assert!((0..=S::MAX).all(|sample| halves(sample) == sample));
    }
    check::<u8>();
    check::<u16>();
}
