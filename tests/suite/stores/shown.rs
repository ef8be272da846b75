//! `recto demo --source`: the masters of a store in the viewer.

use std::net::TcpListener;
use std::process::{Command, Output, Stdio};

use super::*;
use crate::judge::text;

fn checked(place: &Path, arguments: &[&str]) -> Output {
    let free = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a port");
    let mut command = Command::new(env!("CARGO_BIN_EXE_recto"));
    command.args(["demo", "--check", "--run-dir", text(&place.join("run"))]);
    command.args(["--port", &free.port().to_string()]).args(arguments);
    command.envs(CREDENTIALS).stdin(Stdio::null()).output().expect("run")
}

#[test]
fn a_demo_lists_and_shows_what_is_in_a_store() {
    if skipped("stores") {
        return;
    }
    let place = tempfile::tempdir().expect("a directory");
    let s3 = S3::start(&place.path().join("s3"));
    for key in ["sheets/leaf.tif", "sheets/box 1/st\u{e4}mp.tif", "sheets/notes.txt", "other.tif"] {
        s3.put(key, if key.contains("leaf") { &GOOD } else { &STAMP });
    }
    let endpoint = at(s3.running.port);
    let source = ["--source", "s3://masters/sheets", "--endpoint", &endpoint, "--region", "us-east-1"];
    let output = checked(place.path(), &source);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains(" 0 failed"),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let list = fs::read_to_string(place.path().join("run/page/masters.json")).expect("a list");
    assert!(list.contains("leaf.tif") && list.contains("box%201%2Fst%C3%A4mp.tif"), "{list}");
    assert!(!list.contains("notes") && !list.contains("other"), "{list}");

    // A web server lists nothing: masters are named, or it is said how.
    let web = servers::web(&place.path().join("web"), &place.path().join("s3/buckets/masters"), true);
    let url = format!("{}/sheets", at(web.port));
    let output = checked(place.path(), &["--source", &url, "leaf.tif"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let output = checked(place.path(), &["--source", &url]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("does not list"), "{said}");
}
