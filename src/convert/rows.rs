//! Rows of a master, from the top: in bands of its full width, decoded by several threads where any band can be decoded
//! alone, else by one that goes forward. Memory does not grow with the picture.

use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crossbeam_channel::{Sender, bounded};

use super::failure::{Blame, Failure};
use super::opaque::{opaque, without_alpha};
use crate::error::{Error, MasterError};
use crate::master::{Decoder, Known, Master, Reader};
use crate::picture::{Codec, Depth, Dimensions, Rect};
use crate::pyramid::Pixels;
use crate::raster::AnyRaster;
use crate::source::Identity;

/// Bytes of a band, about: they are in the processor's cache when they are cut into tiles.
const BAND: u64 = 512 << 10;

/// A strip of more bytes is decoded by one decoder that stays in it.
const STRIP: u64 = 4 << 20;

/// Rows of a band of JPEG, at least: so many that what neighbours decode twice does not matter.
const JPEG_ROWS: u64 = 128;

/// Rows in which JPEG has its blocks, at most.
const MCU_ROWS: u64 = 16;

/// Bytes of a band of tiles: a row of them is decoded once if it has no more.
const TILES: u64 = 128 << 20;

/// Bytes that all bands may have together which are being decoded.
const AHEAD: u64 = 160 << 20;

/// Bytes and rows of JPEG 2000 that are decoded at once: few for what its decoder holds of them, many for what it decodes
/// around.
const WAVELETS: (u64, u64) = (4 << 20, 512);

/// A master to read from.
pub(super) struct Source {
    pub(super) path: PathBuf,
    pub(super) master: Rc<Master>,
    /// Whether its alpha is left out.
    is_opaque: bool,
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
        let master = Master::open_any_size(path, page).map_err(|error| match error {
            Error::Master(MasterError::NoImage) if fs::metadata(path).is_ok_and(|is| is.len() == 0) => {
                Failure::new(path, Blame::Input, "it is empty")
            }
            error => Failure::of_master(path, &error),
        })?;
        Ok(Self { path: path.to_owned(), master: Rc::new(master), is_opaque: false })
    }

    /// The same without its alpha, if that is so.
    pub(super) fn opaque(self, is_opaque: bool) -> Self {
        Self { is_opaque, ..self }
    }

    /// Its size as it is stored.
    pub(super) fn size(&self) -> Dimensions {
        self.master.description.levels[0].dimensions
    }

    /// Its pixels, as they are given.
    pub(super) fn pixels(&self) -> Pixels {
        let (description, size) = (&self.master.description, self.size());
        let channels =
            if self.is_opaque { without_alpha(description.channels) } else { description.channels };
        Pixels { size, channels, depth: description.depth }
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
                // Each holds one band, which it decodes, or which waits.
                let (send, receive) = bounded(0);
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
                let band = band.map_err(|error| Failure::of_master(&self.path, &error))?;
                take(window, if self.is_opaque { opaque(band) } else { band })?;
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
        // A band that is followed by others: what reads the last may read the first.
        let first = Rect::new(0, 0, size.width, size.height.div_ceil(2));
        let (rows, is_random) = match master.reader(level, || first) {
            Reader::Pieces if of.tiled && piece > fitting(TILES) => (fitting(BAND), true),
            // Its decoder holds much more for a row than its pixels.
            Reader::Codestream(_) => (whole(fitting(WAVELETS.0).min(WAVELETS.1), piece), true),
            // What is not compressed has no strips that one would have to decode as a whole.
            Reader::Pieces if !of.tiled && of.coding.codec == Codec::Plain => (fitting(BAND), true),
            // One strip after the other; a tall one by a decoder that stays in it.
            Reader::Pieces if !of.tiled && piece > fitting(STRIP) => (fitting(BAND), false),
            Reader::Pieces => (whole(fitting(BAND), piece), true),
            Reader::Index => (whole(fitting(BAND).max(JPEG_ROWS), MCU_ROWS), true),
            _ => (whole(fitting(BAND), MCU_ROWS), false),
        };
        let rows = rows.min(u64::from(size.height)).max(1);
        let most = if is_random { hands.max(1) as u64 } else { 1 };
        let lanes = (AHEAD / (rows * row_bytes)).clamp(1, most).min(u64::from(size.height).div_ceil(rows));
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
