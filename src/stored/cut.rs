//! A JPEG cut to its upper left part without decoding it: MCUs of the rest are left out, and the bits of all others
//! stay, but for a DC difference where a row of MCUs begins. Tiles at the right and lower edge of a TIFF are padded to
//! their full size; decoding and encoding one takes four to ten times as long, and loses a little.
//! Pure. ITU-T T.81 A.2 (MCUs), F.1.2 (coding).

use std::ops::Range;

use memchr::memchr;

use super::huffman::{Bits, Class, Table};
use super::jpeg::Jpeg;
use super::walk;
use crate::geometry::Dimensions;

/// Most tables that are kept: those of three masters or more, and room for those of the next.
const KEPT: usize = 16;

/// Cuts streams; keeps its buffers and the tables that it met last.
#[derive(Default)]
pub struct Cutter {
    tables: Vec<Table>,
    plain: Vec<u8>,
}

/// A block of an MCU: its component, and its DC and AC table, as indexes.
type Block = (usize, usize, usize);

impl Cutter {
    /// The upper left `size` pixels of a baseline stream of one scan, or nothing if this is another kind of stream, or
    /// its bits mean nothing. The result has the same tables and markers.
    pub fn cut(&mut self, jpeg: &Jpeg, size: Dimensions) -> Option<Vec<u8>> {
        let [scan] = &jpeg.scans[..] else { return None };
        if jpeg.progressive || jpeg.restart_interval > 0 || scan.components.len() != jpeg.components.len() {
            return None;
        }
        let unit = unit(jpeg);
        let units = |size: Dimensions| {
            Dimensions::new(size.width.div_ceil(unit.width), size.height.div_ceil(unit.height))
        };
        let (all, kept) = (units(jpeg.size), units(size));
        let mut stream = Vec::with_capacity(jpeg.bytes.len() + 64);
        stream.extend_from_slice(&jpeg.bytes[..scan.entropy.start]);
        let side = |side: u32| u16::try_from(side).ok().map(u16::to_be_bytes);
        stream[jpeg.size_at..][..2].copy_from_slice(&side(size.height)?);
        stream[jpeg.size_at + 2..][..2].copy_from_slice(&side(size.width)?);
        if kept == all {
            // No MCU lies wholly in the padding.
            stream.extend_from_slice(&jpeg.bytes[scan.entropy.clone()]);
        } else {
            self.plain.clear();
            unstuff(&jpeg.bytes[scan.entropy.clone()], &mut self.plain);
            let blocks = self.blocks(jpeg)?;
            let codes: Vec<_> =
                blocks.iter().map(|&(_, dc, ac)| (&self.tables[dc], &self.tables[ac])).collect();
            let [columns, width] = [all, kept].map(|size| size.width as usize * blocks.len());
            let (bits, rows) = (Bits::new(&self.plain), kept.height as usize);
            let starts = walk::starts(bits, &codes, rows.checked_sub(1)? * columns + width)?;
            let output = Writer { bytes: Vec::with_capacity(self.plain.len() + 8), ..Writer::default() };
            let cut = Cut { tables: &self.tables, blocks, columns, bits, starts, output };
            stuff(&cut.rows(rows, width)?, &mut stream);
        }
        stream.extend([0xff, 0xd9]);
        Some(stream)
    }

    /// The blocks of one MCU, in their order.
    fn blocks(&mut self, jpeg: &Jpeg) -> Option<Vec<Block>> {
        // Tables are looked up before any is dropped: none of this stream may be.
        let wanted = 2 * jpeg.components.len();
        let surplus = (self.tables.len() + wanted).saturating_sub(KEPT).min(self.tables.len());
        self.tables.drain(..surplus);
        let mut blocks = Vec::new();
        for &(component, dc, ac) in &jpeg.scans[0].components {
            let dc = self.table(Class::Dc, jpeg.tables[0].get(dc).copied().flatten()?)?;
            let ac = self.table(Class::Ac, jpeg.tables[1].get(ac).copied().flatten()?)?;
            // T.81 A.2.2: the only component of a scan comes block by block.
            let (across, down) = jpeg.components[component].sampling;
            let count = if jpeg.components.len() == 1 { 1 } else { across * down };
            blocks.extend(std::iter::repeat_n((component, dc, ac), count.into()));
        }
        Some(blocks)
    }

    fn table(&mut self, class: Class, stored: &[u8]) -> Option<usize> {
        let known = self.tables.iter().position(|table| table.class == class && table.stored == stored);
        if known.is_none() {
            self.tables.push(Table::new(class, stored)?);
        }
        Some(known.unwrap_or(self.tables.len() - 1))
    }
}

/// The pixels of an MCU.
fn unit(jpeg: &Jpeg) -> Dimensions {
    if jpeg.components.len() == 1 {
        return Dimensions::new(8, 8);
    }
    let most = |side: fn((u8, u8)) -> u8| {
        jpeg.components.iter().map(|component| u32::from(side(component.sampling))).max().unwrap_or(1)
    };
    Dimensions::new(8 * most(|(across, _)| across), 8 * most(|(_, down)| down))
}

/// A cut in the making.
struct Cut<'a> {
    tables: &'a [Table],
    /// The blocks of an MCU.
    blocks: Vec<Block>,
    /// Blocks of a row as stored.
    columns: usize,
    bits: Bits<'a>,
    /// Where blocks begin.
    starts: Vec<u32>,
    output: Writer,
}

impl Cut<'_> {
    /// The bits of the first `rows` rows of MCUs, of each those of the first `kept` blocks.
    fn rows(mut self, rows: usize, kept: usize) -> Option<Vec<u8>> {
        for row in 0..rows {
            let row = row * self.columns;
            // The last MCU that was kept is in the row above.
            let left_out = match row {
                0 => [0; 3],
                _ => self.differences(row - self.columns + kept..row)?,
            };
            self.row(row..row + kept, left_out)?;
        }
        Some(self.output.finish())
    }

    /// The sums of the DC differences of some blocks, by component.
    fn differences(&self, blocks: Range<usize>) -> Option<[i32; 3]> {
        let mut sums = [0i32; 3];
        for (start, &(component, dc, _)) in self.starts[blocks].iter().zip(self.blocks.iter().cycle()) {
            let (_, difference) = self.tables[dc].difference(self.bits.word(*start as usize))?;
            sums[component] = sums[component].wrapping_add(difference);
        }
        Some(sums)
    }

    /// Copies some blocks of a row. To the first differences of all components those are added that were left out.
    fn row(&mut self, kept: Range<usize>, mut left_out: [i32; 3]) -> Option<()> {
        let mut at = self.starts[kept.start] as usize;
        for (&start, &(component, dc, _)) in self.starts[kept.start..].iter().zip(&self.blocks) {
            let more = std::mem::take(&mut left_out[component]);
            if more != 0 {
                let (length, difference) = self.tables[dc].difference(self.bits.word(start as usize))?;
                let (code, code_length) = self.tables[dc].encoded(difference.wrapping_add(more))?;
                self.output.copy(&self.bits, at..start as usize);
                self.output.put(code << (64 - code_length), code_length);
                at = start as usize + length as usize;
            }
        }
        self.output.copy(&self.bits, at..self.starts[kept.end] as usize);
        Some(())
    }
}

/// Bits on their way out.
#[derive(Default)]
struct Writer {
    bytes: Vec<u8>,
    /// The last `count` bits, less than 8, not yet among the bytes; its highest ones.
    last: u64,
    count: u32,
}

impl Writer {
    /// Appends the highest `length` bits of `word`, at most 56; the others are zero.
    fn put(&mut self, word: u64, length: u32) {
        let all = self.last | word >> self.count;
        let bits = self.count + length;
        self.bytes.extend_from_slice(&all.to_be_bytes()[..bits as usize / 8]);
        (self.last, self.count) = (all << (bits / 8 * 8), bits % 8);
    }

    /// Appends some bits.
    fn copy(&mut self, bits: &Bits, some: Range<usize>) {
        let (mut at, mut place, words) = (some.start, self.bytes.len(), some.len() / 56);
        // As `put` does it, but for a length that is known: this is where most of the bits go. Eight bytes are written at a
        // time, and the last one again with the next.
        self.bytes.resize(place + 7 * words + 1, 0);
        for _ in 0..words {
            let all = self.last | (bits.word(at) & !0xff) >> self.count;
            self.bytes[place..place + 8].copy_from_slice(&all.to_be_bytes());
            self.last = all << 56;
            (at, place) = (at + 56, place + 7);
        }
        self.bytes.truncate(place);
        if let Some(length) = some.end.checked_sub(at).filter(|&length| length > 0) {
            self.put(bits.word(at) & !(u64::MAX >> length), length as u32);
        }
    }

    /// The bytes, the last one filled with ones (T.81 F.1.2.3).
    fn finish(mut self) -> Vec<u8> {
        let fill = self.count.wrapping_neg() % 8;
        self.put(!(u64::MAX >> fill), fill);
        self.bytes
    }
}

/// Entropy-coded bytes without the zeros that stand behind each 0xff.
fn unstuff(mut stuffed: &[u8], plain: &mut Vec<u8>) {
    while let Some(at) = memchr(0xff, stuffed) {
        plain.extend_from_slice(&stuffed[..=at]);
        stuffed = stuffed.get(at + 2..).unwrap_or_default();
    }
    plain.extend_from_slice(stuffed);
}

/// The opposite.
fn stuff(mut plain: &[u8], stuffed: &mut Vec<u8>) {
    while let Some(at) = memchr(0xff, plain) {
        stuffed.extend_from_slice(&plain[..=at]);
        stuffed.push(0);
        plain = &plain[at + 1..];
    }
    stuffed.extend_from_slice(plain);
}
