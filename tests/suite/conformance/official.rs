//! The official validator, at level 2.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::fetched;
use crate::picture::Picture;
use crate::site::Site;

/// Side of one of the hundred squares of its picture.
const SQUARE: usize = 100;

#[test]
fn the_official_validator_finds_no_fault() {
    let tools = fetched::directory("validator");
    let site = Site::start();
    site.add("official.tif", &picture(&tools).master());
    // It knows 2.1 by the name of 2.0.
    for (version, segment, tests) in [("3.0", "iiif/3", 33), ("2.0", "iiif/2", 30)] {
        let output = Command::new(tools.join("bin/python3"))
            .arg(tools.join("bin/iiif-validate.py"))
            .args(["-s", &format!("localhost:{}", site.port), "-p", segment, "-i", "official.tif"])
            .args([&format!("--version={version}"), "--level", "2"])
            .output()
            .expect("started");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success() && !said.contains("FAIL"), "{version}: {said}");
        assert_eq!(said.matches("PASS").count(), tests, "{version}: {said}");
    }
}

/// A hundred squares in the colours that the validator's own table expects: column after column, each from the top.
fn picture(tools: &Path) -> Picture {
    let library =
        fs::read_dir(tools.join("lib")).expect("a directory").next().expect("a Python").expect("read");
    let source = library.path().join("site-packages/iiif_validator/validator.py");
    let source = fs::read_to_string(source).expect("the validator");
    let (_, table) = source.split_once("self.colorInfo = [[").expect("a table");
    let (table, _) = table.split_once("]]").expect("its end");
    let numbers = table.split(|c: char| !c.is_ascii_digit()).filter(|word| !word.is_empty());
    let numbers: Vec<u8> = numbers.map(|word| word.parse().expect("0 to 255")).collect();
    assert_eq!(numbers.len(), 300);
    let side = 10 * SQUARE;
    let at = |x: usize, y: usize| &numbers[3 * (10 * (x / SQUARE) + y / SQUARE)..][..3];
    let samples = (0..side).flat_map(|y| (0..side).flat_map(move |x| at(x, y))).copied().collect();
    Picture { width: side, height: side, channels: 3, samples }
}
