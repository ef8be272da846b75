//! What the set-up of the tools says to whoever runs it.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use super::script;

/// `tests/need.sh cargo` where rustc says this about itself: whether it is content, and what it says.
fn need_cargo(version: &str) -> (bool, String) {
    let directory = tempfile::tempdir().expect("a directory");
    for name in ["rustc", "cargo"] {
        let program = directory.path().join(name);
        fs::write(&program, format!("#!/bin/sh\necho '{version}'\n")).expect("written");
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("may be run");
    }
    let path = format!("{}:{}", directory.path().display(), std::env::var("PATH").expect("a PATH"));
    let output = script("sh", "tests/need.sh").arg("cargo").env("PATH", path).output().expect("sh");
    (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn a_compiler_that_is_too_old_is_told_in_one_line() {
    let (content, said) = need_cargo("rustc 1.63.0");
    assert!(!content);
    let wanted = format!("Rust {} or later is needed; ", env!("CARGO_PKG_RUST_VERSION"));
    assert!(
        said.starts_with(&wanted) && said.contains(" is 1.63.0. ") && said.lines().count() == 1,
        "{said}"
    );
    for version in
        ["rustc 1.90.0 (1159e78c4 2025-09-14)", "rustc 1.100.0-nightly (0000000 2027-01-01)", "rustc 2.0.0"]
    {
        assert_eq!(need_cargo(version), (true, String::new()), "{version}");
    }
}

#[test]
fn long_work_without_a_terminal_says_what_it_is_at() {
    let mut child = script("bash", "tests/progress.sh")
        .args(["making tea", "sh", "-c", "echo begun; read word; echo \"$word\" >&2; exit 3"])
        .env("EVERY", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("bash");
    let mut input = child.stdin.take().expect("a pipe");
    let mut said =
        BufReader::new(child.stdout.take().expect("a pipe")).lines().map(|line| line.expect("text"));
    assert_eq!(said.next().as_deref(), Some("begun"));
    let line = said.next().expect("a line");
    assert!(line.starts_with("... making tea, for "), "{line}");
    writeln!(input, "end").expect("read");
    assert!(said.any(|line| line == "end"));
    assert_eq!(child.wait().expect("an end").code(), Some(3));
}
