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

/// The bytes of a main header of so many components of 8 bits; `image` is Xsiz, Ysiz, XOsiz, YOsiz, `tile` likewise.
pub(crate) fn bytes(image: [u32; 4], tile: [u32; 4], components: &[[u8; 3]]) -> Vec<u8> {
    let numbers = image.into_iter().chain(tile).flat_map(u32::to_be_bytes);
    let count = u16::try_from(components.len()).expect("few").to_be_bytes();
    let siz = [0, 0].into_iter().chain(numbers).chain(count).chain(components.concat());
    [
        vec![0xff, 0x4f],
        marker(0x51, &siz.collect::<Vec<_>>()),
        marker(0x52, &[0, 2, 0, 1, 1, 5, 4, 4, 0, 1]),
        marker(0x5c, &[[0x40].to_vec(), vec![8 << 3; 16]].concat()),
        marker(0x64, b"\0\x01a comment"),
        marker(0x90, &[0; 8]),
    ]
    .concat()
}

fn marker(marker: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len() + 2).expect("short");
    [&[0xff, marker][..], &length.to_be_bytes(), content].concat()
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

#[test]
fn sizes_and_coding_are_read() {
    let mut bytes = bytes([1000, 700, 3, 5], [256, 128, 1, 2], &[[7, 1, 1], [0x8b, 2, 1], [7, 2, 2]]);
    let own = marker(code::COC as u8, &[1, 1, 2, 3, 5, 0, 1, 0x65, 0x76, 0x87]);
    bytes.splice(bytes.len() - 10..bytes.len() - 10, own);
    let header = Header::read(&bytes).expect("a header");
    assert_eq!(header.image, Rect::new(3, 5, 997, 695));
    assert_eq!((header.tile_origin, header.tile), ((1, 2), Dimensions::new(256, 128)));
    assert_eq!(header.components[1], Component { precision: 12, signed: true, dx: 2, dy: 1 });
    assert_eq!((header.levels(), header.tiles(), header.is_tiled()), (2, 24, true));
    let own = &header.coding.components[1];
    assert_eq!((own.block, &own.precincts[..]), ((5, 7), &[(5, 6), (6, 7), (7, 8)][..]));
    assert_eq!(header.coding.components[2].precincts, [(15, 15); 6]);
}

#[test]
fn a_header_that_is_cut_is_refused() {
    let good = bytes([64, 64, 0, 0], [64, 64, 0, 0], &[[7, 1, 1]; 3]);
    assert!(Header::read(&good).is_ok());
    for length in 0..good.len() - 10 {
        assert!(Header::read(&good[..length]).is_err(), "{length} bytes");
    }
}
