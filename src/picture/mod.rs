//! The words in which every room speaks of pictures: sizes and places, what a master is like, formats and qualities.
//! Plain values; nothing here does anything. Those that the Image API speaks of as well are defined in its crate.

mod description;

pub use description::{Channels, Depth, Description, Level, Sampling, StoredAs, Tile};
pub use recto_iiif::{
    Decimal, Derivative, Dimensions, Format, Limits, Orientation, PhysicalScale, PhysicalUnit, Quality, Rect,
};
