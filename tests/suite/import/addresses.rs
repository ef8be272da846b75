//! Addresses of other servers lead to pictures of ours, through an NGINX with the files that were written.

use std::fs;

use super::Imported;
use crate::picture::STAMP;
use crate::site::{Setup, Site};

/// A site with the files of an import, where they are to be put.
fn site(imported: &Imported) -> Site {
    let written = |name: &str| imported.file(&format!("nginx/{name}")).unwrap_or_default();
    let (http, location) = (written("local-http.conf"), written("local.conf"));
    let server = format!("{}\n        server_name ", written("server.conf"));
    let site = Site::with(&Setup {
        local: &[("local-http.conf", &*http), ("local.conf", &*location)],
        edits: &[("        server_name ", &*server)],
        ..Setup::default()
    });
    for name in ["box 1/leaf.tif", "p_one_x.tif", "plain.tif"] {
        let path = site.server.path("masters").join(name);
        fs::create_dir_all(path.parent().expect("a directory")).expect("made");
        fs::write(path, &*STAMP).expect("written");
    }
    site
}

/// Where a request ends, and with which status: through at most ten redirects.
fn followed(site: &Site, path: &str) -> (u16, String) {
    let mut path = path.to_owned();
    for _ in 0..10 {
        let answer = crate::http::request(site.port, "GET", &path, &[]).expect("an answer");
        assert!(
            !answer.all("access-control-allow-origin").is_empty(),
            "{path}: scripts of viewers follow too"
        );
        match (answer.status, answer.header("location")) {
            (301, Some(location)) => path = location.to_owned(),
            (status, _) => return (status, path),
        }
    }
    panic!("{path} leads nowhere");
}

#[track_caller]
fn lead(site: &Site, rows: &[(&str, u16, &str)]) {
    for (from, status, to) in rows {
        assert_eq!(followed(site, from), (*status, (*to).to_owned()), "{from}");
    }
}

#[test]
fn those_of_a_cantaloupe() {
    let text = "slash_substitute = ~s~\nendpoint.iiif.2.enabled = false\ncache.server.derivative.ttl_seconds = 60\n\
                FilesystemSource.BasicLookupStrategy.path_prefix = /srv/images/\n";
    let site = site(&Imported::of(text, &[]));
    lead(
        &site,
        &[
            ("/iiif/3/box%201~s~leaf/info.json", 200, "/iiif/3/box%201%2Fleaf/info.json"),
            (
                "/iiif/3/box%201%7Es%7eleaf.tif/full/max/0/default.jpg",
                200,
                "/iiif/3/box%201%2Fleaf.tif/full/max/0/default.jpg",
            ),
            ("/iiif/3/plain.tif/info.json", 200, "/iiif/3/plain.tif/info.json"),
            ("/iiif/3/a~s~b~s~c/info.json", 404, "/iiif/3/a%2Fb%2Fc/info.json"),
            ("/iiif/2/plain.tif/info.json", 404, "/iiif/2/plain.tif/info.json"),
        ],
    );
}

#[test]
fn those_with_something_around_identifiers() {
    let text = "FilesystemSource.BasicLookupStrategy.path_prefix = /srv/images/p_\n\
                FilesystemSource.BasicLookupStrategy.path_suffix = _x.tif\n";
    let site = site(&Imported::of(text, &[]));
    lead(
        &site,
        &[
            ("/iiif/3/one/info.json", 200, "/iiif/3/p_one_x.tif/info.json"),
            ("/iiif/2/one/full/max/0/default.jpg", 200, "/iiif/2/p_one_x.tif/full/max/0/default.jpg"),
            ("/iiif/3/p_one_x.tif/info.json", 200, "/iiif/3/p_one_x.tif/info.json"),
        ],
    );
}

#[test]
fn those_of_an_iipimage() {
    let text = "FILESYSTEM_PREFIX=/srv/images/\nURI_MAP=pictures=>IIIF\nIIIF_VERSION=2\n";
    let site = site(&Imported::of(text, &[]));
    let leaf = "/iiif/2/box%201%2Fleaf.tif";
    lead(
        &site,
        &[
            ("/iiif/plain.tif/info.json", 200, "/iiif/2/plain.tif/info.json"),
            ("/iiif/box%201/leaf.tif/info.json", 200, &format!("{leaf}/info.json")),
            (
                "/pictures/box%201/leaf.tif/full/50,/0/default.jpg",
                200,
                &format!("{leaf}/full/50,/0/default.jpg"),
            ),
            ("/fcgi-bin/iipsrv.fcgi?IIIF=/box%201/leaf.tif/info.json", 200, &format!("{leaf}/info.json")),
            (
                "/fcgi-bin/iipsrv.fcgi?IIIF=plain.tif/full/full/0/default.jpg",
                200,
                "/iiif/2/plain.tif/full/full/0/default.jpg",
            ),
            (
                "/fcgi-bin/iipsrv.fcgi?FIF=plain.tif&cvt=jpeg",
                410,
                "/fcgi-bin/iipsrv.fcgi?FIF=plain.tif&cvt=jpeg",
            ),
            ("/iiif/3/plain.tif/info.json", 200, "/iiif/3/plain.tif/info.json"),
            ("/iiif/2/plain.tif/full/50,/0/default.jpg", 200, "/iiif/2/plain.tif/full/50,/0/default.jpg"),
        ],
    );
}
