//! How files are laid out, and what none of them holds.

use std::path::{Path, PathBuf};

use crate::lexer::tokens;

/// A file that is longer has more than one reason to change.
const LONGEST: usize = 400;

/// The Rust files of the repository, in order.
pub fn rust_files() -> Vec<PathBuf> {
    let mut files = Vec::new();
    for directory in ["src", "crates", "tests", "fuzz", "examples", "benches"] {
        collect(&crate::project().join(directory), &mut files);
    }
    files.sort();
    files
}

fn collect(directory: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = directory.read_dir() else { return };
    for path in entries.map(|entry| entry.unwrap().path()) {
        match path.extension() {
            None if path.is_dir() && !path.ends_with("target") => collect(&path, files),
            Some(extension) if extension == "rs" => files.push(path),
            _ => {}
        }
    }
}

/// What is wrong with the text of a Rust file.
fn faults(text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let mut add = |line: usize, what: &str| faults.push(format!("{line}: {what}"));
    for (line, text) in (1..).zip(text.lines()) {
        let unfinished = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];
        if unfinished.iter().any(|word| text.contains(word)) {
            add(line, "is not finished");
        }
        if text.contains('\t') {
            add(line, "a tab");
        }
        if text.ends_with([' ', '\r']) {
            add(line, "ends in white space");
        }
    }
    for window in tokens(text).windows(2) {
        if matches!(&*window[0].text, "todo" | "unimplemented" | "dbg") && window[1].text == "!" {
            add(window[0].line, "is not finished");
        }
    }
    let lines = text.lines().count();
    if lines > LONGEST {
        add(lines, &format!("more than {LONGEST} lines"));
    }
    faults
}

#[test]
fn files_are_short_and_finished() {
    let mut wrong = Vec::new();
    for file in rust_files() {
        let text = std::fs::read_to_string(&file).unwrap();
        wrong.extend(faults(&text).iter().map(|fault| format!("{}:{fault}", file.display())));
    }
    crate::must_be_empty(wrong);
}

/// A module with modules of its own is `foo/mod.rs`, so that all of it is in one place.
#[test]
fn a_directory_holds_all_of_its_module() {
    let beside = rust_files().into_iter().filter(|file| file.with_extension("").is_dir());
    crate::must_be_empty(
        beside.map(|file| format!("{}: stands beside its directory", file.display())).collect(),
    );
}

/// The compiler does not see a file that no `mod` names.
#[test]
fn every_file_belongs_to_its_crate() {
    let mut wrong = Vec::new();
    for src in crate::crate_roots() {
        let named: Vec<_> =
            crate::crates::sources(&src, &mut wrong).into_iter().map(|source| source.file).collect();
        let mut there = Vec::new();
        collect(&src, &mut there);
        let unnamed = there.iter().filter(|file| !named.contains(file) && **file != src.join("main.rs"));
        wrong.extend(unnamed.map(|file| format!("{}: no mod names it", file.display())));
    }
    crate::must_be_empty(wrong);
}

#[test]
fn faults_of_a_file_are_found() {
    assert_eq!(faults("fn f() {}\n"), [""; 0]);
    assert_eq!(faults(&format!("a\n// {}: x\n", concat!("TO", "DO"))), ["2: is not finished"]);
    assert_eq!(faults("todo!()\nlet todo = 1;\n"), ["1: is not finished"]);
    assert_eq!(faults("\ta\nb \n"), ["1: a tab", "2: ends in white space"]);
    assert_eq!(faults(&"a\n".repeat(LONGEST)), [""; 0]);
    assert_eq!(faults(&"a\n".repeat(LONGEST + 1)), ["401: more than 400 lines"]);
}
