//! The threads that compress tiles, and the order in which tiles come out: that in which they went in, whoever was
//! faster. As many tiles wait as keep all of them busy while the next ones come, and no more.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::{self, JoinHandle};

use crossbeam_channel::{Receiver, Sender, unbounded};

use super::encode::Encoder;
use super::store::Store;
use super::{Error, Result, Settings};
use crate::raster::{Raster, Sample};

/// Threads that compress, each with an encoder of its own.
pub(super) struct Crew<S> {
    jobs: Option<Sender<Job<S>>>,
    /// The other end of it, to take back what nobody has begun.
    begun: Receiver<Job<S>>,
    done: Receiver<Done<S>>,
    hands: Vec<JoinHandle<()>>,
    /// Tiles that went in and have not come out, in order: their level, and their bytes once they are there.
    underway: VecDeque<(usize, Option<Vec<u8>>)>,
    /// How many came out.
    out: u64,
    /// How many are not compressed yet.
    waiting: usize,
    /// How many of those there may be when the next row of tiles begins.
    most: usize,
    /// Memory of pixels that were done with.
    spare: Vec<Vec<S>>,
    jpeg_tables: Option<Vec<u8>>,
    /// Whether a tile could not be compressed or stored: those behind it never come out.
    has_failed: bool,
}

struct Job<S> {
    number: u64,
    pixels: Raster<S>,
}

struct Done<S> {
    number: u64,
    tile: Result<Vec<u8>>,
    /// What it was made of, to be used again.
    pixels: Vec<S>,
}

impl<S: Sample> Crew<S> {
    /// Starts the threads. While a row of tiles is filled, half of the one before may wait, or some for each thread.
    ///
    /// # Errors
    /// [`Error::Encoder`] if the encoders cannot be made; [`Error::Machine`] if there can be no more threads.
    pub(super) fn start(settings: &Settings) -> Result<Self> {
        let (jobs, begun) = unbounded::<Job<S>>();
        let (finished, done) = unbounded();
        let across = settings.pixels.size.width.div_ceil(settings.tile_side) as usize;
        let hands = settings.hands.max(1);
        let mut crew = Self {
            jobs: Some(jobs),
            begun,
            done,
            hands: Vec::new(),
            underway: VecDeque::new(),
            out: 0,
            waiting: 0,
            most: (across / 2).max(4 * hands),
            spare: Vec::new(),
            jpeg_tables: None,
            has_failed: false,
        };
        for _ in 0..hands {
            let encoder = Encoder::new(settings)?;
            crew.jpeg_tables = encoder.jpeg_tables().map(<[u8]>::to_vec);
            let (jobs, finished) = (crew.begun.clone(), finished.clone());
            let hand = thread::Builder::new().name("compress".to_owned());
            let hand = hand.spawn(move || work(encoder, &jobs, &finished));
            crew.hands.push(hand.map_err(Error::machine("start a thread"))?);
        }
        Ok(crew)
    }

    /// The JPEGTables field of all tiles, for JPEG.
    pub(super) fn jpeg_tables(&self) -> Option<&[u8]> {
        self.jpeg_tables.as_deref()
    }

    /// Memory for so many samples, empty.
    pub(super) fn room(&mut self, samples: usize) -> Vec<S> {
        let mut room = self.spare.pop().unwrap_or_default();
        room.clear();
        room.reserve_exact(samples);
        room
    }

    /// Takes memory back that nobody needs any more.
    pub(super) fn keep(&mut self, pixels: Vec<S>) {
        self.spare.push(pixels);
    }

    /// Has a tile compressed.
    ///
    /// # Errors
    /// [`Error`] if an earlier one could not be.
    pub(super) fn compress(&mut self, level: usize, pixels: Raster<S>) -> Result<()> {
        self.check()?;
        let number = self.out + self.underway.len() as u64;
        self.underway.push_back((level, None));
        self.waiting += 1;
        let sent = self.jobs.as_ref().map(|jobs| jobs.send(Job { number, pixels }));
        sent.and_then(Result::ok).ok_or_else(gone)
    }

    /// Waits until the next row of tiles may begin.
    ///
    /// # Errors
    /// [`Error`] of any tile.
    pub(super) fn await_hands(&mut self, store: &mut Store) -> Result<()> {
        self.check()?;
        while self.waiting > self.most {
            let done = self.done.recv().map_err(|_| gone())?;
            self.note(done, store)?;
        }
        self.take_in(store)
    }

    /// Stores what is ready by now.
    ///
    /// # Errors
    /// [`Error`] of any tile.
    pub(super) fn take_in(&mut self, store: &mut Store) -> Result<()> {
        while let Ok(done) = self.done.try_recv() {
            self.note(done, store)?;
        }
        Ok(())
    }

    /// Adds a tile that is compressed already behind those that are underway.
    ///
    /// # Errors
    /// [`Error`] of earlier tiles.
    pub(super) fn pass(&mut self, level: usize, tile: Vec<u8>, store: &mut Store) -> Result<()> {
        self.await_hands(store)?;
        self.underway.push_back((level, Some(tile)));
        self.noted(|crew| crew.take_out(store))
    }

    /// Awaits all tiles.
    ///
    /// # Errors
    /// [`Error`] of any of them.
    pub(super) fn finish(&mut self, store: &mut Store) -> Result<()> {
        self.check()?;
        while !self.underway.is_empty() {
            let done = self.done.recv().map_err(|_| gone())?;
            self.note(done, store)?;
        }
        Ok(())
    }

    fn note(&mut self, done: Done<S>, store: &mut Store) -> Result<()> {
        self.waiting -= 1;
        self.spare.push(done.pixels);
        self.noted(|crew| {
            crew.underway[(done.number - crew.out) as usize].1 = Some(done.tile?);
            crew.take_out(store)
        })
    }

    /// Does something, and remembers whether it has failed.
    fn noted(&mut self, work: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        let result = work(self);
        self.has_failed |= result.is_err();
        result
    }

    fn check(&self) -> Result<()> {
        match self.has_failed {
            true => Err(Error::Source("an earlier tile has failed".to_owned())),
            false => Ok(()),
        }
    }

    /// Stores the tiles that are the next ones.
    fn take_out(&mut self, store: &mut Store) -> Result<()> {
        while let Some((level, Some(tile))) = self.underway.front_mut() {
            store.add(*level, tile)?;
            self.underway.pop_front();
            self.out += 1;
        }
        Ok(())
    }
}

impl<S> Drop for Crew<S> {
    fn drop(&mut self) {
        self.jobs = None;
        while self.begun.try_recv().is_ok() {}
        for hand in self.hands.drain(..) {
            // It cannot have panicked: what it does is caught.
            let _ = hand.join();
        }
    }
}

/// What a thread does all the time.
fn work<S: Sample>(mut encoder: Encoder<S>, jobs: &Receiver<Job<S>>, finished: &Sender<Done<S>>) {
    for Job { number, pixels } in jobs {
        let tile = catch_unwind(AssertUnwindSafe(|| encoder.encode(&pixels)));
        let tile = tile.unwrap_or_else(|_| Err(Error::Encoder("a thread has panicked".to_owned())));
        if finished.send(Done { number, tile, pixels: pixels.pixels }).is_err() {
            return;
        }
    }
}

fn gone() -> Error {
    Error::Encoder("its threads are gone".to_owned())
}
