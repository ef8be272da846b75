//! TIFF headers and image file directories as bytes, classic and BigTIFF, little-endian.
//! Pure: writes no file; the caller says where the bytes will lie.
//! TIFF 6.0 section 2; the BigTIFF design (8-byte counts and offsets, version 43).

use anyhow::{Context, Result};

use super::field_type as code;

/// The two layouts of TIFF.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// TIFF 6.0: offsets of 4 bytes, files up to 4 GiB.
    Classic,
    /// BigTIFF: offsets of 8 bytes.
    Big,
}

impl Layout {
    /// The header of a file whose first directory is at `first`.
    pub fn header(self, first: u64) -> Result<Vec<u8>> {
        let mut bytes = b"II".to_vec();
        match self {
            Self::Classic => bytes.extend(42u16.to_le_bytes()),
            Self::Big => [43u16, 8, 0].iter().for_each(|n| bytes.extend(n.to_le_bytes())),
        }
        self.put_offset(&mut bytes, first)?;
        Ok(bytes)
    }

    /// Bytes of an offset, of a count, and of the value that an entry holds itself.
    const fn word(self) -> usize {
        match self {
            Self::Classic => 4,
            Self::Big => 8,
        }
    }

    /// Bytes of the count of entries before a directory.
    const fn entry_count_bytes(self) -> usize {
        match self {
            Self::Classic => 2,
            Self::Big => 8,
        }
    }

    fn put_offset(self, bytes: &mut Vec<u8>, offset: u64) -> Result<()> {
        match self {
            Self::Classic => {
                let offset = u32::try_from(offset).context("a classic TIFF cannot pass 4 GiB")?;
                bytes.extend(offset.to_le_bytes());
            }
            Self::Big => bytes.extend(offset.to_le_bytes()),
        }
        Ok(())
    }

    fn put_entry_count(self, bytes: &mut Vec<u8>, count: usize) -> Result<()> {
        match self {
            Self::Classic => bytes.extend(u16::try_from(count)?.to_le_bytes()),
            Self::Big => bytes.extend((count as u64).to_le_bytes()),
        }
        Ok(())
    }

    /// The bytes of a directory of these fields with all its values, whatever these are.
    pub fn directory_length<'f>(self, fields: impl IntoIterator<Item = &'f Field>) -> u64 {
        let mut length = self.entry_count_bytes() + self.word();
        for field in fields {
            let outside = if field.value.len() <= self.word() { 0 } else { field.value.len() };
            length += 4 + 2 * self.word() + outside.next_multiple_of(2);
        }
        length.next_multiple_of(8) as u64
    }

    /// A directory of `entries` that lies at `at`, with the values that do not fit into it behind it. The next
    /// directory follows at the multiple of 8 after it, unless this is the `last`.
    pub fn directory(self, mut entries: Vec<Field>, at: u64, last: bool) -> Result<Vec<u8>> {
        entries.sort_by_key(|entry| entry.tag);
        let fixed = self.entry_count_bytes() + entries.len() * (4 + 2 * self.word()) + self.word();
        let mut bytes = Vec::with_capacity(fixed);
        let mut values = Vec::new();
        self.put_entry_count(&mut bytes, entries.len())?;
        for entry in &entries {
            bytes.extend(entry.tag.to_le_bytes());
            bytes.extend(entry.kind.to_le_bytes());
            self.put_offset(&mut bytes, entry.count)?;
            if entry.value.len() <= self.word() {
                bytes.extend(&entry.value);
                bytes.extend(vec![0; self.word() - entry.value.len()]);
            } else {
                let place = (fixed + values.len()).next_multiple_of(2);
                values.resize(place - fixed, 0);
                self.put_offset(&mut bytes, at + place as u64)?;
                values.extend(&entry.value);
            }
        }
        let end = (fixed + values.len()).next_multiple_of(8);
        self.put_offset(&mut bytes, if last { 0 } else { at + end as u64 })?;
        bytes.extend(values);
        bytes.resize(end, 0);
        Ok(bytes)
    }
}

/// One field of a directory, to be written; as it is read, it is an [`Entry`](super::Entry).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    tag: u16,
    kind: u16,
    count: u64,
    value: Vec<u8>,
}

impl Field {
    /// A field of SHORTs.
    pub fn shorts(tag: u16, values: &[u16]) -> Self {
        Self::new(tag, code::SHORT, values.len(), values.iter().flat_map(|n| n.to_le_bytes()).collect())
    }

    /// A field of one LONG.
    pub fn long(tag: u16, value: u32) -> Self {
        Self::new(tag, code::LONG, 1, value.to_le_bytes().to_vec())
    }

    /// A field of offsets or byte counts: LONG, or LONG8 in a BigTIFF.
    pub fn offsets(tag: u16, layout: Layout, values: &[u64]) -> Result<Self> {
        let kind = if layout == Layout::Big { code::LONG8 } else { code::LONG };
        let mut bytes = Vec::with_capacity(values.len() * layout.word());
        values.iter().try_for_each(|&value| layout.put_offset(&mut bytes, value))?;
        Ok(Self::new(tag, kind, values.len(), bytes))
    }

    /// A field of RATIONALs, each a whole number.
    pub fn rationals(tag: u16, values: &[u32]) -> Self {
        let bytes = values.iter().flat_map(|&n| [n, 1]).flat_map(u32::to_le_bytes).collect();
        Self::new(tag, code::RATIONAL, values.len(), bytes)
    }

    /// A field of ASCII text.
    pub fn text(tag: u16, value: &str) -> Self {
        Self::new(tag, code::ASCII, value.len() + 1, [value.as_bytes(), &[0]].concat())
    }

    /// A field of bytes that TIFF does not interpret (UNDEFINED).
    pub fn bytes(tag: u16, value: &[u8]) -> Self {
        Self::new(tag, code::UNDEFINED, value.len(), value.to_vec())
    }

    /// A field of bytes that are text, as XMP is (BYTE).
    pub fn octets(tag: u16, value: &[u8]) -> Self {
        Self::new(tag, code::BYTE, value.len(), value.to_vec())
    }

    /// Its tag.
    pub(crate) fn tag(&self) -> u16 {
        self.tag
    }

    /// Its value, if that is text.
    pub(crate) fn as_text(&self) -> Option<&str> {
        let text = str::from_utf8(&self.value).ok().filter(|_| self.kind == code::ASCII)?;
        Some(text.trim_end_matches('\0'))
    }

    /// Its value as bytes, least significant first.
    pub(crate) fn octets_of(&self) -> &[u8] {
        &self.value
    }

    /// A field of `count` values of the type with this code, least significant byte first.
    pub(crate) fn new(tag: u16, kind: u16, count: usize, value: Vec<u8>) -> Self {
        Self { tag, kind, count: count as u64, value }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ifd::tag;

    #[test]
    fn directories_have_the_bytes_of_the_specification() {
        let entries = || vec![Field::text(tag::SOFTWARE, "abcd"), Field::shorts(tag::BITS_PER_SAMPLE, &[8])];
        let classic = Layout::Classic.directory(entries(), 0x100, true).unwrap();
        let expected = [
            &[2, 0][..],
            &[2, 1, 3, 0, 1, 0, 0, 0, 8, 0, 0, 0],
            &[0x31, 1, 2, 0, 5, 0, 0, 0, 0x1E, 1, 0, 0],
            &[0, 0, 0, 0, b'a', b'b', b'c', b'd', 0, 0, 0, 0, 0, 0],
        ];
        assert_eq!(classic, expected.concat());
        for (layout, length) in [(Layout::Classic, classic.len()), (Layout::Big, 56)] {
            assert_eq!(layout.directory_length(&entries()), length as u64);
        }
        let big = Layout::Big.directory(entries(), 0x100, false).unwrap();
        assert_eq!(big.len(), 8 + 2 * 20 + 8);
        assert_eq!(big[48..], 0x138u64.to_le_bytes());
    }

    #[test]
    fn classic_offsets_end_at_4_gib() {
        assert!(Layout::Classic.header(1 << 32).is_err());
        assert_eq!(Layout::Classic.header(8).unwrap(), b"II\x2A\0\x08\0\0\0");
        assert_eq!(Layout::Big.header(16).unwrap(), b"II\x2B\0\x08\0\0\0\x10\0\0\0\0\0\0\0");
    }
}
