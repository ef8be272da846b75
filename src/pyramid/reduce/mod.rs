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

    /// Appends the half of `from` to `half`: of one raster, or of two beside each other. All rows of the level but the
    /// last come in pairs, and all columns but the last.
    pub(super) fn append_half<S: Sample>(&self, from: &[Raster<S>], half: &mut Raster<S>) {
        let rows = from.first().map_or(0, |raster| raster.dimensions.height);
        let (first, width) = (half.pixels.len(), half.row_length());
        half.pixels.resize(first + rows.div_ceil(2) as usize * width, S::default());
        let mut left = 0;
        for raster in from {
            let length = raster.row_length();
            let own = raster.dimensions.width.div_ceil(2) as usize * raster.channels.count();
            let row = |y: u32| &raster.pixels[y as usize * length..][..length];
            for (y, out) in (0..rows).step_by(2).zip(half.pixels[first..].chunks_exact_mut(width)) {
                let lower = (y + 1).min(rows - 1);
                self.row(row(y), row(lower), raster.channels, &mut out[left..left + own]);
            }
            left += own;
        }
        half.dimensions.height += rows.div_ceil(2);
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
pub(crate) fn half_of(size: Dimensions) -> Dimensions {
    Dimensions::new(size.width.div_ceil(2), size.height.div_ceil(2))
}

#[cfg(test)]
mod tests;
