//! Goes through the entropy-coded data of a scan MCU by MCU: reads DC coefficients, skips the others.
//! ITU-T T.81 F.2 and E.2.4. None means everywhere: these are not the data of a baseline scan.

use super::bits::{BitReader, BitWriter};
use super::head::Head;
use super::huffman::{Code, Definition, Lookup, Skipper};

/// The DC coefficients that differences count from, by component.
pub type Predictors = [i16; 4];

/// What quantised DC coefficients of 8-bit samples can be: any two differ by less than 2048.
const DC_RANGE: std::ops::RangeInclusive<i32> = -1024..=1023;

/// The tables of a scan, ready for use.
#[derive(Clone)]
pub struct Coding {
    /// MCUs from one restart marker to the next; 0 if there are none.
    restart_interval: u64,
    /// The blocks of an MCU.
    blocks: Vec<Block>,
    dc: [Option<Lookup>; 4],
    /// The codes to write DC categories with.
    codes: [Option<[Code; 256]>; 4],
    ac: [Option<Skipper>; 4],
}

/// A block of an MCU.
#[derive(Clone, Copy)]
struct Block {
    component: usize,
    dc: usize,
    ac: usize,
    /// Whether it is the first of its component.
    first: bool,
}

/// A place in the data, between two MCUs; before the restart marker if there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    /// The number of the MCU that follows.
    pub unit: u64,
    /// The position of the first bit behind the MCU before.
    pub position: u64,
    /// What it left behind.
    pub predictors: Predictors,
}

/// On its way through the data.
#[derive(Clone)]
pub struct Scanner<'a> {
    coding: &'a Coding,
    bytes: &'a [u8],
    bits: BitReader<'a>,
    unit: u64,
    predictors: Predictors,
}

impl Coding {
    /// The tables that the markers tell of.
    pub fn new(head: &Head) -> Self {
        let blocks = head.components.iter().enumerate().flat_map(|(component, told)| {
            let count = told.blocks.0 * told.blocks.1;
            (0..count).map(move |n| Block { component, dc: told.dc, ac: told.ac, first: n == 0 })
        });
        Self {
            restart_interval: head.restart_interval,
            blocks: blocks.collect(),
            dc: head.dc.each_ref().map(|table| table.as_ref().map(Lookup::new)),
            codes: head.extended_dc.each_ref().map(|table| table.as_ref().map(Definition::codes)),
            ac: head.ac.each_ref().map(|table| table.as_ref().map(Skipper::new)),
        }
    }

    /// Whether a restart marker stands before this MCU.
    pub fn restarts_at(&self, unit: u64) -> bool {
        unit > 0 && self.restart_interval > 0 && unit.is_multiple_of(self.restart_interval)
    }

    /// How many MCUs follow from this one on before the next restart marker.
    pub fn until_restart(&self, unit: u64) -> u64 {
        match self.restart_interval {
            0 => u64::MAX,
            interval => interval - unit % interval,
        }
    }
}

impl<'a> Scanner<'a> {
    /// Begins at a place in the data.
    pub fn new(coding: &'a Coding, bytes: &'a [u8], state: State) -> Self {
        let State { unit, position, predictors } = state;
        Self { coding, bytes, bits: BitReader::new(bytes, position), unit, predictors }
    }

    /// Where it is.
    pub fn state(&self) -> State {
        State { unit: self.unit, position: self.bits.position(), predictors: self.predictors }
    }

    /// Goes on by an MCU.
    #[inline]
    pub fn skip_unit(&mut self) -> Option<()> {
        self.restart()?;
        for block in &self.coding.blocks {
            self.read_dc(block)?;
            self.coding.ac[block.ac].as_ref()?.skip(&mut self.bits)?;
        }
        self.end_unit()
    }

    /// Goes on by an MCU, and writes it such that it can follow on MCUs that left these predictors behind.
    pub fn copy_unit(&mut self, follows: &Predictors, output: &mut BitWriter) -> Option<()> {
        self.restart()?;
        for block in &self.coding.blocks {
            let from = self.predictors[block.component];
            let value = self.read_dc(block)?;
            let from = if block.first { follows[block.component] } else { from };
            self.coding.write_dc(block, i32::from(value) - i32::from(from), output)?;
            let start = self.bits.position();
            self.coding.ac[block.ac].as_ref()?.skip(&mut self.bits)?;
            output.copy(self.bytes, start, self.bits.position())?;
        }
        self.end_unit()
    }

    /// The position behind the marker EOI, which must follow.
    pub fn end(&self) -> Option<u64> {
        self.bits.marker().filter(|(marker, _)| *marker == 0xd9).map(|(_, position)| position)
    }

    fn end_unit(&mut self) -> Option<()> {
        self.unit += 1;
        (!self.bits.is_beyond()).then_some(())
    }

    /// Passes the restart marker, if this is its place: they are counted modulo 8 (T.81 E.1.4).
    #[inline(always)]
    fn restart(&mut self) -> Option<()> {
        if !self.coding.restarts_at(self.unit) {
            return Some(());
        }
        let number = (self.unit / self.coding.restart_interval - 1) % 8;
        let (marker, position) = self.bits.marker()?;
        if u64::from(marker) != 0xd0 + number {
            return None;
        }
        self.bits = BitReader::new(self.bytes, position);
        self.predictors = Predictors::default();
        Some(())
    }

    /// Reads the DC coefficient of a block (T.81 F.2.2.1).
    #[inline(always)]
    fn read_dc(&mut self, block: &Block) -> Option<i16> {
        self.bits.fill();
        let category = u32::from(self.coding.dc[block.dc].as_ref()?.read(&mut self.bits)?);
        let mut value = i32::from(self.predictors[block.component]);
        if category > 0 {
            let bits = self.bits.peek(category) as i32;
            self.bits.skip(category);
            let negative = bits < 1 << (category - 1);
            value += if negative { bits - (1 << category) + 1 } else { bits };
        }
        let value = DC_RANGE.contains(&value).then_some(value as i16)?;
        self.predictors[block.component] = value;
        Some(value)
    }
}

impl Coding {
    /// Writes a difference of DC coefficients (T.81 F.1.2.1).
    fn write_dc(&self, block: &Block, difference: i32, output: &mut BitWriter) -> Option<()> {
        let category = 32 - difference.unsigned_abs().leading_zeros();
        let code = self.codes[block.dc].as_ref()?.get(category as usize)?;
        if code.length == 0 {
            return None;
        }
        output.put(code.bits, code.length);
        let bits = if difference < 0 { difference - 1 } else { difference };
        output.put(bits as u32 & ((1 << category) - 1), category);
        Some(())
    }
}
