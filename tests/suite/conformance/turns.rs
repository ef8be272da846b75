//! Rotation, quality, format, and their order (Image API 3.0 and 2.1 sections 4.3 to 4.7).
//! Other angles and further formats are judged by what info.json says of them.

use std::process::Command;

use serde_json::Value;

use super::masters::{self, WIDE};
use super::row::Expect::Refusal;
use super::row::In::Both;
use super::row::{REFUSED, check, turned};
use crate::http::Answer;
use crate::picture::Picture;
use crate::site::Site;

const WHOLE: [usize; 4] = [0, 0, 600, 400];

/// Whether the wide master's info.json names this feature.
fn advertises(site: &Site, feature: &str) -> bool {
    features(site).iter().any(|known| known == feature)
}

fn features(site: &Site) -> Vec<Value> {
    let info = site.expect(200, "/iiif/3/wide.tif/info.json").json();
    info["extraFeatures"].as_array().cloned().unwrap_or_default()
}

/// All formats that 2.1's info.json names.
fn formats(site: &Site) -> Vec<String> {
    let info = site.expect(200, "/iiif/2/wide.tif/info.json").json();
    let formats = info["profile"][1]["formats"].as_array().cloned().unwrap_or_default();
    formats.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

#[test]
fn quarters_are_exact() {
    let whole = |mirrored, turn| turned(WHOLE, [600, 400], mirrored, turn);
    let rows = [
        ("ROT-01", Both, "full/max/0/default.png", whole(false, 0)),
        ("ROT-02", Both, "full/max/90/default.png", whole(false, 90)),
        ("ROT-03", Both, "full/max/180/default.png", whole(false, 180)),
        ("ROT-04", Both, "full/max/270/default.png", whole(false, 270)),
        ("ROT-05", Both, "full/300,/90/default.png", turned(WHOLE, [300, 200], false, 90)),
        (
            "ROT-06",
            Both,
            "100,50,200,100/200,100/270/default.png",
            turned([100, 50, 200, 100], [200, 100], false, 270),
        ),
        ("ROT-07", Both, "full/max/90/default.jpg", whole(false, 90)),
        ("ROT-09", Both, "full/max/360/default.png", whole(false, 0)),
        ("ROT-10", Both, "full/max/90.0/default.png", whole(false, 90)),
        ("FLOAT-04", Both, "full/max/180.0000000000/default.png", whole(false, 180)),
        ("ROT-20", Both, "full/max/!0/default.png", whole(true, 0)),
        ("ROT-21", Both, "full/max/!90/default.png", whole(true, 90)),
        ("ROT-22", Both, "full/max/!180/default.png", whole(true, 180)),
        ("ROT-23", Both, "full/max/!270/default.png", whole(true, 270)),
        ("ROT-24", Both, "full/max/%2190/default.png", whole(true, 90)),
        (
            "ORDER-01",
            Both,
            "100,50,300,200/150,100/!90/default.png",
            turned([100, 50, 300, 200], [150, 100], true, 90),
        ),
        (
            "ORDER-02",
            Both,
            "100,50,300,200/60,100/270/default.png",
            turned([100, 50, 300, 200], [60, 100], false, 270),
        ),
    ];
    check(&masters::site(), WIDE, &rows);
}

#[test]
fn malformed_rotations_are_refused() {
    let rotations = [
        "361",
        "360.1",
        "720",
        "-90",
        "+90",
        "1e1",
        "nan",
        "inf",
        "90deg",
        "!",
        "!!90",
        "90!",
        "",
        "0x5a",
        "9 0",
        "!-90",
        "90.0.0",
        ".",
        "99999999999999999999",
    ];
    let requests: Vec<String> =
        rotations.iter().map(|text| format!("full/max/{}/default.png", text.replace(' ', "%20"))).collect();
    let rows: Vec<_> =
        requests.iter().map(|request| ("ROT-40..55", Both, request.as_str(), REFUSED)).collect();
    check(&masters::site(), WIDE, &rows);
}

#[test]
fn other_angles_are_right_or_refused() {
    let site = masters::site();
    let angles = [("45", 45.0), ("22.5", 22.5), ("!30", 30.0), ("135", 135.0), ("359", 359.0), (".5", 0.5)];
    for (rotation, degrees) in angles {
        let request = format!("full/300,/{rotation}/default.png");
        if !advertises(&site, "rotationArbitrary") {
            check(&site, WIDE, &[("ROT-37", Both, request.as_str(), Refusal(&[400, 501]))]);
            continue;
        }
        let shown = Picture::of_png(&site.expect(200, &format!("/iiif/3/wide.tif/{request}")).body);
        let (sin, cos) = f64::to_radians(degrees).sin_cos();
        let width = 300.0 * cos.abs() + 200.0 * sin.abs();
        let height = 300.0 * sin.abs() + 200.0 * cos.abs();
        let near = |side: usize, exact: f64| (side as f64 - exact).abs() <= 1.0;
        assert!(
            near(shown.width, width) && near(shown.height, height),
            "ROT-30..35 {request}: {}x{}, not {width:.2}x{height:.2}",
            shown.width,
            shown.height
        );
        assert!(shown.channels == 4 || shown.channels == 2, "ROT-36 {request}: no alpha");
        let alpha = |x: usize, y: usize| shown.samples[(y * shown.width + x + 1) * shown.channels - 1];
        assert_eq!(alpha(shown.width / 2, shown.height / 2), 255, "ROT-36 {request}: the middle");
        if (10.0..80.0).contains(&degrees) {
            let (right, bottom) = (shown.width - 1, shown.height - 1);
            let corners = [alpha(0, 0), alpha(right, 0), alpha(0, bottom), alpha(right, bottom)];
            assert_eq!(corners, [0; 4], "ROT-36 {request}: the corners");
        }
    }
}

#[test]
fn qualities_are_what_they_are_called() {
    let site = masters::site();
    for version in [3, 2] {
        let png = |name: &str, quality: &str| {
            let path = format!("/iiif/{version}/{name}.tif/full/max/0/{quality}.png");
            Picture::of_png(&site.expect(200, &path).body)
        };
        let colour = png("wide", "default");
        assert!(png("wide", "color") == colour, "QUAL-02");
        // Rec. 601, which the standards of JPEG and of old television share.
        let luma = |p: &[u8]| 0.299 * f64::from(p[0]) + 0.587 * f64::from(p[1]) + 0.114 * f64::from(p[2]);
        let gray = png("wide", "gray");
        let (one, pixels) = (gray.channels, colour.samples.chunks(3));
        let worst = gray.samples.chunks(one).zip(pixels).map(|(g, rgb)| (f64::from(g[0]) - luma(rgb)).abs());
        assert!(worst.fold(0.0, f64::max) < 1.5, "QUAL-03");
        assert!(
            gray.samples.chunks(one).all(|pixel| pixel.iter().all(|sample| *sample == pixel[0])),
            "QUAL-04"
        );
        let bitonal = png("wide", "bitonal");
        assert!(bitonal.samples.iter().all(|sample| matches!(sample, 0 | 255)), "QUAL-06");
        assert!(bitonal.samples.contains(&0) && bitonal.samples.contains(&255), "QUAL-07");
        // `color` of a gray picture is no error, and is not listed.
        assert!(png("gray", "color") == png("gray", "default"), "QUAL-30");
        assert!(png("gray", "gray") == png("gray", "default"), "QUAL-31");
        assert_eq!(png("gray", "bitonal").height, 397, "QUAL-32");
        for quality in ["native", "grey", "Color", "DEFAULT", "frob", ""] {
            let answer = site.get(&format!("/iiif/{version}/wide.tif/full/max/0/{quality}.jpg"));
            assert!(matches!(answer.status, 400 | 404), "QUAL-20..23 {quality}: {}", answer.status);
        }
    }
    for (name, listed) in [("wide", ["bitonal", "color", "gray"].as_slice()), ("gray", &["bitonal", "gray"])]
    {
        let info = site.expect(200, &format!("/iiif/3/{name}.tif/info.json")).json();
        let mut served: Vec<_> = info["extraQualities"].as_array().expect("a list").iter().collect();
        served.sort_by_key(|quality| quality.as_str());
        assert_eq!(served, listed, "IMG3-QUAL-10..12, 33");
    }
}

#[test]
fn every_advertised_format_is_served_and_no_other() {
    let site = masters::site();
    let served = formats(&site);
    assert!(served.iter().any(|format| format == "jpg") && served.iter().any(|format| format == "png"));
    let known = [
        ("jpg", "image/jpeg"),
        ("png", "image/png"),
        ("tif", "image/tiff"),
        ("gif", "image/gif"),
        ("jp2", "image/jp2"),
        ("webp", "image/webp"),
        ("avif", "image/avif"),
        ("pdf", "application/pdf"),
    ];
    for format in &served {
        assert!(known.iter().any(|(name, _)| name == format), "FMT-16: what is {format}?");
    }
    for version in [3, 2] {
        for (format, media_type) in known {
            let path = format!("/iiif/{version}/wide.tif/10,20,300,200/150,100/0/default.{format}");
            let answer = site.get(&path);
            if !served.iter().any(|name| name == format) {
                assert_eq!(answer.status, 400, "FMT-10 {path}");
                continue;
            }
            assert_eq!((answer.status, answer.the("content-type")), (200, media_type), "FMT-03..07 {path}");
            assert!(starts_as(format, &answer), "FMT {path}: other bytes");
            if !matches!(format, "avif" | "pdf") {
                assert_eq!(size_by_libvips(format, &answer), (150, 100), "FMT {path}");
            }
        }
        for format in ["xyz", "JPG", "jpeg", "tiff", "jpg.png", "", "exe"] {
            let answer = site.get(&format!("/iiif/{version}/wide.tif/full/max/0/default.{format}"));
            assert!(matches!(answer.status, 400 | 415), "FMT-10..16 {format}: {}", answer.status);
        }
    }
    // 3.0 lists what level 2 does not have.
    let info = site.expect(200, "/iiif/3/wide.tif/info.json").json();
    let extra: Vec<&str> = info["extraFormats"]
        .as_array()
        .map_or(Vec::new(), |list| list.iter().filter_map(Value::as_str).collect());
    let beyond: Vec<&str> =
        served.iter().map(String::as_str).filter(|format| !matches!(*format, "jpg" | "png")).collect();
    assert_eq!(extra, beyond);
}

/// Whether a body begins as its format does.
fn starts_as(format: &str, answer: &Answer) -> bool {
    let body = &answer.body;
    match format {
        "jpg" => body.starts_with(b"\xff\xd8\xff"),
        "png" => body.starts_with(b"\x89PNG\r\n"),
        "tif" => body.starts_with(b"II") || body.starts_with(b"MM"),
        "gif" => body.starts_with(b"GIF8"),
        "jp2" => body.get(4..8) == Some(b"jP  "),
        "webp" => body.get(8..12) == Some(b"WEBP"),
        "avif" => body.get(4..12) == Some(b"ftypavif"),
        _ => body.starts_with(b"%PDF-"),
    }
}

fn size_by_libvips(format: &str, answer: &Answer) -> (u32, u32) {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join(format!("answer.{format}"));
    std::fs::write(&path, &answer.body).expect("written");
    let field = |name: &str| {
        let output = Command::new("vipsheader").args(["-f", name]).arg(&path).output().expect("libvips");
        let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        said.parse().unwrap_or_else(|_| panic!("{format}: {}", String::from_utf8_lossy(&output.stderr)))
    };
    (field("width"), field("height"))
}
