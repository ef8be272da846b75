//! Tiles with fewer decomposition levels than the main header declares: which levels an image has must not depend on
//! headers all over the file. The levels that such a tile lacks are made from its lowest resolution by the forward
//! transform: the samples that an encoder would have found there with more levels (of the 5/3 wavelet exactly these;
//! T.800 B.5 and F.4).
//! Pure.

use crate::error::Error;
use crate::geometry::Rect;
use crate::planes::Plane;
use crate::wavelet::{self, Sample};

/// More samples than this are not decoded to make a window of fewer.
const MAX_SAMPLES: u64 = 1 << 24;

/// A window of `resolution` with `missing` levels more taken away, made of one of `resolution`, which `read` gives.
///
/// # Errors
/// Those of `read`.
pub(super) fn lowered<T: Sample, E>(
    resolution: Rect,
    missing: u8,
    window: Rect,
    read: &mut dyn FnMut(Rect) -> Result<Plane<T>, E>,
) -> Result<Plane<T>, E> {
    let Some(above) = missing.checked_sub(1) else { return read(window) };
    let bounds = resolution.reduced(above);
    let plane = lowered(resolution, above, wavelet::source::<T>(bounds, window), read)?;
    Ok(wavelet::lowered(bounds, &plane, window))
}

/// The window of `resolution` that [`lowered`] reads.
///
/// # Errors
/// [`Error::TooLarge`] if it has more samples than one made of few should take.
pub(super) fn source<T: Sample>(resolution: Rect, missing: u8, window: Rect) -> Result<Rect, Error> {
    let above = |window, level| wavelet::source::<T>(resolution.reduced(level), window);
    let source = (0..missing).rev().fold(window, above);
    match source.dimensions().area() {
        ..=MAX_SAMPLES => Ok(source),
        samples => Err(Error::too_large(format!(
            "{samples} samples of a tile that has {missing} levels fewer than its image"
        ))),
    }
}
