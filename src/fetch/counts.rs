//! What the fetcher counts and says of its stores: memory that it shares with whoever shows it. Numbers only grow, but for
//! those that say how it is now; the next fetcher of the same configuration counts on.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::blocks::now;
use crate::shared::Words;

/// Most sources that a configuration has.
pub const SOURCES: usize = 64;

/// What is counted for each source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// Objects that workers asked for.
    Finds,
    /// Of these, those that are not there.
    NotFound,
    /// Requests that were made of the store.
    Requests,
    /// Bytes of the bodies of its answers.
    Bytes,
    /// Second requests for the same bytes, because the first took longer than nearly all do.
    Hedges,
    /// Requests that were made once more after a failure.
    Retries,
    /// Blocks that workers asked for and that were there, or on their way.
    Hits,
    /// Blocks that workers asked for and that were fetched for it.
    Misses,
    /// Objects that were another one than before when they were looked for again.
    Changes,
    /// Requests that nobody answered.
    Down,
    /// Requests that took too long.
    Slow,
    /// Requests that the store answered with an error of its own.
    Failing,
    /// Requests for which the store had no time.
    Throttled,
    /// Requests that the store refused for their credentials.
    Forbidden,
    /// Requests that were answered with something else.
    Lying,
    /// Blocks that came and could not be kept.
    NoDisk,
}

impl Count {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::Finds,
        Self::NotFound,
        Self::Requests,
        Self::Bytes,
        Self::Hedges,
        Self::Retries,
        Self::Hits,
        Self::Misses,
        Self::Changes,
        Self::Down,
        Self::Slow,
        Self::Failing,
        Self::Throttled,
        Self::Forbidden,
        Self::Lying,
        Self::NoDisk,
    ];

    /// The kinds of failures, with their names.
    pub const FAILURES: [(Self, &str); 7] = [
        (Self::Down, "down"),
        (Self::Slow, "slow"),
        (Self::Failing, "failing"),
        (Self::Throttled, "throttled"),
        (Self::Forbidden, "forbidden"),
        (Self::Lying, "lying"),
        (Self::NoDisk, "no_disk"),
    ];
}

/// What is said of the block cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CacheCount {
    /// Bytes on disk, now.
    Bytes,
    /// Objects of which there are blocks, now.
    Objects,
    /// Objects that were removed to make room.
    Evictions,
    /// 1 if the last write failed for want of room, or for another fault of the disk.
    Failing,
}

/// The breaker of a source, in a word of its own: 0 if all is well, or until when, in nanoseconds of [`now`].
const BREAKER: usize = Count::ALL.len();

/// When the source last answered, in the same way.
const ANSWERED: usize = BREAKER + 1;

/// Numbers of a source.
const SOURCE: usize = 32;
const _: () = assert!(ANSWERED < SOURCE);

/// Numbers before those of the sources.
const HEAD: usize = 16;

/// The memory, as one of the processes has it.
#[derive(Debug)]
pub struct Counts {
    words: Words,
}

impl Counts {
    /// Nothing is counted yet.
    ///
    /// # Errors
    /// If the system has no memory or descriptor for it.
    pub fn create() -> io::Result<Self> {
        Ok(Self { words: Words::create("recto-stores", 0, HEAD + SOURCES * SOURCE)? })
    }

    /// Those at `path`, which another process finds at `/proc/self/fd/N`.
    ///
    /// # Errors
    /// If there are none.
    pub fn open(path: &Path) -> io::Result<Self> {
        Ok(Self { words: Words::open(path, 0, HEAD + SOURCES * SOURCE)? })
    }

    /// The number of its descriptor, the same in child processes.
    pub fn descriptor(&self) -> RawFd {
        self.words.file().as_raw_fd()
    }

    fn word(&self, source: usize, at: usize) -> Option<&AtomicU64> {
        (source < SOURCES).then(|| self.words.all().get(HEAD + source * SOURCE + at)).flatten()
    }

    /// Adds to a number of a source. One process at a time counts for a store, but for the moments in which two fetchers
    /// stand side by side.
    pub fn add(&self, source: usize, count: Count, more: u64) {
        if let Some(word) = self.word(source, count as usize) {
            word.fetch_add(more, Ordering::Relaxed);
        }
    }

    /// A number of a source.
    pub fn of(&self, source: usize, count: Count) -> u64 {
        self.word(source, count as usize).map_or(0, |word| word.load(Ordering::Relaxed))
    }

    /// Says that a source is left alone for so long, because nobody answers there; None if it is asked.
    pub fn set_breaker(&self, source: usize, wait: Option<Duration>) {
        let nanoseconds = |wait: Duration| u64::try_from(wait.as_nanos()).unwrap_or(u64::MAX);
        let until = wait.map_or(0, |wait| now().saturating_add(nanoseconds(wait)).max(1));
        if let Some(word) = self.word(source, BREAKER) {
            word.store(until, Ordering::Relaxed);
        }
    }

    /// Whether a source is left alone, and for how much longer; that may be over, and nobody has tried yet.
    pub fn breaker(&self, source: usize) -> Option<Duration> {
        let until = self.word(source, BREAKER).map_or(0, |word| word.load(Ordering::Relaxed));
        (until != 0).then(|| Duration::from_nanos(until.saturating_sub(now())))
    }

    /// Says that a source has answered.
    pub fn has_answered(&self, source: usize) {
        if let Some(word) = self.word(source, ANSWERED) {
            word.store(now(), Ordering::Relaxed);
        }
    }

    /// How long ago a source has answered; None if it never has.
    pub fn answered(&self, source: usize) -> Option<Duration> {
        let at = self.word(source, ANSWERED).map_or(0, |word| word.load(Ordering::Relaxed));
        (at != 0).then(|| Duration::from_nanos(now().saturating_sub(at)))
    }

    /// Sets a number of the block cache.
    pub fn set_cache(&self, count: CacheCount, value: u64) {
        self.words.all()[count as usize].store(value, Ordering::Relaxed);
    }

    /// A number of the block cache.
    pub fn of_cache(&self, count: CacheCount) -> u64 {
        self.words.all()[count as usize].load(Ordering::Relaxed)
    }
}

impl AsFd for Counts {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.words.file().as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_fetcher_counts_others_read() {
        let theirs = Counts::create().expect("memory");
        let ours = Counts::open(Path::new(&format!("/proc/self/fd/{}", theirs.descriptor()))).expect("open");
        for (more, count) in (1..).zip(Count::ALL) {
            theirs.add(3, count, more);
            theirs.add(SOURCES, count, 7);
        }
        theirs.set_cache(CacheCount::Bytes, 1 << 40);
        for (expected, count) in (1..).zip(Count::ALL) {
            assert_eq!((ours.of(3, count), ours.of(2, count), ours.of(SOURCES, count)), (expected, 0, 0));
        }
        assert_eq!(ours.of_cache(CacheCount::Bytes), 1 << 40);
        assert_eq!((ours.breaker(3), ours.answered(3)), (None, None));
        theirs.set_breaker(3, Some(Duration::from_secs(60)));
        theirs.has_answered(3);
        assert!(ours.breaker(3).is_some_and(|wait| wait > Duration::ZERO) && ours.answered(3).is_some());
        theirs.set_breaker(3, None);
        assert_eq!(ours.breaker(3), None);
    }
}
