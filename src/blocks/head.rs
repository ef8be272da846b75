//! The head of a block file: whose bytes these are, and until when they are known to be what the store has. Pure.

use super::layout::HEAD;
use super::version::Version;
use super::wire::{self, Cut, Words};

/// What a head begins with: a name, and the version of the format.
const MAGIC: &[u8; 8] = b"recto\0b\x01";

/// Where the state is in a head.
pub(super) const STATE_AT: u64 = MAGIC.len() as u64;

/// Bytes of a head up to the end of its state.
pub(super) const BEGIN: usize = MAGIC.len() + 16;

/// The longest name of a source, in bytes.
const LONGEST_SOURCE: usize = 1024;

/// What changes in a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    /// Until when nobody need ask the store again: on the clock of [`super::now`].
    pub fresh_until: u64,
    /// Whether nobody is to begin to use it: the store has another version, or there was no room for it any more.
    pub retired: bool,
}

/// The head of a block file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// What changes.
    pub state: State,
    /// The start of the host in which blocks were marked as written: [`super::boot`].
    pub boot: [u8; 16],
    /// What the source of the object is called.
    pub source: String,
    /// The state of the object whose bytes are in the file.
    pub version: Version,
}

impl State {
    /// Whether it may be used without asking.
    pub fn is_fresh(self, now: u64) -> bool {
        !self.retired && now < self.fresh_until
    }

    pub(super) fn encode(self) -> [u8; 16] {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.fresh_until.to_le_bytes());
        bytes[8] = self.retired.into();
        bytes
    }

    /// That in the begin of a head. A file that was cut off, even if somebody wrote to it later, has none.
    pub(super) fn begin(head: &[u8; BEGIN]) -> Option<Self> {
        let words = head.strip_prefix(MAGIC).map(Words);
        words.and_then(|mut words| Self::decode(&mut words).ok())
    }

    fn decode(words: &mut Words<'_>) -> Result<Self, Cut> {
        let state = Self { fresh_until: words.u64()?, retired: words.flag()? };
        words.bytes::<7>()?;
        Ok(state)
    }
}

impl Head {
    /// A page; None if source or version are too long for one.
    pub(super) fn encode(&self) -> Option<Vec<u8>> {
        if self.source.len() > LONGEST_SOURCE || !self.version.is_sound() {
            return None;
        }
        let mut bytes = [&MAGIC[..], &self.state.encode(), &self.boot].concat();
        wire::text(&mut bytes, &self.source, LONGEST_SOURCE);
        self.version.encode(&mut bytes);
        bytes.resize(HEAD as usize, 0);
        Some(bytes)
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, Cut> {
        let mut words = Words(bytes.strip_prefix(MAGIC).ok_or(Cut)?);
        let (state, boot) = (State::decode(&mut words)?, words.bytes()?);
        let (source, version) = (words.text(LONGEST_SOURCE)?, Version::decode(&mut words)?);
        Ok(Self { state, boot, source, version })
    }
}
