//! Markers, marker segments and the numbers in them (T.800 annex A.1 to A.3).

use crate::bytes::Ahead;
use crate::error::Error;

/// Codes of the markers that mean something to us, by their names in T.800 table A.2 and T.814.
pub(super) mod code {
    pub(crate) const CAP: u16 = 0xff50;
    pub(crate) const COD: u16 = 0xff52;
    pub(crate) const COC: u16 = 0xff53;
    pub(crate) const TLM: u16 = 0xff55;
    pub(crate) const PLT: u16 = 0xff58;
    pub(crate) const QCD: u16 = 0xff5c;
    pub(crate) const QCC: u16 = 0xff5d;
    pub(crate) const RGN: u16 = 0xff5e;
    pub(crate) const POC: u16 = 0xff5f;
    pub(crate) const PPM: u16 = 0xff60;
    pub(crate) const PPT: u16 = 0xff61;
    pub(crate) const SOT: u16 = 0xff90;
    pub(crate) const SOD: u16 = 0xff93;
    pub(crate) const EOC: u16 = 0xffd9;
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
/// [`Error::Damaged`] if there is none, or it does not lie wholly in what is ahead.
pub(super) fn next<'a>(ahead: &mut Ahead<'a>, mut at: usize) -> Result<Next<'a>, Error> {
    let first = at;
    let ends = || Error::damaged_at(first, "a codestream that ends in a header");
    let mut number = |at| -> Result<u16, Error> {
        let bytes = ahead.slice(at, 2)?.and_then(<[u8]>::first_chunk).ok_or_else(ends)?;
        Ok(u16::from_be_bytes(*bytes))
    };
    let mut code = number(at)?;
    // The range that T.800 A.1.3 keeps for markers without a segment, for parts of the standard to come.
    while (0xff30..=0xff3f).contains(&code) {
        at += 2;
        code = number(at)?;
    }
    match code {
        code::SOT | code::SOD | code::EOC => Ok(Next::End(code, at + 2)),
        ..0xff01 => Err(Error::damaged_at(at, format!("{code:#06x} where a header needs a marker"))),
        _ => {
            let length = usize::from(number(at + 2)?).checked_sub(2).ok_or_else(ends)?;
            let rest = ahead.slice(at + 4, length)?.ok_or_else(ends)?;
            let parameters = Fields { code, start: at + 4, rest };
            Ok(Next::Segment(Segment { code, start: at + 4, parameters }))
        }
    }
}

impl Segment<'_> {
    /// Offset of what follows the segment.
    pub(super) fn end(&self) -> usize {
        self.start + self.parameters.rest.len()
    }
}

/// The parameters of a marker segment, read from the front.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a> {
    code: u16,
    /// Offset of the first parameter in the codestream.
    start: usize,
    pub rest: &'a [u8],
}

impl<'a> Fields<'a> {
    pub(super) fn u8(&mut self) -> Result<u8, Error> {
        self.take().map(|[byte]| byte)
    }

    pub(super) fn u16(&mut self) -> Result<u16, Error> {
        self.take().map(u16::from_be_bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32, Error> {
        self.take().map(u32::from_be_bytes)
    }

    /// A component's number, which takes a second byte where there are more than 256 (T.800 table A.21 and others).
    pub(super) fn component(&mut self, components: usize) -> Result<usize, Error> {
        if components < 257 { self.u8().map(usize::from) } else { self.u16().map(usize::from) }
    }

    /// The segment contradicts itself in what `what` names.
    pub(super) fn wrong(&self, what: impl std::fmt::Display) -> Error {
        Error::damaged_at(self.start, format!("marker segment {:#06x}: {what}", self.code))
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], Error> {
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
