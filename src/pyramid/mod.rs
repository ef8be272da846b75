//! The writer of tiled pyramids in TIFF: rows of pixels in, or tiles that are stored already, a file out. It knows no
//! reader. Uses threads and the file system freely, which nothing on the path of a request may do.
//! TIFF 6.0, its technical notes 1 (SubIFDs) and 2 (JPEG), BigTIFF.
//!
//! Rows become tiles, one row of them of each level (`levels`, halved by `reduce`); a crew of threads compresses them
//! (`crew`, `encode`); they are stored in the order in which they were made (`store`, `staged`); the directories come
//! last (`directories`), even where they lie first.

mod check;
mod crew;
mod directories;
mod encode;
mod error;
mod levels;
mod reduce;
mod settings;
mod staged;
mod store;
mod tags;
mod writer;

pub use error::{Error, Result};
pub(crate) use reduce::half_of;
pub use settings::{Big, Compression, Order, Pixels, Settings, StoredTiles, Subsampling};
pub use staged::{StagedFile, sweep};
pub use tags::{Resolution, Tags, Unit};
pub use writer::{Writer, Written, write};
