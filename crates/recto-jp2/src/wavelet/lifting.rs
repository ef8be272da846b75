//! The two lifting filters of T.800 F.3.8, on rows that are still apart into their low-pass and high-pass samples.
//! Pure. The arithmetic is OpenJPEG's to the bit: `f32` in its order of operations, `i32` that wraps around.
//!
//! Both filters are a cascade of steps. A step adds to every sample of one parity a function of its two neighbours,
//! which are of the other parity; step 0 changes the even (low-pass) samples, step 1 the odd ones, and so on in turn.

/// A sample of a subband, and the filter that belongs to its type: 5/3 for `i32`, 9/7 for `f32`.
pub(crate) trait Sample: Copy + Default {
    /// Number of lifting steps. A sample depends on input as many places away, an even one on one less.
    const STEPS: usize;

    /// A low-pass sample, or a high-pass one, as the first step wants it.
    fn scaled(self, high: bool) -> Self;

    /// What becomes of a line that is one sample long (T.800 F.3.6).
    fn alone(self, odd: bool) -> Self;

    /// Carries out one step on samples that come with both of their neighbours.
    fn lift<'a>(step: usize, samples: impl Iterator<Item = (&'a mut Self, Self, Self)>)
    where
        Self: 'a;

    /// What a sample was before a step that came with these neighbours.
    fn unlifted(self, step: usize, before: Self, after: Self) -> Self;

    /// A low-pass sample before it was as the first step wants it.
    fn unscaled(self) -> Self;
}

/// Reversible: T.800 F-5 and F-6.
impl Sample for i32 {
    const STEPS: usize = 2;

    fn scaled(self, _high: bool) -> Self {
        self
    }

    fn alone(self, odd: bool) -> Self {
        if odd { self / 2 } else { self }
    }

    fn lift<'a>(step: usize, samples: impl Iterator<Item = (&'a mut Self, Self, Self)>) {
        if step == 0 {
            samples.for_each(|(sample, before, after)| {
                *sample = sample.wrapping_sub(before.wrapping_add(after).wrapping_add(2) >> 2);
            });
        } else {
            samples.for_each(|(sample, before, after)| {
                *sample = sample.wrapping_add(before.wrapping_add(after) >> 1);
            });
        }
    }

    fn unlifted(self, step: usize, before: Self, after: Self) -> Self {
        match step {
            0 => self.wrapping_add(before.wrapping_add(after).wrapping_add(2) >> 2),
            _ => self.wrapping_sub(before.wrapping_add(after) >> 1),
        }
    }

    fn unscaled(self) -> Self {
        self
    }
}

/// Irreversible: T.800 F-7.
impl Sample for f32 {
    const STEPS: usize = 4;

    fn scaled(self, high: bool) -> Self {
        self * if high { TWO_BY_K } else { K }
    }

    /// Not halved when odd: high-pass samples come halved, as `TWO_BY_K` says.
    fn alone(self, _odd: bool) -> Self {
        self
    }

    fn lift<'a>(step: usize, samples: impl Iterator<Item = (&'a mut Self, Self, Self)>) {
        let factor = FACTORS[step];
        samples.for_each(|(sample, before, after)| *sample += (before + after) * factor);
    }

    fn unlifted(self, step: usize, before: Self, after: Self) -> Self {
        self - (before + after) * FACTORS[step]
    }

    fn unscaled(self) -> Self {
        self / K
    }
}

/// Carries out one step along a row: the samples that it changes are `targets`, those between them `others`.
/// `leads` says whether the first sample of the row is a target. Beyond its ends the row is mirrored
/// (T.800 F.3.7); it has two samples at least.
pub(super) fn lift_along<T: Sample>(step: usize, targets: &mut [T], others: &[T], leads: bool) {
    let (Some(&first), Some(&last)) = (others.first(), others.last()) else { return };
    let (head, targets) = targets.split_at_mut(usize::from(leads));
    T::lift(step, head.iter_mut().map(|target| (target, first, first)));
    let (middle, tail) = targets.split_at_mut(targets.len().min(others.len() - 1));
    let neighbours = others.iter().zip(&others[1..]);
    T::lift(
        step,
        middle.iter_mut().zip(neighbours).map(|(target, (&before, &after))| (target, before, after)),
    );
    T::lift(step, tail.iter_mut().map(|target| (target, last, last)));
}

/// Carries out one step on a whole row, whose neighbours are the rows above and below.
pub(super) fn lift_across<T: Sample>(step: usize, row: &mut [T], above: &[T], below: &[T]) {
    let neighbours = above.iter().zip(below);
    T::lift(step, row.iter_mut().zip(neighbours).map(|(sample, (&above, &below))| (sample, above, below)));
}

/// Table F.4 of T.800: delta, gamma, beta, alpha, in the order of the steps and with the sign they are added with.
#[expect(clippy::excessive_precision, reason = "the digits of the standard")]
const FACTORS: [f32; 4] = [-0.443_506_852, -0.882_911_075, 0.052_980_118, 1.586_134_342];

/// Table F.4 of T.800.
#[expect(clippy::excessive_precision, reason = "the digits of the standard")]
const K: f32 = 1.230_174_105;

/// About twice what T.800 multiplies high-pass samples with. It is OpenJPEG's number, 3.3e-5 less than 2 / K; OpenJPEG
/// leaves the gain of the subband out of the step size in return.
#[expect(clippy::excessive_precision, reason = "the digits of OpenJPEG")]
const TWO_BY_K: f32 = 1.625_732_422;
