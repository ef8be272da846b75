//! Validators: strong tags, 304, and what becomes of them when a master changes.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::Write;
use std::thread;
use std::time::{Duration, SystemTime};

use crate::picture::{LEAF, Picture, replace};
use crate::server::until;
use crate::site::{MASTER, Setup, Site};

/// Asks the worker anew, whatever the cache has: see http.conf.
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

/// A site behind a cache of someone else's: the worker itself says so.
#[test]
fn who_has_it_is_told_so_without_a_cache_too() {
    let edits = [("fastcgi_cache     recto_cache;", "fastcgi_cache off;")];
    let site = Site::with(&Setup { edits: &edits, ..Setup::default() });
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
            (200, &[("If-None-Match", "\"other\"")]),
            (200, &[("If-None-Match", "\"other\""), ("If-Modified-Since", date.as_str())]),
            (200, &[("If-Modified-Since", "Sun, 06 Nov 1994 08:49:37 GMT")]),
            (200, &[]),
        ] {
            for method in ["GET", "HEAD"] {
                let answer = site.ask(method, path, headers);
                assert_eq!(answer.status, status, "{method} {path} {headers:?}");
                assert_eq!(answer.header("x-cache-status"), None);
                for name in ["etag", "link", "cache-control"] {
                    assert_eq!(answer.the(name), whole.the(name), "{method} {path} {headers:?}");
                }
                assert!(method == "HEAD" || status == 304 || answer.body == whole.body);
            }
        }
    }
    // Compressed on the way, and still known.
    let path = "/iiif/3/leaf.tif/info.json";
    let gzip = ("Accept-Encoding", "gzip");
    let compressed = site.ask("GET", path, &[gzip]);
    assert_eq!(compressed.the("content-encoding"), "gzip");
    assert_eq!(site.ask("GET", path, &[gzip, ("If-None-Match", compressed.the("etag"))]).status, 304);
    // No client is redirected to what is not cached.
    let before = site.server.served();
    site.expect(200, "/iiif/3/leaf.tif/full/!90,90/00/color.jpg");
    assert_eq!(site.server.served(), before + 1);
}

/// Two hosts with the same files, each in its own place, are one to a cache before them.
#[test]
fn replicas_agree_on_tags() {
    let lines = "public_url = \"https://images.example.org/iiif\"\nworkers = ";
    let date = SystemTime::now() - Duration::from_secs(100_000);
    let sites = ["1\n", "2\ndeadline = \"20s\"\n"].map(|more| {
        let site = Site::with(&Setup { server: &format!("{lines}{more}"), ..Setup::default() });
        let master = site.server.path("masters").join(MASTER);
        File::options().write(true).open(&master).and_then(|file| file.set_modified(date)).expect("set");
        site
    });
    for path in ["/iiif/3/leaf.tif/info.json", "/iiif/3/leaf.tif/full/90,66/0/default.jpg"] {
        let [one, other] = [&sites[0], &sites[1]].map(|site| site.expect(200, path));
        assert_eq!(one.the("etag"), other.the("etag"), "{path}");
        assert_eq!(one.the("last-modified"), other.the("last-modified"), "{path}");
        assert!(one.body == other.body);

        // A copy in the place of the file, as `cp -p` makes it.
        let master = sites[0].server.path("masters").join(MASTER);
        replace(&master, &LEAF.1);
        File::options().write(true).open(&master).and_then(|file| file.set_modified(date)).expect("set");
        assert_eq!(sites[0].ask("GET", path, &[REFRESH]).the("etag"), one.the("etag"), "{path}");
    }
}

/// A bitmap of 40 by 30 pixels of one colour, without compression.
fn bitmap([red, green, blue]: [u8; 3]) -> Vec<u8> {
    let (width, height) = (40_u32, 30_u32);
    let bytes = width * height * 3;
    let mut bitmap = b"BM".to_vec();
    for number in [54 + bytes, 0, 54, 40, width, height, 1 | 24 << 16, 0, bytes, 2835, 2835, 0, 0] {
        bitmap.extend(number.to_le_bytes());
    }
    bitmap.extend([blue, green, red].repeat((width * height) as usize));
    bitmap
}

/// By `exiftool -P -overwrite_original_in_place` or `rsync --inplace -t`, say.
#[test]
fn a_master_written_in_place_is_seen_though_its_date_was_put_back() {
    // One worker, which keeps what it decoded.
    let site = Site::with(&Setup { server: "workers = 1\n", ..Setup::default() });
    let path = site.server.path("masters/flat.bmp");
    let shown = || {
        let answer = site.ask("GET", "/iiif/3/flat.bmp/full/max/0/default.png", &[REFRESH]);
        (Picture::of_png(&answer.body).samples[..3].to_vec(), answer.the("etag").to_owned())
    };
    site.add("flat.bmp", &bitmap([200, 10, 20]));
    let date = fs::metadata(&path).and_then(|of| of.modified()).expect("a date");
    let (first, tag) = shown();
    assert_eq!(first, [200, 10, 20]);
    thread::sleep(Duration::from_millis(50));
    let mut file = File::options().write(true).open(&path).expect("there");
    file.write_all(&bitmap([10, 20, 200])).and_then(|()| file.set_modified(date)).expect("written");
    let (second, same_tag) = shown();
    assert_eq!(second, [10, 20, 200]);
    assert_eq!(same_tag, tag, "which is what cannot be seen from outside");
}

/// Dates alone are weak evidence: only the one that was given out counts.
#[test]
fn an_older_master_in_the_place_of_a_newer_one_is_another() {
    let edits = [("fastcgi_cache     recto_cache;", "fastcgi_cache off;")];
    let site = Site::with(&Setup { edits: &edits, ..Setup::default() });
    let path = "/iiif/3/leaf.tif/full/90,66/0/default.jpg";
    let date = site.expect(200, path).the("last-modified").to_owned();
    assert_eq!(site.ask("GET", path, &[("If-Modified-Since", &date)]).status, 304);
    let master = site.server.path("masters").join(MASTER);
    replace(&master, &LEAF.0.negative().master());
    let file = File::options().write(true).open(&master).expect("there");
    file.set_modified(SystemTime::now() - Duration::from_secs(100_000)).expect("set");
    assert_eq!(site.ask("GET", path, &[("If-Modified-Since", &date)]).status, 200);
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
    let edits = [
        ("200 303 10m", "200 303 1s"),
        ("http {", "http { log_subrequest on; log_format asked '$upstream_status $upstream_cache_status';"),
        ("/access.log\"", "/access.log\" asked"),
    ];
    let site = Site::with(&Setup { edits: &edits, ..Setup::default() });
    let path = format!("/iiif/3/{MASTER}/0,0,64,64/max/0/default.png");
    let old = site.expect(200, &path);
    let expire = || thread::sleep(Duration::from_millis(2100));

    // Nothing has changed: the worker says 304, and the copy is good for another while.
    expire();
    assert_eq!(site.expect(200, &path).the("x-cache-status"), "STALE");
    until("the copy is good again", || site.get(&path).the("x-cache-status") == "HIT");
    let log = || fs::read_to_string(site.server.path("access.log")).expect("a log");
    until("the question is in the log", || log().contains("304 REVALIDATED"));

    // Another picture now: it is shown once the old copy has expired and has been asked about.
    replace(&site.server.path("masters").join(MASTER), &LEAF.0.negative().master());
    expire();
    assert_eq!(site.expect(200, &path).the("etag"), old.the("etag"));
    until("the new picture is there", || site.get(&path).the("etag") != old.the("etag"));
    let new = Picture::of_png(&site.expect(200, &path).body);
    assert!(new == LEAF.0.negative().cut(0, 0, 64, 64));
}

/// As above, for requests by another spelling than the one that is cached.
#[test]
fn expired_copies_are_replaced_whatever_they_are_called() {
    let edits = [("200 303 10m", "200 303 1s"), ("308 10m", "308 1s")];
    let site = Site::with(&Setup { edits: &edits, ..Setup::default() });
    let (kept, other) =
        ("/iiif/3/leaf.tif/0,0,64,64/64,64/0/default.png", "/iiif/3/leaf.tif/0,0,64,64/max/00/color.png");
    let old = site.expect(200, other);
    assert_eq!(site.expect(200, kept).the("x-cache-status"), "HIT");
    replace(&site.server.path("masters").join(MASTER), &LEAF.0.negative().master());
    thread::sleep(Duration::from_millis(2100));
    until("the new picture is there", || site.get(other).the("etag") != old.the("etag"));
    let new = site.expect(200, other);
    assert!(Picture::of_png(&new.body) == LEAF.0.negative().cut(0, 0, 64, 64));
    assert_eq!(site.expect(200, kept).the("etag"), new.the("etag"));

    // A master of which that part is all: its spelling is another from now on.
    replace(&site.server.path("masters").join(MASTER), &LEAF.0.cut(0, 0, 64, 64).master());
    thread::sleep(Duration::from_millis(2100));
    let whole =
        || site.get(kept).link("canonical").is_some_and(|link| link.ends_with("/full/max/0/default.png"));
    until("the whole is there", whole);
    assert!(Picture::of_png(&site.expect(200, kept).body) == LEAF.0.cut(0, 0, 64, 64));
}
