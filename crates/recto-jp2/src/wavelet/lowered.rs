//! The forward transform (T.800 F.4), as far as the resolution below: what one decomposition level more would have left of
//! a tile that has no more of them. Line by line, for few tiles lack any.
//! Pure.

use std::ops::Range;

use super::lifting::Sample;
use crate::geometry::Rect;
use crate::planes::Plane;

/// The window of `resolution` on which a window of the resolution below it depends.
pub(crate) fn source<T: Sample>(resolution: Rect, window: Rect) -> Rect {
    let reach = |window: Range<u32>, all: Range<u32>| {
        let steps = T::STEPS as u32;
        let start = (2 * window.start).saturating_sub(steps).max(all.start);
        let end = (2 * window.end - 1).saturating_add(steps).min(all.end);
        start..end
    };
    let columns = reach(window.x..window.right(), resolution.x..resolution.right());
    let rows = reach(window.y..window.bottom(), resolution.y..resolution.bottom());
    Rect::new(columns.start, rows.start, columns.end - columns.start, rows.end - rows.start)
}

/// A window of the resolution below `resolution`, of which `plane` holds what [`source`] says.
pub(crate) fn lowered<T: Sample>(resolution: Rect, plane: &Plane<T>, window: Rect) -> Plane<T> {
    let (columns, rows) = (window.x..window.right(), window.y..window.bottom());
    let width = plane.rect.width as usize;
    // Columns first (F.4.2).
    let mut narrow = vec![T::default(); width * rows.len()];
    let mut line = Vec::new();
    for x in 0..width {
        let all = resolution.y..resolution.bottom();
        low(all, rows.clone(), |y| plane.samples[(y - plane.rect.y) as usize * width + x], &mut line);
        narrow.iter_mut().skip(x).step_by(width).zip(&line).for_each(|(place, sample)| *place = *sample);
    }
    let mut samples = Vec::with_capacity(columns.len() * rows.len());
    for row in narrow.chunks_exact(width.max(1)) {
        let all = resolution.x..resolution.right();
        low(all, columns.clone(), |x| row[(x - plane.rect.x) as usize], &mut line);
        samples.extend_from_slice(&line);
    }
    Plane { rect: window, samples }
}

/// The low-pass samples `requested` of the signal that has `at` in the places `all`, and is mirrored beyond them.
fn low<T: Sample>(all: Range<u32>, requested: Range<u32>, at: impl Fn(u32) -> T, line: &mut Vec<T>) {
    line.clear();
    let period = 2 * (i64::from(all.end) - i64::from(all.start) - 1);
    if period == 0 {
        return line.extend(requested.map(|_| at(all.start)));
    }
    let mirrored = |place: i64| {
        let beyond = (place - i64::from(all.start)).rem_euclid(period);
        all.start + beyond.min(period - beyond) as u32
    };
    let steps = T::STEPS;
    let first = 2 * i64::from(requested.start) - steps as i64;
    line.extend((0..2 * requested.len() - 1 + 2 * steps).map(|n| at(mirrored(first + n as i64))));
    // The steps of the inverse transform, undone from the last to the first. The number of steps is even, as is the first
    // place therefore; each reaches one place less far.
    for (margin, step) in (1..).zip((0..steps).rev()) {
        let start = margin + (margin + step) % 2;
        for place in (start..line.len() - margin).step_by(2) {
            line[place] = line[place].unlifted(step, line[place - 1], line[place + 1]);
        }
    }
    for n in 0..requested.len() {
        line[n] = line[steps + 2 * n].unscaled();
    }
    line.truncate(requested.len());
}
