//! The headers of frames and scans (SOFn, SOS) as they are: read here for all, who then say what they make of them. They are
//! views of their bytes, and take no memory. Pure. ITU-T T.81 A.2, B.2.2, B.2.3.

use super::marker::{self, DNL, EOI, Segment};
use crate::picture::Dimensions;

/// SOFn.
#[derive(Clone, Copy)]
pub(crate) struct FrameHeader<'a> {
    /// Bits of a sample.
    pub bits: u8,
    /// Columns.
    pub width: u16,
    /// Rows; 0 if DNL gives them later ([`FrameHeader::height`]).
    height: u16,
    rows: &'a [[u8; 3]],
}

/// A component of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Component {
    /// What scans call it.
    pub id: u8,
    /// Sampling factors across and down, which may be any from 0 to 15: those from 1 to 4 mean something.
    pub sampling: (u8, u8),
    /// The number of its quantisation table, which means something up to 3.
    pub quantisation: u8,
}

/// SOS.
#[derive(Clone, Copy)]
pub(super) struct ScanHeader<'a> {
    rows: &'a [[u8; 2]],
    /// The first and the last coefficient, and in one byte the bits that came before and those that are left (T.81 G.1.1).
    pub parameters: [u8; 3],
}

/// The parameters of a scan that has all bits of all coefficients.
pub(super) const WHOLE_BLOCKS: [u8; 3] = [0, 63, 0];

impl<'a> FrameHeader<'a> {
    /// Reads SOFn, and gives what is left of `content`, which should be nothing. None if it is cut.
    pub(crate) fn read(content: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (&[bits, h1, h0, w1, w0, count], rest) = content.split_first_chunk()?;
        let (rows, rest) = rest.split_at_checked(3 * usize::from(count))?;
        let (height, width) = (u16::from_be_bytes([h1, h0]), u16::from_be_bytes([w1, w0]));
        Some((Self { bits, width, height, rows: rows.as_chunks().0 }, rest))
    }

    /// The size of the picture in the header.
    pub(crate) fn size(&self) -> Dimensions {
        Dimensions::new(self.width.into(), self.height.into())
    }

    /// The height of the picture: that of the header, or if that is 0, the one that DNL gives after the first scan
    /// (T.81 B.2.5). `after` is what follows the header.
    pub(crate) fn height(&self, after: &[u8]) -> u16 {
        if self.height == 0 { late_height(after) } else { self.height }
    }

    /// The components, in their order.
    pub(crate) fn components(&self) -> impl ExactSizeIterator<Item = Component> + Clone + use<'a> {
        self.rows.iter().map(|&[id, factors, quantisation]| Component {
            id,
            sampling: (factors >> 4, factors & 15),
            quantisation,
        })
    }

    /// The pixels of an MCU of a scan of all components.
    pub(crate) fn mcu(&self) -> Dimensions {
        mcu(self.components().map(|component| component.sampling))
    }
}

/// The height that DNL gives, or 0.
fn late_height(after: &[u8]) -> u16 {
    let next = |after| marker::next(after).ok().flatten();
    let mut markers = std::iter::successors(next(after), |found: &Segment| next(found.after));
    let found = markers.find(|found| found.marker == EOI || found.marker == DNL && found.content.len() == 2);
    found.and_then(|found| found.content.try_into().ok()).map_or(0, u16::from_be_bytes)
}

impl<'a> ScanHeader<'a> {
    /// Reads SOS. None unless it has one component at least, and is as long as it should be.
    pub(super) fn read(content: &'a [u8]) -> Option<Self> {
        let (&count @ 1.., rest) = content.split_first()? else { return None };
        let (rows, parameters) = rest.split_at_checked(2 * usize::from(count))?;
        Some(Self { rows: rows.as_chunks().0, parameters: parameters.try_into().ok()? })
    }

    /// The components, in their order: what the frame header calls them, and the numbers of their tables for DC and AC.
    pub(super) fn components(&self) -> impl ExactSizeIterator<Item = (u8, usize, usize)> + use<'a> {
        self.rows.iter().map(|&[id, tables]| (id, usize::from(tables >> 4), usize::from(tables & 15)))
    }
}

/// The pixels of an MCU of components with these sampling factors. A single one comes in blocks, whatever its factors
/// (T.81 A.2.2).
pub(super) fn mcu(sampling: impl ExactSizeIterator<Item = (u8, u8)>) -> Dimensions {
    if sampling.len() == 1 {
        return Dimensions::new(8, 8);
    }
    let (across, down) =
        sampling.fold((1, 1), |most, factors| (most.0.max(factors.0), most.1.max(factors.1)));
    Dimensions::new(8 * u32::from(across), 8 * u32::from(down))
}

/// How many MCUs of these pixels a picture has across and down, the last ones of a row and column filled up.
pub(super) fn units(picture: Dimensions, mcu: Dimensions) -> Dimensions {
    Dimensions::new(picture.width.div_ceil(mcu.width), picture.height.div_ceil(mcu.height))
}

#[cfg(test)]
mod tests {
    use super::super::marker::{END, SOS};
    use super::*;

    /// A frame header of 258 pixels across.
    fn frame(height: u16, components: &[[u8; 3]]) -> Vec<u8> {
        let mut content = vec![8];
        content.extend(height.to_be_bytes());
        content.extend([1, 2, components.len() as u8]);
        content.extend(components.as_flattened());
        content
    }

    #[test]
    fn headers_are_whole_or_none() {
        let content = frame(77, &[[1, 0x41, 0], [2, 0x12, 3]]);
        let more = [&content[..], &[5]].concat();
        let (frame, rest) = FrameHeader::read(&more).expect("whole");
        assert_eq!((frame.bits, frame.size(), rest), (8, Dimensions::new(258, 77), &[5][..]));
        let components: Vec<_> = frame.components().collect();
        assert_eq!(components[1], Component { id: 2, sampling: (1, 2), quantisation: 3 });
        assert_eq!(mcu(components.iter().map(|component| component.sampling)), Dimensions::new(32, 16));
        assert_eq!(mcu(components[..1].iter().map(|one| one.sampling)), Dimensions::new(8, 8));
        assert!((0..content.len()).all(|length| FrameHeader::read(&content[..length]).is_none()));
        let content = [2, 1, 0x10, 2, 0x02, 0, 63, 0];
        let scan = ScanHeader::read(&content).expect("whole");
        assert_eq!(scan.components().collect::<Vec<_>>(), [(1, 1, 0), (2, 0, 2)]);
        assert_eq!(scan.parameters, WHOLE_BLOCKS);
        for other in [&content[..7], &[&content[..], &[0]].concat(), &[0, 0, 63, 0], &[]] {
            assert!(ScanHeader::read(other).is_none(), "{other:?}");
        }
    }

    #[test]
    fn a_height_may_come_late() {
        let after = |end: &[u8]| {
            let mut stream = Vec::new();
            marker::push(SOS, &[&[1, 0, 0, 0, 63, 0]], &mut stream);
            stream.extend([1, 0xff, 0, 2, 0xff, 0xd0, 3]);
            stream.extend(end);
            stream
        };
        let height = |in_header, after: &[u8]| {
            let content = frame(in_header, &[[1, 0x11, 0]]);
            FrameHeader::read(&content).expect("whole").0.height(after)
        };
        let dnl = [0xff, DNL, 0, 4, 1, 2, 0xff, EOI];
        assert_eq!(height(0, &after(&dnl)), 258);
        assert_eq!(height(77, &after(&dnl)), 77);
        assert_eq!(height(0, &after(&[&END, &dnl[..]].concat())), 0, "behind the end");
        assert_eq!(height(0, &after(&[0xff, DNL, 0, 3, 1])), 0);
        assert_eq!(height(0, &[]), 0);
    }
}
