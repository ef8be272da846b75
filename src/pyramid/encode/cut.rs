//! Tiles whole, from what of them is in the picture. Pure. TIFF 6.0 sections 14 (horizontal differencing) and 15: tiles at
//! the right and bottom edge are padded.

use crate::raster::{Raster, Sample};

/// Makes tiles whole in a buffer of its own.
pub(super) struct Cut<S> {
    side: usize,
    predicts: bool,
    samples: Vec<S>,
}

impl<S: Sample> Cut<S> {
    /// For tiles of `side` pixels; if it `predicts`, samples become differences to the pixel on their left.
    pub(super) fn new(side: usize, predicts: bool) -> Self {
        Self { side, predicts, samples: Vec::new() }
    }

    /// The samples of the tile, row after row. What lies outside the picture repeats its last pixels: a sharp step there
    /// would ring into the visible part of a JPEG tile, and cost bytes.
    pub(super) fn cut(&mut self, pixels: &Raster<S>) -> &[S] {
        let count = pixels.channels.count();
        self.samples.clear();
        self.samples.reserve_exact(self.side * self.side * count);
        let rows = pixels.pixels.chunks_exact(pixels.row_length());
        let missing = self.side - rows.len();
        rows.for_each(|row| self.push_row(row, count));
        let row = self.side * count;
        for _ in 0..missing {
            self.samples.extend_from_within(self.samples.len() - row..);
        }
        &self.samples
    }

    /// The same, where they lie if all of them do. For JPEG: beyond the blocks that show something, padding has one colour,
    /// which costs next to nothing, where grain that is repeated would cost as much as what is seen.
    pub(super) fn in_place_or_cut<'a>(&'a mut self, pixels: &'a Raster<S>) -> &'a [S] {
        let [width, height] = [pixels.dimensions.width, pixels.dimensions.height].map(|side| side as usize);
        if (width, height) == (self.side, self.side) {
            return &pixels.pixels;
        }
        self.cut(pixels);
        self.calm(width, height, pixels.channels.count());
        &self.samples
    }

    /// Gives one colour to what is in no block of the first so many pixels of the first so many rows.
    fn calm(&mut self, width: usize, height: usize, count: usize) {
        let row = self.side * count;
        let last = (height - 1) * row + (width - 1) * count;
        let colour = self.samples[last..last + count].to_vec();
        let within = |size: usize| size.next_multiple_of(MCU_SIDE).min(self.side);
        let (right, below) = (within(width) * count, within(height));
        for (y, line) in self.samples.chunks_exact_mut(row).enumerate() {
            let from = if y < below { right } else { 0 };
            line[from..].chunks_exact_mut(count).for_each(|pixel| pixel.copy_from_slice(&colour));
        }
    }

    fn push_row(&mut self, row: &[S], count: usize) {
        let padding = self.side - row.len() / count;
        if self.predicts {
            self.samples.extend_from_slice(&row[..count]);
            let pairs = row[count..].iter().zip(row);
            self.samples.extend(pairs.map(|(sample, left)| sample.wrapping_sub(*left)));
            self.samples.resize(self.samples.len() + padding * count, S::default());
        } else {
            self.samples.extend_from_slice(row);
            (0..padding).for_each(|_| self.samples.extend_from_slice(&row[row.len() - count..]));
        }
    }
}

/// The side of the largest MCU that we write (4:2:0).
const MCU_SIDE: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::{Channels, Dimensions};

    fn raster(pixels: &[u16], width: u32, channels: Channels) -> Raster<u16> {
        let height = pixels.len() as u32 / width / channels.count() as u32;
        Raster { dimensions: Dimensions::new(width, height), channels, pixels: pixels.to_vec() }
    }

    #[test]
    fn tiles_repeat_the_last_pixels() {
        let (whole, part) = (raster(&[1, 2, 4, 5], 2, Channels::Gray), raster(&[3, 6], 1, Channels::Gray));
        let mut cut = Cut::new(2, false);
        assert_eq!(cut.cut(&part), [3, 3, 6, 6]);
        assert_eq!(cut.cut(&whole), [1, 2, 4, 5]);
        assert_eq!(cut.in_place_or_cut(&whole), [1, 2, 4, 5]);
        assert_eq!(cut.in_place_or_cut(&part), [3, 3, 6, 6]);
        let part = raster(&[1, 2, 3, 4, 5, 6], 3, Channels::Gray);
        assert_eq!(Cut::new(4, false).cut(&part)[4..], [4, 5, 6, 6, 4, 5, 6, 6, 4, 5, 6, 6]);
    }

    #[test]
    fn padding_of_whole_blocks_has_one_colour() {
        let part = raster(&[1, 2, 3, 4, 5, 6], 3, Channels::Gray);
        let mut cut = Cut::new(32, false);
        let tile = cut.in_place_or_cut(&part);
        let row = |y: usize| &tile[y * 32..][..32];
        let with = |head: [u16; 3], tail: u16| [&head[..], &[tail; 13]].concat();
        assert_eq!((&row(0)[..16], &row(0)[16..]), (&with([1, 2, 3], 3)[..], &[6; 16][..]));
        assert_eq!((&row(15)[..16], &row(15)[16..]), (&with([4, 5, 6], 6)[..], &[6; 16][..]));
        assert!((16..32).all(|y| row(y) == [6; 32]));
    }

    #[test]
    fn samples_become_differences_to_the_pixel_on_their_left() {
        let whole = raster(&[10, 20, 11, 19, 12, 0], 3, Channels::GrayAlpha);
        let down = |n: u16| 0u16.wrapping_sub(n);
        assert_eq!(Cut::new(3, true).cut(&whole)[..6], [10, 20, 1, down(1), 1, down(19)]);
        let part = raster(&[12, 0], 1, Channels::GrayAlpha);
        assert_eq!(Cut::new(2, true).cut(&part), [12, 0, 0, 0, 12, 0, 0, 0]);
    }
}
