//! Sizes of both versions, with limits, turns and leave to enlarge.

use std::num::{NonZeroU32, NonZeroU64};

use super::*;
use crate::Version::{V2, V3};
use crate::{Dimensions, Format, ImageRequest, Quality, Rect, Region, Rotation, Size, SizeForm};

fn limits(width: u32, height: u32, area: u64) -> Limits {
    Limits {
        max_width: NonZeroU32::new(width).expect("width"),
        max_height: NonZeroU32::new(height).expect("height"),
        max_area: NonZeroU64::new(area).expect("area"),
    }
}

/// A colour image of 600 by 400 pixels in tiles of 256.
fn service<'a>(version: Version, limits: &Limits, offer: &'a Offer) -> ImageService<'a> {
    let tiling = Tiling { image: Dimensions::new(600, 400), tile: Dimensions::new(256, 256) };
    ImageService { version, tiling, has_colour: true, limits: *limits, offer }
}

/// Resolves `region/size/rotation` and compares the size; nothing means a 400.
#[track_caller]
fn check(rule: &str, version: Version, path: &str, limits: &Limits, expected: Option<(u32, u32)>) {
    let parts: Vec<&str> = path.split('/').collect();
    let request = ImageRequest {
        region: Region::parse(parts[0]).expect(rule),
        size: Size::parse(parts[1], version).expect(rule),
        rotation: Rotation::parse(parts.get(2).copied().unwrap_or("0")).expect(rule),
        quality: Quality::Default,
        format: Format::Jpg,
    };
    match (service(version, limits, &Offer::default()).resolve(&request), expected) {
        (Ok(resolved), Some((width, height))) => {
            assert_eq!(resolved.size, Dimensions::new(width, height), "{rule}: {path}");
        }
        (Err(error), None) => {
            assert_eq!(error.status(), 400, "{rule}: {path}: {error}");
            assert!(error.to_string().starts_with("size: "), "{rule}: {path}: {error}");
        }
        (outcome, _) => panic!("{rule}: {path}: {outcome:?}, expected {expected:?}"),
    }
}

#[test]
fn sizes_of_both_versions() {
    let free = limits(16_384, 16_384, 32_000_000);
    for (rule, path, expected) in [
        ("SIZE-01..03", "full/max", Some((600, 400))),
        ("SIZE-01..03", "100,100,50,70/max", Some((50, 70))),
        ("SIZE-01..03", "500,300,200,200/max", Some((100, 100))),
        ("SIZE-04..09", "full/150,", Some((150, 100))),
        ("SIZE-04..09", "full/200,", Some((200, 133))),
        ("SIZE-04..09", "0,0,453,100/453,", Some((453, 100))),
        ("SIZE-04..09", "full/,150", Some((225, 150))),
        ("SIZE-04..09", "full/,101", Some((152, 101))),
        ("SIZE-10..14", "full/pct:50", Some((300, 200))),
        ("SIZE-10..14", "full/pct:33.333", Some((200, 133))),
        ("SIZE-10..14", "full/pct:100", Some((600, 400))),
        ("SIZE-10..14", "0,0,3,3/pct:50", Some((2, 2))),
        ("SIZE-15..19", "full/225,100", Some((225, 100))),
        ("SIZE-15..19", "full/1,1", Some((1, 1))),
        ("SIZE-20..23", "full/!225,100", Some((150, 100))),
        ("SIZE-20..23", "full/!100,300", Some((100, 67))),
        ("SIZE-20..23", "full/!600,400", Some((600, 400))),
        ("SIZE-20..23", "full/!1,1", Some((1, 1))),
        ("SIZE-24", "full/!200,1000", Some((200, 133))),
        ("SIZE-24", "full/!1000,200", Some((300, 200))),
        ("SIZE-30..35", "full/0,", None),
        ("SIZE-30..35", "full/,0", None),
        ("SIZE-30..35", "full/0,0", None),
        ("SIZE-30..35", "full/!0,100", None),
        ("SIZE-30..35", "full/pct:0", None),
        ("SIZE-30..35", "full/pct:0.01", None),
        ("SIZE-30..35", "0,0,600,1/100,", None),
        ("SIZE-30..35", "0,0,600,1/!100,100", None),
        ("THIN", "0,0,600,1/300,", Some((300, 1))),
        ("THIN", "0,0,600,1/100,1", Some((100, 1))),
        ("SIZE-65..67", "full/99999999999999999999,1", None),
        ("SIZE-65..67", "full/pct:999999999999999999999999", None),
        ("SIZE-65..67", "full/,4294967296", None),
    ] {
        check(rule, V3, path, &free, expected);
        check(rule, V2, path, &free, expected);
    }
}

#[test]
fn enlarging() {
    let free = limits(16_384, 16_384, 32_000_000);
    for (rule, path, plain, signed) in [
        ("IMG3-SIZE-70..75", "full/601,", None, Some((601, 401))),
        ("IMG3-SIZE-70..75", "full/,401", None, Some((602, 401))),
        ("IMG3-SIZE-70..75", "full/601,400", None, Some((601, 400))),
        ("IMG3-SIZE-70..75", "full/100,401", None, Some((100, 401))),
        ("IMG3-SIZE-70..75", "full/pct:120", None, Some((720, 480))),
        ("IMG3-SIZE-70..75", "full/pct:100.0000000001", None, Some((600, 400))),
        ("SIZE-24", "full/!1200,1300", None, Some((1200, 800))),
        ("IMG3-SIZE-80..85", "full/!1200,400", Some((600, 400)), Some((600, 400))),
        ("IMG3-SIZE-87..89", "full/300,", Some((300, 200)), Some((300, 200))),
        ("IMG3-SIZE-87..89", "full/300,100", Some((300, 100)), Some((300, 100))),
        ("IMG3-SIZE-87..89", "full/!300,300", Some((300, 200)), Some((300, 200))),
        ("IMG3-SIZE-90", "0,0,1,1/100,", None, Some((100, 100))),
    ] {
        check(rule, V3, path, &free, plain);
        check(rule, V3, &path.replace('/', "/^"), &free, signed);
        // 2.1 enlarges without a sign: `sizeAboveFull`.
        check("IMG2-SIZE-80..83", V2, path, &free, signed);
    }
    check("IMG3-SIZE-86", V3, "full/^max", &free, Some((6928, 4618)));
    check("SIZE-01..03", V2, "full/full", &free, Some((600, 400)));
    check("SIZE-01..03", V2, "100,100,50,70/full", &free, Some((50, 70)));
}

#[test]
fn limits_bind() {
    let small = limits(300, 150, 30_000);
    for (rule, path, expected) in [
        ("LIMIT-01", "full/max", Some((212, 141))),
        ("LIMIT-01", "0,0,600,100/max", Some((300, 50))),
        ("LIMIT-01", "0,0,100,400/max", Some((38, 150))),
        ("LIMIT-02..03", "full/301,10", None),
        ("LIMIT-02..03", "full/10,151", None),
        ("LIMIT-02..03", "full/300,150", None),
        ("LIMIT-02..03", "full/200,150", Some((200, 150))),
        ("LIMIT-02..03", "full/pct:50", None),
        ("LIMIT-04", "full/!600,400", Some((212, 141))),
        ("LIMIT-04", "full/!300,100", Some((150, 100))),
        // Turned by a quarter, 300 wide would be 300 high.
        ("LIMIT-02..03", "full/160,100/90", None),
        ("LIMIT-01", "0,0,600,100/max/270", Some((150, 25))),
        ("LIMIT-04", "full/!300,100/90", Some((150, 100))),
        ("LIMIT-02..03", "full/160,100/180", Some((160, 100))),
    ] {
        check(rule, V3, path, &small, expected);
        check(rule, V2, path, &small, expected);
    }
    check("LIMIT-05", V3, "full/^pct:60", &small, None);
    check("LIMIT-05", V3, "0,0,10,10/^301,", &small, None);
    check("IMG3-SIZE-86", V3, "0,0,10,10/^max", &small, Some((150, 150)));
    check("LIMIT-02..03", V2, "full/full", &small, None);
}

#[test]
fn colours_and_turns_are_put_in_normal_form() {
    let request = |quality, format, rotation| ImageRequest {
        region: Region::Square,
        size: Size { upscaling: false, form: SizeForm::Max },
        rotation: Rotation::parse(rotation).expect("rotation"),
        quality,
        format,
    };
    let free = limits(16_384, 16_384, 32_000_000);
    let offer = Offer::default();
    let resolved =
        |asked, has_colour| ImageService { has_colour, ..service(V3, &free, &offer) }.resolve(&asked);
    let gray = resolved(request(Quality::Color, Format::Png, "!360.0"), false).expect("QUAL-30..32");
    assert_eq!((gray.quality, gray.orientation.to_string().as_str()), (Quality::Default, "!0"));
    assert_eq!(gray.region, Rect::new(100, 0, 400, 400));
    let tilted = resolved(request(Quality::Default, Format::Png, "!135.0"), true).expect("ROT-30..35");
    assert_eq!((tilted.orientation.quarters, tilted.tilt.to_string().as_str()), (1, "45"));
    assert_eq!(tilted.canvas(), Dimensions::new(566, 566));
}

#[test]
fn the_limits_hold_for_the_canvas_of_a_turn() {
    let small = limits(300, 150, 30_000);
    for version in [V2, V3] {
        check("LIMIT-02..03", version, "full/160,100/10", &small, Some((160, 100)));
        check("LIMIT-02..03", version, "full/160,100/45", &small, None);
        check("LIMIT-01", version, "full/max/45", &small, Some((127, 85)));
        check("LIMIT-01", version, "0,0,600,1/max/45", &small, Some((211, 1)));
        check("LIMIT-04", version, "full/!600,400/100.5", &small, Some((136, 91)));
        check("LIMIT-04", version, "full/!100,100/0.5", &small, Some((100, 67)));
    }
}

#[test]
fn an_enlargement_that_is_not_offered() {
    let free = limits(16_384, 16_384, 32_000_000);
    let none = Offer { upscaling: false, ..Offer::default() };
    for (rule, version, size, status) in [
        ("IMG3-SIZE-90", V3, "^601,", 501),
        ("IMG3-SIZE-90", V3, "^pct:101", 501),
        ("IMG3-SIZE-90", V3, "^!900,900", 501),
        ("IMG3-SIZE-86", V3, "^max", 501),
        ("IMG3-SIZE-87..89", V3, "^300,", 200),
        ("IMG3-SIZE-70..75", V3, "601,", 400),
        ("IMG2-SIZE-80..83", V2, "601,", 400),
        ("IMG2-SIZE-80..83", V2, "601,400", 400),
        ("SIZE-24", V2, "!900,900", 200),
        ("SIZE-01..03", V2, "full", 200),
    ] {
        let request = ImageRequest {
            region: Region::Full,
            size: Size::parse(size, version).expect(rule),
            rotation: Rotation::parse("0").expect(rule),
            quality: Quality::Default,
            format: Format::Jpg,
        };
        let resolved = service(version, &free, &none).resolve(&request);
        assert_eq!(resolved.map_or_else(|error| error.status(), |_| 200), status, "{rule}: {size}");
    }
}

#[test]
fn a_size_above_the_limits_is_told_so() {
    let (free, offer) = (limits(16_384, 16_384, 1 << 40), Offer::default());
    let refusal = |width| {
        let request = ImageRequest {
            region: Region::Full,
            size: Size { upscaling: false, form: SizeForm::Width(width) },
            rotation: Rotation::parse("0").expect("0"),
            quality: Quality::Default,
            format: Format::Jpg,
        };
        service(V3, &free, &offer).resolve(&request).expect_err("too large").to_string()
    };
    assert!(refusal(20_000).contains("maxWidth") && !refusal(20_000).contains('^'));
    assert!(refusal(7000).contains("starts with ^"));
}

#[test]
fn tiles_of_version_2_have_the_size_of_their_row_and_column() {
    let (free, offer) = (limits(16_384, 16_384, 32_000_000), Offer::default());
    let size = |version, (width, height), region: &str, size: &str| {
        let request = ImageRequest {
            region: Region::parse(region).expect(region),
            size: Size::parse(size, version).expect(size),
            rotation: Rotation::parse("0").expect("0"),
            quality: Quality::Default,
            format: Format::Jpg,
        };
        let tiling = Tiling { image: Dimensions::new(width, height), tile: Dimensions::new(256, 256) };
        let resolved = ImageService { tiling, ..service(version, &free, &offer) }.resolve(&request);
        resolved.ok().map(|resolved| (resolved.size.width, resolved.size.height))
    };
    for (image, region, asked, expected, by_ratio) in [
        ((5049, 4097), "4096,1024,953,1024", "239,", (239, 256), Some((239, 257))),
        ((5049, 4097), "0,4096,1024,1", "256,", (256, 1), None),
        ((4097, 4097), "4096,0,1,1024", "1,", (1, 256), Some((1, 1024))),
        ((4097, 4097), "4096,0,1,1024", ",256", (1, 256), None),
        ((4097, 9), "full", "129,", (129, 1), None),
        ((4097, 9), "full", ",1", (129, 1), Some((455, 1))),
    ] {
        assert_eq!(size(V2, image, region, asked), Some(expected), "{image:?}/{region}/{asked}");
        assert_eq!(size(V3, image, region, asked), by_ratio, "3.0: {image:?}/{region}/{asked}");
    }
    // No tile: the ratio is kept, and there must be something of it.
    assert_eq!(size(V2, (5049, 4097), "4096,1024,953,1000", "239,"), Some((239, 251)));
    assert_eq!(size(V2, (5049, 4097), "1,4096,1024,1", "256,"), None);
}

#[test]
fn larger_boxes_are_refused_or_not() {
    let free = limits(16_384, 16_384, 32_000_000);
    let lenient = Offer { larger_boxes: true, ..Offer::default() };
    for (path, expected) in [
        ("!1200,1300", (600, 400)),
        ("!601,401", (600, 400)),
        ("!300,1300", (300, 200)),
        ("^!900,900", (900, 600)),
    ] {
        let request = ImageRequest {
            region: Region::Full,
            size: Size::parse(path, V3).expect(path),
            rotation: Rotation::parse("0").expect("0"),
            quality: Quality::Default,
            format: Format::Jpg,
        };
        let size = |limits: &Limits| service(V3, limits, &lenient).resolve(&request).expect(path).size;
        assert_eq!(size(&free), Dimensions::new(expected.0, expected.1), "SIZE-24: {path}");
        assert!(size(&limits(300, 150, 30_000)).area() <= 30_000, "LIMIT-04: {path}");
    }
}
