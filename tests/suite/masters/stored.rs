//! Tiles that are sent as they are stored. libvips judges: it decodes the tile that was sent, and the same place of the
//! master, by the same library, so that nothing may differ.

use std::fs::{self, File, FileTimes};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use recto::picture::{Dimensions, Rect};

use crate::judge::{Bench, Picture, Raw, quantised, run, samples, smooth, text};
use crate::site::{Setup, Site};

const SIZE: Dimensions = Dimensions::new(603, 405);
const TILE: u32 = 128;

/// Waves in one band or three.
fn raw(bands: u32) -> Raw {
    let interpretation = if bands == 1 { "b-w" } else { "srgb" };
    let level = |(x, y, band)| quantised(smooth(x, y, band), 256) as u8;
    Raw {
        size: SIZE,
        bands,
        format: "uchar",
        interpretation,
        bytes: samples(SIZE, bands).map(level).collect(),
    }
}

fn master(bench: &Bench, bands: u32, compression: &str) -> PathBuf {
    let options = format!("[tile,pyramid,tile-width={TILE},tile-height={TILE},{compression}]");
    bench.vips_tiff("master.tif", &raw(bands), &options)
}

const ALWAYS: &str = "[tiles]\npass_through = 100";
const NEVER: &str = "[tiles]\npass_through = 0";

/// A file's pixels as libvips decodes them.
fn shown(bench: &Bench, file: &[u8], extension: &str) -> Picture {
    let path = bench.file(&format!("sent.{extension}"), file);
    bench.judged(&path, "")
}

/// Tiles of the largest level: whole ones, and those at its edges.
fn tiles() -> impl Iterator<Item = Rect> {
    let along = |side: u32, places: [u32; 2]| {
        places.map(|place| (place * TILE, TILE.min(side - place * TILE))).into_iter()
    };
    let rows = along(SIZE.height, [1, 3]);
    rows.flat_map(move |(y, h)| along(SIZE.width, [2, 4]).map(move |(x, w)| Rect::new(x, y, w, h)))
}

#[test]
fn what_is_sent_is_what_libvips_reads_in_the_master() {
    let bench = Bench::new();
    for (bands, compression) in
        [(3, "compression=jpeg,Q=75"), (3, "compression=jpeg,Q=95"), (1, "compression=jpeg,Q=90")]
    {
        let master = master(&bench, bands, compression);
        let judged = bench.judged(&master, "");
        for tile in tiles() {
            let what = format!("{compression}, {bands} bands, {tile}");
            let request = format!("{tile}/max/0/default.jpg");
            let sent = bench.rendered(&master, &request, ALWAYS);
            let picture = shown(&bench, &sent, "jpg");
            let expected = judged.crop(tile);
            let whole = tile.dimensions() == Dimensions::new(TILE, TILE);
            if whole || !compression.contains("Q=75") {
                picture.assert_near(&expected, 0, &what);
            } else {
                // Chroma of 4:2:0 is smoothed across the cut, where decoding it whole has the padding to look at.
                assert!(picture.mean_difference(&expected) < 0.1, "{what}");
            }
            let encoded = bench.rendered(&master, &request, NEVER);
            assert_ne!(sent, encoded, "{what}: was encoded anew");
            assert!(shown(&bench, &encoded, "jpg").mean_difference(&picture) < 2.5, "{what}");
        }
    }
}

#[test]
fn every_rounding_of_a_size_is_the_same_tile() {
    let bench = Bench::new();
    let master = master(&bench, 3, "compression=jpeg,Q=75");
    // The second level has 301x202 pixels; this is its last tile, 45x74 of them.
    let sent = bench.rendered(&master, "512,256,91,149/45,74/0/default.jpg", ALWAYS);
    let level = bench.judged(&master, "[page=1]");
    assert_eq!(level.size, Dimensions::new(301, 202));
    let picture = shown(&bench, &sent, "jpg");
    // Of so small a tile the cut is a large part, and chroma is smoothed across it.
    assert!(picture.mean_difference(&level.crop(Rect::new(256, 128, 45, 74))) < 0.5);
    assert_ne!(sent, bench.rendered(&master, "512,256,91,149/45,74/0/default.jpg", NEVER));
    let inner = bench.rendered(&master, "0,0,256,256/128,128/0/default.jpg", ALWAYS);
    for size in ["128,", ",128", "!128,128", "pct:50"] {
        let again = bench.rendered(&master, &format!("0,0,256,256/{size}/0/default.jpg"), ALWAYS);
        assert_eq!(again, inner, "{size}");
    }
}

#[test]
fn turned_and_gray_tiles_are_made_without_loss() {
    let bench = Bench::new();
    let master = master(&bench, 3, "compression=jpeg,Q=75");
    let tile = Rect::new(128, 128, 128, 128);
    for (turn, operation) in [("90", "rot90"), ("180", "rot180"), ("!0", "flip")] {
        let sent = bench.rendered(&master, &format!("{tile}/max/{turn}/default.jpg"), ALWAYS);
        let upright =
            bench.file("upright.jpg", &bench.rendered(&master, &format!("{tile}/max/0/default.jpg"), ALWAYS));
        let expected = bench.path("expected.png");
        match operation {
            "flip" => run("vips", &["flip", text(&upright), text(&expected), "horizontal"]),
            quarter => run("vips", &["rot", text(&upright), text(&expected), &quarter.replace("rot", "d")]),
        };
        // The inverse transform rounds columns and rows in turn, and 4:2:0 is smoothed in another order.
        shown(&bench, &sent, "jpg").assert_near(&bench.judged(&expected, ""), 4, turn);
        assert_ne!(sent, bench.rendered(&master, &format!("{tile}/max/{turn}/default.jpg"), NEVER));
    }
    let gray = bench.rendered(&master, &format!("{tile}/max/0/gray.jpg"), ALWAYS);
    let encoded = bench.rendered(&master, &format!("{tile}/max/0/gray.jpg"), NEVER);
    let gray = shown(&bench, &gray, "jpg");
    assert_eq!(gray.channels, 1);
    assert!(gray.mean_difference(&shown(&bench, &encoded, "jpg")) < 2.0);
}

#[test]
fn webp_tiles_are_sent_to_who_asks_for_webp() {
    let bench = Bench::new();
    let master = master(&bench, 3, "compression=webp,Q=80");
    let (tile, edge) = (Rect::new(128, 128, 128, 128), Rect::new(512, 384, 91, 21));
    let judged = bench.judged(&master, "");
    let sent = bench.rendered(&master, &format!("{tile}/max/0/default.webp"), ALWAYS);
    shown(&bench, &sent, "webp").assert_near(&judged.crop(tile), 0, "a whole tile");
    let file = fs::read(&master).expect("a master");
    assert!(file.windows(sent.len()).any(|window| window == sent), "byte for byte");
    for (request, lines) in [
        (format!("{tile}/max/0/default.webp"), NEVER),
        (format!("{edge}/max/0/default.webp"), ALWAYS),
        (format!("{tile}/max/90/default.webp"), ALWAYS),
    ] {
        let encoded = bench.rendered(&master, &request, lines);
        assert!(!file.windows(encoded.len()).any(|window| window == encoded), "{request}");
    }
}

#[test]
fn only_what_is_exactly_a_tile_in_srgb_is_sent_so() {
    let bench = Bench::new();
    let plain = master(&bench, 3, "compression=jpeg,Q=75");
    let same = |master: &Path, request: &str| {
        bench.rendered(master, request, ALWAYS) == bench.rendered(master, request, NEVER)
    };
    assert!(!same(&plain, "128,128,128,128/max/0/default.jpg"));
    for request in [
        "127,128,128,128/max/0/default.jpg",
        "128,128,127,128/max/0/default.jpg",
        "128,128,128,128/64,64/0/default.jpg",
        "128,128,128,128/max/10/default.jpg",
        "128,128,128,128/max/0/bitonal.jpg",
        "128,128,128,128/max/0/default.png",
        "128,128,128,128/max/0/default.webp",
        "0,0,256,128/max/0/default.jpg",
    ] {
        assert!(same(&plain, request), "{request}");
    }
    let with_profile = |profile: &str| {
        let (assigned, target) = (bench.path("assigned.v"), bench.path(&format!("{profile}.tif")));
        run("vips", &["icc_transform", text(&plain), text(&assigned), profile, "--input-profile", "srgb"]);
        let options = format!("[tile,tile-width={TILE},tile-height={TILE},compression=jpeg,Q=75]");
        run("vips", &["copy", text(&assigned), &format!("{}{options}", text(&target))]);
        target
    };
    assert!(same(&with_profile("p3"), "128,128,128,128/max/0/default.jpg"), "colours are converted");
    assert!(!same(&with_profile("srgb"), "128,128,128,128/max/0/default.jpg"), "nothing is to convert");
}

#[test]
fn by_default_tiles_are_sent_that_take_no_more_bytes_than_others_would() {
    let bench = Bench::new();
    for (quality, passes) in [(75, true), (95, false)] {
        let master = master(&bench, 3, &format!("compression=jpeg,Q={quality}"));
        let request = "128,128,128,128/max/0/default.jpg";
        let sent = bench.rendered(&master, request, "");
        assert_eq!(sent == bench.rendered(&master, request, ALWAYS), passes, "{quality}");
        assert_eq!(sent == bench.rendered(&master, request, NEVER), !passes, "{quality}");
    }
}

/// The plan says so before anything is read, and what is done otherwise.
#[test]
fn the_plan_tells_of_the_tile_and_of_all_choices() {
    let bench = Bench::new();
    let master = master(&bench, 3, "compression=jpeg,Q=75");
    let plan =
        |request: &str| run(env!("CARGO_BIN_EXE_recto"), &["render", text(&master), request, "--plan"]);
    let tile = plan("128,256,128,128/max/0/default.jpg");
    let whole = plan("full/max/0/default.png");
    assert!(tile.contains("as tile 1,2") && !whole.contains("as tile"));
    assert!(!plan("128,256,128,128/max/0/default.png").contains("as tile"));
    for (plan, line) in [
        (&tile, "paper     red 255, green 255, blue 255"),
        (&tile, "metadata  none"),
        (&whole, "reader    the pieces that the window touches"),
        (&whole, "colour    in sRGB"),
        (&whole, "paper     none"),
        (&whole, "metadata  copyright"),
        (&whole, "write     Default as Png, 8 bits a sample, as a whole"),
    ] {
        assert!(plan.lines().any(|have| have.starts_with(line)), "{line} is not in: {plan}");
    }
}

/// Sets the file's date, and waits until a worker takes it to be settled.
fn age(path: &Path, seconds: u64) {
    let times = FileTimes::new().set_modified(SystemTime::now() - Duration::from_secs(seconds));
    File::options().write(true).open(path).expect("there").set_times(times).expect("set");
    std::thread::sleep(Duration::from_millis(2100));
}

#[test]
fn a_known_master_that_changes_is_seen_at_once() {
    let site =
        Site::with(&Setup { server: "workers = 1\n[tiles]\npass_through = 100\n", ..Setup::default() });
    let bench = Bench::new();
    let master = master(&bench, 3, "compression=jpeg,Q=75");
    let bytes = fs::read(&master).expect("a master");
    site.add("known.tif", &bytes);
    let path = site.server.path("masters").join("known.tif");
    age(&path, 3600);
    let ask = || {
        let fresh = [("X-Recto-Refresh", "1")];
        let tile = site.ask("GET", "/iiif/3/known.tif/128,128,128,128/max/0/default.jpg", &fresh);
        (tile, site.ask("GET", "/iiif/3/known.tif/info.json", &fresh))
    };
    let (tile, info) = ask();
    let again = ask();
    assert_eq!((tile.status, info.status), (200, 200));
    assert!(
        tile.body == again.0.body && info.body == again.1.body && tile.the("etag") == again.0.the("etag")
    );

    // Cut short in place, while it is known: an error, no crash; and whole again.
    let file = File::options().write(true).open(&path).expect("there");
    file.set_len(2000).expect("cut");
    assert_eq!(ask().0.status, 500);
    fs::write(&path, &bytes).expect("written");
    age(&path, 1800);
    let (whole, _) = ask();
    assert!(whole.status == 200 && whole.body == tile.body && whole.the("etag") != tile.the("etag"));

    let gray = bench.vips_tiff("gray.tif", &raw(1), "[tile,compression=jpeg]");
    fs::copy(gray, site.server.path("new")).expect("copied");
    age(&site.server.path("new"), 3600);
    fs::rename(site.server.path("new"), &path).expect("replaced");
    let (other, info_of_other) = ask();
    assert!(other.status == 200 && other.body != tile.body);
    assert!(!info_of_other.json()["tiles"].is_null());

    fs::remove_file(&path).expect("removed");
    assert_eq!((ask().0.status, ask().1.status), (404, 404));
    assert_eq!(site.server.workers().len(), 1);
    assert!(!site.server.log().contains("panicked"));
}

#[test]
fn a_sidecar_that_changes_is_seen_at_once() {
    let site = Site::with(&Setup { server: "workers = 1\n", ..Setup::default() });
    age(&site.server.path("masters").join("leaf.tif"), 3600);
    let label = || {
        let answer = site.ask("GET", "/iiif/3/leaf.tif/info.json", &[("X-Recto-Refresh", "1")]);
        answer.json()["label"].as_str().map(str::to_owned)
    };
    assert_eq!((label(), label()), (None, None));
    for text in ["one", "another"] {
        site.add("leaf.tif.json", format!("{{\"label\": \"{text}\"}}").as_bytes());
        assert_eq!((label().as_deref(), label().as_deref()), (Some(text), Some(text)));
    }
    fs::remove_file(site.server.path("masters").join("leaf.tif.json")).expect("removed");
    assert_eq!(label(), None);
}
