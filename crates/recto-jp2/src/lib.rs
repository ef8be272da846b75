#![doc = include_str!("../README.md")]
//!
//! # Inside
//!
//! Arrows between modules only go down this list:
//!
//! | module | what lives there |
//! |---|---|
//! | `fuzz` | what the fuzz targets call; only in their build |
//! | `window` | windows: the blocks that they need, decoded and transformed, and a cache of decoded blocks |
//! | `wavelet` | the inverse wavelet transforms, 5/3 and 9/7 |
//! | `planes` | the samples of one component |
//! | `tier1` | code-blocks: arithmetic decoder and coding passes |
//! | `index` | where the code-blocks of a codestream lie, by PLT or TLM or by walking it |
//! | `packet` | headers of packets |
//! | `codestream` | markers and the values of their segments; the grid, the layout of tiles, the order of packets |
//! | `bytes` | the bytes of a codestream, announced before they are read, and whether to go on reading |
//! | `geometry`, `error` | rectangles and sizes; what is wrong with a codestream, and where |
// Allowed for one call, in tier1/mod.rs.
#![deny(unsafe_code)]
#![warn(missing_docs, unreachable_pub)]

mod bytes;
pub mod codestream;
mod error;
#[cfg(fuzzing)]
pub mod fuzz;
mod geometry;
mod index;
mod packet;
mod planes;
mod tier1;
mod wavelet;
mod window;

/// Internals for tests that compare with an encoder. Not part of the interface: it may change at any time.
#[doc(hidden)]
pub mod internals {
    pub use crate::codestream::progression::{Packet, packets};
    pub use crate::index::{CodeBlock, Origin, Precinct, PrecinctBand, Segment, Table, Tile};
    pub use crate::tier1::BlockDecoder;
}

pub use bytes::{Announce, Bytes, GoesOn};
pub use codestream::{Component, Grid, Header};
pub use error::Error;
pub use geometry::{Dimensions, Rect};
pub use index::Index;
pub use planes::Plane;
pub use window::{Source, WindowDecoder};
