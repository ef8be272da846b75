//! What a plan costs: the pixels of the master that it has decoded.

use std::num::NonZeroU64;

use super::Plan;
use crate::error::MasterError;
use crate::picture::{
    Decimal, Depth, Derivative, Description, Dimensions, Format, Orientation, Quality, Rect,
};

impl Plan {
    /// The plan itself, if it has no more than `budget` pixels of the master decoded.
    ///
    /// # Errors
    /// [`MasterError::TooLarge`] with the command that makes a master of which less is needed.
    pub fn within(self, budget: NonZeroU64) -> Result<Self, MasterError> {
        let area = self.source_area();
        if area <= budget.get() {
            return Ok(self);
        }
        Err(MasterError::TooLarge(format!(
            "{} megapixels of its level of {} pixels, in pieces of {}, would have to be decoded, and [limits] \
             max_source_area is {}; give it tiles and reduced levels: vips tiffsave MASTER NEW.tif --tile --pyramid \
             --tile-width 256 --tile-height 256 --compression deflate --predictor horizontal",
            area.div_ceil(1_000_000),
            self.level_dimensions,
            self.piece,
            budget
        )))
    }

    /// Pixels of a master that are decoded for a part of it, as it is shown, at a size.
    pub fn cost(description: &Description, region: Rect, size: Dimensions) -> u64 {
        let (orientation, tilt) = (Orientation::UPRIGHT, Decimal::default());
        let (quality, format) = (Quality::Default, Format::Jpg);
        let resolved = Derivative { region, size, orientation, tilt, quality, format };
        Self::new(&resolved, description, Depth::Eight).source_area()
    }

    /// Pixels of the master that are decoded: those of all pieces that the window touches.
    pub fn source_area(&self) -> u64 {
        let (window, level) = (self.window(), self.level_dimensions);
        // Sides have at most 32 bits, so sums and products of them fit 64.
        let whole = |from: u32, length: u32, piece: u32, side: u32| {
            let piece = u64::from(piece.max(1));
            let (from, to) = (u64::from(from), u64::from(from) + u64::from(length));
            let end = (to.div_ceil(piece) * piece).min(side.into());
            end.saturating_sub(from / piece * piece)
        };
        whole(window.x, window.width, self.piece.width, level.width)
            * whole(window.y, window.height, self.piece.height, level.height)
    }
}
