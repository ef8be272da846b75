//! Where tiles, resolutions, subbands, precincts and code-blocks lie (T.800 annex B).
//! Pure arithmetic on the headers; nothing here is as large as the image. Each rectangle is in the grid of its own
//! (reference grid, component, resolution, subband), half-open, and may be empty.

use std::ops::Range;

use super::{BandKind, Coding, Component, ComponentCoding, Header};
use crate::error::Error;
use crate::geometry::{Rect, ceil_shift};

/// More precincts than this in a tile are refused: a component of 10 gigapixels has a tenth of it in precincts of
/// 256 samples' side.
const MAX_PRECINCTS: u64 = 1 << 22;

/// A tile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tile {
    /// Where it lies on the reference grid (T.800 B-7 to B-10).
    pub rect: Rect,
    /// Its components.
    pub components: Vec<TileComponent>,
    /// Number of precincts of all components and resolutions.
    pub precincts: u32,
}

/// One component of a tile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TileComponent {
    /// Where it lies on the component's grid (T.800 B-12).
    pub rect: Rect,
    /// Columns and rows of the reference grid per sample.
    pub step: (u32, u32),
    /// Its resolutions, the lowest first: one more than there are decomposition levels.
    pub resolutions: Vec<Resolution>,
}

/// One resolution of a tile's component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolution {
    /// Where it lies on the grid of its resolution (T.800 B-14).
    pub rect: Rect,
    /// Its subbands and where each lies on its own grid (T.800 B-15): LL, or HL, LH and HH.
    pub bands: Vec<(BandKind, Rect)>,
    /// Log2 of width and height of a precinct in samples of this resolution.
    pub precinct: (u8, u8),
    /// Precincts in a row of them (T.800 B-16); 0 if the resolution is empty.
    pub columns: u32,
    /// Rows of precincts; 0 if the resolution is empty.
    pub rows: u32,
    /// Number of the precincts of the tile before the first of these: components in their order, in each its
    /// resolutions, the lowest first, and in each its precincts along rows.
    pub first_precinct: u32,
    /// Log2 of width and height of code-blocks (T.800 B-17, B-18).
    block: (u8, u8),
}

/// The code-blocks that a precinct has in one subband.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BlockGrid {
    /// The part of the subband that is in the precinct.
    pub rect: Rect,
    /// Code-blocks in a row of them; 0 if there are none.
    pub columns: u32,
    /// Rows of code-blocks; 0 if there are none.
    pub rows: u32,
    /// Log2 of width and height of code-blocks, before they are cut by `rect`.
    block: (u8, u8),
}

impl Tile {
    /// The layout of the tile of this number, 0 to `header.tiles() - 1`, that is coded so.
    ///
    /// # Errors
    /// [`Error::TooLarge`] if it has more precincts than any picture needs.
    pub(crate) fn new(header: &Header, number: u32, coding: &Coding) -> Result<Self, Error> {
        let rect = header.tile_rect(number);
        let mut precincts = 0;
        let parts = header.components.iter().zip(&coding.components);
        let components =
            parts.map(|(component, coding)| TileComponent::new(rect, component, coding, &mut precincts));
        Ok(Self { rect, components: components.collect::<Result<_, _>>()?, precincts: precincts as u32 })
    }
}

impl TileComponent {
    fn new(
        tile: Rect,
        component: &Component,
        coding: &ComponentCoding,
        precincts: &mut u64,
    ) -> Result<Self, Error> {
        let step = (component.dx, component.dy);
        let rect = tile.mapped(|x| x.div_ceil(step.0), |y| y.div_ceil(step.1));
        let resolution = |number| {
            let resolution = Resolution::new(rect, coding, number, *precincts as u32);
            *precincts += u64::from(resolution.columns) * u64::from(resolution.rows);
            if *precincts > MAX_PRECINCTS {
                return Err(Error::too_large(format!("a tile of more than {MAX_PRECINCTS} precincts")));
            }
            Ok(resolution)
        };
        let resolutions = (0..=coding.levels).map(resolution).collect::<Result<_, _>>()?;
        Ok(Self { rect, step, resolutions })
    }
}

impl Resolution {
    fn new(component: Rect, coding: &ComponentCoding, number: u8, first_precinct: u32) -> Self {
        let rect = component.reduced(coding.levels - number);
        let precinct = coding.precincts[usize::from(number)];
        let kinds: &[BandKind] = match number {
            0 => &[BandKind::Ll],
            _ => &[BandKind::Hl, BandKind::Lh, BandKind::Hh],
        };
        // The level of the decomposition that gave the subbands (T.800 B.5).
        let level = (coding.levels + 1 - number).min(coding.levels);
        let bands = kinds.iter().map(|kind| (*kind, kind.rect(component, level))).collect();
        let count = |start: u32, end: u32, log: u8| match start < end {
            true => ceil_shift(end, log) - (start >> log),
            false => 0,
        };
        let (columns, rows) =
            (count(rect.x, rect.right(), precinct.0), count(rect.y, rect.bottom(), precinct.1));
        let (columns, rows) = if columns == 0 || rows == 0 { (0, 0) } else { (columns, rows) };
        let halved = u8::from(number > 0);
        let block = (coding.block.0.min(precinct.0 - halved), coding.block.1.min(precinct.1 - halved));
        Self { rect, bands, precinct, columns, rows, first_precinct, block }
    }

    /// Number of precincts.
    pub fn precincts(&self) -> u32 {
        self.columns * self.rows
    }

    /// The code-blocks of the precinct of this number, 0 to `precincts() - 1` along rows, in each subband.
    pub(crate) fn blocks(&self, precinct: u32) -> impl Iterator<Item = (BandKind, BlockGrid)> + '_ {
        let column = (self.rect.x >> self.precinct.0) + precinct % self.columns.max(1);
        let row = (self.rect.y >> self.precinct.1) + precinct / self.columns.max(1);
        let (across, down) = self.band_precinct();
        let cell = |n: u32, log: u8| u64::from(n) << log..(u64::from(n) + 1) << log;
        self.bands.iter().map(move |(kind, band)| {
            let rect = band.clipped(cell(column, across), cell(row, down));
            (*kind, BlockGrid::new(rect, self.block))
        })
    }

    /// The precincts that hold samples of `window`, which is on the grid of the subbands of this resolution: columns
    /// and rows of the grid of precincts.
    pub(crate) fn precincts_of(&self, window: Rect) -> (Range<u32>, Range<u32>) {
        let range = |start: u32, end: u32, first: u32, log: u8, count: u32| match start < end {
            true => {
                let within = |n: u32| n.saturating_sub(first).min(count);
                within(start >> log)..within(ceil_shift(end, log))
            }
            false => 0..0,
        };
        let (across, down) = self.band_precinct();
        (
            range(window.x, window.right(), self.rect.x >> self.precinct.0, across, self.columns),
            range(window.y, window.bottom(), self.rect.y >> self.precinct.1, down, self.rows),
        )
    }

    /// Log2 of width and height of a precinct in samples of a subband.
    fn band_precinct(&self) -> (u8, u8) {
        let halved = u8::from(self.bands.len() > 1);
        (self.precinct.0 - halved, self.precinct.1 - halved)
    }
}

impl BlockGrid {
    fn new(rect: Rect, block: (u8, u8)) -> Self {
        let (columns, rows) = match rect.width == 0 || rect.height == 0 {
            true => (0, 0),
            false => (
                ceil_shift(rect.right(), block.0) - (rect.x >> block.0),
                ceil_shift(rect.bottom(), block.1) - (rect.y >> block.1),
            ),
        };
        Self { rect, columns, rows, block }
    }

    /// Number of code-blocks.
    pub(crate) fn len(&self) -> u64 {
        u64::from(self.columns) * u64::from(self.rows)
    }

    /// Whether there are no code-blocks.
    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Where the code-block in `column` and `row` lies in the subband.
    pub(crate) fn block(&self, column: u32, row: u32) -> Rect {
        let cell = |first: u32, n: u32, log: u8| {
            let n = u64::from(first >> log) + u64::from(n);
            n << log..(n + 1) << log
        };
        self.rect.clipped(cell(self.rect.x, column, self.block.0), cell(self.rect.y, row, self.block.1))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::{component_coding, header};
    use super::*;
    use crate::geometry::Dimensions;

    /// The samples of an interval of a component that a subband of `level` holds, one by one: sample `u` of it stands at
    /// `2^level * u`, or half a step further in a high-pass band.
    fn held(start: u32, end: u32, level: u8, high: bool) -> Vec<u32> {
        let at = |u: u32| (u << level) + if high { 1 << (level - 1) } else { 0 };
        (0..=end).filter(|u| (start..end).contains(&at(*u))).collect()
    }

    proptest! {
        #[test]
        fn tiles_cover_the_image_once(
            (x, y, width, height) in (0u32..50, 0u32..50, 1u32..60, 1u32..60),
            (tile_width, tile_height) in (1u32..40, 1u32..40),
            back in (0u32..40, 0u32..40),
        ) {
            let origin = (x - back.0.min(x).min(tile_width - 1), y - back.1.min(y).min(tile_height - 1));
            let image = Rect::new(x, y, width, height);
            let header = header(image, origin, Dimensions::new(tile_width, tile_height));
            let mut area = 0;
            for number in 0..header.tiles() {
                let tile = header.tile_rect(number);
                prop_assert!(image.intersection(tile) == Some(tile), "tile {number}: {tile}");
                let before = (0..number).all(|other| tile.intersection(header.tile_rect(other)).is_none());
                prop_assert!(before);
                area += tile.dimensions().area();
            }
            prop_assert_eq!(area, image.dimensions().area());
        }

        #[test]
        fn every_sample_is_in_one_block_of_one_precinct(
            (x, y, width, height) in (0u32..40, 0u32..40, 1u32..70, 1u32..70),
            levels in 0u8..4,
            precincts in prop::collection::vec((1u8..6, 1u8..6), 4),
            block in (2u8..5, 2u8..5),
        ) {
            let rect = Rect::new(x, y, width, height);
            let mut coding = component_coding(levels);
            coding.precincts = precincts[..=usize::from(levels)].to_vec();
            coding.block = block;
            let component = Component { precision: 8, signed: false, dx: 1, dy: 1 };
            let tile = TileComponent::new(rect, &component, &coding, &mut 0).expect("a small tile");
            let mut samples = 0;
            for (number, resolution) in tile.resolutions.iter().enumerate() {
                let level = if number == 0 { levels } else { levels + 1 - number as u8 };
                for (which, (kind, band)) in resolution.bands.iter().enumerate() {
                    let high = (matches!(kind, BandKind::Hl | BandKind::Hh), matches!(kind, BandKind::Lh | BandKind::Hh));
                    let columns = held(x, x + width, level, high.0);
                    let rows = held(y, y + height, level, high.1);
                    prop_assert_eq!((band.width as usize, band.height as usize), (columns.len(), rows.len()));
                    prop_assert!(columns.first().is_none_or(|first| *first == band.x));
                    prop_assert!(rows.first().is_none_or(|first| *first == band.y));
                    let mut seen = vec![0; columns.len() * rows.len()];
                    for precinct in 0..resolution.precincts() {
                        let (of, grid) = resolution.blocks(precinct).nth(which).expect("its band");
                        prop_assert_eq!(of, *kind);
                        for (row, column) in (0..grid.rows).flat_map(|row| (0..grid.columns).map(move |column| (row, column))) {
                            let block = grid.block(column, row);
                            prop_assert!(block.width > 0 && block.height > 0);
                            // A block does not cross a line of its grid (T.800 B.7), nor leave its precinct.
                            let cell = |start: u32, end: u32, log: u8| start >> log == (end - 1) >> log;
                            let halved = u8::from(number > 0);
                            let precinct_log = coding.precincts[number];
                            prop_assert!(cell(block.x, block.right(), coding.block.0.min(precinct_log.0 - halved)));
                            prop_assert!(cell(block.y, block.bottom(), coding.block.1.min(precinct_log.1 - halved)));
                            let (across, down) = resolution.precincts_of(block);
                            prop_assert_eq!((across.len(), down.len()), (1, 1));
                            prop_assert_eq!(down.start * resolution.columns + across.start, precinct);
                            for (u, v) in (block.x..block.right()).flat_map(|u| (block.y..block.bottom()).map(move |v| (u, v))) {
                                seen[(v - band.y) as usize * columns.len() + (u - band.x) as usize] += 1;
                            }
                        }
                    }
                    prop_assert!(seen.iter().all(|times| *times == 1), "{:?} of {:?}", kind, resolution);
                    samples += seen.len();
                }
            }
            prop_assert_eq!(samples as u64, rect.dimensions().area());
        }
    }

    #[test]
    fn the_largest_grid_is_refused_without_overflow() {
        let image = Rect::new(0, 0, u32::MAX, u32::MAX);
        let mut header = header(image, (0, 0), Dimensions::new(u32::MAX, u32::MAX));
        header.coding.components[0] = component_coding(32);
        assert!(matches!(Tile::new(&header, 0, &header.coding), Err(Error::TooLarge(_))));
        let lowest = Resolution::new(image, &header.coding.components[0], 0, 0);
        assert_eq!(lowest.rect, Rect::new(0, 0, 1, 1));
        let highest = Resolution::new(image, &header.coding.components[0], 32, 0);
        assert_eq!((highest.columns, highest.rows), (1 << 17, 1 << 17));
    }

    #[test]
    fn precincts_without_number_are_refused() {
        let mut header = header(Rect::new(0, 0, 1 << 20, 1 << 20), (0, 0), Dimensions::new(1 << 20, 1 << 20));
        header.coding.components[0].precincts.fill((5, 5));
        let error = Tile::new(&header, 0, &header.coding).expect_err("2^30 precincts");
        assert!(matches!(error, Error::TooLarge(_)), "{error}");
    }
}
