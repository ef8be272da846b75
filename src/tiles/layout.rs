//! Which files a tree has, and what of the picture each shows. Pure; files are counted, not listed, so that a picture of
//! any size takes no memory here.

use recto_iiif::{Tiling, Version};

use super::spelling::Asked;
use crate::picture::{Dimensions, Format, Rect};

/// The whole picture is there in all sizes up to this longest side, or to two tiles if that is more: enough for the screen
/// of a page that shows no viewer, and no more bytes than a few tiles.
const LARGEST_WHOLE: u32 = 2048;

/// The smallest whole picture is no longer than this: what viewers take for a thumbnail.
const SMALLEST_WHOLE: u32 = 128;

/// TIFY (0.35) shows a list of thumbnails so wide, and asks for them whatever info.json says.
const THUMBNAIL: u32 = 96;

/// The kind of a tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An image of level 0 of the Image API.
    Image(Version),
    /// DeepZoom.
    DeepZoom {
        /// Columns or rows that a tile shares with each of its neighbours.
        overlap: u32,
    },
}

/// A file of a tree: a part of the picture at a size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) region: Rect,
    pub(super) size: Dimensions,
    pub(super) format: Format,
    /// Its paths in the tree. None if 2.1 has no name for it that a larger one does not have: then it is not there.
    pub(super) paths: Vec<String>,
}

/// All files of a tree that show something of the picture.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub(super) kind: Kind,
    pub(super) tiling: Tiling,
    pub(super) format: Format,
    /// The full size first.
    levels: Vec<Level>,
    /// A whole picture that is in no list.
    thumbnail: Option<Dimensions>,
}

/// The picture at one of its sizes.
#[derive(Clone, Debug)]
struct Level {
    factor: u64,
    size: Dimensions,
    columns: u32,
    rows: u32,
    /// Whether it is there as a whole, too.
    is_whole: bool,
    /// The formats in which it is there as a whole beside its tiles.
    wholes: Vec<Format>,
}

impl Layout {
    /// The tree of a picture in tiles.
    pub(super) fn new(kind: Kind, tiling: Tiling, format: Format) -> Self {
        let mut levels = Vec::new();
        let mut factor = 1;
        loop {
            let level = Level::new(tiling, factor);
            let is_last = match kind {
                Kind::Image(_) => level.is_small_enough(tiling),
                Kind::DeepZoom { .. } => level.size == Dimensions::new(1, 1),
            };
            levels.push(level);
            if is_last {
                break;
            }
            factor *= 2;
        }
        let mut thumbnail = None;
        if let Kind::Image(version) = kind {
            list_wholes(&mut levels, tiling, format);
            let is_named = |level: &Level| version == Version::V2 && level.size.width == THUMBNAIL;
            thumbnail = thumbnail_of(tiling.image).filter(|_| !levels.iter().any(is_named));
        }
        Self { kind, tiling, format, levels, thumbnail }
    }

    /// How many files there are.
    pub(super) fn count(&self) -> u64 {
        let in_levels: u64 = self.levels.iter().map(Level::count).sum();
        in_levels + u64::from(self.thumbnail.is_some())
    }

    /// The file of this number, from 0; None from [`Layout::count`] on. The largest level comes first, row by row.
    pub(super) fn piece(&self, number: u64) -> Option<Piece> {
        let mut number = number;
        for (depth, level) in self.levels.iter().enumerate() {
            if number < level.count() {
                return Some(self.piece_of(depth, level, number));
            }
            number -= level.count();
        }
        let size = self.thumbnail.filter(|_| number == 0)?;
        let (region, path) = (Rect::whole(self.tiling.image), format!("full/{THUMBNAIL},/0/default.jpg"));
        Some(Piece { region, size, format: Format::Jpg, paths: vec![path] })
    }

    /// The first file of each level, and each whole picture: what takes most to make is among them.
    pub(super) fn samples(&self) -> impl Iterator<Item = Piece> {
        let firsts = self.levels.iter().scan(0, |next, level| {
            let first = *next;
            *next += level.count();
            Some([first, *next - 1])
        });
        firsts.flatten().filter_map(|number| self.piece(number))
    }

    /// The factors by which the picture is there in tiles, the least first.
    pub(super) fn factors(&self) -> impl Iterator<Item = u64> {
        self.levels.iter().map(|level| level.factor)
    }

    /// The sizes in which it is there as a whole, the smallest first.
    pub(super) fn wholes(&self) -> impl Iterator<Item = Dimensions> {
        self.levels.iter().rev().filter(|level| level.is_whole).map(|level| level.size)
    }

    fn piece_of(&self, depth: usize, level: &Level, number: u64) -> Piece {
        let tiles = level.tiles();
        match (self.kind, number.checked_sub(tiles)) {
            (Kind::Image(version), Some(whole)) => {
                let format = level.wholes.get(whole as usize).copied().unwrap_or(Format::Jpg);
                self.image_piece(version, (Rect::whole(self.tiling.image), level.size), format)
            }
            (Kind::Image(version), None) => {
                let (column, row) = level.place(number);
                let (wide, high) = self.tiling.step(level.factor);
                // Within the picture.
                let at = ((u64::from(column) * wide) as u32, (u64::from(row) * high) as u32);
                let tile = self.tiling.tile_at(at, level.factor);
                let mut piece = self.image_piece(version, tile, self.format);
                if version == Version::V2 && self.is_named_before(at, level.factor, tile) {
                    piece.paths.clear();
                }
                piece
            }
            (Kind::DeepZoom { overlap }, _) => {
                let (column, row) = level.place(number);
                let (region, size) = level.overlapping(self.tiling, (column, row), overlap);
                let path = format!("{}/{column}_{row}.{}", self.levels.len() - 1 - depth, self.format);
                Piece { region, size, format: self.format, paths: vec![path] }
            }
        }
    }

    /// Whether the level before has the same part in the same width, which is a single pixel then: 2.1 names no height.
    fn is_named_before(&self, at: (u32, u32), factor: u64, (region, size): (Rect, Dimensions)) -> bool {
        let before = (factor > 1).then(|| self.tiling.tile_at(at, factor / 2));
        before.is_some_and(|(other, larger)| other == region && larger.width == size.width)
    }

    fn image_piece(&self, version: Version, (region, size): (Rect, Dimensions), format: Format) -> Piece {
        let is_largest = self.wholes().last() == Some(size);
        let asked = Asked { version, image: self.tiling.image, region, size, is_largest };
        Piece { region, size, format, paths: asked.paths(format) }
    }
}

impl Level {
    fn new(tiling: Tiling, factor: u64) -> Self {
        let Tiling { image, tile } = tiling;
        let scaled = |side: u32| u64::from(side).div_ceil(factor) as u32;
        let size = Dimensions::new(scaled(image.width), scaled(image.height));
        let (columns, rows) = (size.width.div_ceil(tile.width), size.height.div_ceil(tile.height));
        Self { factor, size, columns, rows, is_whole: false, wholes: Vec::new() }
    }

    /// Whether no smaller level is wanted: it is one tile and as small as a thumbnail, or half of it would be no smaller,
    /// and in 2.1 of the same name.
    fn is_small_enough(&self, tiling: Tiling) -> bool {
        let Dimensions { width, height } = self.size;
        let is_thin = width == 1 || height == 1;
        self.is_tile(tiling) && (width.max(height) <= SMALLEST_WHOLE || is_thin)
    }

    fn is_tile(&self, tiling: Tiling) -> bool {
        self.size.width <= tiling.tile.width && self.size.height <= tiling.tile.height
    }

    fn tiles(&self) -> u64 {
        u64::from(self.columns) * u64::from(self.rows)
    }

    fn count(&self) -> u64 {
        self.tiles() + self.wholes.len() as u64
    }

    /// Column and row of a tile.
    fn place(&self, number: u64) -> (u32, u32) {
        let columns = u64::from(self.columns);
        ((number % columns) as u32, (number / columns) as u32)
    }

    /// What a tile of DeepZoom shows of the full picture, and its size.
    fn overlapping(&self, tiling: Tiling, (column, row): (u32, u32), overlap: u32) -> (Rect, Dimensions) {
        let along = |at: u32, tile: u32, level: u32, image: u32| {
            let (at, tile) = (u64::from(at), u64::from(tile));
            let start = (at * tile).saturating_sub(u64::from(overlap));
            let end = ((at + 1) * tile + u64::from(overlap)).min(level.into());
            let (first, last) = (start * self.factor, (end * self.factor).min(image.into()));
            // Within the picture.
            (first as u32, (last - first) as u32, (end - start) as u32)
        };
        let (x, wide, width) = along(column, tiling.tile.width, self.size.width, tiling.image.width);
        let (y, high, height) = along(row, tiling.tile.height, self.size.height, tiling.image.height);
        (Rect::new(x, y, wide, high), Dimensions::new(width, height))
    }
}

/// The size of a thumbnail of an image that is larger, by the ratio of its sides; None if nothing would be seen.
fn thumbnail_of(image: Dimensions) -> Option<Dimensions> {
    let (width, height) = (u64::from(image.width), u64::from(image.height));
    // Rounded as the sizes of requests are; less than the image.
    let scaled = ((2 * u64::from(THUMBNAIL) * height + width) / (2 * width)) as u32;
    (image.width > THUMBNAIL && scaled > 0).then_some(Dimensions::new(THUMBNAIL, scaled))
}

/// Decides which levels are there as a whole. All have names of their own, also where 2.1 names a size by its width.
fn list_wholes(levels: &mut [Level], tiling: Tiling, format: Format) {
    let longest_tile = tiling.tile.width.max(tiling.tile.height);
    let most = LARGEST_WHOLE.max(longest_tile.saturating_mul(2));
    for at in 0..levels.len() {
        let next = levels.get(at + 1).map(|level| level.size.width);
        let level = &mut levels[at];
        let is_tile = level.is_tile(tiling);
        let fits = level.size.width.max(level.size.height) <= most;
        level.is_whole = is_tile || fits && next != Some(level.size.width);
        // JPEG is what every image has (compliance, section 5).
        let mut formats = vec![format, Format::Jpg];
        formats.dedup();
        level.wholes =
            formats.into_iter().filter(|other| level.is_whole && !(is_tile && *other == format)).collect();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn tiling(width: u32, height: u32, side: u32) -> Tiling {
        Tiling { image: Dimensions::new(width, height), tile: Dimensions::new(side, side) }
    }

    fn pieces(layout: &Layout) -> Vec<Piece> {
        (0..layout.count()).map(|number| layout.piece(number).expect("counted")).collect()
    }

    #[test]
    fn no_two_files_have_one_name_whatever_the_picture() {
        let deep = Kind::DeepZoom { overlap: 1 };
        for kind in [Kind::Image(Version::V2), Kind::Image(Version::V3), deep] {
            for (width, height) in
                [(1, 1), (1, 3000), (5000, 1), (256, 256), (257, 256), (3001, 2003), (200, 900), (129, 2)]
            {
                for format in [Format::Jpg, Format::Webp] {
                    let layout = Layout::new(kind, tiling(width, height, 256), format);
                    let pieces = pieces(&layout);
                    assert_eq!(layout.piece(layout.count()), None);
                    let mut names = HashSet::new();
                    for piece in &pieces {
                        assert!(piece.region.right() <= width && piece.region.bottom() <= height);
                        assert!(piece.size.width <= piece.region.width.max(1), "{piece:?}");
                        assert!(
                            piece.paths.iter().all(|path| names.insert(path.clone())),
                            "{kind:?} {piece:?}"
                        );
                    }
                    let sample_area = layout.samples().map(|piece| piece.region.dimensions().area()).max();
                    assert_eq!(
                        sample_area,
                        pieces.iter().map(|piece| piece.region.dimensions().area()).max()
                    );
                }
            }
        }
    }

    #[test]
    fn a_picture_is_there_in_tiles_and_as_a_whole() {
        let layout = Layout::new(Kind::Image(Version::V3), tiling(5000, 3000, 512), Format::Jpg);
        assert!(layout.factors().eq([1, 2, 4, 8, 16, 32, 64]));
        let sizes: Vec<_> = layout.wholes().map(|size| (size.width, size.height)).collect();
        assert_eq!(sizes, [(79, 47), (157, 94), (313, 188), (625, 375), (1250, 750)]);
        let all = pieces(&layout);
        // Tiles of four levels, the two wholes of which are no tile, three tiles that are the whole, and the thumbnail.
        assert_eq!(all.len(), 60 + 15 + (6 + 1) + (2 + 1) + 3 + 1);
        let largest = all.iter().find(|piece| piece.paths.iter().any(|path| path.starts_with("full/max/")));
        assert_eq!(largest.expect("a largest one").size, Dimensions::new(1250, 750));
    }

    #[test]
    fn tiles_of_deep_zoom_share_their_edges() {
        let layout = Layout::new(Kind::DeepZoom { overlap: 1 }, tiling(600, 300, 254), Format::Jpg);
        let found: Vec<_> = pieces(&layout)
            .into_iter()
            .map(|piece| (piece.paths[0].clone(), piece.region, piece.size))
            .collect();
        let has = |path: &str, region, (width, height)| {
            assert!(
                found.contains(&(path.to_owned(), region, Dimensions::new(width, height))),
                "{path}: {found:?}"
            );
        };
        has("10/0_0.jpg", Rect::new(0, 0, 255, 255), (255, 255));
        has("10/1_0.jpg", Rect::new(253, 0, 256, 255), (256, 255));
        has("10/2_1.jpg", Rect::new(507, 253, 93, 47), (93, 47));
        has("9/1_0.jpg", Rect::new(506, 0, 94, 300), (47, 150));
        has("0/0_0.jpg", Rect::new(0, 0, 600, 300), (1, 1));
    }
}
