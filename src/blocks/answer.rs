//! What the fetcher answers, and its form in messages. Pure.

use std::time::Duration;

use super::version::Version;
use super::wire::{self, Cut, Words};

/// The longest wait that a client is told of: what a store asks for beyond it would keep viewers away for good.
const LONGEST_WAIT: Duration = Duration::from_secs(600);

/// The longest complaint about a store, in bytes.
const LONGEST_COMPLAINT: usize = 1024;

/// An answer, and what it took to come by it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The answer.
    pub answer: Answer,
    /// What was asked of the store for it: nothing where others had asked already.
    pub spent: Spent,
}

/// What was asked of a store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// How many requests were made.
    pub requests: u32,
    /// Bytes of the bodies of its answers.
    pub bytes: u64,
}

/// An answer to an [`Ask`](super::Ask).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The current version. Its block file comes with the message, to be read.
    Found(Version),
    /// There is none.
    Missing(Missing),
    /// All blocks that were asked for are marked.
    There,
    /// This version is no longer what the store has: find it again.
    Changed,
    /// There is no answer now.
    Refused(Refused),
}

/// Why there is no object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// None has this name.
    NotFound,
    /// Several extensions would do.
    Ambiguous,
}

/// Why there is no answer now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The store is out of reach, and nothing is asked of it for so long.
    Down {
        /// For how long.
        wait: Duration,
    },
    /// It took longer than it may.
    Slow {
        /// When it may be tried again.
        wait: Duration,
    },
    /// It does not let us in: the operator has to act.
    Forbidden,
    /// It asks for fewer requests.
    Throttled {
        /// For how long.
        wait: Duration,
    },
    /// What it sent is not what was asked for.
    Lying(String),
    /// There is no room for it in the block cache.
    NoDisk,
}

impl Reply {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        bytes.extend(self.spent.requests.to_le_bytes());
        bytes.extend(self.spent.bytes.to_le_bytes());
        let waits = |bytes: &mut Vec<u8>, kind: u8, wait: &Duration| {
            bytes.push(kind);
            bytes.extend(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).to_le_bytes());
        };
        match &self.answer {
            Answer::Found(version) => {
                bytes.push(1);
                version.encode(&mut bytes);
            }
            Answer::Missing(Missing::NotFound) => bytes.push(2),
            Answer::Missing(Missing::Ambiguous) => bytes.push(3),
            Answer::There => bytes.push(4),
            Answer::Changed => bytes.push(5),
            Answer::Refused(Refused::Down { wait }) => waits(&mut bytes, 6, wait),
            Answer::Refused(Refused::Slow { wait }) => waits(&mut bytes, 7, wait),
            Answer::Refused(Refused::Forbidden) => bytes.push(8),
            Answer::Refused(Refused::Throttled { wait }) => waits(&mut bytes, 9, wait),
            Answer::Refused(Refused::Lying(complaint)) => {
                bytes.push(10);
                wire::text(&mut bytes, complaint, LONGEST_COMPLAINT);
            }
            Answer::Refused(Refused::NoDisk) => bytes.push(11),
        }
        bytes
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, Cut> {
        let mut words = Words(bytes);
        let spent = Spent { requests: words.u32()?, bytes: words.u64()? };
        let wait =
            |words: &mut Words<'_>| words.u64().map(|wait| Duration::from_millis(wait).min(LONGEST_WAIT));
        let answer = match words.u8()? {
            1 => Answer::Found(Version::decode(&mut words)?),
            2 => Answer::Missing(Missing::NotFound),
            3 => Answer::Missing(Missing::Ambiguous),
            4 => Answer::There,
            5 => Answer::Changed,
            6 => Answer::Refused(Refused::Down { wait: wait(&mut words)? }),
            7 => Answer::Refused(Refused::Slow { wait: wait(&mut words)? }),
            8 => Answer::Refused(Refused::Forbidden),
            9 => Answer::Refused(Refused::Throttled { wait: wait(&mut words)? }),
            10 => Answer::Refused(Refused::Lying(words.text(LONGEST_COMPLAINT)?)),
            11 => Answer::Refused(Refused::NoDisk),
            _ => return Err(Cut),
        };
        words.end()?;
        Ok(Self { answer, spent })
    }
}

impl From<Answer> for Reply {
    /// An answer for which nothing was asked of the store.
    fn from(answer: Answer) -> Self {
        Self { answer, spent: Spent::default() }
    }
}

impl Spent {
    /// Both together.
    pub fn and(self, other: Self) -> Self {
        Self {
            requests: self.requests.saturating_add(other.requests),
            bytes: self.bytes.saturating_add(other.bytes),
        }
    }
}
