//! A window of the image out of its codestream: only the tiles, precincts and code-blocks that it needs, and none of
//! them twice in a row of windows that share them.
//! Pure on the bytes of the codestream.

mod bands;
mod demand;
#[cfg(test)]
mod tests;

use std::ops::Range;

use super::codestream::Header;
use super::component;
use super::index::{Index, Tile};
use super::layout;
use super::plane::{self, Plane, Spare};
use super::transform::{self, Nominal};
use crate::error::MasterError;
use crate::geometry::Rect;
use bands::Bands;

/// Decodes windows; keeps the code-blocks that it decoded last, and memory to work in.
#[derive(Default)]
pub struct WindowDecoder {
    bands: Bands,
    reversible: Spare<i32>,
    irreversible: Spare<f32>,
}

/// A codestream to decode from.
#[derive(Clone, Copy)]
pub struct Source<'a> {
    /// Its bytes, from SOC.
    pub codestream: &'a [u8],
    /// The index of them.
    pub index: &'a Index,
    /// The components that are wanted.
    pub components: &'a [usize],
    /// A number that no other state of any file has.
    pub master: u64,
    /// Gets ranges of the codestream that are going to be read.
    pub announce: &'a dyn Fn(&[Range<usize>]),
}

/// Samples of a component before they are made those of the picture: by the wavelet that made them.
enum Samples {
    Reversible(Plane<i32>),
    Irreversible(Plane<f32>),
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
    /// Whether a component of a tile has to be decoded: if it is wanted, or transformed together with one that is.
    fn needs(&self, tile: &Tile, component: usize) -> bool {
        let is_transformed = |component| tile.coding().multiple_component_transform && component < 3;
        let needs = |&wanted| wanted == component || is_transformed(component) && is_transformed(wanted);
        self.components.iter().any(needs)
    }
}

impl WindowDecoder {
    /// The components of an area of the reference grid, which lies in the image, with `reduction` highest resolutions
    /// left out: each as the rectangle of its own grid that `plane::reduced` gives, or empty if it is not wanted.
    ///
    /// # Errors
    /// [`MasterError`] if the codestream is damaged where the area needs it, or coded as no encoder does;
    /// [`MasterError::TooLarge`] if that takes too long to find out.
    pub fn decode(&mut self, source: Source, reduction: u8, area: Rect) -> Result<Vec<Plane>, MasterError> {
        demand::announce(source, reduction, area)?;
        let header = &source.index.header;
        let blank = |(number, component)| match source.components.contains(&number) {
            // Each sample is in a tile, and is going to be written.
            true => self.reversible.plane(plane::reduced(area, component, reduction)),
            false => Plane { rect: Rect::new(0, 0, 0, 0), samples: Vec::new() },
        };
        let mut planes: Vec<Plane> = header.components.iter().enumerate().map(blank).collect();
        for number in tiles_with_samples(header, reduction, area) {
            let tile = source.index.tile(source.codestream, number)?;
            self.decode_tile(source, &tile, number, reduction, area, &mut planes)?;
        }
        Ok(planes)
    }

    /// Takes back planes that are done with: the next ones get their memory.
    pub fn keep(&mut self, planes: Vec<Plane>) {
        planes.into_iter().for_each(|plane| self.reversible.keep(plane));
    }

    fn decode_tile(
        &mut self,
        source: Source,
        tile: &Tile,
        tile_number: u32,
        reduction: u8,
        area: Rect,
        planes: &mut [Plane],
    ) -> Result<(), MasterError> {
        let components = &source.index.header.components;
        let mut samples = Vec::with_capacity(components.len());
        for (number, (part, component)) in tile.layout.components.iter().zip(components).enumerate() {
            let window = plane::reduced(area, component, reduction);
            let window = layout::reduced(part.rect, reduction).intersection(window);
            let window = window.filter(|_| source.needs(tile, number));
            let part = TileComponent { source, tile, tile_number, component: number };
            samples.push(window.map(|window| self.samples(part, reduction, window)).transpose()?);
        }
        if tile.coding().multiple_component_transform {
            undo_component_transform(&mut samples)?;
        }
        for ((samples, component), plane) in samples.into_iter().zip(components).zip(planes) {
            let nominal = Nominal::new(component.precision, component.signed);
            match samples {
                Some(Samples::Reversible(part)) => {
                    place(&part, plane, |part, row| nominal.shift(part, row));
                    self.reversible.keep(part);
                }
                Some(Samples::Irreversible(part)) => {
                    place(&part, plane, |part, row| nominal.round(part, row));
                    self.irreversible.keep(part);
                }
                None => (),
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
        let bands = &mut self.bands;
        if coding.reversible {
            let fill = |level, kind, plane: &mut _| bands.fill(part, level, kind, plane);
            component::window(resolution, levels, window, &mut self.reversible, fill).map(Samples::Reversible)
        } else {
            let fill = |level, kind, plane: &mut _| bands.fill(part, level, kind, plane);
            component::window(resolution, levels, window, &mut self.irreversible, fill)
                .map(Samples::Irreversible)
        }
    }
}

/// Puts the samples of a part of a plane into their place, row by row, by `convert`. An empty plane is not wanted.
fn place<T>(part: &Plane<T>, plane: &mut Plane, convert: impl Fn(&[T], &mut [i32])) {
    if plane.samples.is_empty() {
        return;
    }
    let (from, to) = (part.rect.width as usize, plane.rect.width as usize);
    let left = (part.rect.x - plane.rect.x) as usize;
    let rows = plane.samples.chunks_exact_mut(to.max(1)).skip((part.rect.y - plane.rect.y) as usize);
    for (part, row) in part.samples.chunks_exact(from.max(1)).zip(rows) {
        convert(part, &mut row[left..left + from]);
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
