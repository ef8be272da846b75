//! JPEG 2000: every way in which libvips and OpenJPEG's own program store a picture, judged by the latter; and what boxes
//! add to a codestream.

mod boxes;
mod damage;

use std::fs;
use std::path::{Path, PathBuf};

use recto::picture::{Dimensions, Rect};

use crate::judge::{Bench, Picture, Raw, quantised, recto, rendered, run, samples, smooth, text, tone};

const SIZE: Dimensions = Dimensions::new(603, 405);

/// What `opj_compress` reads as raw samples at every depth and subsampling.
const EVEN: Dimensions = Dimensions::new(604, 406);

/// Crosses edges of all tiles below.
const WINDOW: Rect = Rect::new(37, 61, 533, 303);

/// How `opj_compress` stores a picture without loss.
const LAYOUTS: [&str; 12] = [
    "",
    "-t 256,256",
    "-t 200,150 -n 3 -p RLCP",
    "-n 1",
    "-c [128,128],[64,64] -b 32,32 -p RPCL -PLT -TLM",
    "-c [256,256] -p PCRL -SOP -EPH",
    "-t 128,128 -p CPRL -TP C -TLM",
    "-r 40,10,1",
    "-b 4,1024",
    "-M 63",
    "-d 37,21",
    "-d 300,77 -T 100,50 -t 256,128",
];

fn tones(size: Dimensions, channels: u32) -> Picture {
    Picture::of(size, channels, |x, y, channel| quantised(tone(x, y, channel), 256) as u8)
}

/// Has OpenJPEG's program compress samples, one component after the other; `form` is components, bits and sign as it
/// takes them behind the size.
fn opj_compress(
    bench: &Bench,
    name: &str,
    size: Dimensions,
    form: &str,
    raw: &[u8],
    options: &str,
) -> PathBuf {
    let (source, target) = (bench.file("source.raw", raw), bench.path(name));
    let form = format!("{},{},{form}", size.width, size.height);
    let mut arguments = vec!["-i", text(&source), "-o", text(&target), "-F", &form];
    arguments.extend(options.split_whitespace());
    run("opj_compress", &arguments);
    target
}

/// The samples of a picture, one channel after the other.
fn planes(picture: &Picture) -> Vec<u8> {
    let channel = |channel: usize| picture.pixels.iter().skip(channel).step_by(picture.channels).copied();
    (0..picture.channels).flat_map(channel).collect()
}

/// What OpenJPEG's program makes of a file with so many resolutions left out.
fn judged(bench: &Bench, file: &Path, reduction: u32) -> Picture {
    let target = bench.path("judged.ppm");
    run("opj_decompress", &["-i", text(file), "-o", text(&target), "-r", &reduction.to_string(), "-quiet"]);
    bench.judged(&target, "")
}

fn check(master: &Path, expected: &Picture, tolerance: u8, what: &str) {
    rendered(master, "full/max").assert_near(expected, tolerance, what);
    let part = rendered(master, &format!("{WINDOW}/max"));
    part.assert_near(&expected.crop(WINDOW), tolerance, &format!("a window of {what}"));
}

#[test]
fn openjpeg_stores_without_loss() {
    let bench = Bench::new();
    let expected = tones(SIZE, 3);
    for options in LAYOUTS {
        for name in ["plain.j2k", "boxed.jp2"] {
            let master = opj_compress(&bench, name, SIZE, "3,8,u", &planes(&expected), options);
            check(&master, &expected, 0, &format!("{name} {options}"));
        }
    }
}

#[test]
fn libvips_stores_gray_colour_and_alpha() {
    let bench = Bench::new();
    for (bands, interpretation) in [(1, "b-w"), (2, "b-w"), (3, "srgb"), (4, "srgb")] {
        let expected = tones(SIZE, bands);
        let bytes = expected.pixels.clone();
        let raw = Raw { size: SIZE, bands, format: "uchar", interpretation, bytes };
        for options in [
            "[lossless]",
            "[lossless,tile-width=128,tile-height=80]",
            "[lossless,tile-width=4096,tile-height=4096]",
        ] {
            let master = bench.vips_tiff("vips.jp2", &raw, options);
            check(&master, &expected, 0, &format!("{bands} bands {options}"));
        }
    }
}

/// With loss, so that it matters that each level comes out of the wavelets as OpenJPEG has it.
#[test]
fn levels_are_resolutions() {
    let bench = Bench::new();
    let source = Picture::of(SIZE, 3, |x, y, channel| quantised(smooth(x, y, channel), 256) as u8);
    for options in
        ["-I -r 8", "-I -r 8 -t 256,256 -n 4", "-r 4 -d 37,21", "-I -r 8 -d 1,1 -t 256,210 -T 1,0 -n 4"]
    {
        let master = opj_compress(&bench, "lossy.jp2", SIZE, "3,8,u", &planes(&source), options);
        for reduction in 0..4 {
            let level = judged(&bench, &master, reduction);
            let Dimensions { width, height } = level.size;
            let what = format!("{options} by 2^{reduction}");
            rendered(&master, &format!("full/{width},{height}")).assert_near(&level, 0, &what);
            // A tile of that level, off its edges.
            let (region, side) = (Rect::new(64, 128, 64, 128), 1 << reduction);
            let (w, h) = (region.width / side, region.height / side);
            let tile = rendered(&master, &format!("{region}/{w},{h}"));
            let place = Rect::new(region.x / side, region.y / side, w, h);
            tile.assert_near(&level.crop(place), 0, &format!("a tile of {what}"));
        }
    }
}

#[test]
fn depths_and_signs() {
    let bench = Bench::new();
    for bits in [1, 4, 7, 8, 10, 12, 15, 16] {
        let most = (1u32 << bits) - 1;
        let level = |x, y| quantised(tone(x, y, 0), most + 1);
        let expected = Picture::of(EVEN, 1, |x, y, _| ((level(x, y) * 510 + most) / (2 * most)) as u8);
        for (form, offset) in [("u", 0), ("s", 1 << (bits - 1))] {
            let stored = |(x, y, _)| level(x, y).wrapping_sub(offset).to_le_bytes();
            let bytes = if bits > 8 { 2 } else { 1 };
            let raw: Vec<u8> = samples(EVEN, 1).flat_map(|at| stored(at).into_iter().take(bytes)).collect();
            let (form, options) = (format!("1,{bits},{form}"), "-n 3 -t 256,256");
            // Its program reads raw samples of two bytes most significant first.
            let swapped = || raw.as_chunks::<2>().0.iter().flat_map(|&[low, high]| [high, low]).collect();
            let raw = if bits > 8 { swapped() } else { raw.clone() };
            let master = opj_compress(&bench, "deep.jp2", EVEN, &form, &raw, options);
            check(&master, &expected, 0, &form);
        }
    }
}

/// Chroma of half the columns, and of half the rows too: each sample stands for the pixels from its place on. Places are
/// those of the reference grid, on which the image need not start at an even one.
#[test]
fn subsampled_chroma() {
    let bench = Bench::new();
    for (down, x0, y0) in [(1u32, 0u32, 0), (2, 0, 0), (2, 37, 21), (2, 2, 1u32)] {
        let luma = samples(EVEN, 1).map(|(x, y, _)| quantised(smooth(x, y, 0), 256) as u8);
        let (left, top) = (x0.div_ceil(2), y0.div_ceil(down));
        let chroma_size =
            Dimensions::new((x0 + EVEN.width).div_ceil(2) - left, (y0 + EVEN.height).div_ceil(down) - top);
        let chroma = |channel| {
            samples(chroma_size, 1).map(move |(x, y, _)| quantised(smooth(x, y, channel), 256) as u8)
        };
        let raw: Vec<u8> = luma.chain(chroma(1)).chain(chroma(2)).collect();
        let expected = Picture::of(EVEN, 3, |x, y, channel| {
            let at = |channel: u32| {
                // The first sample is at or after the edge.
                let (cx, cy) = (((x + x0) / 2).max(left) - left, ((y + y0) / down).max(top) - top);
                f64::from(quantised(smooth(cx, cy, channel), 256)) - 128.0
            };
            let luma = f64::from(quantised(smooth(x, y, 0), 256));
            let value = match channel {
                0 => luma + 1.402 * at(2),
                1 => luma - 0.344_136 * at(1) - 0.714_136 * at(2),
                _ => luma + 1.772 * at(1),
            };
            value.round() as u8
        });
        let form = format!("3,8,u@1x1:2x{down}:2x{down}");
        let options = format!("-mct 0 -t 256,128 -n 4 -d {x0},{y0}");
        let master = opj_compress(&bench, "ycc.j2k", EVEN, &form, &raw, &options);
        check(&master, &expected, 0, &format!("{form} {options}"));
        if (x0, y0) == (0, 0) {
            // It cuts off where we round.
            rendered(&master, "full/max").assert_near(&judged(&bench, &master, 0), 1, "its judge");
        }
        let shown = rendered(&master, "full/max");
        for region in ["1,1,1,1", "2,3,1,1", "255,127,3,3", "603,405,1,1"] {
            let part = rendered(&master, &format!("{region}/max"));
            let numbers: Vec<u32> =
                region.split(',').map(|number| number.parse().expect("a number")).collect();
            let region = Rect::new(numbers[0], numbers[1], numbers[2], numbers[3]);
            part.assert_near(&shown.crop(region), 0, &format!("{form} {options} {region}"));
        }
    }
}

#[test]
fn info_tells_resolutions_and_cheap_tiles() {
    let bench = Bench::new();
    let expected = tones(SIZE, 1);
    for (options, tile) in [("-n 3", 512), ("-n 3 -t 256,256", 256), ("-n 3 -t 1024,1024 -d 600,0", 512)] {
        let master = opj_compress(&bench, "told.jp2", SIZE, "1,8,u", &planes(&expected), options);
        let output = recto(&master, "info.json");
        let info: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_eq!((&info["width"], &info["height"]), (&603.into(), &405.into()), "{options}");
        assert_eq!(info["tiles"][0]["width"], tile, "{options}");
        assert_eq!(info["sizes"].as_array().map(Vec::len), Some(3), "{options}: {}", info["sizes"]);
    }
    let master = bench.path("told.jp2");
    let plan = std::process::Command::new(env!("CARGO_BIN_EXE_recto"))
        .args(["render", text(&master), "full/max/0/default.png", "--plan"])
        .output()
        .expect("recto runs");
    assert!(String::from_utf8_lossy(&plan.stdout).contains("codestream read by "));
}

/// A bare codestream of a picture.
fn codestream(bench: &Bench, picture: &Picture, options: &str) -> Vec<u8> {
    let form = format!("{},8,u", picture.channels);
    let options = format!("{options} -mct 0");
    fs::read(opj_compress(bench, "bare.j2k", picture.size, &form, &planes(picture), &options))
        .expect("written")
}
