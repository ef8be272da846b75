//! TIFF 6.0 and BigTIFF: an index of directories, pyramids, and the pixels of windows.
//! Pure on the bytes of a file; knows nothing of requests, files or processes.

mod blank;
mod ccitt;
mod chain;
mod codestream;
mod colour;
mod compression;
mod deep_jpeg;
mod directory;
mod exif;
mod float_range;
mod ifd;
mod image;
mod jpeg;
mod level;
mod old_jpeg;
mod pages;
mod pieces;
mod pixel;
mod predictor;
mod pyramid;
mod samples;
mod stored;
mod tags;
mod window;

pub(crate) use colour::srgb_of_lab;
pub use directory::{Entry, Layout};
pub use exif::{Exif, ExifField};
pub use ifd::File;
pub use image::Image;
pub use pyramid::Pyramid;
pub use window::{WindowDecoder, ranges};
