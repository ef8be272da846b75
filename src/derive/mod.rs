//! From what is asked for to the bytes of a derivative: every choice is made in [`plan`], and carried out in
//! [`pipeline`], which makes none.

pub mod pipeline;
pub mod plan;
mod settings;

pub use settings::{Colour, Profile};
