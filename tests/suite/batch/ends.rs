//! Work that is ended before it is done: nothing broken is left, and it goes on where it stood.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::bad::is_at_work;
use super::{Told, bmp, command, convert, endless, files, made, names, put};
use crate::judge::Bench;
use crate::server::until;

fn started(bench: &Bench, arguments: &[&str]) -> Child {
    let mut command = command(bench, &[arguments, &["--json", "-"]].concat());
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("recto runs")
}

#[test]
fn a_signal_ends_it_in_order() {
    let bench = Bench::new();
    put(&bench, "in/a.bmp", &bmp(40, 30, 1));
    put(&bench, "in/b.tif", &endless());
    put(&bench, "in/c.bmp", &bmp(40, 30, 2));
    for (signal, status) in [(Signal::TERM, 143), (Signal::INT, 130), (Signal::HUP, 129)] {
        let child = started(&bench, &["in", "-o", "out", "--anew", "--jobs", "1", "--force"]);
        until("the second is at work", || bench.path("out/a.tif").exists() && is_at_work(&bench.path("out")));
        kill_process(Pid::from_child(&child), signal).expect("it runs");
        let told = Told::of(&child.wait_with_output().expect("ended"));
        assert_eq!((told.status, &told.summary["exit"]), (status, &status.into()), "{}", told.text);
        assert_eq!((&told.summary["not-begun"], told.count("failed")), (&1.into(), 0), "{}", told.text);
        assert_eq!(names(&bench.path("out")), ["a.tif"], "nothing is half written");
        let last = told.text.lines().last().expect("a line");
        assert!(last.contains("goes on where it stood") && last.contains("--skip-existing"), "{last}");
        std::fs::remove_file(bench.path("out/a.tif")).expect("there");
    }
}

/// A number that nobody knows before.
fn chance() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// How often it is killed: RECTO_KILLS asks for more.
fn rounds() -> u64 {
    std::env::var("RECTO_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(12)
}

#[test]
fn whatever_kills_it_leaves_nothing_broken_and_it_goes_on_where_it_stood() {
    let bench = Bench::new();
    (1..6).for_each(|number| put(&bench, &format!("in/box {number}/{number}.bmp"), &bmp(300, 200, number)));
    let begun = Instant::now();
    made(&bench, &["in", "-o", "whole", "--verify"]);
    let (whole, took) = (files(&bench.path("whole")), begun.elapsed());
    let mut cut_short = 0;
    for round in 0..rounds() {
        let target = format!("out {round}");
        let arguments = ["in", "-o", &target, "--verify", "--skip-existing"];
        let mut child = started(&bench, &arguments);
        thread::sleep(Duration::from_micros(chance() % (took.as_micros() as u64).max(1)));
        kill_process(Pid::from_child(&child), Signal::KILL).expect("it is our child");
        child.wait().expect("ended");
        let (hidden, named): (BTreeMap<_, _>, BTreeMap<_, _>) =
            files(&bench.path(&target)).into_iter().partition(|(name, _)| name.contains("/."));
        cut_short += usize::from(named.len() < whole.len());
        assert!(hidden.keys().all(|name| name.contains(".recto-")), "{:?}", hidden.keys());
        for (name, bytes) in &named {
            assert!(whole.get(name) == Some(bytes), "{name} is broken");
        }
        let told = convert(&bench, &arguments);
        assert_eq!((told.status, told.count("there") + told.count("made")), (0, 5), "{}", told.text);
        assert!(told.count("there") >= named.len(), "{}", told.text);
        // A process that was ended with the one that was killed may have been there yet when it was swept.
        until("nothing is left aside", || {
            let is_whole = files(&bench.path(&target)) == whole;
            if !is_whole {
                assert_eq!(convert(&bench, &arguments).status, 0);
            }
            is_whole
        });
    }
    assert!(cut_short > 0, "it was never killed before its end");
}
