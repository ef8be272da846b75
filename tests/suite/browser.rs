//! Real viewers in a real browser, on pages of another origin than the images: OpenSeadragon; Mirador, Universal Viewer and
//! TIFY, which have it in them; Leaflet-IIIF and OpenLayers; each on both versions of the API. They zoom, pan, and show what
//! libvips shows of the same places; no request fails, and no page complains. `tests/viewers/drive.mjs` drives; this starts
//! the site, and judges. Tests start in the order of their names: this one is first among those that take long, so that it has
//! company.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::conformance::judge::Shown;
use crate::conformance::masters::write_png;
use crate::fetched;
use crate::judge::{run, skipped, text};
use crate::picture::Picture;
use crate::site::{Setup, Site};

const MASTER: &str = "large.tif";
/// The same picture in JPEG tiles as libvips stores them from quality 90 on, RGB, which are sent as they are.
const STORED: &str = "stored.tif";

/// Each package is a viewer. OpenSeadragon 5 and 6 ask for different URLs; 4 and 5, which Mirador has in it, do not.
const VIEWERS: [&str; 7] = [
    "openseadragon-5.0.1",
    "openseadragon-6.1.1",
    "mirador-4.0.0",
    "universalviewer-4.4.0",
    "tify-0.35.0",
    "leaflet-iiif-3.0.0",
    "ol-10.11.0",
];

/// Views of each page.
const VIEWS: usize = 7;

/// JPEG at the usual quality, and what a browser makes of tiles that it scales by itself.
const TOLERANCE_OF_TILES: f64 = 2.0;
const TOLERANCE_OF_SCALED: f64 = 4.0;
/// TIFY lays tiles between pixels, even at full size: the lines of our picture, three pixels wide, are blurred.
const TOLERANCE_OF_TIFY: f64 = 6.0;
/// A row or column of pixels by itself: where a tile ends too early or too late there is a line that the mean of all
/// others hides.
const TOLERANCE_OF_LINES: f64 = 8.0;

#[test]
fn viewers_show_the_picture() {
    if skipped("viewers") {
        return;
    }
    let packages = fetched::directory("viewers");
    let site =
        Site::with(&Setup { server: "workers = 2\n[tiles]\npass_through = 100\n", ..Setup::default() });
    let original = Picture::waves(3001, 2003, 3);
    site.add(MASTER, &original.master());
    // Kept after the test, for people to look at.
    let output = Path::new(env!("CARGO_TARGET_TMPDIR")).join("viewers");
    let _ = std::fs::remove_dir_all(&output);
    std::fs::create_dir_all(&output).expect("a directory");
    let original_path = output.join("original.png");
    write_png(&original_path, &original);
    let stored = site.server.path("masters").join(STORED);
    let tiles = "[compression=jpeg,Q=95,tile,pyramid,tile-width=256,tile-height=256]";
    run("vips", &["copy", text(&original_path), &format!("{}{tiles}", text(&stored))]);
    let mut records = drive(&packages, &site, &output, MASTER, &VIEWERS);
    records.extend(drive(&packages, &site, &output.join("stored"), STORED, &VIEWERS[1..2]));

    let (views, pages): (Vec<_>, Vec<_>) = records.iter().partition(|record| record.get("view").is_some());
    let runs = 2 * (VIEWERS.len() + 1);
    assert_eq!((views.len(), pages.len()), (VIEWS * runs, runs));
    for page in pages {
        let name = page["page"].as_str().expect("a name");
        assert_eq!(page["complaints"], Value::Array(Vec::new()), "{name}");
        assert_eq!(page["foreign"], Value::Array(Vec::new()), "{name} asks others");
        assert!(page["images"].as_u64() > Some(40), "{name} asks for too little: {page}");
    }
    let faults: Vec<String> = views.iter().filter_map(|view| fault(view, &original_path)).collect();
    assert!(faults.is_empty(), "see {}\n{}", output.display(), faults.join("\n"));
}

/// Runs all viewers; what they print, line by line.
fn drive(packages: &Path, site: &Site, output: &Path, master: &str, viewers: &[&str]) -> Vec<Value> {
    std::fs::create_dir_all(output).expect("a directory");
    let driver = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/viewers/drive.mjs");
    let run = Command::new("node")
        .arg(driver)
        .args([packages, &browser()])
        .args([&format!("http://localhost:{}/iiif", site.port), master])
        .arg(output)
        .args(viewers)
        .output()
        .expect("node is installed");
    let said = String::from_utf8_lossy(&run.stdout).into_owned();
    assert!(run.status.success(), "{}\n{said}", String::from_utf8_lossy(&run.stderr));
    said.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// The browser of this machine, by any of its names.
fn browser() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let names = ["chromium", "google-chrome", "google-chrome-stable", "chromium-browser"];
    names
        .iter()
        .find_map(|name| {
            std::env::split_paths(&path).map(|place| place.join(name)).find(|path| path.is_file())
        })
        .expect("Chromium or Chrome is installed; or leave this test out: SKIP=viewers")
}

/// What is wrong with what a viewer shows.
fn fault(view: &Value, original: &Path) -> Option<String> {
    let name = format!("{} {}", view["page"], view["view"]);
    let number = |value: &Value| value.as_f64().unwrap_or_else(|| panic!("{name}: {value} is no number"));
    let region = ["x", "y", "width", "height"].map(|key| number(&view["shown"][key]));
    let asked = ["x", "y", "width", "height"].map(|key| number(&view["asked"][key]));
    if region.iter().zip(asked).any(|(shown, asked)| (shown - asked).abs() > 0.5) {
        return Some(format!("{name}: shows {region:?}, not {asked:?}"));
    }
    let path = PathBuf::from(view["picture"].as_str().expect("a path"));
    let shown = opaque(Picture::of_png(&std::fs::read(&path).expect("a picture")));
    let region = region.map(|number| number.round() as usize);
    let size = [shown.width, shown.height];
    let expected = Shown { region, size, mirrored: false, turn: 0 }.by_libvips(original);
    let is_tify = name.contains("tify");
    let is_exact = size == [region[2], region[3]] && !is_tify;
    let allowed = match is_exact {
        true => TOLERANCE_OF_TILES,
        false if is_tify => TOLERANCE_OF_TIFY,
        false => TOLERANCE_OF_SCALED,
    };
    let difference = shown.difference(&expected);
    if difference > allowed {
        return Some(format!("{name}: off by {difference:.2} in the mean: {}", path.display()));
    }
    let line = worst_line(&shown, &expected);
    (is_exact && line > TOLERANCE_OF_LINES)
        .then(|| format!("{name}: a line off by {line:.1}: {}", path.display()))
}

/// The largest mean difference of a row or a column of two pictures of one size.
fn worst_line(one: &Picture, other: &Picture) -> f64 {
    let (row, column) = (one.width * one.channels, one.channels);
    let (mut rows, mut columns) = (vec![0_u64; one.height], vec![0_u64; one.width]);
    for (at, (a, b)) in one.samples.iter().zip(&other.samples).enumerate() {
        let difference = u64::from(a.abs_diff(*b));
        rows[at / row] += difference;
        columns[at % row / column] += difference;
    }
    let mean =
        |sums: &[u64], samples: usize| sums.iter().max().map_or(0.0, |sum| *sum as f64 / samples as f64);
    mean(&rows, row).max(mean(&columns, one.height * one.channels))
}

/// Without the canvas's alpha.
fn opaque(picture: Picture) -> Picture {
    let samples = picture.samples.chunks(picture.channels).flat_map(|pixel| &pixel[..3]).copied().collect();
    Picture { channels: 3, samples, ..picture }
}
