//! Files that end, or would never end, the process that looks at them: the others are looked at all the same.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use super::checked;
use super::verdicts::quick;
use crate::judge::writer::Tiff;
use crate::judge::{Bench, text};

/// A picture of 250 gigapixels in tiles that were never written: small, whole, and no machine decodes it in a minute.
fn endless() -> Vec<u8> {
    let side = 500_000;
    let tiles = usize::try_from((side as u64).div_ceil(16_384).pow(2)).expect("few");
    Tiff::new(side, side, 1, 1, 1).tiles(16_384, 16_384, vec![Vec::new(); tiles]).bytes()
}

fn files(bench: &Bench) -> PathBuf {
    for (name, bytes) in
        [("a.tif", quick(64)), ("b.tif", endless()), ("c.tif", quick(32)), ("d.tif", quick(16))]
    {
        bench.file(name, &bytes);
    }
    bench.path("")
}

#[test]
fn a_file_that_takes_too_long_is_given_up() {
    let bench = Bench::new();
    let (found, summary, status) = checked(&files(&bench), &["--deep", "--timeout", "2", "--jobs", "2"]);
    assert_eq!((found.len(), &summary["ideal"], &summary["broken"], status), (4, &json!(3), &json!(1), 1));
    assert!(found[1]["why"][0].as_str().is_some_and(|why| why.contains("--timeout")), "{found:?}");
}

#[test]
fn a_file_that_ends_the_process_is_named_and_the_others_follow() {
    let bench = Bench::new();
    let place = files(&bench);
    let mut check = Command::new(env!("CARGO_BIN_EXE_recto"))
        .args(["check", "--json", "--deep", "--jobs", "1", text(&place)])
        .stdout(Stdio::piped())
        .spawn()
        .expect("recto runs");
    let mut lines = BufReader::new(check.stdout.take().expect("a pipe")).lines();
    let mut next =
        || -> Value { serde_json::from_str(&lines.next().expect("a line").expect("text")).expect("JSON") };
    assert!(next()["file"].as_str().is_some_and(|path| path.ends_with("a.tif")));
    kill(looker(&check));
    let told = next();
    assert!(
        told["file"].as_str().is_some_and(|path| path.ends_with("b.tif")) && told["verdict"] == "broken",
        "{told}"
    );
    assert!(told["why"][0].as_str().is_some_and(|why| why.contains("signal 6")), "{told}");
    let (third, fourth) = (next(), next());
    assert_eq!((&third["verdict"], &fourth["verdict"]), (&json!("ideal"), &json!("ideal")));
    assert_eq!(next()["summary"]["broken"], 1);
    assert_eq!(check.wait().expect("ended").code(), Some(1));
}

/// The process that looks at files for another, which has just one.
fn looker(check: &Child) -> i32 {
    let tasks = fs::read_dir(format!("/proc/{}/task", check.id())).expect("threads");
    let children = tasks.flat_map(|task| fs::read_to_string(task.expect("a thread").path().join("children")));
    let all: String = children.collect::<Vec<_>>().join(" ");
    all.split_whitespace().next().expect("a child").parse().expect("a number")
}

/// As what C libraries do when their memory is damaged.
fn kill(process: i32) {
    let process = rustix::process::Pid::from_raw(process).expect("a process");
    rustix::process::kill_process(process, rustix::process::Signal::ABORT).expect("killed");
}

#[test]
fn nobody_who_stops_reading_makes_it_panic() {
    let bench = Bench::new();
    for number in 0..200 {
        bench.file(&format!("{number}.tif"), &quick(16));
    }
    let place = bench.path("");
    for more in [&["--json"][..], &[]] {
        let mut check = Command::new(env!("CARGO_BIN_EXE_recto"))
            .args([&["check", text(&place)], more].concat())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("recto runs");
        drop(check.stdout.take());
        let output = check.wait_with_output().expect("ended");
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code().is_some_and(|status| status < 2), "{more:?}: {complaint}");
        assert!(!complaint.contains("panic"), "{complaint}");
    }
}
