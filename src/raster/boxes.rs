//! Reducing by whole numbers, each pixel to the mean of a box, while rows come from the top: nothing is held but the
//! result and the sums of one row of it.
//! Pure.

use super::{Raster, Sample};
use crate::picture::{Channels, Dimensions};

/// A picture that is being reduced. The boxes at its right and lower edges have what is there of them.
pub struct Boxes<S> {
    full: Dimensions,
    /// Pixels of the side of a box.
    factor: u32,
    /// Rows that were added, in all.
    rows: u32,
    /// The sums of the row of boxes that is not complete: colours times alpha where there is alpha.
    sums: Vec<u64>,
    reduced: Raster<S>,
}

impl<S: Sample> Boxes<S> {
    /// Of a picture of size `full` to a size of its sides divided by `factor`, rounded up.
    pub fn new(full: Dimensions, channels: Channels, factor: u32) -> Self {
        let factor = factor.max(1);
        let reduced = Dimensions::new(full.width.div_ceil(factor), full.height.div_ceil(factor));
        let sums = vec![0; reduced.width as usize * channels.count()];
        let mut pixels = Vec::new();
        pixels.reserve_exact(reduced.area() as usize * channels.count());
        let reduced = Raster { dimensions: Dimensions::new(reduced.width, 0), channels, pixels };
        Self { full, factor, rows: 0, sums, reduced }
    }

    /// Adds the rows that come next, which are as wide as the picture.
    pub fn add(&mut self, rows: &Raster<S>) {
        for row in rows.pixels.chunks_exact(rows.row_length().max(1)) {
            match (self.reduced.channels.count(), self.reduced.channels.has_alpha()) {
                (1, _) => self.sum::<1>(row),
                (2, _) => self.weigh::<2>(row),
                (3, _) => self.sum::<3>(row),
                (_, false) => self.sum::<4>(row),
                (_, true) => self.weigh::<4>(row),
            }
            self.rows += 1;
            if self.rows.is_multiple_of(self.factor) || self.rows == self.full.height {
                self.end_row();
            }
        }
    }

    /// What is reduced of the rows that were added.
    pub fn finish(self) -> Raster<S> {
        self.reduced
    }

    fn sum<const N: usize>(&mut self, row: &[S]) {
        let boxes = row.chunks(self.factor as usize * N);
        for (pixels, sums) in boxes.zip(self.sums.as_chunks_mut::<N>().0) {
            for pixel in pixels.as_chunks::<N>().0 {
                sums.iter_mut().zip(pixel).for_each(|(sum, sample)| *sum += u64::from(sample.number()));
            }
        }
    }

    /// Alpha is the last of the samples, and the weight of the others.
    fn weigh<const N: usize>(&mut self, row: &[S]) {
        let boxes = row.chunks(self.factor as usize * N);
        for (pixels, sums) in boxes.zip(self.sums.as_chunks_mut::<N>().0) {
            for pixel in pixels.as_chunks::<N>().0 {
                let alpha = u64::from(pixel[N - 1].number());
                for (sum, sample) in sums[..N - 1].iter_mut().zip(pixel) {
                    *sum += u64::from(sample.number()) * alpha;
                }
                sums[N - 1] += alpha;
            }
        }
    }

    /// Makes a row of what was summed.
    fn end_row(&mut self) {
        let count = self.reduced.channels.count();
        let high = (self.rows - 1) % self.factor + 1;
        for (column, sums) in self.sums.chunks_exact_mut(count).enumerate() {
            let left = column as u32 * self.factor;
            let pixels = u64::from(self.factor.min(self.full.width - left)) * u64::from(high);
            let colours = if self.reduced.channels.has_alpha() { count - 1 } else { count };
            let weight = sums.get(colours).copied().unwrap_or(pixels);
            let mean = |sum: u64, weight: u64| S::of(((sum + weight / 2) / weight.max(1)) as u32);
            self.reduced.pixels.extend(sums[..colours].iter().map(|sum| mean(*sum, weight)));
            self.reduced.pixels.extend(sums[colours..].iter().map(|sum| mean(*sum, pixels)));
            sums.fill(0);
        }
        self.reduced.dimensions.height += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The mean of a box by its definition.
    fn mean<S: Sample>(full: &Raster<S>, factor: u32, (x, y, c): (u32, u32, usize)) -> u32 {
        let (count, has_alpha) = (full.channels.count(), full.channels.has_alpha());
        let Dimensions { width, height } = full.dimensions;
        let (mut sum, mut weights) = (0.0, 0.0);
        for row in y * factor..((y + 1) * factor).min(height) {
            for column in x * factor..((x + 1) * factor).min(width) {
                let pixel = &full.pixels[(row * width + column) as usize * count..][..count];
                let weight = if has_alpha && c + 1 < count { pixel[count - 1].number() } else { 1 };
                sum += f64::from(pixel[c].number()) * f64::from(weight);
                weights += f64::from(weight);
            }
        }
        if weights == 0.0 { 0 } else { (sum / weights + 0.5).floor() as u32 }
    }

    fn check<S: Sample>(channels: Channels, full: Dimensions, factor: u32, step: usize) {
        let mut state = 1u32;
        let mut sample = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            // Nothing, everything and what lies between.
            S::of(if state >> 30 == 0 { (state >> 8 & 1) * S::MAX } else { (state >> 8) & S::MAX })
        };
        let pixels = (0..full.area() as usize * channels.count()).map(|_| sample()).collect();
        let whole = Raster { dimensions: full, channels, pixels };
        let size = Dimensions::new(full.width.div_ceil(factor), full.height.div_ceil(factor));
        let mut boxes = Boxes::new(full, channels, factor);
        for rows in whole.pixels.chunks(whole.row_length() * step) {
            let dimensions = Dimensions::new(full.width, (rows.len() / whole.row_length()) as u32);
            boxes.add(&Raster { dimensions, channels, pixels: rows.to_vec() });
        }
        let reduced = boxes.finish();
        assert_eq!((reduced.dimensions, reduced.channels), (size, channels));
        for (at, sample) in reduced.pixels.iter().enumerate() {
            let (pixel, c) = ((at / channels.count()) as u32, at % channels.count());
            let expected = mean(&whole, factor, (pixel % size.width, pixel / size.width, c));
            assert_eq!(sample.number(), expected, "{channels:?} of {full} by {factor}, sample {at}");
        }
    }

    #[test]
    fn each_pixel_is_the_mean_of_its_box() {
        for channels in [Channels::Gray, Channels::GrayAlpha, Channels::Rgb, Channels::Rgba, Channels::Cmyk] {
            for (width, height, factor, step) in
                [(16, 16, 2, 3), (37, 21, 4, 1), (21, 37, 8, 5), (100, 3, 16, 3), (1, 70, 32, 70)]
            {
                check::<u8>(channels, Dimensions::new(width, height), factor, step);
                check::<u16>(channels, Dimensions::new(width, height), factor, step);
            }
        }
    }
}
