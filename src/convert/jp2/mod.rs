//! The writer of JPEG 2000: rows of pixels in, a JP2 file out, as random access wants it. It knows no reader. Uses threads
//! and the file system freely.
//! T.800; the layout of the file is in [`crate::format::jp2`].
//!
//! Tiles of [`TILE_SIDE`] pixels, code-blocks of 64, precincts of 256; packets in the order of resolutions (RPCL), one
//! tile-part for each tile, in reading order; TLM says where tiles are, PLT in each tile where its packets are. A tile is
//! compressed as soon as its rows are there, on one of the threads, and forgotten once it is written: a row of tiles is
//! all that is held of the picture, however large that is. An untiled codestream costs a reader twice as much for a tile
//! (see [`TILE_SIDE`]), and OpenJPEG the whole picture in memory.

mod crew;
mod exif;
mod quality;
mod settings;
mod writer;

pub use settings::{Settings, TILE_SIDE};
pub use writer::Writer;
