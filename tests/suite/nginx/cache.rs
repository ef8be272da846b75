//! NGINX's cache: what makes one entry, what makes two, and what is not kept.

use std::fs;

use crate::picture::{STAMP, replace};
use crate::site::{MASTER, Setup, Site};

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
    let edits = [("fastcgi_cache_valid           404 1m;", "fastcgi_cache_valid 404 1s;")];
    let site = Site::with(&Setup { edits: &edits, ..Setup::default() });
    site.expect(404, path);
    site.add("late.tif", &STAMP);
    crate::site::until_status(&site, path, 200);
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
