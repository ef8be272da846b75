//! Flat masters that declare colours and orientation in unusual ways, and such as are not quite whole: every pixel that
//! is there is shown as libvips and the textbook show it.

#![allow(clippy::cast_possible_truncation)] // made-up pixels, all in range

use std::path::{Path, PathBuf};

use recto::picture::Dimensions;

use crate::judge::{Bench, Picture, decoded, quantised, recto, rendered, run, smooth, text};

const SIZE: Dimensions = Dimensions::new(203, 117);

fn picture(channels: u32) -> Picture {
    Picture::of(SIZE, channels, |x, y, channel| quantised(smooth(x, y, channel), 256) as u8)
}

fn chunk(name: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let body = [name, data].concat();
    [&(data.len() as u32).to_be_bytes(), &body[..], &libdeflater::crc32(&body).to_be_bytes()].concat()
}

/// The PNG of a picture without anything besides: its chunks up to IDAT, and IDAT.
fn png(picture: &Picture) -> (Vec<u8>, Vec<u8>) {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, picture.size.width, picture.size.height);
    encoder.set_color(if picture.channels == 1 { png::ColorType::Grayscale } else { png::ColorType::Rgb });
    encoder.write_header().expect("PNG").write_image_data(&picture.pixels).expect("pixels");
    let end = bytes.len() - chunk(b"IEND", &[]).len();
    let rest = bytes[33..end].to_vec();
    (bytes[..33].to_vec(), rest)
}

/// A PNG with chunks before and behind its pixels.
fn png_with(picture: &Picture, before: &[Vec<u8>], after: &[Vec<u8>]) -> Vec<u8> {
    let (head, data) = png(picture);
    [head, before.concat(), data, after.concat()].concat()
}

fn end() -> Vec<u8> {
    chunk(b"IEND", &[])
}

/// EXIF of one field in its first directory.
fn exif(tag: u16, kind: u8, value: [u8; 4]) -> Vec<u8> {
    let tag = tag.to_le_bytes();
    [&b"II\x2a\0\x08\0\0\0\x01\0"[..], &tag, &[kind, 0, 1, 0, 0, 0], &value, &[0; 4]].concat()
}

/// EXIF of a camera that was set to Adobe RGB, by DCF or else by the number that some write.
fn adobe_rgb(space: u16, index: &[u8; 4]) -> Vec<u8> {
    let entry = |tag: u16, kind: u8, count: u8, value: &[u8]| {
        [&tag.to_le_bytes()[..], &[kind, 0, count, 0, 0, 0], value].concat()
    };
    let space = [space.to_le_bytes(), [0; 2]].concat();
    [
        b"II\x2a\0\x08\0\0\0\x01\0".to_vec(),
        entry(34_665, 4, 1, &[26, 0, 0, 0]),
        [0; 4].to_vec(),
        b"\x02\0".to_vec(),
        entry(40_961, 3, 1, &space),
        entry(40_965, 4, 1, &[56, 0, 0, 0]),
        [0; 4].to_vec(),
        b"\x01\0".to_vec(),
        entry(1, 2, 4, index),
        [0; 4].to_vec(),
    ]
    .concat()
}

/// A JPEG by libvips with EXIF in place of its own, and as libvips shows its pixels.
fn jpeg(bench: &Bench, exif: &[u8]) -> (PathBuf, Picture) {
    let plain = bench.file("plain.png", &png_with(&picture(3), &[], &[end()]));
    let bare = bench.path("bare.jpg");
    run("vips", &["jpegsave", text(&plain), text(&bare), "--Q", "95", "--strip"]);
    let shown = bench.judged(&bare, "");
    let bare = std::fs::read(bare).expect("read");
    let segment = [b"Exif\0\0", exif].concat();
    let length = (segment.len() as u16 + 2).to_be_bytes();
    let file = [&bare[..2], &[0xff, 0xe1], &length, &segment, &bare[2..]].concat();
    (bench.file("master.jpg", &file), shown)
}

/// A WebP without loss, of which libvips made the pixels; the EXIF that it adds is left out.
fn webp(bench: &Bench) -> Vec<u8> {
    let plain = bench.file("plain.png", &png_with(&picture(3), &[], &[end()]));
    let target = bench.path("plain.webp");
    run("vips", &["webpsave", text(&plain), text(&target), "--lossless"]);
    let file = std::fs::read(target).expect("read");
    let at = file.windows(4).position(|name| name == b"VP8L").expect("pixels");
    let length = u32::from_le_bytes([file[at + 4], file[at + 5], file[at + 6], file[at + 7]]) as usize;
    riff(&file[at..at + 8 + length.next_multiple_of(2)])
}

fn riff(chunks: &[u8]) -> Vec<u8> {
    [b"RIFF", &(chunks.len() as u32 + 4).to_le_bytes()[..], b"WEBP", chunks].concat()
}

/// A quarter turned clockwise, as orientation 6 says.
fn turned(picture: &Picture) -> Picture {
    let Dimensions { height, .. } = picture.size;
    Picture::of(picture.size.transposed(), picture.channels as u32, |x, y, channel| {
        picture.pixel(y, height - 1 - x)[channel as usize]
    })
}

#[track_caller]
fn shows(master: &Path, expected: &Picture, tolerance: u8, what: &str) {
    rendered(master, "full/max").assert_near(expected, tolerance, what);
}

#[test]
fn an_orientation_of_any_type_is_followed() {
    let bench = Bench::new();
    for (kind, name) in [(1, "BYTE"), (3, "SHORT"), (4, "LONG"), (8, "SSHORT"), (9, "SLONG")] {
        let (master, upright) = jpeg(&bench, &exif(274, kind, [6, 0, 0, 0]));
        shows(&master, &turned(&upright), 2, name);
        let block = chunk(b"eXIf", &exif(274, kind, [6, 0, 0, 0]));
        let before = bench.file("before.png", &png_with(&picture(3), &[block], &[end()]));
        shows(&before, &turned(&picture(3)), 0, name);
    }
}

#[test]
fn exif_behind_the_pixels_of_a_png_is_read() {
    let bench = Bench::new();
    let block = chunk(b"eXIf", &exif(274, 3, [6, 0, 0, 0]));
    let text = chunk(b"tEXt", b"Comment\0more");
    let master = bench.file("behind.png", &png_with(&picture(3), &[], &[text, block.clone(), end()]));
    shows(&master, &turned(&picture(3)), 0, "behind the pixels");
    // That before them counts.
    let first = chunk(b"eXIf", &exif(274, 3, [1, 0, 0, 0]));
    let master = bench.file("both.png", &png_with(&picture(3), &[first], &[block, end()]));
    shows(&master, &picture(3), 0, "before and behind");
}

#[test]
fn a_png_is_as_whole_as_its_pixels() {
    let bench = Bench::new();
    let wrong = |mut chunk: Vec<u8>| {
        *chunk.last_mut().expect("a checksum") ^= 0x55;
        chunk
    };
    let noise = b"\0\0\0\x09nothing of a PNG".to_vec();
    for picture in [picture(1), picture(3)] {
        for (before, after, what) in [
            (vec![], vec![wrong(end())], "IEND with a wrong checksum"),
            (vec![], vec![], "no IEND"),
            (vec![], vec![end()[..7].to_vec()], "half of IEND"),
            (vec![], vec![noise.clone()], "noise"),
            (vec![], vec![end(), noise.clone()], "noise behind IEND"),
            (vec![], vec![wrong(chunk(b"tEXt", b"Comment\0x")), end()], "text with a wrong checksum behind"),
            (vec![wrong(chunk(b"tEXt", b"Comment\0x"))], vec![end()], "and before the pixels"),
            (
                vec![wrong(chunk(b"gAMA", &100_000u32.to_be_bytes()))],
                vec![end()],
                "gAMA of which nobody knows",
            ),
        ] {
            shows(&bench.file("odd.png", &png_with(&picture, &before, &after)), &picture, 0, what);
        }
        // The checksums of IDAT and of zlib are missing, which say nothing of what is shown.
        let whole = png_with(&picture, &[], &[]);
        for length in [2, 4, 6, 8] {
            let cut = bench.file("cut.png", &whole[..whole.len() - length]);
            shows(&cut, &picture, 0, "without checksums");
        }
        let interlaced = bench.path("interlaced.png");
        let plain = bench.file("plain.png", &png_with(&picture, &[], &[end()]));
        run("vips", &["pngsave", text(&plain), text(&interlaced), "--interlace"]);
        let interlaced = std::fs::read(interlaced).expect("read");
        let cut = bench.file("cut.png", &interlaced[..interlaced.len() - 12]);
        shows(&cut, &picture, 0, "interlaced without IEND");
        // But pixels must be there, and right.
        let (head, data) = png(&picture);
        for (file, what) in [
            ([&head[..], &data[..data.len() / 2]].concat(), "half of the pixels"),
            ([head.clone(), wrong(data.clone()), end()].concat(), "a wrong checksum of pixels"),
            ([&head[..], &end()].concat(), "no pixels"),
            (interlaced[..interlaced.len() * 4 / 5].to_vec(), "interlaced pixels"),
        ] {
            let output = recto(&bench.file("bad.png", &file), "full/max/0/default.png");
            assert!(!output.status.success(), "{what}");
        }
    }
}

#[test]
fn webp_and_gif_are_as_whole_as_their_pixels() {
    let bench = Bench::new();
    let whole = webp(&bench);
    let chunks = &whole[12..];
    let sized = |length: u32| [b"RIFF", &length.to_le_bytes()[..], &whole[8..]].concat();
    let header = [
        &b"VP8X\x0a\0\0\0\x08\0\0\0"[..],
        &(SIZE.width - 1).to_le_bytes()[..3],
        &(SIZE.height - 1).to_le_bytes()[..3],
    ];
    let block = [&b"EXIF\x1a\0\0\0"[..], &exif(274, 4, [1, 0, 0, 0])].concat();
    let extended = riff(&[&header.concat(), chunks, &block].concat());
    for (file, what) in [
        (sized(0), "a length of 0"),
        (sized(u32::MAX), "a length beyond the file"),
        (sized(whole.len() as u32), "a length that counts its own header"),
        ([&whole[..], b"and more"].concat(), "noise behind it"),
        (extended[..extended.len() - 9].to_vec(), "EXIF that is cut"),
    ] {
        shows(&bench.file("odd.webp", &file), &picture(3), 0, what);
    }
    let cut = bench.file("bad.webp", &whole[..whole.len() * 4 / 5]);
    assert!(!recto(&cut, "full/max/0/default.png").status.success(), "pixels that are cut");
    let plain = bench.file("plain.png", &png_with(&picture(1), &[], &[end()]));
    let gif = bench.path("a.gif");
    run("vips", &["gifsave", text(&plain), text(&gif)]);
    let shown = bench.judged(&gif, "[n=1]");
    let gif = std::fs::read(gif).expect("read");
    assert_eq!(gif.last(), Some(&0x3b), "a trailer");
    for (file, what) in
        [(gif[..gif.len() - 1].to_vec(), "no trailer"), ([&gif[..], b"more"].concat(), "noise")]
    {
        let have = rendered(&bench.file("odd.gif", &file), "full/max");
        let gray = |picture: &Picture| Picture::of(SIZE, 1, |x, y, _| picture.pixel(x, y)[0]);
        gray(&have).assert_near(&gray(&shown), 0, what);
    }
}

/// Pixels of RGB primaries and a power, in sRGB by the textbook: linear light, XYZ, linear light of sRGB. White is that
/// of sRGB.
fn by_the_textbook(source: &Picture, primaries: [(f64, f64); 3], power: f64) -> Picture {
    type Matrix = [[f64; 3]; 3];
    let white = [0.3127 / 0.3290, 1.0, (1.0 - 0.3127 - 0.3290) / 0.3290];
    let minor = |m: Matrix, r: usize, c: usize| {
        let (a, b, d, e) = ((r + 1) % 3, (r + 2) % 3, (c + 1) % 3, (c + 2) % 3);
        m[a][d] * m[b][e] - m[a][e] * m[b][d]
    };
    let inverse = |m: Matrix| -> Matrix {
        let determinant: f64 = (0..3).map(|c| m[0][c] * minor(m, 0, c)).sum();
        std::array::from_fn(|r| std::array::from_fn(|c| minor(m, c, r) / determinant))
    };
    let apply = |m: Matrix, v: [f64; 3]| -> [f64; 3] {
        std::array::from_fn(|r| (0..3).map(|c| m[r][c] * v[c]).sum())
    };
    let to_xyz = |primaries: [(f64, f64); 3]| -> Matrix {
        let columns = primaries.map(|(x, y)| [x / y, 1.0, (1.0 - x - y) / y]);
        let unscaled: Matrix = std::array::from_fn(|r| std::array::from_fn(|c| columns[c][r]));
        let scale = apply(inverse(unscaled), white);
        std::array::from_fn(|r| std::array::from_fn(|c| unscaled[r][c] * scale[c]))
    };
    let (own, srgb) = (to_xyz(primaries), inverse(to_xyz(SRGB)));
    let encode = |light: f64| match light.clamp(0.0, 1.0) {
        light if light <= 0.003_130_8 => 12.92 * light,
        light => 1.055 * light.powf(1.0 / 2.4) - 0.055,
    };
    let pixel = |x, y| {
        let stored = source.pixel(x, y);
        let light = std::array::from_fn(|n| (f64::from(stored[n % stored.len()]) / 255.0).powf(power));
        apply(srgb, apply(own, light)).map(|light| (encode(light) * 255.0).round() as u8)
    };
    Picture::of(source.size, source.channels as u32, |x, y, channel| pixel(x, y)[channel as usize])
}

const SRGB: [(f64, f64); 3] = [(0.64, 0.33), (0.30, 0.60), (0.15, 0.06)];
const ADOBE_RGB: [(f64, f64); 3] = [(0.64, 0.33), (0.21, 0.71), (0.15, 0.06)];
const P3: [(f64, f64); 3] = [(0.680, 0.320), (0.265, 0.690), (0.150, 0.060)];

fn chromaticities(primaries: [(f64, f64); 3]) -> Vec<u8> {
    let places = std::iter::once((0.3127, 0.3290)).chain(primaries).flat_map(|(x, y)| [x, y]);
    let numbers = places.flat_map(|place| ((place * 1e5).round() as u32).to_be_bytes());
    chunk(b"cHRM", &numbers.collect::<Vec<_>>())
}

fn gamma(value: u32) -> Vec<u8> {
    chunk(b"gAMA", &value.to_be_bytes())
}

#[test]
fn colours_that_a_png_tells_in_numbers_are_followed() {
    let bench = Bench::new();
    let (gray, colour) = (picture(1), picture(3));
    let srgb = chunk(b"sRGB", &[0]);
    let code_points = |primaries: u8, transfer: u8| chunk(b"cICP", &[primaries, transfer, 0, 1]);
    for (source, chunks, expected, what) in [
        (&colour, vec![gamma(45_455), chromaticities(SRGB)], colour.clone(), "what stands for sRGB"),
        (&colour, vec![gamma(45_455)], colour.clone(), "a power near that of sRGB"),
        (&colour, vec![gamma(55_556)], by_the_textbook(&colour, SRGB, 1.8), "a power alone"),
        (&gray, vec![gamma(55_556)], by_the_textbook(&gray, SRGB, 1.8), "a power of gray"),
        (&gray, vec![gamma(45_455), chromaticities(P3)], gray.clone(), "primaries of gray"),
        (
            &colour,
            vec![gamma(45_471), chromaticities(ADOBE_RGB)],
            by_the_textbook(&colour, ADOBE_RGB, 563.0 / 256.0),
            "Adobe RGB in numbers",
        ),
        (&colour, vec![srgb.clone(), gamma(100_000), chromaticities(P3)], colour.clone(), "sRGB comes first"),
        (&colour, vec![code_points(1, 13), gamma(100_000)], colour.clone(), "cICP of sRGB"),
        (&colour, vec![code_points(1, 4), srgb.clone()], by_the_textbook(&colour, SRGB, 2.2), "cICP first"),
        (&colour, vec![code_points(12, 4)], by_the_textbook(&colour, P3, 2.2), "cICP of P3"),
        (&gray, vec![code_points(12, 5)], by_the_textbook(&gray, SRGB, 2.8), "cICP of gray"),
    ] {
        let master = bench.file("told.png", &png_with(source, &chunks, &[end()]));
        // A step of 8 bits is up to two of the other curve's, in the dark.
        shows(&master, &expected, 2, what);
    }
}

#[test]
fn adobe_rgb_in_exif_is_followed_where_there_is_no_profile() {
    let bench = Bench::new();
    let block = |exif: &[u8]| chunk(b"eXIf", exif);
    let expected = by_the_textbook(&picture(3), ADOBE_RGB, 563.0 / 256.0);
    for exif in [adobe_rgb(0xffff, b"R03\0"), adobe_rgb(2, b"R98\0")] {
        for (before, after) in [(vec![block(&exif)], vec![end()]), (vec![], vec![block(&exif), end()])] {
            shows(&bench.file("a.png", &png_with(&picture(3), &before, &after)), &expected, 2, "PNG");
        }
        let (master, stored) = jpeg(&bench, &exif);
        shows(&master, &by_the_textbook(&stored, ADOBE_RGB, 563.0 / 256.0), 4, "JPEG");
        let header = [
            &b"VP8X\x0a\0\0\0\x08\0\0\0"[..],
            &(SIZE.width - 1).to_le_bytes()[..3],
            &(SIZE.height - 1).to_le_bytes()[..3],
        ];
        let length = (exif.len() as u32).to_le_bytes();
        let chunks = [&header.concat(), &webp(&bench)[12..], b"EXIF", &length, &exif].concat();
        shows(&bench.file("a.webp", &riff(&chunks)), &expected, 2, "WebP");
    }
    for exif in [adobe_rgb(0xffff, b"R98\0"), adobe_rgb(1, b"R03\0")] {
        let file = png_with(&picture(3), &[block(&exif)], &[end()]);
        shows(&bench.file("a.png", &file), &picture(3), 0, "sRGB, or unknown");
    }
    let chunks = [chunk(b"sRGB", &[0]), block(&adobe_rgb(0xffff, b"R03\0"))];
    shows(
        &bench.file("a.png", &png_with(&picture(3), &chunks, &[end()])),
        &picture(3),
        0,
        "sRGB by its chunk",
    );
    let gray = png_with(&picture(1), &[block(&adobe_rgb(0xffff, b"R03\0"))], &[end()]);
    shows(&bench.file("gray.png", &gray), &picture(1), 0, "gray");
}

/// Pixels stay, and what is sent with them says what they are, to littleCMS in libvips; what is carried in EXIF does not
/// say it a second time.
#[test]
fn colours_told_in_other_words_are_kept_as_a_profile() {
    let bench = Bench::new();
    let expected = by_the_textbook(&picture(3), ADOBE_RGB, 563.0 / 256.0);
    let numbers = vec![gamma(45_471), chromaticities(ADOBE_RGB)];
    let exif = vec![chunk(b"eXIf", &adobe_rgb(0xffff, b"R03\0"))];
    let carried = "[metadata]\ncarry = [\"exif\", \"copyright\"]\n[colour]\nprofile = ";
    for chunks in [numbers, exif] {
        let master = bench.file("told.png", &png_with(&picture(3), &chunks, &[end()]));
        let kept = bench.derivative(&master, "full/max/0/default.png", &format!("{carried}\"keep\""));
        bench.judged(&kept, "").assert_near(&picture(3), 0, "kept");
        let target = bench.path("shown.png");
        let shown =
            ["icc_transform", text(&kept), text(&target), "srgb", "--embedded", "--intent", "relative"];
        run("vips", &shown);
        bench.judged(&target, "").assert_near(&expected, 2, "by its profile");
        let all = run("vipsheader", &["-a", text(&kept)]);
        assert!(!all.contains("ColorSpace") && !all.contains("Interoperability"), "{all}");
        let stripped = bench.rendered(&master, "full/max/0/default.png", "[colour]\nprofile = \"strip\"");
        decoded(&stripped).assert_near(&picture(3), 0, "stripped");
    }
}
