//! The limits of what is decoded in one piece: pictures without tiles. Checked before any memory is allocated.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::{MENDED_BY, MasterError};
use crate::memory::room;
use crate::picture::{Coding, Dimensions, Level, Sampling};

/// Most pixels that a flat master may have at the level that is decoded.
pub const MAX_AREA: u64 = 100_000_000;

/// Most bytes that decoding may take: the pixels, and the buffers needed meanwhile. As much as all requests of a pool may
/// take together by default (`[limits] memory`): one of this size is in work alone. Four workers hold 288 MiB beside it,
/// at most (`master/decoder.rs`).
pub(super) const MAX_BYTES: u64 = 640 << 20;

/// What holds in this process instead of both, if it is to have more.
static RAISED: AtomicU64 = AtomicU64::new(0);

/// Lets all of this process take so many bytes for a picture, whatever its size is: for one that serves nobody.
pub(crate) fn raise(bytes: u64) {
    RAISED.store(bytes, Ordering::Relaxed);
}

/// Most bytes that decoding a picture may take in this process.
pub(crate) fn most_bytes() -> u64 {
    RAISED.load(Ordering::Relaxed).max(MAX_BYTES)
}

/// A level without tiles.
pub(super) fn level(dimensions: Dimensions, coding: Coding) -> Level {
    Level {
        dimensions,
        tile: dimensions,
        tiled: false,
        stored_as: None,
        coding,
        sampling: Sampling::Boxes,
        is_stored: true,
    }
}

/// Refuses a picture that would take too much memory, with the command that makes a better master of it.
///
/// # Errors
/// [`MasterError::TooLarge`] then; [`MasterError::Damaged`] for a picture without pixels.
pub(super) fn check_budget(dimensions: Dimensions, bytes: u64) -> Result<(), MasterError> {
    if dimensions.width == 0 || dimensions.height == 0 {
        return Err(MasterError::damaged(format!("a picture of {dimensions} pixels")));
    }
    let raised = RAISED.load(Ordering::Relaxed);
    let is_allowed = match raised {
        0 => dimensions.area() <= MAX_AREA && bytes <= MAX_BYTES,
        _ => bytes <= raised.max(MAX_BYTES),
    };
    if is_allowed {
        return Ok(());
    }
    if raised > 0 {
        return Err(MasterError::TooLarge(format!(
            "{dimensions} pixels that can only be decoded as a whole take {} MB; at most {} MB are allowed",
            bytes >> 20,
            raised >> 20
        )));
    }
    Err(MasterError::TooLarge(format!(
        "{dimensions} pixels without tiles take {} MB to decode; at most {} megapixels and {} MB are allowed. Make a \
         pyramid of it: {MENDED_BY}",
        bytes >> 20,
        MAX_AREA / 1_000_000,
        MAX_BYTES >> 20
    )))
}

/// As [`check_budget`], for what is to be decoded now: there has to be room for it as well.
///
/// # Errors
/// Those; [`MasterError::NoMemory`].
pub(super) fn take_budget(dimensions: Dimensions, bytes: u64) -> Result<(), MasterError> {
    check_budget(dimensions, bytes)?;
    Ok(room(bytes)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_budget_names_the_way_out() {
        assert!(check_budget(Dimensions::new(10_000, 10_000), 300_000_000).is_ok());
        let error = check_budget(Dimensions::new(10_000, 10_001), 300_030_000).expect_err("too large");
        assert!(error.to_string().contains("recto convert"), "{error}");
        assert!(check_budget(Dimensions::new(10, 10), 1 << 40).is_err());
        assert!(matches!(check_budget(Dimensions::new(0, 10), 0), Err(MasterError::Damaged(_))));
    }
}
