//! The tiles in which info.json offers an image (Image API 3.0 and 2.1, section 5.4), and which requests are for them.
//! Pure arithmetic, that of the implementation notes: a scale factor divides sides, the remainder at an edge is rounded
//! up.

use crate::{Dimensions, Limits, Rect};

/// Tiles are at least so wide and so high: smaller ones cost a viewer more in requests than they save in pixels.
const SMALLEST_TILE: u32 = 256;

/// The tiles of images that are stored without tiles, where any rectangle costs about the same.
const TILE_WITHOUT_TILES: Dimensions = Dimensions::new(512, 512);

/// An image as it is shown, and the size of its tiles: the same for all scale factors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tiling {
    /// The full image.
    pub image: Dimensions,
    /// A tile that no edge cuts, as it is sent. Both sides are at least 1.
    pub tile: Dimensions,
}

impl Tiling {
    /// An image stored in tiles of size `stored`, or in none, both as they are shown. The tile is the stored one, or a
    /// multiple of it, so that a request meets whole tiles; within the limits.
    ///
    /// ```
    /// use recto_iiif::{Dimensions, Limits, Tiling};
    ///
    /// let stored = Dimensions::new(128, 1024);
    /// let tiling = Tiling::of(Dimensions::new(6000, 4000), Some(stored), &Limits::default());
    /// assert_eq!(tiling.tile, Dimensions::new(256, 1024));
    /// assert!(tiling.scale_factors().eq([1, 2, 4, 8, 16, 32]));
    /// ```
    pub fn of(image: Dimensions, stored: Option<Dimensions>, limits: &Limits) -> Self {
        let stored = stored.unwrap_or(TILE_WITHOUT_TILES);
        // Within one `u32`: a side below 256 grows to less than 512.
        let grown = |side: u32| side.max(1).saturating_mul(SMALLEST_TILE.div_ceil(side.max(1)));
        let width = grown(stored.width).min(limits.max_width.get());
        let height = grown(stored.height).min(limits.max_height.get());
        let tile = Dimensions::new(width, height);
        if tile.area() <= limits.max_area.get() {
            return Self { image, tile };
        }
        let side = u32::try_from(limits.max_area.get().isqrt()).unwrap_or(u32::MAX);
        Self { image, tile: Dimensions::new(width.min(side), height.min(side)) }
    }

    /// Powers of two from 1 until the whole image is one tile.
    pub fn scale_factors(self) -> impl Iterator<Item = u64> {
        let covers = move |factor: u64| {
            u64::from(self.image.width).div_ceil(factor) <= self.tile.width.into()
                && u64::from(self.image.height).div_ceil(factor) <= self.tile.height.into()
        };
        // A tile has at least one pixel, so 2^32 covers every image.
        let next = move |factor: &u64| if covers(*factor) { None } else { factor.checked_mul(2) };
        std::iter::successors(Some(1_u64), next)
    }

    /// Columns or rows of the image from one tile to the next.
    pub fn step(self, factor: u64) -> (u64, u64) {
        (
            u64::from(self.tile.width).saturating_mul(factor),
            u64::from(self.tile.height).saturating_mul(factor),
        )
    }

    /// The tile that begins at a place of the image, and the size in which it is asked for.
    pub fn tile_at(self, (x, y): (u32, u32), factor: u64) -> (Rect, Dimensions) {
        let (wide, high) = self.step(factor);
        // No larger than what it is the least of, or divides.
        let least = |step: u64, rest: u32| step.min(rest.into()) as u32;
        let (right, below) = (self.image.width.saturating_sub(x), self.image.height.saturating_sub(y));
        let region = Rect::new(x, y, least(wide, right), least(high, below));
        let scaled = |side: u32| u64::from(side).div_ceil(factor) as u32;
        (region, Dimensions::new(scaled(region.width), scaled(region.height)))
    }

    /// The size of the tile that `region` is, if it is one that has these pixels, or rows, by the arithmetic of the
    /// notes. It may have a pixel more or less than by the ratio of the region, and far less if an edge cuts it.
    pub(crate) fn size_of(self, region: Rect, has: impl Fn(Dimensions) -> bool) -> Option<Dimensions> {
        let at = (region.x, region.y);
        let mut tiles = self.scale_factors().filter(|factor| {
            let (wide, high) = self.step(*factor);
            u64::from(region.x).is_multiple_of(wide) && u64::from(region.y).is_multiple_of(high)
        });
        tiles.find_map(|factor| {
            let (tile, size) = self.tile_at(at, factor);
            (tile == region && has(size)).then_some(size)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tile_is_known_by_its_region_and_one_side() {
        let tiling = Tiling { image: Dimensions::new(5049, 4097), tile: Dimensions::new(256, 256) };
        for (region, width, expected) in [
            // Tiles cut by an edge: in a column, in a row, in both.
            (Rect::new(4096, 1024, 953, 1024), 239, Some(256)),
            (Rect::new(0, 4096, 1024, 1), 256, Some(1)),
            (Rect::new(4096, 4096, 953, 1), 239, Some(1)),
            (Rect::new(0, 0, 5049, 4097), 158, Some(129)),
            // Another width, place, or part.
            (Rect::new(4096, 1024, 953, 1024), 238, None),
            (Rect::new(4097, 1024, 952, 1024), 238, None),
            (Rect::new(3072, 1024, 953, 1024), 239, None),
            (Rect::new(0, 0, 100, 100), 50, None),
        ] {
            let size = tiling.size_of(region, |size| size.width == width);
            assert_eq!(size.map(|size| size.height), expected, "{region} {width}");
        }
        let thin = Tiling { image: Dimensions::new(4097, 1000), ..tiling };
        let column = |y, height| thin.size_of(Rect::new(4096, y, 1, height), |size| size.width == 1);
        assert_eq!(
            column(0, 512),
            Some(Dimensions::new(1, 256)),
            "by its height, for all are one pixel wide"
        );
        assert_eq!(column(0, 1000), Some(Dimensions::new(1, 250)));
    }

    #[test]
    fn the_largest_numbers_do_no_harm() {
        let tiling =
            Tiling { image: Dimensions::new(u32::MAX, u32::MAX), tile: Dimensions::new(1, u32::MAX) };
        assert_eq!(tiling.scale_factors().last(), Some(1 << 32));
        let (region, size) = tiling.tile_at((u32::MAX - 1, 0), 1 << 32);
        assert_eq!((region, size), (Rect::new(u32::MAX - 1, 0, 1, u32::MAX), Dimensions::new(1, 1)));
    }
}
