//! The block cache on disk: the block files of all objects that are known on this host, within a bound.
//!
//! Several processes may work in one directory: after a change of the configuration the fetcher before it goes on for a
//! while. So nothing here is ever changed that another one relies on. A file gets its name when it is whole, an object
//! has one name, and a new version takes the place of the old one, which whoever has it open keeps. What is written to a
//! file are the bytes of one version, whoever writes them.

mod books;
mod keeper;
mod leaving;
mod names;
#[cfg(test)]
mod tests;

use std::fs::{self, DirBuilder, File, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, SystemTime};

use rustix::fs::OFlags;

use crate::blocks::{BlockFile, Head, State, Version, boot};
use crate::lru::Lru;
use crate::source::CacheSettings;
use books::{Books, Entry};
use keeper::Keeper;
use leaving::Leaving;
use names::Name;

/// Most files that are held open: each takes a descriptor.
const OPEN: usize = 512;

/// What the names of files begin with that are being made.
const UNNAMED: &str = ".new-";

/// Which part of its bound files may take beside that are on their way out: while much is fetched for the first time.
const LEAVING: u64 = 8;

/// How much goes at a time when the disk takes no more.
const ROOM: u64 = 64 << 20;

/// The cache.
pub(super) struct Cache {
    directory: PathBuf,
    boot: [u8; 16],
    books: Books,
    open: Lru<Name, Rc<Kept>>,
    leaving: Leaving,
    /// Bytes that files on their way out may take beside.
    max_leaving: u64,
    keeper: Option<Keeper>,
    evictions: u64,
    is_failing: bool,
}

/// A block file, open, and whose it is.
struct Kept {
    file: Rc<BlockFile>,
    source: String,
    version: Version,
}

/// How the cache is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Usage {
    /// Bytes on disk, those of files that are on their way out among them.
    pub(super) bytes: u64,
    /// Objects of which there is a block file.
    pub(super) objects: u64,
    /// Files that had to go because there was no room.
    pub(super) evictions: u64,
    /// Whether the disk has failed, or is full, and has not taken anything since.
    pub(super) failing: bool,
}

impl Cache {
    /// The cache in this directory, which is made if need be, and closed to all other users. What is in it is counted in
    /// the background, from the first use on; a file is found before that.
    ///
    /// # Errors
    /// If there is no such directory, or nothing can be written there.
    pub(super) fn open(settings: &CacheSettings) -> io::Result<Self> {
        let directory = settings.directory.clone();
        make(&directory)?;
        tempfile::Builder::new().prefix(UNNAMED).tempfile_in(&directory)?;
        Ok(Self {
            boot: boot(),
            books: Books::new(settings.max_bytes),
            open: Lru::new(OPEN, usize::MAX),
            leaving: Leaving::default(),
            max_leaving: settings.max_bytes / LEAVING,
            keeper: None,
            directory,
            evictions: 0,
            is_failing: false,
        })
    }

    /// The block file of a version of an object, made if need be; it counts as used now. A file of another version that
    /// was in its place is retired.
    ///
    /// # Errors
    /// Those of the disk, if it takes no more even after what could go has gone.
    pub(super) fn object(&mut self, source: &str, version: &Version) -> io::Result<Rc<BlockFile>> {
        self.take_stock();
        let name = Name::of(source, &version.key);
        let there = self.current(name, source, &version.key);
        if let Some(kept) = there.filter(|kept| kept.version == *version) {
            self.books.uses(name, now(), 0);
            return Ok(Rc::clone(&kept.file));
        }
        self.remove(name);
        let created = match self.create(name, source, version) {
            Err(error) if self.makes_room(&error) => self.create(name, source, version),
            outcome => outcome,
        };
        self.is_failing = created.is_err();
        let file = Rc::new(created?);
        let bytes = file.file().metadata().map_or(0, |of| of.blocks().saturating_mul(512));
        self.books.enter(name, Entry { bytes, used: now() });
        let kept = Kept { file: Rc::clone(&file), source: source.to_owned(), version: version.clone() };
        self.open.insert(name, Rc::new(kept), 0);
        self.open.trim();
        self.evict();
        Ok(file)
    }

    /// The version of an object of which there is a block file, from before a restart perhaps.
    pub(super) fn latest(&mut self, source: &str, key: &str) -> Option<Version> {
        self.take_stock();
        let kept = self.current(Name::of(source, key), source, key)?;
        Some(kept.version.clone())
    }

    /// The store has another version than this one, or none: nobody is to begin to use it.
    pub(super) fn retire(&mut self, source: &str, version: &Version) {
        let name = Name::of(source, &version.key);
        if self.current(name, source, &version.key).is_some_and(|kept| kept.version == *version) {
            self.remove(name);
        }
    }

    /// So many bytes of blocks of a version were written and marked.
    pub(super) fn wrote(&mut self, source: &str, version: &Version, bytes: u64) {
        let name = Name::of(source, &version.key);
        if let Some(kept) = self.open.get(&name).filter(|kept| kept.version == *version) {
            self.keeper.iter().for_each(|keeper| keeper.wrote(name, &kept.file));
            self.books.uses(name, now(), bytes);
            self.is_failing = false;
        }
        self.take_stock();
        self.evict();
    }

    /// Writing has failed in this way: whether it is of use to try once more, because something could go from a disk that
    /// is full.
    pub(super) fn makes_room(&mut self, error: &io::Error) -> bool {
        self.is_failing = true;
        if !matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded) {
            return false;
        }
        self.take_stock();
        let oldest = self.books.oldest(ROOM);
        self.evictions += oldest.len() as u64;
        oldest.iter().for_each(|name| self.remove(*name));
        let before = self.leaving.bytes();
        self.leaving.cut_down(0);
        before > 0 || !oldest.is_empty()
    }

    /// How it is used.
    pub(super) fn usage(&self) -> Usage {
        Usage {
            bytes: self.books.bytes().saturating_add(self.leaving.bytes()),
            objects: self.books.objects(),
            evictions: self.evictions,
            failing: self.is_failing,
        }
    }

    /// The file by this name, whatever its version, unless it is retired.
    fn current(&mut self, name: Name, source: &str, key: &str) -> Option<Rc<Kept>> {
        let usable = |file: &BlockFile| file.state().is_ok_and(|state| !state.retired);
        // Another process may have retired it, or put another version in its place, and retired it before.
        if let Some(kept) = self.open.get(&name).filter(|kept| usable(&kept.file)) {
            return Some(Rc::clone(kept));
        }
        self.open.remove(&name);
        let kept = self.read(&name.path(&self.directory)).ok()?;
        if kept.source != source || kept.version.key != key || !usable(&kept.file) {
            return None;
        }
        let metadata = kept.file.file().metadata().ok()?;
        self.books.found(name, Entry { bytes: metadata.blocks().saturating_mul(512), used: now() });
        let kept = Rc::new(kept);
        self.open.insert(name, Rc::clone(&kept), 0);
        self.open.trim();
        Some(kept)
    }

    fn read(&self, path: &Path) -> io::Result<Kept> {
        // What is none of ours must not hold us.
        let flags = OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = File::options().read(true).write(true).custom_flags(flags.bits() as i32).open(path)?;
        let (file, head) = BlockFile::open(file)?;
        if head.boot != self.boot {
            file.adopt(self.boot)?;
        }
        Ok(Kept { file: Rc::new(file), source: head.source, version: head.version })
    }

    fn create(&self, name: Name, source: &str, version: &Version) -> io::Result<BlockFile> {
        let path = name.path(&self.directory);
        let directory = path.parent().unwrap_or(&self.directory);
        if !directory.is_dir() {
            make(directory)?;
        }
        let (file, unnamed) = tempfile::Builder::new().prefix(UNNAMED).tempfile_in(directory)?.into_parts();
        let state = State { fresh_until: 0, retired: false };
        let (source, version) = (source.to_owned(), version.clone());
        let file = BlockFile::create(file, &Head { state, boot: self.boot, source, version })?;
        unnamed.persist(&path).map_err(|error| error.error)?;
        Ok(file)
    }

    /// Counts what was found on the disk, once that is known.
    fn take_stock(&mut self) {
        // Not before it is used: by then this process has confined itself, and its threads with it.
        if self.keeper.is_none() {
            let started = Keeper::start(self.directory.clone());
            self.keeper =
                started.inspect_err(|error| log::warn!("nobody looks after the block cache: {error}")).ok();
        }
        if let Some(found) = self.keeper.as_ref().and_then(Keeper::found) {
            self.stock(found);
        }
        self.leaving.see_off();
    }

    fn stock(&mut self, found: Vec<(Name, Entry)>) {
        found.into_iter().for_each(|(name, entry)| self.books.found(name, entry));
        self.evict();
    }

    /// Lets go what there is no room for.
    fn evict(&mut self) {
        for name in self.books.surplus() {
            self.evictions += 1;
            self.remove(name);
        }
        self.leaving.cut_down(self.max_leaving);
    }

    /// Retires the file by this name, if there is one, and takes it out of the directory.
    fn remove(&mut self, name: Name) {
        let path = name.path(&self.directory);
        let held = self.open.remove(&name).map(|kept| Rc::clone(&kept.file));
        let file = held.or_else(|| self.read(&path).ok().map(|kept| kept.file));
        let age = self.books.strike(name).map_or(0, |entry| now().saturating_sub(entry.used));
        // Retired before it has no name: whoever finds the next one must not go on with this one.
        if let Some(file) = file {
            self.leaving.enter(file, Duration::from_micros(age));
        }
        // Gone already, or on a disk that fails: then it is tried again when it is found again.
        let _ = fs::remove_file(path);
        self.keeper.iter().for_each(|keeper| keeper.forget(name));
    }
}

/// Makes a directory, and closes it to other users.
///
/// # Errors
/// Those of the disk.
pub(super) fn make(directory: &Path) -> io::Result<()> {
    match fs::metadata(directory) {
        Ok(metadata) if metadata.is_dir() && metadata.mode() & 0o077 == 0 => Ok(()),
        Ok(_) => fs::set_permissions(directory, Permissions::from_mode(0o700)),
        Err(_) => DirBuilder::new().recursive(true).mode(0o700).create(directory),
    }
}

fn now() -> u64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    now.as_micros().try_into().unwrap_or(u64::MAX)
}
