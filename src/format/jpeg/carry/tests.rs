//! Tiles and bands judged by the whole picture, which libjpeg-turbo decodes.

#![allow(clippy::cast_possible_truncation)] // made-up pixels

use proptest::prelude::*;
use turbojpeg::{Colorspace, Compressor, Decompressor, Image, PixelFormat, Subsamp};

use super::*;
use crate::format::jpeg::app::Meaning;
use crate::format::jpeg::assemble;
use crate::format::jpeg::join::Joiner;
use crate::format::jpeg::marker;
use crate::format::jpeg::picture::tests::jpeg;
use crate::format::jpeg::picture::{decode, describe};
use crate::picture::Rect;
use crate::raster::Raster;
use crate::watch::Watch;

/// The pixels of a stream. Chroma is repeated, so that none depends on another block of its component.
fn pixels(stream: &[u8], format: PixelFormat) -> Image<Vec<u8>> {
    let mut decompressor = Decompressor::new().expect("a decompressor");
    let header = decompressor.read_header(stream).expect("a header");
    decompressor.set_fast_upsample(true).expect("set");
    let (width, height) = (header.width, header.height);
    let pitch = width * format.size();
    let mut image = Image { pixels: vec![0; pitch * height], width, pitch, height, format };
    decompressor.decompress(stream, image.as_deref_mut()).expect("pixels");
    image
}

/// A file of a tile.
fn file(source: &Source, tile: &[u8]) -> Vec<u8> {
    let mut stream = START.to_vec();
    let is_rgb = source.colours() == Colours::Rgb;
    let meaning = Meaning { jfif: !is_rgb, adobe: is_rgb.then_some(0) };
    meaning.push(source.colours().channels().count(), &mut stream);
    assemble::append(&source.tables(), &mut stream).expect("tables");
    assemble::append(tile, &mut stream).expect("a tile");
    stream
}

/// The picture that the tiles of a source are put together to.
fn joined(source: &Source, side: u32, format: PixelFormat) -> Vec<u8> {
    let (size, count) = (source.size(), format.size());
    let mut picture = vec![0; size.area() as usize * count];
    for (row, tiles) in source.rows(side, None).expect("a grid").enumerate() {
        for (column, tile) in tiles.expect("sound").tiles.iter().enumerate() {
            let tile = pixels(&file(source, tile), format);
            assert_eq!((tile.width as u32, tile.height as u32), (side, side));
            let (x, y) = (column * side as usize, row * side as usize);
            let width = tile.width.min(size.width as usize - x) * count;
            for (line, stored) in tile.pixels.chunks_exact(tile.pitch).enumerate() {
                let at = ((y + line) * size.width as usize + x) * count;
                picture
                    .get_mut(at..at + width)
                    .into_iter()
                    .for_each(|out| out.copy_from_slice(&stored[..width]));
            }
        }
    }
    picture
}

fn format(colours: Colours) -> PixelFormat {
    match colours {
        Colours::Gray => PixelFormat::GRAY,
        Colours::YCbCr { .. } | Colours::Rgb => PixelFormat::RGB,
        Colours::Cmyk => PixelFormat::CMYK,
    }
}

/// The tiles of a file have its pixels, and its bands those that decoding it gives, at both sizes.
fn check(bytes: &[u8], side: u32, what: &str) {
    check_by(bytes, bytes, side, what);
}

/// The same, judged by another file with the same coefficients.
fn check_by(judge: &[u8], bytes: &[u8], side: u32, what: &str) {
    let source = Source::read(bytes).unwrap_or_else(|why| panic!("{what}: {why}"));
    let format = format(source.colours());
    assert!(joined(&source, side, format) == pixels(judge, format).pixels, "{what}: tiles of {side}");
    let header = Header::read(judge).expect("a header");
    for (scale, level) in [(Scale::Full, 0), (Scale::Half, 1)] {
        if describe(&header, judge.len()).expect("described").levels.len() > level {
            let whole = decode(judge, &header, level, &Watch::unlimited()).expect("decoded");
            assert!(banded(&source, side, scale) == whole.pixels, "{what}: {scale:?} in bands of {side}");
        }
    }
}

fn banded(source: &Source, side: u32, scale: Scale) -> Vec<u8> {
    let rows = source.rows(side, Some(scale)).expect("a grid").map(|row| row.expect("sound"));
    let bands = rows.filter_map(|row| row.band).map(|band| (band.size(), band.decode().expect("pixels")));
    bands
        .flat_map(|(size, raster): (_, Raster)| {
            assert_eq!((raster.dimensions, raster.channels), (size, source.colours().channels()));
            raster.pixels
        })
        .collect()
}

/// A file without Adobe's marker.
fn without_adobe(bytes: &[u8]) -> Vec<u8> {
    let at = bytes.windows(2).position(|two| two == [0xff, marker::APP14]).expect("there");
    [&bytes[..at], &bytes[at + 16..]].concat()
}

#[test]
fn tiles_and_bands_are_the_picture() {
    use Subsamp::{None, Sub1x2, Sub2x1, Sub2x2, Sub4x1};
    for (width, height, side) in [(203, 141, 64), (64, 32, 32), (97, 150, 96), (17, 9, 32), (1, 1, 32)] {
        let size = Dimensions::new(width, height);
        for quality in [85, 30] {
            for sampling in [None, Sub2x1, Sub2x2, Sub1x2, Sub4x1] {
                let what = format!("{size} {sampling:?} of quality {quality}");
                check(&jpeg(size, Colorspace::YCbCr, sampling, quality), side, &what);
            }
            check(&jpeg(size, Colorspace::Gray, Subsamp::Gray, quality), side, &format!("{size} gray"));
            check(&jpeg(size, Colorspace::RGB, None, quality), side, &format!("{size} RGB"));
            let inks = without_adobe(&jpeg(size, Colorspace::CMYK, None, quality));
            check(&inks, side, &format!("{size} inks"));
        }
    }
}

/// Each row of MCUs, and each MCU, in an interval of its own.
#[test]
fn restart_intervals_go() {
    for (width, sampling) in [(180, Subsamp::Sub2x2), (8, Subsamp::None)] {
        let size = Dimensions::new(width, 80);
        let mut joiner = Joiner::new(size);
        let mut bytes = Vec::new();
        for band in 0..5 {
            let quality = 85;
            let part = jpeg(Dimensions::new(width, 16), Colorspace::YCbCr, sampling, quality);
            joiner.join(&part, &mut bytes).unwrap_or_else(|| panic!("band {band}"));
        }
        joiner.finish(&mut bytes);
        check(&bytes, 32, &format!("{size} {sampling:?}"));
    }
}

/// Tables of a picture that is nearly flat: they have codes for what is in it alone.
#[test]
fn tables_get_the_codes_that_they_lack() {
    let (width, height) = (100, 70);
    let sample = |n: usize| (n % width / 8 * 8 + n / width / 8 * 11) as u8;
    let pixels: Vec<u8> = (0..width * height).map(sample).collect();
    let image = Image { pixels: &pixels[..], width, pitch: width, height, format: PixelFormat::GRAY };
    let mut compressor = Compressor::new().expect("a compressor");
    compressor.set_subsamp(Subsamp::Gray).expect("set");
    compressor.set_optimize(true).expect("set");
    let bytes = compressor.compress_to_vec(image).expect("compressed");
    let source = Source::read(&bytes).expect("a source");
    let codes = |table: &Option<Definition>| table.as_ref().map_or(0, |table| table.codes().count());
    assert!(codes(&source.head.dc[0]) < 5 && codes(&source.head.extended_dc[0]) == 12);
    check(&bytes, 32, "flat");
}

#[test]
fn what_cannot_be_carried_says_why() {
    let size = Dimensions::new(64, 48);
    let why = |bytes: &[u8]| Source::read(bytes).err().map(|why| why.to_string()).unwrap_or_default();
    let plain = jpeg(size, Colorspace::YCbCr, Subsamp::Sub2x2, 85);
    assert!(why(&plain).is_empty());
    assert!(why(&jpeg(size, Colorspace::CMYK, Subsamp::None, 85)).contains("stored as what they leave"));
    assert!(why(&jpeg(size, Colorspace::YCCK, Subsamp::None, 85)).contains("YCCK"));
    let frame = plain.windows(2).position(|marker| marker == [0xff, 0xc0]).expect("a frame");
    for (at, value, words) in [(1, 0xc2, "in one baseline scan"), (1, 0xc3, "lossless"), (4, 12, "12 bits")] {
        let mut other = plain.clone();
        other[frame + at] = value;
        assert!(why(&other).contains(words), "{words}: {}", why(&other));
    }
    let mut other = plain.clone();
    other[frame + 14] = 0x21;
    assert!(why(&other).contains("sampled"), "{}", why(&other));
    assert!(why(&plain[..frame]).contains("header"));
    let source = Source::read(&plain).expect("a source");
    for side in [0, 8, 24, 65_536] {
        let why = source.rows(side, None).err();
        assert_eq!(why, Some(Hindrance::Grid { side, unit: Dimensions::new(16, 16) }));
    }
}

#[test]
fn other_processes_become_baseline_with_the_same_pixels() {
    for (progressive, arithmetic, format) in
        [(true, false, PixelFormat::RGB), (false, true, PixelFormat::RGB), (true, true, PixelFormat::GRAY)]
    {
        let pixels: Vec<u8> = (0..90 * 50 * format.size()).map(|n| (n * n / 97) as u8).collect();
        let (width, height, pitch) = (90, 50, 90 * format.size());
        let image = Image { pixels: &pixels[..], width, pitch, height, format };
        let mut compressor = Compressor::new().expect("a compressor");
        compressor.set_progressive(progressive).expect("set");
        compressor.set_arithmetic(arithmetic).expect("set");
        let sampling = if format == PixelFormat::GRAY { Subsamp::Gray } else { Subsamp::Sub2x1 };
        compressor.set_subsamp(sampling).expect("set");
        let bytes = compressor.compress_to_vec(image).expect("compressed");
        let Some(Hindrance::Process { memory }) = Source::read(&bytes).err() else { panic!("carried") };
        assert!((9000..200_000).contains(&memory), "{memory}");
        let plain = baseline(&bytes, &Watch::unlimited()).expect("transcoded");
        assert!(self::pixels(&plain, format).pixels == self::pixels(&bytes, format).pixels);
        check(&plain, 32, "transcoded");
        assert!(baseline(&bytes[..bytes.len() / 2], &Watch::unlimited()).is_err());
    }
}

#[test]
fn damage_is_told_with_its_place_and_ends_the_rows() {
    let bytes = jpeg(Dimensions::new(300, 200), Colorspace::YCbCr, Subsamp::Sub2x2, 85);
    let cut = &bytes[..bytes.len() * 2 / 3];
    let source = Source::read(cut).expect("a source");
    let mut rows = source.rows(64, Some(Scale::Half)).expect("a grid");
    let sound = rows.by_ref().take_while(Result::is_ok).count();
    assert!((1..3).contains(&sound), "{sound}");
    assert!(rows.next().is_none());
    let error = source.rows(64, None).expect("a grid").find_map(Result::err).expect("damage").to_string();
    assert!(error.contains("at pixel") && error.contains("from byte"), "{error}");
    assert!(mended(cut, &Watch::unlimited()).is_none());
}

#[test]
fn what_lacks_nothing_but_order_is_mended() {
    let bytes = jpeg(Dimensions::new(90, 70), Colorspace::YCbCr, Subsamp::Sub2x2, 85);
    let end = bytes.len() - 2;
    for tail in [&[][..], &[0, 0, 0xff, 0xd9], &[0xff, 0xff, 0xd9, 7, 7]] {
        let other = [&bytes[..end], tail].concat();
        let mended = mended(&other, &Watch::unlimited()).expect("nothing is missing");
        check(&mended, 32, "mended");
        assert!(pixels(&mended, PixelFormat::RGB).pixels == pixels(&bytes, PixelFormat::RGB).pixels);
    }
}

/// How far apart two pictures are, in decibels.
fn psnr(one: &[u8], other: &[u8]) -> f64 {
    let squares = one.iter().zip(other).map(|(a, b)| f64::from(a.abs_diff(*b)).powi(2));
    10.0 * (255.0f64.powi(2) * one.len() as f64 / squares.sum::<f64>()).log10()
}

/// The mean of each four pixels, those moved by so many.
fn means(whole: &Raster, moved: usize) -> Vec<u8> {
    let (width, count) = (whole.dimensions.width as usize, whole.channels.count());
    let sample =
        |x: usize, y: usize, c: usize| u32::from(whole.pixels[((y + moved) * width + x + moved) * count + c]);
    let places = (0..whole.dimensions.height as usize / 2 - 1)
        .flat_map(|y| (0..width / 2 - 1).map(move |x| (2 * x, 2 * y)));
    let mean = |(x, y): (usize, usize)| {
        (0..count).map(move |c| {
            let sum = sample(x, y, c) + sample(x + 1, y, c) + sample(x, y + 1, c) + sample(x + 1, y + 1, c);
            ((sum + 2) / 4) as u8
        })
    };
    places.flat_map(mean).collect()
}

/// A picture as photographs are: light with detail, colours that change slowly.
fn photograph(size: Dimensions) -> Vec<u8> {
    let light = |x: u32, y: u32| {
        let noise = (x * 7919 + y * 104_729).wrapping_mul(2_654_435_761) >> 28;
        120.0 + 50.0 * (x as f32 / 7.0).sin() * (y as f32 / 5.0).cos() + noise as f32
    };
    let tint = |x: u32, y: u32, c: u32| 40.0 * ((x + 2 * y + 70 * c) as f32 / 60.0).sin();
    let places = (0..size.height).flat_map(|y| (0..size.width).map(move |x| (x, y)));
    places.flat_map(|(x, y)| (0..3).map(move |c| (light(x, y) + tint(x, y, c)) as u8)).collect()
}

#[test]
fn half_of_the_size_is_the_mean_of_neighbours() {
    let (width, height) = (256, 192);
    let size = Dimensions::new(width, height);
    let pixels = photograph(size);
    let (width, pitch, height) = (width as usize, 3 * width as usize, height as usize);
    for sampling in [Subsamp::None, Subsamp::Sub2x1, Subsamp::Sub2x2] {
        let image = Image { pixels: &pixels[..], width, pitch, height, format: PixelFormat::RGB };
        let bytes = turbojpeg::compress(image, 90, sampling).expect("compressed");
        let header = Header::read(&bytes).expect("a header");
        let level = |level| decode(&bytes, &header, level, &Watch::unlimited()).expect("decoded");
        let inner = Rect::new(0, 0, size.width / 2 - 1, size.height / 2 - 1);
        let (half, whole) = (level(1).part(inner).pixels, level(0));
        let (right, moved) = (psnr(&half, &means(&whole, 0)), psnr(&half, &means(&whole, 1)));
        assert!(right > 48.0 && moved < 35.0, "{sampling:?}: {right:.1} dB, {moved:.1} dB a pixel further");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn damage_is_no_more_than_an_error(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..5),
    ) {
        thread_local! {
            static FILE: Vec<u8> = jpeg(Dimensions::new(130, 90), Colorspace::YCbCr, Subsamp::Sub2x2, 30);
        }
        let mut bytes = FILE.with(Clone::clone);
        let start = bytes.windows(2).position(|marker| marker == [0xff, marker::SOS]).expect("a scan") + 14;
        let length = bytes.len() - start;
        for (place, value) in changes {
            bytes[start + place.index(length)] = value;
        }
        let Ok(source) = Source::read(&bytes) else { return Ok(()) };
        let rows: Result<Vec<Row>, _> = source.rows(64, Some(Scale::Half)).expect("a grid").collect();
        // What is taken as sound is what a decoder sees too.
        if rows.is_ok() {
            let judge = mended(&bytes, &Watch::unlimited()).expect("nothing is missing");
            check_by(&judge, &bytes, 64, "changed");
        }
    }
}
