//! JPEG, for all modules that read or transform it. Pure. ITU-T T.81.
//!
//! | file | what it does |
//! |---|---|
//! | `marker` | from one marker to the next |
//! | `frame`, `tables`, `app` | what segments hold: headers of frames and scans; tables; EXIF, XMP, ICC profiles |
//! | `header` | the header of a file |
//! | `layout` | where the parts of a stream are that may leave without being decoded |
//! | `decoder` | libjpeg-turbo behind its safe binding, and the rule by which a stream is damaged |
//! | `deep` | the door to libjpeg-turbo for samples of more than 8 bits |
//! | `assemble` | streams as that gets them: abbreviated ones with their tables, and mended ones |
//! | `entropy` | bits, Huffman codes, and where the blocks of entropy-coded data lie |
//! | `index` | where the MCUs of a flat file lie, and files made of some of them |
//! | `picture` | flat files: levels, and windows by an index |
//! | `carry` | a flat file carried over into tiles of a TIFF, coefficient by coefficient |
//! | `cut`, `turn`, `join` | streams made of others without decoding: a part of one, one turned or made gray, bands one below the other |

pub(crate) mod app;
pub(crate) mod assemble;
pub mod carry;
pub(crate) mod cut;
mod decoder;
pub(crate) mod deep;
mod entropy;
mod frame;
mod header;
mod index;
pub(crate) mod join;
mod layout;
pub(crate) mod marker;
mod picture;
mod tables;
#[cfg(test)]
mod tests;
pub(crate) mod turn;

pub(crate) use decoder::Decoder;
pub(crate) use header::Header;
pub use index::Index;
pub(crate) use layout::Layout;

pub(crate) use app::Meaning;
pub(crate) use frame::FrameHeader;
pub(crate) use picture::{
    cost, decode, decode_deep, decode_window, describe, has_windows, range, recognises,
};

/// No encoder makes more scans; each costs its decoder, here or in a browser, the time of a whole picture.
const MAX_SCANS: usize = 100;
