//! What is needed to follow the entropy-coded data of a JPEG of a single baseline scan, and to write such a JPEG with
//! a part of them. ITU-T T.81 annex B.

use std::ops::Range;

use crate::format::jpeg::app::Meaning;
use crate::format::jpeg::entropy::dht::Definition;
use crate::format::jpeg::frame::{self, FrameHeader, ScanHeader, WHOLE_BLOCKS};
use crate::format::jpeg::marker::{self, APP0, APP15, COM, DHT, DQT, DRI, SOF0, SOF1, SOS, START, Segment};
use crate::format::jpeg::tables;
use crate::picture::Dimensions;

/// The markers before the scan of a file whose data can be indexed.
#[derive(Clone)]
pub(crate) struct Head {
    /// Size of the picture.
    pub dimensions: Dimensions,
    /// In the order of the frame, which is that of the scan.
    pub components: Vec<Component>,
    /// MCUs from one restart marker to the next; 0 if there are none.
    pub restart_interval: u64,
    /// Where the entropy-coded data begin, in bytes.
    pub start: usize,
    /// SOF0 or SOF1.
    frame: u8,
    quantisation: [Option<Vec<u8>>; 4],
    /// The Huffman tables; a component's are there.
    pub dc: [Option<Definition>; 4],
    /// As `dc`.
    pub ac: [Option<Definition>; 4],
    /// The tables of `dc` with codes for all categories: any may be needed where a part begins. Not for reading: what
    /// is no code in the file is damage.
    pub extended_dc: [Option<Definition>; 4],
    /// What components mean.
    pub meaning: Meaning,
}

/// A component of the frame.
#[derive(Clone, Copy)]
pub(crate) struct Component {
    /// Blocks of an MCU, across and down.
    pub blocks: (u8, u8),
    /// Which Huffman tables it uses, 0 to 3.
    pub dc: usize,
    /// As `dc`.
    pub ac: usize,
    /// What scans call it.
    pub id: u8,
    quantisation: usize,
}

impl Head {
    /// Reads the markers up to the scan. None if the scan is of another kind, or anything is out of the ordinary.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let mut head = Self {
            dimensions: Dimensions::new(0, 0),
            components: Vec::new(),
            restart_interval: 0,
            start: 0,
            frame: 0,
            quantisation: Default::default(),
            dc: Default::default(),
            ac: Default::default(),
            extended_dc: Default::default(),
            meaning: Meaning::default(),
        };
        let mut rest = bytes.strip_prefix(&START)?;
        loop {
            let Segment { marker, content, after } = marker::next(rest).ok()??;
            rest = after;
            match marker {
                SOF0 | SOF1 if head.components.is_empty() => head.read_frame(marker, content)?,
                DHT => head.read_huffman(content)?,
                DQT => head.read_quantisation(content)?,
                DRI => head.restart_interval = tables::restart_interval(content)?.into(),
                SOS => break head.read_scan(content)?,
                APP0..=APP15 | COM => head.meaning.note(marker, content),
                _ => return None,
            }
        }
        head.start = bytes.len() - rest.len();
        Some(head)
    }

    /// T.81 B.2.2.
    fn read_frame(&mut self, marker: u8, content: &[u8]) -> Option<()> {
        let (frame, []) = FrameHeader::read(content)? else { return None };
        self.frame = marker;
        self.dimensions = frame.size();
        let count = frame.components().len();
        if frame.bits != 8 || self.dimensions.area() == 0 || !matches!(count, 1 | 3 | 4) {
            return None;
        }
        for frame::Component { id, sampling, quantisation } in frame.components() {
            // A scan of one component has MCUs of one block, whatever its factors (T.81 A.2.2).
            let blocks = if count == 1 { (1, 1) } else { sampling };
            let known = self.components.iter().any(|component| component.id == id);
            if known || !(1..=4).contains(&blocks.0) || !(1..=4).contains(&blocks.1) {
                return None;
            }
            let quantisation = usize::from(quantisation);
            self.components.push(Component { blocks, dc: 0, ac: 0, id, quantisation });
        }
        // T.81 B.2.3: an MCU has at most 10 blocks.
        let blocks: u8 =
            self.components.iter().map(|component| component.blocks.0 * component.blocks.1).sum();
        (blocks <= 10).then_some(())
    }

    /// T.81 B.2.4.2.
    fn read_huffman(&mut self, content: &[u8]) -> Option<()> {
        for table in tables::huffman(content) {
            let table = table?;
            let tables = if table.class == 0 { &mut self.dc } else { &mut self.ac };
            tables[table.destination] = Some(Definition::new(table.table)?);
        }
        Some(())
    }

    /// T.81 B.2.4.1.
    fn read_quantisation(&mut self, content: &[u8]) -> Option<()> {
        for table in tables::quantisation(content) {
            let table = table.filter(|table| table.precision <= 1)?;
            self.quantisation[table.destination] = Some(table.bytes.to_vec());
        }
        Some(())
    }

    /// T.81 B.2.3: all components, in one go. All coefficients, whatever the last parameters say.
    fn read_scan(&mut self, content: &[u8]) -> Option<()> {
        let scan =
            ScanHeader::read(content).filter(|scan| scan.components().len() == self.components.len())?;
        for (component, (id, dc, ac)) in self.components.iter_mut().zip(scan.components()) {
            (component.dc, component.ac) = (dc, ac);
            let there = self.dc.get(dc)?.is_some() && self.ac.get(ac)?.is_some();
            if id != component.id || !there || self.quantisation.get(component.quantisation)?.is_none() {
                return None;
            }
        }
        for n in self.components.iter().map(|component| component.dc) {
            self.extended_dc[n] = Some(self.dc[n].clone()?.with_all_categories()?);
        }
        Some(())
    }

    /// Pixels of an MCU.
    pub(crate) fn unit(&self) -> Dimensions {
        frame::mcu(self.components.iter().map(|component| component.blocks))
    }

    /// MCUs of the picture, the last ones of a row and column filled up.
    pub(crate) fn units(&self) -> Dimensions {
        frame::units(self.dimensions, self.unit())
    }

    /// The markers of a file that has only these MCUs of the picture, without restarts; and the size of its picture,
    /// which ends where the whole one does.
    pub(crate) fn of_part(&self, columns: &Range<u32>, rows: &Range<u32>) -> Option<(Vec<u8>, Dimensions)> {
        let side = |range: &Range<u32>, unit: u32, whole: u32| {
            let end = range.end.checked_mul(unit)?.min(whole);
            u16::try_from(end.checked_sub(range.start.checked_mul(unit)?)?).ok().filter(|side| *side > 0)
        };
        let width = side(columns, self.unit().width, self.dimensions.width)?;
        let height = side(rows, self.unit().height, self.dimensions.height)?;
        let mut bytes = START.to_vec();
        self.meaning.push(self.components.len(), &mut bytes);
        self.push_quantisation(&mut bytes);
        self.push_frame([width, height], &mut bytes);
        self.push_huffman(&self.ac, &mut bytes);
        self.push_scan(&mut bytes);
        Some((bytes, Dimensions::new(width.into(), height.into())))
    }

    /// Appends the quantisation tables that components use.
    pub(crate) fn push_quantisation(&self, bytes: &mut Vec<u8>) {
        let is_used = |n| self.components.iter().any(|component| component.quantisation == n);
        for (_, table) in self.quantisation.iter().enumerate().filter(|(n, _)| is_used(*n)) {
            table.iter().for_each(|table| marker::push(DQT, &[table], bytes));
        }
    }

    /// Appends the Huffman tables that components use: `extended_dc`, and those of `ac`.
    pub(crate) fn push_huffman(&self, ac: &[Option<Definition>; 4], bytes: &mut Vec<u8>) {
        let is_used = |class, n| self.components.iter().any(|of| n == if class == 0 { of.dc } else { of.ac });
        for (class, tables) in [(0, &self.extended_dc), (0x10, ac)] {
            for (n, table) in tables.iter().enumerate().filter(|(n, _)| is_used(class, *n)) {
                table.iter().for_each(|table| marker::push(DHT, &[&[class | n as u8], table.bytes()], bytes));
            }
        }
    }

    /// Appends the frame header of a picture of this width and height.
    pub(crate) fn push_frame(&self, [width, height]: [u16; 2], bytes: &mut Vec<u8>) {
        let rows: Vec<[u8; 3]> = self
            .components
            .iter()
            .map(|of| [of.id, of.blocks.0 << 4 | of.blocks.1, of.quantisation as u8])
            .collect();
        let size = [height.to_be_bytes(), width.to_be_bytes()];
        marker::push(
            self.frame,
            &[&[8], size.as_flattened(), &[rows.len() as u8], rows.as_flattened()],
            bytes,
        );
    }

    /// Appends the header of the scan.
    pub(crate) fn push_scan(&self, bytes: &mut Vec<u8>) {
        let rows: Vec<[u8; 2]> =
            self.components.iter().map(|of| [of.id, (of.dc << 4 | of.ac) as u8]).collect();
        marker::push(SOS, &[&[rows.len() as u8], rows.as_flattened(), &WHOLE_BLOCKS], bytes);
    }
}
