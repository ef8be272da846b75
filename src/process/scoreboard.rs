//! The scoreboard: a file in memory in which each worker reports what it works on, and the supervisor what to refuse.
//! Must not start, watch or judge processes: it only carries their messages. Without `unsafe`: it is read and written
//! with `pread` and `pwrite` instead of being mapped, which costs well under a microsecond and no lock.
//!
//! | offset | bytes | written by | what |
//! |---|---|---|---|
//! | 0 | 8 | supervisor, once | the version of this table |
//! | 4096 | 48 KiB | supervisor | what no worker may try, see [`refusals`] |
//! | 65536 + 1024 n | 1024 | worker in slot n | checksum `u64`, process `u32`, length of the request `u32`, busy since `u64`, served `u64`, device `u64`, request |
//!
//! Numbers are little-endian. A checksum covers all that follows it up to the end of the last request: what was read
//! during a write does not match it, and is read again. A slot belongs to one process at a time: the supervisor
//! believes it only when it names the process that it started there, and gives it to another when that one is reaped.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::Duration;

use rustix::fs::MemfdFlags;
use rustix::time::ClockId;

use super::refusals::{self, Refusal, Why};

const MAGIC: [u8; 8] = *b"recto-02";
const REFUSED: u64 = 4096;
const SLOTS: u64 = 65_536;
const SLOT: usize = 1024;
const SLOT_HEAD: usize = 40;

/// Most bytes of a request that are stored; longer ones are distinguished by their beginning alone.
pub const REQUEST_LENGTH: usize = SLOT - SLOT_HEAD;

/// How often a torn read is tried again. A writer holds a slot for less than a microsecond.
const ATTEMPTS: usize = 4;

/// What a worker reports of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// Its process id. It is there once the worker is ready for requests.
    pub process: u32,
    /// When it began the request, on the clock of [`now`]; 0 if it is idle.
    pub busy_since: u64,
    /// Requests that it finished.
    pub served: u64,
    /// The device of the mount on which the worker opens or reads a master at this moment; 0 if that is the mount of the
    /// root itself, or if it does something else.
    pub device: u64,
    /// The name of the current request, or of its master while no more is known; empty if it is idle.
    pub request: Vec<u8>,
}

/// The time of the scoreboard: milliseconds of `CLOCK_MONOTONIC`, which all processes share. Never 0.
pub fn now() -> u64 {
    let time = rustix::time::clock_gettime(ClockId::Monotonic);
    let since_boot = Duration::try_from(time).unwrap_or_default();
    u64::try_from(since_boot.as_millis()).unwrap_or(u64::MAX).max(1)
}

/// The file, as the supervisor or a worker has it open.
#[derive(Debug)]
pub struct Scoreboard {
    file: File,
}

impl Scoreboard {
    /// An empty scoreboard that child processes inherit.
    ///
    /// # Errors
    /// If the system has no memory or descriptor for it.
    pub fn create() -> io::Result<Self> {
        let file = File::from(rustix::fs::memfd_create("recto-scoreboard", MemfdFlags::empty())?);
        let board = Self { file };
        board.refuse(&[])?;
        board.file.write_all_at(&MAGIC, 0)?;
        Ok(board)
    }

    /// The scoreboard at `path`, which a worker finds at `/proc/self/fd/N`.
    ///
    /// # Errors
    /// If there is none, or if the supervisor that made it has another layout.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        let mut magic = MAGIC;
        file.read_exact_at(&mut magic, 0)?;
        if magic != MAGIC {
            return Err(io::Error::other(
                "the supervisor is of another version than this program: restart it",
            ));
        }
        Ok(Self { file })
    }

    /// The number of its descriptor, the same in child processes.
    pub fn descriptor(&self) -> RawFd {
        self.file.as_raw_fd()
    }

    /// The entry in slot `slot`, or `None` if it could not be read in one piece.
    ///
    /// # Errors
    /// None in practice for a file in memory.
    pub fn read(&self, slot: usize) -> io::Result<Option<Entry>> {
        let mut bytes = [0; SLOT];
        for _ in 0..ATTEMPTS {
            let length = self.file.read_at(&mut bytes, slot_offset(slot))?;
            bytes[length..].fill(0);
            if let Some(entry) = decode(&bytes) {
                return Ok(Some(entry));
            }
        }
        Ok(None)
    }

    /// How many slots there are; the last ones may be empty.
    pub fn slots(&self) -> usize {
        let length = self.file.metadata().map_or(0, |file| file.len());
        usize::try_from(length.saturating_sub(SLOTS).div_ceil(SLOT as u64)).unwrap_or(0)
    }

    /// Writes slot `slot`, cutting an overlong request.
    ///
    /// # Errors
    /// If there is no memory left.
    pub fn write(&self, slot: usize, entry: &Entry) -> io::Result<()> {
        let mut bytes = [0; SLOT];
        let length = encode(entry, &mut bytes);
        self.file.write_all_at(&bytes[..length], slot_offset(slot))
    }

    /// Sets what no worker may try: the first [`refusals::REFUSALS`] of `refused`.
    ///
    /// # Errors
    /// If there is no memory left.
    pub fn refuse(&self, refused: &[Refusal]) -> io::Result<()> {
        self.file.write_all_at(&refusals::encode(refused), REFUSED)
    }

    /// Why something that has one of these names is not to be tried now, if so. If that cannot be read it may be: the
    /// deadline still holds then.
    pub fn why_refused(&self, names: &[&[u8]]) -> Option<Why> {
        // The ordinary case, nothing is refused, costs these 16 bytes.
        let mut head = [0; refusals::HEAD];
        if self.file.read_exact_at(&mut head, REFUSED).is_err() || refusals::is_empty(head) {
            return None;
        }
        let mut bytes = [0; refusals::MOST];
        for _ in 0..ATTEMPTS {
            let length = self.file.read_at(&mut bytes, REFUSED).unwrap_or(0);
            if let Some(mut entries) = refusals::decode(&bytes[..length]) {
                let is_one = |entry| names.iter().any(|name| entry == shortened(name));
                return entries.find_map(|(entry, why)| is_one(entry).then_some(why));
            }
        }
        None
    }
}

fn slot_offset(slot: usize) -> u64 {
    SLOTS + slot as u64 * SLOT as u64
}

pub(super) fn shortened(request: &[u8]) -> &[u8] {
    &request[..request.len().min(REQUEST_LENGTH)]
}

/// Writes `entry` into `bytes`; returns the number of bytes that it takes.
fn encode(entry: &Entry, bytes: &mut [u8; SLOT]) -> usize {
    let request = shortened(&entry.request);
    let length = SLOT_HEAD + request.len();
    bytes[8..12].copy_from_slice(&entry.process.to_le_bytes());
    bytes[12..16].copy_from_slice(&u32::try_from(request.len()).unwrap_or(0).to_le_bytes());
    bytes[16..24].copy_from_slice(&entry.busy_since.to_le_bytes());
    bytes[24..32].copy_from_slice(&entry.served.to_le_bytes());
    bytes[32..40].copy_from_slice(&entry.device.to_le_bytes());
    bytes[SLOT_HEAD..length].copy_from_slice(request);
    let sum = checksum(&bytes[8..length]);
    bytes[..8].copy_from_slice(&sum.to_le_bytes());
    length
}

/// The entry in `bytes`, if they are in one piece. Nobody has written where all is zero: the empty entry.
fn decode(bytes: &[u8; SLOT]) -> Option<Entry> {
    if bytes[..SLOT_HEAD] == [0; SLOT_HEAD] {
        return Some(Entry::default());
    }
    let length = usize::try_from(u32_at(bytes, 12)?).ok()?;
    let request = bytes.get(SLOT_HEAD..)?.get(..length)?;
    (u64_at(bytes, 0)? == checksum(&bytes[8..SLOT_HEAD + length])).then_some(())?;
    Some(Entry {
        process: u32_at(bytes, 8)?,
        busy_since: u64_at(bytes, 16)?,
        served: u64_at(bytes, 24)?,
        device: u64_at(bytes, 32)?,
        request: request.to_vec(),
    })
}

pub(super) fn u32_at(bytes: &[u8], offset: usize) -> Option<u32> {
    bytes.get(offset..)?.first_chunk().copied().map(u32::from_le_bytes)
}

pub(super) fn u64_at(bytes: &[u8], offset: usize) -> Option<u64> {
    bytes.get(offset..)?.first_chunk().copied().map(u64::from_le_bytes)
}

/// FNV-1a with 64 bits: guards against torn reads, not against forgery: a forger could write anything anyway.
pub(super) fn checksum(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |sum, &byte| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(busy_since: u64, request: &[u8]) -> Entry {
        Entry { process: 42, busy_since, served: 7, device: 9, request: request.to_vec() }
    }

    #[test]
    fn slots_do_not_touch_each_other() {
        let board = Scoreboard::create().expect("memory");
        for slot in [0, 1, 2, 900] {
            assert_eq!(board.read(slot).expect("readable"), Some(Entry::default()));
        }
        let long = vec![b'x'; REQUEST_LENGTH];
        board.write(1, &entry(5, &long)).expect("memory");
        board.write(2, &entry(6, b"GET /")).expect("memory");
        board.write(900, &entry(0, b"")).expect("memory");
        assert_eq!(board.read(0).expect("readable"), Some(Entry::default()));
        assert_eq!(board.read(1).expect("readable"), Some(entry(5, &long)));
        assert_eq!(board.read(2).expect("readable"), Some(entry(6, b"GET /")));
        assert_eq!(board.read(900).expect("readable"), Some(entry(0, b"")));
        assert_eq!((board.slots(), Scoreboard::create().expect("memory").slots()), (901, 0));
    }

    #[test]
    fn overlong_requests_are_cut() {
        let board = Scoreboard::create().expect("memory");
        let long = vec![b'x'; 5000];
        board.write(0, &entry(5, &long)).expect("memory");
        let read = board.read(0).expect("readable").expect("in one piece");
        assert_eq!(read.request, long[..REQUEST_LENGTH]);
        board.refuse(&[Refusal { name: read.request, why: Why::Deadly }]).expect("memory");
        assert_eq!(board.why_refused(&[b"other", &long]), Some(Why::Deadly));
    }

    #[test]
    fn no_torn_entry_is_believed() {
        let (mut old, mut new) = ([0; SLOT], [0; SLOT]);
        encode(&entry(5, b"GET /iiif/3/old/info.json"), &mut old);
        let length = encode(&entry(6, b"GET /iiif/3/new/info.json"), &mut new);
        for cut in 0..length {
            for (first, second) in [(&old, &new), (&new, &old)] {
                let mut torn = *second;
                torn[..cut].copy_from_slice(&first[..cut]);
                let believed = torn == old || torn == new;
                assert_eq!(decode(&torn).is_some(), believed, "torn at {cut}");
            }
        }
    }

    #[test]
    fn refusals_are_exact_and_can_be_lifted() {
        let board = Scoreboard::create().expect("memory");
        let refuse = |names: &[String]| {
            let refusal = |name: &String| Refusal { name: name.clone().into(), why: Why::Overdue };
            board.refuse(&names.iter().map(refusal).collect::<Vec<_>>()).expect("memory");
        };
        let is_refused = |name: &str| board.why_refused(&[name.as_bytes()]) == Some(Why::Overdue);
        assert!(!is_refused("a"));
        refuse(&["a".into(), "b".into()]);
        assert!(is_refused("a") && is_refused("b") && !is_refused("") && !is_refused("ab"));
        refuse(&(0..100).map(|n| n.to_string()).collect::<Vec<_>>());
        assert!(is_refused("47") && !is_refused("48"));
        refuse(&[]);
        assert!(!is_refused("47"));
    }

    #[test]
    fn another_process_finds_it_by_its_descriptor() {
        let board = Scoreboard::create().expect("memory");
        let path = format!("/proc/self/fd/{}", board.descriptor());
        Scoreboard::open(Path::new(&path)).expect("open").write(3, &entry(0, b"")).expect("memory");
        assert_eq!(board.read(3).expect("readable"), Some(entry(0, b"")));
        board.file.write_all_at(b"recto-01", 0).expect("memory");
        assert!(Scoreboard::open(Path::new(&path)).is_err());
    }
}
