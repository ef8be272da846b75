//! Headers written by hand.

use super::*;

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

/// A marker segment.
fn segment(code: u16, parameters: &[u8]) -> Vec<u8> {
    let length = u16::try_from(parameters.len() + 2).expect("short");
    [&code.to_be_bytes()[..], &length.to_be_bytes(), parameters].concat()
}

/// SOC and SIZ: an image of three components, in tiles of this width and the same height.
fn start(image: [u32; 4], tile: [u32; 4], components: &[[u8; 3]]) -> Vec<u8> {
    let sizes = [image, tile].concat().into_iter().flat_map(u32::to_be_bytes);
    let siz = [0, 0].into_iter().chain(sizes).chain([0, components.len() as u8]);
    let siz: Vec<u8> = siz.chain(components.as_flattened().iter().copied()).collect();
    [vec![0xff, 0x4f], segment(0xff51, &siz)].concat()
}

const SIZE: [u32; 4] = [100, 80, 4, 2];
const TILE: [u32; 4] = [50, 80, 0, 0];
const COMPONENTS: [[u8; 3]; 3] = [[7, 1, 1], [0x8b, 2, 2], [7, 2, 1]];

/// COD of so many layers and levels.
fn cod(layers: u8, levels: u8) -> Vec<u8> {
    segment(code::COD, &[0, 2, 0, layers, 1, levels, 4, 3, 0, 1])
}

fn coc(component: u8, levels: u8) -> Vec<u8> {
    segment(code::COC, &[component, 0, levels, 2, 2, 0, 0])
}

/// QCD of exponents only, all the same.
fn qcd(exponent: u8) -> Vec<u8> {
    segment(code::QCD, &[&[0x40][..], &[exponent << 3; 19]].concat())
}

fn qcc(component: u8, exponent: u8) -> Vec<u8> {
    segment(code::QCC, &[&[component, 0x20][..], &[exponent << 3; 19]].concat())
}

fn tile_part(tile: u8, number: u8, segments: &[u8], packets: &[u8]) -> Vec<u8> {
    let length = (14 + segments.len() + packets.len()) as u32;
    let sot = segment(code::SOT, &[&[0, tile][..], &length.to_be_bytes(), &[number, 0]].concat());
    [&sot[..], segments, &[0xff, 0x93], packets].concat()
}

fn main_header(segments: &[Vec<u8>]) -> Vec<u8> {
    [start(SIZE, TILE, &COMPONENTS), segments.concat()].concat()
}

#[test]
fn a_main_header_tells_what_it_says() {
    let poc = segment(code::POC, &[0, 1, 0, 2, 3, 0, 4]);
    let precincts = segment(code::COC, &[1, 1, 2, 4, 4, 0x25, 0, 0x10, 0x65, 0xff]);
    let derived = segment(code::QCC, &[1, 0x41, 0x6f, 0x03]);
    let roi = segment(code::RGN, &[2, 0, 5]);
    let comment = segment(0xff64, b"\0\x01made by hand");
    let bytes =
        main_header(&[comment, precincts, derived, cod(2, 5), qcd(9), roi, poc, tile_part(0, 0, &[], &[])]);
    let header = Header::read(&bytes).expect("a header");
    assert_eq!(header.image, Rect::new(4, 2, 96, 78));
    assert_eq!((header.tile_origin, header.tile, header.tiles()), ((0, 0), Dimensions::new(50, 80), 2));
    assert_eq!(header.components[1], Component { precision: 12, signed: true, dx: 2, dy: 2 });
    let coding = &header.coding;
    assert_eq!((coding.progression, coding.layers), (Progression::Rpcl, 2));
    assert!(coding.multiple_component_transform && !coding.sop && !coding.eph && !header.high_throughput);
    let [first, second, third] = &coding.components[..] else { panic!("three components") };
    assert_eq!((first.levels, first.block, first.reversible), (5, (6, 5), true));
    assert_eq!(first.precincts, [(15, 15); 6]);
    assert_eq!((second.levels, second.reversible), (2, false));
    assert_eq!(second.precincts, [(0, 1), (5, 6), (15, 15)]);
    assert_eq!(second.style, BlockStyle::try_from(0x25).expect("a style"));
    assert_eq!(second.quantisation.guard_bits, 2);
    // T.800 E-5: the exponent falls with each resolution above the second.
    let step = |resolution, kind| second.step(resolution, kind).exponent;
    use crate::codestream::BandKind::{Hh, Hl, Ll};
    assert_eq!([step(0, Ll), step(1, Hl), step(1, Hh), step(2, Hl)], [13, 13, 13, 12]);
    assert_eq!(second.step(2, Hl).mantissa, 0x703);
    assert_eq!((third.roi_shift, first.roi_shift, third.levels), (5, 0, 5));
    let change = &coding.changes[0];
    assert_eq!((change.resolutions.clone(), change.components.clone(), change.layers), (0..3, 1..3, 2));
    assert_eq!(change.progression, Progression::Cprl);
}

#[test]
fn the_nearest_header_goes_first() {
    // T.800 A.6.1: tile COC > tile COD > main COC > main COD, and the same for quantisation.
    let parts = [
        tile_part(0, 0, &[coc(2, 4), cod(3, 2), qcc(1, 4), qcd(3)].concat(), &[]),
        tile_part(1, 0, &coc(0, 0), &[]),
    ];
    let main = main_header(&[coc(1, 1), cod(2, 5), qcd(9), qcc(0, 8)]);
    let bytes = [&main[..], &parts.concat(), &[0xff, 0xd9]].concat();
    let header = Header::read(&bytes).expect("a header");
    let places = places((&bytes).into(), &header, true).expect("places");
    let tile = |number| {
        Tile::read((&bytes).into(), &header, &places, number).expect("a tile").expect("in its place").coding
    };
    let levels_and_exponents = |coding: &Coding| -> Vec<_> {
        coding.components.iter().map(|of| (of.levels, of.quantisation.steps[0].exponent)).collect()
    };
    assert_eq!(levels_and_exponents(&header.coding), [(5, 8), (1, 9), (5, 9)]);
    assert_eq!((levels_and_exponents(&tile(0)), tile(0).layers), (vec![(2, 3), (2, 4), (4, 3)], 3));
    assert_eq!((levels_and_exponents(&tile(1)), tile(1).layers), (vec![(0, 8), (1, 9), (5, 9)], 2));
}

#[test]
fn tile_parts_are_found_by_their_lengths_or_by_hopping() {
    let parts = [
        tile_part(1, 0, &[], b"11111"),
        tile_part(0, 0, &[], b"00"),
        tile_part(1, 1, &[], b""),
        tile_part(0, 1, &[], b"0"),
    ];
    let mut tlm = vec![0, 0x10];
    for (tile, part) in [1, 0, 1, 0].into_iter().zip(&parts) {
        tlm.extend([tile, 0, part.len() as u8]);
    }
    let with = main_header(&[cod(1, 5), qcd(9), segment(code::TLM, &tlm)]);
    for (main, lie) in [(with.clone(), false), (main_header(&[cod(1, 5), qcd(9)]), false), (with, true)] {
        let mut bytes = [&main[..], &parts.concat(), &[0xff, 0xd9]].concat();
        let header = Header::read(&bytes).expect("a header");
        if lie {
            // A byte of SOT, for what TLM leads to is not looked at.
            let last = bytes.len() - 2 - parts[3].len();
            bytes[last] = 0;
            assert_eq!(places((&bytes).into(), &header, true).expect("places").all.len(), 4);
            assert_eq!(places((&bytes).into(), &header, false).expect("places").all.len(), 3);
            continue;
        }
        let found = places((&bytes).into(), &header, true).expect("places");
        assert_eq!(
            found.all.iter().map(|place| (place.tile, place.ordinal)).collect::<Vec<_>>(),
            [(0, 1), (0, 3), (1, 0), (1, 2)]
        );
        let tile = Tile::read((&bytes).into(), &header, &found, 1).expect("a tile").expect("in its place");
        let packets = tile.parts.iter().map(|part| &bytes[part.packets.clone()]);
        assert_eq!(packets.collect::<Vec<_>>(), [&b"11111"[..], b""]);
    }
}

#[test]
fn the_last_tile_part_may_have_no_length() {
    let mut last = tile_part(0, 0, &[], b"packets");
    last[6..10].fill(0);
    let bytes = [main_header(&[cod(1, 5), qcd(9)]), last, vec![0xff, 0xd9]].concat();
    let header = Header::read(&bytes).expect("a header");
    let found = places((&bytes).into(), &header, true).expect("places");
    let tile = Tile::read((&bytes).into(), &header, &found, 0).expect("a tile").expect("in its place");
    assert_eq!(&bytes[tile.parts[0].packets.clone()], b"packets");
}

#[test]
fn tile_parts_that_are_missing_are_not_empty() {
    let main = main_header(&[cod(1, 5), qcd(9)]);
    let numbered = |number: u8, of: u8| {
        let mut part = tile_part(0, number, &[], b"packets");
        part[11] = of;
        part
    };
    let open = || {
        let mut last = numbered(0, 0);
        last[6..10].fill(0);
        last
    };
    let (end, junk) = (vec![0xff, 0xd9], b"no marker".to_vec());
    for (parts, whole, what) in [
        (vec![numbered(0, 1), end.clone()], true, "the only one"),
        (vec![numbered(0, 1), junk.clone()], true, "the only one, before damage"),
        (vec![numbered(0, 2), numbered(1, 0), end.clone()], true, "two, of which one tells so"),
        (vec![numbered(0, 2), end.clone()], false, "the first of two"),
        (vec![numbered(0, 2), junk.clone(), numbered(1, 2), end.clone()], false, "one behind damage"),
        (vec![numbered(0, 0), numbered(1, 0), end.clone()], true, "the codestream ends"),
        (vec![numbered(0, 0), junk], false, "the codestream does not end"),
        (vec![numbered(0, 0), numbered(2, 0), end.clone()], false, "the third after the first"),
        (vec![open(), end], true, "up to the end"),
        (vec![open()], false, "up to where it is cut"),
    ] {
        let bytes = [main.clone(), parts.concat()].concat();
        let header = Header::read(&bytes).expect("a header");
        let found = places((&bytes).into(), &header, false).expect("places");
        let tile = Tile::read((&bytes).into(), &header, &found, 0).expect("a tile").expect("in its place");
        assert_eq!(tile.whole, whole, "{what}");
    }
}

#[test]
fn tiles_that_siz_has_no_place_for_are_refused() {
    for (width, fits) in
        [(50u32, true), (96, true), (100, false), (i32::MAX as u32, false), (u32::MAX, false)]
    {
        let siz = start(SIZE, [width, 80, 0, 0], &COMPONENTS);
        let tiles = [tile_part(0, 0, &[], b""), tile_part(1, 0, &[], b"")];
        let bytes = [siz, cod(1, 5), qcd(9), tiles.concat(), vec![0xff, 0xd9]].concat();
        let header = Header::read(&bytes).expect("a header");
        assert_eq!(places((&bytes).into(), &header, true).is_ok(), fits, "XTsiz {width}");
    }
}

#[test]
fn headers_that_lie_are_refused() {
    let rest = [cod(1, 5), qcd(9), tile_part(0, 0, &[], &[])].concat();
    let with = |image, tile, components: &[[u8; 3]]| {
        Header::read(&[start(image, tile, components), rest.clone()].concat())
    };
    assert!(with(SIZE, TILE, &COMPONENTS).is_ok());
    for (image, tile) in [
        ([4, 80, 4, 2], TILE),
        (SIZE, [0, 80, 0, 0]),
        (SIZE, [50, 80, 5, 0]),
        (SIZE, [4, 80, 0, 0]),
        ([u32::MAX; 4], TILE),
        ([u32::MAX, u32::MAX, 0, 0], [1, 1, 0, 0]),
        ([256, 256, 0, 0], [1, 1, 0, 0]),
    ] {
        assert!(matches!(with(image, tile, &COMPONENTS), Err(Error::Damaged { .. })), "{image:?} {tile:?}");
    }
    for component in [[38, 1, 1], [7, 0, 1], [7, 1, 0]] {
        assert!(matches!(with(SIZE, TILE, &[component]), Err(Error::Damaged { .. })), "{component:?}");
    }
    assert!(with([5, 3, 4, 2], TILE, &[[7, 4, 1]]).is_ok());
    assert!(with([6, 3, 5, 2], TILE, &[[7, 4, 1]]).is_err(), "a component that falls between the samples");
    assert!(with(SIZE, TILE, &[]).is_err());
    // Levels, width and height of code-blocks, their style, the wavelet; the steps are enough for six levels.
    let coded = |styles: [u8; 5]| {
        let cod = segment(code::COD, &[&[0, 2, 0, 1, 1][..], &styles].concat());
        Header::read(&main_header(&[cod, qcd(9), tile_part(0, 0, &[], &[])]))
    };
    assert!(coded([6, 4, 4, 0, 1]).is_ok());
    for styles in [
        [33, 4, 3, 0, 1],
        [5, 9, 0, 0, 1],
        [5, 4, 5, 0, 1],
        [5, 255, 255, 0, 1],
        [5, 4, 3, 0, 2],
        [7, 4, 4, 0, 1],
    ] {
        assert!(matches!(coded(styles), Err(Error::Damaged { .. })), "{styles:?}");
    }
    assert!(coded([6, 4, 4, 0x40, 1]).expect("a header").high_throughput);
}

#[test]
fn a_header_that_is_cut_or_changed_never_panics() {
    let segments = [coc(1, 1), cod(2, 5), qcd(9), qcc(0, 8), segment(code::TLM, &[0, 0x50, 0, 0, 0, 0, 14])];
    let whole = [main_header(&segments), tile_part(0, 0, &coc(1, 2), &[])].concat();
    for length in 0..whole.len() {
        if let Ok(header) = Header::read(&whole[..length]) {
            let found = places((&whole[..length]).into(), &header, true).expect("places");
            let tile = Tile::read((&whole[..length]).into(), &header, &found, 0);
            assert!(!matches!(tile, Ok(Some(_))), "{length} bytes");
        }
        for value in [0, 1, 0x7f, 0x90, 0xff] {
            let mut wrong = whole.clone();
            wrong[length] = value;
            if let Ok(header) = Header::read(&wrong) {
                // SIZ may have fewer tiles now.
                let found = places((&wrong).into(), &header, true);
                let _ = found.and_then(|found| Tile::read((&wrong).into(), &header, &found, 0));
            }
        }
    }
}

/// The bytes of a main header of so many components, coded as encoders do by default, but that the second can be halved
/// only twice; `image` is Xsiz, Ysiz, XOsiz,
/// YOsiz, `tile` likewise.
pub(crate) fn bytes(image: [u32; 4], tile: [u32; 4], components: &[[u8; 3]]) -> Vec<u8> {
    let cod = segment(code::COD, &[0, 2, 0, 1, 1, 5, 4, 4, 0, 1]);
    let coc = if components.len() > 1 { segment(code::COC, &[1, 0, 2, 4, 4, 0, 1]) } else { Vec::new() };
    [start(image, tile, components), cod, coc, qcd(9), tile_part(0, 0, &[], &[])].concat()
}
