//! The pyramid writer judged by others: libvips must read every level, libtiff find nothing to complain of, exiftool find
//! every word, and our own reader give the pixels of plain twins.

#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // made-up pixels, all in range

mod kinds;
mod layout;
mod said;
mod stored;

use std::fs;
use std::path::Path;
use std::process::Command;

use recto::master::{Decoder, Master};
use recto::picture::{Channels, Depth, Dimensions, Rect};
use recto::pyramid::{Compression, Pixels, Settings, Writer};
use recto::raster::{AnyRaster, Raster, Sample};

use crate::judge::{quantised, samples, smooth};

const SIZE: Dimensions = Dimensions::new(203, 117);
const SIDE: u32 = 64;

/// Smooth waves, with alpha that is opaque, half and nothing in turn.
fn picture<S: Sample>(channels: Channels) -> Raster<S> {
    let count = channels.count() as u32;
    let value = |(x, y, channel): (u32, u32, u32)| match channels.has_alpha() && channel == count - 1 {
        true => [S::MAX, S::MAX / 2, 0][(x / 40) as usize % 3],
        false => quantised(smooth(x, y, channel), S::MAX + 1),
    };
    let pixels = samples(SIZE, count).map(|sample| S::of(value(sample))).collect();
    Raster { dimensions: SIZE, channels, pixels }
}

/// The next level by its definition.
fn half<S: Sample>(from: &Raster<S>) -> Raster<S> {
    let Dimensions { width, height } = from.dimensions;
    let count = from.channels.count();
    let at = |x: u32, y: u32, n: usize| {
        let place = y.min(height - 1) as usize * width as usize + x.min(width - 1) as usize;
        u64::from(from.pixels[place * count + n].number())
    };
    let size = Dimensions::new(width.div_ceil(2), height.div_ceil(2));
    let pixels = samples(size, count as u32).map(|(x, y, n)| {
        let four = [(0, 0), (1, 0), (0, 1), (1, 1)].map(|(right, down)| (2 * x + right, 2 * y + down));
        let weights = four.map(|(x, y)| match from.channels.has_alpha() && n as usize != count - 1 {
            true => at(x, y, count - 1),
            false => 1,
        });
        let weights = if weights == [0; 4] { [1; 4] } else { weights };
        let whole: u64 = weights.iter().sum();
        let sum: u64 = four.iter().zip(weights).map(|((x, y), weight)| at(*x, *y, n as usize) * weight).sum();
        S::of(((sum + whole / 2) / whole) as u32)
    });
    Raster { dimensions: size, channels: from.channels, pixels: pixels.collect() }
}

fn settings(channels: Channels, depth: Depth, compression: Compression) -> Settings {
    let pixels = Pixels { size: SIZE, channels, depth };
    Settings { tile_side: SIDE, hands: 2, ..Settings::new(pixels, compression) }
}

/// Writes a picture in pieces that are no rows of tiles; it.
fn write(target: &Path, settings: Settings) {
    let depth = settings.pixels.depth;
    let channels = settings.pixels.channels;
    let mut writer = Writer::create(target, settings).expect("settings that can be written");
    for (first, rows) in [(0, 50), (50, 14), (64, 3), (67, 50)] {
        let window = Rect { x: 0, y: first, width: SIZE.width, height: rows };
        let rows = match depth {
            Depth::Eight => AnyRaster::Eight(picture::<u8>(channels).part(window)),
            Depth::Sixteen => AnyRaster::Sixteen(picture::<u16>(channels).part(window)),
        };
        writer.rows(0, rows).expect("written");
    }
    let written = writer.finish().expect("finished");
    assert_eq!(written.bytes, fs::metadata(target).expect("there").len());
    assert_eq!(written.levels[..2], [SIZE, Dimensions::new(102, 59)]);
}

/// A level as Recto reads it.
fn level<S: Sample>(file: &Path, level: usize) -> Raster<S> {
    let master = Master::open(file).expect("a master");
    let whole = Rect::whole(master.description.levels[level].dimensions);
    master.decode(&mut Decoder::default(), level, whole).expect("its pixels")
}

/// A level as libvips reads it, which is named as libvips does: `page=1`, `subifd=0`.
fn by_libvips<S: Sample>(file: &Path, level: &str) -> Vec<S> {
    let raw = file.with_extension("raw");
    run("vips", &["rawsave", &format!("{}[{level}]", file.display()), &raw.display().to_string()]);
    S::from_little_endian(fs::read(raw).expect("raw samples"))
}

/// The mean difference of samples.
fn difference<S: Sample>(found: &[S], expected: &[S]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let pairs = found.iter().zip(expected);
    let sum: f64 = pairs.map(|(a, b)| f64::from(a.number().abs_diff(b.number()))).sum();
    sum / expected.len() as f64
}

/// Runs a tool that must be there, must succeed, and must not warn.
fn run(tool: &str, arguments: &[&str]) -> String {
    let output = Command::new(tool).args(arguments).output();
    let output = output.unwrap_or_else(|error| panic!("{tool} cannot be run: {error}"));
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && complaints.is_empty(), "{tool} {arguments:?}: {complaints}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// What tiffinfo says of a file, which it must find nothing wrong with.
fn tiffinfo(file: &Path) -> String {
    run("tiffinfo", &[&file.display().to_string()])
}
