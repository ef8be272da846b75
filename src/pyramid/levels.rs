//! The rows of all levels on their way to tiles. They are cut into tiles as they come: one row of tiles of each level is
//! held, and those that are being compressed; never the picture.

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
}

/// One level.
struct Level<S> {
    size: Dimensions,
    /// The row of tiles that is being filled, from the left; none before its first row.
    tiles: Vec<Raster<S>>,
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
        let levels = sizes.iter().map(|size| Level { size: *size, tiles: Vec::new(), rows: 0 });
        Ok(Self {
            levels: levels.collect(),
            channels,
            side: settings.tile_side,
            made: settings.first_of_rows(),
            reduction: Reduction::new::<S>(channels, settings.linear),
            crew: Crew::start(settings)?,
        })
    }

    /// Takes the next rows of a level, any number of whole ones.
    ///
    /// # Errors
    /// [`Error::Source`] if they are others than those that are awaited; [`Error`] of any tile.
    pub(super) fn push(&mut self, index: usize, rows: &Raster<S>, store: &mut Store) -> Result<()> {
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
            if self.levels[index].tiles.is_empty() {
                self.crew.await_hands(store)?;
                self.begin(index);
            }
            let level = &mut self.levels[index];
            let room = level.room(self.side);
            let count = room.min(height - taken);
            level.append(rows, taken..taken + count);
            taken += count;
            if count == room {
                self.complete(index, store)?;
            }
        }
        Ok(())
    }

    /// Adds a tile of a level as it is stored.
    ///
    /// # Errors
    /// [`Error`] of earlier tiles.
    pub(super) fn pass(&mut self, level: usize, tile: Vec<u8>, store: &mut Store) -> Result<()> {
        self.crew.pass(level, tile, store)
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

    /// Makes room for a row of tiles of a level.
    fn begin(&mut self, index: usize) {
        let (width, height) = (self.levels[index].size.width, self.levels[index].room(self.side));
        let tile = |left: u32| {
            let width = self.side.min(width - left);
            let pixels = self.crew.room(width as usize * height as usize * self.channels.count());
            Raster { dimensions: Dimensions::new(width, 0), channels: self.channels, pixels }
        };
        self.levels[index].tiles = (0..width).step_by(self.side as usize).map(tile).collect();
    }

    /// Has a full row of tiles compressed, and hands its half on. Tiles have an even number of rows and columns but for
    /// the last ones of a level, so no four pixels are ever torn, and two halves fill the row of tiles above.
    fn complete(&mut self, index: usize, store: &mut Store) -> Result<()> {
        let tiles = std::mem::take(&mut self.levels[index].tiles);
        let height = tiles.first().map_or(0, |tile| tile.dimensions.height);
        let has_above = index + 1 < self.levels.len();
        if has_above && self.levels[index + 1].tiles.is_empty() {
            self.begin(index + 1);
        }
        if let Some(above) = self.levels.get_mut(index + 1) {
            for (pair, half) in tiles.chunks(2).zip(&mut above.tiles) {
                self.reduction.append_half(pair, half);
            }
            above.rows += height.div_ceil(2);
        }
        for tile in tiles {
            match index >= self.made {
                true => self.crew.compress(index, tile)?,
                false => self.crew.keep(tile.pixels),
            }
        }
        self.crew.take_in(store)?;
        if has_above && self.levels[index + 1].is_full(self.side) {
            self.complete(index + 1, store)?;
        }
        Ok(())
    }
}

impl<S: Sample> Level<S> {
    /// How many rows are missing in the row of tiles.
    fn room(&self, side: u32) -> u32 {
        (side - self.rows % side).min(self.size.height - self.rows)
    }

    /// Whether all rows of its row of tiles are there.
    fn is_full(&self, side: u32) -> bool {
        let height = self.tiles.first().map_or(0, |tile| tile.dimensions.height);
        height == side || self.rows == self.size.height
    }

    /// Adds these rows to the tiles, which have room for them.
    fn append(&mut self, rows: &Raster<S>, some: std::ops::Range<u32>) {
        let (length, count) = (rows.row_length(), some.len() as u32);
        let lines = &rows.pixels[some.start as usize * length..some.end as usize * length];
        let mut left = 0;
        for tile in &mut self.tiles {
            let own = tile.row_length();
            lines
                .chunks_exact(length)
                .for_each(|line| tile.pixels.extend_from_slice(&line[left..left + own]));
            tile.dimensions.height += count;
            left += own;
        }
        self.rows += count;
    }
}
