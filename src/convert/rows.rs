//! Rows of a master, from the top: in bands of its full width, decoded by several threads where any band can be decoded
//! alone, else by one that goes forward. Memory does not grow with the picture.

use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crossbeam_channel::{Sender, bounded};

use super::failure::{Blame, Failure};
use crate::error::{Error, MasterError};
use crate::master::{Decoder, Known, Master, Reader};
use crate::picture::{Depth, Dimensions, Rect};
use crate::pyramid::Pixels;
use crate::raster::AnyRaster;
use crate::source::Identity;

/// Bytes of a band, about: they stay in the processor's cache until they are compressed.
const BAND: u64 = 4 << 20;

/// Bytes of a band of JPEG: large enough that what neighbours decode twice does not matter.
const JPEG: u64 = 16 << 20;

/// Rows of a tile of the usual size: whole rows of tiles go into the writer without being copied.
const TILE_ROWS: u64 = 256;

/// Rows in which JPEG has its blocks, at most.
const MCU_ROWS: u64 = 16;

/// Bytes of a band of tiles: a row of them is decoded once if it has no more.
const TILES: u64 = 128 << 20;

/// Bytes that all bands may have together which are decoded and not yet taken.
const AHEAD: u64 = 160 << 20;

/// Rows of JPEG 2000 that are decoded at once: few for what its decoder holds of them, many for what it decodes around.
const WAVELETS: u64 = 512;

/// A master to read from.
pub(super) struct Source {
    pub(super) path: PathBuf,
    pub(super) master: Rc<Master>,
}

/// How a level is read: what each thread has to know.
#[derive(Clone)]
struct Reading {
    path: PathBuf,
    page: u32,
    identity: Identity,
    level: usize,
    size: Dimensions,
    depth: Depth,
    /// What a decoder need not find out.
    known: Known,
    /// Of a band.
    rows: u32,
    /// How many threads share the work.
    lanes: usize,
}

impl Source {
    /// A page of a file.
    pub(super) fn open(path: &Path, page: u32) -> Result<Self, Failure> {
        let master = Master::open_any_size(path, page).map_err(|error| Failure::of_master(path, &error))?;
        Ok(Self { path: path.to_owned(), master: Rc::new(master) })
    }

    /// Its size as it is stored.
    pub(super) fn size(&self) -> Dimensions {
        self.master.description.levels[0].dimensions
    }

    /// Its pixels, as they are decoded.
    pub(super) fn pixels(&self) -> Pixels {
        let description = &self.master.description;
        Pixels { size: self.size(), channels: description.channels, depth: description.depth }
    }

    /// Gives the rows of a level to `take`, from the top, in bands of any height, decoded by at most so many threads.
    ///
    /// # Errors
    /// What `take` returns; a [`Failure`] if the file cannot be decoded, or is another one meanwhile, or if the work is to
    /// stop.
    pub(super) fn each_band(
        &self,
        level: usize,
        hands: usize,
        stop: &AtomicBool,
        mut take: impl FnMut(Rect, AnyRaster) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let mut reading = Reading::of(&self.path, &self.master, level, hands);
        if let Some(first) = reading.windows().next().filter(|_| reading.lanes > 1) {
            let known = self.master.known(level, first);
            reading.known = known.map_err(|error| Failure::of_pixels(&self.path, error))?;
            self.master.release();
        }
        thread::scope(|scope| {
            let mut lanes = Vec::new();
            for lane in 0..reading.lanes {
                let (send, receive) = bounded(1);
                let reading = &reading;
                scope.spawn(move || reading.run(lane, &send));
                lanes.push(receive);
            }
            for (number, window) in reading.windows().enumerate() {
                if stop.load(Ordering::Relaxed) {
                    return Err(Failure::stopped(&self.path));
                }
                // A thread that ends without a word has panicked, which the scope passes on.
                let ended = || Failure::new(&self.path, Blame::Recto, "a thread that reads it has ended");
                let band = lanes[number % lanes.len()].recv().map_err(|_| ended())?;
                take(window, band.map_err(|error| Failure::of_master(&self.path, &error))?)?;
            }
            Ok(())
        })
    }
}

impl Reading {
    fn of(path: &Path, master: &Master, level: usize, hands: usize) -> Self {
        let description = &master.description;
        let of = &description.levels[level];
        let (size, piece) = (of.dimensions, u64::from(of.tile.height.max(1)));
        let row_bytes = (u64::from(size.width) * description.pixel_bytes()).max(1);
        let fitting = |bytes: u64| (bytes / row_bytes).max(1);
        let whole = |rows: u64, unit: u64| (rows / unit).max(1) * unit;
        let tiles = if fitting(JPEG) < TILE_ROWS { MCU_ROWS } else { TILE_ROWS };
        let unit = if tiles.is_multiple_of(piece) { tiles } else { piece };
        // A band that is followed by others: what reads the last may read the first.
        let first = Rect::new(0, 0, size.width, size.height.div_ceil(2));
        let (rows, is_random) = match master.reader(level, || first) {
            Reader::Pieces if of.tiled && piece > fitting(TILES) => (fitting(BAND), true),
            // Its decoder holds much more for a row than its pixels.
            Reader::Codestream(_) => (whole(fitting(BAND).min(WAVELETS), piece), true),
            Reader::Pieces if of.tiled => (whole(fitting(BAND), unit), true),
            // One strip after the other; a tall one by a decoder that stays in it.
            Reader::Pieces if piece > fitting(BAND) => (fitting(BAND), false),
            Reader::Pieces => (whole(fitting(BAND), unit), true),
            Reader::Index => (whole(fitting(JPEG), tiles), true),
            _ => (whole(fitting(BAND), tiles), false),
        };
        let rows = rows.min(u64::from(size.height)).max(1);
        let most = if is_random { hands.max(1) as u64 } else { 1 };
        // Each thread holds one that waits, and one that it decodes.
        let lanes =
            (AHEAD / (2 * rows * row_bytes)).clamp(1, most).min(u64::from(size.height).div_ceil(rows));
        Self {
            path: path.to_owned(),
            page: master.page,
            identity: master.identity,
            level,
            size,
            depth: description.depth,
            known: Known::default(),
            rows: rows as u32,
            lanes: lanes as usize,
        }
    }

    /// All bands.
    fn windows(&self) -> impl Iterator<Item = Rect> + use<> {
        let (size, rows) = (self.size, self.rows);
        (0..size.height)
            .step_by(rows as usize)
            .map(move |top| Rect::new(0, top, size.width, rows.min(size.height - top)))
    }

    /// Decodes every so many-th band, until one fails or nobody takes them any more.
    fn run(&self, lane: usize, send: &Sender<Result<AnyRaster, Error>>) {
        let opened = Master::open_any_size(&self.path, self.page).and_then(|master| {
            let is_same = master.identity == self.identity;
            let changed = || MasterError::damaged("it was changed while it was read");
            is_same.then_some(master).ok_or_else(|| changed().into())
        });
        let master = match opened {
            Ok(master) => master,
            Err(error) => return drop(send.send(Err(error))),
        };
        let mut decoder = Decoder::knowing(&self.known);
        for window in self.windows().skip(lane).step_by(self.lanes) {
            let band = decode(&master, &mut decoder, self.level, window, self.depth);
            master.release();
            let is_over = band.is_err();
            if send.send(band.map_err(Error::from)).is_err() || is_over {
                return;
            }
        }
    }
}

/// A window of a level in this depth.
pub(super) fn decode(
    master: &Master,
    decoder: &mut Decoder,
    level: usize,
    window: Rect,
    depth: Depth,
) -> Result<AnyRaster, MasterError> {
    Ok(match depth {
        Depth::Eight => AnyRaster::Eight(master.decode(decoder, level, window)?),
        Depth::Sixteen => AnyRaster::Sixteen(master.decode(decoder, level, window)?),
    })
}
