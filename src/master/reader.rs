//! What decodes the pixels of a master: as much of it as is known before any of them is decoded.

use std::fmt;

use crate::jp2;

/// What decodes the pixels of a master.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// Each piece that a window touches by itself: the tiles and strips of a TIFF.
    Pieces,
    /// A reader of JPEG 2000 codestreams.
    Codestream(jp2::Reader),
    /// The file by an index of its data, or its whole level at once: whichever a worker has kept from an earlier request,
    /// else whichever costs less. So it is not known before.
    IndexOrLevel,
}

impl fmt::Display for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pieces => f.write_str("the pieces that the window touches, one by one"),
            Self::Codestream(reader) => write!(f, "codestream read by {reader}"),
            Self::IndexOrLevel => {
                f.write_str("by an index or the whole level, as a worker has kept or costs less")
            }
        }
    }
}
