//! Masters of more than 8 bits a sample: 16 of them reach `tif`, and `png` where the configuration says so, as libvips
//! sees it; all other files get 8.

#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // made-up pixels, all in range

use std::path::Path;

use recto::picture::{Dimensions, Rect};

use crate::judge::writer::Tiff;
use crate::judge::{Bench, Picture, Raw, quantised, recto, rendered, run, samples, smooth, text, tone};

const SIZE: Dimensions = Dimensions::new(600, 400);

/// Pixels of 16 bits a sample.
#[derive(Debug)]
struct Deep {
    size: Dimensions,
    channels: usize,
    samples: Vec<u16>,
}

impl Deep {
    fn of(size: Dimensions, channels: u32, at: impl Fn(u32, u32, u32) -> u16) -> Self {
        let samples = samples(size, channels).map(|(x, y, channel)| at(x, y, channel)).collect();
        Self { size, channels: channels as usize, samples }
    }

    /// What libvips reads of a file that holds 16 bits a sample.
    #[track_caller]
    fn judged(bench: &Bench, file: &Path) -> Self {
        assert!(is_deep(file), "{}", file.display());
        let number = |name| run("vipsheader", &["-f", name, text(file)]).trim().parse().expect("a number");
        let raw = bench.path("deep.raw");
        run("vips", &["rawsave", text(file), text(&raw)]);
        let bytes = std::fs::read(raw).expect("pixels");
        let samples = bytes.as_chunks().0.iter().map(|sample| u16::from_le_bytes(*sample)).collect();
        let size = Dimensions::new(number("width"), number("height"));
        Self { size, channels: number("bands") as usize, samples }
    }

    fn crop(&self, rect: Rect) -> Self {
        let row = |y: u32| (y as usize * self.size.width as usize + rect.x as usize) * self.channels;
        let length = rect.width as usize * self.channels;
        let samples = (rect.y..rect.bottom()).flat_map(|y| &self.samples[row(y)..][..length]).copied();
        Self { size: rect.dimensions(), channels: self.channels, samples: samples.collect() }
    }

    #[track_caller]
    fn assert_near(&self, expected: &Self, tolerance: u16, what: &str) {
        assert_eq!((self.size, self.channels), (expected.size, expected.channels), "{what}");
        let pairs = self.samples.iter().zip(&expected.samples);
        let greatest = pairs.map(|(have, want)| have.abs_diff(*want)).max().unwrap_or(0);
        assert!(greatest <= tolerance, "{what}: a difference of {greatest}");
    }

    fn bytes(&self) -> Vec<u8> {
        self.samples.iter().flat_map(|sample| sample.to_le_bytes()).collect()
    }
}

/// Whether libvips finds 16 bits a sample.
fn is_deep(file: &Path) -> bool {
    run("vipsheader", &["-f", "format", text(file)]).to_lowercase().contains("ushort")
}

fn levels(value: impl Fn(u32, u32, u32) -> f64) -> impl Fn(u32, u32, u32) -> u16 {
    move |x, y, channel| quantised(value(x, y, channel), 65_536) as u16
}

/// A master of `deep`, written by libvips.
fn master(bench: &Bench, name: &str, deep: &Deep, options: &str) -> std::path::PathBuf {
    let bands = deep.channels as u32;
    let interpretation = if bands < 3 { "grey16" } else { "rgb16" };
    let raw = Raw { size: deep.size, bands, format: "ushort", interpretation, bytes: deep.bytes() };
    bench.vips_tiff(name, &raw, options)
}

#[test]
fn a_region_has_the_very_samples_of_the_master() {
    let bench = Bench::new();
    let region = Rect::new(256, 128, 256, 200);
    for channels in [1, 2, 3, 4] {
        let source = Deep::of(SIZE, channels, levels(tone));
        let expected = source.crop(region);
        let pyramid =
            master(&bench, "pyramid.tif", &source, "[tile,pyramid,compression=lzw,predictor=horizontal]");
        let flat = bench.path("flat.png");
        run("vips", &["copy", text(&pyramid), text(&flat)]);
        for file in [&pyramid, &flat] {
            let what = format!("{channels} channels, {}", file.display());
            let request = |format| format!("{region}/max/0/default.{format}");
            for section in ["", "[tiff]\ncompression = \"lzw\"\ntile = 64", "[tiff]\ncompression = \"none\""]
            {
                let shown = bench.derivative(file, &request("tif"), section);
                Deep::judged(&bench, &shown).assert_near(&expected, 0, &what);
            }
            let shown = bench.derivative(file, &request("png"), "[png]\nsixteen_bit = true");
            Deep::judged(&bench, &shown).assert_near(&expected, 0, &what);
            // Otherwise each is the nearest of 256.
            let narrow = |sample: &u16| ((u32::from(*sample) + 128) / 257) as u8;
            let pixels = expected.samples.iter().map(narrow).collect();
            let expected = Picture { size: expected.size, channels: expected.channels, pixels };
            rendered(file, &format!("{region}/max")).assert_near(&expected, 0, &what);
        }
    }
}

#[test]
fn scaling_keeps_16_bits() {
    let bench = Bench::new();
    let source = Deep::of(SIZE, 3, levels(smooth));
    let file = master(&bench, "flat.tif", &source, "");
    let small = bench.path("small.v");
    run("vips", &["resize", text(&file), text(&small), "0.5", "--kernel", "lanczos3"]);
    let judged = Deep::judged(&bench, &small);
    let shown = Deep::judged(&bench, &bench.derivative(&file, "full/300,/0/default.tif", ""));
    // At the edges libvips repeats what is there, Recto leaves it out of the sum.
    let inner = Rect::new(8, 8, judged.size.width - 16, judged.size.height - 16);
    shown.crop(inner).assert_near(
        &judged.crop(inner),
        20,
        "half the size: a thirteenth of a level of 8 bits",
    );
    let distinct: std::collections::HashSet<_> = shown.samples.iter().collect();
    assert!(distinct.len() > 10_000, "{} shades only", distinct.len());
}

#[test]
fn turns_move_and_grays_weigh_16_bits() {
    let bench = Bench::new();
    let source = Deep::of(SIZE, 3, levels(tone));
    let file = master(&bench, "flat.tif", &source, "");
    let (width, height) = (SIZE.width as usize, SIZE.height as usize);
    let shown = Deep::judged(&bench, &bench.derivative(&file, "full/max/90/default.tif", ""));
    let sample = |at: usize| {
        let (x, y, channel) = (at / 3 % height, at / 3 / height, at % 3);
        source.samples[((height - 1 - x) * width + y) * 3 + channel]
    };
    let samples = (0..source.samples.len()).map(sample).collect();
    let turned = Deep { size: Dimensions::new(SIZE.height, SIZE.width), channels: 3, samples };
    shown.assert_near(&turned, 0, "a quarter turn");
    let shown = Deep::judged(&bench, &bench.derivative(&file, "full/max/0/gray.tif", ""));
    let luma = |p: &[u16; 3]| {
        (0.299 * f64::from(p[0]) + 0.587 * f64::from(p[1]) + 0.114 * f64::from(p[2])).round() as u16
    };
    let samples = source.samples.as_chunks().0.iter().map(luma).collect();
    shown.assert_near(&Deep { size: SIZE, channels: 1, samples }, 1, "gray");
    // A small turn leaves the middle nearly where it was; the corners become clear.
    let source = Deep::of(SIZE, 1, |_, _, _| 51_111);
    let file = master(&bench, "even.tif", &source, "");
    let shown = Deep::judged(&bench, &bench.derivative(&file, "full/max/10/default.tif", ""));
    assert_eq!((shown.channels, &shown.samples[..2]), (2, &[0, 0][..]));
    let middle = (shown.size.height / 2 * shown.size.width + shown.size.width / 2) as usize * 2;
    assert!(shown.samples[middle].abs_diff(51_111) <= 1 && shown.samples[middle + 1] == 65_535);
}

#[test]
fn other_numbers_fill_the_16_bits() {
    let bench = Bench::new();
    let number = |x, y, channel| quantised(tone(x, y, channel), 65_536);
    let expected = Deep::of(SIZE, 3, |x, y, channel| number(x, y, channel) as u16);
    let float = |value: u32| (f64::from(value) / 65_535.0) as f32;
    let signed = |value: u32| (value as i32 - 32_768) as i16;
    let floats = samples(SIZE, 3).flat_map(|(x, y, c)| float(number(x, y, c)).to_le_bytes()).collect();
    let shorts = samples(SIZE, 3).flat_map(|(x, y, c)| signed(number(x, y, c)).to_le_bytes()).collect();
    for (format, bytes) in [("float", floats), ("short", shorts)] {
        let raw = Raw { size: SIZE, bands: 3, format, interpretation: "rgb16", bytes };
        let file = bench.vips_tiff("numbers.tif", &raw, "");
        let shown = Deep::judged(&bench, &bench.derivative(&file, "full/max/0/default.tif", ""));
        shown.assert_near(&expected, 0, format);
    }
}

/// Floating point whose range no tag states: 0 to 1, unless its numbers are plainly those of 8 or 16 bits.
#[test]
fn floats_may_be_the_numbers_of_integers() {
    let bench = Bench::new();
    let levels = levels(smooth);
    for (scale, white) in [(1.0, 1.0), (255.0, 255.0), (65_535.0, 65_535.0), (4.0, 1.0), (30_000.0, 65_535.0)]
    {
        let expected = Deep::of(SIZE, 3, |x, y, channel| {
            let value = f64::from(levels(x, y, channel)) * (scale / white);
            value.round().min(65_535.0) as u16
        });
        let floats = samples(SIZE, 3)
            .flat_map(|(x, y, c)| (f64::from(levels(x, y, c)) / 65_535.0 * scale).to_ne_bytes())
            .collect();
        let raw = Raw { size: SIZE, bands: 3, format: "double", interpretation: "rgb16", bytes: floats };
        for options in ["", "[tile,pyramid,compression=deflate]"] {
            let file = bench.vips_tiff("numbers.tif", &raw, options);
            let shown = Deep::judged(&bench, &bench.derivative(&file, "full/max/0/default.tif", ""));
            shown.assert_near(&expected, 1, &format!("0 to {scale} {options}"));
        }
    }
}

/// 12 bits, interleaved and in planes: pairs of samples in three bytes.
#[test]
fn packed_bits_are_spread() {
    let bench = Bench::new();
    let level = |x, y, channel| quantised(tone(x, y, channel), 4096);
    let expected = Deep::of(SIZE, 3, |x, y, channel| {
        (f64::from(level(x, y, channel)) * 65_535.0 / 4095.0).round() as u16
    });
    let pairs = |values: Vec<u32>| -> Vec<u8> {
        let joined = values.as_chunks::<2>().0.iter().map(|[a, b]| a << 12 | b);
        joined.flat_map(|pair| pair.to_be_bytes().into_iter().skip(1)).collect()
    };
    let together = pairs(samples(SIZE, 3).map(|(x, y, c)| level(x, y, c)).collect());
    let planes = (0..3).map(|c| pairs(samples(SIZE, 1).map(|(x, y, _)| level(x, y, c)).collect()));
    for (planar, pieces) in [(1, vec![together]), (2, planes.collect())] {
        let tiff = Tiff::new(SIZE.width, SIZE.height, 2, 3, 12).with(284, &[planar]);
        let file = bench.file("packed.tif", &tiff.strips(SIZE.height, pieces).bytes());
        let shown = Deep::judged(&bench, &bench.derivative(&file, "full/max/0/default.tif", ""));
        shown.assert_near(&expected, 0, &format!("PlanarConfiguration {planar}"));
    }
}

#[test]
fn profiles_are_applied_with_16_bits() {
    let bench = Bench::new();
    let source = Deep::of(SIZE, 3, levels(|x, y, channel| 0.2 + 0.6 * smooth(x, y, channel)));
    let plain = master(&bench, "plain.tif", &source, "");
    for (profile, tolerance) in [("p3", 300), ("cmyk", 1500)] {
        let (wide, judge) = (bench.path("wide.tif"), bench.path("judge.tif"));
        let intent = ["--depth", "16", "--intent", "relative"];
        let made = ["icc_transform", text(&plain), text(&wide), profile, "--input-profile", "srgb"];
        run("vips", &[&made[..], &intent].concat());
        let made = ["icc_transform", text(&wide), text(&judge), "srgb", "--embedded"];
        run("vips", &[&made[..], &intent].concat());
        let shown = Deep::judged(&bench, &bench.derivative(&wide, "full/max/0/default.tif", ""));
        shown.assert_near(&Deep::judged(&bench, &judge), tolerance, profile);
    }
}

#[test]
fn eight_bits_stay_eight_and_bitonal_needs_no_more() {
    let bench = Bench::new();
    let deep = master(&bench, "deep.tif", &Deep::of(SIZE, 3, levels(smooth)), "");
    let bytes = Picture::of(SIZE, 3, |x, y, channel| quantised(smooth(x, y, channel), 256) as u8).pixels;
    let raw = Raw { size: SIZE, bands: 3, format: "uchar", interpretation: "srgb", bytes };
    let shallow = bench.vips_tiff("shallow.tif", &raw, "");
    for (file, request, expected) in [
        (&deep, "full/max/0/default.tif", true),
        (&deep, "full/max/0/bitonal.tif", false),
        (&deep, "full/max/0/default.jpg", false),
        (&shallow, "full/max/0/default.tif", false),
        (&shallow, "full/200,/0/gray.png", false),
    ] {
        let shown = bench.derivative(file, request, "[png]\nsixteen_bit = true");
        assert_eq!(is_deep(&shown), expected, "{request}");
    }
    for other in ["webp", "gif", "jp2", "avif", "pdf"] {
        let output = recto(&deep, &format!("full/200,/0/default.{other}"));
        assert!(output.status.success(), "{other}: {}", String::from_utf8_lossy(&output.stderr));
    }
}
