//! From the coefficients of code-blocks to subband samples, and from component samples to the picture's
//! (T.800 Annexes E, G, H).
//! Pure. Rounding is OpenJPEG's to the bit.

use super::codestream::Step;

/// How the coefficients of one subband become samples (T.800 E.1, H.1).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dequantiser {
    roi_shift: u8,
    half_step: f32,
}

impl Dequantiser {
    /// For a subband whose region of interest, if any, is raised by `roi_shift` planes. `step` is that of the subband;
    /// reversible samples have none.
    pub fn new(roi_shift: u8, step: f32) -> Self {
        Self { roi_shift, half_step: 0.5 * step }
    }

    /// Turns a row of coefficients, which have one fractional bit, into samples.
    pub fn apply<C: Copy + Into<i32>, T: Quantised>(&self, coefficients: &[C], samples: &mut [T]) {
        let row = samples.iter_mut().zip(coefficients.iter().map(|&coefficient| coefficient.into()));
        match self.roi_shift {
            0 => row.for_each(|(sample, value)| *sample = T::dequantised(value, self.half_step)),
            shift => row.for_each(|(sample, value)| {
                *sample = T::dequantised(lowered(value, shift), self.half_step);
            }),
        }
    }
}

/// A sample of a subband that has been quantised: `i32` without loss, `f32` with a step size.
pub trait Quantised: Copy + Default {
    /// The sample of a coefficient with one fractional bit.
    fn dequantised(coefficient: i32, half_step: f32) -> Self;
}

impl Quantised for i32 {
    /// Toward zero (T.800 E.1.2.2).
    fn dequantised(coefficient: i32, _half_step: f32) -> Self {
        coefficient / 2
    }
}

impl Quantised for f32 {
    /// T.800 E-6; the reconstruction point is the fractional bit.
    fn dequantised(coefficient: i32, half_step: f32) -> Self {
        coefficient as f32 * half_step
    }
}

/// A coefficient of a region of interest back in its place, any other as it is (T.800 H.1). As in OpenJPEG, the bound
/// between them is held against the coefficient with its fractional bit, and a shift beyond 30 leaves nothing.
fn lowered(coefficient: i32, shift: u8) -> i32 {
    let magnitude = coefficient.unsigned_abs();
    match shift {
        31.. => 0,
        _ if magnitude < 1 << shift => coefficient,
        _ => (magnitude >> shift) as i32 * coefficient.signum(),
    }
}

impl Step {
    /// Number of magnitude bit-planes of the subband, M_b (T.800 E-2).
    pub fn planes(self, guard_bits: u8) -> u8 {
        self.exponent.saturating_add(guard_bits).saturating_sub(1)
    }

    /// The size of the step for components of `precision` bits, for [`f32`] samples (T.800 E-3). The gain of the subband
    /// is left out: the wavelet transform makes up for it.
    pub fn size(self, precision: u8) -> f32 {
        let mantissa = 1.0 + f64::from(self.mantissa) / 2048.0;
        (mantissa * 2f64.powi(i32::from(precision) - i32::from(self.exponent))) as f32
    }
}

/// Undoes the reversible component transform (T.800 G.2.2), in place: Y, Cb, Cr become red, green, blue.
pub fn undo_reversible(components: [&mut [i32]; 3]) {
    let [first, second, third] = components;
    for ((first, second), third) in first.iter_mut().zip(second).zip(third) {
        let (luma, blue, red) = (*first, *second, *third);
        let green = luma.wrapping_sub(blue.wrapping_add(red) >> 2);
        (*first, *second, *third) = (red.wrapping_add(green), green, blue.wrapping_add(green));
    }
}

/// Undoes the irreversible component transform (T.800 G.3.2), in place: Y, Cb, Cr become red, green, blue.
pub fn undo_irreversible(components: [&mut [f32]; 3]) {
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
pub struct Nominal {
    half: i32,
}

impl Nominal {
    /// Of a component with samples of `precision` bits, 1 to 16.
    pub fn new(precision: u8) -> Self {
        Self { half: 1 << (precision.clamp(1, 16) - 1) }
    }

    /// Reversible samples held to the range, as codes: 0 is the least sample.
    pub fn shift(&self, samples: &[i32], codes: &mut [u16]) {
        for (code, sample) in codes.iter_mut().zip(samples) {
            *code = (sample.clamp(&-self.half, &(self.half - 1)) + self.half) as u16;
        }
    }

    /// Irreversible samples held to the range and rounded to the nearest integer, half to even, as codes: 0 is the least
    /// sample. What is not a number becomes 0 too.
    pub fn round(&self, samples: &[f32], codes: &mut [u16]) {
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

    /// Of one row of coefficients.
    fn dequantised<T: Quantised + Default + Clone>(shift: u8, step: f32, coefficients: &[i32]) -> Vec<T> {
        let mut samples = vec![T::default(); coefficients.len()];
        Dequantiser::new(shift, step).apply(coefficients, &mut samples);
        samples
    }

    #[test]
    fn the_fractional_bit_is_cut_or_counts_half() {
        let coefficients = [0, 1, 3, 6, -1, -3, -7, i32::MIN];
        assert_eq!(dequantised::<i32>(0, 0.0, &coefficients), [0, 0, 1, 3, 0, -1, -3, i32::MIN / 2]);
        assert_eq!(dequantised::<f32>(0, 0.25, &coefficients[..5]), [0.0, 0.125, 0.375, 0.75, -0.125]);
        let mut samples = [0; 2];
        Dequantiser::new(0, 0.0).apply(&[-9i16, 8], &mut samples);
        assert_eq!(samples, [-4, 4]);
    }

    #[test]
    fn a_region_of_interest_comes_down() {
        let coefficients = [15, -15, 16, -16, 0x7f << 4, -(0x7f << 4), i32::MIN];
        assert_eq!(dequantised::<i32>(4, 0.0, &coefficients), [7, -7, 0, 0, 0x3f, -0x3f, -(1 << 26)]);
        assert_eq!(dequantised::<i32>(31, 0.0, &coefficients), [0; 7]);
        assert_eq!(dequantised::<f32>(255, 1.0, &coefficients), [0.0; 7]);
    }

    #[test]
    fn steps_have_the_size_of_their_exponent_and_mantissa() {
        let step = Step { exponent: 9, mantissa: 1024 };
        assert_eq!(step.size(8), 0.75);
        assert_eq!(step.size(16), 192.0);
        assert_eq!((step.planes(2), step.planes(0)), (10, 8));
        assert_eq!(Step { exponent: 255, mantissa: u16::MAX }.planes(255), 254);
    }

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
