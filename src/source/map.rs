//! A master's bytes, mapped; and the guard that turns an unreadable page into an error of one request.
//! What its `unsafe` code relies on:
//!
//! * Bytes of a mapped file may change or vanish at any time. Changing bytes are only ever read as plain `u8` by safe
//!   code that checks what it reads; decoders written in C get copies. Vanishing bytes (the file was truncated, a disk
//!   or network failed) raise SIGBUS at the access.
//! * Of an object of a store, pages that were kept lie over those of its file, in a private map: Linux copies a page of it
//!   when it is first written to, and shows the file's own page, with all that is written to the file later, wherever it
//!   is not. A page of the kernel must therefore be no longer than one that was kept ([`Map::takes_pages`]), or bytes that
//!   come after it would not be seen. They are written before anybody else has the map, which is read only from then on.
//! * The handler of SIGBUS looks the address up in a fixed table of maps, puts a page of zeros there and marks the map:
//!   atomics and mmap(2) only, which are safe in a handler. Nobody may trust bytes of a marked map: [`Object::check`].

#![allow(unsafe_code)]

use std::fs::File;
use std::io;
use std::ops::Range;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use memmap2::{Advice, Mmap, MmapOptions, UncheckedAdvice};

use super::{Object, Pages};
use crate::error::MasterError;

/// A file in memory, read only.
pub struct Map {
    /// Ends before the bytes are unmapped.
    watch: Watched,
    bytes: Mmap,
    /// Whether pages lie over those of the file, which are nowhere else.
    has_pages: bool,
}

/// A map in the table of the handler of SIGBUS. `start` is 0 while the entry is free, 1 while it is being filled.
struct Watch {
    start: AtomicUsize,
    length: AtomicUsize,
    broken: AtomicBool,
}

/// An entry of that table that is in use.
struct Watched(&'static Watch);

/// Most maps of a process at a time, those of open masters and the one that a request adds. The handler looks through
/// all of them, which only a fault has to wait for.
pub const MAX_MAPS: usize = 1024;

/// The kernel fetches no more for one advice than it reads at once from the device (read_ahead_kb, max_sectors_kb), and
/// forgets the rest.
const ADVICE_BYTES: usize = 1 << 20;

static WATCHES: [Watch; MAX_MAPS] = [const {
    Watch { start: AtomicUsize::new(0), length: AtomicUsize::new(0), broken: AtomicBool::new(false) }
}; MAX_MAPS];

/// A power of two; asked for before the handler is installed, which may not ask.
static PAGE_SIZE: AtomicUsize = AtomicUsize::new(4096);

impl Map {
    /// Maps the whole of `file` for random access.
    ///
    /// # Errors
    /// If the file is empty or cannot be mapped.
    pub fn new(file: &File) -> io::Result<Self> {
        guard();
        // SAFETY: a shared map of a file that others may write to. See the head of this module for what is relied upon.
        let bytes = unsafe { MmapOptions::new().map(file)? };
        Self::of(Watched::over(&bytes)?, bytes, false)
    }

    /// Maps an object of `length` bytes, which a file begins with as far as they were fetched, with these pages of it over
    /// those of the file. What is written to the file elsewhere is seen.
    ///
    /// # Errors
    /// As [`Map::new`]; if a page is outside the object.
    pub fn with_pages(file: &File, length: u64, pages: &Pages) -> io::Result<Self> {
        guard();
        let length = usize::try_from(length).map_err(io::Error::other)?;
        if pages.is_empty() {
            // SAFETY: as in [`Map::new`]. Bytes beyond the end of the file would raise SIGBUS, as those that vanish do.
            let bytes = unsafe { MmapOptions::new().len(length).map(file)? };
            return Self::of(Watched::over(&bytes)?, bytes, false);
        }
        // SAFETY: a private map: what is written to it is seen by nobody else. For the bytes that are not written to, what
        // holds for a shared map does.
        let mut bytes = unsafe { MmapOptions::new().len(length).map_copy(file)? };
        // Before it is written to: then the page of the file is read as well, which may fail.
        let watch = Watched::over(&bytes)?;
        for (start, page) in pages.pieces() {
            let outside = || io::Error::other("a page outside its object");
            let start = usize::try_from(start).map_err(|_| outside())?;
            let place = bytes.get_mut(start..).and_then(|rest| rest.get_mut(..page.len()));
            place.ok_or_else(outside)?.copy_from_slice(page);
        }
        Self::of(watch, bytes.make_read_only()?, true)
    }

    /// Whether this machine can lay pages over those of a file.
    pub fn takes_pages() -> bool {
        rustix::param::page_size() as u64 <= Pages::BYTES
    }

    fn of(watch: Watched, bytes: Mmap, has_pages: bool) -> io::Result<Self> {
        // The kernel would otherwise read 128 KiB and more around every tile.
        bytes.advise(Advice::Random)?;
        Ok(Self { watch, bytes, has_pages })
    }
}

impl Watched {
    fn over(bytes: &[u8]) -> io::Result<Self> {
        let (start, length) = (bytes.as_ptr() as usize, bytes.len());
        let free =
            |watch: &&Watch| watch.start.compare_exchange(0, 1, Ordering::AcqRel, Ordering::Relaxed).is_ok();
        let watch = WATCHES.iter().find(free).ok_or_else(|| io::Error::other("too many maps at once"))?;
        watch.broken.store(false, Ordering::Relaxed);
        watch.length.store(length, Ordering::Relaxed);
        watch.start.store(start, Ordering::Release);
        Ok(Self(watch))
    }
}

impl Object for Map {
    /// Zeros stand for what could not be read: see [`Object::check`].
    fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Lets the kernel fetch the ranges together, before they are touched one by one. Never fails.
    fn announce(&self, ranges: &[Range<u64>]) -> Result<(), MasterError> {
        let length = self.bytes.len();
        let within = |at: u64| usize::try_from(at).map_or(length, |at| at.min(length));
        for range in merged(ranges) {
            let (start, end) = (within(range.start), within(range.end));
            for start in (start..end).step_by(ADVICE_BYTES) {
                // Advice only: if it fails, reading takes longer, and is still right.
                let _ = self.bytes.advise_range(Advice::WillNeed, start, ADVICE_BYTES.min(end - start));
            }
        }
        Ok(())
    }

    /// [`MasterError::Damaged`] if a page was missing when it was touched.
    fn check(&self) -> Result<(), MasterError> {
        match self.watch.0.broken.load(Ordering::Acquire) {
            false => Ok(()),
            true => Err(MasterError::damaged("the file shrank or could not be read while it was served")),
        }
    }

    fn release(&self) {
        if self.has_pages {
            return;
        }
        // SAFETY: the map is shared and of a file: its pages are filled from that again when they are touched, with what
        // is there then, which is no more change than may happen at any time: see the head of this module. The page of
        // zeros that may stand for a broken one is zeros again.
        let released = unsafe { self.bytes.unchecked_advise(UncheckedAdvice::DontNeed) };
        // Advice only: the memory is counted as ours for longer.
        let _ = released;
    }

    /// The kernel loads pages when they are touched.
    fn is_complete(&self) -> bool {
        true
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.0.start.store(0, Ordering::Release);
    }
}

/// Ranges in order, those joined that lie within a few pages of each other: a request each would cost more.
fn merged(ranges: &[Range<u64>]) -> Vec<Range<u64>> {
    const NEAR: u64 = 16 << 10;
    let mut sorted = ranges.to_vec();
    sorted.sort_unstable_by_key(|range| range.start);
    let mut merged: Vec<Range<u64>> = Vec::new();
    for range in sorted {
        match merged.last_mut() {
            Some(last) if range.start <= last.end.saturating_add(NEAR) => last.end = last.end.max(range.end),
            _ => merged.push(range),
        }
    }
    merged
}

/// Installs the handler, once per process.
fn guard() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        PAGE_SIZE.store(rustix::param::page_size(), Ordering::Relaxed);
        // SAFETY: `action` is a valid sigaction: all zero but for the handler, whose signature SA_SIGINFO asks for,
        // and an empty mask. The handler itself does only what is safe in one.
        unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = on_bus_error as *const () as usize;
            action.sa_flags = libc::SA_SIGINFO;
            libc::sigemptyset(&mut action.sa_mask);
            libc::sigaction(libc::SIGBUS, &action, std::ptr::null_mut());
        }
    });
}

extern "C" fn on_bus_error(_: libc::c_int, info: *mut libc::siginfo_t, _: *mut libc::c_void) {
    // SAFETY: the kernel hands a valid siginfo to a handler with SA_SIGINFO, and for SIGBUS it holds an address.
    let address = unsafe { (*info).si_addr() } as usize;
    let page_size = PAGE_SIZE.load(Ordering::Relaxed);
    let page = address & !(page_size - 1);
    for watch in &WATCHES {
        let start = watch.start.load(Ordering::Acquire);
        if start > 1 && (start..start.saturating_add(watch.length.load(Ordering::Relaxed))).contains(&address)
        {
            watch.broken.store(true, Ordering::Release);
            // SAFETY: the page is wholly inside a live map of ours (maps are page aligned and padded to pages), which
            // only safe code reads as bytes, or is about to write as bytes; zeros in its place are as good as any bytes the
            // file might have had.
            let put = unsafe {
                let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED;
                let access = libc::PROT_READ | libc::PROT_WRITE;
                libc::mmap(page as *mut libc::c_void, page_size, access, flags, -1, 0)
            };
            if put != libc::MAP_FAILED {
                return;
            }
        }
    }
    // Not ours: let the same access kill the process, as it would have without a handler.
    // SAFETY: resetting a signal to its default is safe in a handler.
    unsafe { libc::signal(libc::SIGBUS, libc::SIG_DFL) };
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn a_file_that_shrinks_is_an_error_and_not_the_end() {
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(&[7; 20_000]).expect("written");
        let map = Map::new(&file).expect("mapped");
        assert!(map.bytes()[19_999] == 7 && map.check().is_ok());
        file.set_len(5000).expect("cut");
        assert_eq!(map.bytes()[10_000], 0);
        assert!(map.check().is_err());
        let other = Map::new(&file).expect("mapped");
        assert!(other.bytes()[4999] == 7 && other.check().is_ok());
    }

    #[test]
    fn pages_lie_over_the_file_and_what_is_written_elsewhere_is_seen() {
        use std::os::unix::fs::FileExt;
        let file = tempfile::tempfile().expect("a file");
        let size = 10 * 4096 + 100;
        file.set_len(size).expect("grown");
        let whole: Vec<u8> = (0..size).map(|n| (n % 251) as u8 | 1).collect();
        let places = [4096..8192, 40_960..size].into_iter().collect();
        let map = Map::with_pages(&file, size, &Pages::of(&whole, &places)).expect("mapped");
        let is_there = |at: Range<usize>| map.bytes()[at.clone()] == whole[at];
        assert!(is_there(4096..8192) && is_there(40_960..size as usize));
        assert!(map.bytes()[..4096].iter().chain(&map.bytes()[8192..40_960]).all(|byte| *byte == 0));
        file.write_all_at(&whole[..4096], 0).expect("written");
        file.write_all_at(&whole[8192..], 8192).expect("written");
        assert!(map.bytes() == whole && map.check().is_ok());
        file.write_all_at(&[0; 4096], 4096).expect("written");
        map.release();
        assert!(map.bytes() == whole, "kept pages stay as they are");
        let beyond = Pages::of(&[7; 50_000], &std::iter::once(0..50_000).collect());
        assert!(Map::with_pages(&file, size, &beyond).is_err());
        let without = Map::with_pages(&file, 5000, &Pages::default()).expect("mapped");
        assert_eq!((without.bytes().len(), without.bytes()[4096]), (5000, 0));
        file.set_len(100).expect("cut");
        let broken = Map::with_pages(&file, size, &Pages::of(&whole, &places)).expect("mapped");
        assert!(broken.check().is_err(), "a file that has become shorter is no end of the process");
    }

    #[test]
    fn announcements_may_reach_beyond_the_end() {
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(&[7; 20_000]).expect("written");
        let map = Map::new(&file).expect("mapped");
        for range in [0..20_000, 10_000..1 << 40, 1 << 40..u64::MAX, 0..u64::MAX, 5..5] {
            assert_eq!(map.announce(&[range]), Ok(()));
        }
        assert!(map.bytes().iter().all(|byte| *byte == 7));
    }

    #[test]
    fn near_ranges_are_announced_together() {
        let far = 100_000..100_010;
        assert_eq!(merged(&[far.clone(), 0..50, 50..150]), [0..150, far]);
        assert_eq!(merged(&[u64::MAX - 1..u64::MAX, 0..1]), [0..1, u64::MAX - 1..u64::MAX]);
    }
}
