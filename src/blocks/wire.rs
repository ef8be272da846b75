//! Numbers and texts in messages and heads: little endian, texts with their length before them. Pure.

/// The bytes end before what they should hold, or hold what cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cut;

/// What remains to be read.
pub(super) struct Words<'a>(pub(super) &'a [u8]);

impl<'a> Words<'a> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], Cut> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(Cut)?;
        self.0 = rest;
        Ok(*taken)
    }

    pub(super) fn u8(&mut self) -> Result<u8, Cut> {
        self.take().map(u8::from_le_bytes)
    }

    /// A yes or no.
    pub(super) fn flag(&mut self) -> Result<bool, Cut> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Cut),
        }
    }

    pub(super) fn u16(&mut self) -> Result<u16, Cut> {
        self.take().map(u16::from_le_bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32, Cut> {
        self.take().map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Result<u64, Cut> {
        self.take().map(u64::from_le_bytes)
    }

    pub(super) fn i128(&mut self) -> Result<i128, Cut> {
        self.take().map(i128::from_le_bytes)
    }

    pub(super) fn bytes<const N: usize>(&mut self) -> Result<[u8; N], Cut> {
        self.take()
    }

    /// A text of at most so many bytes.
    pub(super) fn text(&mut self, longest: usize) -> Result<String, Cut> {
        let length = usize::from(self.u16()?);
        if length > longest {
            return Err(Cut);
        }
        let (text, rest): (&'a [u8], _) = self.0.split_at_checked(length).ok_or(Cut)?;
        self.0 = rest;
        std::str::from_utf8(text).map(str::to_owned).map_err(|_| Cut)
    }

    /// Nothing may be left.
    pub(super) fn end(self) -> Result<(), Cut> {
        if self.0.is_empty() { Ok(()) } else { Err(Cut) }
    }
}

/// Adds a text, of which no more than so many bytes are kept, 64 KiB at most.
pub(super) fn text(bytes: &mut Vec<u8>, text: &str, longest: usize) {
    let mut end = text.len().min(longest).min(usize::from(u16::MAX));
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    bytes.extend((end as u16).to_le_bytes());
    bytes.extend(&text.as_bytes()[..end]);
}
