//! One row of means of samples. How many samples a pixel has is a constant here, so that the compiler can unroll.

use crate::raster::Sample;

/// Each sample the mean of four, rounded to the nearest, half up.
pub(super) fn plain<const N: usize, S: Sample>(upper: &[S], lower: &[S], out: &mut [S]) {
    each::<N, S>(upper, lower, out, |[a, b, c, d]| {
        std::array::from_fn(|n| {
            S::of((a[n].number() + b[n].number() + c[n].number() + d[n].number() + 2) >> 2)
        })
    });
}

/// The same of pixels whose last sample is alpha: of what is seen of them.
pub(super) fn seen<const N: usize, S: Sample>(upper: &[S], lower: &[S], out: &mut [S]) {
    let nearest = |sum: u64, weights: u64| S::of(((sum + weights / 2) / weights) as u32);
    weighted::<N, S>(upper, lower, out, |sample| u64::from(sample.number()), nearest);
}

/// The last sample is alpha, by which the others are weighted: what cannot be seen does not shine through. `value` is what
/// a sample stands for; `nearest` gives the sample of a sum of weighted values, and of the sum of their weights.
pub(super) fn weighted<const N: usize, S: Sample>(
    upper: &[S],
    lower: &[S],
    out: &mut [S],
    value: impl Fn(S) -> u64,
    nearest: impl Fn(u64, u64) -> S,
) {
    each::<N, S>(upper, lower, out, |four| {
        let alphas = four.map(|pixel| u64::from(pixel[N - 1].number()));
        let whole: u64 = alphas.iter().sum();
        let weights = if whole == 0 { [1; 4] } else { alphas };
        std::array::from_fn(|n| {
            if n == N - 1 {
                return S::of((whole as u32 + 2) >> 2);
            }
            let products = four.iter().zip(weights).map(|(pixel, weight)| value(pixel[n]) * weight);
            nearest(products.sum(), weights.iter().sum())
        })
    });
}

/// Calls `mean` with each four pixels: of the upper row, then of the lower. An odd edge counts double.
pub(super) fn each<const N: usize, S: Sample>(
    upper: &[S],
    lower: &[S],
    out: &mut [S],
    mean: impl Fn([&[S; N]; 4]) -> [S; N],
) {
    let ((upper, _), (lower, _), (out, _)) = (upper.as_chunks(), lower.as_chunks(), out.as_chunks_mut());
    let ((upper, edge), (lower, lower_edge)) = (upper.as_chunks::<2>(), lower.as_chunks::<2>());
    let (inner, last) = out.split_at_mut(upper.len());
    for ((out, [a, b]), [c, d]) in inner.iter_mut().zip(upper).zip(lower) {
        *out = mean([a, b, c, d]);
    }
    for ((out, a), c) in last.iter_mut().zip(edge).zip(lower_edge) {
        *out = mean([a, a, c, c]);
    }
}
