//! Many files, each by itself: which there are, what they are to be called, many at a time, and what became of them.
//!
//! Files are hostile, and there may be millions: each is converted in another process, of which there are several, each for
//! many files. What a file does to it, it does to nobody else, and what it leaves half done has no name.
//!
//! | module | what lives there |
//! |---|---|
//! | [`tell`] | what is told meanwhile, and at the end |
//! | [`tally`] | all files in numbers |
//! | [`crew`] | many files at a time |
//! | [`maker`] | a process that converts, from outside |
//! | [`worker`] | the same from inside |
//! | [`plan`] | from what was given to the list of what is to be done |
//! | [`list`] | files from a list |
//! | [`target`] | where results are to be |
//! | [`walk`] | files from directories |
//! | [`queue`] | what is still to be done |
//! | [`shard`] | the part that one of several machines takes |
//! | [`job`] | what crosses between the batch and the processes that convert |
//! | [`stop`] | whether the work is to end |
//! | [`room`] | how much of the machine there is |
//! | [`entry`] | a file by its place |

mod crew;
mod entry;
mod job;
mod list;
mod maker;
mod plan;
mod queue;
mod room;
mod shard;
mod stop;
mod tally;
mod target;
mod tell;
mod walk;
pub mod worker;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};

use super::{Container, Wish};
use crew::Crew;
use job::{Answer, Job, Task};
use maker::Maker;
use plan::Plan;
use queue::Queue;
use room::Room;
use stop::Stop;
use target::Ground;
use tell::Teller;

pub use job::Existing;
pub use shard::Shard;

/// What is to be converted, into what, and how it is to be told.
#[derive(Clone, Debug)]
pub struct Options {
    /// Files, and directories with all images in them; with a list the directory below which its paths are.
    pub inputs: Vec<PathBuf>,
    /// A list of files; `-` is the standard input.
    pub list: Option<PathBuf>,
    /// The result, or the directory of all results.
    pub output: PathBuf,
    /// What results are to be.
    pub wish: Wish,
    /// The only page of each file that is converted; without it all are.
    pub page: Option<u32>,
    /// What is done where there is a file of the name of a result.
    pub existing: Existing,
    /// The part of the files that is converted; without it all are.
    pub shard: Option<Shard>,
    /// How many files at a time; without it as many as there are cores.
    pub jobs: Option<usize>,
    /// How long one file may take.
    pub timeout: Option<Duration>,
    /// Whether it is only said what would be done.
    pub dry_run: bool,
    /// Where JSON goes: an object for each file in a line of its own, then a summary. `-` is the standard output.
    pub json: Option<PathBuf>,
    /// Whether each file that is converted has a line of text.
    pub verbose: bool,
}

/// Exit statuses.
pub mod exit {
    /// All is done, or was.
    pub const DONE: u8 = 0;
    /// Some files failed.
    pub const FAILED: u8 = 1;
    /// The machine cannot go on: a full disk, a file system that is gone (EX_IOERR of sysexits.h).
    pub const MACHINE: u8 = 74;
    /// A signal ended the work: this and its number.
    pub const SIGNAL: u8 = 128;
}

/// Converts all of them, prints what was done, and gives the exit status.
///
/// # Errors
/// If what was asked for cannot be done, before anything is.
pub fn run(options: &Options) -> anyhow::Result<u8> {
    if let Err(fault) = options.wish.check() {
        bail!("{fault}");
    }
    let mut plan = Plan::of(options, extension(&options.wish))?;
    let (stop, room) = (Stop::listen()?, Room::here());
    settle(&plan, options, &stop, room)?;
    if let Some(shard) = options.shard {
        plan.keep(|below| shard.has(below));
    }
    let mut teller = Teller::begin(options, &plan)?;
    let ground = match options.dry_run {
        true => None,
        false => {
            let directory = plan.target.directory();
            Some(Ground::open(directory).with_context(|| format!("the target {}", directory.display()))?)
        }
    };
    plan.unfit.drain(..).try_for_each(|unfit| teller.ended(&unfit.done()))?;
    let entries = std::mem::take(&mut plan.entries);
    let jobs = options.jobs.unwrap_or_else(|| room.jobs(entries.len())).min(entries.len().max(1));
    let queue = Queue::of(entries);
    let crew = Crew { options, plan: &plan, ground: ground.as_ref(), queue: &queue, stop: &stop, room, jobs };
    let told = crew.run(|event| teller.take(event));
    Ok(end(teller, told, &queue, &stop))
}

/// What the result of a file of this name is called.
pub fn result_name(name: &str, wish: &Wish) -> String {
    format!("{}.{}", entry::stem(name), extension(wish))
}

/// The extension of results.
fn extension(wish: &Wish) -> &'static str {
    match wish.container {
        Container::Tiff => "tif",
        Container::Jp2 => "jp2",
    }
}

/// Prints the summary, and gives the exit status.
fn end(teller: Teller, told: anyhow::Result<()>, queue: &Queue, stop: &Stop) -> u8 {
    let again = "The same command goes on where it stood if --skip-existing is added.";
    let (status, last) = match (&told, &teller.tally.halt, stop.signal()) {
        (Err(error), ..) => (exit::MACHINE, Some(format!("Stopped: {error:#}. {again}"))),
        (_, Some(why), _) => {
            (exit::MACHINE, Some(format!("Stopped, since nothing else could be written: {why}. {again}")))
        }
        (.., Some(signal)) => (exit::SIGNAL.saturating_add(signal), Some(format!("Stopped. {again}"))),
        _ if teller.tally.failures() > 0 => (exit::FAILED, None),
        _ => (exit::DONE, None),
    };
    match teller.end(queue.left(), status, last.as_deref()) {
        Err(error) if status == exit::DONE => {
            eprintln!("recto: {error:#}");
            exit::MACHINE
        }
        _ => status,
    }
}

/// Looks whether pages of files would have the names of the results of others, where their names let that be.
fn settle(plan: &Plan, options: &Options, stop: &Stop, room: Room) -> anyhow::Result<()> {
    if options.page.is_some() {
        return Ok(());
    }
    let mut maker = Maker::new(stop, options.timeout, room.most());
    for doubt in plan.doubts() {
        let (book, other) = (&plan.entries[doubt.book], &plan.entries[doubt.other]);
        let (input, output) = (book.input(), plan.output(other, None));
        let (wish, task) = (options.wish.clone(), Task::Count);
        let job = Job { input, page: None, output, wish, existing: Existing::Replace, hands: 1, task };
        let mut found = 0;
        // One that cannot be read has no pages, and fails later.
        maker.make(&job, |answer| {
            if let Answer::Opened { pages, .. } = answer {
                found = pages;
            }
        });
        if found >= doubt.page {
            bail!(
                "page {} of {} and {} would both become {}\n--page 1 converts the first pages alone",
                doubt.page,
                job.input.display(),
                other.input().display(),
                job.output.display()
            );
        }
    }
    Ok(())
}
