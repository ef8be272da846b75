//! Why a codestream cannot be read, and where.

use std::fmt;

/// Why a codestream cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It contradicts itself or T.800, or ends too early.
    #[error("{what}{}", At(offset))]
    Damaged {
        /// What is wrong.
        what: String,
        /// Where, in bytes from SOC, if it has one place.
        offset: Option<usize>,
    },

    /// It is valid, but of a kind that is not read here.
    #[error("{0}")]
    Unsupported(String),

    /// Reading it would take more memory or time than any picture needs.
    #[error("{0}")]
    TooLarge(String),

    /// Nothing is wrong with it: who asked said not to go on ([`Bytes::watched`](crate::Bytes::watched)).
    #[error("stopped before it was done")]
    Stopped,

    /// Bytes that were announced cannot be had; why, [`Bytes::new`](crate::Bytes::new)'s caller knows.
    #[error("bytes of the codestream cannot be had")]
    Unavailable,
}

impl Error {
    pub(crate) fn damaged(what: impl Into<String>) -> Self {
        Self::Damaged { what: what.into(), offset: None }
    }

    pub(crate) fn damaged_at(offset: usize, what: impl Into<String>) -> Self {
        Self::Damaged { what: what.into(), offset: Some(offset) }
    }

    pub(crate) fn unsupported(what: impl Into<String>) -> Self {
        Self::Unsupported(what.into())
    }

    pub(crate) fn too_large(what: impl Into<String>) -> Self {
        Self::TooLarge(what.into())
    }
}

/// An offset as the end of a message.
struct At<'a>(&'a Option<usize>);

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(offset) => write!(f, ", at offset {offset}"),
            None => Ok(()),
        }
    }
}
