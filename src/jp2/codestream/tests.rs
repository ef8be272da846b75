//! Headers written by hand.

use super::*;
use crate::jp2::block::BlockStyle;

/// A component that is coded as encoders do by default.
pub(crate) fn component_coding(levels: u8) -> ComponentCoding {
    ComponentCoding {
        levels,
        block: (6, 6),
        style: BlockStyle::try_from(0).expect("the plain style"),
        reversible: true,
        precincts: vec![(15, 15); usize::from(levels) + 1],
        quantisation: Quantisation {
            style: QuantisationStyle::None,
            guard_bits: 2,
            steps: vec![Step { exponent: 8, mantissa: 0 }; 3 * usize::from(levels) + 1],
        },
        roi_shift: 0,
    }
}

/// The header of an image of one component.
pub(crate) fn header(image: Rect, tile_origin: (u32, u32), tile: Dimensions) -> Header {
    Header {
        image,
        tile_origin,
        tile,
        components: vec![Component { precision: 8, signed: false, dx: 1, dy: 1 }],
        coding: Coding {
            progression: Progression::Lrcp,
            layers: 1,
            multiple_component_transform: false,
            sop: false,
            eph: false,
            components: vec![component_coding(5)],
            changes: Vec::new(),
        },
        high_throughput: false,
        tile_part_lengths: Vec::new(),
        packed_packet_headers: Vec::new(),
        end: 0,
    }
}
