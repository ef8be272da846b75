//! The budget of a plan: how many pixels of the master it may decode.

use std::num::NonZeroU64;

use super::Plan;
use crate::error::MasterError;
use crate::master::Reader;

impl Plan {
    /// Pixels of the master that are decoded: all of the level of which a smaller picture is made, unless that is kept.
    pub(super) fn decoded_area(&self) -> u64 {
        match self.reader {
            Reader::Kept => self.scaling.level_dimensions.area(),
            _ => self.scaling.source_area(),
        }
    }

    /// The plan itself, if it decodes no more than `budget` pixels of the master.
    ///
    /// # Errors
    /// [`MasterError::TooLarge`] with the command that makes a pyramid, of which less would be decoded.
    pub fn within(self, budget: NonZeroU64) -> Result<Self, MasterError> {
        let area = self.scaling.source_area();
        if area <= budget.get() {
            return Ok(self);
        }
        Err(MasterError::TooLarge(format!(
            "{} megapixels of its level of {} pixels, in pieces of {}, would have to be decoded, and [limits] \
             max_source_area is {}; give it tiles and reduced levels: vips tiffsave MASTER NEW.tif --tile --pyramid \
             --tile-width 256 --tile-height 256 --compression deflate --predictor horizontal",
            area.div_ceil(1_000_000),
            self.scaling.level_dimensions,
            self.scaling.piece,
            budget
        )))
    }
}
