//! How far pixels are from those that they stand for: over all, and in the worst block. Pure.

use crate::picture::{Channels, Depth};
use crate::raster::{AnyRaster, Raster, Sample};

/// Width and height of a block.
const BLOCK: u32 = 64;

/// The light of red, green and blue, in parts of 256: what JPEG keeps at full size.
const LIGHT: [i64; 3] = [77, 150, 29];

/// Light has a ratio of signal to noise of at least so many decibels, whatever the picture, if it is compressed at a quality
/// of 50 and more; and below that.
const FLOORS: (f64, f64) = (20.0, 12.0);

/// Compares rows from the top.
pub(super) struct Near {
    width: u32,
    channels: Channels,
    /// The greatest sample.
    most: f64,
    /// Of the blocks through which the rows go, from the left.
    row: Vec<Sums>,
    /// Rows that went through them.
    rows: u32,
    all: Sums,
    /// The greatest mean square, and the greatest difference of means of a channel, of all blocks.
    worst: (f64, f64),
}

/// Sums over pixels.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    pixels: u64,
    /// Of the squares of differences, of all samples.
    squares: u64,
    /// Of the squares of differences of light.
    light: u64,
    /// Of differences, for each channel.
    shifts: [i64; 4],
}

impl Near {
    /// For pictures of this width.
    pub(super) fn new(width: u32, channels: Channels, depth: Depth) -> Self {
        let blocks = width.div_ceil(BLOCK) as usize;
        let most = f64::from((1u32 << depth.bits()) - 1);
        let (row, all) = (vec![Sums::default(); blocks], Sums::default());
        Self { width, channels, most, row, rows: 0, all, worst: (0.0, 0.0) }
    }

    /// Adds rows that are the same.
    pub(super) fn same(&mut self, rows: u32) {
        for _ in 0..rows {
            for (block, sums) in self.row.iter_mut().enumerate() {
                sums.pixels += u64::from(BLOCK.min(self.width - block as u32 * BLOCK));
            }
            self.next_row();
        }
    }

    /// Adds rows that may differ.
    pub(super) fn rows(&mut self, expected: &AnyRaster, found: &AnyRaster) {
        match (expected, found) {
            (AnyRaster::Eight(expected), AnyRaster::Eight(found)) => self.rows_of(expected, found),
            (AnyRaster::Sixteen(expected), AnyRaster::Sixteen(found)) => self.rows_of(expected, found),
            // One depth was asked for.
            _ => {}
        }
    }

    fn rows_of<S: Sample>(&mut self, expected: &Raster<S>, found: &Raster<S>) {
        let (length, count) = (expected.row_length(), self.channels.count());
        let block = BLOCK as usize * count;
        for (was, is) in expected.pixels.chunks_exact(length).zip(found.pixels.chunks_exact(length)) {
            for ((was, is), sums) in was.chunks(block).zip(is.chunks(block)).zip(&mut self.row) {
                let pixels = was.chunks_exact(count).zip(is.chunks_exact(count));
                pixels.for_each(|(was, is)| sums.add(was, is));
            }
            self.next_row();
        }
    }

    fn next_row(&mut self) {
        self.rows += 1;
        if self.rows == BLOCK {
            self.close();
        }
    }

    /// The blocks through which rows went are complete.
    fn close(&mut self) {
        for sums in self.row.iter_mut().filter(|sums| sums.pixels > 0) {
            let samples = sums.pixels as f64 * self.channels.count() as f64;
            let shift = sums.shifts.iter().map(|shift| shift.unsigned_abs()).max().unwrap_or(0);
            self.worst.0 = self.worst.0.max(sums.squares as f64 / samples);
            self.worst.1 = self.worst.1.max(shift as f64 / sums.pixels as f64);
            self.all.join(sums);
            *sums = Sums::default();
        }
        self.rows = 0;
    }

    /// After the last row.
    pub(super) fn end(mut self) -> Self {
        self.close();
        self
    }

    /// Whether nothing differs.
    pub(super) fn is_exact(&self) -> bool {
        self.all.squares == 0
    }

    /// The ratio of signal to noise, in decibels; None if there is no noise.
    pub(super) fn psnr(&self) -> Option<f64> {
        self.decibels(self.all.squares as f64 / (self.all.pixels as f64 * self.channels.count() as f64))
    }

    /// The same of the worst block.
    pub(super) fn worst_block(&self) -> Option<f64> {
        self.decibels(self.worst.0)
    }

    fn decibels(&self, mean_square: f64) -> Option<f64> {
        let ratio = 10.0 * (self.most * self.most / mean_square).log10();
        (mean_square > 0.0).then(|| (ratio * 100.0).round() / 100.0)
    }

    /// Whether pixels are where they should be, and of the colour that they should have, as far as compression at this
    /// quality leaves them so. Noise of colours may be lost, so that light is what tells of the place; the mean colour of a
    /// block hardly changes.
    ///
    /// # Errors
    /// Why not, in words.
    pub(super) fn check(&self, quality: u8) -> Result<(), String> {
        let floor = if quality >= 50 { FLOORS.0 } else { FLOORS.1 };
        let light = self.decibels(self.all.light as f64 / self.all.pixels.max(1) as f64);
        if let Some(light) = light.filter(|light| *light < floor) {
            return Err(format!("its signal is only {light} dB above its noise, and must be {floor}"));
        }
        // Steps of the means grow as quality falls.
        let (shift, most) = (self.worst.1 * 255.0 / self.most, 4.0 + 200.0 / f64::from(quality.max(1)));
        match shift <= most {
            true => Ok(()),
            false => Err(format!("a block of {BLOCK} pixels differs by {shift:.1} of 255 on average")),
        }
    }
}

impl Sums {
    fn add<S: Sample>(&mut self, was: &[S], is: &[S]) {
        let mut light = 0;
        for (channel, (was, is)) in was.iter().zip(is).enumerate() {
            let difference = i64::from(is.number()) - i64::from(was.number());
            self.squares += (difference * difference).unsigned_abs();
            self.shifts[channel] += difference;
            light += difference * LIGHT.get(channel).copied().unwrap_or(0);
        }
        let light = if was.len() < LIGHT.len() { light / LIGHT[0] } else { light / 256 };
        self.light += (light * light).unsigned_abs();
        self.pixels += 1;
    }

    fn join(&mut self, other: &Self) {
        self.pixels += other.pixels;
        self.squares += other.squares;
        self.light += other.light;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::Dimensions;

    fn raster(change: impl Fn(usize, u8) -> u8) -> AnyRaster {
        let dimensions = Dimensions::new(100, 70);
        let pixels = (0..100 * 70 * 3).map(|n| change(n, (n % 251) as u8)).collect();
        AnyRaster::Eight(Raster { dimensions, channels: Channels::Rgb, pixels })
    }

    fn compared(change: impl Fn(usize, u8) -> u8) -> Near {
        let mut near = Near::new(100, Channels::Rgb, Depth::Eight);
        near.rows(&raster(|_, sample| sample), &raster(change));
        near.end()
    }

    #[test]
    fn what_is_lost_is_told_and_what_is_wrong_is_refused() {
        let same = compared(|_, sample| sample);
        assert_eq!((same.is_exact(), same.psnr(), same.check(85)), (true, None, Ok(())));
        // Off by one everywhere: 20 log10(255).
        let off = compared(|_, sample| sample + 1);
        assert_eq!((off.psnr(), off.worst_block(), off.check(85)), (Some(48.13), Some(48.13), Ok(())));
        // The last block, of 36 by 6 pixels, in another colour.
        let wrong = compared(|n, sample| if n / 300 >= 64 && n % 300 >= 192 { 0 } else { sample });
        assert!(wrong.psnr() > Some(20.0) && wrong.worst_block() < Some(10.0) && wrong.check(85).is_err());
        // Everything in another place.
        assert!(compared(|n, _| ((n + 90) % 251) as u8).check(85).is_err());
    }
}
