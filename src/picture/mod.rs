//! The words in which every room speaks of pictures: sizes and places, what a master is like, formats and qualities.
//! Plain values; nothing here does anything.

mod description;
mod geometry;

pub use crate::iiif::{Format, Quality};
pub use description::{
    Channels, Depth, Description, Level, PhysicalScale, PhysicalUnit, Sampling, StoredAs, Tile,
};
pub use geometry::{Dimensions, Orientation, Rect};
