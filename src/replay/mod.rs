//! `recto replay`: two servers compared on the requests that an access log has seen: status, media type, size, pixels,
//! info.json, time.
//!
//! | module | what lives there |
//! |---|---|
//! | [`report`] | what came of it, the worst first: as text and as JSON |
//! | [`ask`] | both servers asked, by a few at once, at a rate |
//! | [`compare`] | two answers to one request; pure |
//! | [`sample`] | which of the requests are made again; pure |
//! | [`log`] | access logs, plain or compressed, line by line |

mod ask;
mod compare;
mod log;
mod report;
mod sample;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::ensure;

use crate::client::path;
pub use compare::Tolerance;
pub use report::Report;
use sample::Sample;

/// What is compared, and how.
#[derive(Clone, Debug)]
pub struct Replay {
    /// Access logs; `-` is the standard input.
    pub logs: Vec<PathBuf>,
    /// The server that is there.
    pub against: String,
    /// The one that is to take its place.
    pub with: String,
    /// What the paths of the log begin with; by default the path of `against`.
    pub strip: Option<String>,
    /// The share of different requests that is made again, above 0 to 1.
    pub sample: f64,
    /// How many at most.
    pub limit: usize,
    /// How many are made at once.
    pub concurrency: usize,
    /// How many requests each server gets in a second at most.
    pub rate: u32,
    /// How long an answer may take.
    pub patience: Duration,
    /// How far pictures may differ.
    pub tolerance: Tolerance,
}

/// Reads the logs, asks both servers, and compares.
///
/// # Errors
/// If a log cannot be read, or has no request of the Image API below the prefix.
pub fn replay(replay: &Replay) -> anyhow::Result<Report> {
    let strip = replay.strip.as_deref().unwrap_or_else(|| path(&replay.against)).trim_end_matches('/');
    let mut sample = Sample::new(replay.sample, replay.limit);
    for log in &replay.logs {
        log::read(log, |line| sample.see(line, strip))?;
    }
    ensure!(
        sample.picked() > 0,
        "there is no GET of an image below {strip:?} in {} lines; --strip says what paths begin with",
        sample.lines
    );
    let (lines, different) = (sample.lines, sample.different());
    let requests = sample.into_requests();
    let compared = ask::all(&requests, replay)?;
    Ok(Report { lines, different, compared, against: replay.against.clone(), with: replay.with.clone() })
}
