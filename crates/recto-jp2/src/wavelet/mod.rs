//! The inverse wavelet transform of a window (T.800 Annex F): one decomposition level, from four subbands to the
//! resolution above them.
//! Pure. What a window needs of the subbands is decided first, as plain values; then exactly that is computed, and
//! it is the same whichever window asks.

mod lifting;
mod lowered;
mod passes;

use std::ops::Range;

use crate::codestream::BandKind;
use crate::geometry::Rect;
use crate::planes::Plane;
use passes::{Cascade, Line};

pub(crate) use lifting::Sample;
pub(crate) use lowered::{lowered, source};

/// The four subbands that make a resolution.
pub(crate) struct Subbands<T> {
    /// The resolution below.
    pub ll: Plane<T>,
    /// Horizontal detail.
    pub hl: Plane<T>,
    /// Vertical detail.
    pub lh: Plane<T>,
    /// Diagonal detail.
    pub hh: Plane<T>,
}

impl<T> Subbands<T> {
    /// All four.
    pub(crate) fn planes(self) -> [Plane<T>; 4] {
        [self.ll, self.hl, self.lh, self.hh]
    }
}

/// What a window of a resolution needs of the subbands that make it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Need {
    window: Rect,
    /// The window and as far to either side as its filters reach.
    columns: Range<u32>,
    rows: Range<u32>,
}

impl Need {
    /// The window.
    pub(crate) fn window(&self) -> Rect {
        self.window
    }

    /// The need of `window`, which lies in the rectangle `resolution`, if the samples are of type `T`.
    pub(crate) fn new<T: Sample>(resolution: Rect, window: Rect) -> Self {
        Self {
            window,
            columns: reach::<T>(window.x..window.right(), resolution.x..resolution.right()),
            rows: reach::<T>(window.y..window.bottom(), resolution.y..resolution.bottom()),
        }
    }

    /// The window of a subband, in the coordinates of that subband: just what has to be read of it.
    pub(crate) fn of(&self, kind: BandKind) -> Rect {
        let columns = halved(&self.columns, matches!(kind, BandKind::Hl | BandKind::Hh));
        let rows = halved(&self.rows, matches!(kind, BandKind::Lh | BandKind::Hh));
        Rect::new(columns.start, rows.start, columns.end - columns.start, rows.end - rows.start)
    }
}

/// The rectangle of the resolution below one (T.800 B-14).
pub(crate) fn lower(resolution: Rect) -> Rect {
    let all = Need {
        window: resolution,
        columns: resolution.x..resolution.right(),
        rows: resolution.y..resolution.bottom(),
    };
    all.of(BandKind::Ll)
}

/// The samples of the window that `need` is for, in the memory of `samples`. Each subband holds what [`Need::of`] says,
/// no more and no less.
pub(crate) fn synthesise<T: Sample>(need: &Need, bands: &Subbands<T>, mut samples: Vec<T>) -> Plane<T> {
    let window = need.window;
    samples.clear();
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

#[cfg(test)]
pub(crate) mod reference;
#[cfg(test)]
mod tests;
