//! Windows judged by the whole picture, which libjpeg-turbo decodes without an index.

#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // made-up pixels

use turbojpeg::{Compressor, Subsamp};

use super::*;
use crate::format::jpeg::app::Meaning;
use crate::picture::Orientation;

/// Waves with a little noise: different everywhere, in chroma too.
fn picture(dimensions: Dimensions, channels: u32) -> Vec<u8> {
    let sample = |x: u32, y: u32, c: u32| {
        let noise = (x * 7919 + y * 104_729 + c * 31).wrapping_mul(2_654_435_761) >> 27;
        (110.0 + 80.0 * ((x + 30 * c) as f32 / 9.0).sin() * (y as f32 / 13.0).cos() + noise as f32) as u8
    };
    let pixels = (0..dimensions.height).flat_map(|y| (0..dimensions.width).map(move |x| (x, y)));
    pixels.flat_map(|(x, y)| (0..channels).map(move |c| sample(x, y, c))).collect()
}

/// A JPEG of it by libjpeg-turbo.
pub(crate) fn jpeg(dimensions: Dimensions, colours: Colorspace, sampling: Subsamp, quality: i32) -> Vec<u8> {
    let format = match colours {
        Colorspace::Gray => PixelFormat::GRAY,
        Colorspace::RGB | Colorspace::YCbCr => PixelFormat::RGB,
        Colorspace::CMYK | Colorspace::YCCK => PixelFormat::CMYK,
    };
    let pixels = picture(dimensions, format.size() as u32);
    let (width, height) = (dimensions.width as usize, dimensions.height as usize);
    let image = Image { pixels: &pixels[..], width, pitch: width * format.size(), height, format };
    let mut compressor = Compressor::new().expect("a compressor");
    compressor.set_quality(quality).expect("set");
    compressor.set_subsamp(sampling).expect("set");
    compressor.set_colorspace(colours).expect("set");
    // Tables of its own for every second quality: they lack what the picture does not need.
    compressor.set_optimize(quality % 2 == 0).expect("set");
    compressor.compress_to_vec(image).expect("compressed")
}

/// Windows of some sizes at the corners of a level and elsewhere.
fn windows(level: Dimensions) -> impl Iterator<Item = Rect> {
    let places = |side: u32| {
        let lengths = [1, 2, 3, 17, 64].map(|length| length.min(side));
        let places =
            lengths.map(|length| [0, 1, side / 3, side / 2, side].map(|at| (at.min(side - length), length)));
        places.into_iter().flatten().enumerate()
    };
    let across: Vec<_> = places(level.width).collect();
    places(level.height).flat_map(move |(m, (y, height))| {
        let some = across.clone().into_iter().filter(move |(n, _)| (n + m) % 4 == 0);
        some.map(move |(_, (x, width))| Rect::new(x, y, width, height))
    })
}

/// The pixels of all windows of all levels must be those of the whole.
fn check(bytes: &[u8], what: &str) {
    let header = Header::read(bytes).expect("a header");
    let index = Index::build(bytes, &Watch::unlimited()).unwrap_or_else(|| panic!("{what} has no index"));
    for (n, level) in describe(&header, bytes.len()).expect("described").levels.iter().enumerate() {
        let whole = decode(bytes, &header, n, &Watch::unlimited()).expect("decoded");
        for window in windows(level.dimensions) {
            let part = decode_window(bytes, &header, &index, n, window, &Watch::unlimited())
                .unwrap_or_else(|error| panic!("{what}, level {n}, {window}: {error}"));
            assert!(part == whole.part(window), "{what}, level {n}, {window}");
        }
    }
}

#[test]
fn windows_are_parts_of_the_whole() {
    use Subsamp::{None, Sub1x2, Sub2x1, Sub2x2, Sub4x1};
    for (width, height) in [(643, 421), (17, 9), (100, 65), (1, 1)] {
        let dimensions = Dimensions::new(width, height);
        for quality in [85, 30] {
            for sampling in [None, Sub2x1, Sub2x2, Sub1x2, Sub4x1] {
                for colours in [Colorspace::YCbCr, Colorspace::YCCK] {
                    let what = format!("{dimensions} {colours:?} {sampling:?} of quality {quality}");
                    check(&jpeg(dimensions, colours, sampling, quality), &what);
                }
            }
            for (colours, sampling) in
                [(Colorspace::Gray, Subsamp::Gray), (Colorspace::RGB, None), (Colorspace::CMYK, None)]
            {
                let what = format!("{dimensions} {colours:?} of quality {quality}");
                check(&jpeg(dimensions, colours, sampling, quality), &what);
            }
        }
    }
}

/// The six blocks of an MCU may also be four across, or four down, and one of each other component.
#[test]
fn sampling_factors_of_any_kind() {
    let bytes = jpeg(Dimensions::new(640, 416), Colorspace::YCbCr, Subsamp::Sub2x2, 85);
    let frame = bytes.windows(2).position(|marker| marker == [0xff, 0xc0]).expect("a frame");
    for (factors, width, height) in [(0x41, 1280u16, 208u16), (0x14, 320, 832), (0x22, 633, 401)] {
        let mut other = bytes.clone();
        other[frame + 5..frame + 7].copy_from_slice(&height.to_be_bytes());
        other[frame + 7..frame + 9].copy_from_slice(&width.to_be_bytes());
        other[frame + 11] = factors;
        check(&other, &format!("{factors:x}"));
    }
}

/// Blocks of five times the bytes that are looked at first.
#[test]
fn blocks_of_noise_at_the_best_quality() {
    let noise = |n: u32| n.wrapping_mul(2_654_435_761) as f32;
    let pixels: Vec<u8> = (0..72 * 40).map(|n| (noise(n) / 4e9 * 255.0) as u8).collect();
    let image = Image { pixels: &pixels[..], width: 72, pitch: 72, height: 40, format: PixelFormat::GRAY };
    let bytes = turbojpeg::compress(image, 100, Subsamp::Gray).expect("compressed");
    assert!(bytes.len() > 72 * 40, "{} bytes", bytes.len());
    check(&bytes, "noise");
}

#[test]
fn what_is_out_of_the_ordinary_has_no_index() {
    let dimensions = Dimensions::new(100, 65);
    let whole = jpeg(dimensions, Colorspace::YCbCr, Subsamp::Sub2x2, 85);
    assert!(Index::build(&whole, &Watch::unlimited()).is_some());
    for length in (0..whole.len() - 8).step_by(7) {
        assert!(Index::build(&whole[..length], &Watch::unlimited()).is_none(), "{length} bytes");
        let cut = [&whole[..length], &[0xff, 0xd9]].concat();
        assert!(Index::build(&cut, &Watch::unlimited()).is_none(), "{length} bytes and EOI");
    }
    let end = whole.len() - 2;
    for more in [&[][..], &[0; 50], &[9, 9, 0xff, 0xd9], &[0, 0xff, 0xd9, 7], &[0xff, 0xff, 0xd9]] {
        check(&[&whole[..end], more].concat(), "an end that is out of the ordinary");
    }
    let next = [&whole[..end], &[0xff, 0xda, 0, 2]].concat();
    assert!(Index::build(&next, &Watch::unlimited()).is_none(), "another scan");
    let mut compressor = Compressor::new().expect("a compressor");
    compressor.set_progressive(true).expect("set");
    compressor.set_subsamp(Subsamp::None).expect("set");
    let pixels = picture(dimensions, 3);
    let image = Image { pixels: &pixels[..], width: 100, pitch: 300, height: 65, format: PixelFormat::RGB };
    let progressive = compressor.compress_to_vec(image).expect("compressed");
    assert!(Index::build(&progressive, &Watch::unlimited()).is_none());
    assert!(!has_windows(&Header::read(&progressive).expect("a header"), 0));
}

/// Whatever a bit is turned to, or is put in or left out: all sizes are decoded or none is; and if the file has an index
/// still, its windows show what the whole does.
#[test]
fn damage_shows_in_windows_as_in_the_whole() {
    let whole = jpeg(Dimensions::new(100, 65), Colorspace::YCbCr, Subsamp::Sub2x1, 30);
    let mut indexed = 0;
    for at in 2..whole.len() {
        let mut turned = whole.clone();
        turned[at] ^= 1 << (at % 8);
        let more = [&whole[..at], &[at as u8], &whole[at..]].concat();
        let less = [&whole[..at], &whole[at + 1..]].concat();
        for damaged in [turned, more, less] {
            let Ok(header) = Header::read(&damaged) else {
                assert!(Index::build(&damaged, &Watch::unlimited()).is_none(), "byte {at}");
                continue;
            };
            let Ok(picture) = decode(&damaged, &header, 0, &Watch::unlimited()) else {
                assert!(decode(&damaged, &header, 2, &Watch::unlimited()).is_err(), "byte {at}");
                assert!(Index::build(&damaged, &Watch::unlimited()).is_none(), "byte {at}");
                continue;
            };
            assert!(decode(&damaged, &header, 2, &Watch::unlimited()).is_ok(), "byte {at}");
            let window = Rect::new(30, 20, 50, 30).intersection(Rect::whole(picture.dimensions));
            let (Some(index), Some(window)) = (Index::build(&damaged, &Watch::unlimited()), window) else {
                continue;
            };
            let part =
                decode_window(&damaged, &header, &index, 0, window, &Watch::unlimited()).expect("decoded");
            assert!(part == picture.part(window), "byte {at}");
            indexed += 1;
        }
    }
    assert!(indexed > 100, "the test is blind: {indexed}");
}

#[test]
fn a_state_spares_reading_the_data() {
    let bytes = jpeg(Dimensions::new(643, 421), Colorspace::YCbCr, Subsamp::Sub2x2, 85);
    let index = Index::build(&bytes, &Watch::unlimited()).expect("an index");
    let state = index.to_bytes();
    let again = Index::from_bytes(&bytes, &state).expect("an index");
    assert!(again.to_bytes() == state);
    let other = jpeg(Dimensions::new(643, 500), Colorspace::YCbCr, Subsamp::Sub2x2, 85);
    assert!(Index::from_bytes(&other, &state).is_none(), "not as many rows");
    let header = Header::read(&bytes).expect("a header");
    for at in 0..state.len() {
        let mut damaged = state.clone();
        damaged[at] ^= 0x11;
        for wrong in [&damaged[..], &state[..at]] {
            if let Some(index) = Index::from_bytes(&bytes, wrong) {
                let _ = decode_window(
                    &bytes,
                    &header,
                    &index,
                    0,
                    Rect::new(270, 60, 60, 200),
                    &Watch::unlimited(),
                );
            }
        }
    }
}

fn header(width: u32, height: u32, many_scans: bool) -> Header {
    let dimensions = Dimensions::new(width, height);
    let samples = dimensions.area() * 3;
    let orientation = Orientation::UPRIGHT;
    let (process, meaning) = (Process::Sequential, Meaning::default());
    Header { dimensions, components: 3, bits: 8, samples, many_scans, process, meaning, orientation }
}

fn sizes(width: u32, height: u32) -> Vec<(u32, u32)> {
    let description = describe(&header(width, height, false), 1 << 24).expect("described");
    description.levels.iter().map(|level| (level.dimensions.width, level.dimensions.height)).collect()
}

#[test]
fn levels_are_rounded_up() {
    assert_eq!(sizes(1001, 667), [(1001, 667), (501, 334), (251, 167), (126, 84)]);
    assert_eq!(sizes(40, 3), [(40, 3), (20, 2)]);
    assert_eq!(sizes(1, 1), [(1, 1)]);
}

#[test]
fn budgets_are_asked_before_memory() {
    let length = 1 << 30;
    assert!(describe(&header(65_500, 65_500, false), length).is_ok(), "an eighth of it can be shown");
    assert!(decode(&[], &header(65_500, 65_500, false), 0, &Watch::unlimited()).is_err());
    let error = describe(&header(20_000, 20_000, true), length).expect_err("too many coefficients");
    assert!(matches!(error, MasterError::TooLarge(_)), "{error}");
    let error = describe(&header(65_500, 65_500, false), 1000).expect_err("too short");
    assert!(matches!(error, MasterError::Damaged(_)), "{error}");
}
