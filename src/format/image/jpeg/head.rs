//! What is needed to follow the entropy-coded data of a JPEG of a single baseline scan, and to write such a JPEG with
//! a part of them. ITU-T T.81 annex B.

use std::ops::Range;

use crate::format::jpeg::dht::Definition;
use crate::format::jpeg::segment::{self, Segment};
use crate::format::jpeg::stream::Meaning;
use crate::picture::Dimensions;

/// The markers before the scan of a file whose data can be indexed.
#[derive(Clone)]
pub struct Head {
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
    meaning: Meaning,
}

/// A component of the frame.
#[derive(Clone, Copy)]
pub struct Component {
    /// Blocks of an MCU, across and down.
    pub blocks: (u32, u32),
    /// Which Huffman tables it uses, 0 to 3.
    pub dc: usize,
    /// As `dc`.
    pub ac: usize,
    id: u8,
    quantisation: usize,
}

impl Head {
    /// Reads the markers up to the scan. None if the scan is of another kind, or anything is out of the ordinary.
    pub fn read(bytes: &[u8]) -> Option<Self> {
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
        let mut rest = bytes.strip_prefix(&[0xff, 0xd8])?;
        loop {
            let Segment { marker, content, after } = segment::next(rest).ok()??;
            rest = after;
            match marker {
                0xc0 | 0xc1 if head.components.is_empty() => head.read_frame(marker, content)?,
                0xc4 => head.read_huffman(content)?,
                0xdb => head.read_quantisation(content)?,
                0xdd => head.restart_interval = u16::from_be_bytes(content.try_into().ok()?).into(),
                0xda => break head.read_scan(content)?,
                0xe0..=0xef | 0xfe => head.meaning.note(marker, content),
                _ => return None,
            }
        }
        head.start = bytes.len() - rest.len();
        Some(head)
    }

    /// T.81 B.2.2.
    fn read_frame(&mut self, marker: u8, segment: &[u8]) -> Option<()> {
        let (&[8, h1, h0, w1, w0, count], rows) = segment.split_first_chunk()? else { return None };
        self.frame = marker;
        self.dimensions =
            Dimensions::new(u16::from_be_bytes([w1, w0]).into(), u16::from_be_bytes([h1, h0]).into());
        let (rows, []) = rows.as_chunks::<3>() else { return None };
        if self.dimensions.area() == 0 || rows.len() != usize::from(count) || !matches!(count, 1 | 3 | 4) {
            return None;
        }
        for [id, factors, quantisation] in rows {
            let blocks = match count {
                // A scan of one component has MCUs of one block, whatever its factors (T.81 A.2.2).
                1 => (1, 1),
                _ => (u32::from(factors >> 4), u32::from(factors & 15)),
            };
            let known = self.components.iter().any(|component| component.id == *id);
            if known || !(1..=4).contains(&blocks.0) || !(1..=4).contains(&blocks.1) {
                return None;
            }
            let quantisation = usize::from(*quantisation);
            self.components.push(Component { blocks, dc: 0, ac: 0, id: *id, quantisation });
        }
        // T.81 B.2.3: an MCU has at most 10 blocks.
        let blocks: u32 =
            self.components.iter().map(|component| component.blocks.0 * component.blocks.1).sum();
        (blocks <= 10).then_some(())
    }

    /// T.81 B.2.4.2.
    fn read_huffman(&mut self, mut segment: &[u8]) -> Option<()> {
        while let Some((place, rest)) = segment.split_first() {
            let (definition, rest) = Definition::read(rest)?;
            let tables = match place >> 4 {
                0 => &mut self.dc,
                1 => &mut self.ac,
                _ => return None,
            };
            *tables.get_mut(usize::from(place & 15))? = Some(definition);
            segment = rest;
        }
        Some(())
    }

    /// T.81 B.2.4.1.
    fn read_quantisation(&mut self, mut segment: &[u8]) -> Option<()> {
        while let Some(first) = segment.first() {
            let length = match first >> 4 {
                0 => 65,
                1 => 129,
                _ => return None,
            };
            let (table, rest) = segment.split_at_checked(length)?;
            *self.quantisation.get_mut(usize::from(first & 15))? = Some(table.to_vec());
            segment = rest;
        }
        Some(())
    }

    /// T.81 B.2.3: all components, in one go. All coefficients, whatever the last parameters say.
    fn read_scan(&mut self, segment: &[u8]) -> Option<()> {
        let (count, rest) = segment.split_first()?;
        let (rows, _) = rest.split_last_chunk::<3>()?;
        let rows = rows.as_chunks::<2>();
        if usize::from(*count) != self.components.len()
            || rows.0.len() != self.components.len()
            || !rows.1.is_empty()
        {
            return None;
        }
        for (component, [id, tables]) in self.components.iter_mut().zip(rows.0) {
            (component.dc, component.ac) = (usize::from(tables >> 4), usize::from(tables & 15));
            let there = self.dc.get(component.dc)?.is_some() && self.ac.get(component.ac)?.is_some();
            if *id != component.id || !there || self.quantisation.get(component.quantisation)?.is_none() {
                return None;
            }
        }
        for n in self.components.iter().map(|component| component.dc) {
            self.extended_dc[n] = Some(self.dc[n].clone()?.with_all_categories()?);
        }
        Some(())
    }

    /// Pixels of an MCU.
    pub fn unit(&self) -> Dimensions {
        let most = |side: fn(&Component) -> u32| self.components.iter().map(side).max().unwrap_or(1);
        Dimensions::new(8 * most(|component| component.blocks.0), 8 * most(|component| component.blocks.1))
    }

    /// MCUs of the picture, the last ones of a row and column filled up.
    pub fn units(&self) -> Dimensions {
        let unit = self.unit();
        Dimensions::new(
            self.dimensions.width.div_ceil(unit.width),
            self.dimensions.height.div_ceil(unit.height),
        )
    }

    /// The markers of a file that has only these MCUs of the picture, without restarts; and the size of its picture,
    /// which ends where the whole one does.
    pub fn of_part(&self, columns: &Range<u32>, rows: &Range<u32>) -> Option<(Vec<u8>, Dimensions)> {
        let side = |range: &Range<u32>, unit: u32, whole: u32| {
            let end = range.end.checked_mul(unit)?.min(whole);
            u16::try_from(end.checked_sub(range.start.checked_mul(unit)?)?).ok().filter(|side| *side > 0)
        };
        let width = side(columns, self.unit().width, self.dimensions.width)?;
        let height = side(rows, self.unit().height, self.dimensions.height)?;
        let mut bytes = vec![0xff, 0xd8];
        self.meaning.push(self.components.len(), &mut bytes);
        for table in self.quantisation.iter().flatten() {
            segment::push(0xdb, table, &mut bytes);
        }
        let ([h1, h0], [w1, w0]) = (height.to_be_bytes(), width.to_be_bytes());
        let (mut frame, mut scan) = (vec![8, h1, h0, w1, w0, self.components.len() as u8], Vec::new());
        for component in &self.components {
            let factors = (component.blocks.0 << 4 | component.blocks.1) as u8;
            frame.extend([component.id, factors, component.quantisation as u8]);
            scan.extend([component.id, (component.dc << 4 | component.ac) as u8]);
        }
        segment::push(self.frame, &frame, &mut bytes);
        for (class, tables) in [(0, &self.extended_dc), (0x10, &self.ac)] {
            for (n, table) in (0..).zip(tables) {
                let Some(table) = table else { continue };
                segment::push(0xc4, &[&[class | n], table.bytes()].concat(), &mut bytes);
            }
        }
        segment::push(0xda, &[&[self.components.len() as u8], &scan[..], &[0, 63, 0]].concat(), &mut bytes);
        Some((bytes, Dimensions::new(width.into(), height.into())))
    }
}
