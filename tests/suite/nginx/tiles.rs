//! Every tile that info.json promises comes, in its size, and shows the right pixels.

use serde_json::Value;

use crate::picture::{LEAF, Picture};
use crate::site::{MASTER, Site};

/// JPEG at the usual quality stays below this on smooth waves.
const JPEG_TOLERANCE: f64 = 3.0;

/// The first tiling of an info.json: its scale factors and the side of its tiles.
fn tiling(info: &Value) -> (Vec<usize>, usize) {
    let tiles = &info["tiles"][0];
    let number = |value: &Value| usize::try_from(value.as_u64().expect("a number")).expect("small");
    assert_eq!(number(&tiles["width"]), number(&tiles["height"]));
    let factors = tiles["scaleFactors"].as_array().expect("a list");
    (factors.iter().map(number).collect(), number(&tiles["width"]))
}

/// The regions of all tiles of a scale factor, each with its size (Image API 3.0, implementation notes).
fn tiles(width: usize, height: usize, side: usize, factor: usize) -> Vec<([usize; 4], [usize; 2])> {
    let step = side * factor;
    let along = |full: usize| {
        (0..full).step_by(step).map(move |start| (start, step.min(full - start))).collect::<Vec<_>>()
    };
    let rows = along(height);
    let tile = |(x, w): (usize, usize), (y, h): (usize, usize)| {
        ([x, y, w, h], [w.div_ceil(factor), h.div_ceil(factor)])
    };
    along(width).into_iter().flat_map(|column| rows.iter().map(move |row| tile(column, *row))).collect()
}

fn check_tiles(site: &Site, identifier: &str, picture: &Picture) {
    let info = site.expect(200, &format!("/iiif/3/{identifier}/info.json")).json();
    let (factors, side) = tiling(&info);
    assert_eq!(factors, [1, 2, 4, 8]);
    let mut level = picture.clone();
    for factor in factors {
        for ([x, y, w, h], [width, height]) in tiles(picture.width, picture.height, side, factor) {
            let path = format!("/iiif/3/{identifier}/{x},{y},{w},{h}/{width},{height}/0/default");
            let png = Picture::of_png(&site.expect(200, &format!("{path}.png")).body);
            let jpeg = Picture::of_jpeg(&site.expect(200, &format!("{path}.jpg")).body, picture.channels);
            assert!(png.difference(&jpeg) < JPEG_TOLERANCE, "{path}: {}", png.difference(&jpeg));
            // The last level's sides are rounded up: its pixels are not those of the picture by plain halving.
            if factor < 8 {
                let expected = level.cut(x / factor, y / factor, width, height);
                assert!(png == expected, "{path} differs by {}", png.difference(&expected));
            }
        }
        if factor < 4 {
            level = level.halved();
        }
    }
}

#[test]
fn every_tile_of_a_picture_in_colour() {
    check_tiles(&Site::start(), MASTER, &LEAF.0);
}

#[test]
fn every_tile_of_a_gray_picture() {
    let site = Site::start();
    let gray = Picture::waves(1500, 1100, 1);
    site.add("gray.tif", &gray.master());
    check_tiles(&site, "gray.tif", &gray);
}

#[test]
fn the_tiles_of_version_2() {
    let site = Site::start();
    let info = site.expect(200, &format!("/iiif/2/{MASTER}/info.json")).json();
    let (factors, side) = tiling(&info);
    for factor in factors {
        for ([x, y, w, h], [width, height]) in tiles(LEAF.0.width, LEAF.0.height, side, factor) {
            let base = format!("/iiif/2/{MASTER}/{x},{y},{w},{h}");
            let tile = Picture::of_png(&site.expect(200, &format!("{base}/{width},/0/default.png")).body);
            assert_eq!((tile.width, tile.height), (width, height), "{base} at {factor}");
        }
    }
}

#[test]
fn the_whole_picture() {
    let site = Site::start();
    let whole = |path: &str| Picture::of_png(&site.expect(200, path).body);
    assert!(whole(&format!("/iiif/3/{MASTER}/full/max/0/default.png")) == LEAF.0);
    assert!(whole(&format!("/iiif/2/{MASTER}/full/full/0/default.png")) == LEAF.0);
    for size in site.get(&format!("/iiif/3/{MASTER}/info.json")).json()["sizes"].as_array().expect("sizes") {
        let path = format!("/iiif/3/{MASTER}/full/{},{}/0/default.png", size["width"], size["height"]);
        let picture = whole(&path);
        assert_eq!((&size["width"], &size["height"]), (&picture.width.into(), &picture.height.into()));
    }
    let turned = whole(&format!("/iiif/3/{MASTER}/full/max/90/gray.png"));
    assert_eq!((turned.width, turned.height, turned.channels), (LEAF.0.height, LEAF.0.width, 1));
}
