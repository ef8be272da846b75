//! TIFF 6.0 and BigTIFF: an index of directories, pyramids, and the pixels of windows.
//! Pure on the bytes of a file, which are announced before they are read; knows nothing of requests, files or processes.

mod blank;
mod carry;
mod ccitt;
mod chain;
pub(crate) mod code;
mod codestream;
mod colour;
mod compression;
mod deep_jpeg;
mod far;
mod float_range;
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
mod stream;
mod told;
mod values;
mod window;

pub use carry::{Carried, Hindrance, jpeg_fields};
pub(crate) use colour::srgb_of_lab;
pub use image::Image;
pub use pyramid::Pyramid;
pub use window::{WindowDecoder, ranges};
