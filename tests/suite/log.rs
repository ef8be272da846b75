//! What workers log: a line for each fault of a master, whatever clients do.

use std::fs;
use std::os::unix::fs::symlink;

use crate::picture::Picture;
use crate::process::status;
use crate::server::Server;

/// The lines that speak of `what`.
fn lines(server: &Server, what: &str) -> Vec<String> {
    server.log().lines().filter(|line| line.contains(what)).map(str::to_owned).collect()
}

#[test]
fn a_lookup_that_tries_many_names_is_one_line() {
    let server = Server::start(1, "10s");
    fs::create_dir(server.path("elsewhere")).expect("made");
    symlink("../elsewhere", server.path("masters/out")).expect("linked");
    for _ in 0..5 {
        assert_eq!(status(&server, "/iiif/3/out%2Fleaf/info.json"), 404);
    }
    let said = lines(&server, "out of reach");
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].starts_with("recto: warn: ") && said[0].ends_with("[out/leaf]"), "{said:?}");
}

#[test]
fn a_damaged_master_is_one_line_however_it_is_spelled() {
    let server = Server::start(1, "10s");
    let mut master = Picture::waves(1000, 800, 3).master();
    master[100..140].fill(0x55);
    fs::write(server.path("masters/torn.tif"), &master).expect("written");
    fs::write(server.path("masters/worn.tif"), &master).expect("written");
    for number in 0..20 {
        for name in ["torn.tif", "torn", "%74orn.tif", "torn.tif;1"] {
            let path = format!("/iiif/3/{name}/0,0,{},100/max/0/default.jpg", 100 + number);
            assert_eq!(status(&server, &path), 500, "{path}");
        }
    }
    assert_eq!(status(&server, "/iiif/3/worn/full/max/0/default.png"), 500);
    for name in ["torn", "worn"] {
        let said = lines(&server, name);
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(
            said[0].contains("damaged master") && said[0].ends_with(&format!("[{name}.tif]")),
            "{said:?}"
        );
    }
}

#[test]
fn no_client_floods_the_log_at_any_level() {
    let server = Server::logging("debug");
    for number in 0..300 {
        assert_eq!(status(&server, &format!("/iiif/3/name-{number}/info.json")), 404);
    }
    let said = lines(&server, "name-").len();
    assert!((10..=100).contains(&said), "{said} lines");
}
