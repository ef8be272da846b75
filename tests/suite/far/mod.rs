//! Masters in a store: served as those of a directory are, by workers that have neither network nor credentials, and never
//! in the way of what is here.

mod gate;

use std::fs;
use std::io::Write;
use std::process::Command;
use std::time::{Duration, Instant};

use recto::fetch::counts::{Count, Counts};
use rustix::process::Signal;

use crate::load::Load;
use crate::picture::{LEAF, STAMP};
use crate::process::{connect, get, reply, request, status};
use crate::server::{Server, children_of, send, until};
use gate::{Store, Way};

const TILE: &str = "0,0,256,256/256,256/0/default.jpg";

/// Lines of `[server]`, and of sections after it, for a pool with this store.
fn lines(store: &Store, cache: &tempfile::TempDir) -> String {
    format!(
        "workers = 1\nbackground_workers = 2\nfar_workers = 2\nserver_timing = true\ndeadline = \"10s\"\n\
         [cache]\ndirectory = \"{}/blocks\"\nfresh = \"1s\"\n{}",
        cache.path().display(),
        store.source("far/")
    )
}

/// A pool with this store, and the cache of its blocks.
fn pool(store: &Store) -> (Server, tempfile::TempDir) {
    let cache = tempfile::tempdir().expect("a directory");
    let server = Server::configured(&lines(store, &cache));
    fs::write(server.path("masters/near.tif"), &LEAF.1).expect("written");
    (server, cache)
}

/// The whole answer to a GET.
fn whole(server: &Server, path: &str) -> String {
    let mut stream = connect(server);
    stream.write_all(&request(path)).expect("open");
    reply(&mut stream).expect("an answer")
}

/// The body of an answer.
fn body(answer: &str) -> &str {
    answer.split_once("\r\n\r\n").expect("a head").1
}

/// The process that fetches, if there is one.
fn fetchers(server: &Server) -> Vec<i32> {
    let is_one = |pid: &i32| {
        let line = fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        line.split('\0').nth(1) == Some("fetch")
    };
    children_of(server.child.id()).into_iter().filter(is_one).collect()
}

fn fetcher(server: &Server) -> i32 {
    until("there is a fetcher", || fetchers(server).len() == 1);
    fetchers(server)[0]
}

#[test]
fn what_is_far_is_served_as_what_is_near() {
    let store = Store::start();
    store.put("leaf.tif", &LEAF.1);
    store.put("leaf.tif.json", br#"{"rights": "http://rightsstatements.org/vocab/NoC-US/1.0/"}"#);
    let (server, _cache) = pool(&store);
    for wanted in
        [TILE, "full/300,/0/default.jpg", "full/max/0/default.png", "10,20,500,400/250,/90/gray.jpg"]
    {
        let [near, far] = ["near", "far%2Fleaf"].map(|id| whole(&server, &format!("/iiif/3/{id}/{wanted}")));
        assert!(near.starts_with("Status: 200 ") && body(&near) == body(&far), "{wanted}: {}", &far[..200]);
    }
    let info = whole(&server, "/iiif/3/far%2Fleaf.tif/info.json");
    assert!(info.contains("rightsstatements.org"), "{info}");
    // What is known costs the store nothing.
    let before = store.requests();
    let again = whole(&server, &format!("/iiif/3/far%2Fleaf.tif/{TILE}"));
    assert!(again.contains("fetch;desc=\"0 requests, 0 bytes\""), "{}", &again[..600]);
    assert_eq!(store.requests(), before);
    assert_eq!(status(&server, "/iiif/3/far%2Fnothing/info.json"), 404);
    assert_eq!(status(&server, "/iiif/3/far%2F..%2Fnear.tif/info.json"), 400);
}

#[test]
fn credentials_reach_the_fetcher_alone() {
    let store = Store::start();
    store.put("a.tif", &STAMP);
    let cache = tempfile::tempdir().expect("a directory");
    let secret = ("AWS_SECRET_ACCESS_KEY", "not-for-workers");
    let server = Server::spawned(&lines(&store, &cache), |command| {
        command.env(secret.0, secret.1).env("SOMETHING_ELSE", "not-for-workers-either");
    });
    assert_eq!(status(&server, "/iiif/3/far%2Fa.tif/info.json"), 200);
    let fetcher = fetcher(&server);
    let environment = |pid: i32| fs::read(format!("/proc/{pid}/environ")).expect("readable by root");
    let has = |pid: i32, text: &str| environment(pid).windows(text.len()).any(|part| part == text.as_bytes());
    assert!(has(fetcher, secret.1) && !has(fetcher, "SOMETHING_ELSE"));
    for worker in children_of(server.child.id()).into_iter().filter(|pid| *pid != fetcher) {
        assert!(!has(worker, "not-for-workers"), "worker {worker}");
    }
    assert!(!server.log().contains(secret.1));
}

#[test]
fn a_fetcher_that_is_killed_costs_no_request() {
    let store = Store::start();
    let names: Vec<String> = (0..40).map(|number| format!("m{number}.tif")).collect();
    names.iter().for_each(|name| store.put(name, &STAMP));
    let (server, _cache) = pool(&store);
    let socket = server.path("recto.sock");
    let load = Load::start(2, move |number| {
        let name = names.get(number as usize)?;
        Some(get(&socket, &format!("/iiif/3/far%2F{name}/full/max/0/default.jpg")))
    });
    for _ in 0..3 {
        let before = fetcher(&server);
        send(before, Signal::KILL);
        until("there is another one", || fetchers(&server).iter().any(|now| *now != before));
    }
    until("all were asked for", || load.asked() >= 42);
    let outcomes = load.end();
    let lost: Vec<_> = outcomes.iter().filter(|outcome| !matches!(outcome, Ok(200))).collect();
    assert!(lost.is_empty() && outcomes.len() >= 40, "{lost:?} of {}", outcomes.len());
    assert_eq!(server.log().matches("another one takes up what was asked of it").count(), 3);
}

#[test]
fn a_store_that_is_down_holds_up_nobody_and_is_found_again() {
    let store = Store::start();
    store.put("known.tif", &STAMP);
    store.put("other.tif", &STAMP);
    let (server, _cache) = pool(&store);
    let known = "/iiif/3/far%2Fknown.tif/full/max/0/default.jpg";
    assert_eq!((status(&server, known), status(&server, known)), (200, 200));
    store.set(Way::Shut);
    let other = "/iiif/3/far%2Fother.tif/info.json";
    let refused = whole(&server, other);
    assert!(refused.starts_with("Status: 503 ") && refused.contains("Retry-After: "), "{refused}");
    let near = format!("/iiif/3/near.tif/{TILE}");
    until("the breaker is open", || {
        assert_eq!((status(&server, other), status(&server, &near)), (503, 200));
        counts(&server).breaker(0).is_some()
    });
    // What is known is served, also when it is no longer fresh.
    for _ in 0..3 {
        assert_eq!(status(&server, known), 200);
        std::thread::sleep(Duration::from_millis(500));
    }
    let said = report(&server);
    assert!(said["stores"][0]["left_alone"].is_number() && said["ready"] == true, "{said}");
    store.set(Way::Open);
    until("it is found again", || status(&server, other) == 200);
    assert!(report(&server)["stores"][0]["left_alone"].is_null());
}

#[test]
fn who_waits_for_a_store_keeps_nobody_waiting() {
    let store = Store::start();
    store.put("a.tif", &STAMP);
    let (server, _cache) = pool(&store);
    store.set(Way::Silent);
    let mut waiting = Vec::new();
    for number in 0..60 {
        let mut stream = connect(&server);
        stream.write_all(&request(&format!("/iiif/3/far%2Fa{number}.tif/info.json"))).expect("open");
        waiting.push(stream);
    }
    // As soon as those are handed over, or refused for there are too many: nobody waits at the front.
    for _ in 0..20 {
        assert_eq!(status(&server, &format!("/iiif/3/near.tif/{TILE}")), 200);
    }
    let statuses: Vec<_> = waiting.iter_mut().map(crate::process::answer).collect();
    assert!(statuses.iter().all(|status| matches!(status, Ok(503))), "{statuses:?}");
    assert!(server.log().lines().all(|line| !line.contains("quarantine")), "nobody is to blame");
    // Those that wait leave when their clients do.
    store.set(Way::Open);
    until("the store is asked again", || status(&server, "/iiif/3/far%2Fa.tif/info.json") == 200);
}

#[test]
fn a_reload_adds_a_store_and_another_removes_it_and_no_request_is_lost() {
    let store = Store::start();
    store.put("a.tif", &STAMP);
    let cache = tempfile::tempdir().expect("a directory");
    let server = Server::start(1, "10s");
    fs::write(server.path("masters/near.tif"), &LEAF.1).expect("written");
    let socket = server.path("recto.sock");
    let load = Load::start(2, move |_| Some(get(&socket, "/iiif/3/near.tif/info.json")));
    let (plain, far) = (
        fs::read_to_string(server.path("recto.toml")).expect("a configuration"),
        "/iiif/3/far%2Fa.tif/info.json",
    );
    let with_store = plain.replacen("[server]\n", "[server]\nfar_workers = 2\n", 1)
        + &format!("[cache]\ndirectory = \"{}/blocks\"\n{}", cache.path().display(), store.source("far/"));
    assert!(fetchers(&server).is_empty());
    for (number, text, expected) in [(1, &with_store, 200), (2, &with_store, 200), (3, &plain, 404)] {
        fs::write(server.path("recto.toml"), text).expect("written");
        server.signal(Signal::HUP);
        until("it is reloaded", || server.log().matches("reloaded").count() == number);
        assert_eq!(status(&server, far), expected);
    }
    until("its fetchers have ended", || fetchers(&server).is_empty());
    let outcomes = load.end();
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Ok(200))), "{outcomes:?}");
    assert!(!server.log().contains("died"));
}

#[test]
fn an_upgrade_goes_on_with_the_counter() {
    let store = Store::start();
    let names: Vec<String> = (0..200).map(|number| format!("m{number}.tif")).collect();
    names.iter().for_each(|name| store.put(name, &STAMP));
    let cache = tempfile::tempdir().expect("a directory");
    let mut server = Server::upgradable(&lines(&store, &cache), |_| ());
    let socket = server.path("recto.sock");
    let load = Load::start(2, move |number| {
        Some(get(&socket, &format!("/iiif/3/far%2F{}/info.json", names[number as usize % names.len()])))
    });
    for takeovers in 1..=2 {
        server.install(env!("CARGO_BIN_EXE_recto"), "echo >>\"$1\"");
        server.signal(Signal::HUP);
        until("the new program has taken over", || {
            let log = server.log();
            log.matches("takes over, with the workers").count() == takeovers
                && log.matches("reloaded").count() == takeovers
        });
    }
    let outcomes = load.end();
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Ok(200))), "{outcomes:?}");
    until("one fetcher is left", || fetchers(&server).len() == 1);
    let begun = Instant::now();
    assert_eq!(server.stop(), Some(0));
    assert!(begun.elapsed() < Duration::from_secs(30), "nobody is waited for");
}

/// What the fetcher counts, found among the descriptors of its supervisor.
fn counts(server: &Server) -> Counts {
    Counts::open(&server.shared("recto-stores")).expect("open")
}

fn report(server: &Server) -> serde_json::Value {
    let mut command = Command::new(env!("CARGO_BIN_EXE_recto"));
    command.args(["status", "--json", "--config"]).arg(server.path("recto.toml"));
    serde_json::from_slice(&command.output().expect("started").stdout).expect("JSON")
}

#[test]
fn stores_are_told_of() {
    let store = Store::start();
    store.put("a.tif", &STAMP);
    let (server, _cache) = pool(&store);
    for _ in 0..2 {
        assert_eq!(status(&server, "/iiif/3/far%2Fa.tif/full/max/0/default.jpg"), 200);
    }
    until("it is counted", || counts(&server).of(0, Count::Bytes) >= STAMP.len() as u64);
    let said = report(&server);
    let told = &said["stores"][0];
    assert_eq!((&told["prefix"], &told["left_alone"]), (&"far/".into(), &serde_json::Value::Null), "{said}");
    assert!(told["requests"].as_u64().is_some_and(|requests| requests > 0), "{said}");
    assert!(said["block_cache"]["limit"].as_u64() == Some(10 << 30) && said["fetcher"]["process"].is_u64());
    let lanes: Vec<_> = said["workers"].as_array().expect("workers").iter().map(|it| &it["lane"]).collect();
    assert_eq!(lanes.iter().filter(|lane| **lane == "far").count(), 2, "{lanes:?}");
    let mut command = Command::new(env!("CARGO_BIN_EXE_recto"));
    command.args(["status", "--config"]).arg(server.path("recto.toml"));
    let text = String::from_utf8_lossy(&command.output().expect("started").stdout).into_owned();
    assert!(text.contains("store       answers, ") && text.contains("fetcher     process "), "{text}");
}
