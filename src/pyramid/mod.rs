//! The writer of tiled pyramids in TIFF: rows of pixels in, a file out. It knows no reader.
//! Uses threads and the file system freely, which nothing on the path of a request may do.
//! TIFF 6.0, TIFF Technical Note 2 (JPEG in TIFF), BigTIFF.

mod atomic_file;
mod band;
mod settings;
mod tile;
mod writer;

pub use settings::{Compression, Samples, Settings};
pub use writer::{PyramidWriter, write};
