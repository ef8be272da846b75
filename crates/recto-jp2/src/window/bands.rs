//! Windows of subbands out of a codestream: their code-blocks, decoded or cached from earlier windows, and dequantised.
//! Pure on the bytes of the codestream.

use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;

use super::cache::{BlockCache, BlockKey, Coefficients};
use super::demand::LONG;
use super::dequantise::{Dequantiser, Quantised};
use super::{Source, TileComponent};
use crate::bytes::Bytes;
use crate::codestream::{BandKind, BlockStyle};
use crate::error::Error;
use crate::geometry::Rect;
use crate::index::{CodeBlock, Precinct};
use crate::planes::Plane;
use crate::tier1::BlockDecoder;

/// Most bytes of decoded code-blocks between windows: more than a screen shows. A viewer that pans around a picture
/// needs 1.3 times as much CPU time with 4 MB, 1.05 times with 8 MB, and no less with 256 MB.
const CACHE_BYTES: usize = 16 << 20;

/// Most code-blocks of which the places of their bytes are cached. Each takes some 200 bytes.
const MAX_BLOCKS_HELD: usize = 1 << 14;

/// Decodes subbands; caches the code-blocks that it decoded last.
pub(super) struct Bands {
    blocks: Blocks,
    cache: BlockCache,
    precincts: HashMap<PrecinctKey, Rc<Precinct>>,
    /// Code-blocks in `precincts`.
    blocks_held: usize,
}

/// Decodes code-blocks from where they lie in a codestream.
#[derive(Default)]
struct Blocks {
    decoder: BlockDecoder,
    /// The bytes of a code-block, put together: each layer has its share elsewhere.
    bytes: Vec<u8>,
}

/// Codestream, tile, component, resolution, precinct.
type PrecinctKey = (u64, u32, usize, u8, u32);

impl Default for Bands {
    fn default() -> Self {
        Self {
            blocks: Blocks::default(),
            cache: BlockCache::new(CACHE_BYTES),
            precincts: HashMap::new(),
            blocks_held: 0,
        }
    }
}

impl Bands {
    /// Writes the dequantised samples of a window of a subband.
    ///
    /// # Errors
    /// [`Error`] if the codestream is damaged there, or coded as no encoder does.
    pub(super) fn fill<T: Quantised>(
        &mut self,
        part: TileComponent,
        resolution: u8,
        kind: BandKind,
        plane: &mut Plane<T>,
    ) -> Result<(), Error> {
        let window = plane.rect;
        let coding = &part.tile.coding().components[part.component];
        let precision = part.source.index.header.components[part.component].precision;
        let step = coding.step(resolution, kind);
        let dequantiser = Dequantiser::new(coding.roi_shift, step.size(precision));
        let planes = step.planes(coding.quantisation.guard_bits).saturating_add(coding.roi_shift);
        let layout = &part.tile.layout.components[part.component].resolutions[usize::from(resolution)];
        let (columns, rows) = layout.precincts_of(window);
        for (row, column) in rows.flat_map(|row| columns.clone().map(move |column| (row, column))) {
            part.source.codestream.check()?;
            let precinct = self.precinct(part, resolution, row * layout.columns + column)?;
            announce_blocks(part.source.codestream, &precinct, kind, window)?;
            let band = precinct.bands.iter().filter(|band| band.kind == kind);
            for block in band.flat_map(|band| &band.blocks) {
                let Some(shared) = block.rect.intersection(window) else { continue };
                if block.segments.is_empty() {
                    clear(shared, plane);
                    continue;
                }
                let key = part.key(resolution, kind, block);
                match self.cache.get(&key) {
                    Some(Coefficients::Narrowest(values)) => {
                        paste(values, block.rect, shared, &dequantiser, plane)
                    }
                    Some(Coefficients::Narrow(values)) => {
                        paste(values, block.rect, shared, &dequantiser, plane)
                    }
                    Some(Coefficients::Wide(values)) => {
                        paste(values, block.rect, shared, &dequantiser, plane)
                    }
                    None => {
                        part.source.codestream.check()?;
                        let values =
                            self.blocks.decode(part.source.codestream, kind, coding.style, planes, block)?;
                        paste(values, block.rect, shared, &dequantiser, plane);
                        let values = Coefficients::new(values);
                        self.cache.insert(key, values);
                    }
                }
            }
        }
        Ok(())
    }

    /// A precinct of a tile's component, as its packet headers describe it.
    fn precinct(&mut self, part: TileComponent, resolution: u8, number: u32) -> Result<Rc<Precinct>, Error> {
        let Source { codestream, index, identity, .. } = part.source;
        let key = (identity, part.tile_number, part.component, resolution, number);
        if let Some(precinct) = self.precincts.get(&key) {
            return Ok(precinct.clone());
        }
        let precinct =
            index.precinct(codestream, part.tile_number, part.component, resolution.into(), number)?;
        let blocks: usize = precinct.bands.iter().map(|band| band.blocks.len()).sum();
        if self.blocks_held + blocks > MAX_BLOCKS_HELD {
            self.precincts.clear();
            self.blocks_held = 0;
        }
        self.blocks_held += blocks;
        let precinct = Rc::new(precinct);
        self.precincts.insert(key, precinct.clone());
        Ok(precinct)
    }
}

impl TileComponent<'_> {
    fn key(&self, resolution: u8, band: BandKind, block: &CodeBlock) -> BlockKey {
        BlockKey {
            codestream: self.source.identity,
            tile: self.tile_number,
            component: self.component as u16,
            resolution,
            band,
            place: (block.rect.x, block.rect.y),
        }
    }
}

impl Blocks {
    /// The coefficients of a code-block of a subband that has `planes` bit-planes.
    fn decode(
        &mut self,
        codestream: Bytes,
        kind: BandKind,
        style: BlockStyle,
        planes: u8,
        block: &CodeBlock,
    ) -> Result<&[i32], Error> {
        let planes = planes.checked_sub(block.zero_planes);
        let planes = planes.ok_or_else(|| Error::damaged("a code-block of fewer planes than none"))?;
        self.bytes.clear();
        let mut ends = Vec::with_capacity(block.segments.len());
        for segment in &block.segments {
            for range in &segment.ranges {
                let cut = || Error::damaged("a codestream that is shorter than it was");
                self.bytes.extend_from_slice(codestream.announced(range.clone()).ok_or_else(cut)?);
            }
            ends.push((segment.passes, self.bytes.len()));
        }
        let starts = std::iter::once(0).chain(ends.iter().map(|(_, end)| *end));
        let segments: Vec<(u32, &[u8])> =
            starts.zip(&ends).map(|(start, &(passes, end))| (passes, &self.bytes[start..end])).collect();
        self.decoder.decode(kind, style, (block.rect.width, block.rect.height), planes, &segments)
    }
}

/// Announces the code-blocks of a window. Of complete bytes that is of use only if they lie scattered in packets of which
/// only the headers were announced.
fn announce_blocks(
    codestream: Bytes,
    precinct: &Precinct,
    kind: BandKind,
    window: Rect,
) -> Result<(), Error> {
    let band = precinct.bands.iter().filter(|band| band.kind == kind);
    let blocks = band.flat_map(|band| &band.blocks).filter(|block| block.rect.intersection(window).is_some());
    let segments = blocks.flat_map(|block| &block.segments);
    let ranges: Vec<_> = segments.flat_map(|segment| &segment.ranges).cloned().collect();
    let start = ranges.iter().map(|range| range.start).min();
    let end = ranges.iter().map(|range| range.end).max();
    let length = start.zip(end).map_or(0, |(start, end)| end - start);
    match length > LONG || length > 0 && !codestream.is_complete() {
        true => codestream.announce(&ranges),
        false => Ok(()),
    }
}

/// Dequantises the `shared` part of a code-block into its place of `plane`.
fn paste<C: Copy + Into<i32>, T: Quantised>(
    coefficients: &[C],
    block: Rect,
    shared: Rect,
    dequantiser: &Dequantiser,
    plane: &mut Plane<T>,
) {
    let window = plane.rect;
    for y in shared.y..shared.bottom() {
        let coefficients = &coefficients[place(block, shared, y)];
        dequantiser.apply(coefficients, &mut plane.samples[place(window, shared, y)]);
    }
}

/// Makes a part of `plane` zero: a code-block of which nothing was coded.
fn clear<T: Quantised>(part: Rect, plane: &mut Plane<T>) {
    let window = plane.rect;
    (part.y..part.bottom()).for_each(|y| plane.samples[place(window, part, y)].fill(T::default()));
}

/// Row `y` of `part` among the samples of `whole`, in which it lies.
fn place(whole: Rect, part: Rect, y: u32) -> Range<usize> {
    let start = (y - whole.y) as usize * whole.width as usize + (part.x - whole.x) as usize;
    start..start + part.width as usize
}
