//! One number for the program and its configuration, and the hash function that computes it. Pure.

use std::fmt;
use std::hash::{Hash, Hasher};

use siphasher::sip::SipHasher13;

/// The program and its configuration in all entity tags: another version or setting gives other bytes. It is the same
/// on every machine with the same version and settings, wherever its files are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConfigFingerprint(u64);

impl ConfigFingerprint {
    /// The fingerprint of this version of the program with `settings`, which must be all that changes the bytes of a
    /// response.
    pub fn of(settings: &impl Hash) -> Self {
        let mut digest = Digest::default();
        digest.add(env!("CARGO_PKG_VERSION").as_bytes());
        settings.hash(&mut digest);
        Self(digest.finish())
    }

    /// Its bytes, as a part of a digest.
    pub(super) fn to_bytes(self) -> [u8; 8] {
        self.0.to_le_bytes()
    }
}

impl fmt::Display for ConfigFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// SipHash-1-3 with the key 0: the same number for the same bytes on every machine, which the standard library's hasher
/// does not promise. Integers of a derived `Hash` come as little-endian bytes, those of a pointer's width as 8.
#[derive(Default)]
pub(super) struct Digest(SipHasher13);

impl Digest {
    /// Adds a part, with its length: so no two lists of parts give the same bytes.
    pub(super) fn add(&mut self, part: &[u8]) {
        self.write_usize(part.len());
        self.write(part);
    }
}

impl Hasher for Digest {
    fn finish(&self) -> u64 {
        self.0.finish()
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0.write(bytes);
    }

    fn write_u16(&mut self, number: u16) {
        self.write(&number.to_le_bytes());
    }

    fn write_u32(&mut self, number: u32) {
        self.write(&number.to_le_bytes());
    }

    fn write_u64(&mut self, number: u64) {
        self.write(&number.to_le_bytes());
    }

    fn write_u128(&mut self, number: u128) {
        self.write(&number.to_le_bytes());
    }

    fn write_usize(&mut self, number: usize) {
        self.write_u64(number as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SipHash-1-3 without a key, as Python 3.11 has it: `PYTHONHASHSEED=0`, `hash(bytes)`.
    #[test]
    fn a_digest_is_the_same_everywhere() {
        let mut digest = Digest::default();
        digest.add(b"recto");
        digest.add(b"");
        assert_eq!(digest.finish(), 0x6658_1a75_b544_0ba5);
    }

    /// What a derived `Hash` feeds in is the compiler's choice: if that changed, so would all tags.
    #[test]
    fn settings_are_digested_by_the_same_bytes_everywhere() {
        #[derive(Hash)]
        enum Choice {
            #[expect(dead_code, reason = "so that the other is not the first")]
            This,
            That(bool),
        }
        #[derive(Hash)]
        struct Settings {
            number: u32,
            size: usize,
            choice: Choice,
            text: &'static str,
            list: Vec<Option<u16>>,
            colour: [u8; 3],
        }
        let settings = Settings {
            number: 0x0102_0304,
            size: 5,
            choice: Choice::That(true),
            text: "ab",
            list: vec![None, Some(0x0607)],
            colour: [8, 9, 10],
        };
        let (mut derived, mut written) = (Digest::default(), Digest::default());
        settings.hash(&mut derived);
        for bytes in [
            &[4, 3, 2, 1][..],
            &[5, 0, 0, 0, 0, 0, 0, 0],
            &[1, 0, 0, 0, 0, 0, 0, 0, 1],
            b"ab\xff",
            &[2, 0, 0, 0, 0, 0, 0, 0],
            &[0, 0, 0, 0, 0, 0, 0, 0],
            &[1, 0, 0, 0, 0, 0, 0, 0, 7, 6],
            &[3, 0, 0, 0, 0, 0, 0, 0, 8, 9, 10],
        ] {
            written.write(bytes);
        }
        assert_eq!(derived.finish(), written.finish());
    }
}
