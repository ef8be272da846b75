//! The next level of a pyramid: half of the width and height, rounded up, each pixel the mean of two by two, where an odd
//! edge counts double. Pure. Rounding up keeps a level as large as the IIIF tiles that cover it, so edges need no scaling.

mod light;
mod mean;

use crate::picture::{Channels, Dimensions};
use crate::raster::{Raster, Sample};
use light::Light;

/// How pixels become one.
pub(super) struct Reduction {
    /// What samples stand for, if not themselves.
    light: Option<Light>,
}

impl Reduction {
    /// Means of samples, or of the light that they stand for by the curve of sRGB. Inks are no light: their means are
    /// those of samples.
    pub(super) fn new<S: Sample>(channels: Channels, linear: bool) -> Self {
        Self { light: (linear && channels != Channels::Cmyk).then(Light::new::<S>) }
    }

    /// Appends the half of `from` to `half`, which has the width for it. All rows of the level but the last come in
    /// pairs.
    pub(super) fn append_half<S: Sample>(&self, from: &Raster<S>, half: &mut Raster<S>) {
        let (rows, length) = (from.dimensions.height as usize, from.row_length());
        let (first, width) = (half.pixels.len(), half.row_length());
        half.pixels.resize(first + rows.div_ceil(2) * width, S::default());
        for (out, y) in half.pixels[first..].chunks_exact_mut(width).zip((0..rows).step_by(2)) {
            let lower = (y + 1).min(rows - 1);
            let row = |y: usize| &from.pixels[y * length..][..length];
            self.row(row(y), row(lower), from.channels, out);
        }
        half.dimensions.height += from.dimensions.height.div_ceil(2);
    }

    fn row<S: Sample>(&self, upper: &[S], lower: &[S], channels: Channels, out: &mut [S]) {
        match (channels, &self.light) {
            (Channels::Gray, None) => mean::plain::<1, S>(upper, lower, out),
            (Channels::Rgb, None) => mean::plain::<3, S>(upper, lower, out),
            (Channels::Cmyk, _) => mean::plain::<4, S>(upper, lower, out),
            (Channels::GrayAlpha, None) => mean::seen::<2, S>(upper, lower, out),
            (Channels::Rgba, None) => mean::seen::<4, S>(upper, lower, out),
            (Channels::Gray, Some(light)) => light.plain::<1, S>(upper, lower, out),
            (Channels::Rgb, Some(light)) => light.plain::<3, S>(upper, lower, out),
            (Channels::GrayAlpha, Some(light)) => light.weighted::<2, S>(upper, lower, out),
            (Channels::Rgba, Some(light)) => light.weighted::<4, S>(upper, lower, out),
        }
    }
}

/// The size of the next level.
pub(super) fn half_of(size: Dimensions) -> Dimensions {
    Dimensions::new(size.width.div_ceil(2), size.height.div_ceil(2))
}

#[cfg(test)]
mod tests;
