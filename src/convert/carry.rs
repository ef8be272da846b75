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
use crate::format::jpeg::carry::{Band, Hindrance, Row, Rows, Scale, Source, baseline, mended};
use crate::format::tiff::jpeg_fields;
use crate::picture::Dimensions;
use crate::pyramid::{First, Settings, StoredTiles, Tags, Writer, Written};
use crate::raster::AnyRaster;
use crate::source::{Map, Object};
use crate::watch::Watch;

/// What a JPEG in several scans may take to become one in one: a tenth of a gigapixel of 4:2:0.
const MEMORY: u64 = 400 << 20;

/// Why the coefficients of a JPEG cannot be taken over into tiles of this side; None if they can.
///
/// # Errors
/// [`Failure`] if it cannot be read.
pub(super) fn hindrance(path: &Path, side: u32) -> Result<Option<Hindrance>, Failure> {
    let map = map(path)?;
    Ok(match Source::read(map.bytes()) {
        Ok(source) => source.rows(side, None).err(),
        Err(Hindrance::Process { memory }) if memory <= MEMORY => None,
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
            carried = self.carried(&bytes, path, tags)?;
            if carried.is_none()
                && let Some(bytes) = mended(&bytes, &Watch::unlimited())
            {
                carried = self.carried(&bytes, path, tags)?;
            }
        }
        map.check().map_err(|error| Failure::of_pixels(&self.order.input, error))?;
        Ok(carried)
    }

    /// The same from bytes that are as they should be; None if they are not.
    fn carried(&self, bytes: &[u8], path: &Path, tags: &Tags) -> Result<Option<Written>, Failure> {
        let side = self.decision.tile_side;
        let Ok(source) = Source::read(bytes) else { return Ok(None) };
        let scale = self.has_levels().then_some(if self.wish.linear { Scale::Full } else { Scale::Half });
        let Ok(rows) = source.rows(side, scale) else { return Ok(None) };
        let fields = jpeg_fields(source.colours(), &source.tables());
        let stored = StoredTiles { tile: Dimensions::new(side, side), fields };
        let settings = Settings { first: First::Stored(stored), ..self.settings(tags.clone()) };
        let failed = |error| Failure::of_writer(&self.order.output, &error);
        let mut writer = Writer::create(path, settings).map_err(failed)?;
        match self.fill(&mut writer, rows)? {
            true => writer.finish().map(Some).map_err(failed),
            false => Ok(None),
        }
    }

    /// The full level from the tiles of a TIFF, the others from their pixels.
    ///
    /// # Errors
    /// [`Failure`] if the file cannot be read, or the result not be written; or if the work is to stop.
    pub(super) fn carry_tiles(&self, path: &Path, tags: Tags) -> Result<Written, Failure> {
        let (input, master) = (&self.order.input, &self.source.master);
        let carried = master.carried(0).map_err(|why| Failure::new(input, Blame::Recto, why.to_string()))?;
        let stored = StoredTiles { tile: carried.tile, fields: carried.fields };
        let failed = |error| Failure::of_writer(&self.order.output, &error);
        let settings = Settings { first: First::Stored(stored), ..self.settings(tags) };
        let mut writer = Writer::create(path, settings).map_err(failed)?;
        let (size, columns) = (self.source.size(), self.source.size().width.div_ceil(carried.tile.width));
        // Tiles and rows lie beside each other in the file as they were decoded together.
        let mut given = 0;
        let mut give = |writer: &mut Writer, bottom: u32| {
            let end = u64::from(bottom.div_ceil(carried.tile.height)) * u64::from(columns);
            while given < end {
                let tile = master.carried_tile(0, given).map_err(|error| Failure::of_pixels(input, error))?;
                writer.tile(tile).map_err(failed)?;
                given += 1;
            }
            master.release();
            Ok::<_, Failure>(())
        };
        if !self.has_levels() {
            give(&mut writer, size.height)?;
            (self.progress)(size.area());
            return writer.finish().map_err(failed);
        }
        self.source.each_band(0, self.hands, self.stop, |window, rows| {
            give(&mut writer, window.bottom())?;
            writer.rows(0, rows).map_err(failed)?;
            (self.progress)(window.dimensions().area());
            Ok(())
        })?;
        writer.finish().map_err(failed)
    }

    /// Whether there are levels to be made.
    fn has_levels(&self) -> bool {
        let (size, side) = (self.source.size(), self.decision.tile_side);
        self.wish.levels.map_or(size.width.max(size.height) > side, |levels| levels > 1)
    }

    /// Gives all tiles and rows to the writer. Whether all were there.
    fn fill(&self, writer: &mut Writer, rows: Rows) -> Result<bool, Failure> {
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
                tiles.into_iter().try_for_each(|tile| writer.tile(tile)).map_err(failed)?;
                if let Some(pixels) = pixels {
                    writer.rows(level, AnyRaster::Eight(pixels)).map_err(failed)?;
                }
                let done = of_row.min(left);
                left -= done;
                (self.progress)(done);
            }
            Ok(left == 0)
        })
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
        let ((input, items), (output, made)) = (bounded::<T>(1), bounded(1));
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
