//! What info.json may promise of an expensive image: no tile of a scale factor that would be refused.
//! Pure arithmetic over the grid of tiles; the server says what a part costs.

use crate::{Dimensions, Rect, Tiling};

/// How far beyond its own place a scaled tile may depend on pixels, in pixels of its own: more than any kernel reaches.
const MARGIN: u64 = 8;

/// How much of an image may be decoded for a request.
#[derive(Clone, Copy)]
pub struct Budget<'a> {
    /// The longest side of the pieces, tiles or strips, in which it is stored.
    pub piece: u32,
    /// Most pixels that may be decoded, as stored.
    pub most: u64,
    /// How many are decoded for a part of the image, as it is shown, at a size.
    pub cost: &'a dyn Fn(Rect, Dimensions) -> u64,
}

impl Budget<'_> {
    /// For images that cost little: all of it.
    pub const UNLIMITED: Self = Self { piece: 0, most: u64::MAX, cost: &|_, _| 0 };

    /// Whether a part of the image at a size is within it.
    pub(super) fn allows_part(&self, region: Rect, size: Dimensions) -> bool {
        (self.cost)(region, size) <= self.most
    }

    /// Whether all tiles of a scale factor are within it.
    ///
    /// A tile costs the pieces that it touches: columns of them by rows. So, of the tiles that no edge cuts, which are
    /// made of one level, the costliest is where the costliest column crosses the costliest row.
    pub(super) fn allows(&self, tiling: Tiling, factor: u64) -> bool {
        if self.bound(tiling, factor) <= self.most {
            return true;
        }
        let cost = |at| {
            let (region, size) = tiling.tile_at(at, factor);
            (self.cost)(region, size)
        };
        let (columns, rows) = (
            starts(tiling.image.width, tiling.step(factor).0),
            starts(tiling.image.height, tiling.step(factor).1),
        );
        let (last_x, last_y) = (columns.clone().last().unwrap_or(0), rows.clone().last().unwrap_or(0));
        let costliest_x = columns.clone().filter(|x| *x < last_x).max_by_key(|x| cost((*x, 0)));
        let costliest_y = rows.clone().filter(|y| *y < last_y).max_by_key(|y| cost((0, *y)));
        columns
            .map(|x| (x, last_y))
            .chain(rows.map(|y| (last_x, y)))
            .chain(costliest_x.zip(costliest_y))
            .all(|at| cost(at) <= self.most)
    }

    /// More than any tile of a scale factor costs, whatever it is made of: what it shows, what is around that, and what
    /// pieces add at both sides.
    fn bound(&self, tiling: Tiling, factor: u64) -> u64 {
        let piece = u64::from(self.piece);
        let side = |step: u64, image: u32| {
            step.saturating_add(factor.saturating_mul(2 * MARGIN)).saturating_add(2 * piece).min(image.into())
        };
        let (wide, high) = tiling.step(factor);
        side(wide, tiling.image.width) * side(high, tiling.image.height)
    }
}

/// Where tiles begin along a side.
fn starts(image: u32, step: u64) -> impl Iterator<Item = u32> + Clone {
    let step = usize::try_from(step.max(1)).unwrap_or(usize::MAX);
    (0..u64::from(image)).step_by(step).map(|start| start as u32)
}
