//! Sizes, rectangles and turns: the arithmetic that everything else agrees on.
//! Rectangles are half-open, the origin is the upper left corner (Image API 3.0 section 4.1).

use std::fmt;

/// A width and a height in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Dimensions {
    /// Pixels per row.
    pub width: u32,
    /// Number of rows.
    pub height: u32,
}

impl Dimensions {
    /// A size of `width` by `height` pixels.
    #[inline]
    pub const fn new(width: u32, height: u32) -> Self {
        Self { width, height }
    }

    /// Number of pixels; cannot overflow.
    #[inline]
    pub const fn area(self) -> u64 {
        self.width as u64 * self.height as u64
    }

    /// The smallest upright box around a rectangle of this size that is turned by so many degrees, 0 to 90: its sides
    /// to the nearest pixel, at least 1 (Image API 3.0 section 4.3). What 32 bits cannot hold becomes their maximum.
    #[inline]
    pub fn tilted(self, degrees: f64) -> Self {
        let (sine, cosine) = degrees.to_radians().sin_cos();
        let (width, height) = (f64::from(self.width), f64::from(self.height));
        // `as` saturates.
        let side =
            |across: f64, down: f64| (across * cosine.abs() + down * sine.abs()).round().max(1.0) as u32;
        if degrees == 0.0 { self } else { Self::new(side(width, height), side(height, width)) }
    }

    /// The same size with its sides swapped.
    #[inline]
    pub const fn transposed(self) -> Self {
        Self { width: self.height, height: self.width }
    }
}

impl fmt::Display for Dimensions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.width, self.height)
    }
}

/// A half-open rectangle of pixels: `x..x + width`, `y..y + height`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rect {
    /// First column.
    pub x: u32,
    /// First row.
    pub y: u32,
    /// Number of columns.
    pub width: u32,
    /// Number of rows.
    pub height: u32,
}

impl Rect {
    /// The rectangle at `x`, `y` of `width` by `height` pixels.
    #[inline]
    pub const fn new(x: u32, y: u32, width: u32, height: u32) -> Self {
        Self { x, y, width, height }
    }

    /// The whole of an image of these dimensions.
    #[inline]
    pub const fn whole(of: Dimensions) -> Self {
        Self::new(0, 0, of.width, of.height)
    }

    /// Width and height.
    #[inline]
    pub const fn dimensions(self) -> Dimensions {
        Dimensions::new(self.width, self.height)
    }

    /// First column to the right of the rectangle.
    #[inline]
    pub const fn right(self) -> u32 {
        self.x.saturating_add(self.width)
    }

    /// First row below the rectangle.
    #[inline]
    pub const fn bottom(self) -> u32 {
        self.y.saturating_add(self.height)
    }

    /// The pixels that both rectangles hold, if there are any.
    #[inline]
    pub fn intersection(self, other: Rect) -> Option<Rect> {
        let (x, y) = (self.x.max(other.x), self.y.max(other.y));
        let (right, bottom) = (self.right().min(other.right()), self.bottom().min(other.bottom()));
        (x < right && y < bottom).then(|| Rect::new(x, y, right - x, bottom - y))
    }

    /// Whether every pixel of `other` is in this rectangle.
    #[inline]
    pub fn contains(self, other: Rect) -> bool {
        self.intersection(other) == Some(other)
    }
}

impl fmt::Display for Rect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{},{},{},{}", self.x, self.y, self.width, self.height)
    }
}

/// One of the eight ways to lay a rectangle onto itself or its transpose: an optional left-right
/// mirror, then quarter turns clockwise. This is the order of the Image API (section 4.3), and every
/// value of the TIFF Orientation tag is one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Orientation {
    /// Mirrored left to right before it is turned.
    pub mirrored: bool,
    /// Quarter turns clockwise, 0 to 3.
    pub quarters: u8,
}

impl Orientation {
    /// Nothing is moved.
    pub const UPRIGHT: Self = Self { mirrored: false, quarters: 0 };

    /// What shows an image upright whose TIFF or EXIF Orientation is `tag` (TIFF 6.0 section 8).
    /// Values outside 1 to 8 mean nothing and leave the image as it is stored.
    #[inline]
    pub const fn from_tag(tag: u16) -> Self {
        let (mirrored, quarters) = match tag {
            2 => (true, 0),
            3 => (false, 2),
            4 => (true, 2),
            5 => (true, 3),
            6 => (false, 1),
            7 => (true, 1),
            8 => (false, 3),
            _ => (false, 0),
        };
        Self { mirrored, quarters }
    }

    /// This one first, `next` after it, as one.
    #[inline]
    pub const fn then(self, next: Self) -> Self {
        // A mirror after a turn is the same as the opposite turn after the mirror.
        let turned = if next.mirrored { 4 - self.quarters } else { self.quarters };
        Self { mirrored: self.mirrored != next.mirrored, quarters: (turned + next.quarters) % 4 }
    }

    /// What undoes this one.
    #[inline]
    pub const fn inverse(self) -> Self {
        match self.mirrored {
            true => self,
            false => Self { mirrored: false, quarters: (4 - self.quarters) % 4 },
        }
    }

    /// Whether width and height change places.
    #[inline]
    pub const fn transposes(self) -> bool {
        self.quarters % 2 == 1
    }

    /// The dimensions of an image of `size` after this.
    #[inline]
    pub const fn apply_to_size(self, size: Dimensions) -> Dimensions {
        if self.transposes() { size.transposed() } else { size }
    }

    /// Where `rect` lies after this, of an image of `size` that holds it.
    #[inline]
    pub fn apply_to_rect(self, rect: Rect, size: Dimensions) -> Rect {
        let mut at = rect;
        let mut within = size;
        if self.mirrored {
            at.x = within.width - at.right();
        }
        for _ in 0..self.quarters {
            at = Rect::new(within.height - at.bottom(), at.x, at.height, at.width);
            within = within.transposed();
        }
        at
    }
}

impl fmt::Display for Orientation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", if self.mirrored { "!" } else { "" }, u32::from(self.quarters) * 90)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> impl Iterator<Item = Orientation> {
        (0..8).map(|n| Orientation { mirrored: n >= 4, quarters: n % 4 })
    }

    #[test]
    fn orientations_form_a_group() {
        let (rect, size) = (Rect::new(1, 2, 3, 5), Dimensions::new(11, 17));
        for a in all() {
            assert_eq!(a.then(a.inverse()), Orientation::UPRIGHT, "{a}");
            for b in all() {
                let in_turn = b.apply_to_rect(a.apply_to_rect(rect, size), a.apply_to_size(size));
                assert_eq!(a.then(b).apply_to_rect(rect, size), in_turn, "{a} then {b}");
            }
        }
    }

    #[test]
    fn tags_put_the_first_stored_pixel_where_tiff_says() {
        // TIFF 6.0 section 8: "the 0th row represents the visual top, the 0th column the visual left", and so on.
        let size = Dimensions::new(3, 2);
        let corner = |tag| {
            let turn = Orientation::from_tag(tag);
            let at = turn.apply_to_rect(Rect::new(0, 0, 1, 1), size);
            let right = turn.apply_to_rect(Rect::new(1, 0, 1, 1), size);
            ((at.x, at.y), (right.x, right.y))
        };
        let expected = [
            (1, ((0, 0), (1, 0))),
            (2, ((2, 0), (1, 0))),
            (3, ((2, 1), (1, 1))),
            (4, ((0, 1), (1, 1))),
            (5, ((0, 0), (0, 1))),
            (6, ((1, 0), (1, 1))),
            (7, ((1, 2), (1, 1))),
            (8, ((0, 2), (0, 1))),
        ];
        for (tag, places) in expected {
            assert_eq!(corner(tag), places, "orientation {tag}");
        }
    }

    #[test]
    fn the_box_of_a_tilted_rectangle() {
        let size = Dimensions::new(600, 400);
        for (degrees, width, height) in
            [(0.0, 600, 400), (30.0, 720, 646), (45.0, 707, 707), (90.0, 400, 600), (1e-9, 600, 400)]
        {
            assert_eq!(size.tilted(degrees), Dimensions::new(width, height), "ROT-30..35: {degrees}");
        }
        assert_eq!(Dimensions::new(1, 1).tilted(45.0), Dimensions::new(1, 1));
        assert_eq!(Dimensions::new(u32::MAX, u32::MAX).tilted(45.0).width, u32::MAX);
    }

    #[test]
    fn intersections_are_half_open() {
        let a = Rect::new(0, 0, 4, 4);
        assert_eq!(a.intersection(Rect::new(4, 0, 1, 1)), None);
        assert_eq!(a.intersection(Rect::new(3, 2, 9, 9)), Some(Rect::new(3, 2, 1, 2)));
        assert!(a.contains(Rect::new(3, 3, 1, 1)) && !a.contains(Rect::new(3, 3, 2, 1)));
    }
}
