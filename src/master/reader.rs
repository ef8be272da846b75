//! What decodes the pixels of a master: as far as that is known before decoding. Pure.

use std::fmt;

use super::decoder::PICTURE_BYTES;
use crate::format::flat;
use crate::format::jp2;
use crate::picture::{Dimensions, Rect};

/// What decodes the pixels of a master.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// Each piece that a window touches by itself: the tiles and strips of a TIFF.
    Pieces,
    /// A reader of JPEG 2000 codestreams.
    Codestream(jp2::Reader),
    /// The whole level of a flat file at once, for any window of it. A worker caches it for the next if it is small.
    Level,
    /// The rows of a flat file from the top to the last of the window, of which none above it are held. Windows of one
    /// request that follow each other go on where the last one ended.
    Rows,
    /// The window alone, by an index of the file's data, unless a worker has cached the whole level. The index is built
    /// if there is none; data that cannot be indexed are decoded as by [`Reader::Level`].
    Index,
    /// As [`Reader::Index`] if a worker has cached an index, else as [`Reader::Level`]: only the worker knows.
    IndexIfCached,
    /// The whole of the only level, which is reduced and kept.
    Reduced {
        /// Whether it has to be held as a whole for that; otherwise it is read in bands.
        at_once: bool,
    },
    /// What was reduced and kept.
    Kept,
}

impl Reader {
    /// For a window of a level of a flat file: an index, if it costs less, together with the window, than the whole
    /// level, or if the whole level is too large.
    pub(super) fn of_flat(picture: &flat::Picture, level: usize, size: Dimensions, window: Rect) -> Self {
        let is_small = size.area() * picture.description.pixel_bytes() <= PICTURE_BYTES as u64;
        if !picture.has_windows(level) {
            return if picture.has_rows && !is_small { Self::Rows } else { Self::Level };
        }
        if size.area() > flat::MAX_AREA {
            return Self::Index;
        }
        // A band of a picture whose other bands follow. At full size, bands by the index cost a little more than the
        // whole level and a tenth of its memory; a reduced level costs less than finding its bands.
        if window.width == size.width && level > 0 {
            return Self::Level;
        }
        if window.dimensions().area() <= size.area() / 2 { Self::Index } else { Self::IndexIfCached }
    }
}

impl fmt::Display for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pieces => f.write_str("the pieces that the window touches"),
            Self::Codestream(reader) => write!(f, "codestream read by {reader}"),
            Self::Level => f.write_str("the whole level, which is kept"),
            Self::Rows => f.write_str("the rows down to the last of the window"),
            Self::Reduced { .. } => f.write_str("the whole of the largest level, which is reduced and kept"),
            Self::Kept => f.write_str("the largest level as it was reduced and kept"),
            Self::Index => f.write_str("the window by an index of the file, unless its level is kept"),
            Self::IndexIfCached => {
                f.write_str("the whole level, which is kept, unless an index of the file is")
            }
        }
    }
}
