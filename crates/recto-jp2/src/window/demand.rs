//! What a window needs of a codestream, computed before decoding: where its packets lie, so that they can be announced
//! together, and how much of them has to be read, so that no file takes endless time.
//! Pure.

use std::ops::Range;

use super::{Source, component, lacking, tiles_with_samples};
use crate::codestream::layout::TileComponent;
use crate::codestream::{BandKind, ComponentCoding};
use crate::error::Error;
use crate::geometry::Rect;
use crate::index::Tile;

/// More code-blocks and packets than this, each layer counted, are not read for one window: some seconds. Of the whole
/// of a gigapixel in colour, in twenty layers, it is a tenth.
const MAX_VISITS: u64 = 1 << 27;

/// The cost of a component of a tile even if it is empty, since it may have 33 resolutions.
const VISITS_OF_PART: u64 = 128;

/// A packet that is longer holds far more than a window, and of it only the header is announced, at its beginning.
pub(super) const LONG: usize = 64 << 10;

/// Announces the bytes that a window needs, by the area and the reduction of [`super::WindowDecoder::decode`].
///
/// # Errors
/// [`Error::TooLarge`] if it needs more than any window of a picture does; those of the headers of its tiles;
/// [`Error::Stopped`].
pub(super) fn announce(source: Source, reduction: u8, area: Rect) -> Result<(), Error> {
    let Source { codestream, index, .. } = source;
    let mut demand = Demand::default();
    let tiles = || tiles_with_samples(&index.header, reduction, area);
    let parts = tiles().count() as u64 * index.header.components.len() as u64;
    demand.visit(parts.saturating_mul(VISITS_OF_PART))?;
    // Together: one by one, each would be a way to and fro.
    if !codestream.is_complete() {
        let heads: Vec<_> = tiles().flat_map(|number| index.heads(codestream, number, reduction)).collect();
        codestream.announce(&heads)?;
    }
    let mut unread = Vec::new();
    for number in tiles() {
        codestream.check()?;
        unread.extend(index.unread(codestream, number));
    }
    codestream.announce(&unread)?;
    for tile_number in tiles() {
        codestream.check()?;
        let tile = index.tile(codestream, tile_number)?;
        demand.visit(tile.effort())?;
        let components = tile.layout.components.iter().zip(&index.header.components).enumerate();
        for (number, (part, component)) in components.filter(|(number, _)| source.needs(&tile, *number)) {
            let window = component.reduced(area, reduction);
            demand.add((tile_number, &tile), number, part, reduction, window)?;
        }
    }
    codestream.announce(&demand.ranges)?;
    if codestream.is_complete() || demand.long.is_empty() {
        return Ok(());
    }
    let mut blocks = Vec::new();
    for long in &demand.long {
        codestream.check()?;
        // One that cannot be read shows when it is decoded.
        let Ok(precinct) =
            index.precinct(codestream, long.tile, long.component, long.resolution, long.precinct)
        else {
            continue;
        };
        let all = precinct.bands.iter().flat_map(|band| &band.blocks);
        let needed = all.filter(|block| block.rect.intersection(long.needed).is_some());
        blocks.extend(needed.flat_map(|block| &block.segments).flat_map(|segment| &segment.ranges).cloned());
    }
    codestream.announce(&blocks)
}

/// A precinct with a packet of which only the header was announced.
struct Long {
    tile: u32,
    component: usize,
    resolution: usize,
    precinct: u32,
    /// What is needed of each of its subbands.
    needed: Rect,
}

#[derive(Default)]
struct Demand {
    ranges: Vec<Range<usize>>,
    long: Vec<Long>,
    visits: u64,
}

impl Demand {
    fn visit(&mut self, more: u64) -> Result<(), Error> {
        self.visits = self.visits.saturating_add(more);
        match self.visits <= MAX_VISITS {
            true => Ok(()),
            false => Err(Error::too_large(format!(
                "a window for which more than {MAX_VISITS} packets and code-blocks would have to be looked at"
            ))),
        }
    }

    /// What a window of a tile's component needs, if they meet.
    fn add(
        &mut self,
        (tile_number, tile): (u32, &Tile),
        component: usize,
        part: &TileComponent,
        reduction: u8,
        window: Rect,
    ) -> Result<(), Error> {
        let coding = &tile.coding().components[component];
        let Some(window) = part.rect.reduced(reduction).intersection(window) else { return Ok(()) };
        let (levels, missing) =
            (coding.levels.saturating_sub(reduction), reduction.saturating_sub(coding.levels));
        let resolution = part.resolutions[usize::from(levels)].rect;
        let window = match coding.reversible {
            true => lacking::source::<i32>(resolution, missing, window)?,
            false => lacking::source::<f32>(resolution, missing, window)?,
        };
        for (number, needed) in needed(part, coding, levels, window).into_iter().enumerate() {
            let resolution = &part.resolutions[number];
            let (columns, rows) = resolution.precincts_of(needed);
            let layers = u64::from(tile.coding().layers);
            for precinct in rows.flat_map(|row| columns.clone().map(move |c| row * resolution.columns + c)) {
                let blocks: u64 = resolution.blocks(precinct).map(|(_, grid)| grid.len()).sum();
                self.visit(layers.saturating_mul(blocks + 4))?;
                let (before, mut is_long) = (self.ranges.len(), false);
                for packet in tile.packets(resolution, precinct) {
                    let end = packet.end.min(packet.start.saturating_add(LONG));
                    is_long |= end < packet.end;
                    self.ranges.push(packet.start..end);
                }
                if is_long && before < self.ranges.len() {
                    let (tile, resolution) = (tile_number, number);
                    self.long.push(Long { tile, component, resolution, precinct, needed });
                }
            }
        }
        Ok(())
    }
}

/// The window of the subbands of each resolution, from 0 to `levels`, that holds all that is needed of each of them.
fn needed(part: &TileComponent, coding: &ComponentCoding, levels: u8, window: Rect) -> Vec<Rect> {
    let resolution = part.resolutions[usize::from(levels)].rect;
    let needs = match coding.reversible {
        true => component::needs::<i32>(resolution, levels, window),
        false => component::needs::<f32>(resolution, levels, window),
    };
    let lowest = needs.first().map_or(window, |need| need.of(BandKind::Ll));
    let others = needs.iter().map(|need| {
        let [hl, lh, hh] = [BandKind::Hl, BandKind::Lh, BandKind::Hh].map(|kind| need.of(kind));
        around(around(hl, lh), hh)
    });
    std::iter::once(lowest).chain(others).collect()
}

/// The smallest rectangle around both; an empty one does not count.
fn around(one: Rect, other: Rect) -> Rect {
    match (one.dimensions().area(), other.dimensions().area()) {
        (0, _) => other,
        (_, 0) => one,
        _ => {
            let (x, y) = (one.x.min(other.x), one.y.min(other.y));
            let (right, bottom) = (one.right().max(other.right()), one.bottom().max(other.bottom()));
            Rect::new(x, y, right - x, bottom - y)
        }
    }
}
