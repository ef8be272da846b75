//! The numbers of field types, by the names of TIFF 6.0 section 2, TIFF Technical Note 1 and BigTIFF.

#![allow(missing_docs, reason = "the names are those of the standard")]

pub(crate) const BYTE: u16 = 1;
pub(crate) const ASCII: u16 = 2;
pub(crate) const SHORT: u16 = 3;
pub(crate) const LONG: u16 = 4;
pub(crate) const RATIONAL: u16 = 5;
pub(crate) const SBYTE: u16 = 6;
pub(crate) const UNDEFINED: u16 = 7;
pub(crate) const SSHORT: u16 = 8;
pub(crate) const SLONG: u16 = 9;
pub(crate) const SRATIONAL: u16 = 10;
pub(crate) const FLOAT: u16 = 11;
pub(crate) const DOUBLE: u16 = 12;
pub(crate) const IFD: u16 = 13;
pub(crate) const LONG8: u16 = 16;
pub(crate) const SLONG8: u16 = 17;
pub(crate) const IFD8: u16 = 18;
