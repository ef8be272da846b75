//! The directory of a source, opened by whoever hands it on to workers: and whether it is still the one at its path.

use std::fs::{self, File};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::{Access, AtFlags, OFlags, accessat, major, minor};

/// A directory, open.
#[derive(Debug)]
pub(crate) struct Directory {
    file: File,
    /// Device and inode, by which it is known.
    identity: (u64, u64),
}

impl Directory {
    /// The directory at `path` now. This may wait for its file system, for as long as that does not answer.
    ///
    /// # Errors
    /// If there is none, or it cannot be read or entered.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let flags = (OFlags::DIRECTORY | OFlags::CLOEXEC).bits();
        let file = File::options().read(true).custom_flags(flags as i32).open(path)?;
        // Not only its names: what is in it as well.
        accessat(&file, ".", Access::EXEC_OK, AtFlags::EACCESS)?;
        let identity = identity(&file.metadata()?);
        Ok(Self { file, identity })
    }

    /// The directory at `path`, if it is another one than `known` by now: what is mounted there covers it, or it was
    /// replaced. May wait as [`Directory::open`] does.
    ///
    /// # Errors
    /// As there.
    pub(crate) fn other_than(known: Option<(u64, u64)>, path: &Path) -> io::Result<Option<Self>> {
        if known.is_some_and(|known| fs::metadata(path).is_ok_and(|now| identity(&now) == known)) {
            return Ok(None);
        }
        Self::open(path).map(|directory| Some(directory).filter(|it| known != Some(it.identity)))
    }

    /// The device of its file system, as the kernel's table of mounts has it.
    pub(crate) fn device(&self) -> u64 {
        let device = self.identity.0;
        u64::from(major(device)) << 32 | u64::from(minor(device))
    }

    /// What it is known by.
    pub(crate) fn identity(&self) -> (u64, u64) {
        self.identity
    }
}

impl AsFd for Directory {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

fn identity(metadata: &fs::Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_known_until_another_one_stands_in_its_place() {
        let parent = tempfile::tempdir().expect("a directory");
        let path = parent.path().join("masters");
        assert!(Directory::open(&path).is_err() && Directory::other_than(None, &path).is_err());
        fs::create_dir(&path).expect("made");
        let first = Directory::other_than(None, &path).expect("readable").expect("there");
        let known = Some(first.identity());
        assert!(Directory::other_than(known, &path).expect("readable").is_none());
        fs::rename(&path, parent.path().join("old")).expect("moved");
        assert!(Directory::other_than(known, &path).is_err());
        fs::create_dir(&path).expect("made");
        let other = Directory::other_than(known, &path).expect("readable").expect("another");
        assert_ne!(other.identity(), first.identity());
    }
}
