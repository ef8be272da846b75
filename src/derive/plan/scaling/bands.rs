//! The parts in which a picture is made, so that memory does not grow with the master.
//! Pure arithmetic.

use std::ops::Range;

use super::Scaling;
use super::place::limit;
use crate::picture::Rect;

/// Source pixels that are decoded at once, unless a row of pieces has more: 1.5 MB of RGB, whatever the size of the
/// request. Twice as many take 5 % longer, because they do not fit the CPU caches; half as many gain nothing.
const BAND_AREA: u64 = 1 << 19;

/// A part of the scaled picture, full width, and the pixels of the level that it depends on. Both windows are as wide as
/// that of the whole picture, and may reach one pixel beyond the level, which then repeats its last. Axes may begin before
/// a level, by less than a pixel: windows begin with its first, which is repeated when they are resampled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Band {
    /// Rows of the scaled picture, before it is turned.
    pub rows: Range<u32>,
    /// Pixels of the level.
    pub window: Rect,
    /// The rows of it that no earlier band contains, perhaps none: they begin where the last band's window ends. Bands
    /// end between pieces, so that no piece is decoded for two of them.
    pub fresh: Rect,
}

impl Scaling {
    /// The bands of the picture, top to bottom.
    pub fn bands(self) -> impl Iterator<Item = Band> {
        let whole = self.window();
        let mut cuts = self.cuts(whole).chain([whole.bottom()]);
        let most =
            if self.is_copy() { u32::MAX } else { (BAND_AREA / u64::from(self.x.output)).max(1) as u32 };
        // Rows made, rows that can be made, where reading has got to, and where it goes next.
        let (mut made, mut ready, mut read, mut cut) = (0, 0, whole.y, whole.y);
        std::iter::from_fn(move || {
            while made == ready {
                cut = cuts.next()?;
                ready = if cut == whole.bottom() { self.y.output } else { self.rows_above(cut).max(made) };
            }
            let rows = made..ready.min(made.saturating_add(most));
            let top = self.window_of(rows.clone()).y;
            let strip = |from: u32| Rect::new(whole.x, from, whole.width, cut - from);
            let band = Band { window: strip(top), fresh: strip(read.max(top)), rows };
            (made, read) = (band.rows.end, cut);
            Some(band)
        })
    }

    /// The pixels of the level that are held for a band, at most.
    pub fn band_area(&self) -> u64 {
        let whole = self.window();
        // `as` saturates: what other bands need as well is held for them.
        let rows = self.step(whole).saturating_add(2 * self.y.reach() as u32);
        u64::from(whole.width) * u64::from(rows.min(whole.height))
    }

    /// Rows of the level between which bands may end, but for the last.
    fn cuts(&self, whole: Rect) -> impl Iterator<Item = u32> + use<> {
        let step = self.step(whole);
        let end = whole.bottom().min(self.level_dimensions.height);
        let first = (whole.y / step).saturating_add(1).saturating_mul(step);
        (first..end).step_by(step as usize)
    }

    /// Rows of the level from one of them to the next.
    fn step(&self, whole: Rect) -> u32 {
        let (piece, width) = (self.piece.height.max(1), u64::from(whole.width));
        // What the filter reaches beyond a band is filtered for both its neighbours: it must be a small part of it.
        let rows = (BAND_AREA / width).max(8 * self.y.reach() as u64).max(1) as u32;
        // The one piece that a band touches is held by its decoder, so it may be cut; of several in a row, each would be
        // decoded for every band.
        let is_alone = whole.x / self.piece.width.max(1) == (whole.right() - 1) / self.piece.width.max(1);
        let is_cut = is_alone && piece > rows.saturating_mul(4);
        if is_cut { rows } else { (rows / piece).max(1) * piece }
    }

    /// How many rows of the scaled picture depend only on rows of the level above `cut`.
    fn rows_above(&self, cut: u32) -> u32 {
        let rows = (f64::from(cut) - self.y.reach() - self.y.start) / self.y.scale();
        // `as` saturates. The estimate may be off by a row.
        let estimate = (rows as u32).saturating_add(1).min(self.y.output);
        let limit = limit(&self.y, self.level_dimensions.height);
        (estimate.saturating_sub(2)..=estimate)
            .rev()
            .find(|&rows| rows == 0 || self.y.window(rows - 1..rows, limit).end <= cut)
            .unwrap_or(0)
    }
}
