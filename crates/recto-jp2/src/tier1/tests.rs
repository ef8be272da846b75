//! The decoder against its reference. Against an encoder it is tested where one is at hand: by Recto.

use proptest::collection::vec;
use proptest::prelude::*;

use super::{BlockDecoder, reference};
use crate::codestream::{BandKind, BlockStyle};

const KINDS: [BandKind; 4] = [BandKind::Ll, BandKind::Hl, BandKind::Lh, BandKind::Hh];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    /// Any bytes are a code-block: what the reference makes of them is what the fast one makes.
    #[test]
    fn like_the_reference(
        kind in prop::sample::select(&KINDS[..]),
        style in 0u8..64,
        dimensions in dimensions(),
        planes in 0u8..=30,
        passes in 1u32..100,
        lengths in vec(0usize..400, 1..6),
        bytes in vec(byte(), 2400),
    ) {
        let style = BlockStyle::try_from(style).unwrap();
        let mut bytes = &bytes[..];
        let mut segments = Vec::new();
        for (count, &length) in segmentation(style, passes).into_iter().zip(lengths.iter().cycle()) {
            let (segment, rest) = bytes.split_at(length.min(bytes.len()));
            segments.push((count, segment));
            bytes = rest;
        }
        let mut decoder = BlockDecoder::new();
        // What an earlier block left behind must not show.
        decoder.decode(BandKind::Hh, style, (64, 64), 9, &[(25, &[0x5a; 2000])]).ok();
        let fast = decoder.decode(kind, style, dimensions, planes, &segments).unwrap();
        prop_assert_eq!(fast, reference::decode(kind, style, dimensions, planes, &segments));
    }
}

/// Sides of a code-block, clipped at the rim of a subband as it may be.
fn dimensions() -> impl Strategy<Value = (u32, u32)> {
    prop_oneof![
        Just((64, 64)),
        (1u32..=64, 1u32..=64),
        (1u32..=1024, 1u32..=4),
        (1u32..=4, 1u32..=1024),
        (1u32..=256, 1u32..=16),
    ]
}

/// Bytes among which 0xff, markers, and carries after 0xff are more common than elsewhere.
fn byte() -> impl Strategy<Value = u8> {
    prop_oneof![8 => any::<u8>(), 1 => Just(0xff), 1 => 0x80u8..0x98]
}

/// The passes of each codeword segment (T.800 Table D.9).
fn segmentation(style: BlockStyle, mut passes: u32) -> Vec<u32> {
    let lengths = match (style.terminate_all(), style.bypass()) {
        (true, _) => vec![1; passes as usize],
        (false, true) => [10].into_iter().chain([2, 1].repeat(passes as usize)).collect(),
        (false, false) => vec![passes],
    };
    let mut counts = Vec::new();
    for length in lengths {
        let count = length.min(passes);
        passes -= count;
        if count > 0 {
            counts.push(count);
        }
    }
    counts
}

#[test]
fn refuses_what_is_no_block() {
    let mut decoder = BlockDecoder::new();
    let style = BlockStyle::default();
    for dimensions in [(0, 4), (4, 0), (1025, 1), (1, 1025), (65, 64), (u32::MAX, 2)] {
        decoder.decode(BandKind::Ll, style, dimensions, 8, &[]).unwrap_err();
    }
    decoder.decode(BandKind::Ll, style, (4, 4), 31, &[]).unwrap_err();
    let bypass = BlockStyle::try_from(1).unwrap();
    decoder.decode(BandKind::Ll, bypass, (4, 4), 8, &[(10, &[]), (3, &[])]).unwrap_err();
    BlockStyle::try_from(64).unwrap_err();
}

/// A count of passes from a damaged file costs no more than the planes that there are.
#[test]
fn ignores_passes_beyond_the_last_plane() {
    let style = BlockStyle::default();
    let mut decoder = BlockDecoder::new();
    let enough = decoder.decode(BandKind::Lh, style, (8, 8), 3, &[(7, b"Recto")]).unwrap().to_vec();
    let too_many = decoder.decode(BandKind::Lh, style, (8, 8), 3, &[(u32::MAX, b"Recto"), (1, b"")]);
    assert_eq!(too_many.unwrap(), enough);
}
