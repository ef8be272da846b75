//! One small file of every kind that is read.

use std::path::PathBuf;

use recto::picture::Dimensions;

use crate::judge::writer::{Tiff, chain};
use crate::judge::{Bench, Raw, quantised, run, samples, smooth, text};

/// Odd, so that edges are not full, and large enough for three levels of 64 pixels.
pub const SIZE: Dimensions = Dimensions::new(203, 141);

/// Raw pixels of so many bands, 8 bits each.
pub fn raw(bands: u32, interpretation: &'static str) -> Raw {
    let bytes = samples(SIZE, bands).map(|(x, y, c)| quantised(smooth(x, y, c), 256) as u8).collect();
    Raw { size: SIZE, bands, format: "uchar", interpretation, bytes }
}

fn deep(bands: u32, interpretation: &'static str) -> Raw {
    let samples =
        samples(SIZE, bands).flat_map(|(x, y, c)| (quantised(smooth(x, y, c), 65_536) as u16).to_le_bytes());
    Raw { size: SIZE, bands, format: "ushort", interpretation, bytes: samples.collect() }
}

fn float() -> Raw {
    let samples = samples(SIZE, 1).flat_map(|(x, y, c)| (smooth(x, y, c) as f32).to_le_bytes());
    Raw { size: SIZE, bands: 1, format: "float", interpretation: "b-w", bytes: samples.collect() }
}

/// A TIFF in one strip, of samples that `at` gives.
fn tiff(photometric: u16, samples_per_pixel: u16, at: impl Fn(u32, u32, u32) -> u8) -> Tiff {
    let pixels = samples(SIZE, samples_per_pixel.into()).map(|(x, y, c)| at(x, y, c)).collect();
    Tiff::new(SIZE.width, SIZE.height, photometric, samples_per_pixel, 8).strips(SIZE.height, vec![pixels])
}

/// A TIFF in one strip, with alpha if there is a sample more than the colours have.
fn plain(bands: u16, photometric: u16) -> Tiff {
    let is_alpha = matches!((bands, photometric), (2, 1) | (4, 2));
    let file = tiff(photometric, bands, eight);
    if is_alpha { file.with(338, &[2]) } else { file }
}

/// CIELab, not very colourful.
pub fn lab() -> Tiff {
    tiff(8, 3, |x, y, c| if c == 0 { eight(x, y, c) } else { eight(x, y, c) / 4 })
}

fn eight(x: u32, y: u32, c: u32) -> u8 {
    quantised(smooth(x, y, c), 256) as u8
}

/// A BMP of 24 bits a pixel.
fn bmp() -> Vec<u8> {
    let row = (3 * SIZE.width).next_multiple_of(4) as usize;
    let length = 54 + row as u32 * SIZE.height;
    let mut file =
        [&b"BM"[..], &length.to_le_bytes(), &[0; 4], &54u32.to_le_bytes(), &40u32.to_le_bytes()].concat();
    file.extend([SIZE.width, SIZE.height, 1 | 24 << 16].map(u32::to_le_bytes).as_flattened());
    file.resize(54, 0);
    for y in (0..SIZE.height).rev() {
        let pixels = (0..SIZE.width).flat_map(|x| [2, 1, 0].map(|c| eight(x, y, c)));
        let line: Vec<u8> = pixels.collect();
        file.extend(&line);
        file.resize(file.len() + row - line.len(), 0);
    }
    file
}

/// A file of a kind, by its name.
pub fn input(bench: &Bench, kind: &str) -> PathBuf {
    let base = |bands: u16, photometric| bench.file("base.tif", &plain(bands, photometric).bytes());
    let saved = |source: PathBuf, name: &str, options: &str| {
        let target = bench.path(name);
        run("vips", &["copy", text(&source), &format!("{}{options}", text(&target))]);
        target
    };
    let rgb = || base(3, 2);
    match kind {
        "JPEG" => saved(rgb(), "rgb.jpg", "[Q=88]"),
        "JPEG, 80" => saved(rgb(), "rgb80.jpg", "[Q=80]"),
        "JPEG, 4:4:4" => saved(rgb(), "full.jpg", "[Q=95,subsample-mode=off]"),
        "JPEG, gray" => saved(base(1, 1), "gray.jpg", "[Q=90]"),
        "JPEG, progressive" => saved(rgb(), "progressive.jpg", "[Q=90,interlace]"),
        "JPEG, CMYK" => saved(base(4, 5), "cmyk.jpg", "[Q=90]"),
        "PNG" => saved(rgb(), "rgb.png", ""),
        "PNG, 16 bits" => {
            saved(bench.vips_tiff("base.tif", &deep(3, "rgb16"), ""), "deep.png", "[bitdepth=16]")
        }
        "PNG, alpha" => saved(base(4, 2), "alpha.png", ""),
        "PNG, full alpha" => {
            let file = tiff(2, 4, |x, y, c| if c == 3 { 255 } else { eight(x, y, c) });
            saved(bench.file("base.tif", &file.with(338, &[2]).bytes()), "full-alpha.png", "")
        }
        "PNG, gray with alpha" => saved(base(2, 1), "gray-alpha.png", ""),
        "PNG, palette" => saved(rgb(), "palette.png", "[palette]"),
        "PNG, interlaced" => saved(rgb(), "interlaced.png", "[interlace]"),
        "WebP" => saved(rgb(), "rgb.webp", "[Q=90]"),
        "WebP, alpha" => saved(base(4, 2), "alpha.webp", "[lossless]"),
        "GIF" => saved(rgb(), "rgb.gif", ""),
        "BMP" => bench.file("rgb.bmp", &bmp()),
        "JP2" => saved(rgb(), "rgb.jp2", "[lossless]"),
        "TIFF, strips" => bench.vips_tiff("strips.tif", &raw(3, "srgb"), "[compression=lzw]"),
        "TIFF, tiles" => bench.vips_tiff("tiles.tif", &raw(3, "srgb"), "[tile,tile-width=64,tile-height=64]"),
        "TIFF, JPEG tiles" => bench.vips_tiff(
            "jpeg-tiles.tif",
            &raw(3, "srgb"),
            "[tile,tile-width=64,tile-height=64,compression=jpeg,Q=90]",
        ),
        "TIFF, deflate tiles" => bench.vips_tiff(
            "deflate-tiles.tif",
            &raw(3, "srgb"),
            "[tile,tile-width=64,tile-height=64,compression=deflate,predictor=horizontal]",
        ),
        "TIFF, 16 bits" => bench.vips_tiff("deep.tif", &deep(3, "rgb16"), "[compression=deflate]"),
        "TIFF, 16 bits, gray with alpha" => bench.vips_tiff("deep-alpha.tif", &deep(2, "grey16"), ""),
        "TIFF, floating point" => bench.vips_tiff("float.tif", &float(), ""),
        "TIFF, CMYK" => bench.vips_tiff("cmyk.tif", &raw(4, "cmyk"), ""),
        "TIFF, CIELab" => bench.file("lab.tif", &lab().bytes()),
        "TIFF, bilevel" => {
            bench.vips_tiff("bilevel.tif", &raw(1, "b-w"), "[bitdepth=1,compression=ccittfax4]")
        }
        "TIFF, palette" => {
            let map: Vec<u64> =
                (0..3).flat_map(|c| (0..256u64).map(move |n| n * 257 * (4 - c) / 4)).collect();
            bench.file("palette.tif", &tiff(3, 1, eight).with(320, &map).bytes())
        }
        "TIFF, white is 0" => bench.file("white.tif", &tiff(0, 1, eight).bytes()),
        "TIFF, planes" => bench.tiffcp("planes.tif", &rgb(), "-p separate"),
        "TIFF, one strip" => bench.tiffcp("one-strip.tif", &rgb(), "-r 100000 -c zip"),
        "TIFF, two pages" => {
            let page = |turn: u8| tiff(2, 3, move |x, y, c| eight(x, y, c) ^ turn);
            bench.file("book.tif", &chain(&[page(0), page(255)]))
        }
        other => panic!("no such kind: {other}"),
    }
}
