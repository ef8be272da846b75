//! Markers, marker segments and the numbers in them (T.800 annex A.1 to A.3).

use crate::error::MasterError;

/// Codes of the markers that mean something to us, by their names in T.800 table A.2 and T.814.
pub(super) mod code {
    pub const CAP: u16 = 0xff50;
    pub const COD: u16 = 0xff52;
    pub const COC: u16 = 0xff53;
    pub const TLM: u16 = 0xff55;
    pub const PLT: u16 = 0xff58;
    pub const QCD: u16 = 0xff5c;
    pub const QCC: u16 = 0xff5d;
    pub const RGN: u16 = 0xff5e;
    pub const POC: u16 = 0xff5f;
    pub const PPM: u16 = 0xff60;
    pub const PPT: u16 = 0xff61;
    pub const SOT: u16 = 0xff90;
    pub const SOD: u16 = 0xff93;
    pub const EOC: u16 = 0xffd9;
}

/// A marker segment: its code, where it lies in the codestream, and its parameters.
pub(super) struct Segment<'a> {
    pub code: u16,
    /// Offset of the first parameter, after the length.
    pub start: usize,
    pub parameters: Fields<'a>,
}

/// What follows in a header.
pub(super) enum Next<'a> {
    Segment(Segment<'a>),
    /// SOT, SOD or EOC: where a header ends. With the offset after the marker.
    End(u16, usize),
}

/// The marker at `at`, with its segment if it has one.
///
/// # Errors
/// [`MasterError::Damaged`] if there is none, or it does not lie wholly in `bytes`.
pub(super) fn next(bytes: &[u8], at: usize) -> Result<Next<'_>, MasterError> {
    let ends = || MasterError::damaged(format!("a codestream that ends in a header, at offset {at}"));
    let mut rest = bytes.get(at..).ok_or_else(ends)?;
    // The range that T.800 A.1.3 keeps for markers without a segment, for parts of the standard to come.
    while let [0xff, 0x30..=0x3f, after @ ..] = rest {
        rest = after;
    }
    let at = bytes.len() - rest.len();
    let (code, rest) = rest.split_first_chunk().ok_or_else(ends)?;
    let code = u16::from_be_bytes(*code);
    match code {
        code::SOT | code::SOD | code::EOC => Ok(Next::End(code, at + 2)),
        ..0xff01 => {
            Err(MasterError::damaged(format!("{code:#06x} where a header needs a marker, at offset {at}")))
        }
        _ => {
            let (length, rest) = rest.split_first_chunk().ok_or_else(ends)?;
            let length = usize::from(u16::from_be_bytes(*length)).checked_sub(2).ok_or_else(ends)?;
            let parameters = Fields { code, rest: rest.get(..length).ok_or_else(ends)? };
            Ok(Next::Segment(Segment { code, start: at + 4, parameters }))
        }
    }
}

impl Segment<'_> {
    /// Offset of what follows the segment.
    pub fn end(&self) -> usize {
        self.start + self.parameters.rest.len()
    }
}

/// The parameters of a marker segment, read from the front.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a> {
    code: u16,
    pub rest: &'a [u8],
}

impl<'a> Fields<'a> {
    pub fn u8(&mut self) -> Result<u8, MasterError> {
        self.take().map(|[byte]| byte)
    }

    pub fn u16(&mut self) -> Result<u16, MasterError> {
        self.take().map(u16::from_be_bytes)
    }

    pub fn u32(&mut self) -> Result<u32, MasterError> {
        self.take().map(u32::from_be_bytes)
    }

    /// A component's number, which takes a second byte where there are more than 256 (T.800 table A.21 and others).
    pub fn component(&mut self, components: usize) -> Result<usize, MasterError> {
        if components < 257 { self.u8().map(usize::from) } else { self.u16().map(usize::from) }
    }

    /// The segment contradicts itself in what `what` names.
    pub fn wrong(&self, what: impl std::fmt::Display) -> MasterError {
        MasterError::damaged(format!("marker segment {:#06x}: {what}", self.code))
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], MasterError> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or_else(|| self.wrong("it is too short"))?;
        self.rest = rest;
        Ok(*taken)
    }
}

impl std::fmt::Debug for Fields<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:#06x}: {} bytes", self.code, self.rest.len())
    }
}
