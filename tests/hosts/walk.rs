//! What a reader asks for: a page opens as a whole, then comes nearer and moves about; of each view those tiles that the
//! browser does not have yet.

use crate::random::Random;

/// Columns and rows of tiles of 512 pixels, level by level, the finest first: a page of 3500 by 5400 pixels.
const LEVELS: [(u64, u64, u32); 4] = [(7, 11, 0), (4, 6, 77), (2, 3, 101), (1, 1, 107)];
/// The block where the file tells what is where.
pub const HEAD: u32 = 108;
/// Blocks of a whole page: one for each tile of 60 KB, and the head.
pub const BLOCKS: u32 = 109;
/// Tiles in a view, at most: 2048 by 1536 pixels.
const VIEW: (u64, u64) = (4, 3);

/// A reader and one object.
pub struct Reader {
    pub object: u64,
    level: usize,
    /// Of the view's first tile.
    at: (u64, u64),
    seen: u128,
    views: u32,
}

impl Reader {
    pub fn new(object: u64) -> Self {
        Self { object, level: 2, at: (0, 0), seen: 0, views: 0 }
    }

    /// The tiles of the next view that are asked for, as blocks of the object; None if the reader has enough.
    pub fn view(&mut self, random: &mut Random) -> Option<Vec<u32>> {
        if self.views > 0 {
            // Four views, or so.
            if random.below(4) == 0 {
                return None;
            }
            self.turn(random);
        }
        self.views += 1;
        let (columns, rows, first) = LEVELS[self.level];
        let mut tiles = Vec::new();
        for y in self.at.1..(self.at.1 + VIEW.1).min(rows) {
            for x in self.at.0..(self.at.0 + VIEW.0).min(columns) {
                let block = first + (y * columns + x) as u32;
                if self.seen & 1 << block == 0 {
                    self.seen |= 1 << block;
                    tiles.push(block);
                }
            }
        }
        Some(tiles)
    }

    /// Nearer, three times of five if that is possible; or a part of a screen in any direction.
    fn turn(&mut self, random: &mut Random) {
        if self.level > 0 && random.below(5) < 3 {
            self.level -= 1;
            self.at = (self.at.0 * 2 + random.below(3), self.at.1 * 2 + random.below(3));
        } else {
            let step = |at: u64, by: u64| (at + by).saturating_sub(2);
            self.at = (step(self.at.0, random.below(5)), step(self.at.1, random.below(5)));
        }
        let (columns, rows, _) = LEVELS[self.level];
        self.at = (self.at.0.min(columns.saturating_sub(2)), self.at.1.min(rows.saturating_sub(2)));
    }
}
