//! From the samples of a tile's components to codes: component transform, rounding, level shift.
//! Pure. T.800 annex G.

use std::ops::Range;

use crate::codestream::Component;
use crate::error::Error;
use crate::geometry::Rect;
use crate::planes::Plane;

/// Rows that are finished at a time, all components of them: few enough to stay in the cache of a core meanwhile.
const ROWS: usize = 16;

/// Samples of a component before they become codes: by the wavelet that made them.
pub(super) enum Samples {
    /// Of the 5/3 wavelet.
    Reversible(Plane<i32>),
    /// Of the 9/7 wavelet.
    Irreversible(Plane<f32>),
}

/// Puts what was decoded of a tile's components into its place in `planes`, of which those that were not requested are
/// empty. `is_transformed` says whether the first three components were made of red, green and blue.
///
/// # Errors
/// [`Error::Damaged`] if these three are not alike.
pub(super) fn finish(
    samples: &mut [Option<Samples>],
    is_transformed: bool,
    components: &[Component],
    planes: &mut [Plane],
) -> Result<(), Error> {
    let height = samples.iter().flatten().map(|samples| samples.rect().height).max();
    for start in (0..height.unwrap_or(0) as usize).step_by(ROWS) {
        let rows = start..start + ROWS;
        if is_transformed {
            undo_component_transform(samples, rows.clone())?;
        }
        for ((samples, component), plane) in samples.iter().zip(components).zip(&mut *planes) {
            if let Some(samples) = samples.as_ref().filter(|_| !plane.samples.is_empty()) {
                samples.place(rows.clone(), Nominal::new(component.precision), plane);
            }
        }
    }
    Ok(())
}

impl Samples {
    fn rect(&self) -> Rect {
        match self {
            Self::Reversible(part) => part.rect,
            Self::Irreversible(part) => part.rect,
        }
    }

    /// Puts rows of a part of a plane into their place as codes.
    fn place(&self, rows: Range<usize>, nominal: Nominal, plane: &mut Plane) {
        match self {
            Self::Reversible(part) => place(part, rows, plane, |part, row| nominal.shift(part, row)),
            Self::Irreversible(part) => place(part, rows, plane, |part, row| nominal.round(part, row)),
        }
    }
}

fn place<T>(part: &Plane<T>, rows: Range<usize>, plane: &mut Plane, convert: impl Fn(&[T], &mut [u16])) {
    let (from, to) = (part.rect.width as usize, plane.rect.width as usize);
    let (left, top) = ((part.rect.x - plane.rect.x) as usize, (part.rect.y - plane.rect.y) as usize);
    let places = plane.samples.chunks_exact_mut(to).skip(top + rows.start);
    for (part, row) in part.samples[part.range(rows)].chunks_exact(from).zip(places) {
        convert(part, &mut row[left..left + from]);
    }
}

/// T.800 G.2 and G.3: rows of the first three components become red, green and blue.
fn undo_component_transform(samples: &mut [Option<Samples>], rows: Range<usize>) -> Result<(), Error> {
    match samples {
        // Some encoders of gray pictures ask for it all the same.
        [] | [_] | [_, _] | [None, None, None, ..] => Ok(()),
        [
            Some(Samples::Reversible(first)),
            Some(Samples::Reversible(second)),
            Some(Samples::Reversible(third)),
            ..,
        ] if first.rect == second.rect && second.rect == third.rect => {
            let range = first.range(rows);
            undo_reversible([first, second, third].map(|plane| &mut plane.samples[range.clone()]));
            Ok(())
        }
        [
            Some(Samples::Irreversible(first)),
            Some(Samples::Irreversible(second)),
            Some(Samples::Irreversible(third)),
            ..,
        ] if first.rect == second.rect && second.rect == third.rect => {
            let range = first.range(rows);
            undo_irreversible([first, second, third].map(|plane| &mut plane.samples[range.clone()]));
            Ok(())
        }
        _ => Err(Error::damaged("a transform of components that are not alike")),
    }
}

/// Undoes the reversible component transform (T.800 G.2.2), in place: Y, Cb, Cr become red, green, blue.
pub(super) fn undo_reversible(components: [&mut [i32]; 3]) {
    let [first, second, third] = components;
    for ((first, second), third) in first.iter_mut().zip(second).zip(third) {
        let (luma, blue, red) = (*first, *second, *third);
        let green = luma.wrapping_sub(blue.wrapping_add(red) >> 2);
        (*first, *second, *third) = (red.wrapping_add(green), green, blue.wrapping_add(green));
    }
}

/// Undoes the irreversible component transform (T.800 G.3.2), in place: Y, Cb, Cr become red, green, blue.
pub(super) fn undo_irreversible(components: [&mut [f32]; 3]) {
    let [first, second, third] = components;
    for ((first, second), third) in first.iter_mut().zip(second).zip(third) {
        let (luma, blue, red) = (*first, *second, *third);
        *first = luma + red * 1.402;
        *second = luma - blue * 0.34413 - red * 0.71414;
        *third = luma + blue * 1.772;
    }
}

/// The range of a component's samples, in the middle of which their zero is: signed ones are coded so, and others are
/// shifted by half of it (T.800 G.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Nominal {
    half: i32,
}

impl Nominal {
    /// Of a component with samples of `precision` bits, 1 to 16.
    pub(super) fn new(precision: u8) -> Self {
        Self { half: 1 << (precision.clamp(1, 16) - 1) }
    }

    /// Reversible samples clamped to the range, as codes: 0 is the least sample.
    pub(super) fn shift(&self, samples: &[i32], codes: &mut [u16]) {
        for (code, sample) in codes.iter_mut().zip(samples) {
            *code = (sample.clamp(&-self.half, &(self.half - 1)) + self.half) as u16;
        }
    }

    /// Irreversible samples clamped to the range and rounded to the nearest integer, half to even, as codes: 0 is the
    /// least sample. NaN becomes 0 too.
    pub(super) fn round(&self, samples: &[f32], codes: &mut [u16]) {
        let (least, most) = (-self.half as f32, (self.half - 1) as f32);
        for (code, &sample) in codes.iter_mut().zip(samples) {
            // Held to the range first, where adding ROUNDER leaves no bit for a fraction. `f32::round_ties_even` would
            // be a call for every sample, and `f32::clamp` would keep what is not a number.
            let held = if sample > least { sample } else { least };
            let held = if held < most { held } else { most };
            let rounded = (held + ROUNDER).to_bits().wrapping_sub(ROUNDER.to_bits()) as i32;
            *code = (rounded + self.half) as u16;
        }
    }
}

/// One and a half times 2 to the 23rd: near it the bit patterns of `f32` are as far apart as the integers.
const ROUNDER: f32 = 12_582_912.0;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn colours_come_back(red: u16, green: u16, blue: u16) {
            // T.800 G.2.1 and G.3.1.
            let (r, g, b) = (i32::from(red), i32::from(green), i32::from(blue));
            let [mut y, mut u, mut v] = [[(r + 2 * g + b) >> 2], [b - g], [r - g]];
            undo_reversible([&mut y, &mut u, &mut v]);
            prop_assert_eq!([y, u, v], [[r], [g], [b]]);

            let (r, g, b) = (f32::from(red), f32::from(green), f32::from(blue));
            let mut y = [0.299 * r + 0.587 * g + 0.114 * b];
            let mut u = [-0.16875 * r - 0.33126 * g + 0.5 * b];
            let mut v = [0.5 * r - 0.41869 * g - 0.08131 * b];
            undo_irreversible([&mut y, &mut u, &mut v]);
            for (got, sample) in [(y, r), (u, g), (v, b)] {
                prop_assert!((got[0] - sample).abs() < 2.0, "{} for {}", got[0], sample);
            }
        }

        #[test]
        fn rounds_half_to_even_within_the_range(bits: u32, precision in 1u8..=16) {
            let sample = f32::from_bits(bits);
            let (half, most) = (f64::from(1 << (precision - 1)), f64::from((1 << precision) - 1));
            let expected = match f64::from(sample) {
                number if number.is_nan() => 0.0,
                number => (number.round_ties_even() + half).clamp(0.0, most),
            };
            let mut codes = [0];
            Nominal::new(precision).round(&[sample], &mut codes);
            prop_assert_eq!(codes, [expected as u16], "{}", sample);
        }
    }

    #[test]
    fn samples_are_shifted_and_held() {
        let byte = Nominal::new(8);
        let mut rounded = [0; 10];
        let samples = [-128.5, -0.5, 0.5, 1.5, 126.5, 127.5, 1e9, f32::INFINITY, -f32::INFINITY, f32::NAN];
        byte.round(&samples, &mut rounded);
        assert_eq!(rounded, [0, 128, 128, 130, 254, 255, 255, 255, 0, 0]);
        let mut shifted = [0; 7];
        byte.shift(&[-129, -128, 0, 127, 128, i32::MIN, i32::MAX], &mut shifted);
        assert_eq!(shifted, [0, 0, 128, 255, 255, 0, 255]);
    }
}
