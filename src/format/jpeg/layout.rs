//! A JPEG stream parsed marker by marker, before it is sent without having been decoded.
//! Pure. ITU-T T.81 annex B; what is rare there (arithmetic coding, 12 bits, four components, DNL, fill bytes) is not
//! handled here, and is left to the decoder.

use std::ops::Range;

use super::MAX_SCANS;
use super::app::Meaning;
use super::frame::{Component, FrameHeader, ScanHeader, WHOLE_BLOCKS, mcu};
use super::marker::{self, APP0, APP15, COM, DHT, DQT, DRI, EOI, RST0, SOF0, SOF2, SOS, START, Segment};
use super::tables;
use crate::picture::Dimensions;

/// Where the parts of a stream lie, of which every marker segment was found to be in its place, and whose entropy-coded
/// segments hold no markers. Whether their bits are valid only a decoder can find out.
#[derive(Debug)]
pub(crate) struct Layout<'a> {
    /// From SOI to EOI.
    pub bytes: &'a [u8],
    /// The size in its frame header.
    pub size: Dimensions,
    /// Its components, in the order of the frame header.
    pub components: Vec<Component>,
    /// Coarse to fine in several scans (SOF2).
    pub progressive: bool,
    /// MCUs between restart markers; 0 is none.
    pub restart_interval: u16,
    /// Where the frame header has the size: height, then width, of two bytes each.
    pub size_at: usize,
    /// Its scans, at least one.
    pub scans: Vec<Scan>,
    /// Huffman tables as DHT has them (16 counts, then values), by class (DC, AC) and destination.
    pub tables: [[Option<&'a [u8]>; 4]; 2],
    /// What its components mean.
    pub meaning: Meaning,
    /// The mean step of each quantisation table.
    steps: [Option<f64>; 4],
}

/// A scan.
#[derive(Debug)]
pub(crate) struct Scan {
    /// Component (by its place in the frame), destination of its DC table and of its AC table.
    pub components: Vec<(usize, usize, usize)>,
    /// The entropy-coded bytes.
    pub entropy: Range<usize>,
}

impl<'a> Layout<'a> {
    /// Parses a stream, and drops the zeros that follow its end. None if it is not whole, or of a kind that is not
    /// handled here.
    pub(crate) fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut layout = Self {
            bytes,
            size: Dimensions::new(0, 0),
            components: Vec::new(),
            progressive: false,
            restart_interval: 0,
            size_at: 0,
            scans: Vec::new(),
            tables: [[None; 4]; 2],
            meaning: Meaning::default(),
            steps: [None; 4],
        };
        let mut rest = bytes.strip_prefix(&START)?;
        loop {
            let Segment { marker, content, after } = marker::here(rest)?;
            rest = match marker {
                SOS => layout.scan(content, after)?,
                EOI => {
                    layout.bytes = &bytes[..bytes.len() - after.len()];
                    // Padding may follow; anything else would be the rest of a picture that was cut short.
                    let is_end = after.iter().all(|&byte| byte == 0);
                    return (is_end && layout.is_whole()).then_some(layout);
                }
                _ => layout.segment(marker, content, after)?,
            }
        }
    }

    /// Reads a segment that has no data after it; returns what follows.
    fn segment(&mut self, marker: u8, content: &'a [u8], after: &'a [u8]) -> Option<&'a [u8]> {
        match marker {
            SOF0..=SOF2 => {
                self.frame(content)?;
                self.progressive = marker == SOF2;
                // The bits of a sample come first.
                self.size_at = self.bytes.len() - after.len() - content.len() + 1;
            }
            DHT => self.huffman(content)?,
            DQT => self.quantisation(content)?,
            DRI => self.restart_interval = tables::restart_interval(content)?,
            APP0..=APP15 | COM => self.meaning.note(marker, content),
            _ => return None,
        }
        Some(after)
    }

    /// T.81 B.2.2.
    fn frame(&mut self, content: &[u8]) -> Option<()> {
        let (frame, []) = FrameHeader::read(content)? else { return None };
        let count = frame.components().len();
        if self.size_at != 0 || frame.bits != 8 || !matches!(count, 1 | 3) {
            return None;
        }
        self.size = frame.size();
        self.components.extend(frame.components());
        let is_known = |component: &Component| {
            matches!(component.sampling, (1 | 2 | 4, 1 | 2 | 4)) && component.quantisation <= 3
        };
        self.components.iter().all(is_known).then_some(())
    }

    /// T.81 B.2.4.1.
    fn quantisation(&mut self, content: &[u8]) -> Option<()> {
        for table in tables::quantisation(content) {
            let table = table?;
            self.steps[table.destination] = Some(table.mean_step());
        }
        Some(())
    }

    /// T.81 B.2.4.2.
    fn huffman(&mut self, content: &'a [u8]) -> Option<()> {
        for table in tables::huffman(content) {
            let table = table?;
            self.tables[table.class][table.destination] = Some(table.table);
        }
        Some(())
    }

    /// T.81 B.2.3; what follows the entropy-coded segment that `after` begins with.
    fn scan(&mut self, content: &[u8], after: &'a [u8]) -> Option<&'a [u8]> {
        let header = ScanHeader::read(content)?;
        let is_known = self.progressive || header.parameters == WHOLE_BLOCKS;
        if !is_known || self.scans.len() == MAX_SCANS {
            return None;
        }
        let mut components = Vec::with_capacity(header.components().len());
        for (id, dc, ac) in header.components() {
            let component = self.components.iter().position(|component| component.id == id)?;
            // A progressive scan needs only one of them.
            let have =
                |class: usize, place: usize| self.tables[class].get(place).copied().flatten().is_some();
            if !(self.progressive || have(0, dc) && have(1, ac)) {
                return None;
            }
            components.push((component, dc, ac));
        }
        let start = self.bytes.len() - after.len();
        let (entropy, after) = after.split_at(entropy_length(after, self.restart_interval > 0)?);
        self.scans.push(Scan { components, entropy: start..start + entropy.len() });
        Some(after)
    }

    /// The pixels of an MCU of a scan of all components.
    pub(crate) fn mcu(&self) -> Dimensions {
        mcu(self.components.iter().map(|component| component.sampling))
    }

    /// The mean step of a component's quantisation table.
    pub(crate) fn step(&self, component: &Component) -> f64 {
        self.steps[usize::from(component.quantisation)].unwrap_or_default()
    }

    /// Whether everything is there that a decoder needs.
    fn is_whole(&self) -> bool {
        let scanned = |component| {
            self.scans.iter().flat_map(|scan| &scan.components).any(|&(scanned, ..)| scanned == component)
        };
        !self.scans.is_empty()
            && self.scans.iter().all(|scan| !scan.entropy.is_empty())
            && (0..self.components.len()).all(scanned)
            && self
                .components
                .iter()
                .all(|component| self.steps[usize::from(component.quantisation)].is_some())
    }
}

/// Bytes searched together for a marker.
const TOGETHER: usize = 256;

/// The length of the entropy-coded segment that `bytes` begin with: up to the first marker that does not belong to it.
/// Not inlined: amid other code, its loop becomes a slower one.
#[inline(never)]
fn entropy_length(bytes: &[u8], restarts: bool) -> Option<usize> {
    let ends = |one: u8, next: u8| (one == 0xff) & (next != 0) & !(restarts & (next & 0xf8 == RST0));
    let mut rest = bytes;
    while rest.len() > 1 {
        let count = TOGETHER.min(rest.len() - 1);
        let (part, next) = (&rest[..count], &rest[1..=count]);
        // 0xff is so frequent that to stop at each takes five times as long as to look at all bytes, many at a time.
        if part.iter().zip(next).fold(false, |any, (&one, &next)| any | ends(one, next)) {
            let place = part.iter().zip(next).position(|(&one, &next)| ends(one, next))?;
            return Some(bytes.len() - rest.len() + place);
        }
        rest = &rest[count..];
    }
    None
}
