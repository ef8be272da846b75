//! info.json (Image API 3.0 and 2.1 section 5), of every kind of master.

use serde_json::Value;

use super::masters::{self, KINDS};
use crate::picture::Picture;
use crate::site::Site;

const FEATURES_3: [&str; 19] = [
    "baseUriRedirect",
    "canonicalLinkHeader",
    "cors",
    "jsonldMediaType",
    "mirroring",
    "profileLinkHeader",
    "regionByPct",
    "regionByPx",
    "regionSquare",
    "rotationArbitrary",
    "rotationBy90s",
    "sizeByConfinedWh",
    "sizeByH",
    "sizeByPct",
    "sizeByW",
    "sizeByWh",
    "sizeUpscaling",
    "sizeByWhListed",
    "sizeByForcedWh",
];
const FEATURES_2: [&str; 21] = [
    "baseUriRedirect",
    "canonicalLinkHeader",
    "cors",
    "jsonldMediaType",
    "mirroring",
    "profileLinkHeader",
    "regionByPct",
    "regionByPx",
    "regionSquare",
    "rotationArbitrary",
    "rotationBy90s",
    "sizeAboveFull",
    "sizeByConfinedWh",
    "sizeByDistortedWh",
    "sizeByH",
    "sizeByPct",
    "sizeByW",
    "sizeByWh",
    "sizeByForcedWh",
    "sizeByWhListed",
    "max",
];

fn info(site: &Site, version: u8, name: &str) -> Value {
    site.expect(200, &format!("/iiif/{version}/{name}.tif/info.json")).json()
}

fn number(value: &Value) -> usize {
    value
        .as_u64()
        .and_then(|number| usize::try_from(number).ok())
        .unwrap_or_else(|| panic!("{value} is no number"))
}

fn list(value: &Value) -> Vec<&str> {
    value
        .as_array()
        .map_or(Vec::new(), |list| list.iter().map(|item| item.as_str().expect("a text")).collect())
}

#[test]
fn version_3_has_its_members_and_no_others() {
    let site = masters::site();
    let members = [
        "@context",
        "id",
        "type",
        "protocol",
        "profile",
        "width",
        "height",
        "maxWidth",
        "maxHeight",
        "maxArea",
        "sizes",
        "tiles",
        "preferredFormats",
        "rights",
        "extraQualities",
        "extraFormats",
        "extraFeatures",
        "partOf",
        "seeAlso",
        "service",
    ];
    for kind in &KINDS {
        let info = info(&site, 3, kind.name);
        let names: Vec<&String> = info.as_object().expect("INFO-01").keys().collect();
        assert_eq!(names[0], "@context", "INFO-03");
        assert!(names.iter().all(|name| members.contains(&name.as_str())), "INFO-33: {names:?}");
        assert_eq!(info["@context"], "http://iiif.io/api/image/3/context.json", "INFO-02");
        let id = format!("http://localhost:{}/iiif/3/{}.tif", site.port, kind.name);
        assert_eq!(info["id"], id, "INFO-04");
        assert_eq!(info["type"], "ImageService3", "INFO-05");
        assert_eq!(info["protocol"], "http://iiif.io/api/image", "INFO-06");
        assert_eq!(info["profile"], "level2", "INFO-07");
        assert_eq!((number(&info["width"]), number(&info["height"])), (kind.width, kind.height), "INFO-20");
        assert!(number(&info["maxWidth"]) > 0 && number(&info["maxArea"]) > 0, "IMG3-INFO-21, 22");
        for feature in list(&info["extraFeatures"]) {
            assert!(FEATURES_3.contains(&feature), "IMG3-INFO-25: {feature}");
        }
        assert!(
            !list(&info["extraFormats"]).iter().any(|format| matches!(*format, "jpg" | "png")),
            "IMG3-INFO-24"
        );
    }
}

#[test]
fn version_2_has_its_members_and_no_others() {
    let site = masters::site();
    let members = [
        "@context",
        "@id",
        "@type",
        "protocol",
        "width",
        "height",
        "profile",
        "sizes",
        "tiles",
        "attribution",
        "license",
        "logo",
        "service",
    ];
    for kind in &KINDS {
        let info = info(&site, 2, kind.name);
        let names = info.as_object().expect("INFO-01").keys();
        assert!(names.clone().all(|name| members.contains(&name.as_str())), "IMG2-INFO-15: {names:?}");
        assert_eq!(info["@context"], "http://iiif.io/api/image/2/context.json", "INFO-02");
        assert_eq!(
            info["@id"],
            format!("http://localhost:{}/iiif/2/{}.tif", site.port, kind.name),
            "INFO-04"
        );
        assert_eq!(info["@type"], "iiif:Image", "INFO-05");
        assert_eq!(info["protocol"], "http://iiif.io/api/image", "INFO-06");
        assert_eq!(info["profile"][0], "http://iiif.io/api/image/2/level2.json", "INFO-08");
        assert_eq!((number(&info["width"]), number(&info["height"])), (kind.width, kind.height), "INFO-20");
        let extras = &info["profile"][1];
        for feature in list(&extras["supports"]) {
            assert!(FEATURES_2.contains(&feature), "IMG2-INFO-11: {feature}");
        }
        for quality in list(&extras["qualities"]) {
            site.expect(200, &format!("/iiif/2/{}.tif/full/full/0/{quality}.jpg", kind.name));
        }
        for (name, value) in extras.as_object().expect("IMG2-INFO-09") {
            assert!(value.as_array().is_none_or(|list| !list.is_empty()), "IMG2-INFO-13: {name} is empty");
        }
    }
}

#[test]
fn listed_sizes_are_served() {
    let site = masters::site();
    for (version, kind) in KINDS.iter().flat_map(|kind| [(3, kind), (2, kind)]) {
        let info = info(&site, version, kind.name);
        for size in info["sizes"].as_array().into_iter().flatten() {
            let (w, h) = (number(&size["width"]), number(&size["height"]));
            let ratio = (w as f64 * kind.height as f64 / kind.width as f64 - h as f64).abs();
            assert!(ratio <= 1.0, "SIZES-04: {w}x{h} of {}x{}", kind.width, kind.height);
            for request in [format!("{w},{h}"), format!("{w},")] {
                let path = format!("/iiif/{version}/{}.tif/full/{request}/0/default.png", kind.name);
                let shown = Picture::of_png(&site.expect(200, &path).body);
                assert_eq!(shown.width, w, "SIZES-03: {path}");
                assert!(request.ends_with(',') || shown.height == h, "SIZES-03: {path}");
            }
        }
    }
}

#[test]
fn tiles_of_every_kind_come_in_the_size_that_is_asked() {
    let site = masters::site();
    for kind in &KINDS {
        let by_3 = info(&site, 3, kind.name);
        assert_eq!(by_3["tiles"], info(&site, 2, kind.name)["tiles"], "TILES-01");
        for tiling in by_3["tiles"].as_array().expect("TILES-02") {
            let width = number(&tiling["width"]);
            let height = tiling.get("height").map_or(width, number);
            let mut factors: Vec<usize> =
                tiling["scaleFactors"].as_array().expect("TILES-03").iter().map(number).collect();
            let count = factors.len();
            factors.sort_unstable();
            factors.dedup();
            assert!(count > 0 && factors.len() == count && factors[0] > 0, "TILES-04, 05");
            for factor in factors {
                check_tiles(&site, kind, (width * factor, height * factor), factor);
            }
        }
    }
}

/// Every tile of a scale factor (Image API 3.0, implementation notes), as both versions' viewers ask for it.
fn check_tiles(site: &Site, kind: &masters::Kind, (step_x, step_y): (usize, usize), factor: usize) {
    for x in (0..kind.width).step_by(step_x) {
        for y in (0..kind.height).step_by(step_y) {
            let (w, h) = (step_x.min(kind.width - x), step_y.min(kind.height - y));
            let (tile_w, tile_h) = (w.div_ceil(factor), h.div_ceil(factor));
            for (version, size) in [(3, format!("{tile_w},{tile_h}")), (2, format!("{tile_w},"))] {
                let path = format!("/iiif/{version}/{}.tif/{x},{y},{w},{h}/{size}/0/default.png", kind.name);
                let answer = site.get(&path);
                assert_eq!(answer.status, 200, "TILES-06: {path}");
                let shown = Picture::of_png(&answer.body);
                assert_eq!(shown.width, tile_w, "TILES-07: {path}");
                // In 2.1 as well, though the ratio of a region that an edge cut may say less or more.
                assert_eq!(shown.height, tile_h, "TILES-08: {path}");
            }
        }
    }
}
