//! Why a file could not be converted, and who has to act.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

use crate::error::{Error, MasterError};
use crate::pyramid;

/// A file that could not be converted. Nothing was written under the name of its result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The file: that which is read, or that which was to be written.
    pub file: PathBuf,
    /// What is wrong, in words.
    pub cause: String,
    /// Who has to act.
    pub blame: Blame,
    /// Whether other files would fail as well: the disk is full, or the file system is gone.
    pub is_of_all: bool,
}

/// Who has to act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Blame {
    /// The owner of the file: it is damaged, or of a kind that is not read.
    Input,
    /// Who asked for it: there is no such result.
    Wish,
    /// Who runs the machine: a file cannot be opened, read or written, or memory is short.
    Machine,
    /// Nobody: the work was ended before it was done.
    Stopped,
    /// Who makes Recto: what was written is not what was read.
    Recto,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.file.display(), self.cause)
    }
}

impl std::error::Error for Failure {}

impl Failure {
    pub(super) fn new(file: &Path, blame: Blame, cause: impl Into<String>) -> Self {
        Self { file: file.to_owned(), cause: cause.into(), blame, is_of_all: false }
    }

    /// The work was ended before it was done.
    pub(super) fn stopped(file: &Path) -> Self {
        Self::new(file, Blame::Stopped, "stopped before it was done")
    }

    /// What reading a master has returned.
    pub(super) fn of_master(file: &Path, error: &Error) -> Self {
        let blame = match error {
            Error::Master(_) => Blame::Input,
            Error::Request(_) | Error::NotFound(_) => Blame::Wish,
            Error::Stopped(_) => Blame::Stopped,
            Error::Away | Error::Busy { .. } | Error::Quarantined | Error::Internal(_) => Blame::Machine,
        };
        let text = error.to_string();
        // An error of the file system names the file itself.
        let named = format!("{}: ", file.display());
        Self::new(file, blame, text.strip_prefix(&*named).unwrap_or(&text))
    }

    /// What decoding a master has returned.
    pub(super) fn of_pixels(file: &Path, error: MasterError) -> Self {
        Self::of_master(file, &error.into())
    }

    /// What the writer of pyramids has returned.
    pub(super) fn of_writer(file: &Path, error: &pyramid::Error) -> Self {
        let blame = match error {
            pyramid::Error::Settings(_) | pyramid::Error::TooLong => Blame::Wish,
            pyramid::Error::Machine { .. } => Blame::Machine,
            pyramid::Error::Source(_) | pyramid::Error::Encoder(_) => Blame::Recto,
        };
        // It names files that nobody has asked for.
        match error {
            pyramid::Error::Machine { cause, .. } => Self::of_disk(file, "it cannot be written", cause),
            other => Self::new(file, blame, other.to_string()),
        }
    }

    /// What the file system has returned.
    pub(super) fn of_disk(file: &Path, doing: &str, error: &io::Error) -> Self {
        let is_of_all = is_of_all(error);
        Self { is_of_all, ..Self::new(file, Blame::Machine, format!("{doing}: {error}")) }
    }
}

/// Whether a file system that says this of one file would say it of all: it is full, gone, or may not be written. A file
/// that is too large for it, or a directory that is somebody else's, is so by itself.
pub(super) fn is_of_all(error: &io::Error) -> bool {
    const OF_ALL: [Errno; 7] =
        [Errno::NOSPC, Errno::DQUOT, Errno::ROFS, Errno::IO, Errno::STALE, Errno::NOTCONN, Errno::NODEV];
    Errno::from_io_error(error).is_some_and(|errno| OF_ALL.contains(&errno))
}
