//! What decoding remembers from one window to the next, and from one request to the next.
//! The tiles of one view are mostly of the same master. Of flat ones, the index of their data is cached if they have
//! one, and pictures that had to be decoded whole for any window.

use crate::format::tiff::WindowDecoder;
use crate::format::{jp2, jpeg};
use crate::lru::Lru;
use crate::picture::Depth;
use crate::raster::AnyRaster;
use crate::source::Identity;

/// The most that a worker holds of pictures between requests: one of 32 megapixels in RGB, or the eighths of many.
pub(crate) const PICTURE_BYTES: usize = 96 << 20;

/// The most that it holds of indexes: those of some hundred JPEGs of 12 megapixels, or of one of the largest.
const INDEX_BYTES: usize = 32 << 20;

/// Decodes windows of masters of every kind.
pub struct Decoder {
    /// For JPEG 2000.
    pub(super) jp2: jp2::WindowDecoder,
    /// For TIFF.
    pub(super) tiff: WindowDecoder,
    /// Whole levels of flat masters, in the depth asked for.
    pub(super) pictures: Lru<(Identity, usize, Depth), AnyRaster>,
    /// Indexes of JPEGs; None for one that cannot be indexed.
    pub(super) indexes: Lru<Identity, Option<jpeg::Index>>,
}

impl Default for Decoder {
    fn default() -> Self {
        Self {
            jp2: jp2::WindowDecoder::default(),
            tiff: WindowDecoder::default(),
            pictures: Lru::new(usize::MAX, PICTURE_BYTES),
            indexes: Lru::new(usize::MAX, INDEX_BYTES),
        }
    }
}

impl Decoder {
    /// Releases what only the current request needs, when it is done with pixels: the next may be for another file, and
    /// idle workers should not hold memory. The caches stay, within their bounds; their keys say which file they are
    /// for.
    pub fn release_buffers(&mut self) {
        self.tiff.forget();
        self.pictures.trim();
        self.indexes.trim();
    }
}
