//! Where the MCUs of a baseline JPEG lie in its entropy-coded data, about one entry for each 256 pixels of a row of
//! MCUs; and files made of some of these MCUs, which decode to the same pixels.

mod head;
mod scan;
mod serial;

pub(super) use head::Head;
pub(super) use scan::{Coding, Copied, Predictors, Scanner, State};

use std::ops::Range;

use super::assemble;
use super::decoder::Decoder;
use super::entropy::bits::stuff;
use super::marker::{END, START};
use crate::picture::Dimensions;
use crate::watch::Watch;

/// Pixels across that an entry stands for. Finer ones save little of a window's time, coarser ones little memory.
const PITCH: u32 = 256;

/// The entropy-coded data of a JPEG, with entries into them.
pub struct Index {
    /// The markers before them.
    pub(super) head: Head,
    coding: Coding,
    places: Places,
}

/// The places of the data at which scanning can begin: in each row of MCUs the first, and some more.
#[derive(Debug, PartialEq, Eq)]
struct Places {
    /// Positions of the rows, and of the end of the last.
    rows: Vec<u64>,
    /// Positions of all entries of all rows, from the position of their row.
    offsets: Vec<u32>,
    /// The predictors of all entries, of as many components as there are; those of the end.
    predictors: Vec<i16>,
}

impl Index {
    /// Reads all of the data once. None if they are not, to the last bit, those of a baseline JPEG of a single scan, or
    /// if their tables leave no room for parts: decode the file as a whole. None also if `watch` ends the work.
    pub fn build(bytes: &[u8], watch: &Watch) -> Option<Self> {
        let head = Head::read(bytes).filter(|head| is_read(&bytes[..head.start]))?;
        let coding = Coding::new(&head);
        let places = Places::find(&head, &coding, bytes, watch)?;
        Some(Self { head, coding, places })
    }

    /// The index of the same file with places that were found earlier.
    fn with(bytes: &[u8], places: Places) -> Option<Self> {
        let head = Head::read(bytes)?;
        let coding = Coding::new(&head);
        places.fits(&head, bytes).then_some(Self { head, coding, places })
    }

    /// The bytes of memory that it takes, about.
    pub fn bytes(&self) -> usize {
        /// Of tables: eight at most.
        const FIXED: usize = 200_000;
        let Places { rows, offsets, predictors } = &self.places;
        FIXED + rows.len() * 8 + offsets.len() * 4 + predictors.len() * 2
    }

    /// The bytes in which these rows of MCUs lie: from where, and how many.
    pub fn range(&self, rows: &Range<u32>) -> (u64, u64) {
        let at = |row: u32| self.places.rows.get(row as usize).map_or(0, |position| position / 8);
        (at(rows.start), (at(rows.end) + 1).saturating_sub(at(rows.start)))
    }

    /// A file of the MCUs of these columns in these rows alone, and the size of its picture. Only where pixels depend
    /// on MCUs outside of it may they differ from those of the whole picture. None if the index is not of this file.
    pub fn part(&self, bytes: &[u8], columns: Range<u32>, rows: Range<u32>) -> Option<(Vec<u8>, Dimensions)> {
        let (mut stream, dimensions) = self.head.of_part(&columns, &rows)?;
        let mut scanner = Scanner::new(&self.coding, bytes)?;
        let mut copied = Copied::default();
        for row in rows {
            self.copy_row(&mut scanner, row, &columns, &mut copied)?;
        }
        stuff(&copied.bits.finish(), &mut stream);
        stream.extend(END);
        Some((stream, dimensions))
    }

    /// Copies MCUs of a row, by stretches without a restart marker: the first of a stretch with new DC differences,
    /// the others bit by bit.
    fn copy_row(
        &self,
        scanner: &mut Scanner,
        row: u32,
        columns: &Range<u32>,
        copied: &mut Copied,
    ) -> Option<()> {
        let mut column = columns.start;
        let place = self.places.before(&self.head, row, column)?;
        let unit = place.unit + u64::from(column % step(&self.head));
        scanner.begin(place, unit + 1);
        scanner.skip_to(unit)?;
        while column < columns.end {
            let unit = u64::from(row) * u64::from(self.head.units().width) + u64::from(column);
            let rest = self.coding.until_restart(unit).min((columns.end - column).into()) as u32;
            scanner.copy_to(unit + 1, &mut [copied])?;
            let from = scanner.state().position;
            column += rest;
            let nearest = self.places.before(&self.head, row, column)?;
            if nearest.unit > scanner.state().unit {
                scanner.begin(nearest, nearest.unit);
            }
            scanner.skip_to(unit + u64::from(rest))?;
            scanner.copy_from(from, &mut copied.bits)?;
            copied.predictors = scanner.state().predictors;
        }
        Some(())
    }
}

impl Places {
    fn find(head: &Head, coding: &Coding, bytes: &[u8], watch: &Watch) -> Option<Self> {
        let (units, step) = (head.units(), step(head));
        let mut found = Self { rows: Vec::new(), offsets: Vec::new(), predictors: Vec::new() };
        let start = State { unit: 0, position: head.start as u64 * 8, predictors: Predictors::default() };
        let all = u64::from(units.width) * u64::from(units.height);
        let mut scanner = Scanner::new(coding, bytes)?;
        scanner.begin(start, all);
        for _ in 0..units.height {
            let row = scanner.state().position;
            found.rows.push(row);
            for first in (0..units.width).step_by(step as usize) {
                watch.check().ok()?;
                let State { position, predictors, .. } = scanner.state();
                found.offsets.push(u32::try_from(position.checked_sub(row)?).ok()?);
                found.note(&predictors[..head.components.len()]);
                let next = units.width.min(first + step);
                scanner.skip_to(scanner.state().unit + u64::from(next - first))?;
            }
        }
        scanner.end()?;
        let State { position, predictors, .. } = scanner.state();
        found.rows.push(position);
        found.note(&predictors[..head.components.len()]);
        Some(found)
    }

    /// Adds predictors, none of which has more than 11 bits.
    fn note(&mut self, predictors: &[i32]) {
        self.predictors.extend(predictors.iter().map(|predictor| *predictor as i16));
    }

    /// The last place at or before a column of a row. The column may be the one behind the last.
    fn before(&self, head: &Head, row: u32, column: u32) -> Option<State> {
        let (units, step) = (head.units(), step(head));
        let unit = |row: u32, column: u32| u64::from(row) * u64::from(units.width) + u64::from(column);
        // Behind the last column of a row the next one begins.
        let (row, column) = if column == units.width { (row + 1, 0) } else { (row, column / step * step) };
        let entry = row as usize * units.width.div_ceil(step) as usize + (column / step) as usize;
        let offset = if row == units.height { 0 } else { *self.offsets.get(entry)? };
        let count = head.components.len();
        let mut predictors = Predictors::default();
        let saved = self.predictors.get(entry * count..(entry + 1) * count)?;
        predictors.iter_mut().zip(saved).for_each(|(predictor, saved)| *predictor = i32::from(*saved));
        let position = self.rows.get(row as usize)?.checked_add(offset.into())?;
        Some(State { unit: unit(row, column), position, predictors })
    }

    /// Whether they can be those of a file: as many as it has, one behind the other, within it.
    fn fits(&self, head: &Head, bytes: &[u8]) -> bool {
        let (rows, columns) =
            (head.units().height as usize, head.units().width.div_ceil(step(head)) as usize);
        let entries = rows.checked_mul(columns).filter(|entries| self.offsets.len() == *entries);
        let counts = entries.is_some_and(|entries| {
            self.rows.len() == rows + 1 && self.predictors.len() == (entries + 1) * head.components.len()
        });
        let all_rows = self.rows.iter().zip(self.offsets.chunks(columns.max(1)));
        let all = all_rows
            .flat_map(|(row, offsets)| offsets.iter().map(|offset| row.saturating_add((*offset).into())));
        counts
            && all.chain(self.rows.last().copied()).is_sorted()
            && self.rows.last().is_some_and(|end| *end <= bytes.len() as u64 * 8)
    }
}

/// Whether libjpeg-turbo reads the markers before the scan, which it does not see when parts are decoded: what it refuses
/// as a whole has no parts.
pub(super) fn is_read(markers: &[u8]) -> bool {
    let mut header = START.to_vec();
    assemble::append(markers, &mut header).is_ok() && Decoder::open(&header).is_ok()
}

/// MCUs from one entry of a row to the next.
fn step(head: &Head) -> u32 {
    (PITCH / head.unit().width).max(1)
}
