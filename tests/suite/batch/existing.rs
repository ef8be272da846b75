//! What is done where results are there.

use std::fs;

use super::{bmp, convert, files, made, put, seven};
use crate::judge::Bench;

#[test]
fn a_result_that_is_there_stays_unless_it_may_be_replaced() {
    let bench = Bench::new();
    put(&bench, "in/a.bmp", &bmp(40, 30, 1));
    put(&bench, "out/a.tif", b"somebody's");
    for more in [&[][..], &["--skip-existing"]] {
        let told = convert(&bench, &[&["in", "-o", "out"], more].concat());
        assert_eq!((told.status, told.others()), (1, vec![("in/a.bmp", "failed")]), "{}", told.text);
        assert!(told.why("in/a.bmp").contains("--force"), "{}", told.text);
        assert_eq!(fs::read(bench.path("out/a.tif")).expect("there"), b"somebody's");
    }
    made(&bench, &["in", "-o", "out", "--force"]);
    assert_ne!(fs::read(bench.path("out/a.tif")).expect("there"), b"somebody's");
    // A directory is never replaced.
    fs::create_dir_all(bench.path("dirs/a.tif")).expect("made");
    let told = convert(&bench, &["in", "-o", "dirs", "--force"]);
    assert!(told.status == 1 && told.why("in/a.bmp").contains("is a directory"), "{}", told.text);
}

#[test]
fn what_is_skipped_is_known_by_its_bytes_and_by_what_was_wished_for() {
    let bench = Bench::new();
    seven(&bench);
    let again = ["in", "-o", "out", "--skip-existing"];
    assert_eq!(made(&bench, &again).count("made"), 7);
    let first = files(&bench.path("out"));
    let told = convert(&bench, &again);
    assert_eq!((told.status, told.count("there"), files(&bench.path("out"))), (0, 7, first.clone()));
    // Neither time nor size tell that this one is another.
    let path = bench.path("in/box 1/c.bmp");
    let time = fs::metadata(&path).and_then(|is| is.modified()).expect("a time");
    fs::write(&path, bmp(93, 60, 99)).expect("written");
    fs::File::options().write(true).open(&path).and_then(|file| file.set_modified(time)).expect("set");
    let told = convert(&bench, &again);
    assert_eq!((told.status, told.count("there"), told.count("made")), (0, 6, 1), "{}", told.text);
    let second = files(&bench.path("out"));
    let changed = second.iter().filter(|(name, bytes)| first[*name] != **bytes).map(|(name, _)| &**name);
    assert_eq!(changed.collect::<Vec<_>>(), ["box 1/c.tif"]);
    // Another wish makes other results.
    let told = convert(&bench, &[&again[..], &["--quality", "60"]].concat());
    assert_eq!((told.status, told.count("made")), (0, 7), "{}", told.text);
}
