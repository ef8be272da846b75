//! The threads that compress tiles.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::{self, JoinHandle};

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};

use super::quality::Reference;
use crate::format::jp2::write::{Coding, Loss, TilePart, encode};
use crate::pyramid::{Error, Result};
use crate::raster::AnyRaster;

/// A tile to be compressed.
pub(super) struct Job {
    /// Its number, in reading order.
    pub(super) number: usize,
    /// Column and row of its upper left corner.
    pub(super) place: (u32, u32),
    /// Its pixels.
    pub(super) tile: AnyRaster,
}

/// A tile by its number, or why it could not be compressed.
pub(super) type Done = (usize, std::result::Result<TilePart, String>);

/// Threads that compress tiles in any order. Dropped, they end what they are at, and nothing more.
pub(super) struct Crew {
    /// None once no more jobs come.
    jobs: Option<Sender<Job>>,
    /// The other end, to take back what nobody has begun.
    open: Receiver<Job>,
    done: Receiver<Done>,
    threads: Vec<JoinHandle<()>>,
}

impl Crew {
    /// So many threads, which compress all tiles in the same way; without loss, or to a quality.
    ///
    /// # Errors
    /// [`Error::Machine`] if there can be no more threads; [`Error::Encoder`].
    pub(super) fn start(hands: usize, coding: Coding, quality: Option<u8>) -> Result<Self> {
        // Each has its next tile waiting.
        let (jobs, open) = bounded::<Job>(hands);
        let (finished, done) = unbounded();
        let mut crew = Self { jobs: Some(jobs), open, done, threads: Vec::new() };
        for _ in 0..hands {
            let (open, finished) = (crew.open.clone(), finished.clone());
            let reference = quality.map(|quality| Ok((Reference::new()?, quality))).transpose();
            let reference = reference.map_err(|error: turbojpeg::Error| Error::Encoder(error.to_string()))?;
            let thread = thread::Builder::new().spawn(move || work(&open, &finished, coding, reference));
            let failed = |cause| Error::Machine { doing: "start a thread".to_owned(), cause };
            crew.threads.push(thread.map_err(failed)?);
        }
        Ok(crew)
    }

    /// Waits until the job can be left to the threads.
    pub(super) fn give(&self, job: Job) {
        // It cannot fail: the other end of the channel is held here too.
        let _ = self.jobs.as_ref().map(|jobs| jobs.send(job));
    }

    /// What was done since.
    pub(super) fn done(&self) -> Vec<Done> {
        self.done.try_iter().collect()
    }

    /// No more jobs come: waits for the next that is done, None if that were all.
    pub(super) fn last(&mut self) -> Option<Done> {
        self.jobs = None;
        self.done.recv().ok()
    }
}

/// Compresses what comes, until nothing more does or nobody wants it.
fn work(
    open: &Receiver<Job>,
    finished: &Sender<Done>,
    coding: Coding,
    mut reference: Option<(Reference, u8)>,
) {
    for Job { number, place, tile } in open {
        let mut compressed = || {
            let decibels = reference.as_mut().map(|(jpeg, quality)| jpeg.decibels(&tile, *quality));
            let loss = match decibels.transpose().map_err(|error| error.to_string())? {
                Some(decibels) => Loss::Psnr(decibels),
                None => Loss::None,
            };
            encode(&tile, place, &Coding { loss, ..coding })
        };
        // A panic has said what is wrong, and is one tile that is missing.
        let part = catch_unwind(AssertUnwindSafe(&mut compressed));
        let part = part.unwrap_or_else(|_| Err("the encoder has panicked".to_owned()));
        if finished.send((number, part)).is_err() {
            break;
        }
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        self.jobs = None;
        while self.open.try_recv().is_ok() {}
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}
