//! Colour profiles: what Recto shows is what libvips (by LittleCMS) makes of the same file, whatever its format.

use crate::judge::{Bench, Picture, Raw, quantised, recto, rendered, run, smooth, text};
use recto::geometry::Dimensions;

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
        part.assert_near(&shown.crop(recto::geometry::Rect::new(64, 64, 128, 64)), 0, name);
    }
}

#[test]
fn a_profile_can_be_left_out_of_account() {
    let bench = Bench::new();
    let file = master(&bench, "p3", "p3.tif");
    let config = bench.file("recto.toml", b"[masters]\nroot = \"/\"\n[colour]\nprofile = \"strip\"\n");
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_recto"))
        .args(["render", text(&file), "full/max/0/default.png", "--config", text(&config)])
        .output()
        .expect("recto runs");
    let stripped = crate::judge::decoded(&output.stdout);
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
