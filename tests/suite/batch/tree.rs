//! Which files there are, and what their results are called.

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::process::Stdio;

use super::{SEVEN, Told, bmp, command, convert, files, made, names, put, seven, text_of};
use crate::judge::Bench;
use crate::judge::writer::{Tiff, chain};

#[test]
fn a_tree_keeps_its_names_and_directories() {
    let bench = Bench::new();
    seven(&bench);
    let told = made(&bench, &["in", "-o", "out"]);
    assert_eq!((names(&bench.path("out")), told.count("made")), (SEVEN.map(str::to_owned).to_vec(), 7));
    let first = &told.files[0];
    assert_eq!((text_of(&first["input"]), text_of(&first["output"])), ("in/a.bmp", "out/a.tif"));
    assert_eq!((&first["width"], &first["height"]), (&90.into(), &60.into()), "{first}");
    let is = files(&bench.path("out"));
    assert_eq!(first["bytes_out"], is["a.tif"].len(), "{first}");
    assert!(is.values().all(|bytes| bytes.starts_with(b"II") || bytes.starts_with(b"MM")));
}

#[test]
fn only_images_are_taken_and_only_those_within() {
    let bench = Bench::new();
    seven(&bench);
    for name in ["in/.hidden.bmp", "in/.git/x.bmp", "outside/o.bmp", "in/results/old.bmp"] {
        put(&bench, name, &bmp(8, 8, 1));
    }
    put(&bench, "in/notes.txt", b"text");
    symlink("box 1/a.bmp", bench.path("in/within.bmp")).expect("linked");
    symlink("../outside/o.bmp", bench.path("in/out.bmp")).expect("linked");
    symlink("../outside", bench.path("in/away")).expect("linked");
    symlink("..", bench.path("in/box 1/loop")).expect("linked");
    symlink("nothing", bench.path("in/gone.bmp")).expect("linked");
    fs::write(bench.path("in").join(OsStr::from_bytes(b"latin\xe9.bmp")), bmp(8, 8, 1)).expect("written");
    // The target is no input, though it is among them.
    let told = convert(&bench, &["in", "-o", "in/results"]);
    let mut expected = SEVEN.map(str::to_owned).to_vec();
    expected.extend(["old.bmp".to_owned(), "within.tif".to_owned()]);
    assert_eq!(names(&bench.path("in/results")), expected);
    assert_eq!((told.status, told.others()), (1, vec![("in/latin\u{fffd}.bmp", "failed")]));
}

#[test]
fn one_file_has_the_name_that_is_given() {
    let bench = Bench::new();
    put(&bench, "in.bmp", &bmp(64, 40, 1));
    fs::create_dir(bench.path("there")).expect("made");
    for (output, expected) in [
        ("one.tif", "one.tif"),
        ("there/two.TIFF", "there/two.TIFF"),
        ("there", "there/in.tif"),
        ("new/", "new/in.tif"),
        (".", "in.tif"),
    ] {
        let told = made(&bench, &["in.bmp", "-o", output]);
        assert!(bench.path(expected).is_file(), "{output}: {:?}", names(&bench.path("")));
        assert!(told.text.contains("in.bmp -> ") && told.text.contains("1 file: 1 made"), "{}", told.text);
    }
    // The name of a result says its format.
    made(&bench, &["in.bmp", "-o", "three.jp2"]);
    made(&bench, &["in.bmp", "-o", "new", "--to", "jp2"]);
    for name in ["three.jp2", "new/in.jp2"] {
        assert_eq!(fs::read(bench.path(name)).expect("there")[4..8], *b"jP  ", "{name}");
    }
}

#[test]
fn each_page_is_a_file() {
    let bench = Bench::new();
    let page = |side: u32| Tiff::new(side, side, 1, 1, 8).strips(side, vec![vec![7; (side * side) as usize]]);
    put(&bench, "book.tif", &chain(&[page(40), page(50), page(60)]));
    let told = made(&bench, &["book.tif", "-o", "out/", "--anew", "--jobs", "1"]);
    assert_eq!(names(&bench.path("out")), ["book-p2.tif", "book-p3.tif", "book.tif"]);
    let widths = told.files.iter().map(|file| (file["page"].as_u64(), file["width"].as_u64()));
    let expected = [(1, 40), (2, 50), (3, 60)].map(|(page, width)| (Some(page), Some(width)));
    assert_eq!(widths.collect::<Vec<_>>(), expected);
    let told = made(&bench, &["book.tif", "-o", "second.tif", "--anew", "--page", "2"]);
    assert_eq!((&told.files[0]["page"], &told.files[0]["width"]), (&2.into(), &50.into()));
    assert!(!bench.path("second-p2.tif").exists());
    let told = convert(&bench, &["book.tif", "-o", "fourth.tif", "--page", "4"]);
    assert_eq!((told.status, told.others()), (1, vec![("book.tif", "failed")]));
    // Names of pages are names that others may have.
    put(&bench, "book-p3.bmp", &bmp(8, 8, 1));
    let output = command(&bench, &["book.tif", "book-p3.bmp", "-o", "both/"]).output().expect("run");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{complaint}");
    assert!(complaint.contains("page 3 of book.tif and book-p3.bmp"), "{complaint}");
    made(&bench, &["book.tif", "book-p3.bmp", "-o", "both/", "--page", "1", "--anew"]);
}

#[test]
fn a_list_names_files_and_keeps_their_directories() {
    let bench = Bench::new();
    seven(&bench);
    put(&bench, "list", b"a.bmp\r\n./box 1/a.bmp\n\nnone.bmp\n../in/f.g.bmp\n");
    let told = convert(&bench, &["in", "--files-from", "list", "-o", "out"]);
    assert_eq!((told.status, told.others()), (1, vec![("in/none.bmp", "failed")]), "{}", told.text);
    assert_eq!(names(&bench.path("out")), ["a.tif", "box 1/a.tif", "f.g.tif"]);
    // NULs, from the standard input, below the directory in which it runs.
    let absolute = bench.path("in/box 2/e.bmp");
    let list = [b"in/b.BMP\0in/box 1/deep/d.bmp\0", absolute.as_os_str().as_bytes()].concat();
    let mut child = command(&bench, &["--files-from", "-", "-o", "two", "--json", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("recto runs");
    child.stdin.take().expect("a pipe").write_all(&list).expect("taken");
    let told = Told::of(&child.wait_with_output().expect("ended"));
    assert_eq!((told.status, told.count("made")), (0, 3), "{}", told.text);
    assert_eq!(names(&bench.path("two")), ["in/b.tif", "in/box 1/deep/d.tif", "in/box 2/e.tif"]);
}

#[test]
fn a_dry_run_says_what_would_be_done_and_does_nothing() {
    let bench = Bench::new();
    seven(&bench);
    put(&bench, "in/broken.jpg", b"no picture");
    let before = names(&bench.path(""));
    let told = convert(&bench, &["in", "-o", "out", "--dry-run"]);
    assert_eq!((told.status, told.count("to-make"), told.count("failed")), (1, 7, 1));
    assert_eq!(names(&bench.path("")), before);
    assert!(!bench.path("out").exists());
    for file in told.files.iter().filter(|file| file["status"] == "to-make") {
        assert!(!text_of(&file["why"]).is_empty() && file["bytes_in"].as_u64() > Some(0), "{file}");
    }
    assert!(told.text.contains("in/a.bmp -> out/a.tif: encoded"), "{}", told.text);
    assert!(told.text.contains("8 files: 7 to be made") && told.text.contains("megapixels"), "{}", told.text);
    // What is there is said to be.
    made(&bench, &["in/a.bmp", "-o", "out/"]);
    let told = convert(&bench, &["in", "-o", "out", "-n", "--skip-existing"]);
    assert_eq!((told.count("to-make"), told.count("there")), (6, 1), "{}", told.text);
}
