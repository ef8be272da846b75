//! The formats of masters, a room for each: bytes in, pixels out. Nothing here knows files or URLs.

pub mod image;
pub mod jp2;
pub mod jpeg;
pub mod tiff;
