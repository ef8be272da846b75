//! Rectangles of samples: of a subband, of a resolution, and of a component, whichever decoder made them.

use std::ops::Range;

use crate::geometry::Rect;

/// Spare planes take no more than this: what a window of 512 by 512 pixels in colour needs at a time.
const MAX_SPARE: usize = 8 << 20;

/// So much of it stays between two pictures.
const MAX_IDLE: usize = 3 << 20;

/// A rectangle of samples: signed numbers of the wavelet that makes them while decoding, in the end codes, where 0 is
/// the least sample.
#[derive(Clone, Debug, PartialEq)]
pub struct Plane<T = u16> {
    /// Where it lies, absolute, on its own grid: that of a subband, or of a component, reduced (T.800 B-12 to B-15).
    pub rect: Rect,
    /// Row by row, `rect.dimensions().area()` of them.
    pub samples: Vec<T>,
}

impl<T> Plane<T> {
    /// The samples of row `y`, counted in the coordinates of `rect`.
    ///
    /// # Panics
    /// If `y` is outside `rect`.
    #[inline]
    pub fn row(&self, y: u32) -> &[T] {
        let width = self.rect.width as usize;
        let start = (y - self.rect.y) as usize * width;
        &self.samples[start..start + width]
    }

    /// Where among the samples some rows are, counted from its first one: as far as there are any.
    pub(crate) fn range(&self, rows: Range<usize>) -> Range<usize> {
        let at = |row: usize| (row * self.rect.width as usize).min(self.samples.len());
        at(rows.start)..at(rows.end)
    }
}

/// The memory of planes that are no longer used, for later ones: else each window would get megabytes from the system,
/// page by page, and return them.
#[derive(Default)]
pub(crate) struct Spare<T>(Vec<Vec<T>>);

impl<T: Copy + Default> Spare<T> {
    /// A plane of this size. Its samples may be those of an earlier one.
    pub(crate) fn plane(&mut self, rect: Rect) -> Plane<T> {
        let mut samples = self.room(rect);
        samples.resize(rect.dimensions().area() as usize, T::default());
        Plane { rect, samples }
    }

    /// Memory for the samples of a plane of this size, with arbitrary contents.
    pub(crate) fn room(&mut self, rect: Rect) -> Vec<T> {
        let length = rect.dimensions().area() as usize;
        // The smallest that is large enough, or else the largest.
        let misfit = |room: &Vec<T>| (room.capacity() < length, room.capacity().abs_diff(length));
        let best = (0..self.0.len()).min_by_key(|&n| misfit(&self.0[n]));
        best.map_or_else(Vec::new, |best| self.0.swap_remove(best))
    }

    /// Frees the largest until the rest is no more than an idle decoder should hold.
    pub(crate) fn trim(&mut self) {
        self.0.sort_unstable_by_key(Vec::capacity);
        while self.0.iter().map(Vec::capacity).sum::<usize>() * size_of::<T>() > MAX_IDLE {
            self.0.pop();
        }
    }

    /// Keeps the memory of a plane, if it has any: planes of components that were not requested have none, and would
    /// pile up.
    pub(crate) fn keep(&mut self, plane: Plane<T>) {
        let (kept, more) = (self.0.iter().map(Vec::capacity).sum::<usize>(), plane.samples.capacity());
        if more > 0 && (kept + more) * size_of::<T>() <= MAX_SPARE {
            self.0.push(plane.samples);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_used_again_and_does_not_pile_up() {
        let mut spare = Spare::<i32>::default();
        let rect = |width| Rect::new(0, 0, width, 8);
        let (small, large) = (spare.plane(rect(10)), spare.plane(rect(100)));
        let place = large.samples.as_ptr();
        spare.keep(small);
        spare.keep(large);
        assert_eq!(spare.plane(rect(50)).samples.as_ptr(), place, "the smallest that is large enough");
        for _ in 0..10 {
            spare.keep(Plane { rect: rect(0), samples: Vec::new() });
            spare.keep(Plane { rect: rect(0), samples: Vec::with_capacity(MAX_SPARE / 8) });
        }
        assert_eq!(spare.0.len(), 2, "the small one, and one of half of all that is kept");
        spare.trim();
        assert_eq!(spare.0.iter().map(Vec::capacity).collect::<Vec<_>>(), [80], "the small one");
    }
}
