//! The boxes of a JP2 or JPX file: where each lies, and nothing of what it means.
//! Pure; every box lies inside its parent, and its header is announced before it is read. T.800 I.4.

use std::ops::Range;

use crate::error::MasterError;
use crate::format::jp2::convert::range;
use crate::source::Bytes;

/// More boxes than any file has that is served as one image.
const MAX_BOXES: usize = 1000;

/// LBox, TBox and XLBox.
const LONGEST_HEADER: usize = 16;

/// A box: its type and where its contents lie in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Box {
    /// TBox, four letters.
    pub kind: [u8; 4],
    /// DBox: its contents.
    pub contents: Range<usize>,
}

/// Walks the boxes of a file; counts them, so that there is an end.
pub(super) struct Walk<'a> {
    bytes: Bytes<'a>,
    left: usize,
}

impl<'a> Walk<'a> {
    /// A walk through the boxes of `file`.
    pub(super) fn new(file: impl Into<Bytes<'a>>) -> Self {
        Self { bytes: file.into(), left: MAX_BOXES }
    }

    /// The bytes of the file that a box contains.
    ///
    /// # Errors
    /// [`MasterError`] if they cannot be had.
    pub(super) fn contents(&self, of: &Box) -> Result<&'a [u8], MasterError> {
        self.first(of, usize::MAX)
    }

    /// The same, of which only the first `length` bytes are going to be read.
    ///
    /// # Errors
    /// As [`Walk::contents`].
    pub(super) fn first(&self, of: &Box, length: usize) -> Result<&'a [u8], MasterError> {
        let Range { start, end } = of.contents;
        self.bytes.announce_one(range(&(start..start.saturating_add(length).min(end))))?;
        Ok(self.bytes.slice(range(&of.contents)).unwrap_or_default())
    }

    /// The first box at the start of `within`, which is cut to what follows; `None` at its end. A codestream or header
    /// whose length cannot be goes on to the end of `within`: both determine themselves where they end.
    ///
    /// # Errors
    /// [`MasterError::Damaged`] if any other box ends outside `within`, or there are too many; as [`Walk::contents`].
    pub(super) fn next(&mut self, within: &mut Range<usize>) -> Result<Option<Box>, MasterError> {
        let bytes = self.bytes.slice(range(within)).unwrap_or_default();
        let header = within.start..within.start + LONGEST_HEADER.min(bytes.len());
        self.bytes.announce_one(range(&header))?;
        // Fewer bytes are no box, but padding.
        let Some((&[a, b, c, d, kind @ ..], rest)) = bytes.split_first_chunk::<8>() else { return Ok(None) };
        self.left =
            self.left.checked_sub(1).ok_or_else(|| damaged(format!("more than {MAX_BOXES} boxes")))?;
        let (header, length) = match u32::from_be_bytes([a, b, c, d]) {
            // To the end of the file: only the last box of it may have that.
            0 => (8, bytes.len()),
            1 => {
                let long = rest.first_chunk().map_or(0, |long| u64::from_be_bytes(*long));
                (16, usize::try_from(long).unwrap_or(usize::MAX))
            }
            length => (8, length as usize),
        };
        let length = match &kind {
            _ if (header..=bytes.len()).contains(&length) => length,
            b"jp2c" | b"jp2h" if header <= bytes.len() => bytes.len(),
            _ => {
                let kind = kind.escape_ascii();
                return Err(damaged(format!("the box {kind} at {} does not fit", within.start)));
            }
        };
        let contents = within.start + header..within.start + length;
        within.start += length;
        Ok(Some(Box { kind, contents }))
    }

    /// All boxes in a range.
    ///
    /// # Errors
    /// As [`Walk::next`].
    pub(super) fn all(&mut self, mut within: Range<usize>) -> Result<Vec<Box>, MasterError> {
        std::iter::from_fn(|| self.next(&mut within).transpose()).collect()
    }
}

/// A JP2 or JPX file that is damaged in the way that `what` states.
pub(crate) fn damaged(what: impl std::fmt::Display) -> MasterError {
    MasterError::damaged(format!("JP2 file: {what}"))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A box of this type.
    pub(crate) fn boxed(kind: &[u8; 4], contents: &[u8]) -> Vec<u8> {
        let length = u32::try_from(contents.len() + 8).expect("short");
        [&length.to_be_bytes()[..], kind, contents].concat()
    }

    #[test]
    fn three_kinds_of_length() {
        let long = [&1u32.to_be_bytes()[..], b"long", &18u64.to_be_bytes(), b"xy"].concat();
        let last = [&0u32.to_be_bytes()[..], b"last", b"to the end"].concat();
        let file = [boxed(b"abcd", b"123"), long, last].concat();
        let mut walk = Walk::new(&file);
        let found = walk.all(0..file.len()).expect("boxes");
        let found: Vec<_> =
            found.iter().map(|found| (&found.kind, walk.contents(found).expect("there"))).collect();
        assert_eq!(found, [(b"abcd", &b"123"[..]), (b"long", b"xy"), (b"last", b"to the end")]);
    }

    #[test]
    fn boxes_outside_their_parent_and_without_end_are_refused() {
        let whole = boxed(b"abcd", b"123");
        for end in 8..whole.len() {
            assert!(Walk::new(&whole).all(0..end).is_err(), "{end} bytes");
        }
        assert_eq!(Walk::new(&whole).all(0..7), Ok(Vec::new()), "no box, but padding");
        let short = |kind: &[u8], length: u32| [&length.to_be_bytes()[..], kind, &[0; 16]].concat();
        let long = |kind: &[u8], length: u64| {
            [&1u32.to_be_bytes()[..], kind, &length.to_be_bytes(), &[0; 16]].concat()
        };
        for length in [2, 7, 25, u32::MAX] {
            let read = |kind| Walk::new(&short(kind, length)).all(0..24);
            assert!(read(b"shrt").is_err(), "a box of {length} bytes");
            assert_eq!(read(b"jp2c").expect("a box")[0].contents, 8..24, "a codestream of {length} bytes");
        }
        for length in [0, 15, 33, u64::MAX] {
            let read = |kind| Walk::new(&long(kind, length)).all(0..32);
            assert!(read(b"long").is_err(), "a box of {length} bytes");
            assert_eq!(read(b"jp2c").expect("a box")[0].contents, 16..32, "a codestream of {length} bytes");
        }
        assert!(Walk::new(&long(b"jp2c", 32)).all(0..15).is_err(), "a length that is cut");
        let many = boxed(b"free", b"").repeat(MAX_BOXES + 1);
        assert!(Walk::new(&many).all(0..many.len()).is_err());
        assert_eq!(Walk::new(&many).all(0..many.len() - 8).map(|boxes| boxes.len()), Ok(MAX_BOXES));
    }
}
