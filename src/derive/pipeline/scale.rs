//! Decoding and scaling band by band: rows of the level that two bands share are decoded once.

use super::Lent;
use crate::derive::plan::Scaling;
use crate::error::Error;
use crate::picture::{Channels, Dimensions, Rect};
use crate::raster::{Raster, Resampler, Sample};
use crate::watch::Watch;

/// The bands of the scaled picture, top to bottom, of the pixels that `decoded` gives for windows of the level, as long as
/// the work may go on.
pub(super) fn scaled<S: Sample>(
    scaling: Scaling,
    mut resampler: Lent<'_, Resampler>,
    watch: Watch,
    mut decoded: impl FnMut(Rect, &Watch) -> Result<Raster<S>, Error>,
) -> impl Iterator<Item = Result<Raster<S>, Error>> {
    let mut held = Held::new();
    scaling.bands().map(move |band| {
        watch.check()?;
        held.drop_above(band.window.y);
        if band.fresh.height > 0 {
            held.rows.append(decoded(band.fresh, &watch)?);
        }
        if scaling.is_copy() {
            return Ok(held.rows.take());
        }
        resampler
            .resample(&held.rows, band.window, (scaling.x, scaling.y), band.rows)
            .map_err(|error| Error::Internal(format!("resampling: {error}")))
    })
}

/// Rows of the level that are decoded: those that the current band needs, some of which the one above it needed too.
struct Held<S> {
    /// The row of the level that comes first.
    top: u32,
    rows: Raster<S>,
}

impl<S: Sample> Held<S> {
    fn new() -> Self {
        Self { top: 0, rows: Raster::new(Dimensions::new(0, 0), Channels::Gray) }
    }

    /// Drops the rows of the level above `top`.
    fn drop_above(&mut self, top: u32) {
        let above = top.saturating_sub(self.top).min(self.rows.dimensions.height);
        self.rows.drop_rows(above);
        self.top = top;
    }
}
