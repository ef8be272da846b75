//! A window of the image out of its codestream: only the tiles, precincts and code-blocks that it needs, and none of
//! them twice in a row of windows that share them.
//! Pure on the bytes of the codestream.

mod demand;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;

use super::block::{BlockDecoder, BlockStyle};
use super::cache::{BlockCache, BlockKey, Coefficients};
use super::codestream::{Component, Header};
use super::component;
use super::index::{CodeBlock, Index, Precinct, Tile};
use super::layout::{self, BandKind};
use super::plane::{self, Plane};
use super::transform::{self, Dequantiser, Nominal, Quantised};
use super::wavelet::{self, Sample};
use crate::error::MasterError;
use crate::geometry::Rect;

/// What decoded code-blocks may take between windows: more than a screen shows. A viewer that goes about in a picture
/// needs 1.3 times as much CPU time with 4 MB, 1.05 times with 8 MB, and no less with 256 MB.
const CACHE_BYTES: usize = 16 << 20;

/// Code-blocks of which it is remembered where their bytes lie. Each takes some 200 bytes.
const MAX_BLOCKS_KNOWN: usize = 1 << 14;

/// Decodes windows; keeps the code-blocks that it decoded last.
pub struct WindowDecoder {
    blocks: Blocks,
    cache: BlockCache,
    precincts: HashMap<PrecinctKey, Rc<Precinct>>,
    /// Code-blocks in `precincts`.
    known: usize,
}

/// Decodes code-blocks from where they lie in a codestream.
#[derive(Default)]
struct Blocks {
    decoder: BlockDecoder,
    /// The bytes of a code-block, put together: each layer has its share elsewhere.
    bytes: Vec<u8>,
}

/// Master, tile, component, resolution, precinct.
type PrecinctKey = (u64, u32, usize, u8, u32);

impl Default for WindowDecoder {
    fn default() -> Self {
        Self {
            blocks: Blocks::default(),
            cache: BlockCache::new(CACHE_BYTES),
            precincts: HashMap::new(),
            known: 0,
        }
    }
}

/// A codestream to decode from.
#[derive(Clone, Copy)]
pub struct Source<'a> {
    /// Its bytes, from SOC.
    pub codestream: &'a [u8],
    /// The index of them.
    pub index: &'a Index,
    /// A number that no other state of any file has.
    pub master: u64,
    /// Gets ranges of the codestream that are going to be read.
    pub announce: &'a dyn Fn(&[Range<usize>]),
}

/// Samples of a component before they are made those of the picture: by the wavelet that made them.
enum Samples {
    Reversible(wavelet::Plane<i32>),
    Irreversible(wavelet::Plane<f32>),
}

/// One component of one tile.
#[derive(Clone, Copy)]
struct TileComponent<'a> {
    source: Source<'a>,
    tile: &'a Tile,
    tile_number: u32,
    component: usize,
}

impl WindowDecoder {
    /// All components of an area of the reference grid, which lies in the image, with `reduction` highest resolutions
    /// left out: each as the rectangle of its own grid that `plane::reduced` gives.
    ///
    /// # Errors
    /// [`MasterError`] if the codestream is damaged where the area needs it, or coded as no encoder does;
    /// [`MasterError::TooLarge`] if that takes too long to find out.
    pub fn decode(&mut self, source: Source, reduction: u8, area: Rect) -> Result<Vec<Plane>, MasterError> {
        demand::announce(source, reduction, area)?;
        let header = &source.index.header;
        let blank = |component: &Component| {
            let rect = plane::reduced(area, component, reduction);
            Plane { rect, samples: vec![0; rect.dimensions().area() as usize] }
        };
        let mut planes: Vec<Plane> = header.components.iter().map(blank).collect();
        for number in tiles_with_samples(header, reduction, area) {
            let tile = source.index.tile(source.codestream, number)?;
            self.decode_tile(source, &tile, number, reduction, &mut planes)?;
        }
        Ok(planes)
    }

    fn decode_tile(
        &mut self,
        source: Source,
        tile: &Tile,
        tile_number: u32,
        reduction: u8,
        planes: &mut [Plane],
    ) -> Result<(), MasterError> {
        let windows: Vec<Option<Rect>> = (tile.layout.components.iter().zip(&*planes))
            .map(|(part, plane)| layout::reduced(part.rect, reduction).intersection(plane.rect))
            .collect();
        let mut samples = Vec::with_capacity(windows.len());
        for (component, window) in windows.iter().enumerate() {
            let part = TileComponent { source, tile, tile_number, component };
            samples.push(window.map(|window| self.samples(part, reduction, window)).transpose()?);
        }
        if tile.coding().multiple_component_transform {
            undo_component_transform(&mut samples)?;
        }
        let components = &source.index.header.components;
        for ((samples, component), plane) in samples.into_iter().zip(components).zip(planes) {
            if let Some(samples) = samples {
                samples.place(Nominal::new(component.precision, component.signed), plane);
            }
        }
        Ok(())
    }

    fn samples(&mut self, part: TileComponent, reduction: u8, window: Rect) -> Result<Samples, MasterError> {
        let coding = &part.tile.coding().components[part.component];
        let levels = coding.levels.checked_sub(reduction).ok_or_else(|| {
            MasterError::damaged(format!("tile {} has fewer resolutions than the image", part.tile_number))
        })?;
        let resolution = part.tile.layout.components[part.component].resolutions[usize::from(levels)].rect;
        if coding.reversible {
            let band = |level, kind, window| self.band(part, level, kind, window);
            component::window(resolution, levels, window, band).map(Samples::Reversible)
        } else {
            let band = |level, kind, window| self.band(part, level, kind, window);
            component::window(resolution, levels, window, band).map(Samples::Irreversible)
        }
    }

    /// The dequantised samples of a window of a subband.
    fn band<T: Sample + Quantised>(
        &mut self,
        part: TileComponent,
        resolution: u8,
        kind: BandKind,
        window: Rect,
    ) -> Result<wavelet::Plane<T>, MasterError> {
        let coding = &part.tile.coding().components[part.component];
        let precision = part.source.index.header.components[part.component].precision;
        let step = coding.step(resolution, kind);
        let dequantiser = Dequantiser::new(coding.roi_shift, step.size(precision));
        let planes = step.planes(coding.quantisation.guard_bits).saturating_add(coding.roi_shift);
        let layout = &part.tile.layout.components[part.component].resolutions[usize::from(resolution)];
        let mut plane =
            wavelet::Plane { rect: window, samples: vec![T::default(); window.dimensions().area() as usize] };
        let (columns, rows) = layout.precincts_of(window);
        for (row, column) in rows.flat_map(|row| columns.clone().map(move |column| (row, column))) {
            let precinct = self.precinct(part, resolution, row * layout.columns + column)?;
            announce_scattered(part.source, &precinct, kind, window);
            let band = precinct.bands.iter().filter(|band| band.kind == kind);
            for block in band.flat_map(|band| &band.blocks).filter(|block| !block.segments.is_empty()) {
                let Some(shared) = block.rect.intersection(window) else { continue };
                let key = part.key(resolution, kind, block);
                match self.cache.get(&key) {
                    Some(Coefficients::Narrowest(values)) => {
                        paste(values, block.rect, shared, &dequantiser, &mut plane)
                    }
                    Some(Coefficients::Narrow(values)) => {
                        paste(values, block.rect, shared, &dequantiser, &mut plane)
                    }
                    Some(Coefficients::Wide(values)) => {
                        paste(values, block.rect, shared, &dequantiser, &mut plane)
                    }
                    None => {
                        let values =
                            self.blocks.decode(part.source.codestream, kind, coding.style, planes, block)?;
                        paste(values, block.rect, shared, &dequantiser, &mut plane);
                        let values = Coefficients::new(values);
                        self.cache.insert(key, values);
                    }
                }
            }
        }
        Ok(plane)
    }

    /// A precinct of a tile's component, as its packet headers tell it.
    fn precinct(
        &mut self,
        part: TileComponent,
        resolution: u8,
        number: u32,
    ) -> Result<Rc<Precinct>, MasterError> {
        let Source { codestream, index, master, .. } = part.source;
        let key = (master, part.tile_number, part.component, resolution, number);
        if let Some(precinct) = self.precincts.get(&key) {
            return Ok(precinct.clone());
        }
        let precinct =
            index.precinct(codestream, part.tile_number, part.component, resolution.into(), number)?;
        let blocks: usize = precinct.bands.iter().map(|band| band.blocks.len()).sum();
        if self.known + blocks > MAX_BLOCKS_KNOWN {
            self.precincts.clear();
            self.known = 0;
        }
        self.known += blocks;
        let precinct = Rc::new(precinct);
        self.precincts.insert(key, precinct.clone());
        Ok(precinct)
    }
}

impl TileComponent<'_> {
    fn key(&self, resolution: u8, band: BandKind, block: &CodeBlock) -> BlockKey {
        BlockKey {
            master: self.source.master,
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
        codestream: &[u8],
        kind: BandKind,
        style: BlockStyle,
        planes: u8,
        block: &CodeBlock,
    ) -> Result<&[i32], MasterError> {
        let planes = planes.checked_sub(block.zero_planes);
        let planes = planes.ok_or_else(|| MasterError::damaged("a code-block of fewer planes than none"))?;
        self.bytes.clear();
        let mut ends = Vec::with_capacity(block.segments.len());
        for segment in &block.segments {
            for range in &segment.ranges {
                let cut = || MasterError::damaged("a codestream that is shorter than it was");
                self.bytes.extend_from_slice(codestream.get(range.clone()).ok_or_else(cut)?);
            }
            ends.push((segment.passes, self.bytes.len()));
        }
        let starts = std::iter::once(0).chain(ends.iter().map(|(_, end)| *end));
        let segments: Vec<(u32, &[u8])> =
            starts.zip(&ends).map(|(start, &(passes, end))| (passes, &self.bytes[start..end])).collect();
        self.decoder.decode(kind, style, (block.rect.width, block.rect.height), planes, &segments)
    }
}

impl Samples {
    /// Rounds and shifts the samples to the picture's, into their place of `plane`.
    fn place(&self, nominal: Nominal, plane: &mut Plane) {
        let rect = match self {
            Self::Reversible(part) => part.rect,
            Self::Irreversible(part) => part.rect,
        };
        let (from, to) = (rect.width as usize, plane.rect.width as usize);
        let left = (rect.x - plane.rect.x) as usize;
        let rows = plane.samples.chunks_exact_mut(to.max(1)).skip((rect.y - plane.rect.y) as usize);
        let rows = rows.map(|row| &mut row[left..left + from]);
        match self {
            Self::Reversible(part) => {
                rows.zip(part.samples.chunks_exact(from.max(1)))
                    .for_each(|(row, part)| nominal.shift(part, row));
            }
            Self::Irreversible(part) => {
                rows.zip(part.samples.chunks_exact(from.max(1)))
                    .for_each(|(row, part)| nominal.round(part, row));
            }
        }
    }
}

/// The numbers of the tiles that hold a part of `area`, which lies in the image.
pub(super) fn tiles(header: &Header, area: Rect) -> impl Iterator<Item = u32> {
    let span = |first: u32, end: u32, origin: u32, side: u32| {
        let of = |place: u32| (place - origin) / side;
        if first < end { of(first)..of(end - 1) + 1 } else { 0..0 }
    };
    let columns = span(area.x, area.right(), header.tile_origin.0, header.tile.width);
    let rows = span(area.y, area.bottom(), header.tile_origin.1, header.tile.height);
    let across = header.tile_columns();
    rows.flat_map(move |row| columns.clone().map(move |column| row * across + column))
}

/// Those of them that hold samples: one that lies between the samples of all components need not be in the codestream.
fn tiles_with_samples(header: &Header, reduction: u8, area: Rect) -> impl Iterator<Item = u32> {
    tiles(header, area).filter(move |number| {
        let part = layout::tile_rect(header, *number).intersection(area);
        let holds = |part, of| plane::reduced(part, of, reduction).dimensions().area() > 0;
        part.is_some_and(|part| header.components.iter().any(|component| holds(part, component)))
    })
}

/// Announces the code-blocks of a window if they lie scattered in packets of which only the headers were announced.
fn announce_scattered(source: Source, precinct: &Precinct, kind: BandKind, window: Rect) {
    let band = precinct.bands.iter().filter(|band| band.kind == kind);
    let blocks = band.flat_map(|band| &band.blocks).filter(|block| block.rect.intersection(window).is_some());
    let segments = blocks.flat_map(|block| &block.segments);
    let ranges: Vec<_> = segments.flat_map(|segment| &segment.ranges).cloned().collect();
    let start = ranges.iter().map(|range| range.start).min();
    let end = ranges.iter().map(|range| range.end).max();
    if start.zip(end).is_some_and(|(start, end)| end - start > demand::LONG) {
        (source.announce)(&ranges);
    }
}

/// T.800 G.2 and G.3: the first three components of a tile become red, green and blue.
fn undo_component_transform(samples: &mut [Option<Samples>]) -> Result<(), MasterError> {
    match samples {
        // Some encoders of gray pictures ask for it all the same.
        [] | [_] | [_, _] | [None, None, None, ..] => Ok(()),
        [
            Some(Samples::Reversible(first)),
            Some(Samples::Reversible(second)),
            Some(Samples::Reversible(third)),
            ..,
        ] if first.rect == second.rect && second.rect == third.rect => {
            transform::undo_reversible([&mut first.samples, &mut second.samples, &mut third.samples]);
            Ok(())
        }
        [
            Some(Samples::Irreversible(first)),
            Some(Samples::Irreversible(second)),
            Some(Samples::Irreversible(third)),
            ..,
        ] if first.rect == second.rect && second.rect == third.rect => {
            transform::undo_irreversible([&mut first.samples, &mut second.samples, &mut third.samples]);
            Ok(())
        }
        _ => Err(MasterError::damaged("a transform of components that are not alike")),
    }
}

/// Dequantises the `shared` part of a code-block into its place of `plane`.
fn paste<C: Copy + Into<i32>, T: Quantised>(
    coefficients: &[C],
    block: Rect,
    shared: Rect,
    dequantiser: &Dequantiser,
    plane: &mut wavelet::Plane<T>,
) {
    let window = plane.rect;
    let place = |of: Rect, y: u32| {
        let start = (y - of.y) as usize * of.width as usize + (shared.x - of.x) as usize;
        start..start + shared.width as usize
    };
    for y in shared.y..shared.bottom() {
        dequantiser.apply(&coefficients[place(block, y)], &mut plane.samples[place(window, y)]);
    }
}
