//! A JPEG cut to its upper left part without decoding it: MCUs of the rest are left out, and the bits of all others
//! stay, but for a DC difference where a row of MCUs begins. Tiles at the right and lower edge of a TIFF are padded to
//! their full size; decoding and encoding one takes four to ten times as long, and loses a little.
//! Pure. ITU-T T.81 A.2 (MCUs), F.1.2 (coding).

use memchr::memchr;

use super::huffman::{Bits, Table};
use super::jpeg::Jpeg;
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
            let (bits, output) = (Bits::new(&self.plain), Writer::default());
            let cut = Cut { tables: &self.tables, blocks, columns: all.width, bits, output };
            stuff(&cut.rows(kept)?, &mut stream);
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
            let dc = self.table(jpeg.tables[0].get(dc).copied().flatten()?)?;
            let ac = self.table(jpeg.tables[1].get(ac).copied().flatten()?)?;
            // T.81 A.2.2: the only component of a scan comes block by block.
            let (across, down) = jpeg.components[component].sampling;
            let count = if jpeg.components.len() == 1 { 1 } else { across * down };
            blocks.extend(std::iter::repeat_n((component, dc, ac), count.into()));
        }
        Some(blocks)
    }

    fn table(&mut self, stored: &[u8]) -> Option<usize> {
        let known = self.tables.iter().position(|table| table.stored == stored);
        if known.is_none() {
            self.tables.push(Table::new(stored)?);
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
    blocks: Vec<Block>,
    /// MCUs of a row as stored.
    columns: u32,
    bits: Bits<'a>,
    output: Writer,
}

impl Cut<'_> {
    /// The bits of the first `kept.height` rows of MCUs, of each the first `kept.width`.
    fn rows(mut self, kept: Dimensions) -> Option<Vec<u8>> {
        // DC values by component: of the last block that was read, and of the last that was kept.
        let (mut read, mut written) = ([0; 3], [0; 3]);
        for row in 1..=kept.height {
            self.first(&mut read, &written)?;
            let from = self.bits.at;
            self.skip(1..kept.width, &mut read)?;
            self.output.copy(&self.bits, from, self.bits.at);
            written = read;
            if row < kept.height {
                self.skip(kept.width..self.columns, &mut read)?;
            }
            if !self.bits.is_within() {
                return None;
            }
        }
        Some(self.output.finish())
    }

    /// Copies the first MCU of a row, whose DC differences are from the last MCU that was kept.
    fn first(&mut self, read: &mut [i32; 3], written: &[i32; 3]) -> Option<()> {
        let mut previous = *written;
        for &(component, dc, ac) in &self.blocks {
            let dc = &self.tables[dc];
            let start = self.bits.at;
            let (difference, length) = self.bits.block(dc, &self.tables[ac])?;
            read[component] = read[component].wrapping_add(difference);
            let (code, code_length) = dc.encoded(read[component].wrapping_sub(previous[component]))?;
            previous[component] = read[component];
            self.output.put(code, code_length);
            self.output.copy(&self.bits, start + length, self.bits.at);
        }
        Some(())
    }

    fn skip(&mut self, units: std::ops::Range<u32>, read: &mut [i32; 3]) -> Option<()> {
        for _ in units {
            for &(component, dc, ac) in &self.blocks {
                let (difference, _) = self.bits.block(&self.tables[dc], &self.tables[ac])?;
                read[component] = read[component].wrapping_add(difference);
            }
        }
        Some(())
    }
}

/// Bits on their way out.
#[derive(Default)]
struct Writer {
    bytes: Vec<u8>,
    /// The last `count` bits, less than 32, not yet among the bytes.
    last: u64,
    count: u32,
}

impl Writer {
    /// Appends the low `length` bits of `bits`, at most 32.
    fn put(&mut self, bits: u64, length: u32) {
        self.last = self.last << length | bits;
        self.count += length;
        if self.count >= 32 {
            self.count -= 32;
            self.bytes.extend_from_slice(&((self.last >> self.count) as u32).to_be_bytes());
            self.last &= (1 << self.count) - 1;
        }
    }

    /// Appends the bits from bit `from` to bit `to`.
    fn copy(&mut self, bits: &Bits, from: usize, to: usize) {
        let mut at = from;
        while to - at >= 32 {
            self.put(bits.word(at) >> 32, 32);
            at += 32;
        }
        if to > at {
            let length = (to - at) as u32;
            self.put(bits.word(at) >> (64 - length), length);
        }
    }

    /// The bytes, the last one filled with ones (T.81 F.1.2.3).
    fn finish(mut self) -> Vec<u8> {
        let fill = self.count.wrapping_neg() % 8;
        let last = (self.last << fill | ((1 << fill) - 1)) << (32 - self.count - fill);
        let length = (self.count + fill) as usize / 8;
        self.bytes.extend_from_slice(&(last as u32).to_be_bytes()[..length]);
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
