//! A tree of masters: how each is stored, what it takes to serve it, and what mends it; and all about one of them.
//!
//! Files are hostile, so each is looked at in another process, of which there are several. What they find out crosses as
//! plain values.
//!
//! | module | what lives there |
//! |---|---|
//! | [`pool`] | many files at a time |
//! | [`mod@named`] | masters by their names, for commands that do something with each |
//! | [`walk`] | which files there are, as the server would find them |
//! | [`child`] | a process that looks at files, from outside |
//! | [`worker`] | the same from inside |
//! | [`examine`] | one file, from its name to what is found out about it |
//! | [`describe`] | a picture in words |
//! | [`verdict`] | how well it can be served, and why not better |
//! | [`estimate`] | what it takes to serve what viewers ask for |
//! | [`asked`] | what viewers ask for |
//! | [`deep`] | every tile, decoded |
//! | [`names`] | identifiers without an extension, and what they lead to |
//! | [`mod@identify`] | one file, told in full |
//! | [`summary`] | all files in numbers |
//! | [`table`] | a line for each file |
//! | [`remedy`] | the commands that mend |
//! | [`outcome`] | what is found out about a file |

mod asked;
mod child;
mod deep;
mod describe;
mod estimate;
mod examine;
mod identify;
mod named;
mod names;
pub mod outcome;
mod pool;
mod remedy;
mod summary;
mod table;
mod verdict;
mod walk;
pub mod worker;

use std::cmp::Reverse;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context;

use super::report::{Look, Report};
use crate::config::Config;
use crate::progress::Progress;
use crate::source::file_and_page;
use child::{Looker, Start};
use examine::Examiner;
use outcome::{Outcome, Verdict};
use summary::Summary;
pub(crate) use verdict::SIDES as GOOD_SIDES;
use walk::{Manner, Met, Place};

pub use named::{Found, Named, named};

/// What is to be looked at, and how it is to be told.
#[derive(Clone, Debug)]
pub struct Options {
    /// Files, and directories with all that is in them.
    pub paths: Vec<PathBuf>,
    /// The configuration by which it is judged; the defaults without one.
    pub config: Option<PathBuf>,
    /// How many files are looked at at a time.
    pub jobs: usize,
    /// Whether every tile is decoded.
    pub deep: bool,
    /// How long one file may take.
    pub timeout: Duration,
    /// The verdicts that are listed; all, if it is empty.
    pub only: Vec<Verdict>,
    /// Whether files that are no pictures are listed too.
    pub all: bool,
    /// The order in which files are listed.
    pub sort: Option<Order>,
    /// Whether JSON is printed: an object for each file in a line of its own, then a summary.
    pub json: bool,
}

/// An order of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Worst first.
    Verdict,
    /// By name.
    Name,
    /// Largest first.
    Bytes,
    /// Those first whose tiles take longest.
    Cost,
    /// Those first that take most round trips from an object store.
    Trips,
}

/// Looks at all of them, prints what was found out, and gives the exit status: 1 if something is to be mended.
///
/// # Errors
/// If the configuration is wrong, a path is not there, or processes cannot be started.
pub fn check(options: &Options) -> anyhow::Result<u8> {
    let begun = Instant::now();
    let files = files(options)?;
    let start = Start { config: options.config.clone(), patience: options.timeout };
    let mut progress = Progress::start(files.len(), "files");
    let (mut summary, mut listed) = (Summary::default(), Vec::new());
    let at_once = options.json && options.sort.is_none();
    let looked = pool::look_at_all(files, options.jobs.max(1), &start, |outcome| {
        progress.more(outcome.is_some().into());
        let Some(outcome) = outcome else { return Ok(()) };
        summary.count(&outcome);
        match (is_listed(&outcome, options), at_once) {
            (false, _) => Ok(()),
            (true, true) => say(&json(&outcome)?),
            (true, false) => {
                listed.push(outcome);
                Ok(())
            }
        }
    });
    progress.end();
    let written = looked.and_then(|()| {
        sort(&mut listed, options.sort.unwrap_or(Order::Verdict));
        tell(&listed, &summary, begun.elapsed(), options.json)
    });
    match written {
        Err(error) if is_gone(&error) => {}
        written => written?,
    }
    Ok(if summary.is_to_mend() { Report::UNWELL } else { Report::WELL })
}

/// Looks at one file, or a page of it, prints all that is known of it, and gives the exit status.
///
/// # Errors
/// As [`check`].
pub fn identify(file: &Path, config: Option<&Path>, json: bool) -> anyhow::Result<u8> {
    let masters = config.map(Config::load).transpose()?.map(|config| config.serving.masters);
    let (path, page) = file_and_page(file);
    let place = Place::of(path, masters.as_ref())?;
    let mut job = place.own_job(Manner { deep: false });
    (job.page, job.details) = (page, true);
    let start = Start { config: config.map(Path::to_owned), patience: Duration::from_secs(60) };
    let outcome = Looker::new(start).look(&job)?;
    let text = match json {
        true => serde_json::to_string_pretty(&outcome)? + "\n",
        false => identify::text(&outcome, Look::of_stdout()),
    };
    match say(&text) {
        Err(error) if is_gone(&error) => {}
        written => written?,
    }
    let is_well = !outcome.verdict.is_to_mend() && outcome.verdict != Verdict::NoPicture;
    Ok(if is_well { Report::WELL } else { Report::UNWELL })
}

/// What [`check`] finds out about one file by the defaults, in this process: for who is about to read all of it.
///
/// # Errors
/// If it is not there, or its name is not UTF-8.
pub fn judge(file: &Path, page: u32) -> anyhow::Result<Outcome> {
    let mut job = Place::of(file, None)?.own_job(Manner { deep: false });
    job.page = page;
    Ok(Examiner::new(Config::parse("[masters]\nroot = \"/\"")?).examine(&job))
}

/// All files that are to be looked at.
fn files(options: &Options) -> anyhow::Result<Vec<Met>> {
    let masters =
        options.config.as_deref().map(Config::load).transpose()?.map(|config| config.serving.masters);
    let manner = Manner { deep: options.deep };
    let mut files = Vec::new();
    let mut progress = Progress::listing("files found");
    for path in &options.paths {
        let place = Place::of(path, masters.as_ref())?;
        let before = files.len();
        files.extend(place.files(manner, |count| progress.at((before + count) as u64)));
    }
    progress.end();
    Ok(files)
}

fn is_listed(outcome: &Outcome, options: &Options) -> bool {
    match outcome.verdict {
        Verdict::NoPicture => options.all,
        verdict => options.only.is_empty() || options.only.contains(&verdict),
    }
}

fn sort(outcomes: &mut [Outcome], order: Order) {
    // Thousandths of a millisecond: whole numbers have an order.
    let cost =
        |of: &Outcome| of.picture.as_ref().map_or(u64::MAX, |picture| (picture.tile_ms * 1000.0) as u64);
    let trips = |of: &Outcome| of.picture.as_ref().map_or(u32::MAX, |picture| picture.cold.round_trips);
    outcomes.sort_by(|one, other| one.file.cmp(&other.file));
    match order {
        Order::Verdict => outcomes.sort_by_key(|of| (of.verdict, Reverse(cost(of)))),
        Order::Name => {}
        Order::Bytes => outcomes.sort_by_key(|of| Reverse(of.bytes)),
        Order::Cost => outcomes.sort_by_key(|of| Reverse(cost(of))),
        Order::Trips => outcomes.sort_by_key(|of| Reverse(trips(of))),
    }
}

/// Prints what is listed, and the summary.
fn tell(listed: &[Outcome], summary: &Summary, took: Duration, as_json: bool) -> anyhow::Result<()> {
    if as_json {
        listed.iter().try_for_each(|outcome| say(&json(outcome)?))?;
        return say(&format!("{}\n", summary.json()));
    }
    if !listed.is_empty() {
        say(&(table::table(listed, Look::of_stdout()) + "\n"))?;
    }
    say(&summary.text(took))
}

fn json(outcome: &Outcome) -> anyhow::Result<String> {
    Ok(serde_json::to_string(outcome)? + "\n")
}

fn say(text: &str) -> anyhow::Result<()> {
    io::stdout().write_all(text.as_bytes()).context("cannot write the report")
}

/// Whether it cannot be written because nobody reads any more.
fn is_gone(error: &anyhow::Error) -> bool {
    let broken = |error: &io::Error| error.kind() == ErrorKind::BrokenPipe;
    error.downcast_ref::<io::Error>().is_some_and(broken)
}
