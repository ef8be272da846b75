#![doc = include_str!("../README.md")]
// Allowed for one call, in tier1/mod.rs.
#![deny(unsafe_code)]
#![warn(missing_docs, unreachable_pub)]

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

/// What tests look into that have an encoder to judge by. No part of the interface: it changes as it likes.
#[doc(hidden)]
pub mod internals {
    pub use crate::codestream::progression::{Packet, packets};
    pub use crate::index::{CodeBlock, Origin, Precinct, PrecinctBand, Segment, Table, Tile};
    pub use crate::tier1::BlockDecoder;
}

pub use codestream::{Component, Grid, Header};
pub use error::Error;
pub use geometry::{Dimensions, Rect};
pub use index::Index;
pub use planes::Plane;
pub use window::{Source, WindowDecoder};
