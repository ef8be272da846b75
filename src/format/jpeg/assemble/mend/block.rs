//! Blocks read symbol by symbol: not for their values, only for whether they are complete. None means everywhere: these
//! bits mean nothing, or too few of them are there. ITU-T T.81 F.2.2, G.2; what libjpeg only warns of is an error here.

use std::ops::Range;

use super::frame::Scan;
use crate::format::jpeg::entropy::bits::Bits;
use crate::format::jpeg::entropy::dht::Definition;

/// A Huffman table as T.81 F.2.2.3 decodes with it: for each length of codes the first of them, how many there are, and
/// where their symbols begin.
#[derive(Clone)]
pub(super) struct Codes {
    lengths: [(u32, u32, u32); 16],
    symbols: Vec<u8>,
}

impl Codes {
    /// The table that DHT defines.
    pub(super) fn new(definition: &Definition) -> Self {
        let (counts, symbols) = definition.bytes().split_at(16);
        let (mut code, mut start) = (0, 0);
        let mut lengths = [(0, 0, 0); 16];
        for (length, count) in lengths.iter_mut().zip(counts) {
            let count = u32::from(*count);
            *length = (code, count, start);
            (code, start) = ((code + count) * 2, start + count);
        }
        Self { lengths, symbols: symbols.to_vec() }
    }
}

/// On its way through the data from one restart marker to the next.
pub(super) struct Reader<'a> {
    bits: Bits<'a>,
    at: usize,
    scan: &'a Scan,
    progressive: bool,
    predictors: [i32; 4],
    /// What DC coefficients can be: those of other numbers have lost their way.
    dc_range: Range<i32>,
    /// Blocks that follow without coefficients of their own in this scan.
    empty: u32,
}

impl<'a> Reader<'a> {
    /// At the first block of these data.
    pub(super) fn new(plain: &'a [u8], scan: &'a Scan, progressive: bool, dc_range: Range<i32>) -> Self {
        Self { bits: Bits::new(plain), at: 0, scan, progressive, predictors: [0; 4], dc_range, empty: 0 }
    }

    /// How many bits lie behind, if there were so many, and no run goes on.
    pub(super) fn end(&self) -> Option<usize> {
        (self.at <= self.bits.len() && self.empty == 0).then_some(self.at)
    }

    /// Reads a block of a component. `nonzero` are its coefficients that are known not to be zero.
    pub(super) fn block(
        &mut self,
        component: usize,
        [dc, ac]: [Option<&Codes>; 2],
        nonzero: &mut u64,
    ) -> Option<()> {
        match (self.progressive, *self.scan.band.start(), self.scan.refines) {
            (false, ..) => {
                self.difference(component, dc?)?;
                self.coefficients(ac?)
            }
            (true, 0, false) => self.difference(component, dc?),
            (true, 0, true) => self.take(1).map(drop),
            (true, _, false) => self.first_bits(ac?, nonzero),
            (true, _, true) => self.further_bit(ac?, nonzero),
        }
    }

    /// Not more than 57 bits.
    fn take(&mut self, count: u32) -> Option<u32> {
        let word = self.bits.word(self.at);
        self.at += count as usize;
        let value = if count == 0 { 0 } else { (word >> (64 - count)) as u32 };
        (self.at <= self.bits.len()).then_some(value)
    }

    fn symbol(&mut self, codes: &Codes) -> Option<(u32, u32)> {
        let word = self.bits.word(self.at);
        for (length, (first, count, start)) in (1..).zip(codes.lengths) {
            let code = (word >> (64 - length)) as u32;
            if let Some(place) = code.checked_sub(first).filter(|place| *place < count) {
                let symbol = u32::from(*codes.symbols.get((start + place) as usize)?);
                self.take(length)?;
                return Some((symbol >> 4, symbol & 15));
            }
        }
        None
    }

    fn difference(&mut self, component: usize, codes: &Codes) -> Option<()> {
        let (0, size) = self.symbol(codes)? else { return None };
        let value = self.take(size)? as i32;
        let is_negative = size > 0 && value >> (size - 1) == 0;
        let predictor = self.predictors.get_mut(component)?;
        *predictor += if is_negative { value - (1 << size) + 1 } else { value };
        self.dc_range.contains(&predictor.checked_mul(1 << self.scan.low)?).then_some(())
    }

    /// F.2.2.2.
    fn coefficients(&mut self, codes: &Codes) -> Option<()> {
        let mut next = 1;
        while next < 64 {
            next += match self.symbol(codes)? {
                (0, 0) => return Some(()),
                (15, 0) => 16,
                (_, 0) => return None,
                (run, size) => {
                    self.take(size)?;
                    run + 1
                }
            };
        }
        (next == 64).then_some(())
    }

    /// Begins a run of blocks of which this one is the first.
    fn begin_run(&mut self, run: u32) -> Option<()> {
        self.empty = (1 << run) + self.take(run)?;
        Some(())
    }

    /// G.1.2.2.
    fn first_bits(&mut self, codes: &Codes, nonzero: &mut u64) -> Option<()> {
        let (mut next, last) = (*self.scan.band.start(), *self.scan.band.end());
        while self.empty == 0 && next <= last {
            match self.symbol(codes)? {
                (15, 0) => next += 16,
                (run, 0) => self.begin_run(run)?,
                (run, size) => {
                    self.take(size)?;
                    next += run;
                    *nonzero |= 1u64.checked_shl(next)?;
                    next += 1;
                }
            }
        }
        self.empty = self.empty.saturating_sub(1);
        (next <= last + 1).then_some(())
    }

    /// G.1.2.3.
    fn further_bit(&mut self, codes: &Codes, nonzero: &mut u64) -> Option<()> {
        let (mut next, last) = (*self.scan.band.start(), *self.scan.band.end());
        while self.empty == 0 && next <= last {
            let (mut run, size) = self.symbol(codes)?;
            match (run, size) {
                (15, 0) | (_, 1) => {}
                (_, 0) => {
                    self.begin_run(run)?;
                    break;
                }
                _ => return None,
            }
            self.take(size)?;
            // One more bit of each that is known, and on to the zero behind `run` others.
            while next <= last {
                if *nonzero >> next & 1 == 1 {
                    self.take(1)?;
                } else if run == 0 {
                    break;
                } else {
                    run -= 1;
                }
                next += 1;
            }
            if size == 1 {
                *nonzero |= (next <= last).then(|| 1u64 << next)?;
            }
            next += 1;
        }
        if self.empty > 0 {
            let known = (*nonzero >> next).count_ones();
            let behind = if last == 63 { 0 } else { (*nonzero >> (last + 1)).count_ones() };
            (0..known - behind).try_for_each(|_| self.take(1).map(drop))?;
            self.empty -= 1;
        }
        Some(())
    }
}
