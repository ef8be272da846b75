//! NGINX's cache: what makes one entry, what makes two, and what is not cached.

use std::collections::HashSet;
use std::fs;
use std::io::Write;
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::thread;

use crate::picture::{STAMP, replace};
use crate::server::until;
use crate::site::{MASTER, Setup, Site, until_status};

#[test]
fn one_derivative_is_one_entry() {
    let site = Site::start();
    let path = format!("/iiif/3/{MASTER}/full/90,/0/default.jpg");
    let first = site.expect(200, &path);
    assert_eq!(first.the("x-cache-status"), "MISS");
    let query = format!("{path}?bust=1&x=/y");
    for (path, headers) in [
        (&path, &[][..]),
        (&query, &[]),
        (&path, &[("Host", "other.example")]),
        (&path, &[("Accept", "image/avif,image/webp,*/*;q=0.8")]),
        (&path, &[("Accept", "application/json")]),
        (&path, &[("Cookie", "a=b")]),
        (&path, &[("Authorization", "Bearer x")]),
        (&path, &[("Cache-Control", "no-cache")]),
        (&path, &[("User-Agent", "x")]),
    ] {
        let answer = site.ask("GET", path, headers);
        assert_eq!(answer.the("x-cache-status"), "HIT", "{path} {headers:?}");
        assert!(answer.body == first.body);
        assert_eq!(answer.the("link"), first.the("link"));
    }
}

/// The number of files in the cache.
pub fn entries(site: &Site) -> usize {
    fn files(directory: &Path) -> usize {
        let entries = fs::read_dir(directory).expect("a directory").map(|entry| entry.expect("an entry"));
        entries.map(|entry| if entry.path().is_dir() { files(&entry.path()) } else { 1 }).sum()
    }
    files(&site.server.path("cache"))
}

#[test]
fn all_spellings_of_a_derivative_are_one_entry() {
    let site = Site::start();
    let of_3 = |rest: &str| format!("/iiif/3/{MASTER}/{rest}");
    let of_2 = |rest: &str| format!("/iiif/2/{MASTER}/{rest}");
    // The first of each is what viewers ask for.
    let tile = [
        "256,256,512,512/256,256/0/default.jpg",
        "256,256,512,512/256,/0/default.jpg",
        "256,256,512,512/,256/0/default.jpg",
        "256,256,512,512/!256,256/0/default.jpg",
        "256,256,512,512/^256,256/0/default.jpg",
        "256,256,512,512/pct:50/0/default.jpg",
        "256,256,512,512/pct:50.0/0/default.jpg",
        "256,256,512,512/256,256/0/color.jpg",
        "256,256,512,512/256,256/00/default.jpg",
        "256,256,512,512/256,256/360/default.jpg",
        "256,256,512,512/256,256/0.0/default.jpg",
        "256,256,512,512/0256,256/0/default.jpg",
        "%32%356,256,512,512/256%2C256/0/d%65fault%2Ejpg",
        "256,256,512,512/256,256/0/default.jpg?query=1",
    ];
    let whole = [
        "full/300,220/0/default.png",
        "0,0,1500,1100/300,/0/default.png",
        "0,0,1500,1100/300,220/0/default.png",
        "0,0,9999,9999/300,220/0/default.png",
        "pct:0,0,100,100/300,/0/default.png",
        "full/!300,300/360/color.png",
    ];
    let largest = ["full/max/0/gray.png", "0,0,1500,1100/max/0/gray.png", "full/1500,1100/0/gray.png"];
    let edge = [
        "1280,1024,220,76/220,76/0/default.jpg",
        "1280,1024,256,256/220,76/0/default.jpg",
        "1280,1024,256,256/max/0/default.jpg",
        "1280,1024,220,76/max/0/default.jpg",
    ];
    let tile_2 = [
        "256,256,512,512/256,/0/default.jpg",
        "256,256,512,512/256,256/0/default.jpg",
        "256,256,512,512/,256/00/color.jpg",
    ];
    let own_size_2 = [
        "0,0,512,512/512,/0/default.jpg",
        "0,0,512,512/512,512/0/default.jpg",
        "0,0,512,512/max/0/default.jpg",
        "0,0,512,512/full/0/default.jpg",
    ];
    let groups = [
        tile.map(of_3).to_vec(),
        whole.map(of_3).to_vec(),
        largest.map(of_3).to_vec(),
        edge.map(of_3).to_vec(),
        tile_2.map(of_2).to_vec(),
        own_size_2.map(of_2).to_vec(),
    ];
    for (number, spellings) in groups.iter().enumerate() {
        // Whoever comes first.
        site.expect(200, &spellings[spellings.len() - 1]);
        let kept = site.expect(200, &spellings[0]);
        assert_eq!(kept.the("x-cache-status"), "HIT", "{}", spellings[0]);
        for path in spellings.iter().chain(spellings) {
            let answer = site.expect(200, path);
            assert_eq!(answer.the("x-cache-status"), "HIT", "{path}");
            assert!(answer.body == kept.body, "{path}");
            for name in ["etag", "link", "content-type", "content-length", "last-modified", "cache-control"] {
                assert_eq!(answer.the(name), kept.the(name), "{path}");
            }
            assert_eq!(
                (answer.header("location"), answer.header("x-accel-redirect")),
                (None, None),
                "{path}"
            );
            assert_eq!(site.ask("HEAD", path, &[]).the("content-length"), kept.the("content-length"));
            assert_eq!(site.ask("GET", path, &[("If-None-Match", kept.the("etag"))]).status, 304, "{path}");
            let part = site.ask("GET", path, &[("Range", "bytes=2-9")]);
            assert_eq!((part.status, &part.body[..]), (206, &kept.body[2..10]), "{path}");
        }
        assert_eq!(entries(&site), number + 1, "{}", spellings[0]);
    }
    // What is kept costs no worker.
    let before = site.server.served();
    groups.iter().for_each(|spellings| drop(site.expect(200, &spellings[0])));
    assert_eq!(site.server.served(), before);
}

#[test]
fn identifiers_of_one_image_are_one_entry() {
    let site = Site::start();
    site.add("a b:c.tif", &STAMP);
    for name in ["a%20b:c.tif", "a%20b%3Ac.tif", "%61%20b%3ac%2Etif"] {
        for rest in ["info.json", "full/max/0/default.jpg", ""] {
            site.get(&format!("/iiif/3/{name}/{rest}"));
        }
    }
    assert_eq!(entries(&site), 3);
}

#[test]
fn many_who_ask_by_another_spelling_wait_for_one_worker_and_for_nothing_else() {
    let site = Site::start();
    let path = format!("/iiif/3/{MASTER}/pct:0,0,100,100/max/00/color.png");
    let answers = thread::scope(|scope| {
        let asking: Vec<_> = (0..12).map(|_| scope.spawn(|| site.expect(200, &path))).collect();
        asking.into_iter().map(|asking| asking.join().expect("an answer")).collect::<Vec<_>>()
    });
    assert!(answers.iter().all(|answer| answer.body == answers[0].body));
    let missed = answers.iter().filter(|answer| answer.the("x-cache-status") == "MISS");
    assert_eq!((missed.count(), entries(&site)), (1, 1));
}

#[test]
fn a_refresh_refreshes_what_is_kept() {
    let site = Site::start();
    let (kept, other) = (
        format!("/iiif/3/{MASTER}/full/90,66/0/default.jpg"),
        format!("/iiif/3/{MASTER}/full/90,/0/color.jpg"),
    );
    let old = site.expect(200, &kept);
    replace(&site.server.path("masters").join(MASTER), &crate::picture::LEAF.0.negative().master());
    let new = site.ask("GET", &other, &[("X-Recto-Refresh", "1")]);
    assert!(new.the("x-cache-status") == "BYPASS" && new.the("etag") != old.the("etag"));
    for path in [&kept, &other] {
        let answer = site.expect(200, path);
        assert_eq!((answer.the("x-cache-status"), answer.the("etag")), ("HIT", new.the("etag")));
    }
    assert_eq!(entries(&site), 1);
}

#[test]
fn what_is_led_to_is_nobodys_to_ask_for() {
    let site = Site::start();
    for path in
        ["/iiif/lead", "/iiif/kept", &format!("/iiif/kept?||/iiif/3/{MASTER}/info.json"), "/iiif/%6Bept?x"]
    {
        site.expect(404, path);
    }
    assert_eq!((entries(&site), site.server.served()), (0, 0));
}

#[test]
fn of_many_who_ask_for_the_same_one_waits_for_a_worker() {
    let site = Site::start();
    let path = format!("/iiif/3/{MASTER}/full/max/0/default.png");
    thread::scope(|scope| {
        for _ in 0..12 {
            scope.spawn(|| site.expect(200, &path));
        }
    });
    assert_eq!(site.server.served(), 1);
}

#[test]
fn what_is_begun_for_a_client_that_left_is_kept() {
    let site = Site::start();
    let path = format!("/iiif/3/{MASTER}/full/max/90/default.png");
    let mut client = TcpStream::connect((Ipv4Addr::LOCALHOST, site.port)).expect("connected");
    client.write_all(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes()).expect("sent");
    until("it is begun", || site.server.busy() || site.server.served() == 1);
    drop(client);
    assert_eq!(site.expect(200, &path).the("x-cache-status"), "HIT");
    assert_eq!(site.server.served(), 1);
}

#[test]
fn accept_makes_few_entries_of_info_json() {
    let site = Site::start();
    let path = format!("/iiif/3/{MASTER}/info.json");
    let status =
        |accept: &str| site.ask("GET", &path, &[("Accept", accept)]).the("x-cache-status").to_owned();
    assert_eq!(status("*/*"), "MISS");
    for browser in ["text/html,*/*;q=0.8", "image/png", "text/plain", ""] {
        assert_eq!(status(browser), "HIT", "{browser}");
    }
    assert_eq!(status("application/json"), "MISS");
    assert_eq!(status("application/json, text/plain, */*"), "HIT");
    assert_eq!(status("application/ld+json"), "MISS");
    assert_eq!(status("application/ld+json, application/json"), "HIT");
}

/// Whatever Accept holds: those that only a worker can weigh lead to what the others get.
#[test]
fn no_header_makes_more_entries_of_info_json() {
    let site = Site::start();
    for version in [2, 3] {
        let path = format!("/iiif/{version}/{MASTER}/info.json");
        let mut types = HashSet::new();
        for n in 1..30 {
            for accept in [
                format!("application/json;q=0.{n:02}, application/ld+json;q=0.3"),
                format!("text/x-{n}, application/json"),
                format!("application/ld+json;q=0.{n:02}"),
                format!("text/x-{n}, application/json, application/ld+json"),
                format!("*/*;q=0.{n:02}"),
            ] {
                let answer = site.ask("GET", &path, &[("Accept", &accept), ("Accept-Encoding", "gzip")]);
                assert_eq!((answer.status, answer.the("content-encoding")), (200, "gzip"), "{accept}");
                types.insert(answer.the("content-type").to_owned());
            }
            let missing = ("Accept", &*format!("application/json;q=0.{n:02}"));
            assert_eq!(site.ask("GET", "/iiif/3/missing/info.json", &[missing]).status, 404);
        }
        assert_eq!(types.len(), 2, "{types:?}");
    }
    assert!(entries(&site) <= 6, "{}", entries(&site));
}

#[test]
fn a_missing_master_is_remembered_and_looked_for_again() {
    let site = Site::start();
    let path = "/iiif/3/late.tif/info.json";
    assert_eq!(site.expect(404, path).the("x-cache-status"), "MISS");
    assert_eq!(site.expect(404, path).the("x-cache-status"), "HIT");
    site.add("late.tif", &STAMP);
    assert_eq!(site.ask("GET", path, &[("X-Recto-Refresh", "1")]).status, 200);
    site.expect(200, path);

    // The minute made short.
    let edits = [("fastcgi_cache_valid 404 1m;", "fastcgi_cache_valid 404 1s;")];
    let site = Site::with(&Setup { edits: &edits, ..Setup::default() });
    site.expect(404, path);
    site.add("late.tif", &STAMP);
    until_status(&site, path, 200);
}

#[test]
fn a_refusal_for_good_is_remembered() {
    let site = Site::start();
    let path = format!("/iiif/3/{MASTER}/full/0,/0/default.jpg");
    assert_eq!(site.expect(400, &path).the("x-cache-status"), "MISS");
    assert_eq!(site.expect(400, &path).the("x-cache-status"), "HIT");
}

#[test]
fn a_fault_is_never_kept() {
    let site = Site::start();
    site.add("broken.tif", &STAMP[..200]);
    for path in ["/iiif/3/broken.tif/info.json", "/iiif/3/broken.tif/full/max/0/default.jpg"] {
        for _ in 0..3 {
            assert_eq!(site.expect(500, path).the("x-cache-status"), "MISS");
        }
    }
    replace(&site.server.path("masters/broken.tif"), &STAMP);
    site.expect(200, "/iiif/3/broken.tif/info.json");
    site.expect(200, "/iiif/3/broken.tif/full/max/0/default.jpg");
}

#[test]
fn only_from_this_machine_can_a_copy_be_refreshed() {
    let edits = [("    127.0.0.1  1;\n", "")];
    let site = Site::with(&Setup { edits: &edits, ..Setup::default() });
    let path = format!("/iiif/3/{MASTER}/info.json");
    site.expect(200, &path);
    assert_eq!(site.ask("GET", &path, &[("X-Recto-Refresh", "1")]).the("x-cache-status"), "HIT");
}

#[test]
fn a_deleted_master_goes_with_its_copies() {
    let site = Site::start();
    let path = format!("/iiif/3/{MASTER}/full/90,/0/default.jpg");
    site.expect(200, &path);
    fs::remove_file(site.server.path("masters").join(MASTER)).expect("removed");
    assert_eq!(site.ask("GET", &path, &[("X-Recto-Refresh", "1")]).status, 404);
    site.expect(404, &path);
    site.forget_all();
    site.expect(404, &path);
}
