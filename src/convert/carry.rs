//! What is stored taken over as it is, and smaller levels made of its pixels: the tiles of a TIFF; the coefficients of a
//! JPEG, cut into tiles, with pixels at half size from the same pass over its data. One thread walks through the data, others decode, and the writer's compress.

use std::borrow::Cow;
use std::fs::File;
use std::path::Path;
use std::thread;

use crossbeam_channel::{Receiver, bounded};

use super::failure::{Blame, Failure};
use super::job::Job;
use crate::error::MasterError;
use crate::format::budget::most_bytes;
use crate::format::jpeg::carry::{Band, Hindrance, Row, Rows, Scale, Source, baseline, mended};
use crate::format::tiff::jpeg_fields;
use crate::picture::Dimensions;
use crate::pyramid::{Settings, StoredTiles, Tags, Writer, Written};
use crate::raster::AnyRaster;
use crate::source::{Map, Object};
use crate::watch::Watch;

/// Why the coefficients of a JPEG cannot be taken over into tiles of this side; None if they can.
///
/// # Errors
/// [`Failure`] if it cannot be read.
pub(super) fn hindrance(path: &Path, side: u32) -> Result<Option<Hindrance>, Failure> {
    let map = map(path)?;
    Ok(match Source::read(map.bytes()) {
        Ok(source) => source.rows(side, None).err(),
        Err(Hindrance::Process { memory }) if memory <= most_bytes() => None,
        Err(hindrance) => Some(hindrance),
    })
}

impl Job<'_> {
    /// The full level from the coefficients of a JPEG, the others from their pixels. None if its data turn out to be such
    /// that they have to be decoded.
    ///
    /// # Errors
    /// [`Failure`] if the file cannot be read, or the result not be written; or if the work is to stop.
    pub(super) fn carry_coefficients(&self, path: &Path, tags: &Tags) -> Result<Option<Written>, Failure> {
        let map = map(&self.order.input)?;
        let made = match Source::read(map.bytes()) {
            Err(Hindrance::Process { .. }) => baseline(map.bytes(), &Watch::unlimited()).ok().map(Cow::Owned),
            _ => Some(Cow::Borrowed(map.bytes())),
        };
        let mut carried = None;
        if let Some(bytes) = made {
            carried = self.carried(&bytes, &map, path, tags)?;
            if carried.is_none()
                && let Some(bytes) = mended(&bytes, &Watch::unlimited())
            {
                carried = self.carried(&bytes, &map, path, tags)?;
            }
        }
        map.check().map_err(|error| Failure::of_pixels(&self.order.input, error))?;
        Ok(carried)
    }

    /// The same from bytes that are as they should be, those of `map` or made of them; None if they are not.
    fn carried(&self, bytes: &[u8], map: &Map, path: &Path, tags: &Tags) -> Result<Option<Written>, Failure> {
        let side = self.decision.tile_side;
        let Ok(source) = Source::read(bytes) else { return Ok(None) };
        let scale =
            (self.level_count() > 1).then_some(if self.wish.linear { Scale::Full } else { Scale::Half });
        let Ok(rows) = source.rows(side, scale) else { return Ok(None) };
        let fields = jpeg_fields(source.colours(), &source.tables());
        let stored = vec![StoredTiles { tile: Dimensions::new(side, side), fields }];
        let settings = Settings { stored, ..self.settings(tags.clone()) };
        let failed = |error| Failure::of_writer(&self.order.output, &error);
        let mut writer = Writer::create(path, settings).map_err(failed)?;
        match self.fill(&mut writer, rows, map)? {
            true => writer.finish().map(Some).map_err(failed),
            false => Ok(None),
        }
    }

    /// As many levels from the tiles of a TIFF as were decided, the others from the pixels of the last of those.
    ///
    /// # Errors
    /// [`Failure`] if the file cannot be read, or the result not be written; or if the work is to stop.
    pub(super) fn carry_tiles(&self, path: &Path, tags: Tags) -> Result<Written, Failure> {
        let (input, master) = (&self.order.input, &self.source.master);
        let carried = (0..self.decision.kept_levels).map(|level| master.carried(level));
        let carried: Result<Vec<_>, _> = carried.collect();
        let carried = carried.map_err(|why| Failure::new(input, Blame::Recto, why.to_string()))?;
        let stored = carried.into_iter().map(|of| StoredTiles { tile: of.tile, fields: of.fields }).collect();
        let settings = Settings { stored, ..self.settings(tags) };
        let failed = |error| Failure::of_writer(&self.order.output, &error);
        let mut tiles =
            Tiles { job: self, tiles: settings.stored.iter().map(|of| of.tile).collect(), given: 0 };
        let mut writer = Writer::create(path, settings).map_err(failed)?;
        let last = self.decision.kept_levels.saturating_sub(1);
        for level in 0..last {
            tiles.give_all(level, &mut writer)?;
        }
        if self.level_count() <= last + 1 {
            tiles.give_all(last, &mut writer)?;
            return writer.finish().map_err(failed);
        }
        // Tiles and rows lie beside each other in the file as they were decoded together.
        self.source.each_band(last, self.hands, self.stop, |window, rows| {
            tiles.give(last, window.bottom(), &mut writer)?;
            writer.rows(last, rows).map_err(failed)?;
            self.tell(last, window.dimensions().area());
            Ok(())
        })?;
        writer.finish().map_err(failed)
    }

    /// Tells that so many pixels of a level are done: what is told is those of the full one.
    fn tell(&self, level: usize, pixels: u64) {
        if level == 0 {
            (self.progress)(pixels);
        }
    }

    /// How many levels there are to be.
    fn level_count(&self) -> usize {
        self.settings(Tags::default()).level_count()
    }

    /// Gives all tiles and rows to the writer, and back the memory of what was read. Whether all were there.
    fn fill(&self, writer: &mut Writer, rows: Rows, map: &Map) -> Result<bool, Failure> {
        let failed = |error| Failure::of_writer(&self.order.output, &error);
        // Means of light are made of all pixels.
        let level = usize::from(!self.wish.linear);
        let mut left = self.source.size().area();
        let of_row = u64::from(self.source.size().width) * u64::from(self.decision.tile_side);
        thread::scope(|scope| {
            let decoded = ordered(scope, self.hands, rows, |row: Result<_, MasterError>| {
                let row: Row = row?;
                Ok((row.tiles, row.band.as_ref().map(Band::decode).transpose()?))
            });
            for row in decoded {
                if self.is_stopped() {
                    return Err(Failure::stopped(&self.order.input));
                }
                let Ok::<_, MasterError>((tiles, pixels)) = row else { return Ok(false) };
                tiles.into_iter().try_for_each(|tile| writer.tile(0, tile)).map_err(failed)?;
                if let Some(pixels) = pixels {
                    writer.rows(level, AnyRaster::Eight(pixels)).map_err(failed)?;
                }
                map.release();
                let done = of_row.min(left);
                left -= done;
                (self.progress)(done);
            }
            Ok(left == 0)
        })
    }
}

/// The tiles of a TIFF on their way into a file, in reading order.
struct Tiles<'a> {
    job: &'a Job<'a>,
    /// The size of a tile of each level.
    tiles: Vec<Dimensions>,
    /// How many of the level were given.
    given: u64,
}

impl Tiles<'_> {
    /// Gives those of a level that begin above the row `bottom` of its pixels.
    fn give(&mut self, level: usize, bottom: u32, writer: &mut Writer) -> Result<(), Failure> {
        let Job { order, source, .. } = self.job;
        let (size, tile) = (source.master.description.levels[level].dimensions, self.tiles[level]);
        let end = u64::from(bottom.div_ceil(tile.height)) * u64::from(size.width.div_ceil(tile.width));
        while self.given < end {
            let bytes = source.master.carried_tile(level, self.given);
            let bytes = bytes.map_err(|error| Failure::of_pixels(&order.input, error))?;
            let written = writer.tile(level, bytes);
            written.map_err(|error| Failure::of_writer(&order.output, &error))?;
            self.given += 1;
        }
        source.master.release();
        Ok(())
    }

    /// Gives all of a level.
    fn give_all(&mut self, level: usize, writer: &mut Writer) -> Result<(), Failure> {
        let size = self.job.source.master.description.levels[level].dimensions;
        for top in (0..size.height).step_by(self.tiles[level].height as usize) {
            if self.job.is_stopped() {
                return Err(Failure::stopped(&self.job.order.input));
            }
            let bottom = size.height.min(top + self.tiles[level].height);
            self.give(level, bottom, writer)?;
            self.job.tell(level, u64::from(size.width) * u64::from(bottom - top));
        }
        self.given = 0;
        Ok(())
    }
}

/// What `work` makes of items, in their order, by several threads.
fn ordered<'scope, T: Send + 'scope, U: Send + 'scope>(
    scope: &'scope thread::Scope<'scope, '_>,
    hands: usize,
    items: impl Iterator<Item = T> + Send + 'scope,
    work: impl Fn(T) -> U + Clone + Send + 'scope,
) -> impl Iterator<Item = U> {
    let (mut inputs, mut outputs) = (Vec::new(), Vec::<Receiver<U>>::new());
    for _ in 0..hands.max(1) {
        let ((input, items), (output, made)) = (bounded::<T>(1), bounded(0));
        let work = work.clone();
        // Each ends when there is nothing more to do, or nobody takes what it makes.
        scope.spawn(move || items.into_iter().try_for_each(|item| output.send(work(item))));
        inputs.push(input);
        outputs.push(made);
    }
    scope.spawn(move || items.zip(inputs.iter().cycle()).try_for_each(|(item, input)| input.send(item)));
    (0..).map_while(move |number: usize| outputs[number % outputs.len()].recv().ok())
}

fn map(path: &Path) -> Result<Map, Failure> {
    let mapped = File::open(path).and_then(|file| Map::new(&file));
    mapped.map_err(|error| Failure::of_disk(path, "cannot read it", &error))
}
