//! Flat masters judged by libvips, which reads the same files.

#![allow(clippy::cast_possible_truncation)] // made-up pixels, all in range

mod damage;
mod windows;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::rc::Rc;

use png::{BitDepth, ColorType};
use recto::config::Config;
use recto::derive::Derivation;
use recto::derive::pipeline::Pipeline;
use recto::error::Error;
use recto::master::{Decoder, Master};
use recto::picture::{Channels, Dimensions, Rect};
use recto::raster::Raster;
use recto_iiif::Target;

/// No side is a multiple of 8.
const SIZE: Dimensions = Dimensions::new(643, 421);

/// Smooth, so that a shift of half a pixel shows and JPEG does not; different everywhere.
fn picture(channels: u32) -> Vec<u8> {
    let wave = |n: u32, length: f32| (n as f32 / length).sin();
    let sample = |x, y, c| {
        128.0 + 60.0 * wave(x + 50 * c, 37.0) * wave(y, 61.0 - 9.0 * c as f32) + 40.0 * wave(y, 23.0)
    };
    let pixels = (0..SIZE.height).flat_map(|y| (0..SIZE.width).map(move |x| (x, y)));
    pixels.flat_map(|(x, y)| (0..channels).map(move |c| sample(x, y, c) as u8)).collect()
}

/// A directory of its own with the picture in it, for libvips to convert.
struct Place {
    directory: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let place = Self { directory: tempfile::tempdir().unwrap() };
        for (name, kind, channels) in [("rgb.ppm", 6, 3), ("gray.pgm", 5, 1)] {
            let header = format!("P{kind}\n{} {}\n255\n", SIZE.width, SIZE.height);
            place.write(name, &[header.as_bytes(), &picture(channels)].concat());
        }
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        fs::write(self.path(name), bytes).unwrap();
        self.path(name)
    }

    /// Runs one operation of libvips from a file here to another, whose path it returns.
    fn vips(&self, operation: &str, from: &str, to: &str, options: &[&str]) -> PathBuf {
        let mut command = Command::new("vips");
        command.args([
            operation,
            &self.path(from).display().to_string(),
            &self.path(to).display().to_string(),
        ]);
        let output = command.args(options).output().expect("vips can be run");
        assert!(output.status.success(), "{operation} {from}: {}", String::from_utf8_lossy(&output.stderr));
        self.path(to)
    }

    /// The samples of a file as libvips reads them, made 8 bits, and the number of bands.
    fn judged(&self, name: &str, size: Dimensions) -> (Vec<u8>, usize) {
        let raw = fs::read(self.vips("rawsave", name, "judged.raw", &[])).unwrap();
        let format = Command::new("vipsheader").args(["-f", "format"]).arg(self.path(name)).output().unwrap();
        let samples = match String::from_utf8_lossy(&format.stdout).contains("USHORT") {
            true => raw
                .as_chunks()
                .0
                .iter()
                .map(|s| ((u32::from(u16::from_ne_bytes(*s)) + 128) / 257) as u8)
                .collect(),
            false => raw,
        };
        let bands = samples.len() / size.area() as usize;
        (samples, bands)
    }
}

fn decode(path: &Path, level: usize) -> Result<Raster, Error> {
    let master = Master::open(path)?;
    let whole = Rect::whole(master.description.levels[level].dimensions);
    Ok(master.decode(&mut Decoder::default(), level, whole)?)
}

/// The PNG that the path of a request makes of a file.
fn render(path: &Path, request: &str) -> Vec<u8> {
    let config = Config::parse("[masters]\nroot = \"/\"").unwrap();
    let Target::Image { version, request, .. } =
        recto_iiif::parse(format!("/iiif/3/x/{request}").as_bytes()).unwrap()
    else {
        panic!("{request} is no image request")
    };
    let master = Rc::new(Master::open(path).unwrap());
    let derivation =
        Derivation::new(&master, (version, &request), &config.rendering.limits, &config.rendering).unwrap();
    let mut pipeline = Pipeline::default();
    let chunks = pipeline
        .derive(&master, &derivation.plan(), &recto::watch::Watch::unlimited())
        .unwrap()
        .into_chunks();
    chunks.collect::<Result<Vec<_>, _>>().unwrap().concat()
}

/// Mean and greatest difference.
fn difference(a: &[u8], b: &[u8]) -> (f64, u8) {
    assert_eq!(a.len(), b.len());
    let each = || a.iter().zip(b).map(|(a, b)| a.abs_diff(*b));
    (each().map(f64::from).sum::<f64>() / a.len() as f64, each().max().unwrap_or(0))
}

/// Our pixels must be those of libvips, but for a `tolerance` of each sample.
fn check(place: &Place, name: &str, channels: Channels, tolerance: u8) {
    let raster = decode(&place.path(name), 0).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!((raster.dimensions, raster.channels), (SIZE, channels), "{name}");
    let (expected, bands) = place.judged(name, SIZE);
    let (have, count) = (raster.pixels, channels.count());
    // libvips leaves out an alpha that is opaque, and makes gray of a gray palette.
    let same: Vec<u8> = expected
        .chunks_exact(bands)
        .flat_map(|pixel| {
            (0..count).map(move |c| if c == 3 && bands == 3 { 255 } else { pixel[c.min(bands - 1)] })
        })
        .collect();
    let (_, greatest) = difference(&have, &same);
    assert!(greatest <= tolerance, "{name} is off by up to {greatest}");
}

#[test]
fn jpegs_of_every_kind() {
    let place = Place::new();
    for (name, from, channels, options) in [
        ("420.jpg", "rgb.ppm", Channels::Rgb, &["--Q", "80"][..]),
        ("444.jpg", "rgb.ppm", Channels::Rgb, &["--Q", "95"]),
        ("progressive.jpg", "rgb.ppm", Channels::Rgb, &["--interlace"]),
        ("restart.jpg", "rgb.ppm", Channels::Rgb, &["--restart-interval", "3"]),
        ("gray.jpg", "gray.pgm", Channels::Gray, &[]),
    ] {
        place.vips("jpegsave", from, name, options);
        check(&place, name, channels, 2);
    }
    // The same coefficients, said to be RGB.
    let stored = fs::read(place.path("444.jpg")).unwrap();
    let adobe = [0xff, 0xd8, 0xff, 0xee, 0, 14, b'A', b'd', b'o', b'b', b'e', 0, 100, 0, 0, 0, 0, 0];
    let first = usize::from(u16::from_be_bytes([stored[4], stored[5]])) + 4;
    place.write("rgb.jpg", &[&adobe, &stored[first..]].concat());
    check(&place, "rgb.jpg", Channels::Rgb, 2);
}

#[test]
fn inks_are_what_libvips_says_they_are() {
    let place = Place::new();
    place.vips("colourspace", "rgb.ppm", "cmyk.v", &["cmyk"]);
    for mode in ["on", "off"] {
        let path = place.vips("jpegsave", "cmyk.v", "cmyk.jpg", &["--Q", "95", "--subsample-mode", mode]);
        let raster = decode(&path, 0).unwrap();
        let (inks, bands) = place.judged("cmyk.jpg", SIZE);
        assert_eq!((raster.channels, bands), (Channels::Cmyk, 4));
        assert!(difference(&raster.pixels, &inks).1 <= 2, "{mode}");
    }
}

/// The mean of each square of RGB pixels with sides of `factor`.
fn means(full: &[u8], size: Dimensions, factor: usize) -> Vec<u8> {
    let sample = |x: usize, y: usize, c: usize| u32::from(full[(y * SIZE.width as usize + x) * 3 + c]);
    let square = |x: usize, y: usize, c: usize| {
        let inside =
            (0..factor * factor).map(|n| sample(x * factor + n % factor, y * factor + n / factor, c));
        let area = (factor * factor) as u32;
        ((inside.sum::<u32>() + area / 2) / area) as u8
    };
    let (width, height) = (size.width as usize, size.height as usize);
    (0..width * height * 3).map(|n| square(n / 3 % width, n / 3 / width, n % 3)).collect()
}

#[test]
fn levels_of_jpegs_are_not_shifted() {
    let place = Place::new();
    for options in [&["--Q", "95"][..], &["--Q", "85"], &["--Q", "85", "--interlace"]] {
        let path = place.vips("jpegsave", "rgb.ppm", "a.jpg", options);
        for (level, factor) in [(1, 2u32), (2, 4), (3, 8)] {
            let raster = decode(&path, level).unwrap();
            let size = Dimensions::new(SIZE.width.div_ceil(factor), SIZE.height.div_ceil(factor));
            assert_eq!(raster.dimensions, size);
            // Means of whole squares: what is rounded off at the edges is not compared.
            let whole = Dimensions::new(SIZE.width / factor, SIZE.height / factor);
            let expected = means(&place.judged("a.jpg", SIZE).0, whole, factor as usize);
            let (mean, _) = difference(&raster.part(Rect::whole(whole)).pixels, &expected);
            assert!(mean < 0.7, "{options:?} 1/{factor} is off by {mean}");
            let shifted = Rect::new(1, 0, whole.width - 1, whole.height);
            let unshifted = Raster { dimensions: whole, channels: Channels::Rgb, pixels: expected };
            let beside = unshifted.part(Rect::new(0, 0, whole.width - 1, whole.height));
            assert!(
                difference(&raster.part(shifted).pixels, &beside.pixels).0 > 2.0 * mean,
                "the test is blind"
            );
        }
        let thumbnail = render(&path, "full/100,/0/default.png");
        place.write("thumbnail.png", &thumbnail);
        place.vips("thumbnail", "rgb.ppm", "judge.png", &["100", "--size", "down"]);
        let size = Dimensions::new(100, 65);
        let (mean, _) =
            difference(&place.judged("thumbnail.png", size).0, &place.judged("judge.png", size).0);
        assert!(mean < 2.0, "the thumbnail is off by {mean}");
    }
}

#[test]
fn pngs_of_every_depth() {
    let place = Place::new();
    use BitDepth::{Eight, Four, One, Sixteen, Two};
    let palette: Vec<u8> = (0..=255u8).flat_map(|n| [n, 255 - n, n.wrapping_mul(7)]).collect();
    for (colour, depth, samples, trns, channels) in [
        (ColorType::Grayscale, One, 1, None, Channels::Gray),
        (ColorType::Grayscale, Two, 1, None, Channels::Gray),
        (ColorType::Grayscale, Four, 1, None, Channels::Gray),
        (ColorType::Grayscale, Eight, 1, Some(vec![0, 128]), Channels::GrayAlpha),
        (ColorType::Grayscale, Sixteen, 1, None, Channels::Gray),
        (ColorType::GrayscaleAlpha, Eight, 2, None, Channels::GrayAlpha),
        (ColorType::GrayscaleAlpha, Sixteen, 2, None, Channels::GrayAlpha),
        (ColorType::Rgb, Eight, 3, None, Channels::Rgb),
        (ColorType::Rgb, Sixteen, 3, None, Channels::Rgb),
        (ColorType::Rgba, Eight, 4, None, Channels::Rgba),
        (ColorType::Rgba, Sixteen, 4, None, Channels::Rgba),
        (ColorType::Indexed, One, 1, None, Channels::Rgb),
        (ColorType::Indexed, Two, 1, None, Channels::Rgb),
        (ColorType::Indexed, Four, 1, None, Channels::Rgb),
        (ColorType::Indexed, Eight, 1, Some((0..=255).collect()), Channels::Rgba),
    ] {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, SIZE.width, SIZE.height);
        encoder.set_color(colour);
        encoder.set_depth(depth);
        if colour == ColorType::Indexed {
            encoder.set_palette(&palette[..3 << (depth as u8)]);
        }
        if let Some(trns) = trns {
            encoder.set_trns(trns);
        }
        let row = (SIZE.width as usize * samples * depth as usize).div_ceil(8);
        let data: Vec<u8> = picture(4).into_iter().cycle().take(row * SIZE.height as usize).collect();
        encoder.write_header().unwrap().write_image_data(&data).unwrap();
        place.write("depth.png", &bytes);
        check(&place, "depth.png", channels, 0);
    }
}

#[test]
fn other_formats() {
    let place = Place::new();
    place.vips("pngsave", "rgb.ppm", "interlaced.png", &["--interlace"]);
    check(&place, "interlaced.png", Channels::Rgb, 0);
    place.vips("gifsave", "rgb.ppm", "a.gif", &[]);
    check(&place, "a.gif", Channels::Rgba, 0);
    place.vips("webpsave", "rgb.ppm", "lossless.webp", &["--lossless"]);
    check(&place, "lossless.webp", Channels::Rgb, 0);
    place.vips("webpsave", "rgb.ppm", "lossy.webp", &["--Q", "90"]);
    check(&place, "lossy.webp", Channels::Rgb, 4);
    let pixels = picture(3);
    for top_down in [false, true] {
        let raster = decode(&place.write("a.bmp", &bitmap(&pixels, top_down)), 0).unwrap();
        assert!((raster.channels, raster.pixels) == (Channels::Rgb, pixels.clone()), "top down: {top_down}");
    }
}

/// A BMP of 24 bits: rows are padded to 4 bytes, and stand upside down unless the height is negative.
fn bitmap(rgb: &[u8], top_down: bool) -> Vec<u8> {
    let height = if top_down { -(SIZE.height as i32) } else { SIZE.height as i32 };
    let mut rows: Vec<Vec<u8>> = rgb
        .chunks_exact(SIZE.width as usize * 3)
        .map(|row| {
            let pixels = row.chunks_exact(3).flat_map(|rgb| [rgb[2], rgb[1], rgb[0]]);
            pixels.chain(std::iter::repeat_n(0, SIZE.width as usize % 4)).collect()
        })
        .collect();
    if !top_down {
        rows.reverse();
    }
    let mut bytes = b"BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0".to_vec();
    bytes.extend((SIZE.width as i32).to_le_bytes());
    bytes.extend(height.to_le_bytes());
    bytes.extend([1, 0, 24, 0]);
    bytes.extend([0; 24]);
    bytes.extend(rows.concat());
    bytes
}

/// The shortest EXIF with an orientation.
fn exif(tag: u8) -> Vec<u8> {
    [b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0", &[tag][..], &[0; 6]].concat()
}

fn png_chunk(name: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let body = [name, data].concat();
    let mut crc = libdeflater::Crc::new();
    crc.update(&body);
    [&(data.len() as u32).to_be_bytes(), &body[..], &crc.sum().to_be_bytes()].concat()
}

fn riff_chunk(name: &[u8; 4], data: &[u8]) -> Vec<u8> {
    [&name[..], &(data.len() as u32).to_le_bytes(), data, if data.len() % 2 == 1 { &[0][..] } else { &[] }]
        .concat()
}

#[test]
fn orientations_are_followed_once() {
    let place = Place::new();
    let jpeg = fs::read(place.vips("jpegsave", "rgb.ppm", "plain.jpg", &["--Q", "95"])).unwrap();
    let png = fs::read(place.vips("pngsave", "rgb.ppm", "plain.png", &[])).unwrap();
    let webp = fs::read(place.vips("webpsave", "rgb.ppm", "plain.webp", &["--Q", "95"])).unwrap();
    // libvips adds an EXIF of its own: only the pixels are taken.
    let at = webp.windows(4).position(|name| name == b"VP8 ").expect("a lossy picture");
    let length = u32::from_le_bytes([webp[at + 4], webp[at + 5], webp[at + 6], webp[at + 7]]) as usize;
    let pixels = &webp[at..at + 8 + length + length % 2];
    for tag in 1..=8u8 {
        let segment = [b"Exif\0\0", &exif(tag)[..]].concat();
        let length = (segment.len() as u16 + 2).to_be_bytes();
        place.write("a.jpg", &[&jpeg[..2], &[0xff, 0xe1], &length, &segment, &jpeg[2..]].concat());
        place.write("a.png", &[&png[..33], &png_chunk(b"eXIf", &exif(tag)), &png[33..]].concat());
        let side = |side: u32| (side - 1).to_le_bytes()[..3].to_vec();
        let header = [&[8, 0, 0, 0][..], &side(SIZE.width), &side(SIZE.height)].concat();
        let body =
            [&b"WEBP"[..], &riff_chunk(b"VP8X", &header), pixels, &riff_chunk(b"EXIF", &exif(tag))].concat();
        place.write("a.webp", &riff_chunk(b"RIFF", &body));
        place.vips("autorot", "a.jpg", "upright.v", &[]);
        let size = if tag > 4 { SIZE.transposed() } else { SIZE };
        let (expected, _) = place.judged("upright.v", size);
        for (name, tolerance) in [("a.jpg", 0.1), ("a.png", 2.0), ("a.webp", 3.0)] {
            place.write("shown.png", &render(&place.path(name), "full/max/0/default.png"));
            let (mean, _) = difference(&place.judged("shown.png", size).0, &expected);
            assert!(mean <= tolerance, "{name} with orientation {tag} is off by {mean}");
        }
    }
}
