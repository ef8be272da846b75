//! The three coding passes (T.800 D.3) over bitmaps: a walk visits only the samples that a pass has something for.

use super::grid::{FIRST, Grid, MARGIN, Map, Walk, Word};
use super::mq::Mq;
use super::tables::{self, Around, REFINEMENT, RUN_LENGTH, SIGNS, UNIFORM};
use crate::codestream::BandKind;

/// Where decisions come from.
pub(super) trait Source {
    /// The next decision, 0 or 1, in the context `label`.
    fn decide(&mut self, label: u8) -> u64;
    /// The next sign, 1 if negative, by an entry of [`SIGNS`].
    fn sign(&mut self, entry: u8) -> u64;
}

/// The 3x3 samples around one, in a word that was shifted by its number.
const AROUND: u64 = 0b000111_000111_000111;
/// Its straight neighbours there.
const STRAIGHT: u32 = 0b000010_000101_000010;
/// Those samples of the 3x3 that the scan meets later, numbered from the one in the middle.
const LATER: u64 = 0b000111_000100_000000 >> MARGIN;

/// What is known of a code-block between passes.
pub(super) struct Block {
    grid: Grid,
    significance: &'static Around,
    significant: Map,
    negative: Map,
    /// Samples that the last significance propagation decided on.
    visited: Map,
    refined: Map,
    coefficients: [i32; 4096],
}

impl Block {
    /// An empty block, to be used again and again.
    pub(super) fn new() -> Self {
        let grid = Grid::new((1, 1), false);
        let significance = tables::significance(BandKind::Ll);
        let (significant, negative, visited, refined) = ([0; 512], [0; 512], [0; 512], [0; 512]);
        Self { grid, significance, significant, negative, visited, refined, coefficients: [0; 4096] }
    }

    /// Starts anew with a block in which nothing is significant.
    pub(super) fn start(&mut self, kind: BandKind, grid: Grid) {
        for map in [&mut self.significant, &mut self.negative, &mut self.visited, &mut self.refined] {
            grid.clear(map);
        }
        self.coefficients[..grid.area()].fill(0);
        self.significance = tables::significance(kind);
        self.grid = grid;
    }

    /// Row by row, as [`super::BlockDecoder::decode`] gives them.
    pub(super) fn coefficients(&self) -> &[i32] {
        &self.coefficients[..self.grid.area()]
    }

    /// Significance propagation (D.3.1): samples with a significant neighbour.
    #[inline(always)]
    pub(super) fn propagate<S: Source>(&mut self, mut from: S, plane: u32) -> S {
        for stripe in 0..self.grid.stripes {
            let mut walk = SignWalk::new(self, stripe);
            for word in self.grid.words(stripe) {
                let mut near = walk.enter(self, &word);
                self.propagate_word(&mut from, &word, &mut near, plane);
                walk.leave(self, &word, near);
            }
        }
        from
    }

    #[inline(always)]
    fn propagate_word<S: Source>(&mut self, from: &mut S, word: &Word, near: &mut Near, plane: u32) {
        let candidates = (word.own & !near.significant) >> MARGIN;
        let mut members = neighbours(near.significant) >> MARGIN & candidates;
        let mut visited = members;
        while members != 0 {
            let sample = members.trailing_zeros();
            members &= members - 1;
            if from.decide(self.significance[near.context(sample)]) != 0 {
                self.become_significant(from, word, near, sample, plane);
                let reached = LATER << sample & candidates;
                members |= reached;
                visited |= reached;
            }
        }
        *word.of(&mut self.visited) = visited << MARGIN;
    }

    /// Magnitude refinement (D.3.3): samples that were significant before this plane.
    #[inline(always)]
    pub(super) fn refine<S: Source>(&mut self, mut from: S, plane: u32) -> S {
        for stripe in 0..self.grid.stripes {
            let mut walk = Walk::new(&self.grid, &self.significant, stripe);
            for word in self.grid.words(stripe) {
                let significant = walk.enter(&self.grid, &self.significant, &word);
                self.refine_word(&mut from, &word, significant, plane);
            }
        }
        from
    }

    #[inline(always)]
    fn refine_word<S: Source>(&mut self, from: &mut S, word: &Word, significant: u64, plane: u32) {
        let mut members = significant & word.own & !*word.of(&mut self.visited);
        let refined = word.of(&mut self.refined);
        let again = *refined >> MARGIN;
        let first = neighbours(significant) >> MARGIN & !again;
        *refined |= members;
        members >>= MARGIN;
        while members != 0 {
            let sample = members.trailing_zeros();
            members &= members - 1;
            let label = REFINEMENT + (first >> sample & 1) as u8 + 2 * (again >> sample & 1) as u8;
            // The half of the plane above becomes the bit of this one, whose half follows: up or down by a half.
            let change = (from.decide(label) as i32 * 2 - 1) << plane;
            let coefficient = &mut self.coefficients[self.grid.place(word, sample)];
            let sign = *coefficient >> 31;
            *coefficient += (change ^ sign) - sign;
        }
    }

    /// Cleanup (D.3.4): all other samples, and the segmentation symbol (D.5) if there is one.
    #[inline(always)]
    pub(super) fn clean_up<'a>(&mut self, mut from: Mq<'a>, plane: u32, symbol: bool) -> Mq<'a> {
        for stripe in 0..self.grid.stripes {
            let mut walk = SignWalk::new(self, stripe);
            let runs = if self.grid.is_whole(stripe) { FIRST } else { 0 };
            for word in self.grid.words(stripe) {
                let mut near = walk.enter(self, &word);
                self.clean_up_word(&mut from, &word, &mut near, runs, plane);
                walk.leave(self, &word, near);
            }
        }
        for _ in 0..if symbol { 4 } else { 0 } {
            from.decide(UNIFORM);
        }
        from
    }

    #[inline(always)]
    fn clean_up_word(&mut self, from: &mut Mq, word: &Word, near: &mut Near, runs: u64, plane: u32) {
        let mut members = (word.own & !near.significant & !*word.of(&mut self.visited)) >> MARGIN;
        // Where a column of four starts that has nothing in it and around it.
        let mut clean = (runs & !touched(near.significant)) >> MARGIN;
        while members != 0 {
            let mut sample = members.trailing_zeros();
            if clean >> sample & 1 != 0 {
                if from.decide_likely(RUN_LENGTH) == 0 {
                    members &= !(0xf << sample);
                    continue;
                }
                let run = from.decide(UNIFORM) << 1;
                let run = run | from.decide(UNIFORM);
                members &= !(((2 << run) - 1) << sample);
                sample += run as u32;
            } else {
                members &= members - 1;
                if from.decide(self.significance[near.context(sample)]) == 0 {
                    continue;
                }
            }
            self.become_significant(from, word, near, sample, plane);
            // The next column, as far as it is in this word, starts 3 to 6 bits ahead.
            clean &= !(0x7f << sample);
        }
    }

    /// Decodes a sign (D.3.2).
    #[inline(always)]
    fn become_significant<S: Source>(
        &mut self,
        from: &mut S,
        word: &Word,
        near: &mut Near,
        sample: u32,
        plane: u32,
    ) {
        let sign = from.sign(near.sign_entry(sample));
        near.significant |= 1 << MARGIN << sample;
        near.negative |= sign << MARGIN << sample;
        let (magnitude, sign) = (3 << plane, sign as i32);
        self.coefficients[self.grid.place(word, sample)] = (magnitude ^ -sign) + sign;
    }
}

/// A word with all samples around: which are significant, and which of these negative.
struct Near {
    significant: u64,
    negative: u64,
}

impl Near {
    #[inline(always)]
    fn context(&self, sample: u32) -> usize {
        (self.significant >> sample & AROUND) as usize
    }

    #[inline(always)]
    fn sign_entry(&self, sample: u32) -> u8 {
        let significant = (self.significant >> sample) as u32 & STRAIGHT;
        let negative = (self.negative >> sample) as u32 & STRAIGHT;
        SIGNS[(significant | negative << 1) as usize]
    }
}

/// A walk along a stripe that sees signs too.
struct SignWalk {
    significant: Walk,
    negative: Walk,
}

impl SignWalk {
    #[inline(always)]
    fn new(block: &Block, stripe: usize) -> Self {
        let walk = |map| Walk::new(&block.grid, map, stripe);
        Self { significant: walk(&block.significant), negative: walk(&block.negative) }
    }

    #[inline(always)]
    fn enter(&mut self, block: &Block, word: &Word) -> Near {
        let significant = self.significant.enter(&block.grid, &block.significant, word);
        Near { significant, negative: self.negative.enter(&block.grid, &block.negative, word) }
    }

    #[inline(always)]
    fn leave(&mut self, block: &mut Block, word: &Word, near: Near) {
        self.significant.leave(&mut block.significant, word, near.significant);
        self.negative.leave(&mut block.negative, word, near.negative);
    }
}

/// Samples with a significant neighbour.
#[inline(always)]
fn neighbours(significant: u64) -> u64 {
    let vertical = significant << 1 | significant >> 1;
    let column = vertical | significant;
    vertical | column << 6 | column >> 6
}

/// First samples of columns in or around which something is significant.
#[inline(always)]
fn touched(significant: u64) -> u64 {
    let columns = significant | significant << 6 | significant >> 6;
    let pairs = columns | columns >> 1;
    pairs | pairs >> 2 | columns >> 4 | columns << 1
}
