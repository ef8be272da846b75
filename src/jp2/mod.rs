//! JPEG 2000 Part 1 (ITU-T T.800): what OpenJPEG does for us.
//! Pure on bytes.

pub mod cache;
pub mod component;
pub mod layout;
mod openjpeg;
pub mod transform;
pub mod wavelet;

pub use openjpeg::{Picture, compress};
