//! A JPEG stream looked through marker by marker, before it leaves without having been decoded.
//! Pure. ITU-T T.81 annex B; what is rare there (arithmetic coding, 12 bits, four components, DNL, fill bytes) is not
//! understood here, and is left to the decoder.

use std::ops::Range;

use crate::format::jpeg::dht::is_table;
use crate::picture::Dimensions;

/// No encoder makes more scans; each costs a browser the time of a whole picture.
const MAX_SCANS: usize = 100;

/// A stream of which every marker segment was found to be in its place, and whose entropy-coded segments hold no
/// markers. Whether their bits mean something is for a decoder to find out.
#[derive(Debug)]
pub struct Jpeg<'a> {
    /// From SOI to EOI.
    pub bytes: &'a [u8],
    /// The size that its frame header tells.
    pub size: Dimensions,
    /// Its components, in the order of the frame header.
    pub components: Vec<Component>,
    /// Coarse to fine in several scans (SOF2).
    pub progressive: bool,
    /// MCUs between restart markers; 0 is none.
    pub restart_interval: u16,
    /// Where the frame header tells the size: height, then width, of two bytes each.
    pub size_at: usize,
    /// Its scans, at least one.
    pub scans: Vec<Scan>,
    /// Huffman tables as DHT has them (16 counts, then values), by class (DC, AC) and destination.
    pub tables: [[Option<&'a [u8]>; 4]; 2],
    /// Its components are not YCbCr but what they are meant to be, as APP14 of Adobe tells.
    pub untransformed: bool,
    /// The mean step of each quantisation table.
    steps: [Option<f64>; 4],
}

/// A component of the frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Component {
    id: u8,
    /// Sampling factors across and down: 1, 2 or 4.
    pub sampling: (u8, u8),
    quantisation: u8,
}

/// A scan.
#[derive(Debug)]
pub struct Scan {
    /// Component (by its place in the frame), destination of its DC table and of its AC table.
    pub components: Vec<(usize, usize, usize)>,
    /// The entropy-coded bytes.
    pub entropy: Range<usize>,
}

impl<'a> Jpeg<'a> {
    /// Looks through a stream, and forgets the zeros that follow its end. Nothing if it is not whole, or of a kind that is not
    /// understood here.
    pub fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut jpeg = Self {
            bytes,
            size: Dimensions::new(0, 0),
            components: Vec::new(),
            progressive: false,
            restart_interval: 0,
            size_at: 0,
            scans: Vec::new(),
            tables: [[None; 4]; 2],
            untransformed: false,
            steps: [None; 4],
        };
        bytes.strip_prefix(&[0xff, 0xd8])?;
        let mut at = 2;
        loop {
            let rest = bytes.get(at..)?;
            if rest.starts_with(&[0xff, 0xd9]) {
                jpeg.bytes = &bytes[..at + 2];
                // Padding may follow; more would be the rest of a picture that was cut short.
                let is_end = rest[2..].iter().all(|&byte| byte == 0);
                return (is_end && jpeg.is_whole()).then_some(jpeg);
            }
            let [0xff, marker, high, low] = *rest.first_chunk()? else { return None };
            let (start, end) = (at + 4, at + 2 + usize::from(u16::from_be_bytes([high, low])));
            at = jpeg.segment(marker, bytes.get(start..end)?, start)?;
        }
    }

    /// Takes in a segment that starts at `start`; where the next marker is.
    fn segment(&mut self, marker: u8, content: &'a [u8], start: usize) -> Option<usize> {
        let end = start + content.len();
        match marker {
            0xc0..=0xc2 => self.frame(marker, content, start)?,
            0xc4 => self.huffman(content)?,
            0xda => return self.scan(content, end),
            0xdb => self.quantisation(content)?,
            0xdd => self.restart_interval = u16::from_be_bytes(content.try_into().ok()?),
            0xee => self.untransformed |= matches!(content, [b'A', b'd', b'o', b'b', b'e', .., 0]),
            0xe0..=0xef | 0xfe => {}
            _ => return None,
        }
        Some(end)
    }

    /// T.81 B.2.2.
    fn frame(&mut self, marker: u8, content: &[u8], start: usize) -> Option<()> {
        let [8, h1, h0, w1, w0, count @ (1 | 3), components @ ..] = content else { return None };
        if self.size_at != 0 || components.len() != 3 * usize::from(*count) {
            return None;
        }
        let side = |high, low| u32::from(u16::from_be_bytes([high, low]));
        self.size = Dimensions::new(side(*w1, *w0), side(*h1, *h0));
        self.size_at = start + 1;
        self.progressive = marker == 0xc2;
        for &[id, sampling, quantisation] in components.as_chunks::<3>().0 {
            let sampling = (sampling >> 4, sampling & 15);
            if !matches!(sampling, (1 | 2 | 4, 1 | 2 | 4)) || quantisation > 3 {
                return None;
            }
            self.components.push(Component { id, sampling, quantisation });
        }
        Some(())
    }

    /// T.81 B.2.4.1.
    fn quantisation(&mut self, mut content: &[u8]) -> Option<()> {
        while let [head, rest @ ..] = content {
            let is_wide = head >> 4 != 0;
            let (table, after) = rest.split_at_checked(if is_wide { 128 } else { 64 })?;
            let steps: u32 = match is_wide {
                true => table.as_chunks().0.iter().map(|&step| u32::from(u16::from_be_bytes(step))).sum(),
                false => table.iter().map(|&step| u32::from(step)).sum(),
            };
            *self.steps.get_mut(usize::from(head & 15))? = Some(f64::from(steps) / 64.0);
            content = after;
        }
        Some(())
    }

    /// T.81 B.2.4.2.
    fn huffman(&mut self, mut content: &'a [u8]) -> Option<()> {
        while let [head, rest @ ..] = content {
            let values: usize = rest.get(..16)?.iter().map(|&count| usize::from(count)).sum();
            let (table, after) = rest.split_at_checked(16 + values).filter(|(table, _)| is_table(table))?;
            let place = self.tables.get_mut(usize::from(head >> 4))?.get_mut(usize::from(head & 15))?;
            *place = Some(table);
            content = after;
        }
        Some(())
    }

    /// T.81 B.2.3; where the marker after the entropy-coded segment is.
    fn scan(&mut self, content: &[u8], start: usize) -> Option<usize> {
        let (&count, rest) = content.split_first()?;
        let (selectors, spectrum) = rest.split_at_checked(2 * usize::from(count))?;
        let sequential = *spectrum == [0, 63, 0];
        let is_known = spectrum.len() == 3 && (self.progressive || sequential);
        if !is_known || selectors.is_empty() || self.scans.len() == MAX_SCANS {
            return None;
        }
        let mut components = Vec::with_capacity(count.into());
        for &[id, tables] in selectors.as_chunks::<2>().0 {
            let component = self.components.iter().position(|component| component.id == id)?;
            let (dc, ac) = (usize::from(tables >> 4), usize::from(tables & 15));
            // A progressive scan needs only one of them.
            let have =
                |class: usize, place: usize| self.tables[class].get(place).copied().flatten().is_some();
            if !(self.progressive || have(0, dc) && have(1, ac)) {
                return None;
            }
            components.push((component, dc, ac));
        }
        let entropy = start..start + entropy_length(&self.bytes[start..], self.restart_interval > 0)?;
        let end = entropy.end;
        self.scans.push(Scan { components, entropy });
        Some(end)
    }

    /// The mean step of a component's quantisation table.
    pub fn step(&self, component: &Component) -> f64 {
        self.steps[usize::from(component.quantisation)].unwrap_or_default()
    }

    /// Whether all is there that a decoder will want.
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

/// Bytes looked at together for a marker.
const TOGETHER: usize = 256;

/// The length of the entropy-coded segment that `bytes` begin with: up to the first marker that does not belong to it.
fn entropy_length(bytes: &[u8], restarts: bool) -> Option<usize> {
    let ends = |one: u8, next: u8| (one == 0xff) & (next != 0) & !(restarts & (next & 0xf8 == 0xd0));
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
