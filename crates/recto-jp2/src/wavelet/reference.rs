//! The transform for tests to judge by: whole planes, by the letter of T.800 F.3 and F.4, at no speed.

use super::{Plane, Sample, Subbands, lower};
use crate::codestream::BandKind;
use crate::geometry::Rect;

/// The arithmetic of one filter, forth and back.
pub(crate) trait Textbook: Sample {
    /// F.3.8: the sample at a place after that many lifting steps, where `at` gives the signal before.
    fn inverse(step: usize, at: &dyn Fn(i64) -> Self, place: i64) -> Self;
    /// F.4.8: the same for the forward transform, whose steps are numbered from the picture on.
    fn forward(step: usize, at: &dyn Fn(i64) -> Self, place: i64) -> Self;
    /// F.3.6 and F.4.6: a signal of one sample at an odd place.
    fn single(self, forward: bool) -> Self;
}

impl Textbook for i32 {
    fn inverse(step: usize, at: &dyn Fn(i64) -> Self, place: i64) -> Self {
        match (step, place.rem_euclid(2)) {
            (1, 0) => at(place) - (at(place - 1) + at(place + 1) + 2).div_euclid(4),
            (2, 1) => at(place) + (at(place - 1) + at(place + 1)).div_euclid(2),
            _ => at(place),
        }
    }

    fn forward(step: usize, at: &dyn Fn(i64) -> Self, place: i64) -> Self {
        match (step, place.rem_euclid(2)) {
            (1, 1) => at(place) - (at(place - 1) + at(place + 1)).div_euclid(2),
            (2, 0) => at(place) + (at(place - 1) + at(place + 1) + 2).div_euclid(4),
            _ => at(place),
        }
    }

    fn single(self, forward: bool) -> Self {
        if forward { self * 2 } else { self / 2 }
    }
}

const ALPHA: f32 = -1.586_134_3;
const BETA: f32 = -0.052_980_118;
const GAMMA: f32 = 0.882_911_1;
const DELTA: f32 = 0.443_506_87;
const K: f32 = 1.230_174_1;

/// High-pass samples are half of what the standard says.
impl Textbook for f32 {
    fn inverse(step: usize, at: &dyn Fn(i64) -> Self, place: i64) -> Self {
        let sum = || at(place - 1) + at(place + 1);
        match (step, place.rem_euclid(2)) {
            (1, 0) => at(place) * K,
            (1, _) => at(place) * 1.625_732_4,
            (2, 0) => at(place) - DELTA * sum(),
            (3, 1) => at(place) - GAMMA * sum(),
            (4, 0) => at(place) - BETA * sum(),
            (5, 1) => at(place) - ALPHA * sum(),
            _ => at(place),
        }
    }

    fn forward(step: usize, at: &dyn Fn(i64) -> Self, place: i64) -> Self {
        let sum = || at(place - 1) + at(place + 1);
        match (step, place.rem_euclid(2)) {
            (1, 1) => at(place) + ALPHA * sum(),
            (2, 0) => at(place) + BETA * sum(),
            (3, 1) => at(place) + GAMMA * sum(),
            (4, 0) => at(place) + DELTA * sum(),
            (5, 1) => at(place) * K / 2.0,
            (5, _) => at(place) / K,
            _ => at(place),
        }
    }

    fn single(self, _forward: bool) -> Self {
        self
    }
}

/// A resolution from its subbands (F.3.2), which are whole.
pub(crate) fn whole<T: Textbook>(resolution: Rect, bands: &Subbands<T>) -> Plane<T> {
    let mut plane = filled(resolution, |x, y| {
        let band = match (x % 2, y % 2) {
            (0, 0) => &bands.ll,
            (1, 0) => &bands.hl,
            (0, _) => &bands.lh,
            _ => &bands.hh,
        };
        sample(band, x / 2, y / 2)
    });
    along_rows(&mut plane, false);
    along_columns(&mut plane, false);
    plane
}

/// The subbands of a resolution (F.4.2).
pub(crate) fn analysed<T: Textbook>(plane: &Plane<T>) -> Subbands<T> {
    let mut plane = plane.clone();
    along_columns(&mut plane, true);
    along_rows(&mut plane, true);
    let band = |kind| {
        let (right, down) =
            (matches!(kind, BandKind::Hl | BandKind::Hh), matches!(kind, BandKind::Lh | BandKind::Hh));
        let (right, down) = (u32::from(right), u32::from(down));
        filled(band_rect(plane.rect, kind), |x, y| sample(&plane, 2 * x + right, 2 * y + down))
    };
    Subbands {
        ll: band(BandKind::Ll),
        hl: band(BandKind::Hl),
        lh: band(BandKind::Lh),
        hh: band(BandKind::Hh),
    }
}

/// The rectangle of a subband of a resolution (B-15 for one level).
pub(crate) fn band_rect(resolution: Rect, kind: BandKind) -> Rect {
    let half = |from: u32, to: u32, high: bool| match high {
        false => (from.div_ceil(2), to.div_ceil(2)),
        true => (from / 2, to / 2),
    };
    let (x, right) = half(resolution.x, resolution.right(), matches!(kind, BandKind::Hl | BandKind::Hh));
    let (y, bottom) = half(resolution.y, resolution.bottom(), matches!(kind, BandKind::Lh | BandKind::Hh));
    let rect = Rect::new(x, y, right - x, bottom - y);
    assert!(kind != BandKind::Ll || rect == lower(resolution));
    rect
}

/// The part of a plane that a window shows.
pub(crate) fn cut<T: Copy>(plane: &Plane<T>, window: Rect) -> Plane<T> {
    filled(window, |x, y| sample(plane, x, y))
}

/// A plane of values made from their places.
pub(crate) fn filled<T>(rect: Rect, value: impl Fn(u32, u32) -> T) -> Plane<T> {
    let places = (rect.y..rect.bottom()).flat_map(|y| (rect.x..rect.right()).map(move |x| (x, y)));
    Plane { rect, samples: places.map(|(x, y)| value(x, y)).collect() }
}

fn sample<T: Copy>(plane: &Plane<T>, x: u32, y: u32) -> T {
    let rect = plane.rect;
    assert!(rect.intersection(Rect::new(x, y, 1, 1)).is_some(), "{x},{y} is not in {rect}");
    plane.samples[((y - rect.y) * rect.width + (x - rect.x)) as usize]
}

fn along_rows<T: Textbook>(plane: &mut Plane<T>, forward: bool) {
    let rect = plane.rect;
    for row in plane.samples.chunks_exact_mut(rect.width.max(1) as usize) {
        row.copy_from_slice(&line(row, rect.x, forward));
    }
}

fn along_columns<T: Textbook>(plane: &mut Plane<T>, forward: bool) {
    let rect = plane.rect;
    for x in 0..rect.width as usize {
        let column: Vec<T> = plane.samples.iter().skip(x).step_by(rect.width as usize).copied().collect();
        for (y, value) in line(&column, rect.y, forward).into_iter().enumerate() {
            plane.samples[y * rect.width as usize + x] = value;
        }
    }
}

/// One line, whose first sample is at place `start`.
fn line<T: Textbook>(signal: &[T], start: u32, forward: bool) -> Vec<T> {
    let start = i64::from(start);
    if let &[single] = signal {
        return vec![if start % 2 == 1 { single.single(forward) } else { single }];
    }
    let last = signal.len() as i64 - 1;
    // F-4: periodic symmetric extension.
    let extended = |place: i64| {
        let turn = (place - start).rem_euclid(2 * last);
        signal[turn.min(2 * last - turn) as usize]
    };
    let step = if forward { T::forward } else { T::inverse };
    (start..=start + last).map(|place| after(5, step, &extended, place)).collect()
}

fn after<T>(
    steps: usize,
    step: fn(usize, &dyn Fn(i64) -> T, i64) -> T,
    signal: &dyn Fn(i64) -> T,
    place: i64,
) -> T {
    match steps {
        0 => signal(place),
        _ => step(steps, &|place| after(steps - 1, step, signal, place), place),
    }
}
