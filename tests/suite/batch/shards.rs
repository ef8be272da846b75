//! Several machines share the work: all parts together are the whole.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::{Told, command, convert, files, made, seven};
use crate::judge::{Bench, run, text};

fn example(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name)
}

/// Starts all, waits for all, and all have done their work.
#[track_caller]
fn all(commands: impl Iterator<Item = Command>) {
    let quiet = |mut command: Command| command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
    let children: Vec<Child> = commands.map(|command| quiet(command).expect("started")).collect();
    for child in children {
        let output = child.wait_with_output().expect("ended");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

/// A tree, and what all of it becomes at once.
fn whole(bench: &Bench) -> BTreeMap<String, Vec<u8>> {
    seven(bench);
    made(bench, &["in", "-o", "whole"]);
    files(&bench.path("whole"))
}

/// A shell script where `recto` is the program under test.
fn script(bench: &Bench, arguments: &[&str]) -> Command {
    let program = Path::new(env!("CARGO_BIN_EXE_recto")).parent().expect("a directory");
    let path = std::env::var("PATH").unwrap_or_default();
    let mut command = Command::new("sh");
    command.args(arguments).current_dir(bench.path("")).env("PATH", format!("{}:{path}", text(program)));
    command
}

#[test]
fn parts_are_together_the_whole_and_share_nothing() {
    let bench = Bench::new();
    let whole = whole(&bench);
    let mut made = 0;
    for part in ["1/3", "2/3", "3/3"] {
        let told = convert(&bench, &["in", "-o", "out", "--shard", part]);
        assert_eq!((told.status, told.others()), (0, vec![]), "{}", told.text);
        // It depends on the name alone: files that come and go move no other.
        let one = told.files.first().map(|file| super::text_of(&file["input"]).to_owned());
        if let Some(one) = one {
            let below = one.strip_prefix("in/").expect("below it");
            fs::write(bench.path("list"), below).expect("written");
            let alone = ["in", "--files-from", "list", "-o", "alone", "--shard", part];
            assert_eq!(convert(&bench, &alone).files.len(), 1, "{one}");
        }
        made += told.files.len();
    }
    assert_eq!((made, files(&bench.path("out"))), (7, whole));
}

#[test]
fn machines_work_at_the_same_time() {
    let bench = Bench::new();
    let whole = whole(&bench);
    all(["1/3", "2/3", "3/3"].into_iter().map(|part| command(&bench, &["in", "-o", "out", "--shard", part])));
    assert_eq!(files(&bench.path("out")), whole);
    // Even two that do the same end well.
    all([0; 2].into_iter().map(|_| command(&bench, &["in", "-o", "twice", "--force"])));
    assert_eq!(files(&bench.path("twice")), whole);
}

#[test]
fn the_slurm_array_does_all_of_it() {
    let bench = Bench::new();
    let whole = whole(&bench);
    let array = example("slurm-array.sh");
    run("shellcheck", &[text(&array)]);
    // An array need not begin at 1, nor go on by 1.
    all([10, 15, 20].into_iter().map(|task| {
        let mut job = script(&bench, &[text(&array), "in", "out", "--jobs", "1"]);
        job.env("SLURM_ARRAY_TASK_ID", task.to_string()).env("SLURM_ARRAY_TASK_COUNT", "3");
        job.env("SLURM_ARRAY_TASK_MIN", "10")
            .env("SLURM_ARRAY_TASK_STEP", "5")
            .env("SLURM_ARRAY_JOB_ID", "7");
        job
    }));
    assert_eq!(files(&bench.path("out")), whole);
    let reports = files(&bench.path("")).into_keys().filter(|name| name.ends_with(".jsonl")).count();
    assert_eq!(reports, 3);
}

#[test]
fn the_kubernetes_job_does_all_of_it() {
    let bench = Bench::new();
    let whole = whole(&bench);
    let manifest = fs::read_to_string(example("kubernetes-job.yaml")).expect("there");
    let value = |name: &str| {
        let (_, rest) = manifest.split_once(name).unwrap_or_else(|| panic!("{name} in {manifest}"));
        rest.lines().next().unwrap_or_default().trim().trim_matches('"').to_owned()
    };
    assert_eq!(value("completions: "), value("{ name: PARTS, value: ").trim_end_matches("\" }"));
    let lines = manifest.split_once("            - |\n").expect("a script").1.lines();
    let of_script = lines.take_while(|line| line.starts_with("              "));
    let text_of = of_script.map(str::trim).collect::<Vec<_>>().join("\n");
    bench.file("job.sh", format!("#!/bin/sh\n{text_of}\n").as_bytes());
    run("shellcheck", &[text(&bench.path("job.sh"))]);
    all((0..3).map(|index| {
        let mut pod = script(&bench, &["job.sh"]);
        pod.env("JOB_COMPLETION_INDEX", index.to_string())
            .env("PARTS", "3")
            .env("IN", "in")
            .env("OUT", "out");
        pod
    }));
    assert_eq!(files(&bench.path("out")), whole);
}

#[test]
fn each_line_of_json_is_there_when_its_file_is_done() {
    let bench = Bench::new();
    seven(&bench);
    let told = command(&bench, &["in", "-o", "out", "--json", "report.jsonl"]).output().expect("run");
    let said = String::from_utf8_lossy(&told.stdout);
    assert!(said.starts_with("7 files: 7 made (7 encoded; "), "{said}");
    let report = fs::read(bench.path("report.jsonl")).expect("there");
    let told = Told::of(&std::process::Output { stdout: report, ..told });
    assert_eq!((told.files.len(), &told.summary["exit"]), (7, &0.into()));
    // Nobody has to read it.
    let mut child = command(&bench, &["in", "-o", "more", "--json", "-"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("recto runs");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("ended");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(74) && !complaint.contains("panic"), "{complaint}");
}
