//! The formats of masters, a room for each: bytes in, pixels out. Nothing here knows files or URLs.

pub(crate) mod budget;
pub mod flat;
mod image;
pub mod jp2;
pub mod jpeg;
pub mod tiff;

/// A tile's bytes as a complete file, copied out of the map. Its contents are not checked.
#[derive(Debug)]
pub enum Stored {
    /// A JPEG stream.
    Jpeg(Vec<u8>),
    /// A RIFF file of WebP.
    WebP(Vec<u8>),
}
