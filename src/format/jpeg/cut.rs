//! A JPEG cut to its upper left part without decoding it: MCUs of the rest are left out, and the bits of all others
//! stay, but for a DC difference where a row of MCUs begins. Tiles at the right and lower edge of a TIFF are padded to
//! their full size; decoding and encoding one takes four to ten times as long, and loses a little.
//! Pure. ITU-T T.81 A.2 (MCUs), F.1.2 (coding).

use std::ops::Range;

use super::entropy::bits::{Bits, Writer, stuff, unstuff};
use super::entropy::dht::Definition;
use super::entropy::huffman::{Class, Table};
use super::entropy::mcu::{self, Block, PerComponent};
use super::entropy::walk;
use super::frame::units;
use super::layout::Layout;
use super::marker::END;
use crate::picture::Dimensions;

/// Most tables that are cached: those of three masters or more, and room for those of the next.
const MAX_TABLES: usize = 16;

/// Most blocks of a tile; one of 2048 pixels square has fewer.
const MOST: usize = 1 << 18;

/// Cuts streams; reuses its buffers, and caches the last tables.
#[derive(Default)]
pub(crate) struct Cutter {
    tables: Vec<Table>,
    plain: Vec<u8>,
}

impl Cutter {
    /// The upper left `size` pixels of a baseline stream of one scan, no more than it has; or None if this is another
    /// kind of stream, or its bits are no valid code. The result has the same tables and markers.
    pub(crate) fn cut(&mut self, jpeg: &Layout, size: Dimensions) -> Option<Vec<u8>> {
        let [scan] = &jpeg.scans[..] else { return None };
        if jpeg.progressive || jpeg.restart_interval > 0 || scan.components.len() != jpeg.components.len() {
            return None;
        }
        let (all, kept) = (units(jpeg.size, jpeg.mcu()), units(size, jpeg.mcu()));
        let mut stream = Vec::with_capacity(jpeg.bytes.len() + 64);
        stream.extend_from_slice(&jpeg.bytes[..scan.entropy.start]);
        let side = |side: u32| u16::try_from(side).ok().map(u16::to_be_bytes);
        stream[jpeg.size_at..][..2].copy_from_slice(&side(size.height)?);
        stream[jpeg.size_at + 2..][..2].copy_from_slice(&side(size.width)?);
        if kept == all {
            // No MCU lies wholly in the padding.
            stream.extend_from_slice(&jpeg.bytes[scan.entropy.clone()]);
        } else {
            stuff(&self.kept_bits(jpeg, all, kept)?, &mut stream);
        }
        stream.extend(END);
        Some(stream)
    }

    /// The bits of those MCUs that are kept of all, both across and down.
    fn kept_bits(&mut self, jpeg: &Layout, all: Dimensions, kept: Dimensions) -> Option<Vec<u8>> {
        let Self { tables, plain } = self;
        plain.clear();
        unstuff(&jpeg.bytes[jpeg.scans[0].entropy.clone()], plain);
        let (mcu, bits, rows) = (mcu(tables, jpeg)?, Bits::new(plain), kept.height as usize);
        let [columns, width] = [all, kept].map(|size| size.width as usize * mcu.len());
        let needed = Some(rows.checked_sub(1)? * columns + width).filter(|needed| *needed < MOST)?;
        let starts = walk::starts(bits, 0, &mcu, needed);
        if starts.len() <= needed {
            return None;
        }
        Cut { mcu, columns, bits, starts, output: Writer::with_capacity(plain.len() + 8) }.rows(rows, width)
    }
}

/// The blocks of one MCU, in their order.
fn mcu<'t>(tables: &'t mut Vec<Table>, jpeg: &Layout) -> Option<Vec<Block<'t>>> {
    // Tables are looked up before any is dropped: none of this stream may be.
    let needed = 2 * jpeg.components.len();
    let surplus = (tables.len() + needed).saturating_sub(MAX_TABLES).min(tables.len());
    tables.drain(..surplus);
    let components = &jpeg.scans[0].components;
    let mut places = Vec::with_capacity(components.len());
    for &(_, dc, ac) in components {
        let dc = place(tables, Class::Dc, jpeg.tables[0].get(dc).copied().flatten()?)?;
        let ac = place(tables, Class::Ac, jpeg.tables[1].get(ac).copied().flatten()?)?;
        places.push((dc, ac));
    }
    let mut mcu = Vec::new();
    for (&(component, ..), (dc, ac)) in components.iter().zip(places) {
        let (dc, ac) = (&tables[dc], &tables[ac]);
        // T.81 A.2.2: the only component of a scan comes block by block.
        let (across, down) = jpeg.components[component].sampling;
        let count = if jpeg.components.len() == 1 { 1 } else { across * down };
        let block = Block { component, dc, ac, written: &dc.definition };
        mcu.extend(std::iter::repeat_n(block, count.into()));
    }
    Some(mcu)
}

/// The place of the table that DHT has in these bytes.
fn place(tables: &mut Vec<Table>, class: Class, stored: &[u8]) -> Option<usize> {
    let is_it = |table: &Table| table.class == class && table.definition.bytes() == stored;
    let cached = tables.iter().position(is_it);
    if cached.is_none() {
        tables.push(Table::new(class, Definition::new(stored)?));
    }
    Some(cached.unwrap_or(tables.len() - 1))
}

/// A cut in progress.
struct Cut<'a> {
    mcu: Vec<Block<'a>>,
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
                0 => PerComponent::default(),
                _ => self.differences(row - self.columns + kept..row)?,
            };
            mcu::copy(&mut self.output, self.bits, &self.starts[row..=row + kept], &self.mcu, left_out)?;
        }
        Some(self.output.finish())
    }

    /// The sums of the DC differences of some blocks. Unlike an index, a cut leaves coefficients out of range to the decoder.
    fn differences(&self, blocks: Range<usize>) -> Option<PerComponent> {
        let mut sums = PerComponent::default();
        for difference in mcu::differences(self.bits, &self.starts[blocks], &self.mcu) {
            let (component, difference) = difference?;
            sums[component] = sums[component].wrapping_add(difference);
        }
        Some(sums)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use turbojpeg::{Compressor, Image, PixelFormat, Subsamp};

    use super::*;

    /// A tile of noise, of which the right half is flat, `side` pixels squared.
    pub(crate) fn tile(side: usize, subsampling: Subsamp) -> Vec<u8> {
        let noise = |at: usize| (at.wrapping_mul(2_654_435_761) >> 13) as u8 / 3;
        let sample = |at: usize| if at / 3 % side < side / 2 { noise(at) } else { 90 };
        let pixels: Vec<u8> = (0..side * side * 3).map(sample).collect();
        let (pixels, pitch, format) = (&pixels[..], side * 3, PixelFormat::RGB);
        let image = Image { pixels, width: side, pitch, height: side, format };
        let mut compressor = Compressor::new().expect("a compressor");
        compressor.set_quality(90).expect("in range");
        compressor.set_subsamp(subsampling).expect("known");
        compressor.compress_to_vec(image).expect("a JPEG")
    }

    #[test]
    fn cut_tiles_have_the_bits_that_a_transcoder_writes() {
        let mut transformer = turbojpeg::Transformer::new().expect("a transformer");
        let bits =
            |stream: &[u8]| stream[Layout::read(stream).expect("whole").scans[0].entropy.clone()].to_vec();
        for subsampling in [Subsamp::None, Subsamp::Sub2x2, Subsamp::Sub2x1, Subsamp::Gray] {
            let stream = tile(256, subsampling);
            // In MCUs of several blocks a transcoder makes up those beyond the picture: here there are none.
            for (width, height) in
                [(160, 256), (256, 112), (155, 203), (77, 252), (9, 256), (256, 9), (12, 13)]
            {
                let size = Dimensions::new(width, height);
                let cut = Cutter::default().cut(&Layout::read(&stream).expect("whole"), size).expect("a cut");
                let mut transform = turbojpeg::Transform::default();
                let (width, height) = (Some(width as usize), Some(height as usize));
                transform.crop = Some(turbojpeg::TransformCrop { x: 0, y: 0, width, height });
                let expected = transformer.transform_to_vec(&transform, &stream).expect("a crop");
                assert!(bits(&cut) == bits(&expected), "{subsampling:?} {size}");
            }
        }
    }
}
