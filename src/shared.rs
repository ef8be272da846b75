//! Memory that several processes share, as numbers that each of them reads and writes without a system call.
//! What its `unsafe` code relies on:
//!
//! * The memory is a file in memory of a fixed length, sealed against shrinking before anybody maps it, so that no
//!   access can fall off its end and raise SIGBUS. Whoever opens it looks for the seal and the length.
//! * It is mapped from a page's start, so that every number is aligned, and stays mapped as long as the value that hands
//!   it out.
//! * It is seen as atomics and nothing else, by all processes, and any eight bytes are a number: what others write at the
//!   same time can be strange, but it is no data race. Nobody writes to this part of the file by system calls.

#![allow(unsafe_code)]

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;
use std::slice;
use std::sync::atomic::AtomicU64;

use memmap2::{MmapOptions, MmapRaw};
use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, fcntl_get_seals};

/// What makes the length of the file certain.
const SEALS: SealFlags = SealFlags::SHRINK.union(SealFlags::GROW).union(SealFlags::SEAL);

/// A file in memory, and the part of it that is mapped.
#[derive(Debug)]
pub(crate) struct Words {
    file: File,
    map: MmapRaw,
    count: usize,
}

impl Words {
    /// A file of zeros that child processes inherit: `before` bytes, a whole number of pages, that are not mapped, and
    /// `count` numbers after them. What is not written to takes no memory.
    ///
    /// # Errors
    /// If the system has no memory or descriptor for it.
    pub(crate) fn create(name: &str, before: u64, count: usize) -> io::Result<Self> {
        let file = File::from(rustix::fs::memfd_create(name, MemfdFlags::ALLOW_SEALING)?);
        file.set_len(length(before, count))?;
        fcntl_add_seals(&file, SEALS)?;
        Self::map(file, before, count)
    }

    /// The file at `path`, which another process has [created](Self::create) with the same numbers.
    ///
    /// # Errors
    /// If there is none, or it is another one.
    pub(crate) fn open(path: &Path, before: u64, count: usize) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        let is_sealed = fcntl_get_seals(&file)?.contains(SEALS);
        match is_sealed && file.metadata()?.len() == length(before, count) {
            true => Self::map(file, before, count),
            false => Err(io::Error::other("it has another length")),
        }
    }

    fn map(file: File, before: u64, count: usize) -> io::Result<Self> {
        let map = MmapOptions::new().offset(before).len(count * size_of::<AtomicU64>()).map_raw(&file)?;
        Ok(Self { file, map, count })
    }

    /// The file.
    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    /// The numbers.
    pub(crate) fn all(&self) -> &[AtomicU64] {
        // SAFETY: so many bytes are mapped, for reading and writing, as long as `self.map` lives, and are never cut off;
        // a mapping is aligned to a page, and all that is at an offset of whole pages too; atomics may change under a
        // shared reference. See the head of this module.
        unsafe { slice::from_raw_parts(self.map.as_mut_ptr().cast::<AtomicU64>(), self.count) }
    }
}

fn length(before: u64, count: usize) -> u64 {
    before + (count * size_of::<AtomicU64>()) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsRawFd;
    use std::os::unix::fs::FileExt;
    use std::sync::atomic::Ordering::Relaxed;

    fn path(words: &Words) -> std::path::PathBuf {
        format!("/proc/self/fd/{}", words.file().as_raw_fd()).into()
    }

    #[test]
    fn what_one_writes_the_others_see_and_nobody_can_cut_it_off() {
        let ours = Words::create("words", 4096, 1000).expect("memory");
        let theirs = Words::open(&path(&ours), 4096, 1000).expect("open");
        theirs.all()[999].store(7, Relaxed);
        assert_eq!((ours.all()[999].load(Relaxed), ours.all()[0].load(Relaxed)), (7, 0));
        assert!(ours.file().set_len(4096).is_err() && ours.file().set_len(1 << 20).is_err());
        ours.file().write_all_at(b"before", 0).expect("not mapped");
        assert_eq!(ours.all()[0].load(Relaxed), 0);
    }

    #[test]
    fn a_file_of_another_kind_is_not_mapped() {
        let ours = Words::create("words", 4096, 1000).expect("memory");
        assert!(Words::open(&path(&ours), 4096, 1001).is_err());
        assert!(Words::open(&path(&ours), 8192, 1000).is_err());
        let plain = tempfile::NamedTempFile::new().expect("a file");
        plain.as_file().set_len(4096 + 8000).expect("long enough");
        assert!(Words::open(plain.path(), 4096, 1000).is_err(), "it could be cut off");
    }
}
