//! How well masters can be served, why not better, and that the commands do what they promise.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::{checked, colourful, config, of};
use crate::judge::writer::Tiff;
use crate::judge::{Bench, run, text};

/// Runs what a file is mended by, in a shell.
#[track_caller]
fn mend(told: &Value) {
    let command = told["command"].as_str().unwrap_or_else(|| panic!("a command: {told}"));
    let program = Path::new(env!("CARGO_BIN_EXE_recto")).parent().expect("a directory");
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap_or_default());
    let output = Command::new("sh").args(["-c", command]).env("PATH", path).output().expect("a shell");
    assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
}

fn why(told: &Value) -> String {
    let lines = told["why"].as_array().expect("a list").iter();
    lines.map(|line| line.as_str().expect("text")).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_command_makes_an_ideal_master_of_a_slow_one() {
    let (bench, raw) = (Bench::new(), colourful(2600, 2000));
    let plain = bench.vips_tiff("plain.tif", &raw, "");
    // A name that a shell would take apart.
    let slow = bench.path("it's $1 & more.webp");
    run("vips", &["webpsave", text(&plain), text(&slow), "--Q", "50"]);
    let before = std::fs::read(&slow).expect("there");
    let told = of(&slow, &[]);
    assert_eq!(
        (&told["verdict"], &told["tiled"], &told["deep_enough"]),
        (&json!("slow"), &json!(false), &json!(false))
    );
    assert!(why(&told).contains("has no tiles") && why(&told).contains("no smaller levels"), "{told}");
    mend(&told);
    assert_eq!(std::fs::read(&slow).expect("there"), before, "the old one stays as it was");
    let mended = of(&bench.path("it's $1 & more.pyramid.tif"), &[]);
    assert_eq!((&mended["verdict"], &mended.get("command")), (&json!("ideal"), &None), "{mended}");
    assert_eq!((&mended["width"], &mended["height"]), (&told["width"], &told["height"]));
    let ms = |of: &Value, what: &str| of[what].as_f64().expect("a number");
    assert!(ms(&mended, "tile_ms") < ms(&told, "tile_ms") / 50.0);
    assert!(
        ms(&mended, "tile_ms") < 10.0 * ms(&told, "best_tile_ms"),
        "as it was promised, but for some edges"
    );
}

#[test]
fn pages_of_several_sizes_are_mended_one_by_one() {
    let bench = Bench::new();
    let raws = [colourful(2600, 2000), colourful(120, 90)];
    let pages = [0, 1].map(|page| bench.vips_tiff(&format!("{page}.tif"), &raws[page], "[compression=lzw]"));
    let book = bench.path("a book.tif");
    run("tiffcp", &[text(&pages[0]), text(&pages[1]), text(&book)]);
    // So that less than 200 ms are refused too.
    let config = config(&bench, "[limits]\nmax_source_area = 1000000");
    let config = ["--config", text(&config)];
    let told = of(&book, &config);
    assert_eq!((&told["verdict"], &told["pages"]), (&json!("refused"), &json!(2)));
    assert!(why(&told).contains("max_source_area"), "{told}");
    mend(&told);
    for (page, width) in [("", 2600), ("-p2", 120)] {
        let mended = of(&bench.path(&format!("a book.pyramid{page}.tif")), &config);
        assert_eq!((&mended["verdict"], &mended["width"]), (&json!("ideal"), &json!(width)), "{mended}");
    }
}

#[test]
fn a_codestream_gets_what_tells_where_its_packets_are_without_loss() {
    let (bench, raw) = (Bench::new(), colourful(600, 400));
    let (plain, bare) = (bench.vips_tiff("in.tif", &raw, ""), bench.path("leaf.jp2"));
    run("opj_compress", &["-i", text(&plain), "-o", text(&bare), "-n", "5"]);
    let told = of(&bare, &[]);
    assert!(told["verdict"] == "good" && why(&told).contains("PLT"), "{told}");
    mend(&told);
    let mended = bench.path("leaf.plt.jp2");
    let after = of(&mended, &[]);
    assert_eq!((&after["jpeg2000"]["plt"], &after.get("command")), (&json!(true), &None), "{after}");
    assert_eq!((&after["width"], &after["height"]), (&told["width"], &told["height"]));
    assert!(bench.judged(&mended, "") == bench.judged(&bare, ""), "by libvips");
}

#[test]
fn what_cannot_be_served_is_told_from_what_is_damaged() {
    let bench = Bench::new();
    let gray = Tiff::new(64, 64, 1, 1, 8).tiles(64, 64, vec![vec![7; 64 * 64]]);
    let whole = gray.bytes();
    for (file, bytes, verdict, reason) in [
        ("good.tif", whole.clone(), "ideal", ""),
        ("lerc.tif", gray.clone().with(259, &[34887]).bytes(), "refused", "LERC"),
        ("deep.tif", gray.clone().with(277, &[17]).bytes(), "refused", "samples per pixel"),
        ("huge.tif", gray.clone().with(322, &[65536]).with(323, &[65536]).bytes(), "refused", "limit"),
        ("cut.tif", whole[..2000].to_vec(), "broken", "outside the file"),
        ("wide.tif", gray.with(256, &[0]).bytes(), "broken", "ImageWidth is 0"),
        ("text.tif", b"no picture, whatever its name says".to_vec(), "no-picture", "no image"),
        ("empty.tif", Vec::new(), "no-picture", "no image"),
        ("head.jpg", b"\xff\xd8\xff\xe0\0\x04ab".to_vec(), "broken", "ends in its header"),
    ] {
        let file = bench.file(file, &bytes);
        let told = of(&file, &["--all"]);
        assert_eq!(told["verdict"], verdict, "{told}");
        assert!(why(&told).contains(reason), "{told}");
        // The server is of the same opinion.
        let info = super::recto(&["render", text(&file), "info.json"]);
        assert_eq!(info.status.success(), verdict == "ideal", "{}", file.display());
    }
}

#[test]
fn with_deep_the_first_broken_place_is_named() {
    let bench = Bench::new();
    let tile = |side: u32| super::super::masters::damage::deflated(&vec![9; (side * side) as usize]);
    let mut pieces = vec![tile(64); 6];
    pieces[4] = vec![0x55; 40];
    let torn = Tiff::new(180, 100, 1, 1, 8).with(259, &[8]).tiles(64, 64, pieces.clone()).bytes();
    let file = bench.file("torn.tif", &torn);
    let quick = of(&file, &[]);
    assert_eq!(quick["verdict"], "ideal", "not every tile is looked at: {quick}");
    let told = of(&file, &["--deep"]);
    let offset = torn.windows(40).position(|bytes| bytes == [0x55; 40]).expect("there");
    assert_eq!(told["verdict"], "broken");
    let said = why(&told);
    assert!(said.contains(&format!("level 0 of 180x100 pixels, tile 1,1, at offset {offset}")), "{said}");
    pieces[4] = tile(64);
    let whole =
        bench.file("whole.tif", &Tiff::new(180, 100, 1, 1, 8).with(259, &[8]).tiles(64, 64, pieces).bytes());
    assert_eq!(of(&whole, &["--deep"])["verdict"], "ideal");
}

#[test]
fn with_deep_every_kind_of_file_is_read_to_its_end() {
    let (bench, raw) = (Bench::new(), colourful(900, 700));
    let plain = bench.vips_tiff("strips.tif", &raw, "[compression=lzw]");
    bench.vips_tiff("pyramid.tif", &raw, "[tile,pyramid,compression=jpeg]");
    for (save, name) in [
        ("pngsave", "flat.png"),
        ("jpegsave", "flat.jpg"),
        ("webpsave", "flat.webp"),
        ("gifsave", "flat.gif"),
    ] {
        run("vips", &[save, text(&plain), text(&bench.path(name))]);
    }
    run(
        "opj_compress",
        &["-i", text(&plain), "-o", text(&bench.path("leaf.jp2")), "-n", "3", "-t", "256,256"],
    );
    std::fs::remove_file(bench.path("strips.tif.raw")).expect("there");
    std::fs::remove_file(bench.path("pyramid.tif.raw")).expect("there");
    let place = bench.path("");
    let (files, summary, _) = checked(&place, &["--deep"]);
    assert_eq!((files.len(), &summary["broken"]), (7, &json!(0)), "{files:?}");
    for file in files {
        let path = file["file"].as_str().expect("a path");
        let bytes = std::fs::read(path).expect("there");
        std::fs::write(path, &bytes[..bytes.len() * 3 / 5]).expect("cut");
    }
    let (files, summary, status) = checked(&place, &["--deep"]);
    assert_eq!((&summary["broken"], status), (&json!(7), 1), "{files:?}");
}

/// A master that is quick, gray, of so many pixels a side.
pub fn quick(side: u32) -> Vec<u8> {
    Tiff::new(side, side, 1, 1, 8).tiles(side, side, vec![vec![7; (side * side) as usize]]).bytes()
}

#[test]
fn orientation_and_colours_are_told() {
    let bench = Bench::new();
    let turned = Tiff::new(64, 32, 1, 1, 8).with(274, &[6]).tiles(64, 32, vec![vec![7; 64 * 32]]);
    let told = of(&bench.file("turned.tif", &turned.bytes()), &[]);
    assert_eq!((&told["width"], &told["height"], &told["turned"]), (&json!(32), &json!(64), &json!(90)));
    assert_eq!(
        (&told["colours"], &told["srgb"], &told["profile"]),
        (&json!("gray"), &json!(true), &json!(null))
    );
    let file: &Path = &bench.file("quick.tif", &quick(64));
    assert_eq!(of(file, &[])["turned"], 0);
}
