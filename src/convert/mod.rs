//! Any picture to a tiled pyramid: the writer, and the sample masters of the demo.
//! Uses threads and the file system freely, which nothing on the path of a request may do.
//! TIFF 6.0, TIFF Technical Note 2 (JPEG in TIFF), BigTIFF.

mod atomic_file;
mod band;
pub mod pyramid;
mod settings;
mod tile;

pub use settings::{Compression, Samples, Settings};
