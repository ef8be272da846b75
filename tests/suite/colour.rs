//! Colour profiles: what Recto shows is what libvips (by LittleCMS) makes of the same file, whatever its format.

use std::path::Path;

use crate::judge::writer::{Tiff, chain, cut};
use crate::judge::{Bench, Picture, Raw, quantised, recto, rendered, run, smooth, text};
use recto::picture::Dimensions;

const SIZE: Dimensions = Dimensions::new(300, 200);

/// A master in the colours of a profile that libvips has built in, with that profile in it.
fn master(bench: &Bench, profile: &str, name: &str) -> std::path::PathBuf {
    let bytes = Picture::of(SIZE, 3, |x, y, channel| quantised(smooth(x, y, channel), 256) as u8).pixels;
    let raw = Raw { size: SIZE, bands: 3, format: "uchar", interpretation: "srgb", bytes };
    let plain = bench.vips_tiff("plain.tif", &raw, "");
    let (converted, target) = (bench.path("converted.v"), bench.path(name));
    let intent = ["--input-profile", "srgb", "--intent", "relative"];
    run("vips", &[&["icc_transform", text(&plain), text(&converted), profile][..], &intent].concat());
    let options = if name.ends_with(".tif") { "[tile,pyramid,compression=deflate]" } else { "" };
    run("vips", &["copy", text(&converted), &format!("{}{options}", text(&target))]);
    target
}

/// The master in sRGB, by libvips.
fn expected(bench: &Bench, master: &std::path::Path) -> Picture {
    let target = bench.path("expected.png");
    run(
        "vips",
        &["icc_transform", text(master), text(&target), "srgb", "--embedded", "--intent", "relative"],
    );
    bench.judged(&target, "")
}

#[test]
fn profiles_are_applied_in_every_kind_of_master() {
    let bench = Bench::new();
    // LittleCMS and moxcms interpolate printing profiles differently; matrices leave only rounding.
    for (profile, name, tolerance) in [
        ("p3", "p3.tif", 2),
        ("p3", "p3.jpg", 3),
        ("p3", "p3.png", 2),
        ("cmyk", "cmyk.tif", 6),
        ("cmyk", "cmyk.jpg", 8),
    ] {
        let file = master(&bench, profile, name);
        let shown = rendered(&file, "full/max");
        shown.assert_near(&expected(&bench, &file), tolerance, name);
        // The same place in a tile and in a larger picture has the same colour.
        let part = rendered(&file, "64,64,128,64/max");
        part.assert_near(&shown.crop(recto::picture::Rect::new(64, 64, 128, 64)), 0, name);
    }
}

#[test]
fn a_profile_can_be_left_out_of_account() {
    let bench = Bench::new();
    let file = master(&bench, "p3", "p3.tif");
    let strip = "[colour]\nprofile = \"strip\"";
    let stripped = crate::judge::decoded(&bench.rendered(&file, "full/max/0/default.png", strip));
    stripped.assert_near(&bench.judged(&file, ""), 0, "strip");
}

#[test]
fn a_broken_profile_is_ignored() {
    let bench = Bench::new();
    let file = master(&bench, "p3", "p3.tif");
    let mut bytes = std::fs::read(&file).expect("read");
    let profile = bytes.windows(4).position(|word| word == b"acsp").expect("a profile");
    bytes[profile..profile + 60].fill(0xff);
    let broken = bench.file("broken.tif", &bytes);
    let output = recto(&broken, "full/max/0/default.png");
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && log.contains("ICC profile"), "{log}");
    let shown = crate::judge::decoded(&output.stdout);
    shown.assert_near(&bench.judged(&file, ""), 0, "as if it had none");
}

/// A reduced picture in the chain is shown by its own profile, or is sRGB if it has none; unless it is a level of the
/// pyramid, to which GDAL gives no profile although it has the colours of the picture.
#[test]
fn thumbnails_have_colours_of_their_own() {
    let bench = Bench::new();
    let p3 = master(&bench, "p3", "p3.tif");
    let file = std::fs::read(&p3).expect("read");
    let (tiff, first) = recto::ifd::File::open(&file).expect("a header");
    let pyramid = recto::format::tiff::Pyramid::read(&tiff, first, 1).expect("readable").expect("a page");
    let profile = pyramid.icc_profile(&file, 0).expect("a profile");
    let shade = |size: Dimensions, colour: [u8; 3]| {
        let rows = colour.repeat(size.area() as usize);
        let tiles = cut(&rows, size.width as usize, 3, (64, 64));
        (Tiff::new(size.width, size.height, 2, 3, 8), rows, tiles)
    };
    let (main, rows, _) = shade(SIZE, [200, 100, 50]);
    let main = main.with(254, &[0]).strips(SIZE.height, vec![rows]).with_raw(34_675, 7, &profile);
    let (half, tenth) = (Dimensions::new(150, 100), Dimensions::new(30, 20));
    let (level, _, tiles) = shade(half, [100, 200, 50]);
    let level = level.with(254, &[1]).tiles(64, 64, tiles);
    let (thumbnail, rows, _) = shade(tenth, [100, 200, 50]);
    let thumbnail = thumbnail.with(254, &[1]).strips(20, vec![rows]);
    let with = |image: &Tiff| image.clone().with_raw(34_675, 7, &profile);
    let p3_green = |bench: &Bench| {
        let (image, rows, _) = shade(tenth, [100, 200, 50]);
        let file = with(&image.strips(20, vec![rows])).bytes();
        expected(bench, &bench.file("green.tif", &file)).pixel(0, 0).to_vec()
    };
    let p3_green = p3_green(&bench);
    assert!(p3_green[0] < 60, "libvips changes it: {p3_green:?}");
    let keep = "[colour]\nprofile = \"keep\"";
    for (what, reduced, size, right) in [
        ("a thumbnail without a profile", thumbnail.clone(), tenth, vec![100, 200, 50]),
        ("a thumbnail with one", with(&thumbnail), tenth, p3_green.clone()),
        ("a level without a profile", level.clone(), half, p3_green.clone()),
        ("a level with one", with(&level), half, p3_green),
    ] {
        let file = bench.file("reduced.tif", &chain(&[main.clone(), reduced]));
        let shown = rendered(&file, &format!("full/{},{}", size.width, size.height));
        let near = shown.pixel(0, 0).iter().zip(&right).all(|(have, want)| have.abs_diff(*want) <= 2);
        assert!(near, "{what}: {:?} should be {right:?}", shown.pixel(0, 0));
        let sent =
            bench.derivative(&file, &format!("full/{},{}/0/default.png", size.width, size.height), keep);
        assert_eq!(self::profile(&sent).is_some(), what != "a thumbnail without a profile", "{what}, kept");
    }
    // Fewer bits than the picture, and a palette: each is read by its own header.
    let deep = Tiff::new(SIZE.width, SIZE.height, 2, 3, 16).with(254, &[0]);
    let deep = deep.strips(SIZE.height, vec![vec![0; SIZE.area() as usize * 6]]);
    let map: Vec<u64> = [100u64, 200, 50]
        .iter()
        .flat_map(|value| [vec![0; 9], vec![value << 8], vec![0; 246]].concat())
        .collect();
    let palette = Tiff::new(30, 20, 3, 1, 8).with(254, &[1]).with(320, &map).strips(20, vec![vec![9; 600]]);
    for thumbnail in [thumbnail, palette] {
        let file = bench.file("deep.tif", &chain(&[deep.clone(), thumbnail]));
        assert_eq!(rendered(&file, "full/30,20").pixel(0, 0), [100, 200, 50]);
        let sent = bench.derivative(&file, "full/30,20/0/default.tif", "");
        run("vips", &["cast", text(&sent), text(&bench.path("eight.v")), "uchar", "--shift"]);
        assert_eq!(bench.judged(&bench.path("eight.v"), "").pixel(0, 0), [100, 200, 50], "16 bits");
    }
}

/// The profile in a file as libvips finds it, in base 64.
fn profile(file: &Path) -> Option<String> {
    let field = "icc-profile-data";
    let has = run("vipsheader", &["-a", text(file)]).contains(field);
    has.then(|| run("vipsheader", &["-f", field, text(file)]))
}

/// The profile in the box Colour Specification of a JP2.
fn icc_box(file: &Path) -> Vec<u8> {
    let bytes = std::fs::read(file).expect("read");
    let at = bytes.windows(7).position(|word| word == b"colr\x02\0\0").expect("a box with a profile");
    let length = bytes[at - 4..at].iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
    bytes[at + 7..at - 4 + length].to_vec()
}

/// The profile in a TIFF that has one.
fn icc_tag(file: &Path) -> Vec<u8> {
    recto::master::Master::open(file).expect("a master").icc_profile(0).expect("read").expect("a profile")
}

#[test]
fn a_profile_is_kept_with_its_pixels() {
    let bench = Bench::new();
    let file = master(&bench, "p3", "p3.tif");
    let (stored, in_srgb) = (bench.judged(&file, ""), expected(&bench, &file));
    let own = profile(&file).expect("a profile");
    let keep = "[colour]\nprofile = \"keep\"";
    for (format, tolerance) in [("png", 0), ("tif", 0), ("jpg", 12), ("webp", 16), ("jp2", 16)] {
        let shown = bench.derivative(&file, &format!("full/max/0/default.{format}"), keep);
        match format {
            // libvips does not look for it there: its box, ISO/IEC 15444-1 I.5.3.3, method 2.
            "jp2" => assert_eq!(icc_box(&shown), icc_tag(&file)),
            _ => assert_eq!(profile(&shown).as_ref(), Some(&own), "{format}"),
        }
        bench.judged(&shown, "").assert_near(&stored, tolerance, format);
    }
    let tile = bench.derivative(&file, "64,64,64,64/max/0/color.jpg", keep);
    assert_eq!(profile(&tile).as_ref(), Some(&own), "a tile");
    let pdf = std::fs::read(bench.derivative(&file, "full/max/0/default.pdf", keep)).expect("read");
    assert!(pdf.windows(9).any(|word| word == b"/ICCBased"));
    // What cannot have it is sRGB, by whichever way.
    for request in ["full/max/0/default.gif", "full/max/0/default.avif", "full/max/0/gray.png"] {
        let shown = bench.derivative(&file, request, keep);
        assert_eq!(profile(&shown), None, "{request}");
        let converted = std::fs::read(&shown).expect("read");
        let plain = bench.derivative(&file, request, "[colour]\nprofile = \"srgb\"");
        assert!(converted == std::fs::read(plain).expect("read"), "{request}");
    }
    let long =
        bench.derivative(&file, "full/max/0/default.png", "[colour]\nprofile = \"keep\"\nlongest_kept = 99");
    assert_eq!(profile(&long), None);
    bench.judged(&long, "").assert_near(&in_srgb, 2, "a profile that is too long to be kept");
}

#[test]
fn inks_are_srgb_and_grays_keep_theirs() {
    let bench = Bench::new();
    let keep = "[colour]\nprofile = \"keep\"";
    let inks = master(&bench, "cmyk", "cmyk.tif");
    let shown = bench.derivative(&inks, "full/max/0/default.png", keep);
    assert_eq!(profile(&shown), None);
    bench.judged(&shown, "").assert_near(&expected(&bench, &inks), 6, "inks");

    let bytes = Picture::of(SIZE, 1, |x, y, channel| quantised(smooth(x, y, channel), 256) as u8).pixels;
    let raw = Raw { size: SIZE, bands: 1, format: "uchar", interpretation: "b-w", bytes };
    let plain = bench.vips_tiff("plain.tif", &raw, "");
    let linear = moxcms::ColorProfile::new_gray_with_gamma(1.0).encode().expect("a profile");
    let linear = bench.file("linear.icc", &linear);
    let file = bench.path("gray.tif");
    run("vips", &["tiffsave", text(&plain), text(&file), "--profile", text(&linear)]);
    let (own, stored) = (profile(&file).expect("a profile"), bench.judged(&file, ""));
    for request in ["full/max/0/default.png", "full/max/0/gray.png", "full/max/0/default.tif"] {
        let shown = bench.derivative(&file, request, keep);
        assert_eq!(profile(&shown).as_ref(), Some(&own), "{request}");
        bench.judged(&shown, "").assert_near(&stored, 0, request);
    }
    for request in ["full/max/0/default.webp", "full/max/0/bitonal.png"] {
        assert_eq!(profile(&bench.derivative(&file, request, keep)), None, "{request}");
    }
}
