//! Rows of tiles, and bands, cut from the data of a scan while these are walked through from the top.
//! Pure. ITU-T T.81 A.2, F.1.2; TIFF Technical Note 2 (abbreviated streams).

use super::Source;
use super::bands::{Band, Bands};
use super::padding::Padding;
use crate::error::MasterError;
use crate::format::jpeg::entropy::bits::stuff;
use crate::format::jpeg::index::{Copied, Predictors, Scanner, State};
use crate::format::jpeg::marker::{END, START};
use crate::picture::Dimensions;

/// A row of tiles.
pub struct Row {
    /// The tiles from the left: streams whose tables are [`Source::tables`].
    pub tiles: Vec<Vec<u8>>,
    /// The next rows of pixels, if there are any: those of this row of tiles, or up to a row of MCUs less.
    pub band: Option<Band>,
}

/// All rows of tiles, from the top. Ends after an error.
pub struct Rows<'s> {
    source: &'s Source<'s>,
    scanner: Scanner<'s>,
    padding: Padding<'s>,
    bands: Option<Bands>,
    /// MCUs of the picture, and of a tile.
    units: Dimensions,
    tile: Dimensions,
    /// The next row of MCUs.
    next: u32,
    /// What each tile begins with.
    header: Vec<u8>,
}

impl<'s> Rows<'s> {
    pub(super) fn new(source: &'s Source, side: u16, bands: Option<Bands>) -> Option<Self> {
        let (head, unit) = (&source.head, source.unit());
        let end = |component: usize| source.ac[head.components[component].ac].as_ref()?.end();
        let padding = Padding::new(&source.coding.mcu()?, end)?;
        let mut scanner = Scanner::new(&source.coding, source.bytes)?;
        let start = State { unit: 0, position: head.start as u64 * 8, predictors: Predictors::default() };
        scanner.begin(start, head.units().area());
        let mut header = START.to_vec();
        head.push_frame([side, side], &mut header);
        head.push_scan(&mut header);
        let (units, side) = (head.units(), u32::from(side));
        let tile = Dimensions::new(side / unit.width, side / unit.height);
        Some(Self { source, scanner, padding, bands, units, tile, next: 0, header })
    }

    /// The next row of tiles. None if the data are not valid.
    fn row(&mut self) -> Option<Row> {
        let count = self.units.width.div_ceil(self.tile.width);
        let mut tiles: Vec<Copied> = (0..count).map(|_| Copied::default()).collect();
        let end = self.units.height.min(self.next + self.tile.height);
        let missing = self.next + self.tile.height - end;
        let mut lowest = Vec::new();
        while self.next < end {
            let mut line = Copied::default();
            for (tile, copied) in (0..).zip(&mut tiles) {
                lowest.push(self.fill(tile, copied, &mut line)?);
            }
            lowest.drain(..lowest.len() - tiles.len());
            if let Some(bands) = &mut self.bands {
                bands.push(line);
            }
            self.next += 1;
        }
        for (copied, lowest) in tiles.iter_mut().zip(&lowest) {
            (0..missing).flat_map(|_| lowest).try_for_each(|dc| self.padding.put(*dc, copied))?;
        }
        if self.is_done() {
            self.scanner.end()?;
        }
        let band = self.bands.as_mut().and_then(|bands| bands.next(self.source));
        Some(Row { tiles: tiles.into_iter().map(|copied| self.stream(copied)).collect(), band })
    }

    /// Appends to a tile its part of the next row of MCUs, and what of that there is to the row as a whole. Gives the DC
    /// coefficients of each MCU, if that is the last row of the picture.
    fn fill(&mut self, tile: u32, copied: &mut Copied, line: &mut Copied) -> Option<Vec<Predictors>> {
        let (first, behind) = (tile * self.tile.width, (tile + 1) * self.tile.width);
        let (end, is_last) = (behind.min(self.units.width), self.next + 1 == self.units.height);
        let step = if is_last { 1 } else { self.tile.width };
        let row = u64::from(self.next) * u64::from(self.units.width);
        let mut each = Vec::new();
        for column in (first..end).step_by(step as usize) {
            let unit = row + u64::from(end.min(column + step));
            match self.bands {
                Some(_) => self.scanner.copy_to(unit, &mut [&mut *copied, &mut *line])?,
                None => self.scanner.copy_to(unit, &mut [&mut *copied])?,
            }
            each.push(copied.predictors);
        }
        for _ in end..behind {
            self.padding.put(copied.predictors, copied)?;
            each.push(copied.predictors);
        }
        Some(each)
    }

    fn stream(&self, copied: Copied) -> Vec<u8> {
        let bits = copied.bits.finish();
        let mut stream = Vec::with_capacity(self.header.len() + bits.len() + bits.len() / 64 + 2);
        stream.extend_from_slice(&self.header);
        stuff(&bits, &mut stream);
        stream.extend(END);
        stream
    }

    fn is_done(&self) -> bool {
        self.next >= self.units.height
    }
}

impl Iterator for Rows<'_> {
    type Item = Result<Row, MasterError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_done() {
            return None;
        }
        let row = self.row().ok_or_else(|| {
            let State { unit, position, .. } = self.scanner.state();
            self.source.damaged(unit, position / 8)
        });
        if row.is_err() {
            self.next = self.units.height;
        }
        Some(row)
    }
}
