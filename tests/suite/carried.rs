//! What goes into tiles without being decoded: coefficients of flat JPEGs, and tiles that are there already. The tools of
//! libjpeg-turbo write, libtiff and libvips read.

use std::path::{Path, PathBuf};
use std::process::Command;

use recto::error::Error;
use recto::format::jpeg::carry::{self, Colours, Hindrance, Source};
use recto::format::tiff;
use recto::ifd::{Field, Layout, tag};
use recto::master::Master;
use recto::picture::Dimensions;
use recto::watch::Watch;

use crate::judge::writer::Tiff;
use crate::judge::{Bench, Picture, Raw, quantised, run, samples, smooth, text, tone};

/// No multiple of an MCU.
const SIZE: Dimensions = Dimensions::new(333, 205);
const SIDE: u32 = 96;

/// A TIFF of one level of these tiles.
fn tiled(size: Dimensions, tile: Dimensions, fields: Vec<Field>, tiles: &[Vec<u8>]) -> Vec<u8> {
    let layout = Layout::Classic;
    let mut bytes = layout.header(0).expect("short");
    let mut offsets = Vec::new();
    for tile in tiles {
        offsets.push(bytes.len() as u64);
        bytes.extend(tile);
        bytes.resize(bytes.len().next_multiple_of(2), 0);
    }
    let counts: Vec<u64> = tiles.iter().map(|tile| tile.len() as u64).collect();
    let mut all = vec![
        Field::long(tag::IMAGE_WIDTH, size.width),
        Field::long(tag::IMAGE_LENGTH, size.height),
        Field::long(tag::TILE_WIDTH, tile.width),
        Field::long(tag::TILE_LENGTH, tile.height),
        Field::offsets(tag::TILE_OFFSETS, layout, &offsets).expect("short"),
        Field::offsets(tag::TILE_BYTE_COUNTS, layout, &counts).expect("short"),
    ];
    all.extend(fields);
    let first = bytes.len() as u64;
    bytes.extend(layout.directory(all, first, true).expect("short"));
    bytes[..8].copy_from_slice(&layout.header(first).expect("short"));
    bytes
}

/// The tiles of a flat JPEG as a TIFF, and what its components mean.
fn of_jpeg(jpeg: &[u8]) -> (Vec<u8>, Colours) {
    let source = Source::read(jpeg).expect("one that can be carried");
    let rows = source.rows(SIDE, None).expect("a grid");
    let tiles: Vec<Vec<u8>> = rows.flat_map(|row| row.expect("sound").tiles).collect();
    let fields = tiff::jpeg_fields(source.colours(), &source.tables());
    (tiled(SIZE, Dimensions::new(SIDE, SIDE), fields, &tiles), source.colours())
}

/// A flat JPEG of colours or gray, made by cjpeg.
fn jpeg(bench: &Bench, arguments: &[&str]) -> PathBuf {
    let colours: Vec<u8> = samples(SIZE, 3).map(|(x, y, c)| quantised(tone(x, y, c), 256) as u8).collect();
    let head = format!("P6 {} {} 255\n", SIZE.width, SIZE.height);
    let source = bench.file("source.ppm", &[head.as_bytes(), &colours].concat());
    let target = bench.path("flat.jpg");
    let files = ["-quality", "88", "-outfile", text(&target), text(&source)];
    run("cjpeg", &[arguments, &files].concat());
    target
}

/// Whether a pixel is beside a seam of tiles, where chroma that is spread ends in one and goes on in the other.
fn is_at_seam(x: u32, y: u32) -> bool {
    let is_near = |place: u32, size: u32| [0, SIDE - 1].contains(&(place % SIDE)) || place + 1 == size;
    is_near(x, SIZE.width) || is_near(y, SIZE.height)
}

/// Seen by libvips, both are the same, but at seams if chroma is spread.
#[track_caller]
fn assert_same(bench: &Bench, tiled: &Path, flat: &Path, is_spread: bool, what: &str) {
    let [tiled, flat] = [tiled, flat].map(|file| {
        let pixels = shown(bench, file);
        Picture { size: SIZE, channels: pixels.len() / SIZE.area() as usize, pixels }
    });
    for (x, y) in (0..SIZE.height).flat_map(|y| (0..SIZE.width).map(move |x| (x, y))) {
        let is_same = tiled.pixel(x, y) == flat.pixel(x, y);
        assert!(is_same || is_spread && is_at_seam(x, y), "{what}: {x},{y}");
    }
    assert!(tiled.mean_difference(&flat) < 1.0, "{what}");
}

/// The samples of a file as libvips decodes them.
fn shown(bench: &Bench, file: &Path) -> Vec<u8> {
    let raw = bench.path("shown.raw");
    run("vips", &["rawsave", text(file), text(&raw)]);
    std::fs::read(raw).expect("samples")
}

#[test]
fn a_jpeg_of_any_kind_shows_the_same_in_tiles() {
    let bench = Bench::new();
    for arguments in [
        &["-sample", "1x1"][..],
        &["-sample", "2x1"],
        &["-sample", "2x2"],
        &["-sample", "1x2"],
        &["-sample", "4x1"],
        &["-sample", "2x2", "-optimize"],
        &["-sample", "1x1", "-optimize", "-restart", "3B"],
        &["-sample", "2x2", "-restart", "1"],
        &["-grayscale", "-optimize", "-restart", "7B"],
        &["-rgb", "-optimize"],
    ] {
        let flat = jpeg(&bench, arguments);
        let (bytes, colours) = of_jpeg(&std::fs::read(&flat).expect("there"));
        let tiled = bench.file("tiled.tif", &bytes);
        let is_spread =
            !matches!(colours, Colours::Gray | Colours::Rgb | Colours::YCbCr { across: 1, down: 1 });
        let what = arguments.join(" ");
        assert_same(&bench, &tiled, &flat, is_spread, &what);
        // libtiff says what it does not like.
        let mut libtiff = Command::new("tiff2rgba");
        let told = libtiff.arg(&tiled).arg(bench.path("colours.tif")).output().expect("libtiff-tools");
        assert!(told.status.success() && told.stderr.is_empty(), "{what}: {told:?}");
        let master = Master::open(&tiled).expect("a master");
        assert!(master.description.levels[0].stored_as.is_some(), "{what}: tiles to be sent as they are");
    }
}

#[test]
fn a_progressive_jpeg_becomes_one_that_is_carried() {
    let bench = Bench::new();
    let flat = jpeg(&bench, &["-progressive", "-sample", "1x1"]);
    let bytes = std::fs::read(&flat).expect("there");
    let Err(Hindrance::Process { memory }) = Source::read(&bytes).map(drop) else { panic!("carried") };
    assert!(memory > u64::from(SIZE.width * SIZE.height * 3 * 2), "{memory}");
    let plain = carry::baseline(&bytes, &Watch::unlimited()).expect("transcoded");
    let tiled = bench.file("tiled.tif", &of_jpeg(&plain).0);
    assert_same(&bench, &tiled, &flat, false, "progressive");
}

/// The tiles of a level, carried into another file.
fn of_master(master: &Master) -> Vec<u8> {
    let carried = master.carried(0).unwrap_or_else(|why| panic!("{why}"));
    let tiles = (0..carried.count).map(|index| master.carried_tile(0, index).expect("there"));
    let tiles: Vec<Vec<u8>> = tiles.collect();
    tiled(master.description.levels[0].dimensions, carried.tile, carried.fields, &tiles)
}

#[test]
fn tiles_of_any_compression_are_carried_as_they_are() {
    let bench = Bench::new();
    for (bands, format, options) in [
        (3, "uchar", "compression=none"),
        (3, "uchar", "compression=lzw,predictor=horizontal"),
        (1, "ushort", "compression=deflate,predictor=horizontal"),
        (3, "ushort", "compression=zstd"),
        (4, "uchar", "compression=deflate"),
        (3, "uchar", "compression=webp,lossless"),
        (3, "uchar", "compression=jpeg,Q=75"),
        (3, "uchar", "compression=jpeg,Q=95"),
        (1, "uchar", "compression=jpeg"),
        (3, "uchar", "compression=deflate,bigtiff"),
    ] {
        let levels = if format == "ushort" { 65_536 } else { 256 };
        let level = |(x, y, band)| quantised(smooth(x, y, band), levels);
        let bytes = match format {
            "ushort" => samples(SIZE, bands).flat_map(|at| (level(at) as u16).to_le_bytes()).collect(),
            _ => samples(SIZE, bands).map(|at| level(at) as u8).collect(),
        };
        let interpretation = match (bands, format) {
            (1, "ushort") => "grey16",
            (1, _) => "b-w",
            (_, "ushort") => "rgb16",
            _ => "srgb",
        };
        let raw = Raw { size: SIZE, bands, format, interpretation, bytes };
        let options = format!("[tile,tile-width=64,tile-height=48,{options}]");
        let source = bench.vips_tiff("source.tif", &raw, &options);
        let tiled = bench.file("tiled.tif", &of_master(&Master::open(&source).expect("a master")));
        assert!(shown(&bench, &tiled) == shown(&bench, &source), "{options}");
        let (own, others) =
            (Master::open(&tiled).expect("a master"), Master::open(&source).expect("a master"));
        let of =
            |master: &Master| (master.description.levels[0].coding, master.facts().expect("facts").colours);
        assert_eq!(of(&own), of(&others), "{options}");
    }
}

#[test]
fn tiles_that_cannot_be_carried_say_why() {
    let bench = Bench::new();
    let plain = |samples: u16, bits: u16, photometric| {
        let length = 16 * 16 * usize::from(samples) * usize::from(bits) / 8;
        Tiff::new(32, 16, photometric, samples, bits).tiles(16, 16, vec![vec![9; length]; 2])
    };
    let planar = |tiff: Tiff| Tiff { pieces: vec![vec![9; 256]; 6], ..tiff }.with(284, &[2]);
    let sparse = |tiff: Tiff| Tiff { pieces: vec![vec![9; 256], Vec::new()], ..tiff };
    let swapped = |tiff: Tiff| Tiff { big_endian: true, ..tiff };
    for (tiff, words) in [
        (plain(1, 8, 1), ""),
        (swapped(plain(3, 8, 2)), ""),
        (swapped(plain(1, 16, 1)), "most significant byte first"),
        (planar(plain(3, 8, 2)), "tiles of its own"),
        (sparse(plain(1, 8, 1)), "never written"),
        (plain(1, 8, 0), "as they are decoded"),
        (plain(1, 8, 1).with(339, &[2]), "as they are decoded"),
        (plain(4, 8, 2), "as they are decoded"),
        (plain(4, 8, 2).with(338, &[2]), ""),
        (plain(4, 8, 2).with(338, &[1]), "as they are decoded"),
        (plain(3, 8, 8), "as they are decoded"),
        (plain(1, 8, 1).with(259, &[34_712]), "JPEG 2000"),
        (Tiff::new(24, 24, 1, 1, 8).tiles(24, 24, vec![vec![9; 576]]), "no multiples of 16"),
        (Tiff::new(24, 24, 1, 1, 8).strips(24, vec![vec![9; 576]]), "not stored in tiles"),
    ] {
        let master = Master::open(&bench.file("tiles.tif", &tiff.bytes()));
        let why = master.map_err(|error: Error| error.to_string());
        let why = why.expect("a master").carried(0).err().map(|why| why.to_string()).unwrap_or_default();
        assert!(why.contains(words) && why.is_empty() == words.is_empty(), "{words:?}: {why}");
    }
}
