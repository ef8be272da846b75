//! Streams of which libjpeg-turbo has warned gone through block by block, to leave out what carries no pixels. Slow and plain,
//! for few streams need it. Pure. ITU-T T.81 annexes B, F, G, without arithmetic coding.

mod block;
mod frame;

use block::{Codes, Reader};
use frame::{Frame, Scan};
use memchr::memchr;

use super::push_scan;
use crate::format::jpeg::MAX_SCANS;
use crate::format::jpeg::entropy::bits::{stuff, unstuff};
use crate::format::jpeg::entropy::dht::Definition;
use crate::format::jpeg::marker::{
    self, APP0, APP15, COM, DHT, DNL, DQT, DRI, END, EOI, RST0, RST7, SOF0, SOF2, SOS, START, Segment, TEM,
};
use crate::format::jpeg::tables;
use crate::watch::Watch;

/// The stream with the same coefficients, and nothing that libjpeg-turbo would have to pass over: no bytes behind those
/// that a scan needs, restart markers with their right numbers, EOI at the end. None if any bit of any coefficient is
/// missing, or is not where it should be; or if `watch` ends the work.
pub(crate) fn mended(stream: &[u8], watch: &Watch) -> Option<Vec<u8>> {
    let mut rest = stream.strip_prefix(&START)?;
    let mut mender = Mender { output: START.to_vec(), watch: watch.clone(), ..Mender::default() };
    // EOI may be missing.
    while let Some(Segment { marker, content, after }) = marker::next(rest).ok()?.filter(is_no_end) {
        rest = if marker == SOS { mender.scan(content, after)? } else { after };
        mender.marker(marker, content)?;
    }
    mender.output.extend(END);
    mender.frame.is_some_and(|frame| frame.is_whole()).then_some(mender.output)
}

fn is_no_end(segment: &Segment) -> bool {
    segment.marker != EOI
}

#[derive(Default)]
struct Mender {
    /// The marker of the frame header.
    process: u8,
    frame: Option<Frame>,
    /// By class, DC and AC.
    tables: [[Option<Codes>; 4]; 2],
    /// MCUs from one restart marker to the next; 0 if there are none.
    restart_interval: usize,
    scans: usize,
    output: Vec<u8>,
    watch: Watch,
}

impl Mender {
    /// Reads a marker without entropy-coded data.
    fn marker(&mut self, marker: u8, content: &[u8]) -> Option<()> {
        match marker {
            SOF0..=SOF2 if self.frame.is_none() => {
                (self.process, self.frame) = (marker, Some(Frame::read(marker, content)?));
            }
            DHT => self.huffman(content)?,
            DQT | APP0..=APP15 => {}
            DRI => self.restart_interval = tables::restart_interval(content)?.into(),
            // Already there, or without meaning.
            SOS | TEM | RST0..=RST7 | DNL | COM => return Some(()),
            _ => return None,
        }
        marker::push(marker, &[content], &mut self.output);
        Some(())
    }

    /// T.81 B.2.4.2.
    fn huffman(&mut self, content: &[u8]) -> Option<()> {
        for table in tables::huffman(content) {
            let table = table?;
            let codes = Codes::new(&Definition::new(table.table)?);
            self.tables[table.class][table.destination] = Some(codes);
        }
        Some(())
    }

    /// Goes through a scan, and gives what follows its data.
    fn scan<'a>(&mut self, content: &[u8], mut rest: &'a [u8]) -> Option<&'a [u8]> {
        self.scans += 1;
        let frame = self.frame.as_mut().filter(|_| self.scans <= MAX_SCANS)?;
        let scan = frame.scan(content)?;
        push_scan(self.process, content, &mut self.output);
        let (units, blocks) = frame.units(&scan);
        let interval = if self.restart_interval == 0 { units } else { self.restart_interval };
        let mut plain = Vec::new();
        for (number, first) in (0..units).step_by(interval).enumerate() {
            if number > 0 {
                let found = marker::next(rest).ok()?.filter(|found| matches!(found.marker, RST0..=RST7))?;
                self.output.extend([0xff, RST0 + ((number - 1) % 8) as u8]);
                rest = found.after;
            }
            let end = end_of_data(rest);
            plain.clear();
            unstuff(&rest[..end], &mut plain);
            let some = first..units.min(first + interval);
            let bits = walk(frame, &self.tables, &scan, &blocks, some, &plain, &self.watch)?;
            stuff(without_surplus(&plain, bits)?, &mut self.output);
            rest = &rest[end..];
        }
        note(frame, &scan);
        Some(rest)
    }
}

/// Reads these MCUs of a scan, and returns how many bits they take.
fn walk(
    frame: &mut Frame,
    tables: &[[Option<Codes>; 4]; 2],
    scan: &Scan,
    blocks: &[usize],
    units: std::ops::Range<usize>,
    plain: &[u8],
    watch: &Watch,
) -> Option<usize> {
    let mut reader = Reader::new(plain, scan, frame.progressive, frame.dc_range());
    let keeps = frame.progressive && *scan.band.start() > 0;
    for unit in units {
        watch.check().ok()?;
        for (&(component, dc, ac), &count) in scan.components.iter().zip(blocks) {
            let codes = [tables[0].get(dc)?.as_ref(), tables[1].get(ac)?.as_ref()];
            let known = &mut frame.components[component].nonzero;
            if keeps && known.len() <= unit {
                known.resize(unit + 1, 0);
            }
            for _ in 0..count {
                let mut none = 0;
                let nonzero = if keeps { &mut known[unit] } else { &mut none };
                reader.block(component, codes, nonzero)?;
            }
        }
    }
    reader.end()
}

/// The bytes that so many bits are in. If others follow, ones fill the last of them (T.81 F.1.2.3): who lost the way in
/// damaged data mostly comes out elsewhere.
fn without_surplus(plain: &[u8], bits: usize) -> Option<&[u8]> {
    let (own, surplus) = plain.split_at_checked(bits.div_ceil(8))?;
    let fill = 0xff >> (bits % 8);
    let is_filled = bits.is_multiple_of(8) || own.last().is_some_and(|last| last & fill == fill);
    (surplus.is_empty() || is_filled).then_some(own)
}

/// Notes what has come with a scan.
fn note(frame: &mut Frame, scan: &Scan) {
    if scan.low == 0 {
        for &(component, ..) in &scan.components {
            let band = scan.band.clone().fold(0, |band, coefficient| band | 1 << coefficient);
            frame.components[component].whole |= band;
        }
    }
}

/// How many bytes there are before the next marker.
fn end_of_data(bytes: &[u8]) -> usize {
    let mut at = 0;
    while let Some(found) = memchr(0xff, &bytes[at..]) {
        at += found;
        if bytes.get(at + 1) != Some(&0) {
            return at;
        }
        at += 2;
    }
    bytes.len()
}
