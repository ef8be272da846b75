//! A second NGINX with a cache before the first, by the shipped example: both real, and what a client sees through both.

use std::fs;
use std::thread;
use std::time::Duration;

use serde_json::Value;

use super::settings::is_content;
use crate::http::{self, Answer};
use crate::picture::{LEAF, Picture, STAMP, replace};
use crate::server::until;
use crate::site::{MASTER, Other, Setup, Site};

const EXAMPLE: &str = include_str!("../../../nginx/edge.example.conf");
const PUBLIC: &str = "workers = 2\npublic_url = \"https://images.example.org/iiif\"\n\
                      cache_control = \"public, max-age=86400, s-maxage=1\"\n";

/// The answer of the edge; with CORS, once.
#[track_caller]
fn ask(edge: &Other, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
    let answer =
        http::request(edge.port, method, path, headers).unwrap_or_else(|error| panic!("{path}: {error}"));
    assert_eq!(answer.all("access-control-allow-origin"), ["*"], "{method} {path}: {}", answer.status);
    answer
}

fn edge_of(site: &Site) -> Other {
    let origin = format!("127.0.0.1:{}", site.port);
    let cache = site.server.path("cache of the edge").display().to_string();
    let edits = [
        ("192.0.2.10:80", &*origin),
        ("/var/cache/nginx/images", &format!("\"{cache}\"")),
        ("listen 80;", "listen 127.0.0.1:PORT;"),
    ];
    Other::start(&site.server.path("edge"), EXAMPLE, &edits)
}

fn origin(local: &[(&str, &str)]) -> Site {
    // The origin's own ten minutes made short as well.
    let edits = [("200 303 10m", "200 303 1s")];
    let site = Site::with(&Setup { server: PUBLIC, edits: &edits, local, ..Setup::default() });
    is_content(&site);
    site.add("box/leaf.tif", &STAMP);
    site
}

#[test]
fn what_a_client_sees_through_two_caches() {
    let mut site = origin(&[]);
    let edge = edge_of(&site);
    // HEAD comes first: what it leaves in either cache must be whole.
    let tile = format!("/iiif/3/{MASTER}/0,0,300,220/300,220/0/default.png");
    let head = ask(&edge, "HEAD", &tile, &[]);
    let whole = ask(&edge, "GET", &format!("{tile}?bust=1"), &[("Accept", "image/webp"), ("Cookie", "a=b")]);
    assert!(Picture::of_png(&whole.body) == LEAF.0.cut(0, 0, 300, 220));
    assert_eq!((head.status, head.the("content-length")), (200, whole.the("content-length")));
    for name in ["etag", "link", "content-type", "last-modified"] {
        assert_eq!(head.the(name), whole.the(name), "{name}");
    }
    assert_eq!(ask(&edge, "GET", &tile, &[("If-None-Match", whole.the("etag"))]).status, 304);
    let part = ask(&edge, "GET", &tile, &[("Range", "bytes=2-9")]);
    assert_eq!((part.status, &part.body[..]), (206, &whole.body[2..10]));

    // Raw URLs, refusals, redirects, other spellings.
    let info = |path: &str, headers: &[(&str, &str)]| ask(&edge, "GET", &format!("/iiif/3/{path}"), headers);
    for (path, id) in [("box%2Fleaf.tif", "box%2Fleaf.tif"), ("%6Ceaf.tif", MASTER)] {
        let id = format!("https://images.example.org/iiif/3/{id}");
        assert_eq!(
            info(&format!("{path}/info.json"), &[("Host", "evil.example")]).json()["id"],
            Value::from(&*id)
        );
        assert_eq!(info(path, &[]).the("location"), format!("{id}/info.json"));
    }
    assert_eq!(info("nothing/info.json", &[]).status, 404);
    assert_eq!(info("leaf.tif/full/0,/0/default.jpg", &[]).status, 400);
    assert_eq!(info("leaf.tif/full/!90,90/00/color.jpg", &[]).status, 200);
    assert_eq!(ask(&edge, "OPTIONS", &tile, &[]).the("access-control-allow-methods"), "GET, HEAD, OPTIONS");
    assert_eq!(ask(&edge, "POST", &tile, &[]).status, 405);

    // Three types of info.json, however they are asked for; compressed on the way.
    for _ in 0..2 {
        for (accept, media_type) in [
            ("*/*", "application/ld+json;profile=\"http://iiif.io/api/image/3/context.json\""),
            ("application/json, text/plain, */*", "application/json"),
            ("application/json", "application/json"),
            (
                "text/html, application/ld+json",
                "application/ld+json;profile=\"http://iiif.io/api/image/3/context.json\"",
            ),
        ] {
            let answer = info("leaf.tif/info.json", &[("Accept", accept), ("Accept-Encoding", "gzip")]);
            assert_eq!(
                (answer.the("content-type"), answer.the("content-encoding")),
                (media_type, "gzip"),
                "{accept}"
            );
            assert!(answer.all("vary").contains(&"Accept"), "{:?}", answer.all("vary"));
        }
    }

    // The origin gone: what was seen is still shown.
    assert_eq!(site.server.stop(), Some(0));
    let unseen = tile.replace("0,0,", "8,8,");
    let busy = ask(&edge, "GET", &unseen, &[]);
    assert_eq!((busy.status, busy.the("retry-after")), (503, "2"));
    site.end_nginx();
    thread::sleep(Duration::from_millis(2100));
    let stale = ask(&edge, "GET", &tile, &[]);
    assert!(stale.body == whole.body && matches!(stale.the("x-cache-status"), "STALE" | "UPDATING"));
    let busy = ask(&edge, "GET", &unseen, &[]);
    assert_eq!((busy.status, busy.the("retry-after"), busy.text()), (503, "2", "the image server is busy\n"));
}

#[test]
fn copies_are_good_for_as_long_as_the_origin_says() {
    let site = origin(&[]);
    let edge = edge_of(&site);
    let tile = format!("/iiif/3/{MASTER}/0,0,64,64/64,64/0/default.png");
    let old = ask(&edge, "GET", &tile, &[]);
    assert_eq!(ask(&edge, "GET", &tile, &[]).the("x-cache-status"), "HIT");
    let log = || fs::read_to_string(site.server.path("access.log")).expect("a log");
    // Nothing has changed: the origin says 304, and the copy is good for another while.
    until("the copy is asked about", || {
        assert_eq!(ask(&edge, "GET", &tile, &[]).the("etag"), old.the("etag"));
        log().contains("\" 304 ")
    });
    replace(&site.server.path("masters").join(MASTER), &LEAF.0.negative().master());
    until("the new picture is there", || ask(&edge, "GET", &tile, &[]).the("etag") != old.the("etag"));
    let new = Picture::of_png(&ask(&edge, "GET", &tile, &[]).body);
    assert!(new == LEAF.0.negative().cut(0, 0, 64, 64));
}

/// The origin counts clients, and not the edge; nor is a client somebody else because it says so.
#[test]
fn what_a_client_claims_to_be_is_not_passed_on() {
    let local = [("local-http.conf", "set_real_ip_from 127.0.0.1;\nreal_ip_header X-Forwarded-For;\n")];
    let site = origin(&local);
    let edge = edge_of(&site);
    ask(&edge, "GET", "/iiif/3/leaf.tif/info.json", &[("X-Forwarded-For", "198.51.100.7")]);
    let log = fs::read_to_string(site.server.path("access.log")).expect("a log");
    assert!(log.lines().last().is_some_and(|line| line.starts_with("127.0.0.1 ")), "{log}");
}
