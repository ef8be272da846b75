//! The state that decoding keeps from one window to the next, and from one request to the next.
//! The tiles of one view mostly ask for the same master: what is known of a flat one is kept, an index of its data if
//! it has one, and pictures that had to be decoded whole for any window.

use crate::format::jpeg;
use crate::format::tiff::WindowDecoder;
use crate::jp2;
use crate::lru::Recent;
use crate::picture::Depth;
use crate::raster::AnyRaster;
use crate::source::Identity;

/// The most that a worker holds of pictures between requests: one of 32 megapixels in RGB, or the eighths of many.
const PICTURE_BYTES: usize = 96 << 20;

/// The most that it holds of indices: those of some hundred JPEGs of 12 megapixels, or of one of the largest.
const INDEX_BYTES: usize = 32 << 20;

/// Decodes windows of masters of every kind.
pub struct Decoder {
    /// For JPEG 2000.
    pub(super) jp2: jp2::WindowDecoder,
    /// For TIFF.
    pub(super) tiff: WindowDecoder,
    /// Whole levels of flat masters, in the depth asked for.
    pub(super) pictures: Recent<(Identity, usize, Depth), AnyRaster>,
    /// Indices of JPEGs; None for one that cannot be indexed.
    pub(super) indices: Recent<Identity, Option<jpeg::Index>>,
}

impl Default for Decoder {
    fn default() -> Self {
        Self {
            jp2: jp2::WindowDecoder::default(),
            tiff: WindowDecoder::default(),
            pictures: Recent::new(PICTURE_BYTES),
            indices: Recent::new(INDEX_BYTES),
        }
    }
}

impl Decoder {
    /// To be called when a request is done with pixels: the next may be of another file, and memory is not for idle
    /// workers. What stays knows where it came from.
    pub fn rest(&mut self) {
        self.tiff.forget();
        self.pictures.trim();
        self.indices.trim();
    }
}
