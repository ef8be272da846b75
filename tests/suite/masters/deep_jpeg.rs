//! JPEGs of more than 8 bits a sample, as files of their own and in TIFF. Their writer is ours and shares nothing with
//! libjpeg, so that what comes out is judged by what went in; derivatives are read by libvips.

use std::path::Path;

use recto::picture::{Dimensions, Rect};

use super::damage::{check_noise, complaint, limited};
use crate::judge::deep::{Deep, tables};
use crate::judge::writer::Tiff;
use crate::judge::{Bench, Picture, quantised, rendered, run, samples, smooth, text, tone};

const SIZE: Dimensions = Dimensions::new(203, 117);
const SIDE: u32 = 64;

/// The JPEGTables tag.
const TABLES: u16 = 347;

/// Without loss, whatever the samples are; with loss, what libjpeg can be expected to keep.
fn value(bits: u32, lossless: bool) -> impl Fn(u32, u32, u32) -> u16 {
    let value = if lossless { tone } else { smooth };
    move |x, y, channel| quantised(value(x, y, channel), 1 << bits) as u16
}

/// The samples of a rectangle of the picture, interleaved; beyond its edges they are those at the edges.
fn part(rect: Rect, channels: u32, value: impl Fn(u32, u32, u32) -> u16) -> Vec<u16> {
    let inside = |x: u32, y: u32| (x.min(SIZE.width - 1), y.min(SIZE.height - 1));
    samples(rect.dimensions(), channels)
        .map(|(x, y, channel)| {
            let (x, y) = inside(rect.x + x, rect.y + y);
            value(x, y, channel)
        })
        .collect()
}

/// A JPEG of a rectangle of the picture.
fn jpeg(rect: Rect, channels: u32, (bits, lossless): (u32, bool), has_tables: bool) -> Vec<u8> {
    let samples = part(rect, channels, value(bits, lossless));
    let deep = Deep {
        size: rect.dimensions(),
        count: channels as usize,
        bits,
        lossless,
        adobe: (channels > 1).then_some(0),
        samples: &samples,
    };
    if has_tables { deep.stream() } else { deep.abbreviated() }
}

/// The rectangles of tiles, or of strips, row by row.
fn rects(across: u32, down: u32, padded: bool) -> Vec<Rect> {
    let cut = |length: u32, at: u32, side: u32| if padded { length } else { length.min(side - at) };
    let places = (0..SIZE.height)
        .step_by(down as usize)
        .flat_map(|y| (0..SIZE.width).step_by(across as usize).map(move |x| (x, y)));
    places.map(|(x, y)| Rect::new(x, y, cut(across, x, SIZE.width), cut(down, y, SIZE.height))).collect()
}

/// The picture must come out of the master: in 16 bits as libvips reads the derivative, and in 8. `tolerance` is in
/// numbers of so many bits.
#[track_caller]
fn check(bench: &Bench, master: &Path, channels: u32, (bits, lossless): (u32, bool), what: &str) {
    let greatest = f64::from((1u32 << bits) - 1);
    let tolerance = if lossless { 0.0 } else { 2.0 / greatest };
    for region in [Rect::new(0, 0, SIZE.width, SIZE.height), Rect::new(50, 31, 100, 70)] {
        let expected = part(region, channels, value(bits, lossless));
        let deep = bench.derivative(master, &format!("{region}/max/0/default.tif"), "");
        assert!(
            run("vipsheader", &["-f", "format", text(&deep)]).to_lowercase().contains("ushort"),
            "{what}"
        );
        let raw = bench.path("deep.raw");
        run("vips", &["rawsave", text(&deep), text(&raw)]);
        let bytes = std::fs::read(raw).expect("pixels");
        let found: Vec<u16> = bytes.as_chunks().0.iter().map(|two| u16::from_le_bytes(*two)).collect();
        assert_eq!(found.len(), expected.len(), "{what}");
        let share =
            |(one, other): (&u16, &u16)| (f64::from(*one) / 65_535.0 - f64::from(*other) / greatest).abs();
        let furthest = found.iter().zip(&expected).map(share).fold(0.0, f64::max);
        assert!(furthest <= tolerance + 0.5 / 65_535.0, "{what}: {}", furthest * greatest);
        let eight = rendered(master, &format!("{region}/max"));
        let mut values = expected.iter();
        let nearest = |value: u16| (f64::from(value) / greatest * 255.0).round() as u8;
        let picture = Picture::of(region.dimensions(), channels, |_, _, _| 0);
        let pixels = picture.pixels.iter().map(|_| nearest(*values.next().expect("as many"))).collect();
        eight.assert_near(&Picture { pixels, ..picture }, if lossless { 0 } else { 1 }, what);
    }
}

const WITH_LOSS: (u32, bool) = (12, false);

#[test]
fn files_of_their_own() {
    let bench = Bench::new();
    let whole = Rect::new(0, 0, SIZE.width, SIZE.height);
    for kind in [WITH_LOSS, (9, true), (10, true), (12, true), (14, true), (16, true)] {
        for channels in [1, 3] {
            let master = bench.file("deep.jpg", &jpeg(whole, channels, kind, true));
            check(&bench, &master, channels, kind, &format!("{channels} of {kind:?}"));
        }
    }
    let master = bench.file("deep.jpg", &jpeg(whole, 3, WITH_LOSS, true));
    let info = rendered(&master, "full/51,").size;
    assert_eq!(info, Dimensions::new(51, 29), "a smaller level");
}

/// A block of EXIF with nothing but an orientation.
const TURNED: &[u8] =
    b"\xff\xe1\0\x22Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";

#[test]
fn an_orientation() {
    let bench = Bench::new();
    let plain = jpeg(Rect::new(0, 0, SIZE.width, SIZE.height), 3, WITH_LOSS, true);
    let turned = bench.file("turned.jpg", &[&plain[..2], TURNED, &plain[2..]].concat());
    let upright = rendered(&bench.file("plain.jpg", &plain), "full/max");
    let size = Dimensions::new(SIZE.height, SIZE.width);
    let expected =
        Picture::of(size, 3, |x, y, channel| upright.pixel(y, SIZE.height - 1 - x)[channel as usize]);
    rendered(&turned, "full/max").assert_near(&expected, 0, "a quarter to the right");
}

/// What has fewer than 8 bits is spread over these.
#[test]
fn a_few_bits_without_loss() {
    let bench = Bench::new();
    let whole = Rect::new(0, 0, SIZE.width, SIZE.height);
    for bits in [2, 5, 7] {
        let master = bench.file("few.jpg", &jpeg(whole, 1, (bits, true), true));
        let greatest = (1 << bits) - 1;
        let expected = |x, y, c| {
            let sample = u32::from(value(bits, true)(x, y, c));
            ((sample * 255 + greatest / 2) / greatest) as u8
        };
        rendered(&master, "full/max").assert_near(
            &Picture::of(SIZE, 1, expected),
            0,
            &format!("{bits} bits"),
        );
    }
}

#[test]
fn tiles_strips_and_planes() {
    let bench = Bench::new();
    for kind in [WITH_LOSS, (12, true), (16, true)] {
        for (channels, photometric) in [(1, 1), (3, 2)] {
            for (has_tables, tiled) in [(true, true), (false, true), (false, false)] {
                let (across, down) = if tiled { (SIDE, SIDE) } else { (SIZE.width, 40) };
                let pieces = rects(across, down, tiled).into_iter();
                let pieces = pieces.map(|rect| jpeg(rect, channels, kind, has_tables)).collect();
                let tiff = Tiff::new(SIZE.width, SIZE.height, photometric, channels as u16, kind.0 as u16)
                    .with(259, &[7]);
                let tiff = if has_tables { tiff } else { tiff.with_raw(TABLES, 7, &tables(kind.1)) };
                let tiff = if tiled { tiff.tiles(SIDE, SIDE, pieces) } else { tiff.strips(down, pieces) };
                let master = bench.file("deep.tif", &tiff.bytes());
                check(&bench, &master, channels, kind, &format!("{channels} of {kind:?}, tiled: {tiled}"));
            }
        }
    }
    let plane = |channel: u32| {
        let value = value(12, false);
        rects(SIDE, SIDE, true).into_iter().map(move |rect| {
            let samples = part(rect, 1, |x, y, _| value(x, y, channel));
            let size = rect.dimensions();
            Deep { size, count: 1, bits: 12, lossless: false, adobe: None, samples: &samples }.stream()
        })
    };
    let tiff = Tiff::new(SIZE.width, SIZE.height, 2, 3, 12).with(259, &[7]).with(284, &[2]).tiles(
        SIDE,
        SIDE,
        (0..3).flat_map(plane).collect(),
    );
    check(&bench, &bench.file("planes.tif", &tiff.bytes()), 3, WITH_LOSS, "planes");
}

/// JFIF's colours in numbers of 12 bits.
fn ycbcr(rgb: [f64; 3]) -> [u16; 3] {
    let [r, g, b] = rgb;
    let luma = 0.299 * r + 0.587 * g + 0.114 * b;
    let chroma = |colour: f64, greatest: f64| (colour - luma) / (2.0 - 2.0 * greatest) + 2048.0;
    [luma, chroma(b, 0.114), chroma(r, 0.299)].map(|value| value.round().clamp(0.0, 4095.0) as u16)
}

#[test]
fn colours_as_luma_and_chroma() {
    let bench = Bench::new();
    let rgb = |x: u32, y: u32| [0, 1, 2].map(|channel| f64::from(value(12, false)(x, y, channel)));
    let stream = |rect| {
        let samples = part(rect, 3, |x, y, channel| ycbcr(rgb(x, y))[channel as usize]);
        Deep { size: rect.dimensions(), count: 3, bits: 12, lossless: false, adobe: None, samples: &samples }
            .stream()
    };
    let expected =
        Picture::of(SIZE, 3, |x, y, channel| (rgb(x, y)[channel as usize] / 4095.0 * 255.0).round() as u8);
    let flat = bench.file("ycbcr.jpg", &stream(Rect::new(0, 0, SIZE.width, SIZE.height)));
    rendered(&flat, "full/max").assert_near(&expected, 1, "a file of its own");
    let tiles = rects(SIDE, SIDE, true).into_iter().map(stream).collect();
    let tiff = Tiff::new(SIZE.width, SIZE.height, 6, 3, 12)
        .with(259, &[7])
        .with(530, &[1, 1])
        .tiles(SIDE, SIDE, tiles);
    let master = bench.file("ycbcr.tif", &tiff.bytes());
    rendered(&master, "full/max").assert_near(&expected, 1, "tiles");
    // A tile is not sent as it is stored: no browser shows it.
    let tile = bench.derivative(&master, "64,0,64,64/max/0/default.jpg", "[tiles]\npass_through = 100");
    let judged = bench.judged(&tile, "");
    let loss = judged.mean_difference(&expected.crop(Rect::new(64, 0, 64, 64)));
    assert!(loss < 4.0, "a tile as JPEG: {loss}");
}

#[test]
fn a_tile_that_was_never_written() {
    let bench = Bench::new();
    for (no_data, level) in [("0", 0), ("4095", 255)] {
        let mut tiles: Vec<_> =
            rects(SIDE, SIDE, true).into_iter().map(|rect| jpeg(rect, 1, WITH_LOSS, true)).collect();
        tiles[1].clear();
        let tiff = Tiff::new(SIZE.width, SIZE.height, 1, 1, 12)
            .with(259, &[7])
            .with_raw(42_113, 2, format!("{no_data}\0").as_bytes())
            .tiles(SIDE, SIDE, tiles);
        let master = bench.file("sparse.tif", &tiff.bytes());
        let expected = Picture::of(Dimensions::new(64, 64), 1, |_, _, _| level);
        rendered(&master, "64,0,64,64/max").assert_near(&expected, 0, no_data);
    }
}

/// What a TIFF says of its tiles must be so.
#[test]
fn bits_that_are_not_those_of_the_file() {
    let bench = Bench::new();
    let tiff = |bits: u16, stored: u32, changes: &[(u16, u64)]| {
        let kind = (stored, stored != 12);
        let tiles = rects(SIDE, SIDE, true).into_iter().map(|rect| jpeg(rect, 1, kind, true)).collect();
        let tiff = Tiff::new(SIZE.width, SIZE.height, 1, 1, bits).with(259, &[7]).tiles(SIDE, SIDE, tiles);
        changes.iter().fold(tiff, |tiff, (tag, value)| tiff.with(*tag, &[*value])).bytes()
    };
    assert_eq!(complaint(&limited(&bench, &tiff(12, 12, &[]), "full/max"), "sound"), None);
    for (bits, stored, changes) in [
        (12, 10, &[][..]),
        (16, 12, &[]),
        (8, 12, &[]),
        (13, 12, &[]),
        (17, 12, &[]),
        (4, 12, &[]),
        (12, 12, &[(339, 2)]),
        (16, 16, &[(339, 2)]),
        (16, 16, &[(262, 8)]),
        (12, 12, &[(262, 3)]),
    ] {
        let what = format!("{bits} told, {stored} stored, {changes:?}");
        let said = complaint(&limited(&bench, &tiff(bits, stored, changes), "full/max"), &what);
        assert!(said.is_some(), "{what}");
    }
}

#[test]
fn headers_that_lie_are_found_out() {
    let bench = Bench::new();
    let whole = Rect::new(0, 0, SIZE.width, SIZE.height);
    for (channels, kind) in [(1, WITH_LOSS), (3, WITH_LOSS), (3, (12, true)), (1, (16, true))] {
        let sound = jpeg(whole, channels, kind, true);
        assert_eq!(complaint(&limited(&bench, &sound, "full/max"), "sound"), None);
        let frame = sound.windows(2).position(|two| matches!(two, [0xff, 0xc1 | 0xc3])).expect("a frame");
        let changed = |changes: &[(usize, u8)]| {
            let mut file = sound.clone();
            changes.iter().for_each(|(at, value)| file[frame + at] = *value);
            file
        };
        let lies: [&[(usize, u8)]; 9] = [
            &[(4, 17)],
            &[(4, 1)],
            &[(4, 0)],
            &[(5, 0xff), (6, 0xff), (7, 0xff), (8, 0xff)],
            &[(5, 0xf0), (7, 0xf0)],
            &[(5, 0), (6, 0)],
            &[(7, 0), (8, 0)],
            &[(9, 0)],
            &[(9, 2)],
        ];
        for lie in lies {
            let what = format!("{channels} of {kind:?}: {lie:?}");
            assert!(complaint(&limited(&bench, &changed(lie), "full/max"), &what).is_some(), "{what}");
        }
        if kind == WITH_LOSS {
            for bits in [9, 10, 11, 13, 16] {
                let said = complaint(&limited(&bench, &changed(&[(4, bits)]), "full/max"), "bits");
                assert!(said.is_some_and(|said| said.contains(&format!("JPEG of {bits} bits"))));
            }
        }
        for n in 1..12 {
            let what = format!("{n} parts of 12");
            let cut = &sound[..sound.len() * n / 12];
            assert!(complaint(&limited(&bench, cut, "full/max"), &what).is_some(), "{what}");
        }
    }
}

#[test]
fn noise() {
    let tiles = rects(SIDE, SIDE, true).into_iter().map(|rect| jpeg(rect, 3, WITH_LOSS, false)).collect();
    let tiff = Tiff::new(SIZE.width, SIZE.height, 2, 3, 12)
        .with(259, &[7])
        .with_raw(TABLES, 7, &tables(false))
        .tiles(SIDE, SIDE, tiles);
    check_noise(&tiff.bytes(), "tiles of 12 bits", 12 * 12 * 8, |file| file);
    for kind in [WITH_LOSS, (16, true)] {
        // Back to front: what stands last is damaged most, and headers stand first.
        let mut file = jpeg(Rect::new(0, 0, SIZE.width, SIZE.height), 3, kind, true);
        file.reverse();
        check_noise(&file, &format!("a file of {kind:?}"), 420 * 8, |mut file| {
            file.reverse();
            file
        });
    }
}
