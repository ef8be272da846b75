//! Files that are damaged, end the process, or take too long; a machine that is full, or loses its disk: what can go on
//! does, and what cannot says so.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use rustix::process::Signal;
use serde_json::Value;

use super::{Told, bmp, command, convert, endless, files, names, put, seven, text_of};
use crate::judge::{Bench, skipped, text};
use crate::picture::STAMP;
use crate::server::{send, until};

#[test]
fn the_rest_goes_on_after_files_that_fail() {
    let bench = Bench::new();
    seven(&bench);
    put(&bench, "in/cut.tif", &STAMP[..STAMP.len() / 2]);
    put(&bench, "in/empty.png", b"");
    put(&bench, "in/box 1/text.jpg", b"no picture");
    put(&bench, "in/pipe/short.bmp", &bmp(40, 30, 1)[..1000]);
    fs::create_dir(bench.path("in/box 2/directory.tif")).expect("made");
    let told = convert(&bench, &["in", "-o", "out"]);
    let failed = ["in/box 1/text.jpg", "in/cut.tif", "in/empty.png", "in/pipe/short.bmp"];
    assert_eq!((told.status, told.count("made")), (1, 7), "{}", told.text);
    assert_eq!(told.others(), failed.map(|name| (name, "failed")));
    assert_eq!(names(&bench.path("out")).len(), 7);
    let listed = told.text.split_once("failed:\n").expect("a list").1;
    for (file, (summed, line)) in
        failed.iter().zip(told.summary["failures"].as_array().expect("a list").iter().zip(listed.lines()))
    {
        assert!(!told.why(file).is_empty());
        assert!(failed.contains(&text_of(&summed["input"])) && line.starts_with("  in/"), "{line}");
    }
    assert!(
        told.files.iter().all(|file| file["status"] != "failed" || file["fault"] == "input"),
        "{:?}",
        told.files
    );
    let text = "  in/empty.png: it is empty";
    assert!(told.text.contains(text), "{}", told.text);
}

/// The processes that convert for another.
fn makers(recto: u32) -> Vec<i32> {
    let tasks = fs::read_dir(format!("/proc/{recto}/task")).expect("threads").flatten();
    let children = tasks.filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
    let all = children.collect::<Vec<_>>().join(" ");
    all.split_whitespace().map(|pid| pid.parse().expect("a number")).collect()
}

/// Whether anything is being written.
pub fn is_at_work(directory: &std::path::Path) -> bool {
    names(directory).iter().any(|name| name.ends_with(".part"))
}

#[test]
fn a_file_that_ends_its_process_is_named_and_the_others_follow() {
    let bench = Bench::new();
    for (name, bytes) in [("a.bmp", bmp(40, 30, 1)), ("b.tif", endless()), ("c.bmp", bmp(40, 30, 2))] {
        put(&bench, &format!("in/{name}"), &bytes);
    }
    // As what C libraries do when their memory is damaged; what the kernel does when there is none left; somebody else.
    for (signal, why, fault) in [
        (Signal::ABORT, "signal 6", "recto"),
        (Signal::KILL, "fewer --jobs", "machine"),
        (Signal::TERM, "was told to stop", "machine"),
    ] {
        let child = command(&bench, &["in", "-o", "out", "--anew", "--jobs", "1", "--json", "-"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("recto runs");
        until("the second is at work", || bench.path("out/a.tif").exists() && is_at_work(&bench.path("out")));
        send(makers(child.id())[0], signal);
        let told = Told::of(&child.wait_with_output().expect("ended"));
        assert_eq!((told.status, told.others()), (1, vec![("in/b.tif", "failed")]), "{}", told.text);
        assert!(told.why("in/b.tif").contains(why) && told.files[1]["fault"] == fault, "{}", told.text);
        assert_eq!(names(&bench.path("out")), ["a.tif", "c.tif"], "what it left is swept");
        fs::remove_dir_all(bench.path("out")).expect("removed");
    }
}

#[test]
fn a_file_that_takes_too_long_is_given_up() {
    let bench = Bench::new();
    put(&bench, "in/a.tif", &endless());
    put(&bench, "in/b.bmp", &bmp(40, 30, 2));
    let told = convert(&bench, &["in", "-o", "out", "--anew", "--timeout", "1"]);
    assert_eq!((told.status, told.others()), (1, vec![("in/a.tif", "failed")]), "{}", told.text);
    assert!(told.why("in/a.tif").contains("--timeout"), "{}", told.text);
    assert_eq!(names(&bench.path("out")), ["b.tif"]);
}

#[test]
fn a_file_that_may_not_grow_is_an_error_of_its_own() {
    let bench = Bench::new();
    put(&bench, "in/large.bmp", &bmp(700, 500, 77));
    put(&bench, "in/small.bmp", &bmp(40, 30, 2));
    let script = "ulimit -f 250; exec \"$0\" convert in -o out --compression none --json -";
    let mut command = Command::new("bash");
    command.args(["-c", script, env!("CARGO_BIN_EXE_recto")]).current_dir(bench.path(""));
    let told = Told::of(&command.output().expect("bash"));
    assert_eq!((told.status, told.others()), (1, vec![("in/large.bmp", "failed")]), "{}", told.text);
    assert!(told.why("in/large.bmp").contains("too large"), "{}", told.text);
    assert_eq!(told.files[0]["fault"], "machine");
    assert_eq!(names(&bench.path("out")), ["small.tif"], "nothing is half written");
}

#[test]
fn a_target_that_is_gone_ends_the_work() {
    let bench = Bench::new();
    put(&bench, "in/0.bmp", &bmp(40, 30, 1));
    put(&bench, "in/1.tif", &endless());
    (2..40).for_each(|number| put(&bench, &format!("in/{number}.bmp"), &bmp(40, 30, number)));
    let mut child = command(&bench, &["in", "-o", "out", "--anew", "--jobs", "1", "--json", "-"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("recto runs");
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let mut next =
        || -> Value { serde_json::from_str(&lines.next().expect("a line").expect("text")).expect("JSON") };
    assert_eq!(next()["status"], "made");
    until("the second is at work", || is_at_work(&bench.path("out")));
    // As when a file system is unmounted: below it lies another directory.
    fs::rename(bench.path("out"), bench.path("away")).expect("renamed");
    fs::create_dir(bench.path("out")).expect("made");
    send(makers(child.id())[0], Signal::ABORT);
    let told = next();
    assert_eq!((&told["status"], &told["fault"]), (&"failed".into(), &"machine".into()), "{told}");
    assert!(text_of(&told["why"]).contains("unmounted"), "{told}");
    assert_eq!(next()["summary"]["not-begun"], 38);
    let output = child.wait_with_output().expect("ended");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(74), "{complaint}");
    assert!(complaint.contains("--skip-existing"), "{complaint}");
    assert_eq!(names(&bench.path("out")), [""; 0]);
}

/// A file system of so many kilobytes. It goes with this value.
struct Small(PathBuf);

impl Small {
    fn mount(at: PathBuf, kilobytes: u32) -> Self {
        fs::create_dir(&at).expect("made");
        let size = format!("size={kilobytes}k");
        let status = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "recto-test"]).arg(&at).status();
        assert!(status.expect("mount").success(), "no mount; without root: SKIP=mounts");
        Self(at)
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").args(["-l", text(&self.0)]).status();
    }
}

#[test]
fn a_full_disk_ends_the_work_and_leaves_nothing_half_written() {
    if skipped("mounts") {
        return;
    }
    let bench = Bench::new();
    (0..30).for_each(|number| put(&bench, &format!("in/{number:02}.bmp"), &bmp(200, 150, number)));
    let small = Small::mount(bench.path("out"), 400);
    let wishes = ["in", "-o", "out", "--compression", "none", "--skip-existing"];
    let told = convert(&bench, &wishes);
    assert_eq!(told.status, 74, "{}", told.text);
    assert!(told.text.contains("No space left") && told.text.contains("--skip-existing"), "{}", told.text);
    assert!(told.summary["not-begun"].as_u64() > Some(0), "{}", told.summary);
    let first = files(&small.0);
    assert_eq!(first.len(), told.count("made"));
    assert!(first.keys().all(|name| name.ends_with(".tif")), "{:?}", first.keys());
    // With room for all, it goes on where it stood.
    let status = Command::new("mount").args(["-o", "remount,size=8m"]).arg(&small.0).status();
    assert!(status.expect("mount").success());
    let told = convert(&bench, &wishes);
    assert_eq!((told.status, told.count("there")), (0, first.len()), "{}", told.text);
    let all = files(&small.0);
    assert!(all.len() == 30 && first.iter().all(|(name, bytes)| all[name] == *bytes));
}
