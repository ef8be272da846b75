//! Where the blocks of a baseline scan begin, which is most of what a cut has to find out.
//!
//! Each look-up waits for the one before it to say how far it went, while the processor could do four at a time. So four
//! walkers set out a quarter of the scan apart, three of them amid some block as if one began there. A Huffman code
//! falls into step with itself: after a few blocks such a walker finds true beginnings. From the first that the walker
//! behind it comes to as well, both go the same way; what it found before is forgotten.
//! Pure. ITU-T T.81 F.2.2.

use super::huffman::{BLOCK, Bits, Run, Runs, Table};

/// Walkers side by side.
const ABREAST: usize = 4;

/// How far each goes beyond where the next one set out, so that they meet. In bits.
const OVERLAP: usize = 2048;

/// In a scan of fewer bits blocks are short, and time is spent where they end: one walker is as fast.
const SHORT: usize = 100_000;

/// Most blocks of a tile; one of 2048 pixels square has fewer.
const MOST: usize = 1 << 18;

/// The tables of a block: DC and AC.
pub type Codes<'t> = (&'t Table, &'t Table);

/// What is walked through.
struct Scan<'s> {
    bits: Bits<'s>,
    /// The codes of each block of an MCU, and their look-ups.
    mcu: &'s [Codes<'s>],
    runs: Vec<(&'s Runs, &'s Runs)>,
    /// How many beginnings are to be found.
    wanted: usize,
}

/// One that goes from block to block.
struct Walker<'s> {
    /// The bit that it was at when `word` was read, and the bits that follow what it has passed over since.
    at: usize,
    word: u64,
    /// The coefficients of the block at hand that lie behind, and the bits passed over since `at`.
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

/// Where the first `wanted` blocks of a scan begin whose MCUs have blocks of these codes, and where the last of them
/// ends. Nothing if there are fewer, or if their bits mean nothing.
pub fn starts(bits: Bits, mcu: &[Codes], wanted: usize) -> Option<Vec<u32>> {
    let length = u32::try_from(bits.len()).ok().filter(|_| wanted < MOST)?;
    // Where all blocks have the same codes, it does not matter which of an MCU one is.
    let first = mcu.first()?;
    let is_same = |&(dc, ac): &Codes| std::ptr::eq(dc, first.0) && std::ptr::eq(ac, first.1);
    let mcu = if mcu.iter().all(is_same) { &mcu[..1] } else { mcu };
    let runs = mcu.iter().map(|(dc, ac)| (dc.runs(), ac.runs())).collect();
    let scan = Scan { bits, mcu, runs, wanted: wanted + 1 };
    let sure = if bits.len() < SHORT { scan.walker(0, usize::MAX) } else { scan.abreast() };
    let Walker { mut starts, .. } = scan.on(sure, usize::MAX);
    starts.truncate(wanted + 1);
    (*starts.get(wanted)? <= length).then_some(starts)
}

impl<'s> Scan<'s> {
    fn walker(&self, at: usize, goal: usize) -> Walker<'s> {
        // The first one's list becomes that of all.
        let starts = Vec::with_capacity(if at == 0 { self.wanted } else { self.wanted / 3 });
        let goal = goal.min(self.bits.len() + 1);
        Walker { at, word: 0, run: Run::NONE, runs: &Run::NEVER, block: 0, starts, goal, is_sure: at == 0 }
    }

    /// The way through nearly all of it, found by several at once.
    fn abreast(&self) -> Walker<'s> {
        let apart = self.bits.len() / ABREAST;
        let place = |number| self.walker(number * apart, (number + 1) * apart + OVERLAP);
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
        let (dc, ac) = self.runs[block];
        let difference = dc[(word >> Run::SHIFT) as usize];
        if !(sum.is_end() && difference.is_within() && walker.goal > 0) {
            return self.one(walker);
        }
        (walker.at, walker.word, walker.run) = (at, word << difference.bits(), difference);
        (walker.block, walker.runs) = (block, ac);
        self.begin(walker, at);
    }

    /// Takes note of where a block begins.
    #[inline]
    fn begin(&self, walker: &mut Walker<'s>, at: usize) {
        walker.starts.push(at as u32);
        if walker.starts.len() >= self.wanted {
            walker.goal = 0;
        }
    }

    fn after(&self, block: usize) -> usize {
        if block + 1 == self.runs.len() { 0 } else { block + 1 }
    }

    /// Passes over one symbol that a look-up does not see, or finds that the bits mean nothing.
    #[cold]
    fn one(&self, walker: &mut Walker<'s>) {
        walker.arrive();
        if walker.goal == 0 {
            return;
        }
        let (behind, (dc, ac)) = (walker.run.coefficients(), self.mcu[walker.block]);
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
        if walker.goal == 0 || walker.starts.len() >= self.wanted {
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

    use super::super::huffman::Class;
    use super::super::jpeg::Jpeg;
    use super::super::tests::tile;
    use super::*;

    /// Symbol by symbol, by one walker.
    fn plain(bits: Bits, mcu: &[Codes], wanted: usize) -> Option<Vec<u32>> {
        let (mut at, mut starts) = (0, vec![0]);
        for block in 0..wanted {
            let (mut behind, (dc, ac)) = (0, mcu[block % mcu.len()]);
            while behind < BLOCK {
                let codes = if behind == 0 { dc } else { ac };
                let (length, next) = codes.symbol_after(behind, bits.word(at))?;
                (at, behind) = (at + length as usize, next);
            }
            starts.push(at as u32);
        }
        (at <= bits.len()).then_some(starts)
    }

    /// What both find in the tile's scan after `change`, and how many bits it has.
    fn both(stream: &[u8], wanted: usize, change: impl Fn(&mut [u8])) -> [Option<Vec<u32>>; 2] {
        let jpeg = Jpeg::read(stream).expect("whole");
        let table =
            |class, stored: Option<&[u8]>| Table::new(class, stored.expect("there")).expect("a table");
        let scan = &jpeg.scans[0];
        let mut entropy: Vec<u8> = Vec::new();
        for &byte in &stream[scan.entropy.clone()] {
            if !(byte == 0 && entropy.last() == Some(&0xff)) {
                entropy.push(byte);
            }
        }
        change(&mut entropy);
        let bits = Bits::new(&entropy);
        let dc = [0, 1].map(|to| jpeg.tables[0][to].map(|stored| table(Class::Dc, Some(stored))));
        let ac = [0, 1].map(|to| jpeg.tables[1][to].map(|stored| table(Class::Ac, Some(stored))));
        let mcu: Vec<Codes> = (scan.components.iter())
            .flat_map(|&(component, d, a)| {
                let (across, down) = jpeg.components[component].sampling;
                let codes = (dc[d].as_ref().expect("there"), ac[a].as_ref().expect("there"));
                std::iter::repeat_n(codes, usize::from(across * down))
            })
            .collect();
        [starts(bits, &mcu, wanted), plain(bits, &mcu, wanted)]
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
            for wanted in [1, blocks / 3, blocks] {
                let [found, expected] = both(&stream, wanted, |_| {});
                assert!(expected.is_some() && found.is_some(), "{side} {subsampling:?} {wanted}");
                assert!(
                    found.expect("some")[..] == expected.expect("some")[..],
                    "{side} {subsampling:?} {wanted}"
                );
            }
        }
    }

    #[test]
    fn no_more_is_found_than_is_there() {
        let stream = tile(256, Subsamp::Gray);
        assert_eq!(both(&stream, 1025, |_| {}), [None, None]);
        assert_eq!(both(&stream, MOST, |_| {})[0], None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn damage_is_met_by_all_alike(
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
            wanted in 1usize..3072,
        ) {
            thread_local! { static STREAM: Vec<u8> = tile(256, Subsamp::None); }
            let [found, expected] = STREAM.with(|stream| both(stream, wanted, |bytes| {
                for (place, value) in &changes {
                    bytes[place.index(bytes.len())] = *value;
                }
            }));
            prop_assert!(found == expected, "{:?}", (found.map(|f| f.len()), expected.map(|e| e.len())));
        }
    }
}
