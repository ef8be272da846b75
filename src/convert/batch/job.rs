//! What crosses between the batch and the processes that convert: plain values, as lines of JSON.

use std::io;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::convert::failure::is_of_all;
use crate::convert::{Blame, Decision, Failure, Report, Wish};

/// One file, or a page of it, and what is to become of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Job {
    pub(super) input: PathBuf,
    /// The page, from 1; without one it is the first, and it is told how many there are.
    pub(super) page: Option<u32>,
    pub(super) output: PathBuf,
    pub(super) wish: Wish,
    pub(super) existing: Existing,
    /// How many threads may work on it.
    pub(super) hands: usize,
    pub(super) task: Task,
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Task {
    /// To count its pages.
    Count,
    /// To say what would be done.
    Decide,
    /// To do it.
    Convert,
}

/// What is done where there is a file of the name of a result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Existing {
    /// It stays, which is an error.
    #[default]
    Refuse,
    /// It is replaced.
    Replace,
    /// If it is the result of the same bytes and the same wish, nothing is to be done; another result is replaced.
    Skip,
}

/// What is answered: what it is about, how far it has got, and at the end what came of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Answer {
    /// It was opened.
    Opened {
        /// Pages of the file.
        pages: u32,
        /// Pixels of the page.
        pixels: u64,
    },
    /// So many more pixels are done.
    More(u64),
    /// It is over.
    Ended(Box<Outcome>),
}

/// What became of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Status {
    /// It was converted.
    Made,
    /// It would be converted.
    ToMake,
    /// Its result is there.
    There,
    /// It is as it should be.
    Left,
    /// It could not be converted.
    Failed,
    /// The work ended before it was done.
    Stopped,
}

/// What came of a job.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Outcome {
    pub(super) status: Status,
    /// In a few words how it was made.
    pub(super) way: Option<String>,
    /// Why so, or why not.
    pub(super) why: String,
    pub(super) notes: Vec<String>,
    /// Who has to act, if somebody has to.
    pub(super) fault: Option<String>,
    /// Whether others would fail as well.
    pub(super) is_of_all: bool,
    pub(super) pixels: u64,
    pub(super) bytes_out: u64,
    pub(super) seconds: f64,
    /// What is told of the result besides.
    pub(super) details: Map<String, Value>,
}

impl Outcome {
    pub(super) fn new(status: Status, why: impl Into<String>) -> Self {
        Self {
            status,
            way: None,
            why: why.into(),
            notes: Vec::new(),
            fault: None,
            is_of_all: false,
            pixels: 0,
            bytes_out: 0,
            seconds: 0.0,
            details: Map::new(),
        }
    }

    pub(super) fn failed(blame: Blame, why: impl Into<String>) -> Self {
        let fault = serde_json::to_value(blame).ok().and_then(|blame| blame.as_str().map(str::to_owned));
        Self { fault, ..Self::new(Status::Failed, why) }
    }

    /// A fault of the machine, from which all may suffer.
    pub(super) fn of_machine(error: &io::Error, what: &str) -> Self {
        let is_of_all = is_of_all(error);
        Self { is_of_all, ..Self::failed(Blame::Machine, format!("{what}: {error}")) }
    }

    pub(super) fn of_failure(failure: &Failure, input: &std::path::Path) -> Self {
        let file =
            if failure.file == input { String::new() } else { format!("{}: ", failure.file.display()) };
        let outcome = Self::failed(failure.blame, format!("{file}{}", failure.cause));
        let status = if failure.blame == Blame::Stopped { Status::Stopped } else { Status::Failed };
        Self { status, is_of_all: failure.is_of_all, ..outcome }
    }

    pub(super) fn of_decision(decision: &Decision, pixels: u64) -> Self {
        let is_left = decision.way == crate::convert::Way::LeaveAlone;
        let status = if is_left { Status::Left } else { Status::ToMake };
        let way = Some(decision.way.to_string());
        let notes = decision.notes.clone();
        Self { way, notes, pixels, ..Self::new(status, decision.why.clone()) }
    }

    pub(super) fn of_report(report: &Report) -> Self {
        let is_left = report.output.is_none();
        let details = match serde_json::to_value(report) {
            Ok(Value::Object(mut details)) => {
                TOLD.iter().for_each(|name| drop(details.shift_remove(*name)));
                details
            }
            _ => Map::new(),
        };
        Self {
            way: Some(report.way.to_string()),
            notes: report.notes.clone(),
            pixels: u64::from(report.width) * u64::from(report.height),
            bytes_out: report.bytes_out,
            seconds: report.seconds,
            details,
            ..Self::new(if is_left { Status::Left } else { Status::Made }, report.why.clone())
        }
    }
}

/// What of a report is told in any case.
const TOLD: [&str; 9] =
    ["input", "page", "output", "way", "why", "notes", "bytes_in", "bytes_out", "seconds"];
