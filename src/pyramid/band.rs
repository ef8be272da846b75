//! A band: up to one row of tiles of pixels, over the whole width of one level.
//! Pure: cutting tiles out of it, and halving it for the next level.
//! TIFF 6.0 section 15: tiles at the right and bottom edge are padded.

/// Rows of interleaved 8-bit samples, from the top of one row of tiles.
pub(super) struct Band<'a> {
    /// The samples, row after row.
    pub(super) pixels: &'a [u8],
    /// Pixels per row.
    pub(super) width: usize,
    /// Samples per pixel.
    pub(super) samples: usize,
}

impl Band<'_> {
    fn row_bytes(&self) -> usize {
        self.width * self.samples
    }

    fn rows(&self) -> usize {
        self.pixels.len() / self.row_bytes()
    }

    fn row(&self, y: usize) -> &[u8] {
        let start = y.min(self.rows() - 1) * self.row_bytes();
        &self.pixels[start..start + self.row_bytes()]
    }

    /// Copies the tile in `column` to `tile`. What lies outside the picture repeats its last pixels: a sharp
    /// step there would ring into the visible part of a JPEG tile, and cost bytes.
    pub(super) fn cut(&self, column: usize, side: usize, tile: &mut Vec<u8>) {
        tile.clear();
        let first = column * side;
        let visible = side.min(self.width - first);
        for y in 0..side {
            let row = self.row(y);
            tile.extend_from_slice(&row[first * self.samples..(first + visible) * self.samples]);
            let last = &row[row.len() - self.samples..];
            (visible..side).for_each(|_| tile.extend_from_slice(last));
        }
    }

    /// Half the width and height, rounded up; each sample the rounded mean of 2x2, where an odd edge counts
    /// double. Rounding up keeps a level as large as the IIIF tiles that cover it, so edges need no scaling.
    pub(super) fn halved(&self) -> Vec<u8> {
        let width = self.width.div_ceil(2);
        let mut half = vec![0; width * self.samples * self.rows().div_ceil(2)];
        for (y, out) in half.chunks_exact_mut(width * self.samples).enumerate() {
            let (upper, lower) = (self.row(2 * y), self.row(2 * y + 1));
            match self.samples {
                3 => mean_row::<3>(upper, lower, out),
                _ => mean_row::<1>(upper, lower, out),
            }
        }
        half
    }
}

/// One row of means. The count of samples is a constant here, so that the compiler can unroll.
fn mean_row<const N: usize>(upper: &[u8], lower: &[u8], out: &mut [u8]) {
    let mean = |a: &[u8], b: &[u8], left: usize, right: usize| {
        let sum = u16::from(a[left]) + u16::from(a[right]) + u16::from(b[left]) + u16::from(b[right]);
        // The mask changes nothing, a quarter of four bytes fits; it says so to the compiler.
        (((sum + 2) >> 2) & 0xFF) as u8
    };
    let pairs = upper.chunks_exact(2 * N).zip(lower.chunks_exact(2 * N));
    for ((a, b), out) in pairs.zip(out.chunks_exact_mut(N)) {
        for (sample, out) in out.iter_mut().enumerate() {
            *out = mean(a, b, sample, sample + N);
        }
    }
    if !upper.len().is_multiple_of(2 * N) {
        let (edge, last) = (upper.len() - N, out.len() - N);
        for sample in 0..N {
            out[last + sample] = mean(upper, lower, edge + sample, edge + sample);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_round_to_nearest_and_edges_count_double() {
        let gray = |pixels, width| Band { pixels, width, samples: 1 }.halved();
        assert_eq!(gray(&[0, 1, 0, 0], 2), [0], "a quarter is nothing");
        assert_eq!(gray(&[0, 1, 1, 0], 2), [1], "a half is one");
        assert_eq!(gray(&[10, 20, 30, 10, 20, 31], 3), [15, 31]);
        assert_eq!(gray(&[255; 9], 3), [255; 4]);
        assert_eq!(gray(&[7], 1), [7]);
    }

    #[test]
    fn tiles_repeat_the_last_pixels() {
        let band = Band { pixels: &[1, 2, 3, 4, 5, 6], width: 3, samples: 1 };
        let mut tile = Vec::new();
        band.cut(1, 2, &mut tile);
        assert_eq!(tile, [3, 3, 6, 6]);
        band.cut(0, 2, &mut tile);
        assert_eq!(tile, [1, 2, 4, 5]);
    }
}
