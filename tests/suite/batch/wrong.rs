//! What cannot be meant is said before anything is done.

use std::fs;
use std::os::unix::fs::symlink;

use super::{bmp, command, convert, made, names, put, seven};
use crate::judge::Bench;

#[test]
fn what_cannot_be_is_said_before_anything_is_done() {
    let bench = Bench::new();
    seven(&bench);
    for name in ["in/box 1/a.png", "two/b.bmp", "three/in/a.tif", "three/in/in/a.bmp"] {
        put(&bench, name, &bmp(8, 8, 1));
    }
    let before = names(&bench.path(""));
    for (arguments, said) in [
        (&["in"][..], "--output"),
        (&["-o", "out"], "<IN>"),
        (&["nowhere", "-o", "out"], "there is no nowhere"),
        (&["in", "-o", "out"], "in/box 1/a.bmp and in/box 1/a.png would both become out/box 1/a.tif"),
        (&["in/b.BMP", "two/b.bmp", "-o", "out"], "in/b.BMP and two/b.bmp would both become out/b.tif"),
        (&["two", "-o", "two"], "two is the target as well"),
        (&["three/in", "-o", "three"], "three/in/in/a.bmp would overwrite three/in/a.tif, an input"),
        (&["two/b.bmp", "-o", "out.png"], "out.png is to end in .tif"),
        (&["two/b.bmp", "-o", "out.tif", "--to", "jp2"], "out.tif is to end in .jp2"),
        (&["two/b.bmp", "-o", "none/out.tif"], "no directory for none/out.tif"),
        (&["in", "-o", "out.tif"], "out.tif names a file"),
        (&["two", "-o", "in/a.bmp"], "in/a.bmp is not a directory"),
        (&["two", "-o", "out", "--force", "--skip-existing"], "cannot be used with"),
        (&["two", "-o", "out", "--shard", "0/3"], "numbered from 1"),
        (&["two", "-o", "out", "--shard", "4/3"], "numbered from 1"),
        (&["two", "-o", "out", "--shard", "some"], "no part"),
        (&["two", "-o", "out", "--page", "0"], "--page"),
        (&["two", "-o", "out", "--jobs", "0"], "--jobs"),
        (&["two", "-o", "out", "--tile", "100"], "a multiple of 16"),
        (&["two", "-o", "out", "--quality", "101"], "--quality"),
        (&["two", "-o", "out", "--levels", "0"], "levels"),
        (&["two", "-o", "out", "--for", "fun"], "possible values"),
        (&["two", "three", "--files-from", "list", "-o", "out"], "takes one directory"),
        (&["two", "--files-from", "list", "-o", "out"], "cannot read the list list"),
        (&["two", "-o", "out", "--json", "none/json"], "cannot write none/json"),
    ] {
        let output = command(&bench, arguments).output().expect("recto runs");
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {complaint}");
        assert!(complaint.contains(said) && output.stdout.is_empty(), "{arguments:?}: {complaint}");
    }
    assert_eq!(names(&bench.path("")), before);
}

#[test]
fn no_input_is_overwritten_by_its_own_result() {
    let bench = Bench::new();
    let page = crate::judge::writer::Tiff::new(40, 30, 1, 1, 8).strips(30, vec![vec![7; 1200]]).bytes();
    put(&bench, "a.tif", &page);
    put(&bench, "b.bmp", &bmp(8, 8, 1));
    symlink("a.tif", bench.path("link.tif")).expect("linked");
    for (input, output) in [("a.tif", "a.tif"), ("a.tif", "."), ("link.tif", "a.tif"), ("./a.tif", "a.tif")] {
        let told = convert(&bench, &[input, "-o", output, "--force", "--anew"]);
        assert_eq!((told.status, told.others()), (1, vec![(input, "failed")]), "{}", told.text);
        assert!(told.why(input).contains("its own result"), "{}", told.text);
        assert_eq!(fs::read(bench.path("a.tif")).expect("there"), page);
    }
    // Its neighbour is converted.
    let told = convert(&bench, &["a.tif", "b.bmp", "-o", "."]);
    assert_eq!((told.status, told.others()), (1, vec![("a.tif", "failed")]), "{}", told.text);
    assert!(bench.path("b.tif").is_file());
    // What was given twice is one.
    assert_eq!(made(&bench, &["b.bmp", "./b.bmp", "-o", "out/"]).files.len(), 1);
}
