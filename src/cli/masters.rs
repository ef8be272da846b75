//! `recto check PATH`: masters.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::ValueEnum;

use crate::check::masters::outcome::Verdict;
use crate::check::masters::{self, Options, Order};

/// Exit status for what is wrong with the arguments, or what they name.
const WRONG_ARGUMENTS: u8 = 2;

/// How masters are looked at, and told of.
#[derive(Debug, clap::Args)]
pub(super) struct Masters {
    /// Files to look at, and directories with all that is in them
    #[arg(value_name = "PATH", value_parser = there)]
    paths: Vec<PathBuf>,

    /// So many files at a time [default: one for each processor]
    #[arg(help_heading = "With PATH", long, short, value_name = "NUMBER", requires = "paths")]
    jobs: Option<NonZeroUsize>,

    /// Decode every tile of every level and page once, and name the first place that is broken
    #[arg(help_heading = "With PATH", long, requires = "paths")]
    deep: bool,

    /// Give up a file after so many seconds [default: 30, with --deep 3600]
    #[arg(help_heading = "With PATH", long, value_name = "SECONDS", requires = "paths", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    timeout: Option<u64>,

    /// List only these
    #[arg(
        help_heading = "With PATH",
        long,
        value_name = "VERDICT",
        value_enum,
        value_delimiter = ',',
        requires = "paths"
    )]
    only: Vec<Only>,

    /// List files that are no pictures, too
    #[arg(help_heading = "With PATH", long, requires = "paths")]
    all: bool,

    /// The order of the list [default: verdict; for --json as they come]
    #[arg(help_heading = "With PATH", long, value_enum, requires = "paths")]
    sort: Option<Sort>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Only {
    Broken,
    Refused,
    Slow,
    Good,
    Ideal,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Sort {
    /// Worst first
    Verdict,
    /// By name
    Name,
    /// Largest first
    Bytes,
    /// Those first whose tiles take longest
    Cost,
    /// Those first that take most round trips
    Trips,
}

impl Masters {
    /// Whether there is any to look at.
    pub(super) fn are_asked_for(&self) -> bool {
        !self.paths.is_empty()
    }

    /// Looks at them, prints the report, and gives the exit status.
    pub(super) fn check(&self, config: Option<&Path>, json: bool) -> ExitCode {
        status(masters::check(&self.options(config, json)))
    }

    fn options(&self, config: Option<&Path>, json: bool) -> Options {
        let processors = || std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        Options {
            paths: self.paths.clone(),
            config: config.map(Path::to_owned),
            jobs: self.jobs.map_or_else(processors, NonZeroUsize::get),
            deep: self.deep,
            timeout: Duration::from_secs(self.timeout.unwrap_or(if self.deep { 3600 } else { 30 })),
            only: self.only.iter().map(|only| only.verdict()).collect(),
            all: self.all,
            sort: self.sort.map(Sort::order),
            json,
        }
    }
}

impl Only {
    fn verdict(self) -> Verdict {
        match self {
            Self::Broken => Verdict::Broken,
            Self::Refused => Verdict::Refused,
            Self::Slow => Verdict::Slow,
            Self::Good => Verdict::Good,
            Self::Ideal => Verdict::Ideal,
        }
    }
}

impl Sort {
    fn order(self) -> Order {
        match self {
            Self::Verdict => Order::Verdict,
            Self::Name => Order::Name,
            Self::Bytes => Order::Bytes,
            Self::Cost => Order::Cost,
            Self::Trips => Order::Trips,
        }
    }
}

/// The exit status of a look at masters; what keeps it from looking is wrong with what was asked for.
pub(super) fn status(looked: anyhow::Result<u8>) -> ExitCode {
    let status = looked.unwrap_or_else(|error| {
        eprintln!("recto: {error:#}");
        WRONG_ARGUMENTS
    });
    status.into()
}

/// A path that is there.
fn there(text: &str) -> Result<PathBuf, String> {
    let path = Path::new(text);
    match path.try_exists() {
        Ok(true) => Ok(path.to_owned()),
        Ok(false) => Err("there is no such file or directory".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}
