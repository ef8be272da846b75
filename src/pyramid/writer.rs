//! Writes a tiled pyramid in TIFF while the rows of its picture come in, top to bottom.

use std::path::Path;

use super::levels::Levels;
use super::store::Store;
use super::{Error, Result, Settings, Tags, directories};
use crate::ifd::Layout;
use crate::picture::{Depth, Dimensions};
use crate::raster::{AnyRaster, Raster};

/// A pyramid being written. Dropped before it is finished, it leaves nothing.
pub struct Writer {
    settings: Settings,
    sizes: Vec<Dimensions>,
    jpeg_tables: Option<Vec<u8>>,
    levels: AnyLevels,
    store: Store,
    /// How many tiles came as they are stored, of each level that does.
    tiles: Vec<u64>,
}

/// Levels of either depth.
enum AnyLevels {
    Eight(Levels<u8>),
    Sixteen(Levels<u16>),
}

/// A file that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The sizes of its levels, largest first.
    pub levels: Vec<Dimensions>,
    /// Its length.
    pub bytes: u64,
    /// Whether it is a BigTIFF.
    pub big: bool,
}

/// Writes the pyramid `target` of 8 bits a sample from rows that `source` supplies: called for one row of tiles after the
/// other, with the number of the first row and room for the rows to fill. Earlier rows are compressed meanwhile.
/// `progress` is called with the number of rows done.
///
/// # Errors
/// What `source` returns; [`Error`]. No file named `target` is made then.
pub fn write(
    target: &Path,
    settings: &Settings,
    mut source: impl FnMut(u32, &mut [u8]) -> anyhow::Result<()>,
    mut progress: impl FnMut(u32),
) -> anyhow::Result<Written> {
    let mut writer = Writer::create(target, settings.clone())?;
    let Dimensions { width, height } = settings.pixels.size;
    for first in (0..height).step_by(settings.tile_side as usize) {
        let size = Dimensions::new(width, settings.tile_side.min(height - first));
        let mut band = Raster::new(size, settings.pixels.channels);
        source(first, &mut band.pixels)?;
        writer.rows(0, AnyRaster::Eight(band))?;
        progress(first + size.height);
    }
    Ok(writer.finish()?)
}

impl Writer {
    /// Starts a pyramid that is to be called `target`; it has that name only when it is finished.
    ///
    /// # Errors
    /// [`Error::Settings`] if there is no such file; [`Error::Encoder`]; [`Error::Machine`].
    pub fn create(target: &Path, settings: Settings) -> Result<Self> {
        settings.check()?;
        let sizes = settings.sizes();
        let store = Store::create(target, &settings, sizes.len())?;
        let (levels, jpeg_tables) = match settings.pixels.depth {
            Depth::Eight => {
                let levels = Levels::start(&settings, &sizes)?;
                let tables = levels.jpeg_tables();
                (AnyLevels::Eight(levels), tables)
            }
            Depth::Sixteen => (AnyLevels::Sixteen(Levels::start(&settings, &sizes)?), None),
        };
        let tiles = vec![0; settings.first_of_rows()];
        Ok(Self { settings, sizes, jpeg_tables, levels, store, tiles })
    }

    /// What the file will say besides its pixels, which may change until it is finished.
    pub fn tags(&mut self) -> &mut Tags {
        &mut self.settings.tags
    }

    /// Takes the next rows of `level`, any number of whole ones; smaller levels are made of them. The level is 0, or the
    /// first one whose tiles do not come as they are stored, or one in between: then only the smaller ones are made.
    ///
    /// # Errors
    /// [`Error::Source`] if these are other rows than those that are awaited; [`Error::TooLong`]; [`Error::Encoder`];
    /// [`Error::Machine`]. Nothing can be added after an error.
    pub fn rows(&mut self, level: usize, rows: AnyRaster) -> Result<()> {
        if level > self.settings.first_of_rows() || level >= self.sizes.len() {
            return Err(Error::Source(format!("rows of level {level} are not awaited")));
        }
        match (&mut self.levels, rows) {
            (AnyLevels::Eight(levels), AnyRaster::Eight(rows)) => levels.push(level, &rows, &mut self.store),
            (AnyLevels::Sixteen(levels), AnyRaster::Sixteen(rows)) => {
                levels.push(level, &rows, &mut self.store)
            }
            _ => Err(Error::Source("rows of another depth than was announced".to_owned())),
        }
    }

    /// Takes the next tile of a level in reading order, as it is stored; an empty one is not stored at all, which readers
    /// take for black, or for the colour that GDAL_NODATA says.
    ///
    /// # Errors
    /// [`Error::Source`] if no tile is awaited; [`Error`] of tiles that are made of rows.
    pub fn tile(&mut self, level: usize, bytes: Vec<u8>) -> Result<()> {
        let given = self.tiles.get_mut(level);
        let count = self.sizes.get(level).map_or(0, |size| self.settings.tile_count(level, *size));
        let given = given.filter(|given| **given < count);
        *given.ok_or_else(|| Error::Source("no more tiles are awaited".to_owned()))? += 1;
        match &mut self.levels {
            AnyLevels::Eight(levels) => levels.pass(level, bytes, &mut self.store),
            AnyLevels::Sixteen(levels) => levels.pass(level, bytes, &mut self.store),
        }
    }

    /// Awaits all tiles, writes the directories, and gives the file its name; durable first, unless the settings leave
    /// that to who calls.
    ///
    /// # Errors
    /// [`Error::Source`] if rows or tiles are missing; [`Error::TooLong`]; [`Error::Encoder`]; [`Error::Machine`].
    pub fn finish(mut self) -> Result<Written> {
        for (level, (given, size)) in self.tiles.iter().zip(&self.sizes).enumerate() {
            let count = self.settings.tile_count(level, *size);
            if *given < count {
                return Err(Error::Source(format!("level {level} ends after {given} of {count} tiles")));
            }
        }
        let first = self.settings.first_of_rows();
        match &mut self.levels {
            AnyLevels::Eight(levels) => levels.finish(first, &mut self.store)?,
            AnyLevels::Sixteen(levels) => levels.finish(first, &mut self.store)?,
        }
        let (settings, sizes) = (&self.settings, &self.sizes);
        let tables = self.jpeg_tables.as_deref();
        let (bytes, layout) = self.store.finish(settings, |layout, at, places| {
            directories::all(settings, sizes, tables, layout, at, places)
        })?;
        Ok(Written { levels: self.sizes, bytes, big: layout == Layout::Big })
    }
}
