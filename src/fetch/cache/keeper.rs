//! The thread that does what takes as long as the disk does: it goes once through the directory at the start, and puts on
//! the disk what was written since it last did, so that a failure of power costs little.

use std::collections::HashMap;
use std::fs::{self, DirEntry};
use std::io;
use std::mem;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime};

use super::books::Entry;
use super::names::Name;
use crate::blocks::BlockFile;

/// How often it is put on the disk what was written.
const PAUSE: Duration = Duration::from_secs(30);

/// A file that has no name yet gets one at once, unless whoever made it has ended.
const ABANDONED: Duration = Duration::from_secs(60);

/// Bytes of a block of a disk, as stat(2) counts them.
const STAT_BLOCK: u64 = 512;

/// What was written and not put on the disk.
type Written = Arc<Mutex<HashMap<Name, BlockFile>>>;

/// The thread. Dropping it puts on the disk what is not there.
#[derive(Debug)]
pub(super) struct Keeper {
    written: Written,
    found: Receiver<Vec<(Name, Entry)>>,
    end: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Keeper {
    /// Starts it.
    ///
    /// # Errors
    /// If the system has no thread for it.
    pub(super) fn start(directory: PathBuf) -> io::Result<Self> {
        let (tell, found) = channel();
        let (end, ended) = channel();
        let written = Written::default();
        let theirs = Arc::clone(&written);
        let thread = thread::Builder::new().name("cache".into()).spawn(move || {
            // Nobody may want to know any more.
            let _ = tell.send(look_through(&directory));
            drop(tell);
            while ended.recv_timeout(PAUSE) == Err(RecvTimeoutError::Timeout) {
                sync(&theirs);
            }
            sync(&theirs);
        })?;
        Ok(Self { written, found, end: Some(end), thread: Some(thread) })
    }

    /// What was found in the directory: once.
    pub(super) fn found(&self) -> Option<Vec<(Name, Entry)>> {
        self.found.try_recv().ok()
    }

    /// Waits for that.
    #[cfg(test)]
    pub(super) fn wait(&self) -> Vec<(Name, Entry)> {
        self.found.recv().unwrap_or_default()
    }

    /// A file was written to.
    pub(super) fn wrote(&self, name: Name, file: &BlockFile) {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        if !written.contains_key(&name)
            && let Ok(file) = file.try_clone()
        {
            written.insert(name, file);
        }
    }

    /// A file is gone.
    pub(super) fn forget(&self, name: Name) {
        self.written.lock().unwrap_or_else(PoisonError::into_inner).remove(&name);
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.end.take();
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// What is not on the disk after this is fetched again after a failure of power.
fn sync(written: &Written) {
    let written = mem::take(&mut *written.lock().unwrap_or_else(PoisonError::into_inner));
    for file in written.values() {
        if let Err(error) = file.sync() {
            log::debug!("a block file is not put on the disk: {error}");
        }
    }
}

/// All block files. Removes what was being made by somebody who has ended.
fn look_through(directory: &Path) -> Vec<(Name, Entry)> {
    let mut found = Vec::new();
    for part in entries(directory) {
        let part_name = part.file_name();
        for file in entries(&part.path()) {
            let name = file.file_name();
            let name = part_name.to_str().zip(name.to_str());
            match name.and_then(|(part, file)| Name::read(part, file)) {
                Some(name) => found.extend(entry(&file).map(|entry| (name, entry))),
                None => remove_abandoned(&file),
            }
        }
    }
    found
}

fn entries(directory: &Path) -> impl Iterator<Item = DirEntry> {
    // What cannot be read is not counted.
    fs::read_dir(directory).into_iter().flatten().flatten()
}

fn entry(file: &DirEntry) -> Option<Entry> {
    let metadata = file.metadata().ok().filter(fs::Metadata::is_file)?;
    let used = metadata.modified().ok()?.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    Some(Entry { bytes: metadata.blocks().saturating_mul(STAT_BLOCK), used: used.as_micros() as u64 })
}

fn remove_abandoned(file: &DirEntry) {
    let is_ours = file.file_name().to_str().is_some_and(|name| name.starts_with(super::UNNAMED));
    let age =
        file.metadata().and_then(|of| of.modified()).map(|modified| modified.elapsed().unwrap_or_default());
    if is_ours && age.is_ok_and(|age| age >= ABANDONED) {
        // Somebody else may have been faster.
        let _ = fs::remove_file(file.path());
    }
}
