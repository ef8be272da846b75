//! `recto warm`: afterwards the cache of a site has what viewers ask for first.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::check_url::stand_in::StandIn;
use crate::fetched;
use crate::judge::{ended, skipped};
use crate::picture::STAMP;
use crate::site::Site;

struct Desk(tempfile::TempDir);

impl Desk {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a directory"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn list(&self, text: &str) -> PathBuf {
        let path = self.path("list");
        fs::write(&path, text).expect("written");
        path
    }
}

fn warm(list: &Path, url: &str, more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_recto"));
    command.arg("warm").arg(list).args(["--url", url, "--rate", "10000"]).args(more);
    command
}

#[track_caller]
fn report(list: &Path, url: &str, more: &[&str], status: i32) -> Value {
    let output = warm(list, url, more).arg("--json").output().expect("recto runs");
    ended(&output, status);
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// What would be asked for.
fn urls(list: &Path, url: &str, more: &[&str]) -> Vec<String> {
    let output = warm(list, url, more).arg("--dry-run").output().expect("recto runs");
    ended(&output, 0);
    String::from_utf8(output.stdout).expect("text").lines().map(str::to_owned).collect()
}

#[test]
fn the_cache_has_what_viewers_ask_for_first() {
    let (site, desk) = (Site::start(), Desk::new());
    site.add("box/stamp 1.tif", &STAMP);
    let list = desk.list("leaf.tif\nbox/stamp 1.tif\n");
    for version in ["2", "3"] {
        let url = format!("http://localhost:{}/iiif/{version}", site.port);
        let urls = urls(&list, &url, &[]);
        let first = report(&list, &url, &[], 0);
        let count = urls.len() as u64;
        for (name, number) in [("masters", 2), ("requests", count), ("failed", 0)] {
            assert_eq!(first[name], number, "{name}: {first}");
        }
        let [hits, misses] = ["hits", "misses"].map(|name| first[name].as_u64().expect("a number"));
        // The two info.json were asked for already, and one picture may have two names.
        assert!(hits >= 2 && misses > count / 2 && hits + misses == count, "{first}");
        assert!(urls.iter().any(|url| url.ends_with("/box%2Fstamp%201.tif/info.json")), "{urls:?}");
        for url in &urls {
            let answer = site.expect(200, site.path_of(url));
            assert_eq!(answer.the("x-cache-status"), "HIT", "{url}");
        }
        let second = report(&list, &url, &[], 0);
        assert_eq!((&second["hits"], &second["misses"]), (&count.into(), &0.into()));
    }
}

#[test]
fn tiles_are_spelled_as_openseadragon_does() {
    if skipped("viewers") {
        return;
    }
    let (site, desk) = (Site::start(), Desk::new());
    let packages = fetched::directory("viewers");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/viewers/urls.mjs");
    for version in ["2", "3"] {
        let url = format!("http://localhost:{}/iiif/{version}", site.port);
        let info = site.expect(200, &format!("/iiif/{version}/leaf.tif/info.json"));
        fs::write(desk.path("info.json"), &info.body).expect("written");
        // The last version that spells tiles of 2.1 as 3 to 5 do.
        let package =
            packages.join(if version == "2" { "openseadragon-5.0.1" } else { "openseadragon-6.1.1" });
        let asked = Command::new("node").arg(&script).arg(package).arg(desk.path("info.json")).output();
        let asked = asked.expect("node runs");
        ended(&asked, 0);
        let list = desk.list("leaf.tif\n");
        // All tiles of the picture are on such a screen.
        let more = ["--screen", "4000x4000", "--thumbnails", "none"];
        let ours = urls(&list, &url, &more);
        let theirs: Vec<_> = std::str::from_utf8(&asked.stdout).expect("text").lines().collect();
        assert_eq!(ours[1..], theirs, "{version}");
    }
}

#[test]
fn a_directory_is_walked_and_a_second_run_goes_on() {
    let (site, desk) = (Site::start(), Desk::new());
    site.add("box/stamp.tif", &STAMP);
    let (masters, url) = (site.server.path("masters"), format!("http://localhost:{}/iiif/3", site.port));
    let state = desk.path("state");
    let with_state = ["--state", state.to_str().expect("UTF-8"), "--screen", "none", "--thumbnails", "50,"];
    assert_eq!(report(&masters, &url, &with_state, 0)["requests"], 4);
    let noted = fs::read_to_string(&state).expect("a file");
    assert!(noted.contains("leaf.tif\n") && noted.contains("box%2Fstamp.tif\n"), "{noted}");
    // The machine went down while it was written.
    fs::write(&state, "leaf.tif\nbox%2Fst").expect("written");
    let again = report(&masters, &url, &with_state, 0);
    assert_eq!((&again["masters"], &again["skipped"]), (&1.into(), &1.into()));
    let nothing = report(&masters, &url, &with_state, 0);
    assert_eq!((&nothing["masters"], &nothing["skipped"]), (&0.into(), &2.into()));
    let list = desk.list("a\nleaf.tif\nbox/stamp.tif\n");
    let rest = report(&list, &url, &["--start-after", "leaf.tif", "--screen", "none"], 0);
    assert_eq!((&rest["masters"], &rest["skipped"]), (&1.into(), &2.into()));
    let mut child = warm(Path::new("-"), &url, &["--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("started");
    child.stdin.take().expect("a pipe").write_all(b"box/stamp.tif\n").expect("written");
    let output = child.wait_with_output().expect("it ends");
    ended(&output, 0);
}

#[test]
fn a_busy_server_is_left_alone_and_asked_again() {
    let (site, desk) = (Site::start(), Desk::new());
    let mut times = 0;
    let busy = std::sync::Mutex::new(move || {
        times += 1;
        times <= 2
    });
    let stand_in = StandIn::before(&site, move |passing| {
        if let Some(answer) = &mut passing.answer
            && passing.path.contains("/full/200,")
            && (busy.lock().expect("no panic"))()
        {
            answer.status = 503;
            answer.headers.push(("retry-after".to_owned(), "0".to_owned()));
        }
    });
    let list = desk.list("leaf.tif\n");
    let report = report(&list, &stand_in.url("/iiif/3"), &["--screen", "none", "--thumbnails", "200,"], 0);
    assert_eq!((&report["put_off"], &report["requests"]), (&2.into(), &2.into()));
}

#[test]
fn what_fails_is_told_and_a_server_that_is_not_there_given_up() {
    let (site, desk) = (Site::start(), Desk::new());
    let url = format!("http://localhost:{}/iiif/3", site.port);
    let list = desk.list("none.tif\nleaf.tif\n");
    let some = report(&list, &url, &["--screen", "none"], 1);
    assert_eq!(
        (&some["failed"], &some["masters"], &some["statuses"]["404"]),
        (&1.into(), &1.into(), &1.into())
    );
    assert_eq!(some["given_up"], Value::Null);

    let many: String = (0..200).map(|number| format!("{number}.tif\n")).collect();
    let list = desk.list(&many);
    let none = report(&list, &url, &["--connections", "1"], 1);
    assert_eq!((&none["requests"], none["given_up"].is_string()), (&20.into(), true), "{none}");

    let port = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("one").port();
    let nobody = report(&list, &format!("http://127.0.0.1:{port}/iiif/3"), &["--connections", "1"], 1);
    assert_eq!((&nobody["failed"], nobody["given_up"].is_string()), (&20.into(), true), "{nobody}");

    let output = warm(&desk.list("\n"), &url, &[]).output().expect("recto runs");
    assert!(ended(&output, 1).contains("no masters"));
    for wrong in [["--thumbnails", "big"], ["--screen", "wide"], ["--url", "host"]] {
        let output = warm(&list, &url, &wrong).output().expect("recto runs");
        ended(&output, 2);
    }
}
