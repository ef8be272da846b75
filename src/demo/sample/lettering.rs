//! Capitals and figures as a broad pen writes them, at any size.
//! Pure: text to strokes. A glyph is a list of strokes on a grid 4 wide and 6 high.
//! The shapes follow Roman inscriptions: thick downstrokes, thin cross strokes, small serifs.

use super::paint::{Color, Drawing, Mark, Nib};

/// How text is to look.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pen {
    /// Height of a capital in pixels.
    pub(super) height: f32,
    /// Width of a downstroke in pixels.
    pub(super) weight: f32,
    /// Space between letters, where 1 is a quarter of the height.
    pub(super) spacing: f32,
    /// Colour of the ink.
    pub(super) ink: Color,
    /// How much the ink hides, 0 to 1.
    pub(super) opacity: f32,
}

impl Pen {
    fn unit(&self) -> f32 {
        self.height / 6.0
    }

    /// Width in pixels of a line of text.
    pub(super) fn width(&self, text: &str) -> f32 {
        let units: f32 = text.chars().map(|letter| advance(letter) + self.spacing).sum();
        (units - self.spacing).max(0.0) * self.unit()
    }

    /// Writes `text` from `x` on, with the feet of its letters at `y`.
    pub(super) fn write(&self, drawing: &mut Drawing, x: f32, y: f32, text: &str) {
        let mut at = x;
        for letter in text.chars() {
            self.letter(drawing, at, y - self.height, letter);
            at += (advance(letter) + self.spacing) * self.unit();
        }
    }

    /// Writes `text` around the middle `x`.
    pub(super) fn center(&self, drawing: &mut Drawing, x: f32, y: f32, text: &str) {
        self.write(drawing, x - self.width(text) / 2.0, y, text);
    }

    fn letter(&self, drawing: &mut Drawing, x: f32, y: f32, letter: char) {
        let place = |p: Point| (x + p.0 * self.unit(), y + p.1 * self.unit());
        let mut mark = Mark::new(Nib::broad(self.weight / 2.0), self.ink, self.opacity);
        for part in glyph(letter).split_whitespace() {
            let (curved, digits) = part.strip_prefix('~').map_or((false, part), |digits| (true, digits));
            let mut points = grid_points(digits);
            if curved {
                (0..3).for_each(|_| points = rounded(&points));
            } else if self.height > 16.0 {
                serifs(&points).into_iter().for_each(|(a, b)| mark.stroke(place(a), place(b)));
            }
            points.windows(2).for_each(|pair| mark.stroke(place(pair[0]), place(pair[1])));
        }
        drawing.add(mark);
    }
}

type Point = (f32, f32);

/// Short cross strokes where a straight stroke stands on the line or ends at the top.
fn serifs(points: &[Point]) -> Vec<(Point, Point)> {
    let ends = [points.first().zip(points.get(1)), points.last().zip(points.iter().rev().nth(1))];
    let upright = |end: &Point, next: &Point| (end.1 - next.1).abs() > (end.0 - next.0).abs();
    let at_rim = |end: &Point| end.1 == 0.0 || end.1 == 6.0;
    let ends = ends.into_iter().flatten().filter(|(end, next)| at_rim(end) && upright(end, next));
    ends.map(|(end, _)| ((end.0 - 0.5, end.1), (end.0 + 0.5, end.1))).collect()
}

/// Corners cut after Chaikin: three times makes a curve. The ends stay.
fn rounded(points: &[Point]) -> Vec<Point> {
    let between = |a: Point, b: Point, t: f32| (a.0 + (b.0 - a.0) * t, a.1 + (b.1 - a.1) * t);
    let (Some(&first), Some(&last)) = (points.first(), points.last()) else { return Vec::new() };
    let cut = points.windows(2).flat_map(|p| [between(p[0], p[1], 0.25), between(p[0], p[1], 0.75)]);
    std::iter::once(first).chain(cut).chain([last]).collect()
}

/// Pairs of digits, x then y.
fn grid_points(digits: &str) -> Vec<Point> {
    let number = |digit: u8| f32::from(digit.saturating_sub(b'0'));
    digits.as_bytes().chunks_exact(2).map(|pair| (number(pair[0]), number(pair[1]))).collect()
}

/// How far the next letter is, without the space between letters.
fn advance(letter: char) -> f32 {
    let parts = glyph(letter).split_whitespace();
    let points = parts.flat_map(|part| grid_points(part.trim_start_matches('~')));
    points.map(|point| point.0).reduce(f32::max).unwrap_or(1.5)
}

/// The strokes of a glyph; what starts with `~` is a curve. Unknown characters are spaces.
fn glyph(letter: char) -> &'static str {
    match letter {
        'A' => "062046 1333",
        'B' => "0006 ~00404303 ~03434606",
        'C' => "~414000064645",
        'D' => "0006 ~00404606",
        'E' => "4000 0006 0646 0333",
        'F' => "4000 0006 0333",
        'G' => "~414000064644 2444",
        'H' => "0006 4046 0343",
        'I' => "0006",
        'J' => "~3036060605",
        'K' => "0006 4003 1246",
        'L' => "0006 0646",
        'M' => "0600 0024 2440 4046",
        'N' => "0600 0046 4640",
        'O' => "~204046060020",
        'P' => "0006 ~00404303",
        'Q' => "~204046060020 2447",
        'R' => "0006 ~00404303 2346",
        'S' => "~3130000333360605",
        'T' => "0040 2026",
        'U' => "~00064640",
        'V' => "002640",
        'W' => "0016 1622 2236 3640",
        'X' => "0046 4006",
        'Y' => "0023 4023 2326",
        'Z' => "0040 4006 0646",
        '0' => "~103036060010",
        '1' => "0110 1016",
        '2' => "~0100303306 0636",
        '3' => "~0100303313 ~1333360605",
        '4' => "2004 0434 2026",
        '5' => "3000 0002 ~0232360605",
        '6' => "~31300006363303",
        '7' => "0030 3016",
        '8' => "~103033030010 ~133336060313",
        '9' => "~05063630000333",
        '.' => "0606",
        ',' => "1607",
        '-' => "0323",
        ':' => "0202 0606",
        '\'' => "1001",
        '/' => "0630",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_capital_and_figure_can_be_written() {
        for letter in ('A'..='Z').chain('0'..='9') {
            assert!(!glyph(letter).is_empty(), "{letter}");
            let pairs = |part: &str| part.trim_start_matches('~').len().is_multiple_of(2);
            assert!(glyph(letter).split_whitespace().all(pairs), "{letter}");
        }
    }

    #[test]
    fn text_is_as_wide_as_it_says() {
        let ink = Color::hex(0);
        let pen = Pen { height: 60.0, weight: 6.0, spacing: 1.0, ink, opacity: 1.0 };
        assert_eq!(pen.width("HI"), 50.0);
        assert_eq!(pen.width(""), 0.0);
    }
}
