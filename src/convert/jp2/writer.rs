//! Writes a JP2 while the rows of its picture come in, top to bottom.

use std::collections::BTreeMap;
use std::path::Path;

use super::crew::{Crew, Done, Job};
use super::settings::Settings;
use crate::format::jp2::write::{Around, END, Frame, TilePart, Tiles, head};
use crate::picture::{Depth, Dimensions, Rect};
use crate::pyramid::{Error, Pixels, Result, StagedFile, Written};
use crate::raster::{AnyRaster, Raster};

/// What wrote the file.
const CREATED: &str = concat!("Created by Recto ", env!("CARGO_PKG_VERSION"));

/// A JP2 being written, for sources that push their rows.
pub struct Writer {
    settings: Settings,
    frame: Frame,
    around: Around,
    /// The rows of the row of tiles that is not complete yet.
    band: AnyRaster,
    /// Rows that came.
    rows: u32,
    /// Tiles that were given to the crew.
    given: usize,
    crew: Crew,
    /// Tiles that others before them are awaited for.
    early: BTreeMap<usize, TilePart>,
    tiles: Tiles,
    /// Then there is nothing to be finished.
    has_failed: bool,
    file: StagedFile,
}

impl Writer {
    /// Starts a JP2 that is to be called `target`; it has that name only when it is finished.
    ///
    /// # Errors
    /// [`Error::Settings`] if there is no such file; [`Error::Machine`].
    pub fn create(target: &Path, settings: Settings) -> Result<Self> {
        settings.check()?;
        let around = settings.around()?;
        Ok(Self {
            frame: settings.frame(),
            around,
            band: band(settings.pixels, settings.tile_side),
            rows: 0,
            given: 0,
            crew: Crew::start(settings.hands.max(1), settings.coding(), settings.quality)?,
            has_failed: false,
            early: BTreeMap::new(),
            tiles: Tiles::default(),
            file: StagedFile::create(target)?,
            settings,
        })
    }

    /// Takes the next rows, any number of whole ones.
    ///
    /// # Errors
    /// [`Error::Source`] if these are other rows than those that are awaited; [`Error::Encoder`]; [`Error::Machine`].
    pub fn rows(&mut self, rows: AnyRaster) -> Result<()> {
        let taken = self.take(&rows);
        self.has_failed |= taken.is_err();
        taken
    }

    fn take(&mut self, rows: &AnyRaster) -> Result<()> {
        self.expect(rows)?;
        let (side, height) = (self.settings.tile_side, rows.dimensions().height);
        let mut taken = 0;
        while taken < height {
            let until = height.min(taken + side - self.rows % side);
            match (&mut self.band, rows) {
                (AnyRaster::Eight(band), AnyRaster::Eight(rows)) => band.append_rows(rows, taken..until),
                (AnyRaster::Sixteen(band), AnyRaster::Sixteen(rows)) => band.append_rows(rows, taken..until),
                _ => return Err(unexpected("another depth")),
            }
            self.rows += until - taken;
            taken = until;
            if self.rows.is_multiple_of(side) || self.rows == self.frame.size.height {
                self.give_band()?;
            }
        }
        Ok(())
    }

    /// Writes the headers and gives the file its name. To make it durable is left to who calls.
    ///
    /// # Errors
    /// [`Error::Source`] if rows are missing; [`Error::Encoder`]; [`Error::Machine`].
    pub fn finish(mut self) -> Result<Written> {
        let height = self.frame.size.height;
        if self.has_failed {
            return Err(Error::Source("what has failed cannot be finished".to_owned()));
        }
        if self.rows != height {
            return Err(Error::Source(format!("the picture ends after {} of {height} rows", self.rows)));
        }
        while let Some(done) = self.crew.last() {
            self.store(done)?;
        }
        self.file.append(&END, 1)?;
        let written = Written { levels: self.settings.sizes(), bytes: self.file.position(), big: false };
        let head = self.head();
        self.file.place(&head)?;
        Ok(written)
    }

    /// Whether these can be the next rows.
    fn expect(&self, rows: &AnyRaster) -> Result<()> {
        let (Dimensions { width, height }, channels) = (rows.dimensions(), rows.channels());
        let left = self.frame.size.height - self.rows;
        match () {
            () if width != self.frame.size.width => Err(unexpected(&format!("{width} pixels in each"))),
            () if channels != self.frame.channels => Err(unexpected(&format!("{channels:?} pixels"))),
            () if height > left => Err(unexpected(&format!("{height} of them where {left} are left"))),
            () => Ok(()),
        }
    }

    /// Has a row of tiles compressed, of which all rows are there.
    fn give_band(&mut self) -> Result<()> {
        let row = (self.rows - 1) / self.settings.tile_side;
        for area in self.frame.row(row) {
            let part = Rect { y: 0, ..area };
            let tile = match &self.band {
                AnyRaster::Eight(band) => AnyRaster::Eight(band.part(part)),
                AnyRaster::Sixteen(band) => AnyRaster::Sixteen(band.part(part)),
            };
            self.crew.give(Job { number: self.given, place: (area.x, area.y), tile });
            self.given += 1;
            for done in self.crew.done() {
                self.store(done)?;
            }
        }
        match &mut self.band {
            AnyRaster::Eight(band) => band.drop_rows(band.dimensions.height),
            AnyRaster::Sixteen(band) => band.drop_rows(band.dimensions.height),
        }
        Ok(())
    }

    /// Writes all tiles whose turn it is: the file does not depend on which is done first.
    fn store(&mut self, (number, part): Done) -> Result<()> {
        self.early.insert(number, part.map_err(Error::Encoder)?);
        while let Some(part) = self.early.remove(&self.tiles.count()) {
            let is_first = self.tiles.count() == 0;
            let bytes = self.tiles.next(part).map_err(Error::Encoder)?;
            if is_first {
                // It is written once all is known; its length is known now.
                let room = vec![0; self.head().len()];
                self.file.append(&room, 1)?;
            }
            self.file.append(&bytes, 1)?;
        }
        Ok(())
    }

    fn head(&self) -> Vec<u8> {
        head(&self.frame, &self.around, &self.tiles, CREATED)
    }
}

/// No rows, with room for those of a row of tiles.
fn band(pixels: Pixels, tile_side: u32) -> AnyRaster {
    let Pixels { size, channels, depth } = pixels;
    let (none, room) = (Dimensions::new(size.width, 0), tile_side.min(size.height));
    match depth {
        Depth::Eight => {
            let mut band = Raster::new(none, channels);
            band.reserve_rows(room);
            AnyRaster::Eight(band)
        }
        Depth::Sixteen => {
            let mut band = Raster::new(none, channels);
            band.reserve_rows(room);
            AnyRaster::Sixteen(band)
        }
    }
}

fn unexpected(what: &str) -> Error {
    Error::Source(format!("other rows than were announced: {what}"))
}
