//! The walk through the files of a cache, by several threads: what takes long is to wait for the disk.
//! The directory is another user's, who may put anything there while this runs: so no link is followed, and nothing is
//! removed but files that are named and begin as NGINX's do.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Mutex;
use std::thread;

use rustix::fs::{AtFlags, CWD, Dir, Mode, OFlags, openat, unlinkat};
use rustix::io::Errno;

use super::copy::{self, Copy};
use super::{Order, Outcome};
use crate::progress::Progress;

/// Threads that walk at once, for each processor: they mostly wait.
const THREADS: usize = 4;

/// Levels of directories that NGINX has at most.
const LEVELS: usize = 3;

/// Bytes of a file that hold its key, mostly; and the most that a key can need.
const HEAD: usize = 2 << 10;
const LONGEST_HEAD: usize = 64 << 10;

/// Files that one thread looks at before it says so.
const BATCH: u64 = 256;

/// A walk, and what came of it so far.
pub(super) struct Walk<'o> {
    order: &'o Order,
    told: &'o (dyn Fn(&str) + Sync),
    /// Names of directories that nobody has walked through yet.
    ahead: Mutex<Vec<String>>,
    so_far: Mutex<(Outcome, Progress)>,
}

impl<'o> Walk<'o> {
    /// A walk that tells of each copy that is meant, by its URL.
    pub(super) fn new(order: &'o Order, told: &'o (dyn Fn(&str) + Sync)) -> Self {
        let so_far = Mutex::new((Outcome::default(), Progress::listing("copies looked at")));
        Self { order, told, ahead: Mutex::default(), so_far }
    }

    /// Looks at all files.
    ///
    /// # Errors
    /// If the directory of the cache cannot be listed. What happens to single files is counted.
    pub(super) fn run(self) -> io::Result<Outcome> {
        let root = open_directory(CWD, &self.order.cache, OFlags::empty())?;
        let mut outcome = Outcome::default();
        for name in names(root.as_fd())? {
            match is_level(&name) {
                true => lock(&self.ahead).push(name),
                false => self.look(root.as_fd(), &name, &mut outcome),
            }
        }
        self.count(&mut outcome);
        let threads = thread::available_parallelism().map_or(1, usize::from) * THREADS;
        thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| self.walk(root.as_fd()));
            }
        });
        let (outcome, progress) = self.so_far.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner());
        progress.end();
        Ok(outcome)
    }

    /// One thread's part: directory after directory.
    fn walk(&self, root: BorrowedFd<'_>) {
        let mut outcome = Outcome::default();
        loop {
            // Not in the condition of a loop, where it would stay locked.
            let next = lock(&self.ahead).pop();
            let Some(name) = next else { break };
            self.enter(root, &name, 1, &mut outcome);
        }
        self.count(&mut outcome);
    }

    fn enter(&self, parent: BorrowedFd<'_>, name: &str, depth: usize, outcome: &mut Outcome) {
        let listed = open_directory(parent, Path::new(name), OFlags::NOFOLLOW)
            .and_then(|directory| Ok((names(directory.as_fd())?, directory)));
        let (names, directory) = match listed {
            Ok(listed) => listed,
            Err(error) => return outcome.fail(&error),
        };
        for name in names {
            match is_level(&name) && depth < LEVELS {
                true => self.enter(directory.as_fd(), &name, depth + 1, outcome),
                false => self.look(directory.as_fd(), &name, outcome),
            }
        }
    }

    /// Looks at one file, and removes it if it is meant.
    fn look(&self, directory: BorrowedFd<'_>, name: &str, outcome: &mut Outcome) {
        if !is_copy(name) {
            return;
        }
        outcome.looked_at += 1;
        match self.meant(directory, name) {
            Ok(None) => {}
            Ok(Some(bytes)) => match self.remove(directory, name) {
                Ok(()) => {
                    outcome.forgotten += 1;
                    outcome.bytes += bytes;
                }
                Err(error) => outcome.fail(&error),
            },
            Err(error) => outcome.fail(&error),
        }
        if outcome.looked_at >= BATCH {
            self.count(outcome);
        }
    }

    /// How many bytes a file has, if it is a copy that is meant.
    fn meant(&self, directory: BorrowedFd<'_>, name: &str) -> io::Result<Option<u64>> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = match openat(directory, name, flags, Mode::empty()) {
            // NGINX was faster.
            Err(Errno::NOENT) => return Ok(None),
            opened => File::from(opened?),
        };
        let metadata = file.metadata()?;
        let Order { wanted, written_before, .. } = self.order;
        let is_old = match written_before {
            Some(limit) => metadata.modified()? < *limit,
            None => true,
        };
        if !is_old || !metadata.is_file() {
            return Ok(None);
        }
        let Some(copy) = Copy::in_file(&head(&file)?) else { return Ok(None) };
        let is_meant = wanted.is_empty() || copy.identifier.as_ref().is_some_and(|it| wanted.has(it));
        if is_meant {
            (self.told)(&copy.url());
        }
        Ok(is_meant.then_some(metadata.len()))
    }

    fn remove(&self, directory: BorrowedFd<'_>, name: &str) -> io::Result<()> {
        if self.order.dry_run {
            return Ok(());
        }
        match unlinkat(directory, name, AtFlags::empty()) {
            Err(Errno::NOENT) => Ok(()),
            removed => Ok(removed?),
        }
    }

    /// Adds what one thread has done to what all have.
    fn count(&self, outcome: &mut Outcome) {
        let mut so_far = lock(&self.so_far);
        let (all, progress) = &mut *so_far;
        progress.more(outcome.looked_at);
        all.add(std::mem::take(outcome));
    }
}

/// Enough of the beginning of a file to hold its key.
fn head(file: &File) -> io::Result<Vec<u8>> {
    let mut head = vec![0; HEAD];
    let length = file.read_at(&mut head, 0)?;
    if length == HEAD && copy::key(&head).is_none() {
        head.resize(LONGEST_HEAD, 0);
        let more = file.read_at(&mut head[length..], HEAD as u64)?;
        head.truncate(length + more);
        return Ok(head);
    }
    head.truncate(length);
    Ok(head)
}

fn open_directory(parent: impl AsFd, path: &Path, more: OFlags) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC | more;
    Ok(openat(parent, path, flags, Mode::empty())?)
}

/// All names in a directory that NGINX could have given.
fn names(directory: BorrowedFd<'_>) -> io::Result<Vec<String>> {
    let names =
        Dir::read_from(directory)?.map(|entry| Ok(entry?.file_name().to_str().ok().map(str::to_owned)));
    let names: io::Result<Vec<_>> = names.collect();
    Ok(names?.into_iter().flatten().filter(|name| is_level(name) || is_copy(name)).collect())
}

/// Whether a name is that of a directory as `levels` has them.
fn is_level(name: &str) -> bool {
    matches!(name.len(), 1 | 2) && is_hexadecimal(name)
}

/// Whether a name is that of a copy: the MD5 of its key. What is being written has more behind it.
fn is_copy(name: &str) -> bool {
    name.len() == 32 && is_hexadecimal(name)
}

fn is_hexadecimal(name: &str) -> bool {
    name.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// What nobody can have broken: each change of it is whole.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}
