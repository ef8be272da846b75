//! The writer of JPEG 2000: what it is given is what others read, whatever the picture and the settings are.

#![allow(clippy::cast_possible_truncation)] // made-up pixels, all in range

mod judges;
mod random;

use std::fs;
use std::path::Path;

use recto::convert::jp2::{Settings, Writer};
use recto::format::jp2::{Image, WindowDecoder};
use recto::picture::{Channels, Depth, Dimensions, Rect};
use recto::pyramid::{Error, Pixels};
use recto::raster::{AnyRaster, Raster, Sample};

use crate::judge::{Bench, quantised, run, samples, smooth, text, tone};

/// A picture of this kind, the same each time.
pub fn picture(pixels: Pixels, at: impl Fn(u32, u32, u32) -> f64) -> AnyRaster {
    let Pixels { size, channels, depth } = pixels;
    let places = samples(size, channels.count() as u32);
    let code = |(x, y, channel)| quantised(at(x, y, channel), 1 << depth.bits());
    match depth {
        Depth::Eight => {
            let pixels = places.map(|place| code(place) as u8).collect();
            AnyRaster::Eight(Raster { dimensions: size, channels, pixels })
        }
        Depth::Sixteen => {
            let pixels = places.map(|place| code(place) as u16).collect();
            AnyRaster::Sixteen(Raster { dimensions: size, channels, pixels })
        }
    }
}

pub fn pixels(width: u32, height: u32, channels: Channels, depth: Depth) -> Pixels {
    Pixels { size: Dimensions::new(width, height), channels, depth }
}

/// A part of a raster in its own depth.
pub fn part(of: &AnyRaster, window: Rect) -> AnyRaster {
    match of {
        AnyRaster::Eight(raster) => AnyRaster::Eight(raster.part(window)),
        AnyRaster::Sixteen(raster) => AnyRaster::Sixteen(raster.part(window)),
    }
}

/// Writes a picture, so many rows at a time.
pub fn write(target: &Path, settings: Settings, picture: &AnyRaster, at_once: u32) {
    let mut writer = Writer::create(target, settings).expect("settings that can be");
    let size = picture.dimensions();
    for y in (0..size.height).step_by(at_once as usize) {
        let rows = Rect::new(0, y, size.width, at_once.min(size.height - y));
        writer.rows(part(picture, rows)).expect("rows that are awaited");
    }
    let written = writer.finish().expect("a file");
    assert_eq!(written.bytes, fs::metadata(target).expect("there").len());
    assert_eq!(written.levels[0], size);
}

/// A window as Recto decodes it, and as OpenJPEG does.
pub fn decoded(file: &[u8], depth: Depth, level: usize, window: Rect) -> [AnyRaster; 2] {
    fn both<S: Sample>(file: &[u8], level: usize, window: Rect) -> [Raster<S>; 2] {
        let image = Image::read(file).expect("a file");
        let ours = image.decode(&mut WindowDecoder::default(), file, 1, level, window).expect("pixels");
        [ours, image.decode_by_openjpeg(file, level, window).expect("pixels")]
    }
    match depth {
        Depth::Eight => both(file, level, window).map(AnyRaster::Eight),
        Depth::Sixteen => both(file, level, window).map(AnyRaster::Sixteen),
    }
}

/// Peak signal to noise ratio in decibels.
pub fn psnr(have: &AnyRaster, want: &AnyRaster) -> f64 {
    fn mean<S: Copy + Into<f64>>(have: &[S], want: &[S]) -> f64 {
        let squares = have.iter().zip(want).map(|(have, want)| ((*have).into() - (*want).into()).powi(2));
        squares.sum::<f64>() / have.len() as f64
    }
    let (error, peak) = match (have, want) {
        (AnyRaster::Eight(have), AnyRaster::Eight(want)) => (mean(&have.pixels, &want.pixels), 255.0),
        (AnyRaster::Sixteen(have), AnyRaster::Sixteen(want)) => (mean(&have.pixels, &want.pixels), 65_535.0),
        _ => panic!("two depths"),
    };
    10.0 * (peak * peak / error).log10()
}

#[test]
fn nothing_is_lost_without_a_quality() {
    let bench = Bench::new();
    let file = bench.path("kept.jp2");
    for (width, height, channels) in [
        (150, 97, Channels::Rgb),
        (128, 64, Channels::Gray),
        (1, 130, Channels::GrayAlpha),
        (131, 1, Channels::Rgba),
        (65, 129, Channels::Cmyk),
        (1, 1, Channels::Rgb),
    ] {
        for depth in [Depth::Eight, Depth::Sixteen] {
            let pixels = pixels(width, height, channels, depth);
            let picture = picture(pixels, tone);
            write(&file, Settings { tile_side: 64, ..Settings::new(pixels, None) }, &picture, 50);
            let bytes = fs::read(&file).expect("there");
            for decoded in decoded(&bytes, depth, 0, Rect::whole(pixels.size)) {
                assert!(decoded == picture, "{pixels:?}");
            }
        }
    }
}

/// What JPEG of this quality, with all colours, keeps of a picture of 8 bits, in decibels.
fn kept_by_jpeg(bench: &Bench, picture: &AnyRaster, quality: u8) -> f64 {
    let AnyRaster::Eight(raster) = picture else { panic!("16 bits") };
    let Dimensions { width, height } = raster.dimensions;
    let form = if raster.channels == Channels::Gray { "P5" } else { "P6" };
    let plain = [format!("{form}\n{width} {height}\n255\n").as_bytes(), &raster.pixels].concat();
    let (plain, jpeg) = (bench.file("plain.pnm", &plain), bench.path("plain.jpg"));
    let quality = quality.to_string();
    run("cjpeg", &["-quality", &quality, "-sample", "1x1", "-outfile", text(&jpeg), text(&plain)]);
    run("djpeg", &["-outfile", text(&plain), text(&jpeg)]);
    let left = fs::read(&plain).expect("there");
    let pixels = left[left.len() - raster.pixels.len()..].to_vec();
    psnr(&AnyRaster::Eight(Raster { pixels, ..raster.clone() }), picture)
}

#[test]
fn a_quality_keeps_what_jpeg_keeps_in_fewer_bytes() {
    let bench = Bench::new();
    for channels in [Channels::Gray, Channels::Rgb] {
        for depth in [Depth::Eight, Depth::Sixteen] {
            let at = |x, y, channel| (smooth(x, y, channel) + tone(x, y, channel)) / 2.0;
            let [eight, pixels] = [Depth::Eight, depth].map(|depth| pixels(200, 150, channels, depth));
            let [eight, picture] = [eight, pixels].map(|pixels| picture(pixels, at));
            let mut longest = u64::MAX;
            for quality in [95, 85, 30] {
                let file = bench.path("lossy.jp2");
                let settings = Settings { tile_side: 64, ..Settings::new(pixels, Some(quality)) };
                write(&file, settings, &picture, 64);
                let (bytes, wanted) =
                    (fs::read(&file).expect("there"), kept_by_jpeg(&bench, &eight, quality));
                for decoded in decoded(&bytes, depth, 0, Rect::whole(pixels.size)) {
                    let kept = psnr(&decoded, &picture);
                    // What OpenJPEG reckons with is less true of tiles as small as these.
                    assert!(
                        (kept - wanted).abs() < 2.5,
                        "{kept} dB, {wanted} of quality {quality}: {pixels:?}"
                    );
                }
                assert!((bytes.len() as u64) < longest, "quality {quality}: {pixels:?}");
                longest = bytes.len() as u64;
            }
        }
    }
}

#[test]
fn what_is_not_the_picture_leaves_no_file() {
    let bench = Bench::new();
    let target = bench.path("none.jp2");
    let expected = pixels(40, 30, Channels::Rgb, Depth::Eight);
    let create = || Writer::create(&target, Settings::new(expected, None));
    let good = picture(expected, tone);
    for other in [
        pixels(41, 30, Channels::Rgb, Depth::Eight),
        pixels(40, 31, Channels::Rgb, Depth::Eight),
        pixels(40, 30, Channels::Gray, Depth::Eight),
        pixels(40, 30, Channels::Rgb, Depth::Sixteen),
    ] {
        let error = create().expect("settings").rows(picture(other, tone)).expect_err("other rows");
        assert!(matches!(error, Error::Source(_)), "{error}");
    }
    let mut writer = create().expect("settings");
    writer.rows(part(&good, Rect::new(0, 0, 40, 29))).expect("rows");
    let error = writer.finish().expect_err("a row is missing");
    assert_eq!(error.to_string(), "the picture ends after 29 of 30 rows");
    let settings = Settings { quality: Some(0), ..Settings::new(expected, None) };
    assert!(matches!(Writer::create(&target, settings), Err(Error::Settings(_))));
    assert_eq!(fs::read_dir(bench.path("")).expect("a directory").count(), 0);
}
