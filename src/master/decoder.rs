//! The state that decoding keeps from one window to the next, and from one request to the next.
//! A flat master is decoded whole for any window, so its picture is kept: the tiles of one view mostly ask for the same.

use super::Identity;
use crate::description::Depth;
use crate::error::MasterError;
use crate::jp2;
use crate::raster::AnyRaster;
use crate::tiff::WindowDecoder;

/// The most that a worker holds between requests: a picture of 32 megapixels in RGB.
const KEPT_BYTES: usize = 96 << 20;

/// Decodes windows of masters of every kind.
#[derive(Default)]
pub struct Decoder {
    /// For JPEG 2000.
    pub(super) jp2: jp2::WindowDecoder,
    /// For TIFF.
    pub(super) tiff: WindowDecoder,
    kept: Option<Kept>,
}

/// A whole level of a flat master.
struct Kept {
    identity: Identity,
    level: usize,
    depth: Depth,
    raster: AnyRaster,
}

impl Decoder {
    /// To be called when a request is done with pixels: the next may be of another file, and memory is not for idle
    /// workers. What stays knows where it came from.
    pub fn rest(&mut self) {
        self.tiff.forget();
        self.kept.take_if(|kept| kept.raster.bytes() > KEPT_BYTES);
    }

    /// The level of the file with this identity, asked for in this depth: the one kept, or else what `decode` makes.
    pub(super) fn whole(
        &mut self,
        identity: Identity,
        level: usize,
        depth: Depth,
        decode: impl FnOnce() -> Result<AnyRaster, MasterError>,
    ) -> Result<&AnyRaster, MasterError> {
        let same = |kept: &Kept| kept.identity == identity && (kept.level, kept.depth) == (level, depth);
        // Another picture is dropped before the next is made.
        let kept = match self.kept.take().filter(same) {
            Some(kept) => kept,
            None => Kept { identity, level, depth, raster: decode()? },
        };
        Ok(&self.kept.insert(kept).raster)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::description::Channels;
    use crate::geometry::Dimensions;
    use crate::raster::Raster;

    fn identity(inode: u64) -> Identity {
        Identity { device: 1, inode, size: 3, seconds: 4, nanoseconds: 5 }
    }

    #[test]
    fn a_picture_is_kept_for_the_same_file_and_level_only() {
        let mut decoder = Decoder::default();
        let raster = |width| AnyRaster::Eight(Raster::new(Dimensions::new(width, 1), Channels::Gray));
        let mut ask = |inode, level, made: u32| {
            let whole = decoder.whole(identity(inode), level, Depth::Eight, || Ok(raster(made)));
            let width = whole.map(|raster| raster.dimensions().width);
            decoder.rest();
            width
        };
        assert_eq!(ask(1, 0, 10), Ok(10));
        assert_eq!(ask(1, 0, 20), Ok(10));
        assert_eq!(ask(1, 1, 30), Ok(30));
        assert_eq!(ask(2, 1, 40), Ok(40));
        assert_eq!(ask(1, 1, KEPT_BYTES as u32 + 1), Ok(KEPT_BYTES as u32 + 1));
        assert_eq!(ask(1, 1, 50), Ok(50), "too large to be kept");
        assert!(decoder.whole(identity(3), 0, Depth::Sixteen, || Err(MasterError::damaged("no"))).is_err());
        assert!(
            decoder.whole(identity(3), 0, Depth::Sixteen, || Ok(raster(60))).is_ok(),
            "errors are not kept"
        );
    }
}
