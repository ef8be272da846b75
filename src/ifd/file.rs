//! Image file directories: from the header of a file to their entries.
//! Pure on the bytes of the file, which are announced before they are read; nothing is allocated but one small entry
//! for each tag. TIFF 6.0 section 2, BigTIFF.

use std::ops::Range;

use super::entry::{Entry, Kind};
use crate::error::{MasterError, Stopped};
use crate::source::Bytes;
use crate::watch::Watch;

/// No real directory has more; the longest that scanners write has about 150.
const MAX_ENTRIES: u64 = 1024;

/// The longer header, that of BigTIFF.
const HEADER_BYTES: u64 = 16;

/// The bytes of a TIFF file, with its byte order and offset size.
#[derive(Clone, Copy)]
pub struct File<'a> {
    bytes: Bytes<'a>,
    /// Whether numbers are stored most significant byte first (`MM`).
    pub big_endian: bool,
    big_tiff: bool,
}

/// An image file directory.
#[derive(Clone, Debug)]
pub struct Ifd {
    /// Where it is in the file.
    pub offset: u64,
    entries: Vec<Entry>,
    /// Offset of the next directory of the chain; 0 at its end.
    pub next: u64,
}

impl<'a> File<'a> {
    /// Reads the header: byte order, version, and the offset of the first directory, which is returned too.
    ///
    /// # Errors
    /// [`MasterError::Damaged`] if the bytes do not start as a TIFF does.
    pub fn open(bytes: impl Into<Bytes<'a>>) -> Result<(Self, u64), MasterError> {
        let not_tiff = || MasterError::damaged("no TIFF header");
        let bytes = bytes.into();
        bytes.announce_one(0..HEADER_BYTES)?;
        let big_endian = match bytes.slice(0..2) {
            Some(b"II") => false,
            Some(b"MM") => true,
            _ => return Err(not_tiff()),
        };
        let mut file = Self { bytes, big_endian, big_tiff: false };
        match file.u16(2)? {
            42 => Ok((file, file.u32(4)?.into())),
            43 if file.u16(4)? == 8 && file.u16(6)? == 0 => {
                file.big_tiff = true;
                Ok((file, file.u64(8)?))
            }
            _ => Err(not_tiff()),
        }
    }

    /// Whether `bytes` begin as a TIFF or BigTIFF does.
    pub fn recognises(bytes: &[u8]) -> bool {
        matches!(bytes.get(..4), Some(b"II*\0" | b"MM\0*" | b"II+\0" | b"MM\0+"))
    }

    /// The length of the file in bytes.
    pub fn length(&self) -> u64 {
        self.bytes.length()
    }

    /// To be asked while what was read is decoded ([`Bytes::check`]).
    ///
    /// # Errors
    /// [`Stopped`] if the work is to end.
    pub fn check(&self) -> Result<(), Stopped> {
        self.bytes.check()
    }

    /// What [`File::check`] asks.
    pub fn watch(&self) -> Watch {
        self.bytes.watch()
    }

    /// Fetches ranges together that are going to be read by [`File::slice`].
    ///
    /// # Errors
    /// [`MasterError`] if they cannot be fetched.
    pub fn announce(&self, ranges: &[Range<u64>]) -> Result<(), MasterError> {
        self.bytes.announce(ranges)
    }

    /// Fetches ranges together that are going to be read one by one, unless all bytes are there from the start.
    ///
    /// # Errors
    /// [`MasterError`] if they cannot be fetched.
    pub(crate) fn announce_far(&self, ranges: impl FnOnce() -> Vec<Range<u64>>) -> Result<(), MasterError> {
        self.bytes.announce_far(ranges)
    }

    /// `length` bytes from `offset`, which need not be announced.
    ///
    /// # Errors
    /// [`MasterError::Damaged`] if they are not all in the file.
    pub fn read(&self, offset: u64, length: u64) -> Result<&'a [u8], MasterError> {
        self.announce_one(offset, length)?;
        self.slice(offset, length)
    }

    /// `length` bytes from `offset`, which were announced.
    ///
    /// # Errors
    /// [`MasterError::Damaged`] if they are not all in the file.
    pub fn slice(&self, offset: u64, length: u64) -> Result<&'a [u8], MasterError> {
        let bytes = offset.checked_add(length).and_then(|end| self.bytes.slice(offset..end));
        bytes.ok_or_else(|| {
            let size = self.length();
            MasterError::damaged(format!("{length} bytes at offset {offset} are outside the file's {size}"))
        })
    }

    /// How many of `length` bytes from `offset` are in the file.
    pub fn length_from(&self, offset: u64, length: u64) -> u64 {
        length.min(self.length().saturating_sub(offset))
    }

    /// The directory at `offset`.
    ///
    /// # Errors
    /// [`MasterError::Damaged`] if it is not wholly in the file, or absurdly long.
    pub fn ifd(&self, offset: u64) -> Result<Ifd, MasterError> {
        let (count, at) = self.entries_at(offset)?;
        let entries = (0..count).map(|n| self.entry_at(at(n))).collect::<Result<_, _>>()?;
        Ok(Ifd { offset, entries, next: self.link(at(count)) })
    }

    /// The entry of a tag in the directory at `offset`, if it can be read; what follows it need not be there.
    pub fn find(&self, offset: u64, tag: u16) -> Option<Entry> {
        let (count, at) = self.entries_at(offset).ok()?;
        (0..count).map_while(|n| self.entry_at(at(n)).ok()).find(|entry| entry.tag() == tag)
    }

    /// How many entries the directory at `offset` has, and where each begins; after the last, where the link is. All of
    /// them are announced.
    pub(crate) fn entries_at(&self, offset: u64) -> Result<(u64, impl Fn(u64) -> u64 + use<>), MasterError> {
        let (count_bytes, entry_bytes, link_bytes) = if self.big_tiff { (8, 20, 8) } else { (2, 12, 4) };
        self.announce_one(offset, count_bytes)?;
        let count = if self.big_tiff { self.u64(offset)? } else { self.u16(offset)?.into() };
        if count > MAX_ENTRIES {
            return Err(MasterError::damaged(format!("a directory of {count} entries at offset {offset}")));
        }
        let first = offset.saturating_add(count_bytes);
        self.announce_one(first, count * entry_bytes + link_bytes)?;
        Ok((count, move |n: u64| first.saturating_add(n * entry_bytes)))
    }

    /// The offset of the next directory, which stands at `at`. Some writers forget it after the last one.
    pub(crate) fn link(&self, at: u64) -> u64 {
        let next = if self.big_tiff { self.u64(at) } else { self.u32(at).map(u64::from) };
        next.unwrap_or(0)
    }

    /// The entry that begins at `at`.
    pub(crate) fn entry_at(&self, at: u64) -> Result<Entry, MasterError> {
        let tag = self.u16(at)?;
        let code = self.u16(at + 2)?;
        let kind = Kind::of(code);
        let (count, value_at, inline) = match self.big_tiff {
            true => (self.u64(at + 4)?, at + 12, 8),
            false => (self.u32(at + 4)?.into(), at + 8, 4),
        };
        let offset = match count.saturating_mul(kind.size()) {
            size if size <= inline => value_at,
            _ if self.big_tiff => self.u64(value_at)?,
            _ => self.u32(value_at)?.into(),
        };
        Ok(Entry { tag, code, kind, count, offset })
    }

    pub(super) fn announce_one(&self, offset: u64, length: u64) -> Result<(), MasterError> {
        self.bytes.announce_one(offset..offset.saturating_add(length))
    }

    /// Bytes that were announced, least significant first.
    pub(super) fn array<const N: usize>(&self, offset: u64) -> Result<[u8; N], MasterError> {
        let mut array = [0; N];
        array.copy_from_slice(self.slice(offset, N as u64)?);
        if self.big_endian {
            array.reverse();
        }
        Ok(array)
    }

    /// The SHORT at `offset`.
    pub(crate) fn u16(&self, offset: u64) -> Result<u16, MasterError> {
        self.array(offset).map(u16::from_le_bytes)
    }

    pub(super) fn u32(&self, offset: u64) -> Result<u32, MasterError> {
        self.array(offset).map(u32::from_le_bytes)
    }

    pub(super) fn u64(&self, offset: u64) -> Result<u64, MasterError> {
        self.array(offset).map(u64::from_le_bytes)
    }
}

impl Ifd {
    /// All entries, in the order of the file.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The entry of a tag.
    pub fn entry(&self, tag: u16) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.tag() == tag)
    }

    /// The first value of a tag, an integer that is not negative.
    ///
    /// # Errors
    /// [`MasterError::Damaged`] if the tag is there with another kind of value.
    pub fn integer(&self, file: &File, tag: u16) -> Result<Option<u64>, MasterError> {
        self.entry(tag).map(|entry| entry.integer(file, 0)).transpose()
    }

    /// The first value of a tag that must be there.
    ///
    /// # Errors
    /// [`MasterError::Damaged`] if it is not.
    pub fn required(&self, file: &File, tag: u16) -> Result<u64, MasterError> {
        self.integer(file, tag)?.ok_or_else(|| MasterError::damaged(format!("tag {tag} is missing")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A little-endian TIFF with one directory of these entries: tag, type code, count, value field.
    fn classic(entries: &[(u16, u16, u32, u32)]) -> Vec<u8> {
        let mut bytes = b"II*\0\x08\0\0\0".to_vec();
        bytes.extend((entries.len() as u16).to_le_bytes());
        for (tag, kind, count, value) in entries {
            bytes.extend(tag.to_le_bytes());
            bytes.extend(kind.to_le_bytes());
            bytes.extend(count.to_le_bytes());
            bytes.extend(value.to_le_bytes());
        }
        bytes.extend([0; 4]);
        bytes
    }

    #[test]
    fn values_are_read_inline_and_out_of_line() {
        let mut bytes = classic(&[(256, 3, 1, 77), (324, 4, 3, 50), (258, 3, 2, 0x0009_0008)]);
        for value in [5u32, 6, 7] {
            bytes.extend(value.to_le_bytes());
        }
        let (file, first) = File::open(&bytes).expect("header");
        let ifd = file.ifd(first).expect("directory");
        assert_eq!(ifd.required(&file, 256), Ok(77));
        assert_eq!(ifd.entry(324).map(|entry| entry.integer(&file, 2)), Some(Ok(7)));
        assert_eq!(ifd.entry(258).map(|entry| entry.integer(&file, 1)), Some(Ok(9)));
        assert!(ifd.entry(258).is_some_and(|entry| entry.integer(&file, 2).is_err()));
        assert_eq!(ifd.integer(&file, 999), Ok(None));
        assert!(ifd.required(&file, 999).is_err());
    }

    #[test]
    fn big_endian_and_big_tiff_headers() {
        let big = b"MM\0+\0\x08\0\0\0\0\0\0\0\0\0\x10\0\0\0\0\0\0\0\x01\x01\0\0\x10\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\x30\x39\0\0\0\0\0\0\0\0";
        let (file, first) = File::open(big).expect("header");
        let ifd = file.ifd(first).expect("directory");
        assert_eq!(ifd.required(&file, 256), Ok(12345));
    }

    #[test]
    fn no_prefix_and_no_changed_byte_makes_it_panic() {
        let whole = classic(&[(256, 3, 1, 77), (324, 16, u32::MAX, u32::MAX), (273, 5, 9, 2)]);
        for length in 0..whole.len() {
            for value in [0, 1, 0x7f, 0xff] {
                let mut bytes = whole.clone();
                bytes[length] = value;
                for bytes in [&bytes[..], &bytes[..length]] {
                    let Ok((file, first)) = File::open(bytes) else { continue };
                    let Ok(ifd) = file.ifd(first) else { continue };
                    for entry in &ifd.entries {
                        let _ = (
                            entry.number(&file, 0),
                            entry.integer(&file, u64::MAX),
                            entry.bytes(&file).is_ok(),
                        );
                    }
                }
            }
        }
    }
}
