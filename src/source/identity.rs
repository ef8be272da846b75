//! What distinguishes one state of a master from any other, and what its copies have in common.
//! Pure on the metadata of a file, or the version of an object.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::fs::MetadataExt;
use std::time::{Duration, SystemTime};

use sha2::{Digest, Sha256};

use crate::blocks::Version;

/// A file that changed more recently than this may change again without another time of change: clocks of file systems
/// tick every few milliseconds, on networks every second.
const SETTLED: Duration = Duration::from_secs(2);

/// In a second.
const NANOSECONDS: i128 = 1_000_000_000;

/// The last second of the year 9999.
const LAST_SECOND: i128 = 253_402_300_799;

/// A state of a file on this machine, or of an object in a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Identity {
    pub(crate) size: u64,
    /// When it was last written to, which its owner can set: nanoseconds since 1970.
    pub(crate) modified: i128,
    pub(crate) kind: Kind,
}

/// What else tells one from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// A file. Other contents have another identity, even if they were written in place and the file's date was set back:
    /// only the kernel sets the time of the last change of any kind (`st_ctime`). A change of mode, links or owner gives
    /// another identity as well, and the file is read again needlessly.
    File {
        device: u64,
        inode: u64,
        /// When anything about it last changed, in nanoseconds since 1970.
        changed: i128,
    },
    /// An object. Other contents have another tag.
    Object {
        /// A digest of its store and key.
        key: u128,
        /// A digest of its entity tag.
        etag: u128,
    },
}

impl Identity {
    pub(crate) fn of(file: &fs::Metadata) -> Self {
        let nanoseconds = |seconds: i64, more: i64| i128::from(seconds) * NANOSECONDS + i128::from(more);
        Self {
            size: file.size(),
            modified: nanoseconds(file.mtime(), file.mtime_nsec()),
            kind: Kind::File {
                device: file.dev(),
                inode: file.ino(),
                changed: nanoseconds(file.ctime(), file.ctime_nsec()),
            },
        }
    }

    /// That of an object in the store of this name.
    pub(crate) fn of_object(store: &str, version: &Version) -> Self {
        let key = digest(&[store, &version.key]);
        let kind = Kind::Object { key, etag: digest(&[&version.etag]) };
        Self { size: version.size, modified: version.modified, kind }
    }

    /// The identity as one number, the same as long as this process runs.
    pub(crate) fn number(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.hash(&mut hasher);
        hasher.finish()
    }

    /// All of its fields, as bytes.
    pub(crate) fn to_bytes(self) -> [u8; 56] {
        let Self { size, modified, kind } = self;
        let mut bytes = [0; 56];
        let (begin, rest) = bytes.split_at_mut(16);
        let (numbers, end) = rest.split_at_mut(24);
        let (first, last) = match kind {
            Kind::File { device, inode, changed } => {
                (u128::from(inode) << 64 | u128::from(device), changed.to_le_bytes())
            }
            Kind::Object { key, etag } => (key, etag.to_le_bytes()),
        };
        begin.copy_from_slice(&first.to_le_bytes());
        numbers[..8].copy_from_slice(&size.to_le_bytes());
        numbers[8..].copy_from_slice(&modified.to_le_bytes());
        end.copy_from_slice(&last);
        bytes
    }

    /// What a copy of a file on another disk or machine has in common with it, as bytes: its size, and when it was
    /// last written to. Clients get to see no more than that: a file that was written in place by something that put its
    /// date back looks the same from there. Of an object, which all machines see alike: its size and its tag.
    pub fn of_any_copy(&self) -> [u8; 24] {
        let mut bytes = [0; 24];
        bytes[..8].copy_from_slice(&self.size.to_le_bytes());
        bytes[8..].copy_from_slice(&match self.kind {
            Kind::File { .. } => self.modified.to_le_bytes(),
            Kind::Object { etag, .. } => etag.to_le_bytes(),
        });
        bytes
    }

    /// Whether a later state has another identity. Stores see to it.
    pub(crate) fn is_settled(&self) -> bool {
        let Kind::File { changed, .. } = self.kind else { return true };
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let now = i128::try_from(now.as_nanos()).unwrap_or(i128::MAX);
        // A time in the future is settled: whoever writes now sets another one.
        [self.modified, changed].into_iter().all(|time| now.abs_diff(time) > SETTLED.as_nanos())
    }

    /// When the file was last written to, to the second: never before 1970, nor after 9999, where dates of HTTP end.
    pub fn modified(&self) -> SystemTime {
        let seconds = (self.modified / NANOSECONDS).clamp(0, LAST_SECOND);
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds.try_into().unwrap_or(0))
    }
}

/// The same on every machine; texts cannot be taken for others that run into each other.
fn digest(texts: &[&str]) -> u128 {
    let mut digest = Sha256::new();
    for text in texts {
        digest.update(text.len().to_le_bytes());
        digest.update(text);
    }
    let mut first = [0; 16];
    first.copy_from_slice(&digest.finalize()[..16]);
    u128::from_le_bytes(first)
}

#[cfg(test)]
pub(crate) mod tests {
    use std::path::Path;

    use super::*;

    /// Waits until the file is settled.
    pub(crate) fn settle(path: &Path) {
        let settled = || Identity::of(&fs::metadata(path).expect("there")).is_settled();
        while !settled() {
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn identity(modified: i128, changed: i128) -> Identity {
        Identity { size: 3, modified, kind: Kind::File { device: 1, inode: 2, changed } }
    }

    #[test]
    fn copies_of_a_file_have_the_same_bytes_for_clients() {
        let of = identity(4, 5);
        for (device, inode, changed) in [(9, 2, 5), (1, 9, 5), (1, 2, 9)] {
            let copy = Identity { kind: Kind::File { device, inode, changed }, ..of };
            assert_eq!(copy.of_any_copy(), of.of_any_copy());
            assert_ne!(copy.to_bytes(), of.to_bytes());
        }
        for other in [Identity { size: 9, ..of }, Identity { modified: 9, ..of }] {
            assert_ne!(other.of_any_copy(), of.of_any_copy());
            assert_ne!(other.to_bytes(), of.to_bytes());
        }
    }

    #[test]
    fn the_tag_of_an_object_tells_its_states_apart_on_all_machines() {
        let version =
            |key: &str, etag: &str, size| Version { key: key.into(), etag: etag.into(), size, modified: 4 };
        let identity = |store, version: Version| Identity::of_object(store, &version);
        let of = identity("s3://a/", version("b", "1", 3));
        assert_eq!(identity("s3://a/", version("b", "1", 3)), of);
        assert!(of.is_settled());
        for (same_to_clients, other) in [
            (true, identity("s3://", version("a/b", "1", 3))),
            (true, identity("s3://a/", version("c", "1", 3))),
            (true, identity("s3://a/", Version { modified: 5, ..version("b", "1", 3) })),
            (false, identity("s3://a/", version("b", "2", 3))),
            (false, identity("s3://a/", version("b", "1", 4))),
        ] {
            assert_ne!(other.to_bytes(), of.to_bytes());
            assert_eq!(other.of_any_copy() == of.of_any_copy(), same_to_clients);
        }
    }

    #[test]
    fn a_file_is_settled_when_neither_time_is_now() {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970");
        let now = i128::try_from(now.as_nanos()).expect("before long");
        let hour = 3600 * NANOSECONDS;
        for (modified, changed, settled) in [
            (now - hour, now - hour, true),
            (now - hour, now, false),
            (now, now - hour, false),
            (now + hour, now - hour, true),
            (i128::MIN, i128::MAX, true),
        ] {
            assert_eq!(identity(modified, changed).is_settled(), settled, "{modified} {changed}");
        }
    }

    #[test]
    fn dates_are_dates_of_http() {
        for (seconds, date) in [
            (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (-5, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (1 << 60, "Fri, 31 Dec 9999 23:59:59 GMT"),
        ] {
            let modified = identity(seconds * NANOSECONDS + 999, 0).modified();
            assert_eq!(httpdate::fmt_http_date(modified), date);
        }
    }
}
