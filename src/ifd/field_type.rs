//! The numbers of field types, by the names of TIFF 6.0 section 2, TIFF Technical Note 1 and BigTIFF.

#![allow(missing_docs, reason = "the names are those of the standard")]

pub const BYTE: u16 = 1;
pub const ASCII: u16 = 2;
pub const SHORT: u16 = 3;
pub const LONG: u16 = 4;
pub const RATIONAL: u16 = 5;
pub const SBYTE: u16 = 6;
pub const UNDEFINED: u16 = 7;
pub const SSHORT: u16 = 8;
pub const SLONG: u16 = 9;
pub const SRATIONAL: u16 = 10;
pub const FLOAT: u16 = 11;
pub const DOUBLE: u16 = 12;
pub const IFD: u16 = 13;
pub const LONG8: u16 = 16;
pub const SLONG8: u16 = 17;
pub const IFD8: u16 = 18;
