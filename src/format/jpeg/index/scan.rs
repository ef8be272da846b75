//! Goes through the entropy-coded data of a scan MCU by MCU: reads DC coefficients, skips the others.
//! ITU-T T.81 F.2 and E.2.4. None means everywhere: these are not the data of a baseline scan.

use super::head::{Component, Head};
use crate::format::jpeg::entropy::bits::{Bits, Writer, unstuff};
use crate::format::jpeg::entropy::dht::Definition;
use crate::format::jpeg::entropy::huffman::{Class, Table};
use crate::format::jpeg::entropy::mcu::{self, Block, PerComponent};
use crate::format::jpeg::entropy::walk;
use crate::format::jpeg::marker::{self, EOI, RST0};

/// The DC coefficients that differences count from, by component.
pub(crate) type Predictors = PerComponent;

/// What quantised DC coefficients of 8-bit samples can be: any two differ by less than 2048.
const DC_RANGE: std::ops::RangeInclusive<i32> = -1024..=1023;

/// Most bytes that are scanned together: they are read twice, so they should stay in the CPU cache.
const TOGETHER: usize = 1 << 17;

/// Bytes that a block takes, or fewer, in most pictures.
const MANY: usize = 16;

/// More than the bytes of any MCU: ten blocks of the longest codes and values, all bytes stuffed.
const LONGEST: usize = 2 * 10 * (16 + 11 + 63 * (16 + 15)) / 8 + 2;

/// The tables of a scan, ready for use.
pub(crate) struct Coding {
    /// MCUs from one restart marker to the next; 0 if there are none.
    restart_interval: u64,
    components: Vec<Component>,
    dc: [Option<Table>; 4],
    ac: [Option<Table>; 4],
    /// The codes to write DC differences with.
    written: [Option<Definition>; 4],
}

/// A place in the data, between two MCUs; before the restart marker if there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct State {
    /// The number of the MCU that follows.
    pub unit: u64,
    /// The position of the first bit behind the MCU before: eight times the offset of its byte in the file, which is
    /// never a stuffed one, and the bits of that byte before it.
    pub position: u64,
    /// What it left behind.
    pub predictors: Predictors,
}

/// Bits on their way to another stream, and the predictors that the last MCU among them leaves behind there.
#[derive(Default)]
pub(crate) struct Copied {
    pub bits: Writer,
    pub predictors: Predictors,
}

/// On its way through the data.
pub(crate) struct Scanner<'a> {
    coding: &'a Coding,
    /// The blocks of an MCU.
    mcu: Vec<Block<'a>>,
    bytes: &'a [u8],
    state: State,
    /// The MCU that it looks ahead to.
    goal: u64,
    /// The data that it has scanned, without stuffed bytes.
    plain: Vec<u8>,
    /// Where the blocks ahead begin there, and where the last ends.
    starts: Vec<u32>,
    /// How many of them lie behind meanwhile.
    behind: usize,
}

impl Coding {
    /// The tables that the markers define.
    pub(crate) fn new(head: &Head) -> Self {
        let tables = |class, definitions: &[Option<Definition>; 4]| {
            definitions.each_ref().map(|table| table.as_ref().map(|table| Table::new(class, table.clone())))
        };
        Self {
            restart_interval: head.restart_interval,
            components: head.components.clone(),
            dc: tables(Class::Dc, &head.dc),
            ac: tables(Class::Ac, &head.ac),
            written: head.extended_dc.clone(),
        }
    }

    /// How many MCUs follow from this one on before the next restart marker.
    pub(crate) fn until_restart(&self, unit: u64) -> u64 {
        match self.restart_interval {
            0 => u64::MAX,
            interval => interval - unit % interval,
        }
    }

    /// The blocks of an MCU, of which there is at least one.
    pub(crate) fn mcu(&self) -> Option<Vec<Block<'_>>> {
        let mut mcu = Vec::new();
        for (component, of) in self.components.iter().enumerate() {
            let (dc, ac) = (self.dc[of.dc].as_ref()?, self.ac[of.ac].as_ref()?);
            let block = Block { component, dc, ac, written: self.written[of.dc].as_ref()? };
            mcu.extend(std::iter::repeat_n(block, (of.blocks.0 * of.blocks.1).into()));
        }
        (!mcu.is_empty()).then_some(mcu)
    }
}

impl<'a> Scanner<'a> {
    /// One that has to [`begin`](Self::begin) somewhere yet.
    pub(crate) fn new(coding: &'a Coding, bytes: &'a [u8]) -> Option<Self> {
        let (mcu, state) = (coding.mcu()?, State { unit: 0, position: 0, predictors: Predictors::default() });
        Some(Self { coding, mcu, bytes, state, goal: 0, plain: Vec::new(), starts: Vec::new(), behind: 0 })
    }

    /// Begins at a place in the data. Everything before the MCU `goal` is scanned together.
    pub(crate) fn begin(&mut self, state: State, goal: u64) {
        (self.state, self.goal) = (state, goal);
        self.starts.clear();
        self.behind = 0;
    }

    /// Where it is.
    pub(crate) fn state(&self) -> State {
        self.state
    }

    /// Goes on to an MCU further on.
    pub(crate) fn skip_to(&mut self, unit: u64) -> Option<()> {
        self.goal = self.goal.max(unit);
        while self.state.unit < unit {
            let ahead = self.look_ahead()? as u64;
            self.pass(ahead.min(unit - self.state.unit) as usize)?;
        }
        Some(())
    }

    /// Goes on to an MCU further on, and appends what lies between to each of these copies.
    pub(crate) fn copy_to(&mut self, unit: u64, copies: &mut [&mut Copied]) -> Option<()> {
        self.goal = self.goal.max(unit);
        while self.state.unit < unit {
            let ahead = self.look_ahead()? as u64;
            let units = ahead.min(unit - self.state.unit) as usize;
            let starts = &self.starts[self.behind..=self.behind + units * self.mcu.len()];
            for copied in &mut *copies {
                let more = std::array::from_fn(|n| self.state.predictors[n] - copied.predictors[n]);
                mcu::copy(&mut copied.bits, Bits::new(&self.plain), starts, &self.mcu, more)?;
            }
            self.pass(units)?;
            copies.iter_mut().for_each(|copied| copied.predictors = self.state.predictors);
        }
        Some(())
    }

    /// Writes the bits from a position up to where it is, between which there is no marker.
    pub(crate) fn copy_from(&self, position: u64, output: &mut Writer) -> Option<()> {
        let [from, to] = [position, self.state.position];
        let (first, last) = (usize::try_from(from / 8).ok()?, usize::try_from(to / 8).ok()?);
        let mut plain = Vec::new();
        unstuff(self.bytes.get(first..last)?, &mut plain);
        let end = plain.len() * 8 + (to % 8) as usize;
        plain.push(*self.bytes.get(last)?);
        output.copy(&Bits::new(&plain), (from % 8) as usize..end);
        Some(())
    }

    /// Whether the data end where it is: EOI follows, or nothing. Bytes that are left over carry no pixels, if ones fill
    /// the byte before them: what has lost its way mostly comes out elsewhere.
    pub(crate) fn end(&self) -> Option<()> {
        let (byte, bit) = (usize::try_from(self.state.position / 8).ok()?, self.state.position % 8);
        let rest = self.bytes.get(byte..)?;
        let left = rest.get(fill(rest, bit)..)?;
        let is_clean = matches!(left, [] | [0xff, 1..=0xfe, ..]);
        let ones = 0xff >> bit;
        let is_filled = bit == 0 || rest.first().is_some_and(|last| last & ones == ones);
        let is_end = marker::next(left).ok()?.is_none_or(|found| found.marker == EOI);
        (is_end && (is_clean || is_filled)).then_some(())
    }

    /// How many MCUs are known to follow. Looks ahead if none are.
    fn look_ahead(&mut self) -> Option<usize> {
        if self.behind + 1 >= self.starts.len() {
            self.restart()?;
            let unit = self.state.unit;
            let units = self.goal.saturating_sub(unit).clamp(1, self.coding.until_restart(unit));
            let count = usize::try_from(units).ok()?.checked_mul(self.mcu.len())?;
            let together = count.saturating_mul(MANY).min(TOGETHER);
            self.find(count, together).or_else(|| self.find(count, LONGEST))?;
        }
        Some((self.starts.len() - 1 - self.behind) / self.mcu.len())
    }

    /// Finds `count` blocks, or those of the MCUs that are whole in the next `length` bytes; one at least.
    fn find(&mut self, count: usize, length: usize) -> Option<()> {
        let position = self.state.position;
        let rest = self.bytes.get(usize::try_from(position / 8).ok()?..)?;
        self.plain.clear();
        unstuff(&rest[..rest.len().min(length)], &mut self.plain);
        let bits = Bits::new(&self.plain);
        self.starts = walk::starts(bits, (position % 8) as usize, &self.mcu, count);
        let units = self.starts.len().saturating_sub(1) / self.mcu.len();
        self.starts.truncate(units * self.mcu.len() + 1);
        self.behind = 0;
        (units > 0).then_some(())
    }

    /// Goes on by MCUs that it has found (T.81 F.2.2.1).
    fn pass(&mut self, units: usize) -> Option<()> {
        let (first, end) = (self.behind, self.behind + units * self.mcu.len());
        for difference in mcu::differences(Bits::new(&self.plain), &self.starts[first..end], &self.mcu) {
            let (component, difference) = difference?;
            let value = self.state.predictors[component] + difference;
            self.state.predictors[component] = Some(value).filter(|value| DC_RANGE.contains(value))?;
        }
        let [from, to] = [first, end].map(|block| self.starts[block] as usize);
        let bytes = &self.plain[from / 8..to / 8];
        let stuffed = memchr::memchr_iter(0xff, bytes).count();
        self.state.position = (self.state.position / 8 + (bytes.len() + stuffed) as u64) * 8 + to as u64 % 8;
        self.state.unit += units as u64;
        self.behind = end;
        Some(())
    }

    /// Passes the restart marker, if this is its place: they are counted modulo 8 (T.81 E.1.4).
    fn restart(&mut self) -> Option<()> {
        let State { unit, position, .. } = self.state;
        let interval = self.coding.restart_interval;
        if unit == 0 || interval == 0 || !unit.is_multiple_of(interval) {
            return Some(());
        }
        let (marker, position) = marker_at(self.bytes, position)?;
        (u64::from(marker) == u64::from(RST0) + (unit / interval - 1) % 8).then_some(())?;
        self.state = State { unit, position, predictors: Predictors::default() };
        Some(())
    }
}

/// The bytes that a byte takes of which so many bits lie behind, with the zero that is stuffed behind 0xff.
fn fill(rest: &[u8], bit: u64) -> usize {
    match rest {
        _ if bit == 0 => 0,
        [0xff, ..] => 2,
        _ => 1,
    }
}

/// The marker that follows after the bits that fill up the byte of a position, and the position behind it.
fn marker_at(bytes: &[u8], position: u64) -> Option<(u8, u64)> {
    let rest = bytes.get(usize::try_from(position / 8).ok()?..)?;
    let fill = fill(rest, position % 8);
    match rest.get(fill..)? {
        [0xff, marker @ 1..=0xfe, ..] => Some((*marker, (position / 8 + fill as u64 + 2) * 8)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_follows_on_the_bits_that_fill_a_byte() {
        let bytes = [5, 0xff, 0, 0xff, 0xd3, 7, 0xff];
        for (position, expected) in [(3, None), (8, None), (9, Some((0xd3, 40))), (24, Some((0xd3, 40)))] {
            assert_eq!(marker_at(&bytes, position), expected, "{position}");
        }
        assert!([40, 41, 48, 55, 56, u64::MAX].iter().all(|position| marker_at(&bytes, *position).is_none()));
    }
}
