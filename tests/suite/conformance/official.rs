//! The validators of others: the official one, at level 2, and iiif-validator-ng with all that is optional.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::fetched;
use crate::picture::Picture;
use crate::site::{Setup, Site};

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

#[test]
fn the_other_validator_finds_no_fault() {
    let tools = fetched::directory("validator-ng");
    // It compares corners of turned pictures with those of libvips, which are black. A turned megapixel takes what is
    // built for tests five seconds, alone on the machine.
    let site = Site::with(&Setup {
        server: "workers = 2\ndeadline = \"300s\"\n[offer]\nbackground = \"#000000\"\n",
        edits: &[("fastcgi_read_timeout      35s;", "fastcgi_read_timeout 300s;")],
        ..Setup::default()
    });
    let picture = library(&tools).join("iiif_validator/validation_image.png");
    site.add("official.tif", &Picture::of_png(&fs::read(picture).expect("its picture")).master());
    let driver = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/validate.py");
    for (version, segment, tests) in [("3.0", 3, 46), ("2.0", 2, 44)] {
        let output = Command::new(tools.join("bin/python3"))
            .arg(&driver)
            .args([&format!("http://localhost:{}/iiif/{segment}", site.port), "official.tif", version])
            .output()
            .expect("started");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{version}: {}", String::from_utf8_lossy(&output.stderr));
        let findings: Vec<Value> =
            said.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        let faults: Vec<_> = findings.iter().filter(|finding| finding["success"] != true).collect();
        assert!(faults.is_empty(), "{version}: {faults:#?}");
        let names: BTreeSet<_> = findings.iter().map(|finding| finding["test"].as_str()).collect();
        assert!(names.len() == tests && names.contains(&Some("http_caching")), "{version}: {names:?}");
    }
}

/// A hundred squares in the colours that the validator's own table expects: column after column, each from the top.
fn picture(tools: &Path) -> Picture {
    let source = library(tools).join("iiif_validator/validator.py");
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

/// Where a virtual environment keeps its modules.
fn library(tools: &Path) -> PathBuf {
    let python =
        fs::read_dir(tools.join("lib")).expect("a directory").next().expect("a Python").expect("read");
    python.path().join("site-packages")
}
