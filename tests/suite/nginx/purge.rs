//! `recto purge` on the cache of an NGINX that runs: what is forgotten is asked for anew, and only that.

use std::fs;
use std::io::Write;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use rustix::process::Signal;

use crate::picture::{LEAF, Picture};
use crate::server::until;
use crate::site::{MASTER, Setup, Site};

/// What `recto purge` with these arguments does to the site, given this on standard input.
fn run(site: &Site, arguments: &[&str], input: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_recto"));
    command.arg("purge").arg("--config").arg(site.server.path("recto.toml")).args(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("started");
    child.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("written");
    child.wait_with_output().expect("ended")
}

/// How many copies it forgets.
#[track_caller]
fn forgotten(site: &Site, arguments: &[&str], input: &str) -> u64 {
    let output = run(site, &[&["--json"], arguments].concat(), input);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    let outcome: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    outcome["forgotten"].as_u64().expect("a number")
}

/// Asks for each of these, and says whether it was kept.
fn statuses(site: &Site, paths: &[String]) -> Vec<String> {
    paths.iter().map(|path| site.get(path).header("x-cache-status").unwrap_or_default().to_owned()).collect()
}

/// URLs of a master of which a copy each is kept: under two prefixes and in two versions, well formed and not.
fn urls(identifier: &str) -> Vec<String> {
    let mut urls = Vec::new();
    for root in ["/iiif", "/loris"] {
        for (version, rest) in [
            ("3", "info.json"),
            ("2", "info.json"),
            ("3", "0,0,64,64/64,64/0/default.jpg"),
            ("2", "0,0,64,64/64,64/0/default.png"),
            ("3", "0,0,64,64/64,64/400/default.jpg"),
        ] {
            urls.push(format!("{root}/{version}/{identifier}/{rest}"));
        }
    }
    urls
}

/// A site with two prefixes, and masters in a directory.
fn site() -> Site {
    let anchor = "location / { expires -1; }";
    let both =
        format!("{anchor}\nlocation ^~ /loris/ {{ set $recto_prefix /loris; rewrite ^ /iiif/ last; }}\n");
    let site = Site::with(&Setup { edits: &[(anchor, &both)], ..Setup::default() });
    for name in ["box/a b.tif", "box/c.tif"] {
        site.add(name, &LEAF.1);
    }
    site
}

#[test]
fn all_variants_of_a_master_are_forgotten_and_nothing_of_any_other() {
    let site = site();
    let (ours, without, theirs) = (urls("box%2Fa%20b.tif"), urls("box%2Fa%20b"), urls("box%2Fc.tif"));
    for paths in [&ours, &without, &theirs] {
        statuses(&site, paths);
        assert_eq!(statuses(&site, paths), vec!["HIT"; 10]);
    }
    let dry = run(&site, &["--dry-run", "box/a b.tif"], "");
    let listed = String::from_utf8(dry.stdout).expect("text");
    assert_eq!(listed.lines().filter(|line| line.starts_with("http://")).count(), 20, "{listed}");
    assert!(listed.contains(&without[0]) && listed.contains("would forget 20 of 30 copies"), "{listed}");
    assert_eq!(statuses(&site, &ours), vec!["HIT"; 10], "nothing has happened");

    assert_eq!(forgotten(&site, &["box/a b.tif"], ""), 20);
    assert_eq!(statuses(&site, &theirs), vec!["HIT"; 10]);
    for paths in [&ours, &without] {
        assert_eq!(statuses(&site, paths), vec!["MISS"; 10]);
        assert_eq!(statuses(&site, paths), vec!["HIT"; 10], "kept again");
    }
    assert_eq!(forgotten(&site, &["box%2Fa%20b"], ""), 20, "as in a URL, and without its extension");
    assert_eq!(forgotten(&site, &["box/a b"], ""), 0, "there is nothing left, which is no error");
}

#[test]
fn many_masters_go_in_one_walk_and_a_replaced_one_is_seen_at_once() {
    let site = site();
    // Of any master, so that no worker is asked how large it is.
    let path = format!("/iiif/3/{MASTER}/0,0,20,20/20,20/0/default.png");
    let before = site.expect(200, &path);
    let both = [urls("box%2Fa%20b.tif"), urls("box%2Fc.tif")].concat();
    statuses(&site, &both);
    site.add(MASTER, &Picture::waves(90, 60, 1).master());
    assert_eq!(site.expect(200, &path).body, before.body, "NGINX shows what it has");
    let input = "box/a b.tif\r\n\nbox/c.tif\nleaf.tif\nbox/none.tif\n";
    assert_eq!(forgotten(&site, &["-"], input), 21);
    assert_ne!(site.expect(200, &path).body, before.body);
    statuses(&site, &both);
    assert_eq!(forgotten(&site, &["--older-than", "1h"], ""), 0);
    assert_eq!(forgotten(&site, &["--prefix", "box/"], ""), 20);
    assert_eq!(forgotten(&site, &["--all"], ""), 1);
}

#[test]
fn who_may_not_or_asks_for_nothing_is_told_so() {
    let site = site();
    for (arguments, status, said) in [
        (&[][..], 2, "required"),
        (&["--all", "box/c.tif"], 2, "cannot be used"),
        (&["--older-than", "7"], 2, "unit"),
        (&["-"], 1, "no identifiers"),
        (&["--all", "--cache", "/nonexistent"], 1, "--cache"),
        (&["--all", "--cache", "/etc/hostname"], 1, "as root or as NGINX's user"),
        (&["--stale", "--cache", "/nonexistent"], 0, "--cache"),
    ] {
        let output = run(&site, arguments, "");
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(status) && text.contains(said), "{arguments:?}: {text}");
    }
}

#[test]
fn a_reload_that_changes_how_pictures_look_makes_what_is_kept_stale() {
    let site = Site::start();
    let path = format!("/iiif/3/{MASTER}/full/90,/0/default.jpg");
    let reload = |from: &str, to: &str, said: &str| {
        let file = site.server.path("recto.toml");
        let text = fs::read_to_string(&file).expect("a configuration");
        assert!(text.contains(from));
        fs::write(&file, text.replace(from, to)).expect("written");
        fs::write(site.server.path("log"), "").expect("emptied");
        site.server.signal(Signal::HUP);
        until("the log says what it means", || site.server.log().contains(said));
    };
    // Copies of the same second may be from before the start.
    let noted = fs::metadata(site.server.path("state/looks")).expect("noted").modified().expect("a date");
    until("it is another second", || noted.elapsed().is_ok_and(|age| age > Duration::from_secs(2)));
    let before = site.expect(200, &path);
    reload("workers = 2", "workers = 1", "pictures look as before");
    assert_eq!(forgotten(&site, &["--stale"], ""), 0);
    let fresh = site.expect(200, &format!("/iiif/3/{MASTER}/full/80,/0/default.jpg"));
    assert_eq!(fresh.the("x-cache-status"), "MISS");
    assert_eq!(site.expect(200, &path).body, before.body);

    reload("[masters]", "[jpeg]\nquality = 20\n[masters]", "recto purge --stale");
    assert!(site.server.log().contains("pictures look otherwise than before"));
    assert_eq!(site.expect(200, &path).body, before.body, "NGINX does not know yet");
    assert!(forgotten(&site, &["--stale"], "") >= 2);
    let after = site.expect(200, &path);
    assert_eq!(after.the("x-cache-status"), "MISS");
    assert!(after.body.len() < before.body.len());
}
