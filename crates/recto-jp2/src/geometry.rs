//! Sizes and rectangles on the grids of T.800 annex B: the reference grid, and those of components, resolutions and
//! subbands. Rectangles are half-open, and may be empty.

use std::fmt;
use std::ops::Range;

/// A width and a height in places of a grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Dimensions {
    /// Number of columns.
    pub width: u32,
    /// Number of rows.
    pub height: u32,
}

impl Dimensions {
    /// A size of `width` by `height`.
    pub const fn new(width: u32, height: u32) -> Self {
        Self { width, height }
    }

    /// Number of places; cannot overflow.
    pub const fn area(self) -> u64 {
        self.width as u64 * self.height as u64
    }
}

/// A half-open rectangle on a grid: `x..x + width`, `y..y + height`.
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
    /// The rectangle at `x`, `y` of `width` by `height`.
    pub const fn new(x: u32, y: u32, width: u32, height: u32) -> Self {
        Self { x, y, width, height }
    }

    /// Width and height.
    pub const fn dimensions(self) -> Dimensions {
        Dimensions::new(self.width, self.height)
    }

    /// First column to the right of the rectangle.
    pub const fn right(self) -> u32 {
        self.x.saturating_add(self.width)
    }

    /// First row below the rectangle.
    pub const fn bottom(self) -> u32 {
        self.y.saturating_add(self.height)
    }

    /// The places that both rectangles hold, if there are any.
    pub fn intersection(self, other: Rect) -> Option<Rect> {
        let (x, y) = (self.x.max(other.x), self.y.max(other.y));
        let (right, bottom) = (self.right().min(other.right()), self.bottom().min(other.bottom()));
        (x < right && y < bottom).then(|| Rect::new(x, y, right - x, bottom - y))
    }

    /// The rectangle on a grid that is coarser by 2 to the power of `levels` (T.800 B-14).
    pub fn reduced(self, levels: u8) -> Rect {
        self.mapped(|x| ceil_shift(x, levels), |y| ceil_shift(y, levels))
    }

    /// The rectangle between the corners that `across` and `down` map its own to.
    pub(crate) fn mapped(self, across: impl Fn(u32) -> u32, down: impl Fn(u32) -> u32) -> Rect {
        let (x, y) = (across(self.x), down(self.y));
        Rect::new(x, y, across(self.right()) - x, down(self.bottom()) - y)
    }

    /// The part of it in these columns and rows; empty at its edge if there is none.
    pub(crate) fn clipped(self, columns: Range<u64>, rows: Range<u64>) -> Rect {
        let within = |cell: Range<u64>, start: u32, end: u32| {
            let at = |n: u64| n.clamp(start.into(), end.into()) as u32;
            at(cell.start)..at(cell.end)
        };
        let across = within(columns, self.x, self.right());
        let down = within(rows, self.y, self.bottom());
        Rect::new(across.start, down.start, across.end - across.start, down.end - down.start)
    }
}

impl fmt::Display for Rect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{},{},{},{}", self.x, self.y, self.width, self.height)
    }
}

/// `value` divided by 2 to the power of `log`, rounded up.
pub(crate) fn ceil_shift(value: u32, log: u8) -> u32 {
    // What 32 bits hold is at most 1 after 32 times.
    u64::from(value).div_ceil(1 << log.min(32)) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intersections_are_half_open() {
        let a = Rect::new(0, 0, 4, 4);
        assert_eq!(a.intersection(Rect::new(4, 0, 1, 1)), None);
        assert_eq!(a.intersection(Rect::new(3, 2, 9, 9)), Some(Rect::new(3, 2, 1, 2)));
    }

    #[test]
    fn corners_are_rounded_up() {
        assert_eq!(Rect::new(3, 8, 5, 1).reduced(2), Rect::new(1, 2, 1, 1));
        assert_eq!(Rect::new(0, 1, u32::MAX, 1).reduced(255), Rect::new(0, 1, 1, 0));
    }

    #[test]
    fn what_is_outside_is_clipped_to_nothing() {
        let rect = Rect::new(4, 4, 8, 8);
        assert_eq!(rect.clipped(0..6, 10..99), Rect::new(4, 10, 2, 2));
        assert_eq!(rect.clipped(u64::MAX - 1..u64::MAX, 0..1), Rect::new(12, 4, 0, 0));
    }
}
