//! The form of answers: links, methods, HEAD, what every status has in common.

use crate::http::Answer;
use crate::picture::STAMP;
use crate::site::{MASTER, Site};

#[test]
fn canonical_links_lead_to_the_same_bytes() {
    let site = Site::start();
    for (version, request, canonical) in [
        (3, "full/max/0/color.jpg", "full/max/0/default.jpg"),
        (3, "square/pct:50/90.0/default.png", "200,0,1100,1100/550,550/90/default.png"),
        (3, "1000,1000,9999,9999/!50,50/0/gray.jpg", "1000,1000,500,100/50,10/0/gray.jpg"),
        (3, "0,0,10,10/^20,/!0/default.png", "0,0,10,10/^20,20/!0/default.png"),
        (3, "%66ull/%5E300%2C/0/default.jpg", "full/300,220/0/default.jpg"),
        (2, "pct:0,0,100,100/300,220/0/default.jpg", "full/300,/0/default.jpg"),
        (2, "0,0,256,256/256,/0/default.jpg", "0,0,256,256/full/0/default.jpg"),
    ] {
        let base = format!("/iiif/{version}/{MASTER}");
        let asked = site.expect(200, &format!("{base}/{request}"));
        let link = site.path_of(asked.link("canonical").expect("a link")).to_owned();
        assert_eq!(link, format!("{base}/{canonical}"), "{request}");
        let again = site.expect(200, &link);
        assert!(again.body == asked.body, "{request} and {link} differ");
        assert_eq!(again.the("etag"), asked.the("etag"));
        assert_eq!(again.the("link"), asked.the("link"));
        let profile = format!("http://iiif.io/api/image/{version}/level2.json");
        assert_eq!(asked.link("profile"), Some(profile.as_str()));
    }
}

#[test]
fn escapes_change_nothing() {
    let site = Site::start();
    let plain = site.expect(200, &format!("/iiif/3/{MASTER}/0,0,20,20/^!40,50/!90/default.png"));
    for path in [
        "/iiif/3/leaf.tif/0%2C0%2c20,20/%5E%2140%2C50/%2190/default.png",
        "/iiif/3/leaf%2Etif/%30,0,20,20/%5e!40,50/!%39%30/d%65fault%2Epng",
        "/%69iif/%33/%6Ceaf.tif/0,0,20,20/^!40,50/!90/default.png",
    ] {
        let other = site.expect(200, path);
        assert!(other.body == plain.body, "{path}");
        assert_eq!((other.the("link"), other.the("etag")), (plain.the("link"), plain.the("etag")), "{path}");
    }
}

#[test]
fn head_is_get_without_the_body() {
    let site = Site::start();
    let kept =
        ["content-type", "content-length", "etag", "last-modified", "cache-control", "link", "location"];
    for (request, status) in [
        ("full/90,/0/default.jpg", 200),
        ("info.json", 200),
        ("", 303),
        ("full/frob/0/default.jpg", 400),
        ("frob", 404),
    ] {
        let path = format!("/iiif/3/{MASTER}/{request}");
        // HEAD comes first: what it leaves in the cache must be whole.
        let head = site.ask("HEAD", &path, &[]);
        let get = site.get(&path);
        assert_eq!((head.status, get.status), (status, status), "{path}");
        assert_eq!((head.the("x-cache-status"), get.the("x-cache-status")), ("MISS", "HIT"), "{path}");
        assert!(!get.body.is_empty());
        for name in kept {
            assert_eq!(head.header(name), get.header(name), "{path}: {name}");
        }
        assert_eq!(site.ask("HEAD", &path, &[]).the("content-length"), get.the("content-length"));
    }
}

#[test]
fn a_preflight_is_answered() {
    let site = Site::start();
    let headers = [
        ("Origin", "https://viewer.example"),
        ("Access-Control-Request-Method", "GET"),
        ("Access-Control-Request-Headers", "accept, if-none-match"),
    ];
    for path in [format!("/iiif/3/{MASTER}/info.json"), "/iiif/2/nothing-here/full/max/0/default.jpg".into()]
    {
        let answer = site.ask("OPTIONS", &path, &headers);
        assert_eq!(answer.status, 204);
        assert_eq!(answer.the("access-control-allow-methods"), "GET, HEAD, OPTIONS");
        let allowed = answer.the("access-control-allow-headers");
        let needed = ["Accept", "If-None-Match", "Range", "X-Requested-With"];
        assert!(needed.iter().all(|name| allowed.contains(name)), "{allowed}");
        let of_private_network = "access-control-allow-private-network";
        assert_eq!(answer.header(of_private_network), None);
        let asking = [&headers[..], &[("Access-Control-Request-Private-Network", "true")]].concat();
        assert_eq!(site.ask("OPTIONS", &path, &asking).the(of_private_network), "true");
        assert!(answer.the("access-control-max-age").parse::<u32>().is_ok());
    }
}

#[test]
fn other_methods_are_refused() {
    let site = Site::start();
    for method in ["POST", "PUT", "DELETE", "PATCH", "PROPFIND", "PURGE"] {
        let answer = site.ask(method, format!("/iiif/3/{MASTER}/info.json"), &[]);
        assert_eq!((answer.status, answer.the("allow")), (405, "GET, HEAD, OPTIONS"), "{method}");
        is_one_line(&answer);
    }
    assert_eq!(site.get(&format!("/iiif/3/{MASTER}/info.json")).header("allow"), None);
    // NGINX ends these itself.
    let trace = site.ask("TRACE", "/iiif/3/x/info.json", &[]).status;
    let long = site.ask("POST", "/iiif/3/x/info.json", &[("Content-Length", "100000")]).status;
    assert_eq!((trace, long), (405, 413));
}

/// A body for people: one line of plain text that names no file.
#[track_caller]
fn is_one_line(answer: &Answer) {
    assert!(answer.the("content-type").starts_with("text/plain"), "{}", answer.the("content-type"));
    assert_eq!(answer.the("x-content-type-options"), "nosniff");
    let line = answer.text().strip_suffix('\n').expect("a line");
    assert!(line.len() > 10 && !line.contains(['\n', '<', '>']), "{line}");
    for secret in ["/tmp", "masters/", "recto.toml", "panick", ".rs", "os error"] {
        assert!(!line.contains(secret), "{line}");
    }
}

#[test]
fn refusals_are_lines_of_text() {
    let site = Site::start();
    site.add("damaged.tif", &[STAMP.as_slice(), b"x"].concat()[..200]);
    site.add("text.tif", b"this is not an image at all");
    site.add("empty.tif", b"");
    for (status, path, says) in [
        (400, "/iiif/3/leaf.tif/full/0,/0/default.jpg", "size"),
        (400, "/iiif/3/leaf.tif/9999,0,1,1/max/0/default.jpg", "region"),
        (400, "/iiif/3/leaf.tif/full/max/400/default.jpg", "rotation"),
        (400, "/iiif/3/leaf.tif/full/max/0/default.xyz", "format"),
        (400, "/iiif/3/leaf.tif/full/99999,/0/default.jpg", "size"),
        (404, "/iiif/3/nothing-here/info.json", "no image"),
        (404, "/iiif/3/leaf.tif/full/max", "no such path"),
        (404, "/iiif/4/leaf.tif/info.json", "no such path"),
        (404, "/iiif/", "no such path"),
        (500, "/iiif/3/damaged.tif/info.json", "cannot be read"),
        (500, "/iiif/3/damaged.tif/full/max/0/default.jpg", "cannot be read"),
        (404, "/iiif/3/text.tif/info.json", "no image"),
        (404, "/iiif/3/empty.tif/info.json", "no image"),
    ] {
        let answer = site.expect(status, path);
        is_one_line(&answer);
        assert!(answer.text().contains(says), "{path}: {}", answer.text());
        let cached = if status == 500 { "no-store" } else { "max-age=60" };
        assert_eq!(answer.the("cache-control"), cached, "{path}");
        assert_eq!((answer.header("etag"), answer.header("link")), (None, None), "{path}");
    }
}

#[test]
fn parts_of_an_answer_can_be_had() {
    let site = Site::start();
    let path = format!("/iiif/3/{MASTER}/full/90,/0/default.png");
    let part = |range| site.ask("GET", &path, &[("Range", range)]);
    let (from_worker, from_cache, whole) = (part("bytes=0-9"), part("bytes=10-"), site.get(&path));
    assert_eq!((from_worker.status, from_cache.status, whole.status), (206, 206, 200));
    assert!([from_worker.body, from_cache.body].concat() == whole.body);
    let beyond = part("bytes=99999999-");
    assert_eq!(beyond.status, 416);
    is_one_line(&beyond);
    assert_eq!(beyond.the("content-range"), format!("bytes */{}", whole.body.len()));
}
