//! Why a pyramid could not be written, and who has to act.

use std::io;

/// What the writer returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A pyramid that could not be written. Nothing of it is left.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Whoever chose the settings has to act: there is no such file.
    #[error("{0}")]
    Settings(String),

    /// What supplies rows and tiles is at fault: they are too many, too few, or of another kind than was announced.
    #[error("{0}")]
    Source(String),

    /// Whoever chose [`Big::Never`](super::Big::Never) has to act.
    #[error("the file would pass 4 GiB, which takes BigTIFF")]
    TooLong,

    /// A library of ours refused pixels that it should take.
    #[error("the pixels cannot be compressed: {0}")]
    Encoder(String),

    /// The operator has to act: the disk is full, the file system is gone, or may not be written.
    #[error("cannot {doing}: {cause}")]
    Machine {
        /// What could not be done, and to which file.
        doing: String,
        /// Why.
        #[source]
        cause: io::Error,
    },
}

impl Error {
    /// Whether the machine is at fault, not the picture or the settings: another picture would fail as well.
    pub fn is_of_the_machine(&self) -> bool {
        matches!(self, Self::Machine { .. })
    }

    /// Whether there is no room left, on the disk or for this user.
    pub fn is_disk_full(&self) -> bool {
        use io::ErrorKind::{QuotaExceeded, StorageFull};
        matches!(self, Self::Machine { cause, .. } if matches!(cause.kind(), StorageFull | QuotaExceeded))
    }

    /// What an operation of the file system returned.
    pub(super) fn machine(doing: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        |cause| Self::Machine { doing: doing.into(), cause }
    }
}
