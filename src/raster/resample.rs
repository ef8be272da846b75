//! Scaling by convolution at exact fractional offsets: area-true when reducing, Lanczos of three lobes throughout.
//! Pure. The kernel is that of libvips and Pillow, so that tests can compare with them.

use std::fmt;
use std::ops::Range;

use bytemuck::{cast_slice, cast_slice_mut};
use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{Filter, FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};

use super::{Raster, Sample};
use crate::picture::{Channels, Depth, Dimensions, Rect};

/// Reach of the kernel to either side, in pixels of the coarser of the two grids.
pub const SUPPORT: f64 = 3.0;

/// Bytes that it keeps between two pictures: more than a thumbnail takes.
const KEPT_BYTES: usize = 1 << 20;

/// How one axis of a picture is scaled: a stretch of source pixels becomes `output` pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Axis {
    /// Where the stretch begins, in source pixels; 0.5 is the middle of the first. It may begin before them, by less than
    /// one.
    pub start: f64,
    /// Its length in source pixels.
    pub length: f64,
    /// The number of pixels to make of it.
    pub output: u32,
}

impl Axis {
    /// Source pixels per output pixel.
    pub fn scale(&self) -> f64 {
        self.length / f64::from(self.output)
    }

    /// Whether output pixels are source pixels, so that nothing is computed.
    pub fn is_copy(&self) -> bool {
        self.start.fract() == 0.0 && self.length == f64::from(self.output)
    }

    /// How far beyond their own place output pixels depend on source pixels, in source pixels.
    pub fn reach(&self) -> f64 {
        if self.is_copy() { 0.0 } else { SUPPORT * self.scale().max(1.0) + 1.0 }
    }

    /// The source pixels that `outputs` depend on, of an image that ends at `limit`.
    pub fn window(&self, outputs: Range<u32>, limit: u32) -> Range<u32> {
        let from = self.start + f64::from(outputs.start) * self.scale();
        let to = self.start + f64::from(outputs.end) * self.scale();
        let reach = self.reach();
        // `as` saturates; both ends are within the image afterwards, and at least one pixel apart.
        let first = ((from - reach).floor() as u32).min(limit.saturating_sub(1));
        let last = ((to + reach).ceil() as u32).min(limit);
        first..last.max(first + 1)
    }
}

impl fmt::Display for Axis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3} + {:.3} -> {}", self.start, self.length, self.output)
    }
}

/// Scales rasters; reuses its buffers from one band to the next.
pub struct Resampler {
    resizer: Resizer,
    kernel: FilterType,
}

impl Default for Resampler {
    fn default() -> Self {
        // The library's own kernel makes the same pixels, with two sines for each weight: a thumbnail takes 2 % longer.
        let kernel =
            Filter::new("Lanczos", lanczos, SUPPORT).map_or(FilterType::Lanczos3, FilterType::Custom);
        Self { resizer: Resizer::default(), kernel }
    }
}

impl Resampler {
    /// Frees its buffers if they are large.
    pub fn release_buffers(&mut self) {
        if self.resizer.size_of_internal_buffers() > KEPT_BYTES {
            self.resizer.reset_internal_buffers();
        }
    }

    /// Makes rows `rows` of the picture that `x` and `y` describe from `source`, the pixels of `window`.
    ///
    /// # Errors
    /// If the window does not hold what the axes need: an error of the caller.
    pub fn resample<S: Sample>(
        &mut self,
        source: &Raster<S>,
        window: Rect,
        (x, y): (Axis, Axis),
        rows: Range<u32>,
    ) -> Result<Raster<S>, fast_image_resize::ResizeError> {
        let height = rows.end - rows.start;
        let mut output = Raster::new(Dimensions::new(x.output, height), source.channels);
        let pixels = pixel_type(S::DEPTH, source.channels);
        let left = x.start - f64::from(window.x);
        let top = y.start + f64::from(rows.start) * y.scale() - f64::from(window.y);
        // Sums of fractions may end slightly beyond the last pixel.
        let across = x.length.min(f64::from(window.width) - left);
        let down = (f64::from(height) * y.scale()).min(f64::from(window.height) - top);
        let (columns, rows_before) = (u32::from(left < 0.0), u32::from(top < 0.0));
        let begun = (columns + rows_before > 0).then(|| source.begun_before(columns, rows_before));
        let source = begun.as_ref().unwrap_or(source);
        let options = ResizeOptions::new()
            .resize_alg(ResizeAlg::Convolution(self.kernel))
            .use_alpha(source.channels.has_alpha())
            .crop(left + f64::from(columns), top + f64::from(rows_before), across, down);
        let Dimensions { width, height: source_height } = source.dimensions;
        let (Ok(from), Ok(mut to)) = (
            ImageRef::new(width, source_height, cast_slice(&source.pixels), pixels),
            Image::from_slice_u8(x.output, height, cast_slice_mut(&mut output.pixels), pixels),
        ) else {
            return Err(fast_image_resize::ResizeError::PixelTypesAreDifferent);
        };
        self.resizer.resize(&from, &mut to, &options)?;
        Ok(output)
    }
}

/// The kernel, sinc(x) sinc(x / 3), with one sine: that of three times an angle is 3 sin - 4 sin^3.
fn lanczos(x: f64) -> f64 {
    let angle = x * (std::f64::consts::PI / SUPPORT);
    let square = angle.sin().powi(2);
    match x.abs() {
        ..1e-9 => 1.0,
        distance if distance < SUPPORT => square * (3.0 - 4.0 * square) / (3.0 * angle * angle),
        _ => 0.0,
    }
}

fn pixel_type(depth: Depth, channels: Channels) -> PixelType {
    let [eight, sixteen] = match channels {
        Channels::Gray => [PixelType::U8, PixelType::U16],
        Channels::GrayAlpha => [PixelType::U8x2, PixelType::U16x2],
        Channels::Rgb => [PixelType::U8x3, PixelType::U16x3],
        Channels::Rgba | Channels::Cmyk => [PixelType::U8x4, PixelType::U16x4],
    };
    match depth {
        Depth::Eight => eight,
        Depth::Sixteen => sixteen,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The kernel by its textbook formula.
    fn plain_kernel(v: f64) -> f64 {
        let sinc = |v: f64| {
            if v == 0.0 { 1.0 } else { (std::f64::consts::PI * v).sin() / (std::f64::consts::PI * v) }
        };
        if v.abs() < 3.0 { sinc(v) * sinc(v / 3.0) } else { 0.0 }
    }

    #[test]
    fn the_kernel_is_that_of_lanczos() {
        for n in -4000..=4000 {
            let x = f64::from(n) / 1000.0;
            assert!((lanczos(x) - plain_kernel(x)).abs() < 1e-14, "{x}");
        }
        assert!((lanczos(1e-300) - 1.0).abs() < 1e-14 && lanczos(f64::NAN) == 0.0);
    }

    /// The plain reference: the sum over a normalised Lanczos kernel for every output pixel, in floating point.
    fn naive(source: &Raster, (x, y): (Axis, Axis)) -> Vec<f64> {
        let weights = |axis: Axis, index: u32, limit: u32| -> Vec<f64> {
            let centre = axis.start + (f64::from(index) + 0.5) * axis.scale();
            let of = |n| plain_kernel((f64::from(n) + 0.5 - centre) / axis.scale().max(1.0));
            let sum: f64 = (0..limit).map(of).sum();
            (0..limit).map(|n| of(n) / sum).collect()
        };
        let Dimensions { width, height } = source.dimensions;
        let mut output = Vec::new();
        for row in 0..y.output {
            let down = weights(y, row, height);
            for column in 0..x.output {
                let across = weights(x, column, width);
                let value = |n: usize| down[n / width as usize] * across[n % width as usize];
                output.push(source.pixels.iter().enumerate().map(|(n, p)| f64::from(*p) * value(n)).sum());
            }
        }
        output
    }

    #[test]
    fn bands_are_the_picture_and_the_picture_is_the_kernel() {
        let mut source = Raster::<u8>::new(Dimensions::new(37, 41), Channels::Gray);
        // Smooth enough that rounding between the passes stays below one level.
        for (n, pixel) in source.pixels.iter_mut().enumerate() {
            let (x, y) = ((n % 37) as f64, (n / 37) as f64);
            *pixel = (128.0 + 60.0 * (x / 5.0).sin() + 60.0 * (y / 4.0).cos()) as u8;
        }
        for axes in [
            (Axis { start: 3.25, length: 30.5, output: 11 }, Axis { start: 0.0, length: 41.0, output: 13 }),
            (Axis { start: 1.5, length: 8.0, output: 24 }, Axis { start: 30.75, length: 10.25, output: 20 }),
        ] {
            let whole = Rect::whole(source.dimensions);
            let mut resampler = Resampler::default();
            let picture = resampler.resample(&source, whole, axes, 0..axes.1.output).expect("inside");
            for (have, want) in picture.pixels.iter().zip(naive(&source, axes)) {
                assert!((f64::from(*have) - want).abs() <= 1.5, "{have} is not {want}");
            }
            let split = axes.1.output / 3;
            let mut joined = Vec::new();
            for rows in [0..split, split..axes.1.output] {
                let needed = axes.1.window(rows.clone(), 41);
                let window = Rect::new(0, needed.start, 37, needed.end - needed.start);
                let mut part = Raster::<u8>::new(window.dimensions(), Channels::Gray);
                part.pixels
                    .copy_from_slice(&source.pixels[needed.start as usize * 37..needed.end as usize * 37]);
                joined.extend(resampler.resample(&part, window, axes, rows).expect("inside").pixels);
            }
            assert_eq!(joined, picture.pixels);
        }
    }

    #[test]
    fn a_stretch_may_begin_before_the_first_pixel() {
        let mut source = Raster::<u8>::new(Dimensions::new(30, 20), Channels::Gray);
        for (n, pixel) in source.pixels.iter_mut().enumerate() {
            *pixel = (40 + 3 * (n % 30) + 4 * (n / 30)) as u8;
        }
        let begun = source.begun_before(1, 1);
        assert_eq!((begun.dimensions, begun.pixels[0], begun.pixels[32]), (Dimensions::new(31, 21), 40, 40));
        let whole = Rect::whole(source.dimensions);
        for (left, top) in [(-0.4, -0.25), (-0.4, 2.0), (1.5, -0.01)] {
            let axes =
                |by| [left, top].map(|start| Axis { start: start + by, length: 15.0, output: 10 }).into();
            let mut resampler = Resampler::default();
            let have = resampler.resample(&source, whole, axes(0.0), 0..10).expect("inside");
            let want = naive(&begun, axes(1.0));
            for (have, want) in have.pixels.iter().zip(want) {
                assert!((f64::from(*have) - want).abs() <= 1.5, "{left} {top}: {have} is not {want}");
            }
        }
    }

    #[test]
    fn windows_reach_as_far_as_the_kernel_and_no_further_than_the_image() {
        let copy = Axis { start: 256.0, length: 256.0, output: 256 };
        assert_eq!(copy.window(0..256, 1000), 256..512);
        let half = Axis { start: 100.5, length: 200.0, output: 100 };
        assert_eq!(half.window(0..100, 1000), 93..308);
        assert_eq!(half.window(0..100, 302), 93..302);
        assert_eq!(half.window(50..51, 1000), 193..210);
    }
}
