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

/// The last sample is alpha, by which the others are weighted: what cannot be seen does not shine through.
pub(super) fn weighted<const N: usize, S: Sample>(upper: &[S], lower: &[S], out: &mut [S]) {
    each::<N, S>(upper, lower, out, |four| {
        let alphas = four.map(|pixel| u64::from(pixel[N - 1].number()));
        let whole: u64 = alphas.iter().sum();
        let weights = if whole == 0 { [1; 4] } else { alphas };
        let sum: u64 = weights.iter().sum();
        std::array::from_fn(|n| {
            if n == N - 1 {
                return S::of((whole as u32 + 2) >> 2);
            }
            let products =
                four.iter().zip(weights).map(|(pixel, weight)| u64::from(pixel[n].number()) * weight);
            S::of(((products.sum::<u64>() + sum / 2) / sum) as u32)
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
