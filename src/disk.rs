//! Whether a disk is nearly full, looked at now and then. The only thing that is ever asked about files that are not ours.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use rustix::fs::statvfs;

/// How often it is looked at.
const PAUSE: Duration = Duration::from_millis(100);

/// The bytes that have to be free: more than is written until it is looked at again.
const LEAST: u64 = 128 << 20;

/// A disk that others write to.
pub(crate) struct Disk {
    directory: PathBuf,
    looked: Option<Instant>,
    is_nearly_full: bool,
}

impl Disk {
    /// The one that a directory is on.
    pub(crate) fn of(directory: PathBuf) -> Self {
        Self { directory, looked: None, is_nearly_full: false }
    }

    /// Whether hardly anything is free on it. A directory that is not there is on no full disk.
    pub(crate) fn is_nearly_full(&mut self) -> bool {
        if self.looked.is_none_or(|looked| looked.elapsed() >= PAUSE) {
            self.looked = Some(Instant::now());
            self.is_nearly_full = statvfs(&self.directory)
                .is_ok_and(|disk| disk.f_bavail.saturating_mul(disk.f_frsize) < LEAST);
        }
        self.is_nearly_full
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_is_not_full() {
        assert!(!Disk::of("/nowhere/at/all".into()).is_nearly_full());
        // A file system of no size.
        assert!(Disk::of("/proc/self".into()).is_nearly_full());
    }
}
