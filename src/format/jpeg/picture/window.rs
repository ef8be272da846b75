//! Which MCUs the pixels of a window depend on, so that decoding these alone gives the same.

use std::ops::Range;

use crate::format::jpeg::index::Head;
use crate::picture::{Dimensions, Rect};

/// Pixels around a window that its own depend on: one sample of chroma, from which libjpeg interpolates.
const MARGIN: u32 = 2;

/// libjpeg does not interpolate across pictures of two samples of chroma, which an MCU can have less than.
const FEWEST_COLUMNS: u32 = 2;

/// The MCUs, by columns and rows, that a window of a level depends on; and the part of their pixels that it is.
/// The level is the picture reduced by `factor`: 1, 2, 4 or 8, and has the window inside.
pub(super) fn units(head: &Head, factor: u32, window: Rect) -> (Range<u32>, Range<u32>, Rect) {
    let Dimensions { width, height } = head.unit();
    let (width, height, units) = (width / factor, height / factor, head.units());
    let columns = around(window.x, window.right(), width, units.width, FEWEST_COLUMNS);
    let rows = around(window.y, window.bottom(), height, units.height, 1);
    let part = Rect { x: window.x - columns.start * width, y: window.y - rows.start * height, ..window };
    (columns, rows, part)
}

fn around(from: u32, to: u32, side: u32, units: u32, fewest: u32) -> Range<u32> {
    let end = (to + MARGIN).div_ceil(side).max(fewest).min(units);
    let start = (from.saturating_sub(MARGIN) / side).min(end.saturating_sub(fewest));
    start..end
}
