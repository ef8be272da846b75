//! Where a part of the full picture lies on a level, along both axes.
//! Pure arithmetic. Places are counted in pixels from the upper left corner: the middle of the first is at 0.5.

use crate::picture::{Dimensions, Level, Rect, Sampling};
use crate::raster::Axis;

/// One side of a request, and of the level that is to answer it.
#[derive(Clone, Copy)]
struct Side {
    /// Pixels of the full picture.
    full: u32,
    /// Pixels of the level.
    level: u32,
    /// The first pixel of the region in the full picture.
    start: u32,
    /// How many pixels the region has.
    length: u32,
    /// How many pixels of output they become.
    output: u32,
}

/// Where `region` of the full picture lies on `level`, across and down, to be made `output`.
///
/// What is on the grid of a level is its pixels as they are, whatever they show, as all servers give them: else tiles
/// would not be copies, and those of one level would not meet.
pub(super) fn axes(full: Dimensions, level: &Level, region: Rect, output: Dimensions) -> (Axis, Axis) {
    let Dimensions { width, height } = level.dimensions;
    let across =
        Side { full: full.width, level: width, start: region.x, length: region.width, output: output.width };
    let down = Side {
        full: full.height,
        level: height,
        start: region.y,
        length: region.height,
        output: output.height,
    };
    let (ratio, (right, below)) = match level.sampling {
        Sampling::Boxes => (whole_ratio(full, level.dimensions), (0.0, 0.0)),
        Sampling::Places { step, first: (x, y) } => (Some(step), (phase(step, x), phase(step, y))),
    };
    let Some(ratio) = ratio else { return (across.fitted(), down.fitted()) };
    match (across.on_grid(ratio), down.on_grid(ratio)) {
        (Some(x), Some(y)) => (x, y),
        _ => (across.reduced(ratio, right), down.reduced(ratio, below)),
    }
}

/// Whether a level of this side has the place at all (one that was rounded down may end before it), and at least as many
/// pixels as are asked for; less than one pixel short is rounding, not detail, unless there are so few that it is.
pub(super) fn is_enough(axis: &Axis, side: u32) -> bool {
    let output = f64::from(axis.output);
    axis.start < f64::from(side) && axis.length + 1.0 > output && axis.length > 0.95 * output
}

/// Where the pixels of a level end for an axis: one beyond its side if the level was rounded down, or stands to the left
/// of its boxes.
pub(super) fn limit(axis: &Axis, side: u32) -> u32 {
    side.max((axis.start + axis.length - 1e-6).ceil() as u32)
}

/// The whole number by which a level is reduced, if its sides are those of the full image divided by it and rounded
/// either way: then each of its pixels stands for that many across and down, to the last, which stands for fewer (or
/// is missing). Otherwise the level is an image scaled to fit.
fn whole_ratio(full: Dimensions, level: Dimensions) -> Option<u32> {
    let nearest =
        (f64::from(full.width.max(full.height)) / f64::from(level.width.max(level.height))).round() as u32;
    let fits = |ratio: &u32| {
        let side = |full: u32, level: u32| level == full.div_ceil(*ratio) || level == (full / ratio).max(1);
        side(full.width, level.width) && side(full.height, level.height)
    };
    // Of a level of few pixels several do. It was halved time and again, unless that cannot be.
    let halved = 1_u32 << nearest.checked_ilog2()?;
    [halved, halved.saturating_mul(2), nearest].into_iter().find(fits)
}

/// By how much the pixels of a level stand to the left of the middles of boxes, or above them, in pixels of the level:
/// half a one less half a pixel of the full picture if the first stands on the first. Less than half a pixel either way.
fn phase(step: u32, first: u32) -> f64 {
    0.5 - (f64::from(first) + 0.5) / f64::from(step.max(1))
}

impl Side {
    /// The pixels of the level as they are, if that is what is asked for: the region begins with one of them, and ends
    /// with one or at the edge. There the level has its size rounded up, or as it is: in line with the pixels before,
    /// not squeezed by the fraction of a pixel that was rounded.
    fn on_grid(self, ratio: u32) -> Option<Axis> {
        let Self { full, level, start, length, output } = self;
        let first = start / ratio;
        let whole = u64::from(output) * u64::from(ratio) == u64::from(length);
        let at_edge = start + length == full
            && (output == length.div_ceil(ratio) || Some(output) == level.checked_sub(first));
        let on_grid = start.is_multiple_of(ratio) && (whole || at_edge);
        on_grid.then(|| Axis { start: first.into(), length: output.into(), output })
    }

    /// On a level that is reduced by a whole number.
    fn reduced(self, ratio: u32, phase: f64) -> Axis {
        let (start, length) = (f64::from(self.start), f64::from(self.length));
        let ratio = f64::from(ratio);
        Axis { start: start / ratio + phase, length: length / ratio, output: self.output }
    }

    /// On a level that is an image scaled to fit.
    fn fitted(self) -> Axis {
        let scale = f64::from(self.level) / f64::from(self.full);
        let (start, length) = (f64::from(self.start), f64::from(self.length));
        Axis { start: start * scale, length: length * scale, output: self.output }
    }
}
