//! Colours, and marks of a pen on a strip of rows.
//! Pure: a strip knows which rows of its picture it holds, and draws what falls on them.
//! Colours are mixed in the values of sRGB, as a drawing program does.

use std::collections::BTreeMap;

/// Rows of a strip. Strokes are sorted into strips once, so that each strip only visits its own.
pub(super) const STRIP_ROWS: u32 = 32;

/// Red, green and blue, 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Color(pub(super) [f32; 3]);

impl Color {
    /// The colour that the web writes as `#rrggbb`.
    pub(super) const fn hex(code: u32) -> Self {
        let [_, red, green, blue] = code.to_be_bytes();
        Self([red as f32 / 255.0, green as f32 / 255.0, blue as f32 / 255.0])
    }

    /// This at 0, `other` at 1.
    pub(super) fn mix(self, other: Self, share: f32) -> Self {
        let mut mixed = self.0;
        mixed.iter_mut().zip(other.0).for_each(|(a, b)| *a += (b - *a) * share);
        Self(mixed)
    }

    /// Lighter or darker by a factor.
    pub(super) fn times(self, factor: f32) -> Self {
        Self(self.0.map(|channel| channel * factor))
    }

    /// As it is stored.
    pub(super) fn bytes(self) -> [u8; 3] {
        self.0.map(|channel| (channel * 255.0 + 0.5) as u8)
    }
}

/// How much of a pixel is covered by something that reaches `distance` pixels past its centre.
pub(super) fn coverage(distance: f32) -> f32 {
    (distance + 0.5).clamp(0.0, 1.0)
}

/// The tip of a pen: an ellipse, whose direction makes some strokes thick and others thin.
#[derive(Clone, Copy, Debug)]
pub(super) struct Nib {
    long: f32,
    short: f32,
    sin: f32,
    cos: f32,
}

impl Nib {
    /// A round tip of so many pixels.
    pub(super) fn round(radius: f32) -> Self {
        Self { long: radius, short: radius, sin: 0.0, cos: 1.0 }
    }

    /// A broad tip of so many pixels, a third as thick, held at 22 degrees as for capitals.
    pub(super) fn broad(radius: f32) -> Self {
        Self { long: radius, short: (radius * 0.34).max(0.5), sin: -0.375, cos: 0.927 }
    }

    /// A point in a space where the tip is a circle of radius 1.
    fn space(&self, (x, y): (f32, f32)) -> (f32, f32) {
        ((x * self.cos + y * self.sin) / self.long, (y * self.cos - x * self.sin) / self.short)
    }

    /// How much a pixel is covered at the distance `away` in that space from the middle of a stroke.
    fn coverage(&self, away: (f32, f32)) -> f32 {
        let distance = away.0.hypot(away.1).max(1e-6);
        let steepness = (away.0 / self.long).hypot(away.1 / self.short) / distance;
        coverage((1.0 - distance) / steepness)
    }
}

/// Strokes of one pen in one ink. Where they cross the ink does not get darker, as if they were one.
pub(super) struct Mark {
    nib: Nib,
    ink: Color,
    opacity: f32,
    /// Ends of the strokes, in the space of the nib.
    strokes: Vec<[(f32, f32); 2]>,
    /// Left, top, right and bottom of all strokes in pixels.
    bounds: [f32; 4],
}

impl Mark {
    /// An empty mark; `opacity` is how much it hides, 0 to 1.
    pub(super) fn new(nib: Nib, ink: Color, opacity: f32) -> Self {
        Self { nib, ink, opacity, strokes: Vec::new(), bounds: [f32::MAX, f32::MAX, 0.0, 0.0] }
    }

    /// Adds a straight stroke.
    pub(super) fn stroke(&mut self, from: (f32, f32), to: (f32, f32)) {
        let reach = self.nib.long + 1.0;
        let [left, top, right, bottom] = self.bounds;
        self.bounds = [
            left.min(from.0.min(to.0) - reach).max(0.0),
            top.min(from.1.min(to.1) - reach).max(0.0),
            right.max(from.0.max(to.0) + reach),
            bottom.max(from.1.max(to.1) + reach),
        ];
        self.strokes.push([self.nib.space(from), self.nib.space(to)]);
    }

    fn coverage(&self, x: f32, y: f32) -> f32 {
        let (x, y) = self.nib.space((x, y));
        let nearest = self.strokes.iter().map(|&[from, to]| {
            let (dx, dy) = (to.0 - from.0, to.1 - from.1);
            let (px, py) = (x - from.0, y - from.1);
            let along = ((px * dx + py * dy) / (dx * dx + dy * dy).max(1e-9)).clamp(0.0, 1.0);
            (px - along * dx, py - along * dy)
        });
        let square = |(a, b): (f32, f32)| a * a + b * b;
        let nearer = |a, b| if square(b) < square(a) { b } else { a };
        nearest.reduce(nearer).map_or(0.0, |away| self.nib.coverage(away))
    }
}

/// All marks of a picture, and which of them each strip needs.
#[derive(Default)]
pub(super) struct Drawing {
    marks: Vec<Mark>,
    strips: BTreeMap<u32, Vec<usize>>,
}

impl Drawing {
    /// Adds a mark above those before it.
    pub(super) fn add(&mut self, mark: Mark) {
        let [_, top, _, bottom] = mark.bounds;
        for strip in top as u32 / STRIP_ROWS..=bottom as u32 / STRIP_ROWS {
            self.strips.entry(strip).or_default().push(self.marks.len());
        }
        self.marks.push(mark);
    }

    /// Draws what falls on the strip of rows from `first` on.
    pub(super) fn paint(&self, first: u32, width: usize, pixels: &mut [u8]) {
        let marks = self.strips.get(&(first / STRIP_ROWS)).into_iter().flatten();
        for mark in marks.filter_map(|&index| self.marks.get(index)) {
            let [left, top, right, bottom] = mark.bounds;
            let columns = (left as usize).min(width)..(right as usize + 1).min(width);
            for (y, row) in (first..).zip(pixels.chunks_exact_mut(width * 3)) {
                if !(top as u32..=bottom as u32).contains(&y) {
                    continue;
                }
                let row = &mut row[columns.start * 3..columns.end * 3];
                for (x, pixel) in columns.clone().zip(row.chunks_exact_mut(3)) {
                    blend(pixel, mark.ink, mark.opacity * mark.coverage(x as f32, y as f32));
                }
            }
        }
    }
}

fn blend(pixel: &mut [u8], ink: Color, share: f32) {
    if share > 0.0 {
        for (byte, ink) in pixel.iter_mut().zip(ink.0) {
            let below = f32::from(*byte);
            *byte = (below + (ink * 255.0 - below) * share + 0.5) as u8;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stroke_does_not_care_how_its_picture_is_cut() {
        let mut drawing = Drawing::default();
        let ink = Color::hex(0x000000);
        let mut mark = Mark::new(Nib::round(4.0), ink, 0.7);
        mark.stroke((5.0, 20.0), (30.0, 50.0));
        mark.stroke((5.0, 20.0), (30.0, 50.0));
        drawing.add(mark);
        let mut whole = Vec::new();
        for first in (0..64).step_by(STRIP_ROWS as usize) {
            let mut strip = vec![255; 40 * 3 * STRIP_ROWS as usize];
            drawing.paint(first, 40, &mut strip);
            whole.extend(strip);
        }
        let at = |x: usize, y: usize| whole[(y * 40 + x) * 3];
        assert_eq!(at(5, 20), 77);
        assert_eq!(at(15, 32), 77, "on the line, below the cut");
        assert_eq!(at(15, 31), 77, "on the line, above the cut");
        assert_eq!(at(35, 20), 255);
    }
}
