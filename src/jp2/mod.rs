//! JPEG 2000 Part 1 (ITU-T T.800): what OpenJPEG does for us.
//! Pure on bytes.

pub mod block;
pub mod layout;
mod openjpeg;

pub use openjpeg::{Picture, compress};
