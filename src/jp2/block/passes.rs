//! The three coding passes (T.800 D.3) over bitmaps: a walk visits only the samples that a pass has something for.

use super::grid::{FIRST, Grid, Map, Walk};
use super::mq::Mq;
use super::tables::{self, REFINEMENT, RUN_LENGTH, SIGNS, UNIFORM};
use crate::jp2::layout::BandKind;

/// Where decisions come from.
pub trait Source {
    /// The next decision, 0 or 1, in the context `label`.
    fn decide(&mut self, label: u8) -> u64;
    /// The next sign, 1 if negative, by an entry of [`SIGNS`].
    fn sign(&mut self, entry: u8) -> u64;
}

/// Around the sample at bit 7: the 3x3 samples, and those of them that the scan meets later.
const AROUND: u64 = 0b000111_000111_000111;
const LATER: u64 = 0b000111_000100_000000;
/// Its straight neighbours.
const STRAIGHT: u32 = 0b000010_000101_000010;
/// Brings three groups of bits, six apart, together at bit 12.
const GATHER: u32 = 1 | 1 << 9 | 1 << 18;

/// What is known of a code-block between passes.
pub struct Block {
    grid: Grid,
    significance: &'static [u8; 512],
    significant: Map,
    negative: Map,
    /// Samples that the last significance propagation decided on.
    visited: Map,
    refined: Map,
    coefficients: [i32; 4096],
}

impl Block {
    /// An empty block, to be used again and again.
    pub fn new() -> Self {
        let grid = Grid::new((1, 1), false);
        let significance = tables::significance(BandKind::Ll);
        let (significant, negative, visited, refined) = ([0; 512], [0; 512], [0; 512], [0; 512]);
        Self { grid, significance, significant, negative, visited, refined, coefficients: [0; 4096] }
    }

    /// Starts anew with a block in which nothing is significant.
    pub fn start(&mut self, kind: BandKind, grid: Grid) {
        for map in [&mut self.significant, &mut self.negative, &mut self.visited, &mut self.refined] {
            grid.clear(map);
        }
        self.coefficients[..grid.area()].fill(0);
        self.significance = tables::significance(kind);
        self.grid = grid;
    }

    /// Row by row, as [`super::BlockDecoder::decode`] gives them.
    pub fn coefficients(&self) -> &[i32] {
        &self.coefficients[..self.grid.area()]
    }

    /// Significance propagation (D.3.1) and signs (D.3.2).
    #[inline(always)]
    pub fn propagate<S: Source>(&mut self, mut from: S, plane: u32) -> S {
        for stripe in 0..self.grid.stripes {
            let mut significance = Walk::new(&self.grid, &self.significant, stripe);
            let mut signs = Walk::new(&self.grid, &self.negative, stripe);
            for word in self.grid.words(stripe) {
                let mut significant = significance.enter(&self.grid, &self.significant, &word);
                let mut negative = signs.enter(&self.grid, &self.negative, &word);
                let candidates = word.own & !significant;
                let mut members = candidates & neighbours(significant);
                let mut visited = members;
                while members != 0 {
                    let bit = members.trailing_zeros();
                    members &= members - 1;
                    let label = self.significance[context(significant, bit)];
                    if from.decide(label) == 0 {
                        continue;
                    }
                    let sign = from.sign(sign_entry(significant, negative, bit));
                    significant |= 1 << bit;
                    negative |= sign << bit;
                    self.coefficients[self.grid.place(&word, bit)] = signed(3 << plane, sign);
                    let reached = LATER << (bit - 7) & candidates;
                    members |= reached;
                    visited |= reached;
                }
                significance.leave(&mut self.significant, &word, significant);
                signs.leave(&mut self.negative, &word, negative);
                *word.of(&mut self.visited) = visited;
            }
        }
        from
    }

    /// Magnitude refinement (D.3.3).
    #[inline(always)]
    pub fn refine<S: Source>(&mut self, mut from: S, plane: u32) -> S {
        for stripe in 0..self.grid.stripes {
            let mut significance = Walk::new(&self.grid, &self.significant, stripe);
            for word in self.grid.words(stripe) {
                let significant = significance.enter(&self.grid, &self.significant, &word);
                let mut members = significant & word.own & !*word.of(&mut self.visited);
                let refined = word.of(&mut self.refined);
                let (again, first) = (*refined, neighbours(significant) & !*refined);
                *refined |= members;
                while members != 0 {
                    let bit = members.trailing_zeros();
                    members &= members - 1;
                    let label = REFINEMENT + (first >> bit & 1) as u8 + 2 * (again >> bit & 1) as u8;
                    let decision = from.decide(label);
                    let coefficient = &mut self.coefficients[self.grid.place(&word, bit)];
                    // What was the half becomes this plane's bit, and the half of this plane follows.
                    let change = (decision as i32 * 2 - 1) << plane;
                    let sign = *coefficient >> 31;
                    *coefficient += (change ^ sign) - sign;
                }
            }
        }
        from
    }

    /// Cleanup (D.3.4).
    #[inline(always)]
    pub fn clean_up<'a>(&mut self, mut from: Mq<'a>, plane: u32, symbols: bool) -> Mq<'a> {
        for stripe in 0..self.grid.stripes {
            let mut significance = Walk::new(&self.grid, &self.significant, stripe);
            let mut signs = Walk::new(&self.grid, &self.negative, stripe);
            let runs = if self.grid.is_whole(stripe) { FIRST } else { 0 };
            for word in self.grid.words(stripe) {
                let mut significant = significance.enter(&self.grid, &self.significant, &word);
                let mut negative = signs.enter(&self.grid, &self.negative, &word);
                let mut members = word.own & !significant & !*word.of(&mut self.visited);
                let mut clean = runs & !touched(significant);
                while members != 0 {
                    let mut bit = members.trailing_zeros();
                    if clean >> bit & 1 != 0 {
                        if from.decide_likely(RUN_LENGTH) == 0 {
                            members &= !(0xf << bit);
                            continue;
                        }
                        let run = from.decide(UNIFORM) << 1;
                        let run = run | from.decide(UNIFORM);
                        members &= !(((2 << run) - 1) << bit);
                        bit += run as u32;
                    } else {
                        members &= members - 1;
                        let label = self.significance[context(significant, bit)];
                        if from.decide(label) == 0 {
                            continue;
                        }
                    }
                    let sign = from.sign(sign_entry(significant, negative, bit));
                    significant |= 1 << bit;
                    negative |= sign << bit;
                    self.coefficients[self.grid.place(&word, bit)] = signed(3 << plane, sign);
                    clean &= !(0x7f << bit);
                }
                significance.leave(&mut self.significant, &word, significant);
                signs.leave(&mut self.negative, &word, negative);
            }
        }
        if symbols {
            for _ in 0..4 {
                from.decide(UNIFORM);
            }
        }
        from
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

#[inline(always)]
fn context(significant: u64, bit: u32) -> usize {
    let around = (significant >> (bit - 7)) as u32 & AROUND as u32;
    (around.wrapping_mul(GATHER) >> 12 & 511) as usize
}

#[inline(always)]
fn sign_entry(significant: u64, negative: u64, bit: u32) -> u8 {
    let significant = (significant >> (bit - 7)) as u32 & STRAIGHT;
    let negative = (negative >> (bit - 7)) as u32 & STRAIGHT;
    let around = significant | negative << 1;
    SIGNS[(around.wrapping_mul(GATHER) >> 13 & 255) as usize]
}

#[inline(always)]
fn signed(magnitude: i32, sign: u64) -> i32 {
    (magnitude ^ -(sign as i32)) + sign as i32
}
