//! What went wrong, and whose fault it is: each variant names who has to act, the client, the owner of the master, or
//! the operator. What HTTP reports of it is decided there.

use std::time::Duration;

/// The message for an identifier without an image, whether there is no such file or it is no image.
pub const NO_IMAGE: &str = "no image has this identifier";

/// What makes a better master of one that takes too much.
pub(crate) const MENDED_BY: &str = "recto convert MASTER -o NEW.tif";

/// A request that could not be answered with what it asked for.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The client asked for something that is no request, that no image can satisfy, or that is not offered.
    #[error(transparent)]
    Request(#[from] recto_iiif::Error),

    /// There is no such master.
    #[error("{0}")]
    NotFound(&'static str),

    /// The owner of the file has to act: it is damaged, or uses what Recto does not read.
    #[error(transparent)]
    Master(MasterError),

    /// Nobody has to act: the work was ended before it was done.
    #[error(transparent)]
    Stopped(#[from] Stopped),

    /// Nobody has to act: there is no room for it now.
    #[error("{why}")]
    Busy {
        /// What there is no room in.
        why: Busy,
        /// How long it takes until there is, as far as can be told.
        wait: Duration,
    },

    /// Nobody has to act: bytes of the master have to be fetched from its store, for which whoever was asked does not
    /// wait; or the store has another version of it by now. Whoever waits is to begin anew.
    #[error("this image has to be fetched first")]
    Away,

    /// Whoever reads the log has to act, which names the master: trying this has ended workers, and it is not tried again
    /// for a while.
    #[error("this has failed repeatedly and is not tried again for a while")]
    Quarantined,

    /// The operator has to act: the machine, not the request or the file, is at fault.
    #[error("{0}")]
    Internal(String),
}

/// What there is no room in, as clients are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Busy {
    /// The queue of a lane.
    #[error("the image server has too much to do for this now")]
    Queue,
    /// Somewhere else: it has waited in vain.
    #[error("this had to wait for too long")]
    Waited,
    /// The memory that requests may take together.
    #[error("the image server has no memory for this now")]
    Budget,
    /// The memory that the machine has.
    #[error("the image server has not enough memory for it now")]
    Memory,
    /// The file system of the master, which does not answer.
    #[error("the file system of this image does not answer")]
    Mount,
    /// Any worker: it took too long before.
    #[error("this took too long and is not tried again for a while")]
    Rest,
    /// The store of the master, which does not answer.
    #[error("the store of this image does not answer")]
    StoreDown,
    /// The store of the master, which takes too long.
    #[error("the store of this image answers too slowly")]
    StoreSlow,
    /// The store of the master, which asks for fewer requests.
    #[error("the store of this image has too much to do")]
    StoreThrottles,
    /// The store of the master, which does not let us in: the operator has to act.
    #[error("the store of this image refuses the image server")]
    StoreRefuses,
    /// The store of the master, which sent something else than it was asked for.
    #[error("the store of this image sent something else than it was asked for")]
    StoreLies,
    /// The block cache: the operator has to act.
    #[error("the image server has no room to keep this image in")]
    BlockCache,
    /// The fetcher: it has too much to do, or has ended.
    #[error("the image server cannot fetch more images now")]
    Fetcher,
}

/// There is no room in memory for a buffer. Nobody has to act: others are using it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is not enough memory for it now")]
pub struct NoMemory;

/// Why work was ended before it was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Stopped {
    /// Whoever asked for it has left.
    #[error("the client has left")]
    AskerLeft,

    /// It took longer than a request may.
    #[error("the request took longer than it may")]
    OverBudget,
}

/// Why a master cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MasterError {
    /// The file contradicts itself or its format, or ends too early.
    #[error("damaged master: {0}")]
    Damaged(String),

    /// The first bytes are not those of an image: a text, a PDF, an empty file. Nobody's fault but the name's.
    #[error("no image: the first bytes are those of neither TIFF nor JPEG 2000, JPEG, PNG, GIF, BMP or WebP")]
    NoImage,

    /// The file is right, but Recto does not read this kind.
    #[error("unsupported master: {0}")]
    Unsupported(String),

    /// Reading it would take more memory or time than a request may have.
    #[error("master too large: {0}")]
    TooLarge(String),

    /// Nothing is wrong with it: reading it was ended before it was done.
    #[error(transparent)]
    Stopped(#[from] Stopped),
    /// Nothing is wrong with it: [`Error::Busy`].
    #[error(transparent)]
    NoMemory(#[from] NoMemory),

    /// Nothing is wrong with it: [`Error::Away`].
    #[error("it has to be fetched first")]
    Away,

    /// Nothing is wrong with it: [`Error::Busy`].
    #[error("{why}")]
    Busy {
        /// What there is no room in.
        why: Busy,
        /// How long it takes until there is, as far as can be told.
        wait: Duration,
    },
}

impl From<MasterError> for Error {
    fn from(error: MasterError) -> Self {
        match error {
            MasterError::Stopped(why) => Self::Stopped(why),
            MasterError::NoMemory(error) => error.into(),
            MasterError::Away => Self::Away,
            MasterError::Busy { why, wait } => Self::Busy { why, wait },
            other => Self::Master(other),
        }
    }
}

impl From<NoMemory> for Error {
    fn from(_: NoMemory) -> Self {
        Self::Busy { why: Busy::Memory, wait: Duration::from_secs(1) }
    }
}

impl Error {
    /// A fault of the client: `parameter` breaks the rule that `reason` states.
    pub fn request(parameter: &'static str, reason: impl Into<String>) -> Self {
        recto_iiif::Error::request(parameter, reason).into()
    }
}

impl MasterError {
    /// The file is damaged in the way that `what` states.
    pub fn damaged(what: impl Into<String>) -> Self {
        Self::Damaged(what.into())
    }

    /// The file uses `what`, which Recto does not read.
    pub fn unsupported(what: impl Into<String>) -> Self {
        Self::Unsupported(what.into())
    }
}
