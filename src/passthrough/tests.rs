//! The judge is libjpeg-turbo: what it makes of a stream that left without being decoded.

use proptest::prelude::*;
use turbojpeg::{Compressor, Image, PixelFormat, Subsamp};

use super::*;
use crate::encode;
use crate::watch::Watch;

const SIDE: u32 = 64;

/// Waves, edges and noise, different for each `seed`.
fn picture(seed: u32) -> Vec<u8> {
    let sample = |x: u32, y: u32, channel: u32| {
        let noise = (x * 7919 + y * 104_729 + channel * 31 + seed).wrapping_mul(2_654_435_761) >> 27;
        let wave =
            100.0 + 90.0 * (f64::from(x * (1 + channel) + seed) / 9.0).sin() * (f64::from(y) / 7.0).cos();
        let edge = if (x / 8 + y / 16 + seed).is_multiple_of(5) { 40 } else { 0 };
        (wave as u32 + noise + edge).min(255) as u8
    };
    let places = (0..SIDE).flat_map(|y| (0..SIDE).map(move |x| (x, y)));
    places.flat_map(|(x, y)| (0..3).map(move |channel| sample(x, y, channel))).collect()
}

fn encoded(pixels: &[u8], quality: i32, subsampling: Subsamp, change: impl Fn(&mut Compressor)) -> Vec<u8> {
    let side = SIDE as usize;
    let image = Image { pixels, width: side, pitch: side * 3, height: side, format: PixelFormat::RGB };
    let mut compressor = Compressor::new().expect("a compressor");
    compressor.set_quality(quality).expect("in range");
    compressor.set_subsamp(subsampling).expect("known");
    change(&mut compressor);
    compressor.compress_to_vec(image).expect("a JPEG")
}

fn conversion(size: Dimensions) -> Conversion {
    Conversion {
        stored: Dimensions::new(SIDE, SIDE),
        samples: 3,
        size,
        turn: Orientation::UPRIGHT,
        gray: false,
        growth: 100.0,
        encodings: Encodings::default(),
    }
}

fn pass(stream: &[u8], conversion: &Conversion) -> Option<Vec<u8>> {
    Passthrough::default().file(Stored::Jpeg(stream.to_vec()), conversion)
}

fn whole() -> Dimensions {
    Dimensions::new(SIDE, SIDE)
}

/// Rows of RGB.
fn decoded(stream: &[u8]) -> (Dimensions, Vec<u8>) {
    let image = turbojpeg::decompress(stream, PixelFormat::RGB).expect("decodes without a warning");
    (Dimensions::new(image.width as u32, image.height as u32), image.pixels)
}

/// The greatest difference of the upper left `size` pixels, and that of those more than a pixel from the cut, where
/// libjpeg makes chroma smooth across.
fn apart(full: &[u8], cut: &[u8], size: Dimensions) -> (u8, u8) {
    let (mut all, mut inner) = (0, 0);
    for (y, row) in cut.chunks_exact(size.width as usize * 3).enumerate() {
        for (x, (a, b)) in full[y * SIDE as usize * 3..].iter().zip(row).enumerate() {
            let apart = a.abs_diff(*b);
            all = apart.max(all);
            if (x / 3) as u32 + 2 < size.width && (y as u32) + 2 < size.height {
                inner = apart.max(inner);
            }
        }
    }
    (all, inner)
}

#[test]
fn whole_tiles_leave_byte_for_byte() {
    for subsampling in [Subsamp::None, Subsamp::Sub2x2, Subsamp::Sub2x1, Subsamp::Sub1x2, Subsamp::Sub4x1] {
        let stream = encoded(&picture(1), 90, subsampling, |_| {});
        assert_eq!(pass(&stream, &conversion(whole())).as_ref(), Some(&stream), "{subsampling:?}");
        let mut longer = stream.clone();
        longer.extend([0; 3]);
        assert_eq!(pass(&longer, &conversion(whole())), Some(stream), "padding is left out");
    }
    let progressive = encoded(&picture(1), 90, Subsamp::Sub2x2, |c| c.set_progressive(true).expect("set"));
    assert_eq!(pass(&progressive, &conversion(whole())), Some(progressive));
}

#[test]
fn cut_tiles_have_the_pixels_of_whole_ones() {
    for (quality, optimize) in [(20, false), (75, true), (90, false), (100, true)] {
        for subsampling in [Subsamp::None, Subsamp::Sub2x2, Subsamp::Sub2x1, Subsamp::Sub1x2] {
            let stream = encoded(&picture(2), quality, subsampling, |compressor| {
                compressor.set_optimize(optimize).expect("set");
            });
            let full = decoded(&stream).1;
            for (width, height) in [(64, 24), (40, 64), (33, 17), (8, 8), (1, 1), (63, 63), (64, 63)] {
                let size = Dimensions::new(width, height);
                let what = format!("{quality} {subsampling:?} {size}");
                let Some(cut) = pass(&stream, &conversion(size)) else {
                    // Tables made for the whole picture may lack the one difference that a cut adds.
                    assert!(optimize, "{what}");
                    continue;
                };
                let (have, pixels) = decoded(&cut);
                assert_eq!(have, size, "{what}");
                let (all, inner) = apart(&full, &pixels, size);
                assert_eq!((inner, if subsampling == Subsamp::None { all } else { 0 }), (0, 0), "{what}");
            }
        }
    }
}

#[test]
fn turned_tiles_have_the_pixels_of_upright_ones_turned() {
    let stream = encoded(&picture(3), 90, Subsamp::None, |_| {});
    let upright = decoded(&stream).1;
    for number in 1..8 {
        let turn = Orientation { mirrored: number >= 4, quarters: number % 4 };
        let turned =
            decoded(&pass(&stream, &Conversion { turn, ..conversion(whole()) }).expect("whole blocks")).1;
        let raster = crate::raster::Raster {
            dimensions: whole(),
            channels: crate::picture::Channels::Rgb,
            pixels: upright.clone(),
        };
        let expected = crate::raster::orient(raster, turn, &Watch::unlimited()).expect("not stopped").pixels;
        let worst = expected.iter().zip(&turned).map(|(a, b)| a.abs_diff(*b)).max();
        assert!(worst <= Some(2), "{turn}: the inverse transform rounds by up to {worst:?}");
        let part = Dimensions::new(40, 20);
        let blocks_are_whole = pass(&stream, &Conversion { turn, ..conversion(part) }).is_some();
        let flips_rows = matches!((turn.mirrored, turn.quarters), (true, 0 | 3));
        assert_eq!(blocks_are_whole, flips_rows || number == 3, "{turn}");
    }
}

#[test]
fn gray_is_the_luma_of_ycbcr() {
    let conversion = Conversion { gray: true, ..conversion(whole()) };
    let stream = encoded(&picture(4), 90, Subsamp::Sub2x2, |_| {});
    let gray = pass(&stream, &conversion).expect("a gray");
    let jpeg = Layout::read(&gray).expect("whole");
    assert_eq!(jpeg.components.len(), 1);
    let luma = turbojpeg::decompress(&stream, PixelFormat::GRAY).expect("decodes").pixels;
    assert_eq!(turbojpeg::decompress(&gray, PixelFormat::GRAY).expect("decodes").pixels, luma);
}

/// A stream with a marker segment put in after SOI.
fn with_segment(stream: &[u8], marker: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len() + 2).expect("short").to_be_bytes();
    [&stream[..2], &[0xff, marker], &length[..], content, &stream[2..]].concat()
}

#[test]
fn only_streams_that_are_whole_leave() {
    let stream = encoded(&picture(5), 85, Subsamp::Sub2x2, |_| {});
    for length in 0..stream.len() {
        assert_eq!(pass(&stream[..length], &conversion(whole())), None, "cut to {length} bytes");
    }
    let at = |marker: u8| {
        stream.windows(2).position(|pair| pair == [0xff, marker]).unwrap_or_else(|| panic!("no {marker:x}"))
    };
    let (frame, scan) = (at(0xc0), at(0xda));
    let changed = |place: usize, value: u8| {
        let mut changed = stream.clone();
        changed[place] = value;
        pass(&changed, &conversion(whole()))
    };
    assert!(changed(frame + 1, 0xc9).is_none(), "arithmetic coding");
    assert!(changed(frame + 4, 12).is_none(), "12 bits");
    assert!(changed(frame + 6, 63).is_none(), "another height");
    assert!(changed(frame + 8, 65).is_none(), "another width");
    assert!(changed(frame + 11, 0x33).is_none(), "a sampling that browsers do not know");
    assert!(changed(frame + 12, 3).is_none(), "a table that is not there");
    assert!(changed(scan + 5, 9).is_none(), "a component that is not there");
    assert!(changed(scan + 6, 0x33).is_none(), "Huffman tables that are not there");
    for marker in [0xd8, 0xd9, 0xc4, 0xd0, 0x01, 0xff] {
        let mut stray = stream.clone();
        let middle = (scan + stream.len()) / 2;
        stray.splice(middle..middle, [0xff, marker]);
        assert!(pass(&stray, &conversion(whole())).is_none(), "marker {marker:x} amid the scan");
    }
    assert!(pass(&with_segment(&stream, 0xdc, &[0, 64]), &conversion(whole())).is_none(), "DNL");
    assert!(pass(&stream, &Conversion { samples: 1, ..conversion(whole()) }).is_none());
}

#[test]
fn growth_is_judged_by_tables_and_sampling() {
    let estimate = |quality, subsampling| {
        let stream = encoded(&picture(6), quality, subsampling, |_| {});
        size_estimate::of_jpeg(&Layout::read(&stream).expect("whole"), &encode::Jpeg::default())
    };
    assert!((estimate(80, Subsamp::Sub2x2) - 1.0).abs() < 0.02, "what would be written grows by nothing");
    assert!(estimate(75, Subsamp::Sub2x2) < 1.0 && estimate(85, Subsamp::Sub2x2) < 1.25);
    assert!(estimate(85, Subsamp::None) > 1.25 && estimate(90, Subsamp::Sub2x2) > 1.25);
    let stream = encoded(&picture(6), 90, Subsamp::None, |_| {});
    let passes =
        |stream: &[u8], growth| pass(stream, &Conversion { growth, ..conversion(whole()) }).is_some();
    assert!(!passes(&stream, 1.6) && passes(&stream, 1.8));
    let untransformed = with_segment(&stream, 0xee, b"Adobe\0\x64\0\0\0\0\0");
    assert!(!passes(&untransformed, 3.0) && passes(&untransformed, 4.0), "each component counts as luma");
}

#[test]
fn webp_leaves_whole_or_not_at_all() {
    let file = ::webp::Encoder::from_rgb(&picture(7), SIDE, SIDE).encode(80.0).to_vec();
    let pass = |file: &[u8], conversion: &Conversion| {
        Passthrough::default().file(Stored::WebP(file.to_vec()), conversion)
    };
    assert_eq!(pass(&file, &conversion(whole())).as_ref(), Some(&file));
    let padded = [&file[..], b"more"].concat();
    assert_eq!(pass(&padded, &conversion(whole())), Some(file.clone()));
    for length in 0..file.len() {
        assert_eq!(pass(&file[..length], &conversion(whole())), None, "cut to {length} bytes");
    }
    assert!(pass(&file, &conversion(Dimensions::new(63, 64))).is_none());
    assert!(pass(&file, &Conversion { gray: true, ..conversion(whole()) }).is_none());
    let lossless = ::webp::Encoder::from_rgb(&picture(7), SIDE, SIDE).encode_lossless().to_vec();
    assert!(pass(&lossless, &conversion(whole())).is_some());
    assert!(pass(&lossless, &Conversion { growth: 2.0, ..conversion(whole()) }).is_none(), "too many bytes");
}

proptest! {
    #[test]
    fn hostile_streams_never_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20),
        (width, height) in (1u32..=SIDE, 1u32..=SIDE),
        optimize in any::<bool>(),
    ) {
        let mut stream = encoded(&picture(8), 85, Subsamp::Sub2x2, |c| c.set_optimize(optimize).expect("set"));
        for (place, value) in changes {
            let place = place.index(stream.len());
            stream[place] = value;
        }
        if let Some(cut) = pass(&stream, &conversion(Dimensions::new(width, height))) {
            let jpeg = Layout::read(&cut).expect("what leaves is whole");
            prop_assert_eq!(jpeg.size, Dimensions::new(width, height));
        }
    }
}
