//! What the logs of NGINX and of the pool have in common: the id of a request.

use std::fs;

use crate::server::until;
use crate::site::{MASTER, Setup, Site};

/// The shipped form of lines, in a log beside the others.
fn site(form: &str) -> Site {
    let line = format!("client_max_body_size 1k; access_log images.log {form};");
    Site::with(&Setup { edits: &[("client_max_body_size 1k;", &line)], ..Setup::default() })
}

/// The lines of that log, when there are so many.
fn lines(site: &Site, count: usize) -> Vec<String> {
    let log = || fs::read_to_string(site.server.path("images.log")).unwrap_or_default();
    until("it is logged", || log().lines().count() >= count);
    log().lines().map(str::to_owned).collect()
}

#[test]
fn a_line_of_the_pool_leads_to_the_one_of_nginx() {
    let site = site("recto_json");
    site.add("torn.tif", &b"II*\0 torn"[..]);
    site.expect(500, "/iiif/3/torn.tif/full/max/0/default.jpg");
    site.expect(200, &format!("/iiif/3/{MASTER}/0,0,256,256/256,256/0/default.jpg"));
    site.expect(200, &format!("/iiif/3/{MASTER}/0,0,256,256/256,256/0/default.jpg"));
    let told: Vec<serde_json::Value> =
        lines(&site, 3).iter().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(
        (&told[0]["status"], &told[0]["uri"]),
        (&500.into(), &"/iiif/3/torn.tif/full/max/0/default.jpg".into())
    );
    let id = told[0]["request"].as_str().expect("an id");
    assert_eq!(id.len(), 32);
    let log = site.server.log();
    assert!(
        log.lines().any(|line| line.contains("torn.tif") && line.ends_with(&format!("request={id}"))),
        "{log}"
    );
    assert_eq!((&told[1]["cache"], &told[2]["cache"]), (&"MISS".into(), &"HIT".into()));
    assert!(told[1]["upstream"].as_str().is_some_and(|times| !times.is_empty()) && told[2]["upstream"] == "");
}

#[test]
fn the_form_for_people_has_the_same() {
    let site = site("recto");
    let path = format!("/iiif/3/{MASTER}/0,0,256,256/256,256/0/default.jpg");
    site.expect(200, &path);
    let line = &lines(&site, 1)[0];
    assert!(line.contains(&format!("\"GET {path} HTTP/1.1\" 200 ")), "{line}");
    assert!(
        line.contains(" cache=MISS upstream=0.") && line.contains(" time=0.") && line.contains(" id="),
        "{line}"
    );
}
