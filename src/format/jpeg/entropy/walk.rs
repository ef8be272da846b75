//! Where the blocks of a baseline scan begin, which is most of what there is to find out to cut it or to index it.
//!
//! Each look-up waits for the one before it to say how far it went, while the processor could do four at a time. So four
//! walkers set out a quarter of the scan apart, three of them amid some block as if one began there. A Huffman code
//! falls into step with itself: after a few blocks such a walker finds true beginnings. From the first that the walker
//! behind it comes to as well, both go the same way; what it found before is forgotten.
//! Pure. ITU-T T.81 F.2.2.

use super::bits::Bits;
use super::huffman::{BLOCK, Run, Runs};
use super::mcu::Block;

/// Walkers side by side.
const ABREAST: usize = 4;

/// How far each goes beyond where the next one set out, so that they meet: in bits, for each block of an MCU, since it
/// takes longer to fall into step with that, too.
const OVERLAP: usize = 1000;

/// In a scan of fewer bits blocks are short, and time is spent where they end: one walker is as fast.
const SHORT: usize = 100_000;

/// Bits that a block takes, or more, in most pictures.
const FEW: usize = 16;

/// What is walked through.
struct Scan<'s> {
    bits: Bits<'s>,
    /// The blocks of an MCU.
    mcu: &'s [Block<'s>],
    /// How many beginnings are to be found.
    count: usize,
}

/// A walker from block to block.
struct Walker<'s> {
    /// The bit that it was at when `word` was read, and the bits that follow what it has passed over since.
    at: usize,
    word: u64,
    /// The coefficients of the current block that were passed, and the bits passed over since `at`.
    run: Run,
    /// The look-up for what comes next.
    runs: &'s Runs,
    /// The place of the block in its MCU.
    block: usize,
    /// Where blocks begin. The first is that of an MCU.
    starts: Vec<u32>,
    /// The bit up to which it goes; 0 if there is no way on, or no need.
    goal: usize,
    /// Whether it set out where an MCU begins. One that did not may come to bits that mean nothing.
    is_sure: bool,
}

/// Where the blocks begin of a scan, or a part of one, that begins at bit `at` with an MCU of these blocks; and where the
/// last of them ends. Finds `count` of them, or as many as come before the end, or before bits that mean nothing.
pub(crate) fn starts(bits: Bits, at: usize, mcu: &[Block], count: usize) -> Vec<u32> {
    let Some((length, first)) = u32::try_from(bits.len()).ok().zip(mcu.first()) else { return Vec::new() };
    // Where all blocks have the same codes, it does not matter which of an MCU one is.
    let is_same = |block: &Block| std::ptr::eq(block.dc, first.dc) && std::ptr::eq(block.ac, first.ac);
    let mcu = if mcu.iter().all(is_same) { &mcu[..1] } else { mcu };
    let scan = Scan { bits, mcu, count: count.saturating_add(1) };
    let sure = if bits.len() < SHORT { scan.walker(at, usize::MAX, true) } else { scan.abreast(at) };
    let Walker { mut starts, .. } = scan.on(sure, usize::MAX);
    starts.truncate(scan.count.min(starts.partition_point(|start| *start <= length)));
    starts
}

impl<'s> Scan<'s> {
    fn walker(&self, at: usize, goal: usize, is_sure: bool) -> Walker<'s> {
        // The first one's list becomes that of all.
        let most = self.count.min(self.bits.len() / FEW);
        let starts = Vec::with_capacity(if is_sure { most } else { most / 3 });
        let goal = goal.min(self.bits.len() + 1);
        Walker { at, word: 0, run: Run::NONE, runs: &Run::NEVER, block: 0, starts, goal, is_sure }
    }

    /// The way through nearly all of it, found by several at once.
    fn abreast(&self, at: usize) -> Walker<'s> {
        let apart = self.bits.len() / ABREAST;
        let goal = |number| (number + 1) * apart + OVERLAP * self.mcu.len();
        let place = |number| match number {
            0 => self.walker(at, goal(0), true),
            _ => self.walker(number * apart, goal(number), false),
        };
        let mut walkers: [_; ABREAST] = std::array::from_fn(place);
        self.walk(&mut walkers);
        let [first, further @ ..] = walkers;
        further.into_iter().fold(first, |sure, next| self.joined(sure, next))
    }

    /// Lets all go until each has reached its goal.
    fn walk<const N: usize>(&self, walkers: &mut [Walker<'s>; N]) {
        while walkers.iter().any(|walker| walker.at < walker.goal) {
            for walker in &mut *walkers {
                walker.arrive();
                walker.word = self.bits.word(walker.at);
            }
            for _ in 0..Run::IN_WORD {
                for walker in &mut *walkers {
                    let run = walker.runs[(walker.word >> Run::SHIFT) as usize];
                    let sum = walker.run.and(run);
                    if sum.is_within() {
                        walker.word <<= run.bits();
                        walker.run = sum;
                    } else {
                        self.turn(walker, sum);
                    }
                }
            }
        }
    }

    /// Passes over the end of a block and the DC difference of the next one, with `sum` behind it.
    #[inline(never)]
    fn turn(&self, walker: &mut Walker<'s>, sum: Run) {
        let at = walker.at + sum.bits() as usize;
        let word = self.bits.word(at);
        let block = self.after(walker.block);
        let Block { dc, ac, .. } = self.mcu[block];
        let difference = dc.runs()[(word >> Run::SHIFT) as usize];
        if !(sum.is_end() && difference.is_within() && walker.goal > 0) {
            return self.one(walker);
        }
        (walker.at, walker.word, walker.run) = (at, word << difference.bits(), difference);
        (walker.block, walker.runs) = (block, ac.runs());
        self.begin(walker, at);
    }

    /// Takes note of where a block begins.
    #[inline]
    fn begin(&self, walker: &mut Walker<'s>, at: usize) {
        walker.starts.push(at as u32);
        if walker.starts.len() >= self.count {
            walker.goal = 0;
        }
    }

    fn after(&self, block: usize) -> usize {
        if block + 1 == self.mcu.len() { 0 } else { block + 1 }
    }

    /// Passes over one symbol that a look-up does not see, or finds that the bits mean nothing.
    #[cold]
    fn one(&self, walker: &mut Walker<'s>) {
        walker.arrive();
        if walker.goal == 0 {
            return;
        }
        let (behind, Block { dc, ac, .. }) = (walker.run.coefficients(), self.mcu[walker.block]);
        if behind == 0 {
            self.begin(walker, walker.at);
        }
        let codes = if behind == 0 { dc } else { ac };
        (walker.run, walker.runs) = (Run::NONE, &Run::NEVER);
        match codes.symbol_after(behind, self.bits.word(walker.at)) {
            Some((bits, behind)) => {
                walker.at += bits as usize;
                if behind == BLOCK {
                    walker.block = self.after(walker.block);
                } else {
                    (walker.run, walker.runs) = (Run::new(0, behind), ac.runs());
                }
            }
            // Ones fill the last byte.
            None if walker.is_sure || walker.at + 64 > self.bits.len() => walker.goal = 0,
            None => {
                walker.starts.clear();
                (walker.at, walker.block) = (walker.at + 1, 0);
            }
        }
        walker.word = self.bits.word(walker.at);
    }

    /// Lets one go alone.
    fn on(&self, walker: Walker<'s>, goal: usize) -> Walker<'s> {
        if walker.goal == 0 || walker.starts.len() >= self.count {
            return walker;
        }
        let mut alone = [Walker { goal: goal.min(self.bits.len() + 1), ..walker }];
        self.walk(&mut alone);
        let [walker] = alone;
        walker
    }

    /// The way of `sure`, and from where they meet that of the one who set out further on.
    fn joined(&self, mut sure: Walker<'s>, next: Walker<'s>) -> Walker<'s> {
        let (own, others) = (&sure.starts, &next.starts);
        let mut at = others.first().map_or(0, |first| own.partition_point(|start| start < first));
        for (other, start) in others.iter().enumerate() {
            at += own[at..].iter().take_while(|own| *own < start).count();
            // Which block of an MCU it is has to be the same, too.
            if own.get(at) == Some(start) && at % self.mcu.len() == other % self.mcu.len() {
                sure.starts.truncate(at);
                sure.starts.extend_from_slice(&others[other..]);
                return Walker { starts: sure.starts, is_sure: true, ..next };
            }
        }
        self.on(sure, next.goal)
    }
}

impl Walker<'_> {
    /// Counts the bits passed over.
    fn arrive(&mut self) {
        self.at += self.run.bits() as usize;
        self.run = Run::new(0, self.run.coefficients());
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use turbojpeg::Subsamp;

    use super::super::bits::unstuff;
    use super::super::dht::Definition;
    use super::super::huffman::{Class, Table};
    use super::*;
    use crate::format::jpeg::Layout;
    use crate::format::jpeg::cut::tests::tile;

    /// Symbol by symbol, by one walker.
    fn plain(bits: Bits, mcu: &[Block], count: usize) -> Vec<u32> {
        let (mut at, mut starts) = (0, vec![0]);
        for block in mcu.iter().cycle().take(count) {
            let mut behind = 0;
            while behind < BLOCK {
                let codes = if behind == 0 { block.dc } else { block.ac };
                let Some((length, next)) = codes.symbol_after(behind, bits.word(at)) else { return starts };
                (at, behind) = (at + length as usize, next);
            }
            if at > bits.len() {
                break;
            }
            starts.push(at as u32);
        }
        starts
    }

    /// What both find in the tile's scan after `change`.
    fn both(stream: &[u8], count: usize, change: impl Fn(&mut [u8])) -> [Vec<u32>; 2] {
        let jpeg = Layout::read(stream).expect("whole");
        let table = |class: Class, to: usize| {
            let stored = jpeg.tables[class as usize][to]?;
            Some(Table::new(class, Definition::new(stored).expect("a table")))
        };
        let (dc, ac) = ([0, 1].map(|to| table(Class::Dc, to)), [0, 1].map(|to| table(Class::Ac, to)));
        let scan = &jpeg.scans[0];
        let mut entropy = Vec::new();
        unstuff(&stream[scan.entropy.clone()], &mut entropy);
        change(&mut entropy);
        let mut mcu = Vec::new();
        for &(component, d, a) in &scan.components {
            let (across, down) = jpeg.components[component].sampling;
            let (dc, ac) = (dc[d].as_ref().expect("there"), ac[a].as_ref().expect("there"));
            let block = Block { component, dc, ac, written: &dc.definition };
            mcu.extend(std::iter::repeat_n(block, usize::from(across * down)));
        }
        let bits = Bits::new(&entropy);
        [starts(bits, 0, &mcu, count), plain(bits, &mcu, count)]
    }

    #[test]
    fn several_find_what_one_finds() {
        for (side, subsampling) in [
            (64, Subsamp::None),
            (256, Subsamp::None),
            (256, Subsamp::Sub2x2),
            (256, Subsamp::Gray),
            (512, Subsamp::Sub2x1),
        ] {
            let stream = tile(side, subsampling);
            let blocks = side * side / 64;
            for count in [1, blocks / 3, blocks] {
                let [found, expected] = both(&stream, count, |_| {});
                assert_eq!(expected.len(), count + 1, "{side} {subsampling:?}");
                assert!(found == expected, "{side} {subsampling:?} {count}");
            }
        }
    }

    #[test]
    fn no_more_is_found_than_is_there() {
        let stream = tile(256, Subsamp::Gray);
        for count in [1025, usize::MAX] {
            let [found, expected] = both(&stream, count, |_| {});
            assert!(found.len() == 1025 && found == expected);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn damage_is_met_by_all_alike(
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
            count in 1usize..3072,
        ) {
            thread_local! { static STREAM: Vec<u8> = tile(256, Subsamp::None); }
            let [found, expected] = STREAM.with(|stream| both(stream, count, |bytes| {
                for (place, value) in &changes {
                    bytes[place.index(bytes.len())] = *value;
                }
            }));
            prop_assert!(found == expected, "{:?}", (found.len(), expected.len()));
        }
    }
}
