//! Every tile of info.json, of masters that end anywhere in a tile: each comes in its size, in both versions of the API,
//! and shows its part of the picture, whichever way a level was rounded. The judge is a picture that is known at every
//! point of the plane, and for the levels that others make, libvips and OpenJPEG make them.

#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // made-up pixels, all in range

use std::collections::HashMap;
use std::fs;

use recto::picture::{Dimensions, Rect};

use crate::judge::writer::{Tiff, cut};
use crate::judge::{Bench, Picture, Raw, decoded, run, samples, text};
use crate::masters::levels::at;
use crate::site::Site;

/// One, two and three pixels more than whole tiles, or fewer, at both sides; and lines.
const SIZES: [(u32, u32); 12] = [
    (1025, 37),
    (37, 1026),
    (1031, 513),
    (513, 514),
    (257, 258),
    (1039, 9),
    (1, 600),
    (600, 1),
    (520, 5),
    (3, 2),
    (2, 513),
    (1, 1),
];

/// How the levels of a master came about.
#[derive(Clone, Copy, Debug)]
enum Kind {
    /// A pyramid of libvips, rounded down.
    Down,
    /// Rounded up, as most others do.
    Up,
    /// Rounded up across, down the other way.
    Mixed,
    /// By wavelets.
    Jpeg2000(&'static str),
    /// None that are stored.
    Jpeg,
    Png,
}

const KINDS: [Kind; 8] = [
    Kind::Down,
    Kind::Up,
    Kind::Mixed,
    Kind::Jpeg2000("-n 4"),
    Kind::Jpeg2000("-n 2 -d 3,1"),
    Kind::Jpeg2000("-n 4 -d 5,6"),
    Kind::Jpeg,
    Kind::Png,
];

/// The full picture, exactly.
struct Plane {
    size: Dimensions,
    values: Vec<f64>,
}

impl Plane {
    fn new(size: Dimensions) -> Self {
        let values = samples(size, 1).map(|(x, y, _)| at(f64::from(x) + 0.5, f64::from(y) + 0.5));
        Self { size, values: values.collect() }
    }

    /// The mean of a part.
    fn mean(&self, part: Rect) -> f64 {
        let row = |y: u32| &self.values[(y * self.size.width + part.x) as usize..][..part.width as usize];
        (part.y..part.bottom()).flat_map(row).sum::<f64>() / part.dimensions().area() as f64
    }

    /// It reduced to `size`, a pixel for each box of `factor` by `factor` pixels, as far as it goes.
    fn reduced(&self, factor: u32, size: Dimensions) -> Vec<u8> {
        let whole = Rect::whole(self.size);
        let part = |x, y| Rect::new(x * factor, y * factor, factor, factor).intersection(whole);
        let mean = |(x, y, _)| self.mean(part(x, y).expect("inside")).round() as u8;
        samples(size, 1).map(mean).collect()
    }

    fn raw(&self) -> Raw {
        let bytes = self.reduced(1, self.size);
        Raw { size: self.size, bands: 1, format: "uchar", interpretation: "b-w", bytes }
    }
}

/// The master in a file that the site knows by this name.
fn add(site: &Site, bench: &Bench, kind: Kind, plane: &Plane) -> &'static str {
    let (name, path) = match kind {
        Kind::Down => {
            let options = "[tile,pyramid,tile-width=64,tile-height=64]";
            ("down.tif", bench.vips_tiff("down.tif", &plane.raw(), options))
        }
        Kind::Up | Kind::Mixed => ("up.tif", pyramid(bench, plane, matches!(kind, Kind::Up))),
        Kind::Jpeg2000(options) => ("waves.jp2", jpeg2000(bench, plane, options)),
        Kind::Jpeg => ("flat.jpg", bench.vips_tiff("flat.jpg", &plane.raw(), "[Q=98]")),
        Kind::Png => ("flat.png", bench.vips_tiff("flat.png", &plane.raw(), "")),
    };
    site.add(name, &fs::read(path).expect("a master"));
    name
}

/// Pages of a TIFF that no tool rounds so: each written here, put together by libtiff.
fn pyramid(bench: &Bench, plane: &Plane, up: bool) -> std::path::PathBuf {
    let level = |n: u32| {
        let (width, height) = (plane.size.width.div_ceil(1 << n), plane.size.height);
        let height = if up { height.div_ceil(1 << n) } else { (height >> n).max(1) };
        let pixels = plane.reduced(1 << n, Dimensions::new(width, height));
        let tiff = Tiff::new(width, height, 1, 1, 8).with(254, &[(n > 0).into()]);
        let pieces = cut(&pixels, width as usize, 1, (64, 64));
        bench.file(&format!("level{n}.tif"), &tiff.tiles(64, 64, pieces).bytes())
    };
    let target = bench.path("up.tif");
    let levels: Vec<_> = (0..4).map(level).collect();
    run(
        "tiffcp",
        &[&levels[..], std::slice::from_ref(&target)].concat().iter().map(|p| text(p)).collect::<Vec<_>>(),
    );
    target
}

fn jpeg2000(bench: &Bench, plane: &Plane, options: &str) -> std::path::PathBuf {
    let (source, target) = (bench.file("source.raw", &plane.raw().bytes), bench.path("waves.jp2"));
    let form = format!("{},{},1,8,u", plane.size.width, plane.size.height);
    let mut arguments = vec!["-i", text(&source), "-o", text(&target), "-F", &form];
    arguments.extend(options.split_whitespace());
    run("opj_compress", &arguments);
    target
}

/// How far a pixel may be from the mean of its box: the steepest slope of the plane, along both axes, times what it may
/// be out of place. Samples of wavelets stand up to half a box from its middle; what is scaled from another level (one
/// of these proportions may be taken for another picture) ends where the picture ends, not where the last box does; where a level was rounded down, its last column and row may stand
/// for the one that is missing.
fn tolerance(kind: Kind, factor: u32, is_last: bool) -> f64 {
    let out_of_place = match kind {
        Kind::Down | Kind::Mixed if is_last => f64::from(factor),
        Kind::Jpeg2000(_) if is_last => f64::from(factor),
        Kind::Jpeg2000(_) | Kind::Mixed | Kind::Png if factor > 1 => f64::from(factor) / 2.0,
        _ => 0.0,
    };
    4.0 + (3.5 + 2.9) * out_of_place
}

#[test]
fn every_tile_is_there_and_right() {
    let (site, bench) = (Site::start(), Bench::new());
    for (width, height) in SIZES {
        let plane = Plane::new(Dimensions::new(width, height));
        for kind in KINDS {
            // OpenJPEG's program halves nothing until it is gone.
            if matches!(kind, Kind::Jpeg2000(_)) && width.min(height) < 8 {
                continue;
            }
            let name = add(&site, &bench, kind, &plane);
            check(&site, name, kind, &plane);
            fs::remove_file(site.server.path("masters").join(name)).expect("removed");
            site.forget_all();
        }
    }
}

/// All tiles of a master, as both versions of the API ask for them.
fn check(site: &Site, name: &str, kind: Kind, plane: &Plane) {
    let png = |path: &str| decoded(&site.expect(200, path).body);
    // By its width alone, a tile is what it is by both sides. What is one pixel wide does not tell its scale factor, and
    // where the edge cut it both ways nothing else does: then it is the first.
    let mut by_width = HashMap::new();
    for (region, factor) in tiles(site, name, plane.size) {
        let size = Dimensions::new(region.width.div_ceil(factor), region.height.div_ceil(factor));
        let what = format!("{kind:?} of {}: {region} by {factor}", plane.size);
        let tile = png(&format!("/iiif/3/{name}/{region}/{},{}/0/default.png", size.width, size.height));
        assert_eq!(tile.size, size, "{what}");
        assert_right(&tile, kind, plane, region, factor, &what);
        let short = format!("/iiif/2/{name}/{region}/{},/0/default.png", size.width);
        let first = by_width.entry(short.clone()).or_insert(tile);
        assert!(png(&short) == *first, "{what}: another tile by its width alone");
    }
}

/// The regions of all tiles of info.json, with their scale factors (Image API 3.0, implementation notes).
fn tiles(site: &Site, name: &str, Dimensions { width, height }: Dimensions) -> Vec<(Rect, u32)> {
    let info = site.expect(200, &format!("/iiif/3/{name}/info.json")).json();
    let number = |value: &serde_json::Value| value.as_u64().expect("a number") as u32;
    let tiling = &info["tiles"][0];
    let (wide, high) = (number(&tiling["width"]), number(&tiling["height"]));
    let factors = tiling["scaleFactors"].as_array().expect("factors").iter().map(number);
    let of = |factor| {
        let (wide, high) = (wide * factor, high * factor);
        let grid = samples(Dimensions::new(width.div_ceil(wide), height.div_ceil(high)), 1);
        grid.map(move |(column, row, _)| {
            let (x, y) = (column * wide, row * high);
            (Rect::new(x, y, wide.min(width - x), high.min(height - y)), factor)
        })
    };
    factors.flat_map(of).collect()
}

fn assert_right(tile: &Picture, kind: Kind, plane: &Plane, region: Rect, factor: u32, what: &str) {
    for (x, y, _) in samples(tile.size, 1) {
        let place = Rect::new(region.x + x * factor, region.y + y * factor, factor, factor);
        let part = place.intersection(region).expect("inside");
        let (have, want) = (f64::from(tile.pixel(x, y)[0]), plane.mean(part));
        let is_last = place.right() >= plane.size.width || place.bottom() >= plane.size.height;
        let off = (have - want).abs();
        assert!(off <= tolerance(kind, factor, is_last), "{what}: {have} at {x},{y} should be {want:.1}");
    }
}
