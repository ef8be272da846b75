//! `recto convert`: masters made as they should be.

mod form;

use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use crate::convert::batch::{self, Existing, Options, Shard};
use form::Form;

/// Exit status for what is wrong with the arguments, or what they name.
const WRONG_ARGUMENTS: u8 = 2;

/// Make masters as they should be: tiled pyramids that are served at once
///
/// From any image that Recto reads: a tiled pyramidal TIFF, or JPEG 2000. Colour profile,
/// resolution, orientation, EXIF, XMP, IPTC and copyright are kept. Nothing is encoded
/// anew that can be kept as it is stored: tiles of a TIFF, the coefficients of a JPEG. What
/// is as it should be is left alone, where it is: nothing is written for it, unless --anew.
///
///   recto convert leaf.jpg -o leaf.tif            one file
///   recto convert *.tif -o /srv/masters/          several, with their names
///   recto convert scans -o /srv/masters           all images in a directory and below it
///   recto convert scans -o /srv/masters --dry-run what would be done, and why
///   recto convert scans -o /srv/masters --skip-existing
///                                                 what is new or changed, or was left undone
///   recto convert scans -o /srv/masters --shard 2/8
///                                                 the second of eight machines
///
/// What is found in directories is known by its extension; names that begin with a dot are
/// left out, and links are followed within the directory. Names and directories below it
/// are kept; the extension becomes .tif or .jp2. Each page of a TIFF of several becomes a
/// file of its own: book.tif, book-p2.tif, book-p3.tif.
///
/// A result has its name only when it is whole: whatever ends the work, nothing broken is
/// left, and the same command with --skip-existing goes on where it stood. What is there
/// counts if it was made of the bytes that its input has, and with the same wishes,
/// whatever its time is. No input is ever overwritten. Files are converted by processes
/// apart: one that is damaged, or that a library stumbles over, is reported, and the rest
/// goes on.
///
/// Several machines may share the work, each with its own I of --shard I/N: a file is in
/// one of the parts by its name alone, so they need not know of each other.
///
/// With --json each file has a line when it is done,
///   {"input": ..., "page": 1, "output": ..., "status": "made", "way": ..., "why": ..., ...}
/// whose status is made, to-make (--dry-run), there, left, failed (then "fault" says who
/// has to act: input, wish, machine or recto) or stopped; {"summary": ...} is the last.
///
/// Exit status: 0 if all is done, or was; 1 if some files failed; 2 if the arguments are
/// wrong, and nothing was done; 74 if the machine could not go on, as with a full disk or
/// a file system that is gone; 129, 130 or 143 if HUP, INT (Ctrl-C) or TERM ended it.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Arguments {
    /// Images, and directories with all images in them; with --files-from the directory below which its paths are
    #[arg(value_name = "IN", required_unless_present = "files_from")]
    inputs: Vec<PathBuf>,

    /// The result of one file; or a directory for results: one that is there, ends with a slash, or is for several
    #[arg(long, short, value_name = "OUT|DIR")]
    output: PathBuf,

    #[command(flatten)]
    which: Which,

    #[command(flatten)]
    form: Form,

    #[command(flatten)]
    how: How,
}

/// Which files.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Which files")]
struct Which {
    /// Files from a list, ended by newlines or NULs; - is the standard input. Those below IN, or else below this
    /// directory, keep their directories below DIR
    #[arg(long, value_name = "LIST")]
    files_from: Option<PathBuf>,

    /// Only this page of each file, which then has the name of the file
    #[arg(long, value_name = "NUMBER")]
    page: Option<NonZeroU32>,

    /// Only the I-th of N parts of the files, from 1/N to N/N: each file is in the part that the digest of its path below
    /// IN names
    #[arg(long, value_name = "I/N")]
    shard: Option<Shard>,

    /// Replace results that are there
    #[arg(long, short, conflicts_with = "skip_existing")]
    force: bool,

    /// Leave results that are there, if they were made of the same bytes with the same wishes; make other results again.
    /// What is there and is no result stays, which is an error
    #[arg(long)]
    skip_existing: bool,
}

/// How the work is done.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "How")]
struct How {
    /// So many files at a time [default: one for each core, if memory is there for so many]
    #[arg(long, short, value_name = "NUMBER")]
    jobs: Option<NonZeroUsize>,

    /// Give up a file after so many seconds
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    timeout: Option<u64>,

    /// Write nothing; say for each file what would be done, and why
    #[arg(long, short = 'n')]
    dry_run: bool,

    /// Goes on after files that fail: that is so in any case
    #[arg(long, hide = true)]
    keep_going: bool,

    /// A line for each file
    #[arg(long, short)]
    verbose: bool,

    /// Write JSON to a file: a line for each file, then a summary; - is the standard output
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// What `recto convert` starts. Not for people, so the help does not list it.
#[derive(Debug, clap::Args)]
pub(super) struct Transform {
    /// Bytes of memory that it may take
    #[arg(long, value_name = "BYTES")]
    memory: u64,
}

/// Converts, prints what was done, and gives the exit status.
pub(super) fn run(arguments: Arguments) -> ExitCode {
    let status = batch::run(&arguments.options()).unwrap_or_else(|error| {
        eprintln!("recto: {error:#}");
        WRONG_ARGUMENTS
    });
    status.into()
}

/// Convert the files that the standard input names, in the form of `recto convert`.
pub(super) fn transform(arguments: &Transform) -> anyhow::Result<()> {
    batch::worker::run(arguments.memory)
}

impl Arguments {
    fn options(self) -> Options {
        let Self { inputs, output, which, form, how } = self;
        Options {
            inputs,
            list: which.files_from,
            wish: form.wish(&output),
            output,
            page: which.page.map(NonZeroU32::get),
            existing: match (which.force, which.skip_existing) {
                (true, _) => Existing::Replace,
                (_, true) => Existing::Skip,
                (false, false) => Existing::Refuse,
            },
            shard: which.shard,
            jobs: how.jobs.map(NonZeroUsize::get),
            timeout: how.timeout.map(Duration::from_secs),
            dry_run: how.dry_run,
            json: how.json,
            verbose: how.verbose,
        }
    }
}
