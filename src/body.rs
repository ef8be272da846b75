//! The bytes of an answer: all of them, or one chunk after the other while they are made.

use crate::error::Error;

/// The chunks of a body in order. After an error the rest is meaningless.
pub(crate) type Chunks<'a> = Box<dyn Iterator<Item = Result<Vec<u8>, Error>> + 'a>;

/// The body of a response.
pub enum Body<'a> {
    /// All of it, so that its length can be sent.
    Whole(Vec<u8>),
    /// Made while it is sent, because it is too large to be held in memory. Its length is not known in advance.
    Chunks(Chunks<'a>),
}

impl<'a> Body<'a> {
    /// Whether it is complete.
    pub fn is_whole(&self) -> bool {
        matches!(self, Self::Whole(_))
    }

    /// The same, made before any of it is sent.
    ///
    /// # Errors
    /// What goes wrong on the way.
    pub(crate) fn gathered(self) -> Result<Self, Error> {
        match self {
            Self::Whole(bytes) => Ok(Self::Whole(bytes)),
            Self::Chunks(mut chunks) => {
                let all = chunks.try_fold(Vec::new(), |mut all, chunk| {
                    all.extend_from_slice(&chunk?);
                    Ok::<_, Error>(all)
                });
                all.map(Self::Whole)
            }
        }
    }

    /// All of it: a whole one is a single chunk.
    pub fn into_chunks(self) -> Chunks<'a> {
        match self {
            Self::Whole(bytes) => Box::new(std::iter::once(Ok(bytes))),
            Self::Chunks(chunks) => chunks,
        }
    }
}

impl From<Vec<u8>> for Body<'_> {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Whole(bytes)
    }
}
