//! The rows of all levels on their way to tiles. One row of tiles of each level is held, and those that are being
//! compressed; never the picture.

use std::sync::Arc;

use super::crew::Crew;
use super::reduce::Reduction;
use super::store::Store;
use super::{Error, Result, Settings};
use crate::picture::{Channels, Dimensions};
use crate::raster::{Raster, Sample};

/// The levels that are made of rows.
pub(super) struct Levels<S> {
    levels: Vec<Level<S>>,
    channels: Channels,
    side: u32,
    /// The first level whose tiles are made of rows.
    made: usize,
    reduction: Reduction,
    crew: Crew<S>,
    /// Memory of bands that were done with.
    spare: Vec<Vec<S>>,
}

/// One level: the row of tiles that is being filled.
struct Level<S> {
    size: Dimensions,
    band: Raster<S>,
    /// Rows so far.
    rows: u32,
}

impl<S: Sample> Levels<S> {
    /// For levels of these sizes.
    ///
    /// # Errors
    /// [`Error::Encoder`], [`Error::Machine`].
    pub(super) fn start(settings: &Settings, sizes: &[Dimensions]) -> Result<Self> {
        let channels = settings.pixels.channels;
        let empty = |size: &Dimensions| Raster::new(Dimensions::new(size.width, 0), channels);
        let levels = sizes.iter().map(|size| Level { size: *size, band: empty(size), rows: 0 });
        Ok(Self {
            levels: levels.collect(),
            channels,
            side: settings.tile_side,
            made: settings.first_of_rows(),
            reduction: Reduction::new::<S>(channels, settings.linear),
            crew: Crew::start(settings)?,
            spare: Vec::new(),
        })
    }

    /// Takes the next rows of a level, any number of whole ones.
    ///
    /// # Errors
    /// [`Error::Source`] if they are others than those that are awaited; [`Error`] of any tile.
    pub(super) fn push(&mut self, index: usize, mut rows: Raster<S>, store: &mut Store) -> Result<()> {
        let Level { size, rows: before, .. } = self.levels[index];
        let Dimensions { width, height } = rows.dimensions;
        if (width, rows.channels) != (size.width, self.channels) {
            let awaited = self.channels;
            return Err(Error::Source(format!(
                "rows of {width} pixels of {:?} where {} of {awaited:?} are awaited",
                rows.channels, size.width
            )));
        }
        if height > size.height - before {
            let left = size.height - before;
            return Err(Error::Source(format!("{height} more rows, where {left} are left")));
        }
        let mut taken = 0;
        while taken < height {
            let room = self.levels[index].room(self.side);
            let level = &mut self.levels[index];
            let count = room.min(height - taken);
            if count == height && level.band.dimensions.height == 0 && (count == room) {
                let empty = Raster::new(Dimensions::new(width, 0), self.channels);
                level.band = std::mem::replace(&mut rows, empty);
            } else {
                reserve(&mut level.band, self.side, &mut self.spare);
                level.band.append_rows(&rows, taken..taken + count);
            }
            level.rows += count;
            taken += count;
            if count == room {
                self.complete(index, store)?;
            }
        }
        Ok(())
    }

    /// Adds a tile of the full level as it is stored.
    ///
    /// # Errors
    /// [`Error`] of earlier tiles.
    pub(super) fn pass(&mut self, tile: Vec<u8>, store: &mut Store) -> Result<()> {
        self.crew.pass(0, tile, store)
    }

    /// Awaits all tiles.
    ///
    /// # Errors
    /// [`Error::Source`] if rows of the level `first`, from which others are made, are missing; [`Error`] of any tile.
    pub(super) fn finish(&mut self, first: usize, store: &mut Store) -> Result<()> {
        if let Some(Level { size, rows, .. }) = self.levels.get(first)
            && *rows < size.height
        {
            let height = size.height;
            return Err(Error::Source(format!("the picture ends after {rows} of {height} rows")));
        }
        self.crew.finish(store)
    }

    /// The JPEGTables field of the levels that are made of rows.
    pub(super) fn jpeg_tables(&self) -> Option<Vec<u8>> {
        self.crew.jpeg_tables().map(<[u8]>::to_vec)
    }

    /// Has a full row of tiles compressed, and hands its half on. Bands have an even number of rows but for the last one
    /// of a level, so no pair of rows is ever torn, and two halves fill the band above.
    fn complete(&mut self, index: usize, store: &mut Store) -> Result<()> {
        let level = &mut self.levels[index];
        let empty = Raster::new(Dimensions::new(level.size.width, 0), self.channels);
        let band = Arc::new(std::mem::replace(&mut level.band, empty));
        if index >= self.made {
            self.crew.compress(index, &band, self.side as usize, store)?;
        }
        if let Some(above) = self.levels.get_mut(index + 1) {
            reserve(&mut above.band, self.side, &mut self.spare);
            self.reduction.append_half(&band, &mut above.band);
            above.rows += band.dimensions.height.div_ceil(2);
            if above.band.dimensions.height == self.side || above.rows == above.size.height {
                self.complete(index + 1, store)?;
            }
        }
        if let Some(band) = Arc::into_inner(band)
            && self.spare.len() < 2
        {
            self.spare.push(band.pixels);
        }
        Ok(())
    }
}

impl<S> Level<S> {
    /// How many rows are missing in the row of tiles.
    fn room(&self, side: u32) -> u32 {
        (side - self.rows % side).min(self.size.height - self.rows)
    }
}

/// Makes sure that a band which begins has memory for all its rows, by what was done with if that is large enough.
fn reserve<S: Sample>(band: &mut Raster<S>, side: u32, spare: &mut Vec<Vec<S>>) {
    if band.dimensions.height > 0 {
        return;
    }
    let length = band.row_length() * side as usize;
    let fitting = spare.iter().position(|pixels| (length..2 * length + 1).contains(&pixels.capacity()));
    if let Some(fitting) = fitting {
        band.pixels = spare.swap_remove(fitting);
        band.pixels.clear();
    }
    band.pixels.reserve_exact(length);
}
