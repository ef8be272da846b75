//! `recto check PATH` and `recto identify`: what they say of masters made by others is what their makers' tools say, and
//! no file ends the look at the others.

mod facts;
mod far;
mod identify;
mod tree;
mod verdicts;
mod ways;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use recto::picture::Dimensions;
use serde_json::Value;

use crate::judge::{Bench, Raw, quantised, samples, smooth, text};

/// The program with these arguments.
pub fn recto(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_recto")).args(arguments).output().expect("recto runs")
}

/// What it says on standard output, and its exit status, which is not that of wrong arguments.
#[track_caller]
pub fn said(arguments: &[&str]) -> (String, i32) {
    let output = recto(arguments);
    let status = output.status.code().expect("an exit status");
    assert!(status < 2, "{arguments:?}: {status}: {}", String::from_utf8_lossy(&output.stderr));
    (String::from_utf8(output.stdout).expect("text"), status)
}

/// The objects that `recto check --json` prints of a place, in the order of their names, the summary, and the exit status.
#[track_caller]
pub fn checked(place: &Path, more: &[&str]) -> (Vec<Value>, Value, i32) {
    let (json, status) = said(&[&["check", "--json", "--sort", "name", text(place)], more].concat());
    let mut lines: Vec<Value> =
        json.lines().map(|line| serde_json::from_str(line).expect("an object a line")).collect();
    let summary = lines.pop().and_then(|mut last| last.get_mut("summary").map(Value::take));
    (lines, summary.expect("a summary at the end"), status)
}

/// What `recto check` says of one file.
#[track_caller]
pub fn of(file: &Path, more: &[&str]) -> Value {
    let (mut files, _, _) = checked(file, more);
    assert_eq!(files.len(), 1, "{files:?}");
    files.remove(0)
}

/// A configuration whose root is the directory of a test.
pub fn config(bench: &Bench, lines: &str) -> PathBuf {
    let root = bench.path("");
    bench.file("recto.toml", format!("[masters]\nroot = \"{}\"\n{lines}\n", text(&root)).as_bytes())
}

/// A smooth picture in colour.
pub fn colourful(width: u32, height: u32) -> Raw {
    let size = Dimensions::new(width, height);
    let bytes = samples(size, 3).map(|(x, y, c)| quantised(smooth(x, y, c), 256) as u8).collect();
    Raw { size, bands: 3, format: "uchar", interpretation: "srgb", bytes }
}
