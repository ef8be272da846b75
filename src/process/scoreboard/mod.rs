//! The scoreboard: memory in which each worker reports what it works on and counts what it did, and the supervisor what
//! to refuse. Must not start, watch or judge processes: it only carries their messages.
//!
//! It is a file in memory, which all processes of the pool share:
//!
//! | bytes | written by | what |
//! |---|---|---|
//! | 64 KiB | supervisor, by `pwrite` | what no worker may try, see [`refusals`] |
//! | 4 KiB, mapped | supervisor | the version of this table, and the [`Notice`]s |
//! | a slot for each worker, mapped | the worker in it | its [`Entry`], what it [counts](counters), its [slow masters](slow) |
//! | | supervisor | its [`Post`] |
//!
//! A slot belongs to one process at a time: the supervisor believes it only when it names the process that it started
//! there, and gives it to another when that one is reaped. What was counted in it stays, and the next one counts on.

pub mod counters;
mod entry;
mod notice;
mod pieces;
pub mod slow;

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rustix::time::ClockId;

use super::refusals::{self, Refusal, Why};
use crate::shared::Words;
use counters::{Counters, Totals};
use entry::{ENTRY, POST};
pub use entry::{Entry, Post, REQUEST_LENGTH};
pub use notice::Notice;
use slow::Slow;

/// The layout of the file, as it is here.
const VERSION: u64 = u64::from_le_bytes(*b"recto-05");

/// Bytes before what is mapped: room for what is refused.
const UNMAPPED: u64 = 65_536;
const _: () = assert!(refusals::MOST as u64 <= UNMAPPED);

/// Numbers of the supervisor, before those of the slots: the version, how many slots were ever used, how much is refused,
/// and notices.
const HEAD: usize = 512;
const USED: usize = 1;
const REFUSED: usize = 2;
const NOTICES: usize = 8;

/// Where in a slot its parts begin, and how many numbers it has: whole pages.
const POST_AT: usize = ENTRY;
const COUNTERS_AT: usize = POST_AT + POST;
const SLOW_AT: usize = COUNTERS_AT + counters::WORDS;
const SLOT: usize = (SLOW_AT + slow::WORDS).next_multiple_of(512);

/// Most workers at a time: all that a configuration may want, those of the one before it, and some that are replaced.
/// Those that do not exist take no memory.
pub const SLOTS: usize = 4608;

/// How often a torn read of what is refused is tried again.
const ATTEMPTS: usize = 4;

/// The time of the scoreboard: milliseconds of `CLOCK_MONOTONIC`, which all processes share. Never 0.
pub fn now() -> u64 {
    let time = rustix::time::clock_gettime(ClockId::Monotonic);
    let since_boot = Duration::try_from(time).unwrap_or_default();
    u64::try_from(since_boot.as_millis()).unwrap_or(u64::MAX).max(1)
}

/// The memory, as the supervisor or a worker has it.
#[derive(Debug)]
pub struct Scoreboard {
    words: Words,
}

impl Scoreboard {
    /// An empty scoreboard that child processes inherit.
    ///
    /// # Errors
    /// If the system has no memory or descriptor for it.
    pub fn create() -> io::Result<Self> {
        let words = Words::create("recto-scoreboard", UNMAPPED, HEAD + SLOTS * SLOT)?;
        let board = Self { words };
        board.refuse(&[])?;
        board.head()[0].store(VERSION, Ordering::Release);
        Ok(board)
    }

    /// The scoreboard at `path`, which a worker finds at `/proc/self/fd/N`.
    ///
    /// # Errors
    /// If there is none, or if the supervisor that made it has another layout.
    pub fn open(path: &Path) -> io::Result<Self> {
        let strange =
            |_| io::Error::other("the supervisor is of another version than this program: restart it");
        let board = Self { words: Words::open(path, UNMAPPED, HEAD + SLOTS * SLOT).map_err(strange)? };
        match board.head()[0].load(Ordering::Acquire) {
            VERSION => Ok(board),
            _ => Err(strange(io::ErrorKind::InvalidData.into())),
        }
    }

    /// The number of its descriptor, the same in child processes.
    pub fn descriptor(&self) -> RawFd {
        self.words.file().as_raw_fd()
    }

    fn head(&self) -> &[AtomicU64] {
        &self.words.all()[..HEAD]
    }

    /// The numbers of a slot; none if there is no such slot.
    fn slot(&self, slot: usize) -> Option<&[AtomicU64]> {
        let from = HEAD.checked_add(slot.checked_mul(SLOT)?)?;
        self.words.all().get(from..)?.get(..SLOT)
    }

    /// The entry in slot `slot`, or `None` if it cannot be read in one piece.
    pub fn read(&self, slot: usize) -> Option<Entry> {
        Entry::read(&self.slot(slot)?[..ENTRY])
    }

    /// Writes slot `slot`, one of [`SLOTS`], cutting an overlong request.
    pub fn write(&self, slot: usize, entry: &Entry) {
        let Some(words) = self.slot(slot) else { return };
        entry.write(&words[..ENTRY]);
        let (used, beyond) = (&self.head()[USED], slot as u64 + 1);
        if used.load(Ordering::Relaxed) < beyond {
            used.fetch_max(beyond, Ordering::Relaxed);
        }
    }

    /// Who has slot `slot`, if anybody.
    pub fn post(&self, slot: usize) -> Option<Post> {
        Post::read(&self.slot(slot)?[POST_AT..][..POST])
    }

    /// Writes who has slot `slot`.
    pub fn set_post(&self, slot: usize, post: Option<&Post>) {
        if let Some(words) = self.slot(slot) {
            Post::write(post, &words[POST_AT..][..POST]);
        }
    }

    /// How many slots were ever used; the last ones may be empty.
    pub fn slots(&self) -> usize {
        usize::try_from(self.head()[USED].load(Ordering::Relaxed)).map_or(SLOTS, |used| used.min(SLOTS))
    }

    /// What the worker in slot `slot` counts, for this worker.
    pub fn counters(&self, slot: usize) -> Counters<'_> {
        Counters::of(self.slot(slot).map_or(&[], |words| &words[COUNTERS_AT..][..counters::WORDS]))
    }

    /// What all workers have counted, those that are gone included.
    pub fn totals(&self) -> Totals {
        let slots = (0..self.slots()).filter_map(|slot| self.slot(slot));
        Totals::of(slots.map(|words| &words[COUNTERS_AT..][..counters::WORDS]))
    }

    /// The masters that were slow with the worker in slot `slot`, for this worker.
    pub fn slow(&self, slot: usize) -> Slow<'_> {
        Slow::of(self.slot(slot).map_or(&[], |words| &words[SLOW_AT..][..slow::WORDS]))
    }

    /// The masters that have been slowest of late.
    pub fn slowest(&self) -> Vec<slow::Master> {
        slow::slowest((0..self.slots()).map(|slot| self.slow(slot)), now())
    }

    /// What the supervisor says here.
    pub fn notice(&self, notice: Notice) -> u64 {
        self.head()[NOTICES + notice as usize].load(Ordering::Relaxed)
    }

    /// Says something here: for the supervisor.
    pub fn put_notice(&self, notice: Notice, value: u64) {
        self.head()[NOTICES + notice as usize].store(value, Ordering::Relaxed);
    }

    /// Counts one more here: for the supervisor.
    pub fn count_notice(&self, notice: Notice) {
        self.put_notice(notice, self.notice(notice) + 1);
    }

    /// Sets what no worker may try: the first [`refusals::REFUSALS`] of `refused`.
    ///
    /// # Errors
    /// If there is no memory left.
    pub fn refuse(&self, refused: &[Refusal]) -> io::Result<()> {
        self.words.file().write_all_at(&refusals::encode(refused), 0)?;
        self.head()[REFUSED].store(refused.len() as u64, Ordering::Release);
        Ok(())
    }

    /// Whether anything is refused: ordinarily not, and to know that costs nothing.
    pub fn refuses_anything(&self) -> bool {
        self.head()[REFUSED].load(Ordering::Acquire) != 0
    }

    /// What is refused; nothing if that cannot be read: the deadline still holds then.
    pub fn refused(&self) -> Vec<Refusal> {
        let mut bytes = vec![0; refusals::MOST];
        for _ in 0..ATTEMPTS {
            let length = self.words.file().read_at(&mut bytes, 0).unwrap_or(0);
            if let Some(refused) = refusals::decode(&bytes[..length]) {
                return refused.collect();
            }
        }
        Vec::new()
    }

    /// Why something that has one of these names is not to be tried now, if so.
    pub fn why_refused(&self, names: &[&[u8]]) -> Option<Why> {
        let is_one = |refusal: &Refusal| names.iter().any(|name| refusal.name == shortened(name));
        self.refused().iter().find(|refusal| is_one(refusal)).map(|refusal| refusal.why)
    }
}

impl AsFd for Scoreboard {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.words.file().as_fd()
    }
}

pub(super) fn shortened(request: &[u8]) -> &[u8] {
    &request[..request.len().min(REQUEST_LENGTH)]
}

#[cfg(test)]
mod tests;
