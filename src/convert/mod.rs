//! `recto convert`: what is done to one file, so that it becomes a master as it should be: it is looked at, what is to be
//! done is decided, and that is done. Uses threads and the file system freely, which nothing on the path of a request may
//! do.
//!
//! | module | what lives there |
//! |---|---|
//! | [`batch`] | many files at a time: `recto convert` |
//! | [`make`] | a decision carried out |
//! | [`look`] | from a file to what of it decides |
//! | [`carry`] | tiles and coefficients taken over |
//! | [`verify`] | a result compared with its source |
//! | [`seal`] | what a result says of what it was made of |
//! | [`aside`] | a file that has its name when it may |
//! | [`tags`] | what the result says besides its pixels |
//! | [`job`] | one file that is being converted |
//! | [`rows`] | rows of any master, from the top |
//! | [`opaque`] | alpha that hides nothing |
//! | [`report`] | what was done |
//! | [`decision`] | what is done, and why |
//! | [`wish`] | what is wished for |
//! | [`jp2`] | the writer of JPEG 2000 |
//! | [`failure`] | why it could not be done, and who has to act |

mod aside;
pub mod batch;
mod carry;
mod decision;
mod failure;
mod job;
pub mod jp2;
mod look;
mod make;
mod opaque;
mod report;
mod rows;
mod seal;
mod tags;
mod verify;
mod wish;

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Instant;

pub use crate::pyramid::{Big, Subsampling};
pub use decision::{Decision, Way};
pub use failure::{Blame, Failure};
pub use report::{Report, Verified};
pub use seal::is_result_of;
pub use wish::{Compression, Container, Purpose, Wish};

use crate::picture::Dimensions;
use job::Job;
use rows::Source;

/// Which file is to become which.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// What is read.
    pub input: PathBuf,
    /// The page of it, from 1.
    pub page: u32,
    /// What is written, in a directory that is there. It may be the input itself.
    pub output: PathBuf,
}

/// How many pages a file has: each becomes a file of its own.
///
/// # Errors
/// [`Failure`] if the file cannot be read.
pub fn pages(path: &Path) -> Result<u32, Failure> {
    Source::open(path, 1)?.master.pages().map_err(|error| Failure::of_pixels(path, error))
}

/// How many pixels a page of a file has, by its header: what its progress is counted in.
///
/// # Errors
/// [`Failure`] if the file cannot be read.
pub fn size(path: &Path, page: u32) -> Result<Dimensions, Failure> {
    Ok(Source::open(path, page)?.size())
}

/// What [`convert`] would do. Reads headers and a few tiles; and alpha, where that decides.
///
/// # Errors
/// [`Failure`] if the file cannot be read, or the wish not be fulfilled.
pub fn decide(order: &Order, wish: &Wish) -> Result<Decision, Failure> {
    let source = Source::open(&order.input, order.page)?;
    decided(order, wish, &source, 1, &AtomicBool::new(false))
}

fn decided(
    order: &Order,
    wish: &Wish,
    source: &Source,
    hands: usize,
    stop: &AtomicBool,
) -> Result<Decision, Failure> {
    wish.check().map_err(|cause| Failure::new(&order.input, Blame::Wish, cause))?;
    Ok(Decision::of(&look::look(source, wish, hands, stop)?, wish))
}

/// Makes of one file what it should be. Its result is written beside its name, and has that name only when it is whole
/// and, if that is wished for, compared with the source. `progress` is told pixels of the full level as they are done,
/// [`size`] of them in all; `stop` ends the work soon.
///
/// # Errors
/// [`Failure`]; then there is nothing new under the name of the result, and what was there is still there.
pub fn convert(
    order: &Order,
    wish: &Wish,
    hands: usize,
    progress: &(dyn Fn(u64) + Sync),
    stop: &AtomicBool,
) -> Result<Report, Failure> {
    let begun = Instant::now();
    let source = Source::open(&order.input, order.page)?;
    let decision = decided(order, wish, &source, hands, stop)?;
    let source = source.opaque(decision.is_opaque);
    let job = Job { order, wish, decision: &decision, source: &source, hands, progress, stop };
    let report = job.run()?;
    Ok(Report { seconds: begun.elapsed().as_secs_f64(), ..report })
}
