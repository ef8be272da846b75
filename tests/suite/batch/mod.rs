//! `recto convert` on many files, as a user runs it: which there are, what they are called, what is said of them, and what
//! becomes of them when something ends it. What one file becomes is told elsewhere.

mod bad;
mod ends;
mod existing;
mod shards;
mod tree;
mod wrong;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::judge::{Bench, text};

/// A picture in a file that is no pyramid whatever is in it: BMP, 24 bits, from the top.
pub fn bmp(width: u32, height: u32, seed: u32) -> Vec<u8> {
    let row = (width * 3).div_ceil(4) * 4;
    let mut file = b"BM".to_vec();
    let mut put = |numbers: &[u32]| file.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
    put(&[
        54 + row * height,
        0,
        54,
        40,
        width,
        height.wrapping_neg(),
        1 | (24 << 16),
        0,
        row * height,
        0,
        0,
        0,
        0,
    ]);
    for y in 0..height {
        file.extend((0..row).map(|x| (x.wrapping_mul(3 + seed) ^ y.wrapping_mul(seed)) as u8));
    }
    file
}

/// A picture that takes long in any case: large, and never written.
pub fn endless() -> Vec<u8> {
    use crate::judge::writer::Tiff;
    let (side, tile) = (60_000_u32, 1024_u32);
    let tiles = usize::try_from(side.div_ceil(tile).pow(2)).expect("few");
    Tiff::new(side, side, 1, 1, 8).tiles(tile, tile, vec![Vec::new(); tiles]).bytes()
}

/// Seven files in four directories, in `in`.
pub fn seven(bench: &Bench) {
    for (number, name) in
        ["a.bmp", "b.BMP", "box 1/a.bmp", "box 1/c.bmp", "box 1/deep/d.bmp", "box 2/e.bmp", "f.g.bmp"]
            .into_iter()
            .enumerate()
    {
        put(bench, &format!("in/{name}"), &bmp(90 + number as u32, 60, 1 + number as u32));
    }
}

/// Their results.
pub const SEVEN: [&str; 7] =
    ["a.tif", "b.tif", "box 1/a.tif", "box 1/c.tif", "box 1/deep/d.tif", "box 2/e.tif", "f.g.tif"];

/// Writes a file, and the directories above it.
pub fn put(bench: &Bench, name: &str, bytes: &[u8]) {
    let path = bench.path(name);
    fs::create_dir_all(path.parent().expect("one")).expect("made");
    fs::write(path, bytes).expect("written");
}

/// `recto convert` with these arguments in the directory of a test.
pub fn command(bench: &Bench, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_recto"));
    command.arg("convert").args(arguments).current_dir(bench.path(""));
    command
}

/// What it says.
pub struct Told {
    pub status: i32,
    /// What JSON says of each file, in the order of their inputs.
    pub files: Vec<Value>,
    pub summary: Value,
    /// What people are told.
    pub text: String,
}

impl Told {
    /// Of an output whose standard output is JSON.
    #[track_caller]
    pub fn of(output: &Output) -> Self {
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!text.contains("panicked"), "{text}");
        let json = String::from_utf8(output.stdout.clone()).expect("text");
        let mut files: Vec<Value> =
            json.lines().map(|line| serde_json::from_str(line).expect("an object a line")).collect();
        let summary = files.pop().map(|mut last| last["summary"].take()).unwrap_or_default();
        files.sort_by_key(|file| (file["input"].to_string(), file["page"].as_u64()));
        Self { status: output.status.code().expect("an exit status"), files, summary, text }
    }

    /// Inputs and what became of them, without those that were made.
    pub fn others(&self) -> Vec<(&str, &str)> {
        let of = |file: &'_ Value, name| file[name].as_str().map(str::len).unwrap_or_default();
        assert!(self.files.iter().all(|file| of(file, "input") > 0 && of(file, "status") > 0));
        let pairs = self.files.iter().map(|file| (text_of(&file["input"]), text_of(&file["status"])));
        pairs.filter(|(_, status)| *status != "made").collect()
    }

    /// How many are said to be so.
    pub fn count(&self, status: &str) -> usize {
        let listed = self.files.iter().filter(|file| file["status"] == status).count();
        assert_eq!(self.summary[status], listed, "{}", self.summary);
        listed
    }

    /// Why a file failed.
    #[track_caller]
    pub fn why(&self, input: &str) -> &str {
        let file = self.files.iter().find(|file| file["input"] == input && file["status"] == "failed");
        text_of(&file.unwrap_or_else(|| panic!("{input} in {:?}", self.files))["why"])
    }
}

pub fn text_of(value: &Value) -> &str {
    value.as_str().expect("a text")
}

/// Runs it, with JSON on standard output.
#[track_caller]
pub fn convert(bench: &Bench, arguments: &[&str]) -> Told {
    Told::of(&command(bench, &[arguments, &["--json", "-"]].concat()).output().expect("recto runs"))
}

/// Runs it, and all is made.
#[track_caller]
pub fn made(bench: &Bench, arguments: &[&str]) -> Told {
    let told = convert(bench, arguments);
    assert_eq!((told.status, told.others()), (0, vec![]), "{}", told.text);
    told
}

/// All files below a directory, hidden ones too, by their paths below it; none if it is not there.
pub fn files(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let (mut found, mut ahead) = (BTreeMap::new(), vec![directory.to_owned()]);
    while let Some(next) = ahead.pop() {
        for entry in fs::read_dir(next).into_iter().flatten().flatten() {
            let (path, kind) = (entry.path(), entry.file_type().expect("a kind"));
            match kind.is_dir() {
                true => ahead.push(path),
                // What is being written may be gone by now.
                false => {
                    let name = text(path.strip_prefix(directory).expect("below it")).to_owned();
                    found.extend(fs::read(&path).ok().map(|bytes| (name, bytes)));
                }
            }
        }
    }
    found
}

/// Their names.
pub fn names(directory: &Path) -> Vec<String> {
    files(directory).into_keys().collect()
}
