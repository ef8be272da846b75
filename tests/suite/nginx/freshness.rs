//! Validators: strong tags, 304, and what becomes of them when a master changes.

use std::collections::HashMap;
use std::thread;
use std::time::Duration;

use crate::picture::{LEAF, Picture, replace};
use crate::server::until;
use crate::site::{MASTER, Setup, Site};

/// Asks the worker anew, whatever the cache has: see recto-http.conf.
const REFRESH: (&str, &str) = ("X-Recto-Refresh", "1");

#[test]
fn each_representation_has_a_strong_tag_of_its_own() {
    let site = Site::start();
    let mut seen = HashMap::new();
    for (path, accept) in [
        ("/iiif/3/leaf.tif/info.json", "*/*"),
        ("/iiif/3/leaf.tif/info.json", "application/json"),
        ("/iiif/2/leaf.tif/info.json", "*/*"),
        ("/iiif/2/leaf.tif/info.json", "application/ld+json"),
        ("/iiif/3/leaf.tif/full/90,/0/default.jpg", "*/*"),
        ("/iiif/3/leaf.tif/full/90,/0/default.png", "*/*"),
        ("/iiif/3/leaf.tif/full/90,/0/gray.png", "*/*"),
        ("/iiif/3/leaf.tif/full/91,/0/default.jpg", "*/*"),
        ("/iiif/3/leaf.tif/full/90,/90/default.jpg", "*/*"),
    ] {
        let answer = site.ask("GET", path, &[("Accept", accept)]);
        let tag = answer.the("etag").to_owned();
        assert!(tag.len() > 10 && tag.starts_with('"') && tag.ends_with('"'), "{tag}");
        assert_eq!(site.ask("GET", path, &[("Accept", accept)]).the("etag"), tag);
        if let Some(other) = seen.insert(tag, (path, accept)) {
            panic!("{other:?} and {:?} have one tag", (path, accept));
        }
    }
}

#[test]
fn who_has_it_is_told_so() {
    let site = Site::start();
    for path in ["/iiif/3/leaf.tif/info.json", "/iiif/2/leaf.tif/full/90,/0/default.jpg"] {
        let whole = site.expect(200, path);
        let (tag, date) = (whole.the("etag").to_owned(), whole.the("last-modified").to_owned());
        let (weak, listed) = (format!("W/{tag}"), format!("\"other\", {tag}"));
        for (status, headers) in [
            (304, &[("If-None-Match", tag.as_str())][..]),
            (304, &[("If-None-Match", weak.as_str())]),
            (304, &[("If-None-Match", listed.as_str())]),
            (304, &[("If-None-Match", "*")]),
            (304, &[("If-Modified-Since", date.as_str())]),
            (304, &[("If-None-Match", tag.as_str()), ("If-Modified-Since", date.as_str())]),
            (200, &[("If-None-Match", "\"other\"")]),
            (200, &[("If-None-Match", "\"other\""), ("If-Modified-Since", date.as_str())]),
            (200, &[("If-Modified-Since", "Sun, 06 Nov 1994 08:49:37 GMT")]),
        ] {
            // From the worker: a MISS; then from the cache.
            site.forget_all();
            for cache in ["MISS", "HIT"] {
                let answer = site.ask("GET", path, headers);
                assert_eq!(answer.the("x-cache-status"), cache);
                assert_eq!(answer.status, status, "{path} {headers:?} {cache}");
                assert_eq!(answer.the("etag"), tag, "{path} {headers:?} {cache}");
                assert_eq!(site.ask("HEAD", path, headers).status, status);
            }
            // What a 304 left in the cache is the whole answer.
            assert!(site.expect(200, path).body == whole.body, "{path} {headers:?}");
        }
    }
}

#[test]
fn a_compressed_answer_is_the_same_answer() {
    let site = Site::start();
    let path = format!("/iiif/3/{MASTER}/info.json");
    let tag = site.expect(200, &path).the("etag").to_owned();
    let gzip = ("Accept-Encoding", "gzip");
    let compressed = site.ask("GET", &path, &[gzip]);
    assert_eq!(compressed.the("content-encoding"), "gzip");
    assert_eq!(compressed.the("etag"), format!("W/{tag}"));
    assert!(compressed.all("vary").contains(&"Accept-Encoding"));
    let again = site.ask("GET", &path, &[gzip, ("If-None-Match", compressed.the("etag"))]);
    assert_eq!(again.status, 304);
    let picture = site.ask("GET", format!("/iiif/3/{MASTER}/full/90,/0/default.png"), &[gzip]);
    assert_eq!(picture.header("content-encoding"), None);
}

#[test]
fn a_replaced_master_is_seen_after_a_refresh() {
    let site = Site::start();
    let path = format!("/iiif/3/{MASTER}/0,0,64,64/max/0/default.png");
    let negative = LEAF.0.negative();
    let shows = |picture: &Picture, body: &[u8]| Picture::of_png(body) == picture.cut(0, 0, 64, 64);
    let old = site.expect(200, &path);
    assert!(shows(&LEAF.0, &old.body));
    replace(&site.server.path("masters").join(MASTER), &negative.master());
    assert!(shows(&LEAF.0, &site.expect(200, &path).body), "the copy in the cache is kept for a while");

    let new = site.ask("GET", &path, &[REFRESH]);
    assert_eq!(new.the("x-cache-status"), "BYPASS");
    assert!(shows(&negative, &new.body));
    assert_ne!(new.the("etag"), old.the("etag"));
    let now = site.expect(200, &path);
    assert_eq!((now.the("x-cache-status"), now.the("etag")), ("HIT", new.the("etag")));
    assert!(shows(&negative, &now.body));
    assert_eq!(site.ask("GET", &path, &[("If-None-Match", old.the("etag"))]).status, 200);
    assert_eq!(site.ask("GET", &path, &[("If-None-Match", new.the("etag"))]).status, 304);
}

#[test]
fn expired_copies_are_asked_about_and_replaced() {
    // Ten minutes made short; and a log of what NGINX asks behind a client's back.
    let edits = [("200 303 10m", "200 303 1s"), ("server {", "log_subrequest on; server {")];
    let site = Site::with(&Setup { edits: &edits, ..Setup::default() });
    let path = format!("/iiif/3/{MASTER}/0,0,64,64/max/0/default.png");
    let old = site.expect(200, &path);
    let expire = || thread::sleep(Duration::from_millis(2100));

    // Nothing has changed: the copy is good for another while.
    expire();
    assert_eq!(site.expect(200, &path).the("x-cache-status"), "STALE");
    until("the copy is good again", || site.get(&path).the("x-cache-status") == "HIT");
    let served = |site: &Site| {
        let board = site.server.scoreboard();
        let slots = (0..2).map(|slot| board.read(slot).expect("a slot").map_or(0, |entry| entry.served));
        slots.sum::<u64>()
    };
    assert!(served(&site) >= 2, "the worker was asked");

    // Another picture now: it is shown once the old copy has expired and has been asked about.
    replace(&site.server.path("masters").join(MASTER), &LEAF.0.negative().master());
    expire();
    assert_eq!(site.expect(200, &path).the("etag"), old.the("etag"));
    until("the new picture is there", || site.get(&path).the("etag") != old.the("etag"));
    let new = Picture::of_png(&site.expect(200, &path).body);
    assert!(new == LEAF.0.negative().cut(0, 0, 64, 64));
}
