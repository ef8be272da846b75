//! Means of the light that samples stand for by the curve of sRGB (IEC 61966-2-1): tables both ways, rounded to the
//! nearest sample. Alpha is no light, and has no curve.

use super::mean::{each, weighted};
use crate::raster::Sample;

/// Full light: its bits, and itself. Four times of it, weighted by four alphas of 16 bits, fit in 64 bits.
const FULL_BITS: u32 = 40;
const FULL: f64 = (1u64 << FULL_BITS) as f64;

/// How much less the sum of four lights can be than it should, each being rounded, and the weighted sum once more. Means in
/// the dark, where the curve is a line, are often halfway between two samples, and are rounded up there.
const ROUNDED: f64 = 3.0;

/// The light of samples, and the samples of light.
pub(super) struct Light {
    /// The light of each sample.
    of: Vec<u64>,
    /// From which sum of four lights on each sample is the nearest; behind the last one a sum that there is not.
    from: Vec<u64>,
    /// The sample for the least sum of each part of the range of sums; all parts are as long.
    first: Vec<u16>,
    /// The bits that number the places in a part.
    shift: u32,
}

impl Light {
    pub(super) fn new<S: Sample>() -> Self {
        let of = (0..=S::MAX).map(|sample| (FULL * light_of(f64::from(sample), S::MAX)).round() as u64);
        // The samples of dark places are as close as a part is long, or in 16 bits three in a part.
        let parts: u32 = if S::MAX == 255 { 1 << 12 } else { 1 << 18 };
        let limit = |sample| (4.0 * FULL * light_of(f64::from(sample) - 0.5, S::MAX) - ROUNDED).ceil() as u64;
        let from: Vec<u64> = std::iter::once(0).chain((1..=S::MAX).map(limit)).chain([u64::MAX]).collect();
        let shift = FULL_BITS + 2 - parts.ilog2();
        let mut sample = 0;
        // The greatest sum begins one more part.
        let first = (0..=u64::from(parts)).map(|part| {
            while from[sample + 1] <= part << shift {
                sample += 1;
            }
            sample as u16
        });
        let first = first.collect();
        Self { of: of.collect(), from, first, shift }
    }

    fn of<S: Sample>(&self, sample: S) -> u64 {
        self.of[sample.number() as usize]
    }

    /// The sample that is nearest to a quarter of this.
    fn sample<S: Sample>(&self, sum: u64) -> S {
        let mut sample = usize::from(self.first[(sum >> self.shift) as usize]);
        while self.from[sample + 1] <= sum {
            sample += 1;
        }
        S::of(sample as u32)
    }

    /// Each sample the mean of four.
    pub(super) fn plain<const N: usize, S: Sample>(&self, upper: &[S], lower: &[S], out: &mut [S]) {
        each::<N, S>(upper, lower, out, |[a, b, c, d]| {
            std::array::from_fn(|n| {
                self.sample(self.of(a[n]) + self.of(b[n]) + self.of(c[n]) + self.of(d[n]))
            })
        });
    }

    /// The last sample is alpha, by which the light of the others is weighted.
    pub(super) fn weighted<const N: usize, S: Sample>(&self, upper: &[S], lower: &[S], out: &mut [S]) {
        let nearest = |sum: u64, weights: u64| self.sample((4 * sum + weights / 2) / weights);
        weighted::<N, S>(upper, lower, out, |sample| self.of(sample), nearest);
    }
}

/// The light of a sample, from 0 to 1.
fn light_of(sample: f64, max: u32) -> f64 {
    let value = sample / f64::from(max);
    match value <= 0.04045 {
        true => value / 12.92,
        false => ((value + 0.055) / 1.055).powf(2.4),
    }
}
