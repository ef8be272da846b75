//! The inverse wavelet transform of a window (T.800 Annex F): one decomposition level, from four subbands to the
//! resolution above them.
//! Pure. What a window needs of the subbands is decided first, as plain values; then exactly that is computed, and
//! it is the same whichever window asks.

mod lifting;

use std::ops::Range;

use super::layout::BandKind;
use crate::geometry::Rect;
use lifting::{lift_across, lift_along};

pub use lifting::Sample;

/// Samples of a rectangle, row by row.
#[derive(Clone, Debug, PartialEq)]
pub struct Plane<T> {
    /// Where they lie, in the coordinates of their subband or resolution.
    pub rect: Rect,
    /// `rect.width * rect.height` of them.
    pub samples: Vec<T>,
}

impl<T> Plane<T> {
    /// The samples of row `y`, counted in the coordinates of `rect`.
    fn row(&self, y: u32) -> &[T] {
        let width = self.rect.width as usize;
        let start = (y - self.rect.y) as usize * width;
        &self.samples[start..start + width]
    }
}

/// The four subbands that make a resolution.
pub struct Subbands<T> {
    /// The resolution below.
    pub ll: Plane<T>,
    /// Horizontal detail.
    pub hl: Plane<T>,
    /// Vertical detail.
    pub lh: Plane<T>,
    /// Diagonal detail.
    pub hh: Plane<T>,
}

/// What a window of a resolution needs of the subbands that make it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    window: Rect,
    /// The window and as far to either side as its filters reach.
    columns: Range<u32>,
    rows: Range<u32>,
}

impl Need {
    /// The need of `window`, which lies in the rectangle `resolution`, if the samples are of type `T`.
    pub fn new<T: Sample>(resolution: Rect, window: Rect) -> Self {
        Self {
            window,
            columns: reach::<T>(window.x..window.right(), resolution.x..resolution.right()),
            rows: reach::<T>(window.y..window.bottom(), resolution.y..resolution.bottom()),
        }
    }

    /// The window of a subband, in the coordinates of that subband: just what has to be read of it.
    pub fn of(&self, kind: BandKind) -> Rect {
        let columns = halved(&self.columns, matches!(kind, BandKind::Hl | BandKind::Hh));
        let rows = halved(&self.rows, matches!(kind, BandKind::Lh | BandKind::Hh));
        Rect::new(columns.start, rows.start, columns.end - columns.start, rows.end - rows.start)
    }
}

/// The rectangle of the resolution below one (T.800 B-14).
pub fn lower(resolution: Rect) -> Rect {
    let all = Need {
        window: resolution,
        columns: resolution.x..resolution.right(),
        rows: resolution.y..resolution.bottom(),
    };
    all.of(BandKind::Ll)
}

/// The samples of the window that `need` is for. Each subband holds what [`Need::of`] says, no more and no less.
pub fn synthesise<T: Sample>(need: &Need, bands: &Subbands<T>) -> Plane<T> {
    let window = need.window;
    let mut samples = Vec::with_capacity(window.width as usize * window.height as usize);
    let mut line = Line::new(&need.columns, window.x..window.right());
    let mut cascade = Cascade::new(&need.rows, window.y..window.bottom(), &mut samples);
    for y in need.rows.clone() {
        let (low, high) = if y % 2 == 0 { (&bands.ll, &bands.hl) } else { (&bands.lh, &bands.hh) };
        line.synthesise(low.row(y / 2), high.row(y / 2));
        cascade.push(&line);
    }
    cascade.finish();
    Plane { rect: window, samples }
}

/// The samples that an output depends on: `STEPS` to either side of an odd one, one less of an even one. The line ends
/// where `all` ends: it is mirrored there, and what is mirrored lies within.
fn reach<T: Sample>(window: Range<u32>, all: Range<u32>) -> Range<u32> {
    if window.is_empty() {
        return window;
    }
    let margin = |position: u32| T::STEPS as u32 - 1 + position % 2;
    let start = window.start.saturating_sub(margin(window.start));
    let end = window.end.saturating_add(margin(window.end - 1));
    start.max(all.start)..end.min(all.end)
}

/// The low-pass or the high-pass samples of an interval: those at even places, or those at odd ones.
fn halved(interval: &Range<u32>, high: bool) -> Range<u32> {
    match high {
        false => interval.start.div_ceil(2)..interval.end.div_ceil(2),
        true => interval.start / 2..interval.end / 2,
    }
}

/// The part of `all` that is `kept`, counted from the start of `all`.
fn within(all: &Range<u32>, kept: Range<u32>) -> Range<usize> {
    (kept.start - all.start) as usize..(kept.end - all.start) as usize
}

/// The horizontal pass, a row at a time (T.800 F.3.4).
struct Line<T> {
    /// Whether the first sample is odd, a high-pass one.
    odd: bool,
    kept: Range<usize>,
    low: Vec<T>,
    high: Vec<T>,
}

impl<T: Sample> Line<T> {
    fn new(columns: &Range<u32>, kept: Range<u32>) -> Self {
        let (low, high) = (Vec::new(), Vec::new());
        Self { odd: columns.start % 2 == 1, kept: within(columns, kept), low, high }
    }

    fn synthesise(&mut self, low: &[T], high: &[T]) {
        self.low.clear();
        self.high.clear();
        if low.len() + high.len() == 1 {
            self.low.extend(low.iter().map(|sample| sample.alone(false)));
            self.high.extend(high.iter().map(|sample| sample.alone(true)));
            return;
        }
        self.low.extend(low.iter().map(|sample| sample.scaled(false)));
        self.high.extend(high.iter().map(|sample| sample.scaled(true)));
        for step in 0..T::STEPS {
            match step % 2 {
                0 => lift_along(step, &mut self.low, &self.high, !self.odd),
                _ => lift_along(step, &mut self.high, &self.low, self.odd),
            }
        }
    }

    /// Puts the kept samples in their order, each of them `finished`.
    fn interleave(&self, row: &mut Vec<T>, finished: impl Fn(T) -> T) {
        let Range { start, end } = self.kept;
        let (first, second) = if self.odd { (&self.high, &self.low) } else { (&self.low, &self.high) };
        let first = &first[start.div_ceil(2)..end.div_ceil(2)];
        let second = &second[start / 2..end / 2];
        let (first, second) = if start % 2 == 0 { (first, second) } else { (second, first) };
        row.resize(end - start, T::default());
        let (pairs, odd) = row.as_chunks_mut();
        for ([one, other], (&first, &second)) in pairs.iter_mut().zip(first.iter().zip(second)) {
            (*one, *other) = (finished(first), finished(second));
        }
        if let ([one], Some(&last)) = (odd, first.last()) {
            *one = finished(last);
        }
    }
}

/// The vertical pass (T.800 F.3.5). Rows come in at the top; each step follows the one before it a row behind, so that
/// only the rows between the first step and the last are at work, and finished ones go out.
struct Cascade<'a, T> {
    /// Number of rows that will come in.
    count: usize,
    /// Whether the first of them is odd.
    odd: bool,
    kept: Range<usize>,
    /// Number of rows that have come in, or would have.
    pushed: usize,
    /// The rows at work: number `n` is at `n` modulo the length.
    rows: Vec<Vec<T>>,
    finished: &'a mut Vec<T>,
}

impl<'a, T: Sample> Cascade<'a, T> {
    fn new(rows: &Range<u32>, kept: Range<u32>, finished: &'a mut Vec<T>) -> Self {
        Self {
            count: rows.len(),
            odd: rows.start % 2 == 1,
            kept: within(rows, kept),
            pushed: 0,
            rows: vec![Vec::new(); T::STEPS + 2],
            finished,
        }
    }

    fn push(&mut self, line: &Line<T>) {
        let odd = self.is_odd(self.pushed);
        let at = self.pushed % self.rows.len();
        let row = &mut self.rows[at];
        if self.count == 1 {
            line.interleave(row, |sample| sample.alone(odd));
            self.finished.extend_from_slice(row);
        } else {
            match odd {
                false => line.interleave(row, |sample| sample.scaled(false)),
                true => line.interleave(row, |sample| sample.scaled(true)),
            }
            self.advance();
        }
    }

    /// Lets the last rows through after all have come in.
    fn finish(mut self) {
        if self.count > 1 {
            (0..=T::STEPS).for_each(|_| self.advance());
        }
    }

    /// All that can be done now that one more row is there.
    fn advance(&mut self) {
        let newest = self.pushed;
        self.pushed += 1;
        // Even rows want both of their neighbours first, so every step waits for an odd one.
        if !self.is_odd(newest) {
            return;
        }
        for step in 0..T::STEPS {
            if let Some(row) = newest.checked_sub(step + 1).filter(|&row| row < self.count) {
                self.lift(step, row);
            }
        }
        for row in [newest.checked_sub(T::STEPS + 1), newest.checked_sub(T::STEPS)].into_iter().flatten() {
            if self.kept.contains(&row) {
                self.finished.extend_from_slice(&self.rows[row % self.rows.len()]);
            }
        }
    }

    fn lift(&mut self, step: usize, row: usize) {
        let places = self.rows.len();
        // Mirrored at either end. Where that is not an end of the resolution, it is the margin that suffers.
        let above = row.checked_sub(1).unwrap_or(1);
        let below = if row + 1 < self.count { row + 1 } else { row - 1 };
        let mut target = std::mem::take(&mut self.rows[row % places]);
        lift_across(step, &mut target, &self.rows[above % places], &self.rows[below % places]);
        self.rows[row % places] = target;
    }

    fn is_odd(&self, row: usize) -> bool {
        (row % 2 == 1) != self.odd
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
pub mod twin;
