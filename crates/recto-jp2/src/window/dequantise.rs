//! From the coefficients of code-blocks to subband samples (T.800 Annexes E and H).
//! Pure. Rounding is OpenJPEG's to the bit.

/// How the coefficients of one subband become samples (T.800 E.1, H.1).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Dequantiser {
    roi_shift: u8,
    half_step: f32,
}

impl Dequantiser {
    /// For a subband whose region of interest, if any, is raised by `roi_shift` planes. `step` is that of the subband;
    /// reversible samples have none.
    pub(super) fn new(roi_shift: u8, step: f32) -> Self {
        Self { roi_shift, half_step: 0.5 * step }
    }

    /// Turns a row of coefficients, which have one fractional bit, into samples.
    pub(super) fn apply<C: Copy + Into<i32>, T: Quantised>(&self, coefficients: &[C], samples: &mut [T]) {
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
pub(super) trait Quantised: Copy + Default {
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

#[cfg(test)]
mod tests {
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
}
