//! A file that is kept aside until it may have its name: it is whole under a hidden one, where it is verified and sealed.
//!
//! What a killed run leaves has no lock, since the kernel takes that back with the process, on another host too if both
//! share the directory by NFS: so the next run knows what to [`sweep`].

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use super::failure::Failure;

/// What all that lies aside is called, after its dots.
const NAME: &str = "recto-";

/// The place of a file beside its target. Dropped before [`Aside::take_place`], it leaves nothing there.
pub(super) struct Aside<'a> {
    target: &'a Path,
    path: PathBuf,
    /// Locked as long as somebody is at work there; nothing if it could not be made, which the file itself will tell.
    lock: Option<File>,
}

impl<'a> Aside<'a> {
    /// A place beside `target` that no other file has, nor that of another thread or process.
    pub(super) fn of(target: &'a Path) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        // Hidden from the server, and short: the target's own name may be as long as names can be.
        let place = || {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            directory_of(target).join(format!(".{NAME}{}-{number}.part", process::id()))
        };
        loop {
            let path = place();
            match locked(&path) {
                Ok(Some(lock)) => return Self { target, path, lock: Some(lock) },
                Ok(None) => {}
                Err(_) => return Self { target, path, lock: None },
            }
        }
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Gives it its name, in place of what had that before.
    ///
    /// # Errors
    /// [`Failure`] if the file system does not do it.
    pub(super) fn take_place(self) -> Result<(), Failure> {
        let failed = |error| Failure::of_disk(self.target, "cannot give it its name", &error);
        fs::rename(&self.path, self.target).map_err(failed)?;
        // The name is to be there after a power cut as well.
        File::open(directory_of(self.target)).and_then(|directory| directory.sync_all()).map_err(failed)
    }
}

impl Drop for Aside<'_> {
    fn drop(&mut self) {
        // Mostly it has its name by now.
        let _ = fs::remove_file(&self.path);
        // Last: what has no lock is swept.
        if self.lock.is_some() {
            let _ = fs::remove_file(lock_of(&self.path));
        }
    }
}

/// Makes and locks what shows that somebody is at work in a place; nothing if the place is taken.
fn locked(path: &Path) -> io::Result<Option<File>> {
    let lock = match OpenOptions::new().write(true).create_new(true).open(lock_of(path)) {
        Ok(lock) => lock,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(None),
        Err(error) => return Err(error),
    };
    match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
        // Who sweeps may have found it before it was locked, and have taken it away.
        Ok(()) if lock.metadata()?.nlink() == 0 => Ok(None),
        Err(Errno::WOULDBLOCK) => Ok(None),
        // Where there are no locks, nobody sweeps.
        Ok(()) | Err(_) => Ok(Some(lock)),
    }
}

fn lock_of(path: &Path) -> PathBuf {
    path.with_extension("lock")
}

/// Takes away what killed runs have left in a directory.
///
/// # Errors
/// If the directory cannot be read.
pub(super) fn sweep(directory: &Path) -> io::Result<()> {
    let mut places = BTreeMap::<String, Vec<PathBuf>>::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if let Some(place) = entry.file_name().to_str().and_then(place) {
            places.entry(place.to_owned()).or_default().push(entry.path());
        }
    }
    for (place, files) in places {
        let lock = directory.join(format!(".{NAME}{place}.lock"));
        let Some(_held) = unused(&lock) else { continue };
        // The lock is the last to go, whatever is seen in between.
        files.iter().filter(|file| **file != lock).for_each(|file| drop(fs::remove_file(file)));
        let _ = fs::remove_file(&lock);
    }
    Ok(())
}

/// Which place a file belongs to, by its name: `.recto-12-0.part`, or what becomes that, `..recto-12-0.part.12-0.part`.
fn place(name: &str) -> Option<&str> {
    let (place, _) = name.trim_start_matches('.').strip_prefix(NAME)?.split_once('.')?;
    let (process, number) = place.split_once('-')?;
    let is_number = |text: &str| text.parse::<u64>().is_ok();
    (name.starts_with('.') && is_number(process) && is_number(number)).then_some(place)
}

/// A lock that nobody has, or that is not there, held meanwhile.
fn unused(lock: &Path) -> Option<Option<File>> {
    // NFS gives locks only to those who may write.
    match OpenOptions::new().write(true).open(lock) {
        Ok(file) => flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok().then_some(Some(file)),
        Err(error) => (error.kind() == io::ErrorKind::NotFound).then_some(None),
    }
}

/// The directory of a file.
fn directory_of(target: &Path) -> &Path {
    match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(directory: &Path) -> Vec<String> {
        let entries = fs::read_dir(directory).expect("a directory");
        let mut names: Vec<String> =
            entries.map(|entry| entry.expect("one").file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    #[test]
    fn what_is_dropped_leaves_nothing_and_what_is_done_has_its_name() {
        let place = tempfile::tempdir().expect("a directory");
        let target = place.path().join("a.tif");
        let aside = Aside::of(&target);
        fs::write(aside.path(), "half").expect("written");
        drop(aside);
        assert_eq!(names(place.path()), [""; 0]);
        let aside = Aside::of(&target);
        fs::write(aside.path(), "whole").expect("written");
        aside.take_place().expect("renamed");
        assert_eq!(names(place.path()), ["a.tif"]);
    }

    #[test]
    fn only_what_nobody_is_at_work_on_is_swept() {
        let place = tempfile::tempdir().expect("a directory");
        let (at, target) = (|name: &str| place.path().join(name), place.path().join("a.tif"));
        let aside = Aside::of(&target);
        fs::write(aside.path(), "at work").expect("written");
        let stays = [".hidden.part", ".recto-x-0.part", "recto-1-0.part", ".recto-1.part", "b.tif"];
        let goes = [
            ".recto-99-0.lock",
            ".recto-99-0.part",
            "..recto-99-0.part.99-0.part",
            ".recto-99-1.part",
            ".recto-99-2.lock",
        ];
        stays.iter().chain(&goes).for_each(|name| fs::write(at(name), "").expect("written"));
        let all = names(place.path()).len();
        sweep(place.path()).expect("swept");
        let left = names(place.path());
        assert!(goes.iter().all(|name| !left.contains(&(*name).to_owned())), "{left:?}");
        assert_eq!(left.len(), all - goes.len(), "{left:?}");
        assert!(aside.path().exists());
    }
}
