//! Indexes of masters on disk, and smaller pictures of them. They take long to make, so each is made once, and not by
//! each worker after each start.
//! One file for each kind of index and master, named after the master's identity.
//! A file is replaced atomically, so that workers need not coordinate. It has a checksum over its contents and the
//! identity: one that is damaged, or belongs to another master of the same name, is ignored. An index only saves work:
//! its readers check it, and any failure here costs time, but no response.

use std::cell::Cell;
use std::fs::OpenOptions;
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::time::{Duration, Instant};

use rustix::fs::{Access, OFlags};

use super::StateSettings;
use super::room::Room;
use crate::source::Identity;
use crate::source::identity::Kind;

/// The longest index that is saved or read: enough for a tile of four million packets.
const LONGEST: u64 = 64 << 20;

/// What a file begins with: a name, and the version of the format of all indexes.
const MAGIC: &[u8; 8] = b"recto\0s\x02";

/// How long nothing is saved after a failure: a disk stays full for a while.
const REST: Duration = Duration::from_secs(60);

/// The suffix of our files.
const ENDING: &str = ".state";

/// A directory of indexes.
#[derive(Debug)]
pub struct IndexStore {
    room: Room,
    /// The last failure; the first was logged, which is enough.
    failed: Cell<Option<Instant>>,
}

impl IndexStore {
    /// The directory that the configuration names, which must be there.
    ///
    /// # Errors
    /// Why nothing can be saved.
    pub fn open(settings: &StateSettings) -> Result<Self, String> {
        let directory = settings.directory.clone();
        let usable = rustix::fs::access(&directory, Access::READ_OK | Access::WRITE_OK | Access::EXEC_OK);
        usable.map_err(|error| format!("[state] directory {}: {error}", directory.display()))?;
        if settings.max_bytes == 0 {
            return Err("[state] max_bytes = 0".into());
        }
        let room = Room { directory, suffix: ENDING, limit: settings.max_bytes };
        Ok(Self { room, failed: Cell::new(None) })
    }

    /// The index of this kind of this state of a master, if there is one.
    pub fn load(&self, kind: &str, identity: &Identity) -> Option<Vec<u8>> {
        // A FIFO of that name must not hold the worker.
        let flags = OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let path = self.room.directory.join(name(kind, identity));
        let file = OpenOptions::new().read(true).custom_flags(flags.bits() as i32).open(path).ok()?;
        let metadata = file.metadata().ok().filter(|of| of.is_file() && of.len() <= LONGEST)?;
        let mut bytes = Vec::with_capacity(metadata.len() as usize);
        file.take(LONGEST).read_to_end(&mut bytes).ok()?;
        unsealed(bytes, identity)
    }

    /// Whether there is one: a call of the kernel. Whether it can be read is not known before it is.
    pub fn has(&self, kind: &str, identity: &Identity) -> bool {
        rustix::fs::access(self.room.directory.join(name(kind, identity)), Access::READ_OK).is_ok()
    }

    /// Whether it is of any use to make an index ready to be saved: for a while after a failure it is not.
    pub fn takes_more(&self) -> bool {
        self.failed.get().is_none_or(|failed| failed.elapsed() >= REST)
    }

    /// Saves an index of this state of a master, in place of the one before. The oldest indexes make room for it.
    pub fn save(&self, kind: &str, identity: &Identity, index: &[u8]) {
        let bytes = sealed(index, identity);
        let length = bytes.len() as u64;
        if length > LONGEST.min(self.room.limit) || !self.takes_more() {
            return;
        }
        let name = name(kind, identity);
        let saved = self
            .room
            .enter(&name, length)
            .and_then(|()| self.write(&name, &bytes).inspect_err(|_| self.room.leave(length)));
        if let Err(error) = saved
            && self.failed.replace(Some(Instant::now())).is_none()
        {
            log::warn!(
                "cannot keep an index in {}: {error}. Tried again every minute, without another line",
                self.room.directory.display()
            );
        }
    }

    fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        // Not synced before it is renamed: a power cut may damage it, which the checksum detects.
        let mut file =
            tempfile::Builder::new().prefix(".").suffix(ENDING).tempfile_in(&self.room.directory)?;
        file.write_all(bytes)?;
        file.persist(self.room.directory.join(name))?;
        Ok(())
    }
}

/// An index preceded by the identity that it is bound to, with a checksum of both.
fn sealed(index: &[u8], identity: &Identity) -> Vec<u8> {
    let mut bytes = [MAGIC, &identity.to_bytes()[..], index].concat();
    bytes.extend(libdeflater::crc32(&bytes).to_le_bytes());
    bytes
}

/// The index in what [`sealed`] gave; None if it is something else, or damaged.
fn unsealed(mut bytes: Vec<u8>, identity: &Identity) -> Option<Vec<u8>> {
    let (rest, checksum) = bytes.split_last_chunk()?;
    if libdeflater::crc32(rest) != u32::from_le_bytes(*checksum) {
        return None;
    }
    let index = rest.strip_prefix(MAGIC)?.strip_prefix(&identity.to_bytes())?.len();
    bytes.truncate(bytes.len() - 4);
    Some(bytes.split_off(bytes.len() - index))
}

/// The whole identity is in the name: no other state and no other file has it.
fn name(kind: &str, identity: &Identity) -> String {
    let Identity { size, modified, kind: whose } = identity;
    match whose {
        Kind::File { device, inode, changed } => {
            format!("{kind}-{device:x}-{inode:x}-{size:x}-{modified:x}-{changed:x}{ENDING}")
        }
        Kind::Object { key, etag } => format!("{kind}-{key:032x}-{etag:032x}-{size:x}-{modified:x}{ENDING}"),
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    use std::path::Path;
    use std::time::SystemTime;

    use super::*;

    fn store(directory: &Path, max_bytes: u64) -> IndexStore {
        let settings = StateSettings { directory: directory.to_owned(), max_bytes };
        IndexStore::open(&settings).expect("a directory")
    }

    fn identity(inode: u64) -> Identity {
        Identity { size: 3, modified: -4, kind: Kind::File { device: 1, inode, changed: 5 } }
    }

    fn names(directory: &Path) -> Vec<String> {
        let entries = fs::read_dir(directory).expect("a directory");
        let mut names: Vec<_> =
            entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("text")).collect();
        names.sort();
        names
    }

    #[test]
    fn what_is_saved_is_found_by_another_and_for_the_same_master_only() {
        let directory = tempfile::tempdir().expect("a directory");
        let (one, other) = (store(directory.path(), 1 << 20), store(directory.path(), 1 << 20));
        assert_eq!(one.load("jp2", &identity(1)), None);
        one.save("jp2", &identity(1), b"first");
        assert_eq!(other.load("jp2", &identity(1)).as_deref(), Some(&b"first"[..]));
        other.save("jp2", &identity(1), b"second");
        assert_eq!(one.load("jp2", &identity(1)).as_deref(), Some(&b"second"[..]));
        assert_eq!(one.load("jpeg", &identity(1)), None);
        let of = identity(1);
        let file = |device, inode, changed| Identity { kind: Kind::File { device, inode, changed }, ..of };
        for changed in [
            file(2, 1, 5),
            file(1, 2, 5),
            file(1, 1, 2),
            Identity { size: 2, ..of },
            Identity { modified: 2, ..of },
            Identity { kind: Kind::Object { key: 1 << 64 | 1, etag: 5 }, ..of },
        ] {
            assert_eq!(one.load("jp2", &changed), None);
        }
        assert_eq!(
            names(directory.path()),
            ["jp2-1-1-3-fffffffffffffffffffffffffffffffc-5.state", "total"],
            "nothing else is left"
        );
        let mode = fs::metadata(directory.path().join("jp2-1-1-3-fffffffffffffffffffffffffffffffc-5.state"))
            .expect("there")
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_damaged_file_counts_as_none() {
        let directory = tempfile::tempdir().expect("a directory");
        let store = store(directory.path(), 1 << 20);
        store.save("jp2", &identity(1), b"found");
        let path = |inode| directory.path().join(name("jp2", &identity(inode)));
        let whole = fs::read(path(1)).expect("there");
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 0x11;
            for bytes in [&damaged[..], &whole[..at]] {
                fs::write(path(1), bytes).expect("written");
                assert_eq!(store.load("jp2", &identity(1)), None, "byte {at}");
            }
        }
        fs::write(path(2), &whole).expect("written");
        assert_eq!(store.load("jp2", &identity(2)), None, "another master's");
    }

    #[test]
    fn the_oldest_make_room() {
        let directory = tempfile::tempdir().expect("a directory");
        let bytes = vec![7; 10_000];
        let roomy = store(directory.path(), 1 << 20);
        let unfinished = directory.path().join(".abandoned.state");
        fs::write(&unfinished, &bytes).expect("written");
        for inode in 1..=4 {
            roomy.save("jp2", &identity(inode), &bytes);
            let path = directory.path().join(name("jp2", &identity(inode)));
            let age = Duration::from_secs(100 - 10 * inode);
            let file = OpenOptions::new().write(true).open(path).expect("there");
            file.set_modified(SystemTime::now() - age).expect("set");
        }
        let foreign = directory.path().join("leaf.tif");
        fs::write(&foreign, &bytes).expect("written");
        for old in [&unfinished, &foreign] {
            let file = OpenOptions::new().write(true).open(old).expect("there");
            file.set_modified(SystemTime::now() - Duration::from_secs(3600)).expect("set");
        }
        let tight = store(directory.path(), 43_000);
        tight.save("jp2", &identity(5), &bytes);
        let left = (1..=5).filter(|inode| tight.load("jp2", &identity(*inode)).is_some());
        assert_eq!(left.collect::<Vec<_>>(), [3, 4, 5], "with whole blocks of the disk counted");
        assert!(!unfinished.exists() && foreign.exists());
        tight.save("jp2", &identity(6), &vec![0; 50_000]);
        assert_eq!(tight.load("jp2", &identity(6)), None, "too much for the directory");
    }

    #[test]
    fn what_is_no_file_of_ours_is_left_alone() {
        let directory = tempfile::tempdir().expect("a directory");
        let store = store(directory.path(), 1 << 20);
        let path = directory.path().join(name("jp2", &identity(1)));
        rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU, 0)
            .expect("a FIFO");
        assert_eq!(store.load("jp2", &identity(1)), None, "and nobody waits for a writer");
        fs::remove_file(&path).expect("removed");
        let large = fs::File::create(&path).expect("created");
        large.set_len(LONGEST + 1).expect("grown");
        assert_eq!(store.load("jp2", &identity(1)), None);
        store.save("jp2", &identity(1), b"small");
        assert_eq!(store.load("jp2", &identity(1)).as_deref(), Some(&b"small"[..]));
    }

    #[test]
    fn without_a_directory_nothing_is_saved_and_nothing_fails() {
        let directory = tempfile::tempdir().expect("a directory");
        let missing = directory.path().join("missing");
        let open = |directory: &Path, max_bytes| {
            IndexStore::open(&StateSettings { directory: directory.to_owned(), max_bytes })
        };
        assert!(open(&missing, 1).expect_err("missing").contains("missing"));
        assert!(open(directory.path(), 0).is_err());
        fs::create_dir(&missing).expect("made");
        let store = store(&missing, 1 << 20);
        fs::set_permissions(&missing, Permissions::from_mode(0o000)).expect("set");
        fs::remove_dir(&missing).expect("removed");
        store.save("jp2", &identity(1), b"lost");
        assert_eq!(store.load("jp2", &identity(1)), None);
    }
}
