//! Image file directories: the structure that TIFF files and EXIF have in common, read and written.
//! TIFF 6.0 section 2; BigTIFF.

mod entry;
pub(crate) mod field_type;
mod file;
mod layout;
pub mod tag;

pub use entry::Entry;
pub use file::{File, Ifd};
pub use layout::{Field, Layout};
