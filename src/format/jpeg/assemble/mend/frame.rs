//! Where blocks are, by the headers of a frame and its scans. ITU-T T.81 A.2, B.2.2, B.2.3, G.1.1.

use std::ops::{Range, RangeInclusive};

use crate::format::jpeg::frame::{self, FrameHeader, ScanHeader};
use crate::format::jpeg::marker::SOF2;
use crate::picture::Dimensions;

/// A frame in Huffman codes, of one to four components.
pub(super) struct Frame {
    /// Whether its scans have only some bits of some coefficients (SOF2).
    pub progressive: bool,
    /// Bits of a sample: 8 or 12.
    bits: u8,
    width: u32,
    height: u32,
    /// In the order of the header.
    pub components: Vec<Component>,
}

/// A component of a frame.
pub(super) struct Component {
    id: u8,
    /// Blocks of an MCU, across and down.
    factors: (u32, u32),
    /// The coefficients of which all bits have come, as bits from the lowest.
    pub whole: u64,
    /// For each block of a progressive frame those that are known not to be zero.
    pub nonzero: Vec<u64>,
}

/// A scan.
pub(super) struct Scan {
    /// The place of each component in the frame, and the numbers of its tables for DC and AC.
    pub components: Vec<(usize, usize, usize)>,
    /// The coefficients that it has, in zigzag order.
    pub band: RangeInclusive<u32>,
    /// Whether it adds one bit to coefficients that other scans began.
    pub refines: bool,
    /// How many bits are left for later scans.
    pub low: u32,
}

impl Frame {
    /// Reads SOF0, SOF1 or SOF2.
    pub(super) fn read(marker: u8, content: &[u8]) -> Option<Self> {
        let (header, []) = FrameHeader::read(content)? else { return None };
        let Dimensions { width, height } = header.size();
        let mut components: Vec<Component> = Vec::new();
        for frame::Component { id, sampling: (across, down), .. } in header.components() {
            let factors = (u32::from(across), u32::from(down));
            let is_sound = (1..=4).contains(&factors.0) && (1..=4).contains(&factors.1);
            if !is_sound || components.iter().any(|component| component.id == id) {
                return None;
            }
            components.push(Component { id, factors, whole: 0, nonzero: Vec::new() });
        }
        let is_sound =
            matches!(header.bits, 8 | 12) && header.size().area() > 0 && matches!(components.len(), 1..=4);
        is_sound.then_some(Self { progressive: marker == SOF2, bits: header.bits, width, height, components })
    }

    /// What DC coefficients can be, with room for encoders that are not exact: 8 times the samples.
    pub(super) fn dc_range(&self) -> Range<i32> {
        let levels = 8 << self.bits;
        -levels..levels
    }

    /// Reads SOS.
    pub(super) fn scan(&self, content: &[u8]) -> Option<Scan> {
        let header = ScanHeader::read(content)?;
        let place = |id| self.components.iter().position(|component| component.id == id);
        let places = header.components().map(|(id, dc, ac)| Some((place(id)?, dc, ac)));
        let components = places.collect::<Option<Vec<_>>>()?;
        if !self.progressive {
            return Some(Scan { components, band: 0..=63, refines: false, low: 0 });
        }
        let [first, last, bits] = header.parameters;
        let (high, low) = (u32::from(bits >> 4), u32::from(bits & 15));
        let is_dc = first == 0 && last == 0;
        let is_sound = (is_dc || first > 0 && first <= last && last < 64 && components.len() == 1)
            && (high == 0 || high == low + 1)
            && low < 14;
        let band = first.into()..=last.into();
        is_sound.then_some(Scan { components, band, refines: high > 0, low })
    }

    /// The MCUs of a scan, and for each of its components the blocks of one.
    pub(super) fn units(&self, scan: &Scan) -> (usize, Vec<usize>) {
        let most = |side: fn(&Component) -> u32| self.components.iter().map(side).max().unwrap_or(1);
        let (widest, highest) = (most(|one| one.factors.0), most(|one| one.factors.1));
        let units = |across: u32, down: u32| across as usize * down as usize;
        if let [(only, ..)] = scan.components[..] {
            let (across, down) = self.components[only].factors;
            let side = |side: u32, factor: u32, most: u32| (side * factor).div_ceil(most).div_ceil(8);
            return (units(side(self.width, across, widest), side(self.height, down, highest)), vec![1]);
        }
        let blocks = scan.components.iter().map(|&(place, ..)| {
            let (across, down) = self.components[place].factors;
            units(across, down)
        });
        (units(self.width.div_ceil(8 * widest), self.height.div_ceil(8 * highest)), blocks.collect())
    }

    /// Whether all bits of all coefficients of all components have come.
    pub(super) fn is_whole(&self) -> bool {
        self.components.iter().all(|component| component.whole == u64::MAX)
    }
}
