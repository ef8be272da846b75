//! The ledger: a file in memory in which the workers of a pool keep what waits and what is in work, so that each of them
//! can tell how long a request would wait, and whether there is memory for it. Only what is not cheap touches it.
//!
//! | offset | bytes | written by | what |
//! |---|---|---|---|
//! | 0 | 16 for each queue | whoever holds the lock | waiting work `u64`, pace `u64`: in the order of [`Lane::QUEUED`] |
//! | 64 + 32 n | 32 | the back worker in slot n; the supervisor, when there is none | lane `u64`, bytes `u64`, since `u64`, expected `u64` |
//!
//! The lock is `flock` on each process's own opening of the file, so that the kernel takes it from who dies. Whoever is
//! stopped with the lock in its hands holds up nobody: the others give up after a while, and do without.
//! It is a forecast, not the truth: what waits is in the queues, and one that is seen to be empty puts it right again.

mod books;

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::Duration;

use rustix::fs::{FlockOperation, MemfdFlags, flock};

use crate::process::lane::Lane;
pub use books::{Books, Hand, Line};

const HANDS: usize = 64;
const HAND: usize = 32;
const LINE: usize = 16;
const _: () = assert!(LINE * Lane::QUEUED.len() <= HANDS);

/// How often a held lock is tried again, and after which pause. It is held for some microseconds; but a holder may lose
/// the processor meanwhile.
const ATTEMPTS: u32 = 100;
const PAUSE: Duration = Duration::from_micros(300);

/// The file, as the supervisor or a worker has it open.
#[derive(Debug)]
pub struct Ledger {
    file: File,
}

impl Ledger {
    /// An empty ledger that child processes inherit.
    ///
    /// # Errors
    /// If the system has no memory or descriptor for it.
    pub fn create() -> io::Result<Self> {
        let ledger =
            Self { file: File::from(rustix::fs::memfd_create("recto-ledger", MemfdFlags::empty())?) };
        ledger.write_lines(&Books::default())?;
        Ok(ledger)
    }

    /// The ledger at `path`, which a worker finds at `/proc/self/fd/N`.
    ///
    /// # Errors
    /// If there is none.
    pub fn open(path: &Path) -> io::Result<Self> {
        Ok(Self { file: OpenOptions::new().read(true).write(true).open(path)? })
    }

    /// The number of its descriptor, the same in child processes.
    pub fn descriptor(&self) -> RawFd {
        self.file.as_raw_fd()
    }

    /// What is known, and nobody else changes the queues of until it is dropped; None if somebody keeps the lock for
    /// longer than a request should wait for it.
    pub fn lock(&self) -> Option<Locked<'_>> {
        for _ in 0..ATTEMPTS {
            match flock(&self.file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => {
                    let mut locked = Locked { ledger: self, books: Books::default() };
                    locked.books = self.read().ok()?;
                    return Some(locked);
                }
                Err(_) => std::thread::sleep(PAUSE),
            }
        }
        log::debug!("somebody keeps the ledger of the pool");
        None
    }

    /// Writes what the worker in `slot` is at: its own to tell, so that no lock is needed.
    ///
    /// # Errors
    /// If there is no memory left.
    pub fn write_hand(&self, slot: usize, hand: &Hand) -> io::Result<()> {
        let lane = hand.lane.and_then(|lane| Lane::ALL.iter().position(|one| *one == lane));
        let lane = lane.map_or(0, |at| at as u64 + 1);
        let bytes = [lane, hand.bytes, hand.since, hand.expected].map(u64::to_le_bytes);
        self.file.write_all_at(bytes.as_flattened(), (HANDS + slot * HAND) as u64)
    }

    fn write_lines(&self, books: &Books) -> io::Result<()> {
        let bytes = books.lines.map(|line| [line.work, line.pace].map(u64::to_le_bytes));
        self.file.write_all_at(bytes.as_flattened().as_flattened(), 0)
    }

    /// What is known, for who changes nothing: without the lock, so that nobody is waited for.
    ///
    /// # Errors
    /// None in practice for a file in memory.
    pub fn look(&self) -> io::Result<Books> {
        self.read()
    }

    fn read(&self) -> io::Result<Books> {
        let length = usize::try_from(self.file.metadata()?.len()).unwrap_or(HANDS);
        let mut bytes = vec![0; length];
        self.file.read_exact_at(&mut bytes, 0)?;
        let number = |at: usize| bytes.get(at..)?.first_chunk().map(|bytes| u64::from_le_bytes(*bytes));
        let line = |at: usize| Some(Line { work: number(at)?, pace: number(at + 8)? });
        let hand = |at: usize| {
            let lane = usize::try_from(number(at)?).ok()?.checked_sub(1).and_then(|at| Lane::ALL.get(at));
            let [bytes, since, expected] = [number(at + 8)?, number(at + 16)?, number(at + 24)?];
            Some(Hand { lane: lane.copied(), bytes, since, expected })
        };
        let lines = std::array::from_fn(|at| line(at * LINE).unwrap_or_default());
        Ok(Books { lines, hands: (HANDS..length).step_by(HAND).map_while(hand).collect() })
    }
}

impl AsFd for Ledger {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

/// The ledger in the hands of one process.
pub struct Locked<'a> {
    ledger: &'a Ledger,
    /// What it says.
    pub books: Books,
}

impl Locked<'_> {
    /// Writes down what has become of the queues.
    pub fn write_lines(&self) {
        if let Err(error) = self.ledger.write_lines(&self.books) {
            log::error!("cannot write to the ledger: {error}");
        }
    }
}

impl Drop for Locked<'_> {
    fn drop(&mut self) {
        if let Err(error) = flock(&self.ledger.file, FlockOperation::Unlock) {
            log::error!("cannot give the ledger back: {error}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn another(ledger: &Ledger) -> Ledger {
        Ledger::open(Path::new(&format!("/proc/self/fd/{}", ledger.descriptor()))).expect("open")
    }

    #[test]
    fn what_one_writes_the_others_read() {
        let ours = Ledger::create().expect("memory");
        let theirs = another(&ours);
        let hand = Hand { lane: Some(Lane::Dear), bytes: 1 << 40, since: 7, expected: 9 };
        theirs.write_hand(2, &hand).expect("memory");
        let mut locked = theirs.lock().expect("free");
        locked.books.line(Lane::Dear).work = 5;
        locked.books.line(Lane::Middling).pace = 2000;
        locked.write_lines();
        let books = locked.books.clone();
        drop(locked);
        let read = ours.lock().expect("free").books.clone();
        assert_eq!(read.lines, books.lines);
        assert_eq!(read.hands, [Hand::default(), Hand::default(), hand]);
        assert_eq!((read.bytes_beside(0), read.bytes_beside(2)), (1 << 40, 0));
        ours.write_hand(2, &Hand::default()).expect("memory");
        assert_eq!(ours.lock().expect("free").books.hands, [Hand::default(); 3]);
    }

    #[test]
    fn who_keeps_the_lock_holds_up_nobody_and_loses_it_with_its_end() {
        let ledger = Ledger::create().expect("memory");
        let (ours, theirs) = (another(&ledger), another(&ledger));
        let kept = theirs.lock().expect("free");
        assert!(ours.lock().is_none());
        std::mem::forget(kept);
        assert!(ours.lock().is_none());
        drop(theirs);
        assert!(ours.lock().is_some());
    }
}
