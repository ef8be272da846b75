//! What decoding remembers from one window to the next, and from one request to the next.
//! The tiles of one view are mostly of the same master. Of flat ones, the index of their data is cached if they have
//! one, and small pictures that had to be decoded whole for any window.
//!
//! What a worker may hold between requests, at most: eight of them hold 576 MiB.
//!
//! | MiB | what | bounded by |
//! |---|---|---|
//! | 20 | pictures of flat masters, whole or reduced | `PICTURE_BYTES` |
//! | 4 | indexes of JPEGs | `INDEX_BYTES` |
//! | 16 | code-blocks of JPEG 2000, decoded | `CACHE_BYTES` of `recto_jp2` |
//! | 9 | planes of JPEG 2000, three kinds of them | `MAX_IDLE` of `recto_jp2` |
//! | 16 | headers and indexes of known masters | `[masters] known_bytes` |
//! | 2 | info.json | `http::InfoCache` |
//! | 4 | buffers of the reader of TIFF | each of four is freed if it is larger than one of them |
//! | 1 | buffers of the resampler | `raster::Resampler` |
//!
//! All else belongs to a request, and to what was admitted of it.

use std::rc::Rc;
use std::sync::Arc;

use crate::format::tiff::WindowDecoder;
use crate::format::{flat, jp2, jpeg};
use crate::lru::Lru;
use crate::picture::Depth;
use crate::raster::AnyRaster;
use crate::source::{Identity, Object};
use crate::watch::Watch;

/// The most that a worker holds of pictures between requests: one of 7 megapixels in RGB, or what is reduced of many.
/// What would not fit is not decoded whole if there is another way.
pub(crate) const PICTURE_BYTES: usize = 20 << 20;

/// The most that it holds of indexes: those of some dozens of JPEGs of 12 megapixels.
const INDEX_BYTES: usize = 4 << 20;

/// Decodes windows of masters of every kind.
pub struct Decoder {
    /// Whether to go on decoding: of the current request, and forgotten with its buffers.
    pub watch: Watch,
    /// For JPEG 2000.
    pub(super) jp2: jp2::WindowDecoder,
    /// For TIFF.
    pub(super) tiff: WindowDecoder,
    /// Whole levels of flat masters, in the depth asked for, and reduced ones, in their own.
    pub(super) pictures: Lru<PictureKey, AnyRaster>,
    /// The flat master that the request is reading from the top.
    pub(super) rows: Option<(Identity, flat::Rows<Shared>)>,
    /// Indexes of JPEGs; None for one that cannot be indexed.
    pub(super) indexes: Lru<Identity, Option<Arc<jpeg::Index>>>,
}

/// What decoders of one master in several threads need not find out each for itself: the index of a JPEG.
#[derive(Clone, Default)]
pub struct Known(pub(super) Option<(Identity, Arc<jpeg::Index>)>);

/// Which picture it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PictureKey {
    pub(super) identity: Identity,
    pub(super) page: u32,
    pub(super) level: usize,
    pub(super) depth: Depth,
}

/// The bytes of a master, for readers that stay where they are from one window to the next.
pub(super) struct Shared(pub(super) Rc<dyn Object>);

impl AsRef<[u8]> for Shared {
    fn as_ref(&self) -> &[u8] {
        self.0.bytes()
    }
}

impl Default for Decoder {
    fn default() -> Self {
        Self {
            watch: Watch::unlimited(),
            jp2: jp2::WindowDecoder::default(),
            tiff: WindowDecoder::default(),
            pictures: Lru::new(usize::MAX, PICTURE_BYTES),
            rows: None,
            indexes: Lru::new(usize::MAX, INDEX_BYTES),
        }
    }
}

impl Decoder {
    /// One that knows what another has found out.
    pub fn knowing(known: &Known) -> Self {
        let mut decoder = Self::default();
        if let Known(Some((identity, index))) = known {
            decoder.indexes.insert(*identity, Some(Arc::clone(index)), index.bytes());
        }
        decoder
    }

    /// Releases what only the current request needs, when it is done with pixels: the next may be for another file, and
    /// idle workers should not hold memory. The caches stay, within their bounds; their keys say which file they are
    /// for.
    pub fn release_buffers(&mut self) {
        self.watch = Watch::unlimited();
        self.jp2.trim();
        self.tiff.forget();
        self.rows = None;
        self.pictures.trim();
        self.indexes.trim();
    }
}
