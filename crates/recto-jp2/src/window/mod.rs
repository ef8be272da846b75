//! A window of the image out of its codestream: only the tiles, precincts and code-blocks that it needs, and none of
//! them twice in a row of windows that share them.
//! Pure on the bytes of the codestream.

mod bands;
mod cache;
mod component;
mod demand;
mod dequantise;
mod finish;
mod lacking;

use crate::bytes::Bytes;
use crate::codestream::{Component, Header};
use crate::error::Error;
use crate::geometry::Rect;
use crate::index::{Index, Tile};
use crate::planes::{Plane, Spare};
use crate::wavelet;
use bands::Bands;
use dequantise::Quantised;
use finish::Samples;

/// Decodes windows; caches the code-blocks that it decoded last, and reuses its buffers.
#[derive(Default)]
pub struct WindowDecoder {
    bands: Bands,
    reversible: Spare<i32>,
    irreversible: Spare<f32>,
    codes: Spare<u16>,
}

/// A codestream to decode from.
#[derive(Clone, Copy)]
pub struct Source<'a> {
    /// Its bytes, from SOC.
    pub codestream: Bytes<'a>,
    /// The index of these bytes.
    pub index: &'a Index,
    /// The numbers of the components that are requested, from 0.
    pub components: &'a [usize],
    /// A number of your own that stands for this codestream and no other: code-blocks that were decoded under it are
    /// used again.
    pub identity: u64,
}

/// One component of one tile.
#[derive(Clone, Copy)]
struct TileComponent<'a> {
    source: Source<'a>,
    tile: &'a Tile,
    tile_number: u32,
    component: usize,
}

impl Source<'_> {
    /// Announces what decoding an area reads, together, as far as the codestream says where it is: for areas that are then
    /// decoded in parts. What it reads to find that out is announced before.
    ///
    /// # Errors
    /// As [`WindowDecoder::decode`].
    pub fn announce(self, reduction: u8, area: Rect) -> Result<(), Error> {
        demand::announce(self, reduction, self.index.header.within(area))
    }

    /// Whether a component of a tile has to be decoded: if it is requested, or transformed together with one that is.
    fn needs(&self, tile: &Tile, component: usize) -> bool {
        let is_transformed = |component| tile.coding().multiple_component_transform && component < 3;
        let needs =
            |&requested| requested == component || is_transformed(component) && is_transformed(requested);
        self.components.iter().any(needs)
    }
}

impl WindowDecoder {
    /// The components of an area of the reference grid with `reduction` highest resolutions left out: each as the
    /// rectangle of its own grid that [`Component::reduced`] gives, or empty if it was not requested. What of the area
    /// lies outside the image is left out.
    ///
    /// # Errors
    /// [`Error`] if the codestream is damaged where the area needs it, or coded as no encoder does;
    /// [`Error::TooLarge`] if that takes too long to find out; [`Error::Stopped`] if it is stopped
    /// ([`Bytes::watched`]).
    pub fn decode(&mut self, source: Source, reduction: u8, area: Rect) -> Result<Vec<Plane>, Error> {
        let header = &source.index.header;
        let area = header.within(area);
        demand::announce(source, reduction, area)?;
        let blank = |(number, component): (usize, &Component)| match source.components.contains(&number) {
            // Each sample is in a tile, and is going to be written.
            true => self.codes.plane(component.reduced(area, reduction)),
            false => Plane { rect: Rect::new(0, 0, 0, 0), samples: Vec::new() },
        };
        let mut planes: Vec<Plane> = header.components.iter().enumerate().map(blank).collect();
        for number in tiles_with_samples(header, reduction, area) {
            self.decode_tile(source, number, reduction, area, &mut planes)?;
        }
        Ok(planes)
    }

    /// Takes back planes that are done with: the next ones get their memory.
    pub fn recycle(&mut self, planes: Vec<Plane>) {
        planes.into_iter().for_each(|plane| self.codes.keep(plane));
    }

    /// Frees what is large of the planes that were taken back: until the next picture nobody needs them.
    pub fn trim(&mut self) {
        self.codes.trim();
        self.reversible.trim();
        self.irreversible.trim();
    }

    fn decode_tile(
        &mut self,
        source: Source,
        tile_number: u32,
        reduction: u8,
        area: Rect,
        planes: &mut [Plane],
    ) -> Result<(), Error> {
        source.codestream.check()?;
        let tile = source.index.tile(source.codestream, tile_number)?;
        let components = &source.index.header.components;
        let mut samples = Vec::with_capacity(components.len());
        for (number, (part, component)) in tile.layout.components.iter().zip(components).enumerate() {
            let window = component.reduced(area, reduction);
            let window = part.rect.reduced(reduction).intersection(window);
            let window = window.filter(|_| source.needs(&tile, number));
            let part = TileComponent { source, tile: &tile, tile_number, component: number };
            samples.push(window.map(|window| self.samples(part, reduction, window)).transpose()?);
        }
        finish::finish(&mut samples, tile.coding().multiple_component_transform, components, planes)?;
        samples.into_iter().flatten().for_each(|samples| match samples {
            Samples::Reversible(part) => self.reversible.keep(part),
            Samples::Irreversible(part) => self.irreversible.keep(part),
        });
        Ok(())
    }

    fn samples(&mut self, part: TileComponent, reduction: u8, window: Rect) -> Result<Samples, Error> {
        let (bands, reduced) = (&mut self.bands, (reduction, window));
        match part.tile.coding().components[part.component].reversible {
            true => part.samples(reduced, bands, &mut self.reversible).map(Samples::Reversible),
            false => part.samples(reduced, bands, &mut self.irreversible).map(Samples::Irreversible),
        }
    }
}

impl TileComponent<'_> {
    /// A window of a reduced resolution.
    fn samples<T: Quantised + wavelet::Sample>(
        self,
        (reduction, window): (u8, Rect),
        bands: &mut Bands,
        spare: &mut Spare<T>,
    ) -> Result<Plane<T>, Error> {
        let coded = self.tile.coding().components[self.component].levels;
        let levels = coded.saturating_sub(reduction);
        let resolution = self.tile.layout.components[self.component].resolutions[usize::from(levels)].rect;
        let missing = reduction.saturating_sub(coded);
        lacking::lowered(resolution, missing, window, &mut |window| {
            component::window(resolution, levels, window, spare, |level, kind, plane| {
                bands.fill(self, level, kind, plane)
            })
        })
    }
}

/// The numbers of the tiles that hold samples of an area: one that lies between the samples of all components need not be
/// in the codestream.
fn tiles_with_samples(header: &Header, reduction: u8, area: Rect) -> impl Iterator<Item = u32> {
    header.tiles_of(area).filter(move |number| {
        let part = header.tile_rect(*number).intersection(area);
        let holds = |part| move |of: &Component| of.reduced(part, reduction).dimensions().area() > 0;
        part.is_some_and(|part| header.components.iter().any(holds(part)))
    })
}
