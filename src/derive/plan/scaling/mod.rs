//! Which pixels of a master a region is made from, and how they are scaled: the level, the window, both axes.
//! Pure arithmetic on the description of the master; nothing here knows of formats or colours.

mod bands;
mod place;

use std::ops::Range;

use crate::picture::{Description, Dimensions, Rect, Tile};
use crate::raster::Axis;
pub use bands::Band;
use place::{is_enough, limit};

/// What is decoded for a picture, and how that is scaled.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scaling {
    /// The pyramid level to read: an index of `Description::levels`.
    pub level: usize,
    /// The size of that level.
    pub level_dimensions: Dimensions,
    /// The piece in which it is stored.
    pub piece: Dimensions,
    /// The size of the level of which it is made, all of it, if it is not in the file.
    pub made_of: Option<Dimensions>,
    /// Scaling across, in pixels of the level as stored.
    pub x: Axis,
    /// Scaling down.
    pub y: Axis,
}

impl Scaling {
    /// How `region` of a master, as it is shown, is made `size`: from the smallest level that has enough pixels.
    pub fn new(description: &Description, region: Rect, size: Dimensions) -> Self {
        let stored = description.orientation.inverse();
        let region = stored.apply_to_rect(region, description.dimensions());
        let output = stored.apply_to_size(size);
        let full = description.levels[0].dimensions;
        let axes = |level: usize| place::axes(full, &description.levels[level], region, output);
        let enough = |level: usize| {
            let ((x, y), Dimensions { width, height }) = (axes(level), description.levels[level].dimensions);
            (is_enough(&x, width) && is_enough(&y, height)).then_some((level, (x, y)))
        };
        let smallest = (1..description.levels.len()).rev().find_map(enough);
        let (level, (x, y)) = smallest.unwrap_or_else(|| (0, axes(0)));
        let stored = &description.levels[level];
        let made_of = (!stored.is_stored).then_some(full);
        Self { level, level_dimensions: stored.dimensions, piece: stored.tile, made_of, x, y }
    }

    /// The size of the scaled picture, before it is turned.
    pub fn output(&self) -> Dimensions {
        Dimensions::new(self.x.output, self.y.output)
    }

    /// Whether the scaled picture is pixels of the level as they are.
    pub fn is_copy(&self) -> bool {
        self.x.is_copy() && self.y.is_copy()
    }

    /// The tile of the level that is exactly the picture, if there is one: all of it that lies within the level.
    pub fn exact_tile(&self) -> Option<Tile> {
        if !self.is_copy() {
            return None;
        }
        let (window, piece, level) = (self.window(), self.piece, self.level_dimensions);
        let tile = Tile { column: window.x / piece.width, row: window.y / piece.height };
        let (x, y) = (tile.column * piece.width, tile.row * piece.height);
        let (width, height) = (piece.width.min(level.width - x), piece.height.min(level.height - y));
        (window == Rect::new(x, y, width, height)).then_some(tile)
    }

    /// All pixels of the level that the picture depends on. It may reach one pixel beyond the level, which then repeats
    /// its last.
    pub fn window(&self) -> Rect {
        self.window_of(0..self.y.output)
    }

    /// The pixels of the level that are decoded first.
    pub fn first_window(&self) -> Rect {
        self.bands().next().map_or_else(|| self.window(), |band| band.fresh)
    }

    /// Pixels of the master that are decoded: those of all pieces that the window touches.
    pub fn source_area(&self) -> u64 {
        if let Some(whole) = self.made_of {
            return whole.area();
        }
        let (window, level) = (self.window(), self.level_dimensions);
        // Sides have at most 32 bits, so sums and products of them fit 64.
        let whole = |from: u32, length: u32, piece: u32, side: u32| {
            let piece = u64::from(piece.max(1));
            let (from, to) = (u64::from(from), u64::from(from) + u64::from(length));
            let end = (to.div_ceil(piece) * piece).min(side.into());
            end.saturating_sub(from / piece * piece)
        };
        whole(window.x, window.width, self.piece.width, level.width)
            * whole(window.y, window.height, self.piece.height, level.height)
    }

    /// The pixels of the level that some rows of the scaled picture depend on.
    fn window_of(&self, rows: Range<u32>) -> Rect {
        let across = self.x.window(0..self.x.output, limit(&self.x, self.level_dimensions.width));
        let down = self.y.window(rows, limit(&self.y, self.level_dimensions.height));
        Rect::new(across.start, down.start, across.end - across.start, down.end - down.start)
    }
}

#[cfg(test)]
pub(super) mod tests;
