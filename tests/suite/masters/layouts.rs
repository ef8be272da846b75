//! Compressions, predictors, depths, byte orders and layouts that libvips and libtiff write: all without loss, so that
//! every pixel must be what was put in. 16 bits and more come out as the nearest of 256 levels.

use recto::picture::{Dimensions, Rect};

use crate::judge::{Bench, Picture, Raw, quantised, rendered, run, samples, smooth, text, tone};

/// Not a multiple of any tile, nor of 8.
const SIZE: Dimensions = Dimensions::new(603, 405);

/// Crosses edges of all tiles and strips below.
const WINDOW: Rect = Rect::new(37, 61, 533, 303);

const LAYOUTS: [&str; 10] = [
    "-s -r 1",
    "-s -r 7",
    "-s -r 405",
    "-t -w 16 -l 16",
    "-t -w 48 -l 80",
    "-t -w 240 -l 240 -B",
    "-t -w 512 -l 512 -8",
    "-s -r 7 -p separate",
    "-t -w 48 -l 80 -p separate -B -8",
    "-t -w 240 -l 240 -p separate",
];

fn raw<const N: usize>(
    bands: u32,
    format: &'static str,
    interpretation: &'static str,
    stored: impl Fn(f64) -> [u8; N],
) -> Raw {
    let tones = samples(SIZE, bands).map(|(x, y, band)| tone(x, y, band));
    Raw { size: SIZE, bands, format, interpretation, bytes: tones.flat_map(stored).collect() }
}

fn bytes(bands: u32, interpretation: &'static str, levels: u32) -> Raw {
    let step = 255 / (levels - 1);
    raw(bands, "uchar", interpretation, move |tone| [(quantised(tone, levels) * step) as u8])
}

fn expected(bands: u32, level: impl Fn(f64) -> u8) -> Picture {
    Picture::of(SIZE, bands, |x, y, band| level(tone(x, y, band)))
}

fn check(bench: &Bench, master: &str, expected: &Picture, what: &str) {
    let master = bench.path(master);
    rendered(&master, "full/max").assert_near(expected, 0, what);
    let part = rendered(&master, &format!("{WINDOW}/max"));
    part.assert_near(&expected.crop(WINDOW), 0, &format!("a window of {what}"));
}

fn check_compression(compression: &str) {
    let bench = Bench::new();
    let plain = bench.vips_tiff("plain.tif", &bytes(3, "srgb", 256), "");
    let expected = expected(3, |tone| quantised(tone, 256) as u8);
    for layout in LAYOUTS {
        bench.tiffcp("copy.tif", &plain, &format!("-c {compression} {layout}"));
        check(&bench, "copy.tif", &expected, &format!("{compression} {layout}"));
    }
}

#[test]
fn uncompressed_and_packbits() {
    check_compression("none");
    check_compression("packbits");
}

#[test]
fn lzw() {
    check_compression("lzw");
    check_compression("lzw:2");
}

#[test]
fn deflate() {
    check_compression("zip");
    check_compression("zip:2");
}

#[test]
fn zstd() {
    check_compression("zstd");
    check_compression("zstd:2");
}

#[test]
fn lzma() {
    check_compression("lzma");
    check_compression("lzma:2");
}

#[test]
fn webp_without_loss() {
    let bench = Bench::new();
    for (options, bands) in [("", 3), (",tile,tile-width=240,tile-height=48", 3), (",tile", 4)] {
        let options = format!("[compression=webp,lossless{options}]");
        let name = "webp.tif";
        bench.vips_tiff(name, &bytes(bands, "srgb", 256), &options);
        let level = |tone| quantised(tone, 256) as u8;
        let expected = expected(bands, level);
        // Where alpha is 0 nobody sees the colour, and libwebp does not keep it.
        let mut have = rendered(&bench.path(name), "full/max");
        let mut want = expected.clone();
        for picture in [&mut have, &mut want].into_iter().filter(|_| bands == 4) {
            picture.pixels.chunks_exact_mut(4).filter(|pixel| pixel[3] == 0).for_each(|pixel| pixel.fill(0));
        }
        have.assert_near(&want, 0, &options);
    }
}

/// Every sample type that libvips writes, in its own layout and in others.
#[test]
fn depths() {
    let wide = |tone: f64| (quantised(tone, 65_536) as u16).to_ne_bytes();
    let in_32 = |tone: f64| (tone.clamp(0.0, 1.0) * f64::from(u32::MAX)).round();
    let widest = |tone: f64| (in_32(tone) as u32).to_ne_bytes();
    let of_32 = |tone| (in_32(tone) * 255.0 / f64::from(u32::MAX)).round() as u8;
    let of_16 = |tone| ((quantised(tone, 65_536) + 128) / 257) as u8;
    let of_float = |tone: f64| (f64::from(tone as f32) * 255.0).round() as u8;
    let of_8 = |tone| quantised(tone, 256) as u8;
    let float = |tone: f64| (tone as f32).to_ne_bytes();
    let cases = [
        (bytes(1, "b-w", 256), expected(1, of_8), "2"),
        (bytes(2, "b-w", 256), expected(2, of_8), "2"),
        (bytes(4, "srgb", 256), expected(4, of_8), "2"),
        (raw(1, "ushort", "grey16", wide), expected(1, of_16), "2"),
        (raw(3, "ushort", "rgb16", wide), expected(3, of_16), "2"),
        (raw(4, "ushort", "rgb16", wide), expected(4, of_16), "2"),
        (raw(1, "uint", "b-w", widest), expected(1, of_32), "2"),
        (raw(1, "float", "b-w", float), expected(1, of_float), "3"),
        (raw(3, "float", "srgb", float), expected(3, of_float), "3"),
        (raw(1, "double", "b-w", f64::to_ne_bytes), expected(1, |tone| (tone * 255.0).round() as u8), "3"),
    ];
    let bench = Bench::new();
    for (raw, expected, predictor) in cases {
        let what = format!("{} bands of {}", raw.bands, raw.format);
        let plain = bench.vips_tiff("plain.tif", &raw, "[bigtiff]");
        check(&bench, "plain.tif", &expected, &what);
        // libtiff itself cannot read what it writes with the floating point predictor in the other byte order.
        let order = if predictor == "3" { "-L" } else { "-B" };
        for layout in [
            format!("{order} -c zip:{predictor} -s -r 7"),
            format!("-L -c lzw:{predictor} -t -w 48 -l 80"),
            format!("{order} -c zstd:{predictor} -t -w 512 -l 240"),
            "-B -c zip:2 -t -w 240 -l 48".to_owned(),
            "-B -c none -s -r 405".to_owned(),
        ] {
            bench.tiffcp("copy.tif", &plain, &layout);
            check(&bench, "copy.tif", &expected, &format!("{what} {layout}"));
        }
    }
}

/// Few bits a sample: gray of 2 (libvips mistakes the last column of 4), and bilevel in both polarities, group 4 and both orders of bits among them.
#[test]
fn few_bits() {
    let bench = Bench::new();
    for (bits, levels) in [(1, 2), (2, 4)] {
        let expected = expected(1, |tone| (quantised(tone, levels) * (255 / (levels - 1))) as u8);
        for more in ["", ",miniswhite", ",tile,tile-width=48,tile-height=80"] {
            // libvips knows white as zero for bilevel images only.
            let what = format!(
                "[bitdepth={bits}{}]",
                if bits == 1 { more } else { more.trim_start_matches(",miniswhite") }
            );
            let plain = bench.vips_tiff("few.tif", &bytes(1, "b-w", levels), &what);
            check(&bench, "few.tif", &expected, &what);
            let mut copies =
                vec!["-c lzw -s -r 7", "-c packbits -B -t -w 16 -l 16", "-c none -f lsb2msb -s -r 7"];
            copies.extend(
                ["-c g4 -s -r 7", "-c g4 -f lsb2msb -t -w 48 -l 80", "-c g4 -s -r 405"]
                    .iter()
                    .filter(|_| bits == 1),
            );
            for copy in copies {
                bench.tiffcp("copy.tif", &plain, copy);
                check(&bench, "copy.tif", &expected, &format!("{what} {copy}"));
            }
        }
    }
}

/// Ink as libvips writes it, and L*a*b* judged by the colour management that libvips uses.
#[test]
fn inks_and_lab() {
    let bench = Bench::new();
    bench.vips_tiff("cmyk.tif", &bytes(4, "cmyk", 256), "[compression=lzw,tile]");
    let of_8 = |x, y, channel| 255 - quantised(tone(x, y, channel), 256);
    let light = |x, y, channel| ((of_8(x, y, channel) * of_8(x, y, 3) + 127) / 255) as u8;
    let expected = Picture::of(SIZE, 3, light);
    check(&bench, "cmyk.tif", &expected, "CMYK");

    // Within sRGB: what lies outside is cut off by one rule here and by another there.
    let value = |(x, y, band)| match band {
        0 => 100.0 * smooth(x, y, band),
        _ => 30.0 * smooth(x, y, band) - 15.0,
    };
    let narrow = samples(SIZE, 3).flat_map(|place| (value(place) as f32).to_ne_bytes()).collect();
    let in_16 = |place: (u32, u32, u32)| value(place) * if place.2 == 0 { 327.67 } else { 256.0 };
    let wide = samples(SIZE, 3).flat_map(|place| (in_16(place) as i16).to_ne_bytes()).collect();
    for (format, interpretation, bytes) in [("float", "lab", narrow), ("short", "labs", wide)] {
        let raw = Raw { size: SIZE, bands: 3, format, interpretation, bytes };
        let master = bench.vips_tiff("lab.tif", &raw, "[tile,compression=deflate]");
        let judged = bench.path("judged.tif");
        run("vips", &["icc_export", text(&master), text(&judged), "--output-profile", "srgb"]);
        let judged = bench.judged(&judged, "");
        // On its way to the profile, L* has 10 bits in libvips, and those of 8 gain two zeros: white is 99.7 there.
        rendered(&master, "full/max").assert_near(&judged, 6, interpretation);
    }
}

/// Turned masters: what tiffset says of them, libvips shows.
#[test]
fn orientations() {
    let bench = Bench::new();
    let master = bench.vips_tiff("turned.tif", &bytes(3, "srgb", 256), "[tile,tile-width=48,tile-height=80]");
    for orientation in 1..=8 {
        let tag = orientation.to_string();
        run("tiffset", &["-s", "274", &tag, text(&master)]);
        let expected = bench.judged(&master, "[autorotate]");
        let what = format!("orientation {tag}");
        rendered(&master, "full/max").assert_near(&expected, 0, &what);
        let window = Rect::new(17, 33, 301, 257);
        let part = rendered(&master, &format!("{window}/max"));
        part.assert_near(&expected.crop(window), 0, &format!("a window of {what}"));
    }
}
