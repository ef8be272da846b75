//! What the boxes around a codestream say of it: colour, palette, channels, resolution, orientation. The boxes are
//! written here, by T.800 annex I; OpenJPEG's program judges those that it understands.

use std::path::PathBuf;

use recto::picture::{Dimensions, Rect};
use serde_json::Value;

use super::{check, codestream, judged, tones};
use crate::judge::{Bench, Picture, Raw, quantised, recto, rendered, run, smooth, text};

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
    let extended = file(&bench, &three, &[enumerated(24, &[])], &[]);
    rendered(&extended, "full/max").assert_near(&judged(&bench, &extended, 0), 1, "e-sYCC");
    for (number, name) in [(19, "CIEJab"), (9, "PhotoYCC"), (77, "77")] {
        let said = recto(&file(&bench, &three, &[enumerated(number, &[])], &[]), "full/max/0/default.png");
        let said = String::from_utf8_lossy(&said.stderr);
        assert!(!said.is_empty() && said.contains(name), "{number}: {said}");
    }
}

/// Television's luma and differences of a picture, and inks of it, made here by the standards' own equations.
#[test]
fn colour_models_of_television_and_inks() {
    let bench = Bench::new();
    let source = Picture::of(SIZE, 3, |x, y, channel| quantised(smooth(x, y, channel), 256) as u8);
    let of_video = |red: f64, blue: f64| {
        Picture::of(SIZE, 3, |x, y, channel| {
            let [r, g, b] = [0, 1, 2].map(|n| f64::from(source.pixel(x, y)[n]) / 255.0);
            let luma = red * r + (1.0 - red - blue) * g + blue * b;
            let signal = match channel {
                0 => 16.0 + 219.0 * luma,
                1 => 128.0 + 224.0 * (b - luma) / (2.0 * (1.0 - blue)),
                _ => 128.0 + 224.0 * (r - luma) / (2.0 * (1.0 - red)),
            };
            signal.round() as u8
        })
    };
    for (numbers, stored) in [([1, 22], of_video(0.2126, 0.0722)), ([4, 23], of_video(0.299, 0.114))] {
        for number in numbers {
            // 219 steps for 256, and rounding of differences.
            check(&file(&bench, &stored, &[enumerated(number, &[])], &[]), &source, 2, &number.to_string());
        }
    }
    let inks = Picture::of(SIZE, 4, |x, y, channel| {
        let [r, g, b] = [0, 1, 2].map(|n| f64::from(source.pixel(x, y)[n]));
        let luma = 0.299 * r + 0.587 * g + 0.114 * b;
        [luma, 128.0 + (b - luma) / 1.772, 128.0 + (r - luma) / 1.402, 0.0][channel as usize].round() as u8
    });
    check(&file(&bench, &inks, &[enumerated(13, &[])], &[]), &source, 2, "YCCK");
}

/// libvips, through littleCMS, shows what ROMM's own profile says.
#[test]
fn colours_of_romm() {
    let bench = Bench::new();
    let picture = Picture::of(SIZE, 3, |x, y, channel| 60 + quantised(smooth(x, y, channel), 100) as u8);
    let shown = rendered(&file(&bench, &picture, &[enumerated(21, &[])], &[]), "full/max");
    let mut profile = moxcms::ColorProfile::new_pro_photo_rgb();
    profile.cicp = None;
    let profile = bench.file("romm.icc", &profile.encode().expect("a profile"));
    let raw =
        Raw { size: SIZE, bands: 3, format: "uchar", interpretation: "srgb", bytes: picture.pixels.clone() };
    let (plain, target) = (bench.vips_tiff("plain.tif", &raw, ""), bench.path("srgb.tif"));
    let input = format!("--input-profile={}", text(&profile));
    run("vips", &["icc_transform", text(&plain), text(&target), "srgb", &input, "--intent", "relative"]);
    assert!(shown.mean_difference(&picture) > 3.0, "something changes");
    shown.assert_near(&bench.judged(&target, ""), 2, "ROMM");
}

/// The number of components decides; OpenJPEG's program judges.
#[test]
fn colours_that_contradict_the_components() {
    let bench = Bench::new();
    let (one, three) = (tones(SIZE, 1), tones(SIZE, 3));
    let profile = |space: &[u8; 4]| boxed("colr", &[&[2, 0, 0], &[0; 16][..], space, &[0; 108]].concat());
    for (picture, colour) in [
        (&three, enumerated(17, &[])),
        (&three, enumerated(12, &[])),
        (&three, profile(b"GRAY")),
        (&one, enumerated(16, &[])),
        (&one, enumerated(18, &[])),
        (&one, profile(b"RGB ")),
    ] {
        let master = file(&bench, picture, &[colour], &[]);
        check(&master, picture, 0, "what the components are");
        let said = recto(&master, "full/max/0/default.png").stderr;
        assert_eq!(String::from_utf8_lossy(&said).matches("channels").count(), 1, "one line in the log");
    }
    let master = file(&bench, &three, &[enumerated(17, &[])], &[]);
    judged(&bench, &master, 0).assert_near(&three, 0, "its judge");
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
        let packet = format!("<rdf:RDF><rdf:Description tiff:Orientation=\"{tag}\"/></rdf:RDF>");
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

/// However XMP says it, the picture is turned once: what is carried says 1.
#[test]
fn orientation_in_every_form_of_xmp() {
    let bench = Bench::new();
    let picture = tones(Dimensions::new(90, 60), 3);
    let turned =
        Picture::of(Dimensions::new(60, 90), 3, |x, y, channel| picture.pixel(y, 59 - x)[channel as usize]);
    let name =
        [0xbe, 0x7a, 0xcf, 0xcb, 0x97, 0xa9, 0x42, 0xe8, 0x9c, 0x71, 0x99, 0x94, 0x91, 0xe3, 0xaf, 0xac];
    let packet = |attributes: &str, contents: &str| {
        format!(
            "<?xpacket begin='' id='W5M0MpCehiHzreSzNTczkc9d'?><x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF \
             xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'><rdf:Description rdf:about='' \
             xmlns:t='http://ns.adobe.com/tiff/1.0/' {attributes}>{contents}</rdf:Description></rdf:RDF>\
             </x:xmpmeta>   <?xpacket end='w'?>"
        )
    };
    for (attributes, contents, upright) in [
        ("t:Orientation='6'", "", "t:Orientation='1'"),
        ("t:Orientation = \"&#54;\"", "", "t:Orientation = \"1\""),
        ("", "<t:Orientation>\n 6\n</t:Orientation>", "<t:Orientation>1</t:Orientation>"),
        (
            "",
            "<!-- t:Orientation='3' --><t:Orientation>6</t:Orientation>",
            "<t:Orientation>1</t:Orientation>",
        ),
    ] {
        let text = packet(attributes, contents);
        let wide = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        for bytes in [text.clone().into_bytes(), wide] {
            let xmp = boxed("uuid", &[&name[..], &bytes].concat());
            let master = file(&bench, &picture, &[enumerated(16, &[])], &[xmp]);
            rendered(&master, "full/max").assert_near(&turned, 0, &text);
            let shown = bench.rendered(&master, "full/max/0/default.jpg", "[metadata]\ncarry = [\"xmp\"]");
            let shown = String::from_utf8_lossy(&shown);
            assert!(shown.contains(upright), "{text}");
        }
    }
}

/// Writers count the bytes of a codestream wrongly, or not at all. The codestream itself shows where it ends.
#[test]
fn a_box_of_the_wrong_length() {
    let bench = Bench::new();
    let picture = tones(SIZE, 3);
    let orientation = b"JpgTiffExif->JP2II\x2a\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x03\0\0\0\0\0\0\0";
    let uuid = boxed("uuid", orientation);
    let right = std::fs::read(file(&bench, &picture, &[enumerated(16, &[])], &[])).expect("written");
    let at = |kind: &[u8]| right.windows(4).position(|word| word == kind).expect("a box") - 4;
    let (header, codestream) = (at(b"jp2h"), at(b"jp2c"));
    let with = |at: usize, length: u32| {
        let mut file = right.clone();
        file[at..at + 4].copy_from_slice(&length.to_be_bytes());
        file
    };
    let whole = (right.len() - codestream) as u32;
    let long =
        [&right[..codestream], &[0, 0, 0, 1], b"jp2c", &u64::MAX.to_be_bytes(), &right[codestream + 8..]];
    for (file, what) in [
        (with(codestream, right.len() as u32), "that of the file"),
        (with(codestream, 0), "none"),
        (with(codestream, u32::MAX), "4 GB"),
        (with(codestream, whole - 8), "without its own header"),
        (with(codestream, whole / 2), "too short"),
        (long.concat(), "in 64 bits"),
        (with(header, 0), "a header without length"),
        (with(header, right.len() as u32), "a header of the whole file"),
    ] {
        check(&bench.file("wrong.jp2", &file), &picture, 0, what);
    }
    // Its program refuses a header of the wrong length, but not a codestream.
    for length in [right.len() as u32, whole - 8, whole / 2] {
        let master = bench.file("wrong.jp2", &with(codestream, length));
        judged(&bench, &master, 0).assert_near(&picture, 0, "its judge");
    }
    // Boxes that follow are found where the length is right, and behind a header that is too long.
    let turned = Picture::of(SIZE, 3, |x, y, channel| {
        picture.pixel(SIZE.width - 1 - x, SIZE.height - 1 - y)[channel as usize]
    });
    let followed = [&right[..], &uuid].concat();
    rendered(&bench.file("wrong.jp2", &followed), "full/max").assert_near(&turned, 0, "the right length");
    let mut before = [&right[..codestream], &uuid, &right[codestream..]].concat();
    before[header..header + 4].fill(0);
    rendered(&bench.file("wrong.jp2", &before), "full/max").assert_near(&turned, 0, "behind a header");
    // What is not there is not shown.
    let mut cut = with(codestream, u32::MAX);
    cut.truncate(right.len() * 2 / 3);
    let cut = bench.file("wrong.jp2", &cut);
    rendered(&cut, "0,0,200,200/max").assert_near(
        &picture.crop(Rect::new(0, 0, 200, 200)),
        0,
        "what is there",
    );
    assert!(!recto(&cut, "full/max/0/default.png").status.success(), "what is cut off");
}
