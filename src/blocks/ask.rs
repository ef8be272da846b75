//! What workers ask for, and its form in messages. Pure.

use std::ops::Range;

use super::layout::Layout;
use super::version::{LONGEST_KEY, Version, is_key};
use super::wire::{self, Cut, Words};

/// Most ranges of blocks in one ask: what fits into a message of 60 KiB.
pub const MOST_RANGES: usize = 4096;

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// The current version of an object, and its block file. Its first block comes with it.
    Find {
        /// The source, by its place in the configuration.
        source: usize,
        /// The path below it.
        path: String,
        /// Whether the names will do as well that a known extension makes of it.
        complete: bool,
    },
    /// Blocks of a version: answered when all of them are there.
    Fetch {
        /// The source, by its place in the configuration.
        source: usize,
        /// The version that was found.
        version: Version,
        /// In order, and none of them empty; [`MOST_RANGES`] at most.
        blocks: Vec<Range<u32>>,
        /// Whether nobody waits for it.
        ahead: bool,
    },
}

const FIND: u8 = 1;
const FETCH: u8 = 2;

impl Ask {
    /// Its source, by its place in the configuration.
    pub fn source(&self) -> usize {
        match self {
            Self::Find { source, .. } | Self::Fetch { source, .. } => *source,
        }
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let begin = |bytes: &mut Vec<u8>, kind, flag: bool, source: usize| {
            bytes.extend([kind, flag.into()]);
            bytes.extend(u32::try_from(source).unwrap_or(u32::MAX).to_le_bytes());
        };
        match self {
            Self::Find { source, path, complete } => {
                begin(&mut bytes, FIND, *complete, *source);
                wire::text(&mut bytes, path, LONGEST_KEY);
            }
            Self::Fetch { source, version, blocks, ahead } => {
                begin(&mut bytes, FETCH, *ahead, *source);
                version.encode(&mut bytes);
                for range in blocks {
                    bytes.extend(range.start.to_le_bytes());
                    bytes.extend(range.end.to_le_bytes());
                }
            }
        }
        bytes
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, Cut> {
        let mut words = Words(bytes);
        let (kind, flag, source) = (words.u8()?, words.flag()?, words.u32()? as usize);
        match kind {
            FIND => {
                let path = words.text(LONGEST_KEY)?;
                words.end()?;
                is_key(&path).then_some(Self::Find { source, path, complete: flag }).ok_or(Cut)
            }
            FETCH => {
                let version = Version::decode(&mut words)?;
                let blocks = ranges(words, Layout::of(version.size).ok_or(Cut)?.blocks())?;
                Ok(Self::Fetch { source, version, blocks, ahead: flag })
            }
            _ => Err(Cut),
        }
    }
}

/// All that remains, as ranges in order within so many blocks.
fn ranges(mut words: Words<'_>, all: u32) -> Result<Vec<Range<u32>>, Cut> {
    if words.0.is_empty() || words.0.len() > MOST_RANGES * 8 {
        return Err(Cut);
    }
    let mut ranges = Vec::with_capacity(words.0.len() / 8);
    let mut last = 0;
    while !words.0.is_empty() {
        let (start, end) = (words.u32()?, words.u32()?);
        if start < last || end <= start || end > all {
            return Err(Cut);
        }
        last = end;
        ranges.push(start..end);
    }
    Ok(ranges)
}
