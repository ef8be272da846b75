//! `recto replay`: one server twice is the same; what differs between two is told, the worst first.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::check_url::stand_in::{Passing, StandIn};
use crate::http::Answer;
use crate::site::Site;

/// What a viewer asked for yesterday, with other things between; some of it twice.
const PATHS: [&str; 8] = [
    "/iiif/3/leaf.tif/info.json",
    "/iiif/2/leaf.tif/info.json",
    "/iiif/3/leaf.tif/0,0,512,512/256,256/0/default.jpg",
    "/iiif/3/leaf.tif/0,0,512,512/256,256/0/default.jpg",
    "/iiif/3/leaf.tif/full/300,/0/default.png",
    "/iiif/3/leaf.tif/full/200,/90/gray.jpg",
    "/iiif/3/leaf.tif/full/0,/0/default.jpg",
    "/iiif/3/none.tif/info.json",
];

fn combined() -> String {
    let line = |path: &str, status: u16| {
        format!(
            "192.0.2.7 - - [30/Nov/2026:04:00:00 +0000] \"GET {path} HTTP/1.1\" {status} 99 \"-\" \"viewer \\x22 1\"\n"
        )
    };
    let requests: String = PATHS.iter().map(|path| line(path, 200)).collect();
    format!("{}{requests}{}not a line\n", line("/", 200), line("/iiif/3/leaf.tif", 303))
}

fn json() -> String {
    PATHS.iter().map(|path| format!("{{\"method\":\"GET\",\"uri\":\"{path}\",\"status\":200}}\n")).collect()
}

struct Log(tempfile::TempDir);

impl Log {
    fn with(bytes: &[u8]) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        fs::write(directory.path().join("log"), bytes).expect("written");
        Self(directory)
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("log")
    }
}

fn replay(log: &Path, [against, with]: [&str; 2], more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_recto"));
    command.arg("replay").arg(log).args(["--against", against, "--with", with, "--rate", "1000"]).args(more);
    command.output().expect("recto runs")
}

#[track_caller]
fn report(output: &Output, status: i32) -> Value {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(status), "{said}{}", String::from_utf8_lossy(&output.stdout));
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{said}"))
}

#[test]
fn one_server_twice_is_the_same_whatever_the_log_looks_like() {
    let site = Site::start();
    let (one, other) =
        (format!("http://localhost:{}/iiif", site.port), format!("http://127.0.0.1:{}/iiif/", site.port));
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(combined().as_bytes()).expect("written");
    let packed = packed.finish().expect("finished");
    for (bytes, lines) in [(combined().as_bytes(), 11), (json().as_bytes(), 8), (&packed, 11)] {
        let log = Log::with(bytes);
        let report = report(&replay(&log.path(), [&one, &one], &["--json"]), 0);
        assert_eq!(
            (&report["lines"], &report["compared"], &report["same"]),
            (&lines.into(), &7.into(), &7.into())
        );
        assert!(report["servers"][1]["p95_ms"].as_f64().expect("a number") > 0.0);
    }
    let mut child = Command::new(env!("CARGO_BIN_EXE_recto"))
        .args(["replay", "-", "--against", &one, "--with", &other, "--strip", "/iiif", "--limit", "3"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("recto runs");
    child.stdin.take().expect("a pipe").write_all(combined().as_bytes()).expect("written");
    let text = String::from_utf8(child.wait_with_output().expect("it ends").stdout).expect("text");
    assert!(text.contains("11 lines, 7 different requests, 3 compared"), "{text}");
}

/// A change of an answer that came for a path with this in it.
fn change(passing: &mut Passing, part: &str, how: impl FnMut(&mut Answer)) {
    if passing.path.contains(part) {
        passing.answer.iter_mut().take(1).for_each(how);
    }
}

#[test]
fn what_differs_is_told_the_worst_first() {
    let site = Site::start();
    let changed = StandIn::before(&site, |passing| {
        if passing.answer.is_none() {
            passing.path = passing.path.replace("/256,256/", "/255,256/").replace("/90/gray", "/270/gray");
            return;
        }
        change(passing, "/2/leaf.tif/info.json", |answer| {
            let text = String::from_utf8(std::mem::take(&mut answer.body)).expect("text");
            answer.body = text.replace("\"bitonal\"", "\"native\"").into_bytes();
        });
        change(passing, "none.tif", |answer| answer.status = 410);
        change(passing, "full/300,", |answer| answer.body.truncate(200));
    });
    let log = Log::with(combined().as_bytes());
    let urls = [format!("http://localhost:{}/iiif", site.port), changed.url("/iiif")];
    let report = report(&replay(&log.path(), [&urls[0], &urls[1]], &["--json", "--concurrency", "1"]), 1);
    let told = report["differences"].as_array().expect("a list").iter();
    let told: Vec<_> = told
        .map(|one| [&one["kind"], &one["path"], &one["what"]].map(|t| t.as_str().expect("text")))
        .collect();
    let kinds: Vec<_> = told.iter().map(|[kind, path, _]| (*kind, *path)).collect();
    assert_eq!(
        kinds,
        [
            ("status", "/3/none.tif/info.json"),
            ("damage", "/3/leaf.tif/full/300,/0/default.png"),
            ("size", "/3/leaf.tif/0,0,512,512/256,256/0/default.jpg"),
            ("pixels", "/3/leaf.tif/full/200,/90/gray.jpg"),
            ("info", "/2/leaf.tif/info.json"),
        ],
        "{told:?}"
    );
    assert!(told[0][2].contains("404 and 410") && told[2][2] == "256x256 and 255x256 pixels", "{told:?}");
    assert!(told[4][2].starts_with("profile[1].qualities"), "addresses are no difference: {told:?}");
    assert_eq!(report["differences"][2]["seen"], 2);
    assert_eq!((&report["compared"], &report["same"]), (&7.into(), &2.into()));
    let text =
        String::from_utf8(replay(&log.path(), [&urls[0], &urls[1]], &["--show", "1"]).stdout).expect("text");
    assert!(
        text.contains("... and 4 more") && text.contains("5 differ (1 status, 1 damage, 1 size"),
        "{text}"
    );
}

#[test]
fn pictures_may_differ_as_much_as_is_allowed() {
    let site = Site::start();
    let log = Log::with(b"- \"GET /iiif/3/leaf.tif/0,0,300,200/150,/0/default.jpg HTTP/1.1\"\n");
    let changed = StandIn::before(&site, |passing| {
        if passing.answer.is_none() {
            passing.path = passing.path.replace("/0,0,300,200/", "/1,0,300,200/");
        }
    });
    let urls = [format!("http://localhost:{}/iiif", site.port), changed.url("/iiif")];
    // A pixel to the side.
    for (psnr, status) in [("10", 0), ("200", 1)] {
        let output = replay(&log.path(), [&urls[0], &urls[1]], &["--psnr", psnr, "--json"]);
        report(&output, status);
    }
}

#[test]
fn servers_that_are_not_there_and_logs_without_images_are_said() {
    let site = Site::start();
    let here = format!("http://localhost:{}/iiif", site.port);
    let log = Log::with(combined().as_bytes());
    let empty = Log::with(b"- \"GET /page.html HTTP/1.1\"\n");
    for (log, urls, expected) in [
        (log.path(), [&*here, "http://localhost:1/iiif"], "http://localhost:1/iiif"),
        (log.path(), ["localhost/iiif", &here], "does not begin with http"),
        (empty.path(), [&here, &here], "no GET of an image below \"/iiif\" in 1 lines"),
        (log.path().join("nothing"), [&here, &here], "cannot read"),
    ] {
        let output = replay(&log, urls, &[]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(expected), "{expected}: {said}");
    }
}
