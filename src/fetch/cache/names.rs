//! What block files are called in the directory of the cache: by source and key, so that one is found without a list,
//! and an object has one place, whatever its version. Pure.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// The name of an object: a digest of its source and key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Name(u128);

/// Digits of a name that its directory is called by: of one directory files would be found slowly.
const FIRST: usize = 2;

/// Digits of a name.
const DIGITS: usize = 32;

impl Name {
    pub(super) fn of(source: &str, key: &str) -> Self {
        let mut digest = Sha256::new();
        digest.update(source.len().to_le_bytes());
        digest.update(source);
        digest.update(key);
        let mut first = [0; 16];
        first.copy_from_slice(&digest.finalize()[..16]);
        Self(u128::from_be_bytes(first))
    }

    /// Where its block file is.
    pub(super) fn path(self, directory: &Path) -> PathBuf {
        let digits = format!("{:0DIGITS$x}", self.0);
        directory.join(&digits[..FIRST]).join(&digits[FIRST..])
    }

    /// The name of the file called so in the directory called so; None if it is none of ours.
    pub(super) fn read(directory: &str, file: &str) -> Option<Self> {
        let is_ours = |text: &str, digits: usize| {
            text.len() == digits && text.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
        };
        let is_ours = is_ours(directory, FIRST) && is_ours(file, DIGITS - FIRST);
        u128::from_str_radix(&format!("{directory}{file}"), 16).ok().filter(|_| is_ours).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written_and_no_others() {
        for (source, key) in [("s3://a/", "b.tif"), ("s3://a", "/b.tif"), ("", "")] {
            let name = Name::of(source, key);
            let path = name.path(Path::new("/cache"));
            let mut parts = path.iter().rev().map(|part| part.to_str().expect("digits"));
            let (file, directory) = (parts.next().expect("a file"), parts.next().expect("a directory"));
            assert_eq!(Name::read(directory, file), Some(name));
            assert_eq!(Name::read(file, directory), None);
            assert_eq!(Name::read(directory, &file.to_uppercase().replace('0', "+")), None);
            assert_eq!(Name::read(directory, ".tmp"), None);
        }
        assert_ne!(Name::of("s3://a/", "b.tif"), Name::of("s3://a", "/b.tif"));
    }
}
