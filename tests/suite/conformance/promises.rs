//! What info.json promises is served, also by a configuration that allows little: every size, every tile, in every
//! format.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use super::masters::{KINDS, Kind};
use crate::judge::{Bench, decoded, run, text};

/// `recto render` of a request under a configuration with these lines.
fn answer(bench: &Bench, master: &Path, request: &str, lines: &str, version: &str) -> Output {
    let config = bench.file("recto.toml", format!("[masters]\nroot = \"/\"\n{lines}\n").as_bytes());
    Command::new(env!("CARGO_BIN_EXE_recto"))
        .args(["render", text(master), request, "--api", version, "--config", text(&config)])
        .output()
        .expect("recto runs")
}

#[track_caller]
fn served(bench: &Bench, master: &Path, request: &str, lines: &str, version: &str) -> Vec<u8> {
    let Output { status, stdout, stderr } = answer(bench, master, request, lines, version);
    assert!(status.success(), "{} {request} {lines}: {}", master.display(), String::from_utf8_lossy(&stderr));
    stdout
}

fn info_json(bench: &Bench, master: &Path, lines: &str, version: &str) -> Value {
    serde_json::from_slice(&served(bench, master, "info.json", lines, version)).expect("JSON")
}

fn number(value: &Value) -> u32 {
    value.as_u64().and_then(|number| number.try_into().ok()).unwrap_or_else(|| panic!("{value} is no number"))
}

/// A master of a kind of the gallery, stored by libvips in another way.
fn master(bench: &Bench, kind: &Kind, name: &str, options: &str) -> PathBuf {
    let target = bench.path(name);
    run("vips", &["copy", text(&kind.original()), &format!("{}{options}", text(&target))]);
    target
}

/// Sizes and tiles of a master under a budget of source pixels; how many scale factors there were.
fn check(bench: &Bench, master: &Path, budget: u32) -> usize {
    let lines = format!("[limits]\nmax_source_area = {budget}");
    let info = info_json(bench, master, &lines, "3");
    let (width, height) = (number(&info["width"]), number(&info["height"]));
    for size in info["sizes"].as_array().into_iter().flatten() {
        let request = format!("full/{},{}/0/default.png", size["width"], size["height"]);
        served(bench, master, &request, &lines, "3");
    }
    let Some(tiling) = info.get("tiles").map(|tiles| &tiles[0]) else { return 0 };
    let (wide, high) = (number(&tiling["width"]), number(&tiling["height"]));
    let factors: Vec<u32> = tiling["scaleFactors"].as_array().expect("TILES-03").iter().map(number).collect();
    assert!(!factors.is_empty(), "TILES-04: {info}");
    for factor in &factors {
        for x in (0..width).step_by((wide * factor) as usize) {
            for y in (0..height).step_by((high * factor) as usize) {
                let (w, h) = ((wide * factor).min(width - x), (high * factor).min(height - y));
                let (ws, hs) = (w.div_ceil(*factor), h.div_ceil(*factor));
                let tile = format!("{x},{y},{w},{h}/{ws},{hs}/0/default.png");
                served(bench, master, &tile, &lines, "3");
                // In the canonical form of 2.1.
                let short = format!("{x},{y},{w},{h}/{ws},/0/default.png");
                let size = decoded(&served(bench, master, &short, &lines, "2")).size;
                assert_eq!((size.width, size.height), (ws, hs), "TILES-08: {short}");
            }
        }
    }
    factors.len()
}

#[test]
fn what_costs_too_much_is_not_promised() {
    let bench = Bench::new();
    let strips = KINDS.iter().find(|kind| kind.name == "strips").expect("640x481 in strips");
    let whole = 640 * 481;
    // In strips, all of which a tile of 512 needs; in one piece; in tiles, with and without levels.
    let thin = master(&bench, strips, "thin.tif", "[compression=deflate]");
    let one = master(&bench, strips, "one.png", "");
    let flat = master(&bench, strips, "flat.tif", "[tile,tile-width=64,tile-height=64,compression=deflate]");
    let deep =
        master(&bench, strips, "deep.tif", "[tile,tile-width=64,tile-height=64,pyramid,compression=deflate]");
    for (master, budget, factors) in [
        (&thin, whole, 2),
        (&thin, whole - 1, 0),
        (&one, whole, 2),
        (&one, whole - 1, 0),
        (&flat, whole, 3),
        (&flat, 256 * 256, 1),
        (&flat, 256 * 256 - 1, 0),
        (&deep, 256 * 256, 3),
        (&deep, 64 * 64, 0),
    ] {
        assert_eq!(check(&bench, master, budget), factors, "{} with {budget}", master.display());
    }
}

#[test]
fn a_format_is_listed_if_it_holds_the_image() {
    let bench = Bench::new();
    let wide = KINDS[0].original();
    let lists = |lines: &str, version: &str| {
        let info = info_json(&bench, &wide, lines, version);
        let list = if version == "3" { &info["extraFormats"] } else { &info["profile"][1]["formats"] };
        list.as_array().expect("formats").contains(&"avif".into())
    };
    for (lines, listed) in [
        ("", true),
        ("[avif]\nmax_area = 240000", true),
        ("[avif]\nmax_area = 239999", false),
        // No more of it is served anyway.
        ("[avif]\nmax_area = 60000\n[limits]\nmax_area = 60000", true),
    ] {
        assert_eq!((lists(lines, "3"), lists(lines, "2")), (listed, listed), "{lines}");
    }
    let preferred = "[offer]\npreferred_formats = [\"avif\", \"png\"]\n[avif]\nmax_area = 60000";
    assert_eq!(info_json(&bench, &wide, preferred, "3")["preferredFormats"], serde_json::json!(["png"]));
    // What is left to the server fits, what is named has to.
    let small = "[avif]\nmax_area = 15000";
    for (request, size) in [
        ("full/max/0/default.avif", Some((150, 100))),
        ("full/^max/0/default.avif", Some((150, 100))),
        ("full/!400,400/0/default.avif", Some((150, 100))),
        ("0,0,100,100/max/0/default.avif", Some((100, 100))),
        ("full/150,100/0/default.avif", Some((150, 100))),
        ("full/151,100/0/default.avif", None),
        ("full/400,/0/default.avif", None),
        ("full/max/0/default.png", Some((600, 400))),
    ] {
        let output = answer(&bench, &wide, request, small, "3");
        let Some((width, height)) = size else {
            let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(!output.status.success() && complaint.contains("this format"), "{request}: {complaint}");
            continue;
        };
        assert!(output.status.success(), "{request}: {}", String::from_utf8_lossy(&output.stderr));
        let (_, ending) = request.rsplit_once('.').expect("a format");
        let file = bench.file(&format!("answer.{ending}"), &output.stdout);
        let field = |name| run("vipsheader", &["-f", name, text(&file)]).trim().parse().expect("a number");
        assert_eq!((field("width"), field("height")), (width, height), "{request}");
    }
}

#[test]
fn boxes_larger_than_the_region_come_as_configured() {
    let bench = Bench::new();
    let wide = KINDS[0].original();
    let (strict, lenient) = ("", "[offer]\nlarger_boxes = true");
    for (request, by_default, allowed) in [
        ("full/!2000,3000/0/default.png", None, Some((600, 400))),
        ("50,60,30,20/!31,21/0/default.png", None, Some((30, 20))),
        ("full/!200,3000/0/default.png", Some((200, 133)), Some((200, 133))),
        ("full/^!1200,1200/0/default.png", Some((1200, 800)), Some((1200, 800))),
    ] {
        for (lines, expected) in [(strict, by_default), (lenient, allowed)] {
            let output = answer(&bench, &wide, request, lines, "3");
            let size = output.status.success().then(|| decoded(&output.stdout).size);
            assert_eq!(size.map(|size| (size.width, size.height)), expected, "SIZE-24: {request} {lines}");
        }
    }
}
