//! One state of an object, as all processes name it. Pure.

use super::layout::LARGEST;
use super::wire::{self, Cut, Words};

/// The longest key, in bytes: stores allow 1024 characters.
pub const LONGEST_KEY: usize = 2048;

/// The longest entity tag, in bytes.
const LONGEST_ETAG: usize = 512;

/// One state of an object of a source. Other bytes have another tag.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Version {
    /// Its path below the source, with its extension.
    pub key: String,
    /// Its entity tag, or what stands for it where a store has none.
    pub etag: String,
    /// Its length, in bytes: at most [`LARGEST`].
    pub size: u64,
    /// When it was last written to: nanoseconds since 1970.
    pub modified: i128,
}

/// Whether a path below a source may be that of an object: no name in it is empty, or begins with a dot. Such files
/// serve other programs, and `..` would lead out.
pub fn is_key(path: &str) -> bool {
    let is_name = |name: &str| !name.is_empty() && !name.starts_with('.');
    path.len() <= LONGEST_KEY && path.split('/').all(is_name) && !path.contains(|c: char| c.is_control())
}

impl Version {
    /// Whether it is within the bounds that all processes rely on.
    pub fn is_sound(&self) -> bool {
        is_key(&self.key) && self.etag.len() <= LONGEST_ETAG && self.size <= LARGEST
    }

    pub(super) fn encode(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.size.to_le_bytes());
        bytes.extend(self.modified.to_le_bytes());
        wire::text(bytes, &self.key, LONGEST_KEY);
        wire::text(bytes, &self.etag, LONGEST_ETAG);
    }

    pub(super) fn decode(words: &mut Words<'_>) -> Result<Self, Cut> {
        let (size, modified) = (words.u64()?, words.i128()?);
        let (key, etag) = (words.text(LONGEST_KEY)?, words.text(LONGEST_ETAG)?);
        let version = Self { key, etag, size, modified };
        if version.is_sound() { Ok(version) } else { Err(Cut) }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A version of so many bytes.
    pub(crate) fn version(key: &str, size: u64) -> Version {
        Version { key: key.to_owned(), etag: "\"1\"".to_owned(), size, modified: -7 }
    }

    #[test]
    fn keys_are_paths_of_names_that_do_not_begin_with_a_dot() {
        let long = "x".repeat(LONGEST_KEY + 1);
        for (path, expected) in [
            ("a.tif", true),
            ("box/leaf 1;3.tif", true),
            ("a./b.", true),
            ("", false),
            ("/a", false),
            ("a/", false),
            ("a//b", false),
            (".a", false),
            ("a/.b", false),
            ("a/../b", false),
            ("a\nb", false),
            ("a\0", false),
            (&long[1..], true),
            (&long, false),
        ] {
            assert_eq!(is_key(path), expected, "{path:?}");
        }
    }
}
