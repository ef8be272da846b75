//! The grid of the picture: the reference grid divided by the steps of the finest component, so that each of its places
//! has a sample (T.800 B.2).
//! Pure arithmetic on the main header.

use super::{Component, Header};
use crate::geometry::Rect;

/// The grid of a picture with this header.
pub struct Grid<'a> {
    header: &'a Header,
    /// Columns and rows of the reference grid for each of the picture.
    pub step: (u32, u32),
}

impl<'a> Grid<'a> {
    /// That of a picture with this header.
    pub(super) fn new(header: &'a Header) -> Self {
        let finest = |step: fn(&Component) -> u32| header.components.iter().map(step).min().unwrap_or(1);
        Self { header, step: (finest(|component| component.dx), finest(|component| component.dy)) }
    }

    /// The picture on its own grid, reduced. Its first pixel is not at 0 if the image is not at 0 of the reference
    /// grid, so that sides may be rounded down (T.800 B-15).
    pub fn area(&self, reduction: u8) -> Rect {
        let (dx, dy) = self.step;
        self.header.image.mapped(|x| x.div_ceil(dx), |y| y.div_ceil(dy)).reduced(reduction)
    }

    /// Where the first sample of the picture, reduced, stands on it in full; each stands at a multiple of
    /// 2 to the power of `reduction` on the picture's grid.
    pub fn first_sample(&self, reduction: u8) -> (u32, u32) {
        let (full, reduced, step) = (self.area(0), self.area(reduction), 1_u32 << reduction.min(31));
        // No further than the next multiple, which may be beyond what 32 bits hold, where there are no samples.
        let first = |reduced: u32, full: u32| reduced.wrapping_mul(step).wrapping_sub(full);
        (first(reduced.x, full.x), first(reduced.y, full.y))
    }

    /// The area of the reference grid that holds every sample on which a window depends: those at its own places, and
    /// of subsampled components those before and after.
    pub fn needed(&self, window: Rect, reduction: u8) -> Rect {
        let coarsest =
            |step: fn(&Component) -> u32| self.header.components.iter().map(step).max().unwrap_or(1);
        let span = |first: u32, length: u32, step: u32, widest: u32, from: u32, to: u32| {
            // At most 2^31 * 2^8 * 2^8 before it is cut to the image.
            let at = |place: u32| (u64::from(place) * u64::from(step)) << reduction.min(31);
            let margin = u64::from(widest - step) << reduction.min(31);
            let start = at(first).saturating_sub(margin).max(from.into());
            let end = (at(first.saturating_add(length)) + margin).min(to.into());
            (start as u32, end.saturating_sub(start) as u32)
        };
        let image = self.header.image;
        let (x, width) = span(
            window.x,
            window.width,
            self.step.0,
            coarsest(|component| component.dx),
            image.x,
            image.right(),
        );
        let (y, height) = span(
            window.y,
            window.height,
            self.step.1,
            coarsest(|component| component.dy),
            image.y,
            image.bottom(),
        );
        Rect::new(x, y, width, height)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codestream::tests::bytes;

    #[test]
    fn samples_stand_at_multiples_of_the_step() {
        let first = |x, y, reduction| {
            let bytes = bytes([1000, 700, x, y], [1000, 700, 0, 0], &[[7, 1, 1]]);
            let header = Header::read(&bytes).expect("a header");
            Grid::new(&header).first_sample(reduction)
        };
        assert_eq!(first(0, 0, 3), (0, 0));
        assert_eq!(first(3, 8, 0), (0, 0));
        assert_eq!(first(3, 8, 3), (5, 0));
        assert_eq!(first(37, 21, 2), (3, 3));
    }

    #[test]
    fn a_window_needs_the_chroma_around_it() {
        let components = [[7, 1, 1], [7, 2, 2], [7, 2, 2]];
        let header =
            Header::read(&bytes([1000, 700, 3, 5], [1000, 700, 0, 0], &components)).expect("a header");
        let grid = Grid::new(&header);
        assert_eq!(
            grid.needed(Rect::new(3, 5, 1, 1), 0),
            Rect::new(3, 5, 2, 2),
            "the first chroma is at 4, 6"
        );
        assert_eq!(grid.needed(Rect::new(101, 102, 10, 10), 0), Rect::new(100, 101, 12, 12));
        assert_eq!(grid.needed(Rect::new(101, 102, 10, 10), 1), Rect::new(200, 202, 24, 24));
        assert_eq!(grid.needed(Rect::new(999, 699, 1, 1), 0), Rect::new(998, 698, 2, 2));
    }
}
