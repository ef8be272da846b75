//! What the boxes around a codestream say of it: colour, palette, channels, resolution, orientation. The boxes are
//! written here, by T.800 annex I; OpenJPEG's program judges those that it understands.

use std::path::PathBuf;

use recto::geometry::Dimensions;
use serde_json::Value;

use super::{check, codestream, judged, tones};
use crate::judge::{Bench, Picture, recto, rendered};

const SIZE: Dimensions = Dimensions::new(603, 405);

fn boxed(kind: &str, contents: &[u8]) -> Vec<u8> {
    let length = u32::try_from(contents.len() + 8).expect("short");
    [&length.to_be_bytes(), kind.as_bytes(), contents].concat()
}

/// A colour specification by number, with parameters.
fn enumerated(number: u32, parameters: &[u32]) -> Vec<u8> {
    let parameters = parameters.iter().flat_map(|number| number.to_be_bytes());
    boxed("colr", &[1, 0, 0].into_iter().chain(number.to_be_bytes()).chain(parameters).collect::<Vec<_>>())
}

/// A JP2 file of a codestream: boxes of its header, then boxes behind it.
fn file(bench: &Bench, picture: &Picture, header: &[Vec<u8>], after: &[Vec<u8>]) -> PathBuf {
    let (width, height) = (picture.size.width.to_be_bytes(), picture.size.height.to_be_bytes());
    let ihdr = [&height[..], &width, &[0, picture.channels as u8, 7, 7, 0, 0]].concat();
    let header = [&[boxed("ihdr", &ihdr)], header].concat().concat();
    let parts = [
        b"\0\0\0\x0cjP  \r\n\x87\n".to_vec(),
        boxed("ftyp", b"jp2 \0\0\0\0jp2 "),
        boxed("jp2h", &header),
        boxed("jp2c", &codestream(bench, picture, "-t 256,256")),
    ];
    bench.file("boxed.jp2", &[&parts[..], after].concat().concat())
}

#[test]
fn colour_models() {
    let bench = Bench::new();
    let (three, four) = (tones(SIZE, 3), tones(SIZE, 4));
    let light = |ink: u8, black: u8| ((u32::from(255 - ink) * u32::from(255 - black) + 127) / 255) as u8;
    let at = |x, y, channel: u32| four.pixel(x, y)[channel as usize];
    let inks = Picture::of(SIZE, 3, |x, y, channel| light(at(x, y, channel), at(x, y, 3)));
    check(&file(&bench, &four, &[enumerated(12, &[])], &[]), &inks, 0, "CMYK");
    check(&file(&bench, &three, &[enumerated(16, &[])], &[]), &three, 0, "sRGB");
    let negative = Picture::of(SIZE, 3, |x, y, channel| 255 - three.pixel(x, y)[channel as usize]);
    check(&file(&bench, &three, &[enumerated(11, &[])], &[]), &negative, 0, "CMY");
    let ycc = file(&bench, &three, &[enumerated(18, &[])], &[]);
    rendered(&ycc, "full/max").assert_near(&judged(&bench, &ycc, 0), 1, "sYCC");
    // White and black, whose a* and b* are 0 where their offsets say so.
    let size = Dimensions::new(64, 64);
    let lab = Picture::of(size, 3, |x, _, channel| [if x < 32 { 255 } else { 0 }, 100, 50][channel as usize]);
    let ranges = enumerated(14, &[100, 0, 200, 100, 300, 50, 0x0044_3530]);
    let shown = rendered(&file(&bench, &lab, &[ranges], &[]), "full/max");
    shown.assert_near(&Picture::of(size, 3, |x, _, _| if x < 32 { 255 } else { 0 }), 0, "CIELab");
    let said = recto(&file(&bench, &three, &[enumerated(1, &[])], &[]), "full/max/0/default.png");
    assert!(String::from_utf8_lossy(&said.stderr).contains("colour space 1"), "YCbCr of another kind");
}

#[test]
fn profiles_are_those_of_the_box() {
    let bench = Bench::new();
    let picture = tones(SIZE, 3);
    for profile in [moxcms::ColorProfile::new_display_p3(), moxcms::ColorProfile::new_adobe_rgb()] {
        let profile = profile.encode().expect("a profile");
        // The judge is the same picture in a format whose profiles libvips judges elsewhere.
        let mut png = Vec::new();
        let mut info = png::Info::with_size(SIZE.width, SIZE.height);
        (info.color_type, info.bit_depth) = (png::ColorType::Rgb, png::BitDepth::Eight);
        info.icc_profile = Some(profile.clone().into());
        let mut writer = png::Encoder::with_info(&mut png, info).expect("PNG").write_header().expect("PNG");
        writer.write_image_data(&picture.pixels).expect("pixels");
        writer.finish().expect("an end");
        let expected = rendered(&bench.file("same.png", &png), "full/max");
        assert!(expected.mean_difference(&picture) > 0.5, "the profile changes something");
        for method in [2, 3] {
            let colour = boxed("colr", &[&[method, 0, 0], &profile[..]].concat());
            check(&file(&bench, &picture, &[colour], &[]), &expected, 0, "ICC");
        }
    }
}

#[test]
fn palettes() {
    let bench = Bench::new();
    let indices = Picture::of(SIZE, 1, |x, y, _| ((x / 5 + y / 3) % 7) as u8);
    let colour = |index: u32, channel: u32| (index * 36 + channel * 3) as u8;
    let entries = (0..7).flat_map(|index| (0..3).map(move |channel| colour(index, channel)));
    let palette = [0, 7, 3, 7, 7, 7].into_iter().chain(entries).collect::<Vec<_>>();
    let mapping = [0, 0, 1, 0, 0, 0, 1, 1, 0, 0, 1, 2];
    let header = [enumerated(16, &[]), boxed("pclr", &palette), boxed("cmap", &mapping)];
    let master = file(&bench, &indices, &header, &[]);
    let expected = Picture::of(SIZE, 3, |x, y, channel| colour(indices.pixel(x, y)[0].into(), channel));
    check(&master, &expected, 0, "a palette");
    judged(&bench, &master, 0).assert_near(&expected, 0, "its judge");
}

#[test]
fn channels_in_any_order() {
    let bench = Bench::new();
    let four = tones(SIZE, 4);
    let order = [(0u16, 1u16, 0u16), (1, 0, 3), (2, 0, 2), (3, 0, 1)];
    let define = |kind: u16| {
        let fields =
            order.iter().map(|&(channel, own, colour)| (channel, if own == 1 { kind } else { 0 }, colour));
        let numbers = fields.flat_map(|(a, b, c)| [a, b, c]);
        boxed("cdef", &std::iter::once(4).chain(numbers).flat_map(u16::to_be_bytes).collect::<Vec<_>>())
    };
    let at = |x, y, channel: u32| four.pixel(x, y)[3 - channel as usize];
    let expected = Picture::of(SIZE, 4, at);
    let master = file(&bench, &four, &[enumerated(16, &[]), define(1)], &[]);
    check(&master, &expected, 0, "alpha first, blue before green and red");
    let undone = Picture::of(SIZE, 4, |x, y, channel| match (channel, u32::from(at(x, y, 3))) {
        (3, alpha) => alpha as u8,
        (_, 0) => 0,
        (_, alpha) => ((f64::from(at(x, y, channel)) * 255.0 / f64::from(alpha)).round()).min(255.0) as u8,
    });
    let master = file(&bench, &four, &[enumerated(16, &[]), define(2)], &[]);
    check(&master, &undone, 0, "premultiplied");
    let three = Picture::of(SIZE, 3, |x, y, channel| four.pixel(x, y)[channel as usize]);
    check(&file(&bench, &four, &[enumerated(16, &[])], &[]), &three, 0, "a fourth channel nobody names");
}

#[test]
fn orientation_and_resolution() {
    let bench = Bench::new();
    let picture = tones(Dimensions::new(90, 60), 3);
    let exif = |tag: u8| {
        let block = [
            b"JpgTiffExif->JP2II\x2a\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0",
            &[tag, 0, 0, 0][..],
            &[0; 4],
        ];
        boxed("uuid", &block.concat())
    };
    let xmp = |tag: u8| {
        let name =
            [0xbe, 0x7a, 0xcf, 0xcb, 0x97, 0xa9, 0x42, 0xe8, 0x9c, 0x71, 0x99, 0x94, 0x91, 0xe3, 0xaf, 0xac];
        let packet =
            format!("<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><r tiff:Orientation=\"{tag}\"/></x:xmpmeta>");
        boxed("uuid", &[&name[..], packet.as_bytes()].concat())
    };
    let turned =
        Picture::of(Dimensions::new(60, 90), 3, |x, y, channel| picture.pixel(y, 59 - x)[channel as usize]);
    for metadata in [vec![exif(6)], vec![xmp(6)], vec![xmp(3), exif(6)]] {
        let master = file(&bench, &picture, &[enumerated(16, &[])], &metadata);
        rendered(&master, "full/max").assert_near(&turned, 0, "a quarter turned");
    }
    // 300 pixels an inch: 11811 a metre.
    let numbers = [0x2e, 0x23, 0, 1, 0x2e, 0x23, 0, 1, 0, 0];
    let resolution = boxed("res ", &boxed("resc", &numbers));
    let master = file(&bench, &picture, &[enumerated(16, &[]), resolution], &[]);
    let info: Value = serde_json::from_slice(&recto(&master, "info.json").stdout).expect("JSON");
    let service = &info["service"][0];
    assert_eq!(service["physicalUnits"], "cm");
    let side = service["physicalScale"].as_f64().expect("a number");
    assert!((side - 2.54 / 300.0).abs() < 1e-6, "{side}");
}
