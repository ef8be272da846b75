//! The vocabulary that all modules share: sizes and places, descriptions of masters, formats and qualities. Plain
//! values without behaviour. Those that the Image API has as well are defined in its crate.

mod coding;
mod description;

pub use coding::{Codec, Coding};
pub use description::{Channels, Depth, Description, Level, Sampling, StoredAs, Tile};
pub use recto_iiif::{
    Decimal, Derivative, Dimensions, Format, Limits, Orientation, PhysicalScale, PhysicalUnit, Quality, Rect,
};
