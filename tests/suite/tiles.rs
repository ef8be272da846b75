//! `recto tiles`: what a tree has is what the server answers, is all that viewers ask for, and is there whole or not at all.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::fetched;
use crate::judge::{Bench, ended, run, skipped, text};
use crate::picture::{LEAF, Picture, STAMP};
use crate::server::until;
use crate::site::Site;

/// A pyramid of JPEG tiles, as libvips writes it.
fn stored(bench: &Bench, name: &str, width: usize, height: usize) -> PathBuf {
    let source = bench.file("source.tif", &Picture::waves(width, height, 3).master());
    let target = bench.path(name);
    let layout = "[compression=jpeg,tile,pyramid,tile-width=256,tile-height=256]";
    run("vips", &["copy", text(&source), &format!("{}{layout}", text(&target))]);
    target
}

fn tiles(master: &Path, output: &Path, more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_recto"));
    command.arg("tiles").arg(master).arg("-o").arg(output).args(more);
    command
}

/// The report of trees that must be made.
#[track_caller]
fn made(master: &Path, output: &Path, more: &[&str]) -> Value {
    let output = tiles(master, output, more).arg("--json").output().expect("recto runs");
    ended(&output, 0);
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// All files below a directory, by their paths.
fn files(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let (mut found, mut ahead) = (BTreeMap::new(), vec![directory.to_owned()]);
    while let Some(next) = ahead.pop() {
        for entry in fs::read_dir(next).expect("a directory") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                ahead.push(path);
            } else {
                let name = text(path.strip_prefix(directory).expect("below")).to_owned();
                found.insert(name, fs::read(path).expect("a file"));
            }
        }
    }
    found
}

#[test]
fn every_file_of_a_tree_is_what_the_server_answers() {
    let (site, bench) = (Site::start(), Bench::new());
    let master = stored(&bench, "stored.tif", 700, 500);
    site.add("stored.tif", &fs::read(&master).expect("a master"));
    for version in ["2", "3"] {
        let (output, id) = (bench.path(version), format!("http://localhost:{}/iiif/{version}", site.port));
        let report = made(&master, &output, &["--api", version, "--id", &id, "--keep-extension"]);
        let tree = &report["trees"][0];
        // 3 by 2 tiles and a whole, 2 by 1 and a whole, two that are one tile, and a thumbnail.
        assert_eq!((&tree["tiles"], &tree["name"]), (&13.into(), &"stored.tif".into()));
        assert!(tree["stored"].as_u64() >= Some(8), "{tree}");
        let mut files = files(&output.join("stored.tif"));
        let info: Value = serde_json::from_slice(&files.remove("info.json").expect("one")).expect("JSON");
        let level_0 = ["level0", "http://iiif.io/api/image/2/level0.json"];
        assert!(
            info["profile"].as_str().or(info["profile"][0].as_str()).is_some_and(|it| level_0.contains(&it))
        );
        for (name, bytes) in &files {
            let answer = site.expect(200, &format!("/iiif/{version}/stored.tif/{name}"));
            assert!(answer.body == *bytes, "{version}: {name}");
        }
        for size in info["sizes"].as_array().expect("sizes") {
            let (width, height) = (&size["width"], &size["height"]);
            assert!(files.contains_key(&format!("full/{width},{height}/0/default.jpg")), "{size}");
        }
    }
}

#[test]
fn openseadragon_finds_all_that_it_asks_for() {
    if skipped("viewers") {
        return;
    }
    let (packages, bench) = (fetched::directory("viewers"), Bench::new());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/viewers/urls.mjs");
    let cases = [
        (700, 500, &["--api", "3"][..]),
        (700, 500, &["--api", "2"]),
        (700, 500, &["--format", "webp", "--quality", "40"]),
        (256, 700, &["--api", "2"]),
        (512, 256, &["--api", "3"]),
        (90, 60, &["--api", "2"]),
        (90, 60, &["--api", "3"]),
        (601, 3, &["--tile", "128"]),
    ];
    let mut infos = Vec::new();
    for (number, (width, height, more)) in cases.iter().enumerate() {
        let master = bench.file("a b.tif", &Picture::waves(*width, *height, 3).master());
        let output = bench.path(&number.to_string());
        made(&master, &output, &[&["--id", &format!("https://example.org/{number}")], *more].concat());
        infos.push(output.join("a b/info.json"));
    }
    for version in ["5.0.1", "6.1.1"] {
        let openseadragon = packages.join(format!("openseadragon-{version}"));
        let asked = Command::new("node").arg(&script).arg(openseadragon).args(&infos).output();
        let asked = asked.expect("node runs");
        ended(&asked, 0);
        let urls = String::from_utf8(asked.stdout).expect("text");
        let mut trees = BTreeSet::new();
        for url in urls.lines() {
            let path = url.strip_prefix("https://example.org/").expect(url).replace("/a%20b/", "/a b/");
            assert!(bench.path(&path).is_file(), "{version}: {url}");
            trees.insert(path.split('/').next().map(str::to_owned));
        }
        assert_eq!(trees.len(), cases.len());
    }
}

#[test]
fn deep_zoom_is_laid_out_as_by_libvips() {
    let bench = Bench::new();
    for (width, height, side, overlap) in
        [(700, 500, "256", "0"), (513, 127, "100", "1"), (1, 300, "254", "1")]
    {
        let name = format!("{width}x{height}");
        let master = bench.file(&format!("{name}.tif"), &Picture::waves(width, height, 3).master());
        let output = bench.path("ours");
        made(&master, &output, &["--dzi", "--tile", side, "--overlap", overlap]);
        let theirs = bench.path(&name);
        let options = ["--tile-size", side, "--overlap", overlap, "--suffix", ".jpg"];
        run("vips", &[&["dzsave", text(&master), text(&theirs)], &options[..]].concat());
        let sizes = |directory: &Path| -> BTreeSet<_> {
            let tiles = files(directory).into_iter().filter(|(name, _)| name.ends_with(".jpg"));
            tiles
                .map(|(name, bytes)| {
                    let picture = Picture::of_jpeg(&bytes, 3);
                    (name, picture.width, picture.height)
                })
                .collect()
        };
        let [ours, theirs] =
            [&output, bench.path("").as_path()].map(|at| sizes(&at.join(format!("{name}_files"))));
        assert_eq!(ours, theirs, "{name}");
        let dzi = fs::read_to_string(output.join(format!("{name}.dzi"))).expect("a file");
        for part in
            [format!("TileSize=\"{side}\""), format!("Overlap=\"{overlap}\""), format!("Width=\"{width}\"")]
        {
            assert!(dzi.contains(&part), "{part}: {dzi}");
        }
    }
}

#[test]
fn a_tree_is_whole_or_not_there() {
    let (bench, masters) = (Bench::new(), tempfile::tempdir().expect("a directory"));
    let master = |name: &str, bytes: &[u8]| fs::write(masters.path().join(name), bytes).expect("written");
    fs::create_dir(masters.path().join("box")).expect("made");
    master("box/stamp.tif", &STAMP);
    master("notes.txt", b"no master");
    // Its last tile is cut off: the levels before it can be made.
    let whole = fs::read(stored(&bench, "stored.tif", 700, 500)).expect("a master");
    master("broken.tif", &whole);
    let output = bench.path("out");
    made(masters.path(), &output, &[]);
    let first = files(&output);
    assert!(
        first.contains_key("box/stamp/info.json") && first.contains_key("broken/info.json"),
        "{:?}",
        first.keys()
    );

    let again = |more: &[&str]| tiles(masters.path(), &output, more).output().expect("recto runs");
    let said = ended(&again(&[]), 1);
    assert!(said.contains("--skip-existing") && said.contains("box/stamp.tif"), "{said}");
    ended(&again(&["--skip-existing"]), 0);
    assert!(first == files(&output), "nothing is touched");

    master("broken.tif", &whole[..whole.len() / 2]);
    master("box/more.tif", &STAMP);
    let said = ended(&again(&["--force"]), 1);
    assert!(said.contains("broken.tif"), "{said}");
    let now = files(&output);
    assert_eq!(now["broken/info.json"], first["broken/info.json"], "what was there stays");
    assert!(now.contains_key("box/more/info.json"), "the others are made");
    assert!(now.keys().all(|name| !name.contains(".part") && !name.contains(".old")), "{:?}", now.keys());

    // Trees may stand within, and are no masters the next time; but not where the masters are.
    let within = masters.path().join("trees");
    for more in [&["--keep-extension"][..], &["--skip-existing", "--keep-extension"]] {
        ended(&tiles(&masters.path().join("box"), &within, more).output().expect("recto runs"), 0);
    }
    let said = ended(&tiles(masters.path(), masters.path(), &[]).output().expect("recto runs"), 1);
    assert!(said.contains("taken for"), "{said}");
    let report = tiles(masters.path(), &within, &["--skip-existing", "--json"]).output().expect("recto runs");
    let report: Value = serde_json::from_slice(&report.stdout).expect("JSON");
    assert_eq!(report["trees"].as_array().map(Vec::len), Some(2), "{report}");

    // What is no tree is never replaced.
    fs::create_dir_all(bench.path("other/stamp")).expect("made");
    fs::write(bench.path("other/stamp/letter.txt"), "mine").expect("written");
    let said = tiles(&masters.path().join("box/stamp.tif"), &bench.path("other"), &["--force"]).output();
    let said = ended(&said.expect("recto runs"), 1);
    assert!(said.contains("no such tree") && bench.path("other/stamp/letter.txt").is_file(), "{said}");
}

#[test]
fn who_is_interrupted_leaves_nothing() {
    let bench = Bench::new();
    let master = bench.file("leaf.tif", &LEAF.1);
    let output = bench.path("out");
    let mut child = tiles(&master, &output, &["--tile", "64", "--format", "png"]).spawn().expect("started");
    until("it has begun", || output.join(".leaf.part/64,0,64,64").is_dir());
    kill_process(Pid::from_child(&child), Signal::INT).expect("it lives");
    assert_eq!(child.wait().expect("it ends").code(), Some(130));
    assert_eq!(fs::read_dir(&output).expect("a directory").count(), 0);
}

#[test]
fn wrong_arguments_are_told_before_anything_is_made() {
    let bench = Bench::new();
    let master = bench.file("stamp.tif", &STAMP);
    for (more, status, told) in [
        (&["--api", "2", "--format", "webp"][..], 1, "--api 3"),
        (&["--format", "png", "--quality", "80"], 1, "--quality"),
        (&["--overlap", "1"], 2, "--dzi"),
        (&["--id", "example.org"], 2, "https://example.org"),
        (&["--skip-existing", "--force"], 2, "--force"),
    ] {
        let output = tiles(&master, &bench.path("out"), more).output().expect("recto runs");
        let said = ended(&output, status);
        assert!(said.contains(told), "{more:?}: {said}");
    }
    assert!(!bench.path("out").exists());
}
