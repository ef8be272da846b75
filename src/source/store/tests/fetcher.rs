//! A fetcher without a network: a thread at the exit of a counter, whose store is a directory.

use std::collections::HashMap;
use std::fs;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::blocks::{
    Answer, Ask, Asker, BlockFile, Counter, Exit, Head, Missing, Refused, Reply, Spent, State, Version, boot,
    now,
};
use crate::source::{Masters, Place, SourceSettings, Sources, StoreKind, StoreSettings};

/// What the fetcher is to do with asks.
#[derive(Default)]
pub(super) struct Orders {
    /// How many asks it is to drop, as if it had ended with them.
    pub(super) drops: AtomicUsize,
    /// Whether asks are kept, and not answered.
    pub(super) holds: AtomicBool,
    /// What it refuses all asks with.
    pub(super) refuses: Mutex<Option<Refused>>,
    /// How many asks it has taken, and how many of those that it held were left by their askers.
    pub(super) taken: AtomicUsize,
    pub(super) left: AtomicUsize,
    /// The block files that it has.
    pub(super) files: Mutex<HashMap<String, (Version, BlockFile)>>,
    is_over: AtomicBool,
}

/// The fetcher, and a source whose store is a directory.
pub(super) struct Fetcher {
    pub(super) orders: Arc<Orders>,
    pub(super) sources: Sources,
    thread: Option<JoinHandle<()>>,
}

impl Fetcher {
    pub(super) fn start(directory: &Path) -> Self {
        let Counter { entrance, exit } = Counter::new().expect("a counter");
        let orders = Arc::new(Orders::default());
        let worker =
            At { directory: directory.to_owned(), exit, orders: Arc::clone(&orders), held: Vec::new() };
        let thread = thread::spawn(move || worker.work());
        let sources =
            Sources::open(&masters()).expect("no directory").asking(entrance, Duration::from_secs(60));
        Self { orders, sources, thread: Some(thread) }
    }

    /// How many asks were taken so far.
    pub(super) fn taken(&self) -> usize {
        self.orders.taken.load(Ordering::SeqCst)
    }
}

impl Drop for Fetcher {
    fn drop(&mut self) {
        self.orders.is_over.store(true, Ordering::SeqCst);
        self.thread.take().map(JoinHandle::join).transpose().expect("no panic");
    }
}

/// One store, whose identifiers begin with `far/`.
pub(super) fn masters() -> Masters {
    let store = StoreSettings {
        kind: StoreKind::S3,
        bucket: "masters".into(),
        path: String::new(),
        endpoint: None,
        region: None,
        account: None,
        public: true,
        ca: None,
        user: None,
        password_file: None,
    };
    let source = SourceSettings { prefix: "far/".into(), place: Place::Store(store) };
    Masters { sources: vec![source], follow_symlinks: false }
}

struct At {
    directory: PathBuf,
    exit: Exit,
    orders: Arc<Orders>,
    held: Vec<(Ask, Asker)>,
}

impl At {
    fn work(mut self) {
        while !self.orders.is_over.load(Ordering::SeqCst) {
            let time = Timespec { tv_sec: 0, tv_nsec: 2_000_000 };
            poll(&mut [PollFd::new(&self.exit.as_fd(), PollFlags::IN)], Some(&time)).expect("polled");
            while let Some((ask, asker)) = self.exit.take().expect("an ask") {
                self.held.push((ask, asker));
                self.orders.taken.fetch_add(1, Ordering::SeqCst);
            }
            let left = self.held.iter().filter(|(_, asker)| asker.has_left()).count();
            self.orders.left.fetch_add(left, Ordering::SeqCst);
            self.held.retain(|(_, asker)| !asker.has_left());
            if !self.orders.holds.load(Ordering::SeqCst) {
                std::mem::take(&mut self.held).into_iter().for_each(|(ask, asker)| self.answer(&ask, asker));
            }
        }
    }

    fn answer(&self, ask: &Ask, asker: Asker) {
        let drops = &self.orders.drops;
        if drops.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok() {
            return;
        }
        let mut files = self.orders.files.lock().expect("no panic");
        let refused = self.orders.refuses.lock().expect("no panic").clone();
        let (answer, file) = match ask {
            _ if refused.is_some() => (refused.map(Answer::Refused).expect("some"), None),
            Ask::Find { path, complete, .. } => match self.look(path, *complete) {
                Err(missing) => (Answer::Missing(missing), None),
                Ok((version, bytes)) => {
                    let file = self.keep(&mut files, &version);
                    let first = bytes.len().min(crate::blocks::BLOCK as usize);
                    if first > 0 {
                        file.write(0, &bytes[..first]).expect("written");
                        file.mark(&(0..1)).expect("marked");
                    }
                    (Answer::Found(version), Some(file))
                }
            },
            Ask::Fetch { version, blocks, .. } => match self.look(&version.key, false) {
                Ok((current, bytes)) if current == *version => {
                    let file = self.keep(&mut files, version);
                    for block in blocks.iter().cloned().flatten() {
                        let place = file.layout().bytes(&(block..block + 1));
                        file.write(block, &bytes[place.start as usize..place.end as usize]).expect("written");
                        file.mark(&(block..block + 1)).expect("marked");
                    }
                    (Answer::There, None)
                }
                _ => (Answer::Changed, None),
            },
        };
        let spent = Spent { requests: 1, bytes: 10 };
        // It may have left.
        let _ = asker.reply(&Reply { answer, spent }, file);
    }

    fn look(&self, path: &str, complete: bool) -> Result<(Version, Vec<u8>), Missing> {
        let exact = fs::read(self.directory.join(path)).ok().map(|bytes| (path.to_owned(), bytes));
        let added = ["tif", "jp2", "jpg"].iter().filter(|_| complete).filter_map(|extension| {
            let path = format!("{path}.{extension}");
            fs::read(self.directory.join(&path)).ok().map(|bytes| (path, bytes))
        });
        let mut found: Vec<_> = exact.into_iter().chain(added).collect();
        match found.len() {
            0 => Err(Missing::NotFound),
            1 => {
                let (key, bytes) = found.remove(0);
                let etag = libdeflater::crc32(&bytes).to_string();
                Ok((Version { key, etag, size: bytes.len() as u64, modified: 5 }, bytes))
            }
            _ => Err(Missing::Ambiguous),
        }
    }

    /// The block file of a version, fresh or not as it was ordered.
    fn keep<'f>(
        &self,
        files: &'f mut HashMap<String, (Version, BlockFile)>,
        version: &Version,
    ) -> &'f BlockFile {
        let hour = Duration::from_secs(3600).as_nanos() as u64;
        let state = State { fresh_until: now() + hour, retired: false };
        if files.get(&version.key).is_none_or(|(known, file)| known != version || file.is_cut_off()) {
            if let Some((_, old)) = files.get(&version.key) {
                old.set_state(State { fresh_until: 0, retired: true }).expect("set");
            }
            let head = Head { state, boot: boot(), source: "far".into(), version: version.clone() };
            let file = BlockFile::create(tempfile::tempfile().expect("a file"), &head).expect("created");
            files.insert(version.key.clone(), (version.clone(), file));
        }
        let (_, file) = &files[&version.key];
        file.set_state(state).expect("set");
        file
    }
}
