//! The tile arithmetic of a viewer, from info.json alone (Image API 3.0 implementation notes): which URLs it will
//! ask for, and what must come back. Pure.

use anyhow::{Context, ensure};
use serde::Deserialize;

use crate::picture::{Dimensions, Rect};

/// The part of an info.json (3.0) that a viewer reads.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Info {
    /// The image's base URI.
    pub(super) id: String,
    /// Full width.
    pub(super) width: u32,
    /// Full height.
    pub(super) height: u32,
    #[serde(default)]
    sizes: Vec<Size>,
    #[serde(default)]
    tiles: Vec<TileSet>,
    max_width: Option<u32>,
    max_height: Option<u32>,
    max_area: Option<u64>,
}

#[derive(Debug, Deserialize)]
struct Size {
    width: u32,
    height: u32,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct TileSet {
    width: u32,
    height: Option<u32>,
    scale_factors: Vec<u32>,
}

/// A region to be requested at a size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    /// In pixels of the full image.
    pub(super) region: Rect,
    /// What must come back.
    pub(super) size: Dimensions,
}

impl Piece {
    /// Region, size and rotation as they stand in a URL.
    pub(super) fn path(&self) -> String {
        format!("{}/{},{}/0", self.region, self.size.width, self.size.height)
    }
}

/// Tiles side by side, and the same pixels in one piece.
#[derive(Debug)]
pub(super) struct Neighbours {
    /// The region that the tiles cover together.
    pub(super) whole: Piece,
    /// Each tile, with its column and row of pixels in the whole.
    pub(super) parts: Vec<(Piece, u32, u32)>,
}

/// All tiles of one scale factor.
#[derive(Debug)]
pub(super) struct Level {
    /// Pixels of the full image per pixel of a tile.
    pub(super) scale: u32,
    full: Dimensions,
    tile: Dimensions,
    /// Number of tiles in a row.
    pub(super) columns: u32,
    /// Number of tiles in a column.
    pub(super) rows: u32,
}

impl Info {
    /// Reads an info.json.
    pub(super) fn parse(json: &[u8]) -> anyhow::Result<Self> {
        let info: Self = serde_json::from_slice(json).context("info.json")?;
        ensure!(info.width > 0 && info.height > 0, "info.json has a side of 0 pixels");
        Ok(info)
    }

    /// The full size.
    pub(super) fn full(&self) -> Dimensions {
        Dimensions::new(self.width, self.height)
    }

    /// The sizes that are recommended.
    pub(super) fn sizes(&self) -> impl Iterator<Item = Dimensions> {
        self.sizes.iter().map(|size| Dimensions::new(size.width, size.height))
    }

    /// Whether a picture of this size may be asked for (Image API 3.0 section 5.3).
    pub(super) fn allows(&self, size: Dimensions) -> bool {
        let max_height = self.max_height.or(self.max_width);
        self.max_width.is_none_or(|max| size.width <= max)
            && max_height.is_none_or(|max| size.height <= max)
            && self.max_area.is_none_or(|max| size.area() <= max)
    }

    /// The levels of the first set of tiles, in the order in which info.json names them.
    pub(super) fn levels(&self) -> anyhow::Result<Vec<Level>> {
        let Some(set) = self.tiles.first() else { return Ok(Vec::new()) };
        let tile = Dimensions::new(set.width, set.height.unwrap_or(set.width));
        let smallest = set.scale_factors.iter().copied().chain([tile.width, tile.height]).min();
        ensure!(smallest.is_some_and(|n| n > 0), "info.json has a tile or a scale factor of 0");
        let level = |&scale: &u32| {
            let across = |side: u32, tile: u32| {
                u64::from(side).div_ceil(u64::from(tile) * u64::from(scale)).try_into().unwrap_or(u32::MAX)
            };
            let (columns, rows) = (across(self.width, tile.width), across(self.height, tile.height));
            Level { scale, full: self.full(), tile, columns, rows }
        };
        Ok(set.scale_factors.iter().map(level).collect())
    }
}

impl Level {
    /// A tile; at the right and lower edge its size is rounded up.
    pub(super) fn tile(&self, column: u32, row: u32) -> Piece {
        self.block(column, row, 1, 1)
    }

    /// A block of neighbouring tiles as one piece.
    fn block(&self, column: u32, row: u32, columns: u32, rows: u32) -> Piece {
        let along = |at: u32, count: u32, tile: u32, full: u32| {
            let step = u64::from(tile) * u64::from(self.scale);
            let start = u64::from(at) * step;
            let length = (u64::from(count) * step).min(u64::from(full).saturating_sub(start));
            let narrow = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
            (narrow(start), narrow(length), narrow(length.div_ceil(u64::from(self.scale))))
        };
        let (x, region_width, width) = along(column, columns, self.tile.width, self.full.width);
        let (y, region_height, height) = along(row, rows, self.tile.height, self.full.height);
        Piece { region: Rect::new(x, y, region_width, region_height), size: Dimensions::new(width, height) }
    }

    /// A few tiles that differ in kind: corners, edges and one in the middle, each once.
    pub(super) fn samples(&self) -> Vec<Piece> {
        let (right, below) = (self.columns - 1, self.rows - 1);
        let (middle, half) = (right / 2, below / 2);
        let mut places = vec![
            (0, 0),
            (middle, half),
            (right, half),
            (middle, below),
            (right, below),
            (right, 0),
            (0, below),
        ];
        places.sort_unstable();
        places.dedup();
        places.into_iter().map(|(column, row)| self.tile(column, row)).collect()
    }

    /// Up to two by two neighbours whose scale is exact, if there are two. An edge tile whose size was rounded
    /// up has a scale of its own, so its pixels are rightly not those of the whole.
    pub(super) fn neighbours(&self) -> Option<Neighbours> {
        let exact = |count: u32, tile: u32, full: u32| {
            if full.is_multiple_of(self.scale) { count } else { full / tile.saturating_mul(self.scale) }
        };
        let columns = exact(self.columns, self.tile.width, self.full.width);
        let rows = exact(self.rows, self.tile.height, self.full.height);
        if columns == 0 || rows == 0 || columns == 1 && rows == 1 {
            return None;
        }
        let (across, down) = (columns.min(2), rows.min(2));
        let (column, row) = (columns - across, rows - down);
        let places = (0..down).flat_map(|y| (0..across).map(move |x| (x, y)));
        let part = |(x, y)| (self.tile(column + x, row + y), x * self.tile.width, y * self.tile.height);
        let parts = places.map(part).collect();
        Some(Neighbours { whole: self.block(column, row, across, down), parts })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn levels(width: u32, height: u32) -> Vec<Level> {
        let text = format!(
            r#"{{"id": "x", "width": {width}, "height": {height}, "maxArea": 100,
                "tiles": [{{"width": 256, "scaleFactors": [1, 2, 4]}}]}}"#
        );
        let info = Info::parse(text.as_bytes()).expect("info");
        assert!(info.allows(Dimensions::new(10, 10)) && !info.allows(Dimensions::new(11, 10)));
        info.levels().expect("levels")
    }

    #[test]
    fn edge_tiles_are_rounded_up() {
        let levels = levels(1001, 600);
        assert_eq!((levels[0].columns, levels[0].rows), (4, 3));
        assert_eq!(levels[1].tile(1, 1).path(), "512,512,489,88/245,44/0");
        assert_eq!(levels[2].tile(0, 0).path(), "0,0,1001,600/251,150/0");
    }

    #[test]
    fn neighbours_are_exact() {
        let levels = levels(1001, 600);
        let Neighbours { whole, parts } = levels[0].neighbours().expect("a block");
        assert_eq!(whole.path(), "512,256,489,344/489,344/0");
        assert_eq!(parts.len(), 4);
        assert_eq!(
            (parts[3].0.path().as_str(), parts[3].1, parts[3].2),
            ("768,512,233,88/233,88/0", 256, 256)
        );
        // At scale 2 the right column's 489 pixels are no multiple of 2: only the first column is exact.
        let Neighbours { whole, parts } = levels[1].neighbours().expect("a block");
        assert_eq!((whole.path().as_str(), parts.len()), ("0,0,512,600/256,300/0", 2));
        assert!(levels[2].neighbours().is_none());
    }
}
