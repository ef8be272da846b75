//! What an administrator sets: each setting has a file that an upgrade leaves alone, and takes effect from there. And what
//! NGINX says when one of the files is missing.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;

use recto::http::Response;

use super::cache::entries;
use super::stand_in::{StandIn, picture};
use crate::judge::text;
use crate::site::{MASTER, Setup, Site, until_status};

const HSTS: &str = "max-age=31536000; includeSubDomains";

fn tile(number: usize) -> String {
    format!("/iiif/3/{MASTER}/{number},0,256,256/256,256/0/default.jpg")
}

/// NGINX takes the configuration, without a warning.
#[track_caller]
pub fn is_content(site: &Site) {
    let (content, said) = site.test_configuration();
    assert!(content && !said.contains("[warn]") && !said.contains("[emerg]"), "{said}");
}

#[test]
fn what_belongs_at_the_http_level_is_replaced() {
    let local = "geo $recto_trusted { default 0; }\ngeo $recto_max_size { default \"\"; 127.0.0.1 300; }\n\
                 map $http_x_test $recto_private_network { default never; }\n";
    let site = Site::with(&Setup { local: &[("local-http.conf", local)], ..Setup::default() });
    is_content(&site);
    site.expect(200, &tile(1));
    let refresh = ("X-Recto-Refresh", "1");
    assert_eq!(site.ask("GET", tile(1), &[refresh]).the("x-cache-status"), "HIT", "nobody is trusted");
    let info = site.expect(200, &format!("/iiif/3/{MASTER}/info.json")).json();
    assert_eq!(info["maxWidth"], 300, "{info}");
    site.expect(400, &format!("/iiif/3/{MASTER}/full/301,/0/default.jpg"));
    let preflight = site.ask("OPTIONS", tile(1), &[]);
    assert_eq!(preflight.the("access-control-allow-private-network"), "never", "a map by a map");
}

#[test]
fn the_cache_is_where_the_settings_say() {
    let edits = [("/cache\" levels=1:2", "/elsewhere\" levels=2:2"), ("max_size=2g", "max_size=300m")];
    let site = Site::with(&Setup { edits: &edits, ..Setup::default() });
    is_content(&site);
    site.expect(200, &tile(1));
    assert_eq!(site.expect(200, &tile(1)).the("x-cache-status"), "HIT");
    let places = fs::read_dir(site.server.path("elsewhere")).expect("a cache");
    let names: Vec<_> = places.map(|place| place.expect("a place").file_name()).collect();
    assert!(names.len() == 1 && names[0].len() == 2, "{names:?}");
    assert!(!site.server.path("cache").exists());
}

#[test]
fn what_belongs_at_the_location_is_replaced_or_added() {
    let local = "fastcgi_cache_valid 404 1s;\nfastcgi_cache_min_uses 2;\nfastcgi_read_timeout 3s;\n\
                 fastcgi_param OF_THE_SITE 1;\nerror_page 403 = @gone;\n\
                 location = /iiif/private { deny all; }\n";
    let edits = [(
        "location / {",
        "location @gone { add_header Access-Control-Allow-Origin * always; return 410; } location / {",
    )];
    let mut site = Site::with(&Setup { local: &[("local.conf", local)], edits: &edits, ..Setup::default() });
    is_content(&site);
    let statuses = [(); 3].map(|()| site.expect(200, &tile(1)).the("x-cache-status").to_owned());
    assert_eq!(statuses, ["MISS", "MISS", "HIT"], "kept from the second time on");
    // 400 is kept as shipped, 404 as set.
    let wrong = format!("/iiif/3/{MASTER}/full/0,/0/default.jpg");
    site.expect(400, &wrong);
    site.expect(400, &wrong);
    assert_eq!(site.expect(400, &wrong).the("x-cache-status"), "HIT");
    site.expect(404, "/iiif/3/late.tif/info.json");
    site.expect(404, "/iiif/3/late.tif/info.json");
    site.add("late.tif", &crate::picture::STAMP);
    until_status(&site, "/iiif/3/late.tif/info.json", 200);
    site.expect(410, "/iiif/private");
    // In place of 35 seconds.
    let workers = StandIn::of(&mut site);
    thread::scope(|scope| {
        let client = scope.spawn(|| site.expect(503, &tile(2)));
        let hangs = workers.asked();
        assert_eq!((&*hangs.param("OF_THE_SITE"), &*hangs.param("REQUEST_METHOD")), ("1", "GET"));
        let said = "The image server has not answered in the time that a request may take.\n";
        assert_eq!(client.join().expect("no panic").text(), said);
        drop(hangs);
    });
}

#[test]
fn who_is_kept_out_is_told_so_across_origins() {
    let local = "allow 192.0.2.0/24;\ndeny all;\n";
    let site = Site::with(&Setup { local: &[("local.conf", local)], ..Setup::default() });
    is_content(&site);
    // `expect` looks for CORS. A preflight carries nothing by which anybody could be let in.
    site.expect(403, &tile(1));
    assert_eq!((site.ask("OPTIONS", tile(1), &[]).status, site.ask("POST", tile(1), &[]).status), (204, 405));
    assert_eq!(site.server.served(), 0);
}

#[test]
fn without_the_cache_workers_are_asked() {
    let site = Site::with(&Setup { local: &[("local.conf", "fastcgi_cache off;\n")], ..Setup::default() });
    is_content(&site);
    for _ in 0..2 {
        assert_eq!(site.expect(200, &tile(1)).header("x-cache-status"), None);
        site.expect(200, &format!("/iiif/3/{MASTER}/full/!90,90/00/color.jpg"));
    }
    assert_eq!((site.server.served(), entries(&site)), (4, 0));
}

#[test]
fn the_number_of_dear_requests_is_replaced() {
    let local = [("local.conf", "limit_conn recto_dear 1;\n")];
    let mut site = Site::with(&Setup { local: &local, ..Setup::default() });
    is_content(&site);
    let workers = StandIn::of(&mut site);
    let dear = |path: &str| {
        let asked = workers.asked();
        assert_eq!(asked.param("REQUEST_URI"), path);
        asked.answer(Response::new(306, Vec::new()));
    };
    thread::scope(|scope| {
        let first = scope.spawn(|| site.expect(200, &tile(1)));
        dear(&tile(1));
        let work = workers.asked();
        let second = scope.spawn(|| site.expect(429, &tile(2)));
        dear(&tile(2));
        second.join().expect("no panic");
        work.answer(picture(b"dear"));
        first.join().expect("no panic");
    });
}

/// As doctors of web servers look for it.
#[test]
fn a_header_of_the_site_is_on_every_answer_once() {
    let header = format!("add_header Strict-Transport-Security \"{HSTS}\" always;\n");
    let local = [("local-headers.conf", &*header), ("local.conf", "limit_req zone=recto_others;\n")];
    let edits = [("zone=recto_others:10m rate=200r/s", "zone=recto_others:10m rate=1r/m")];
    let mut site = Site::with(&Setup { local: &local, edits: &edits, ..Setup::default() });
    is_content(&site);
    let info = format!("/iiif/3/{MASTER}/info.json");
    let tag = site.get(&info).the("etag").to_owned();
    let large = format!("/iiif/3/{MASTER}/full/max/0/default.jpg");
    let cases = [
        ("GET", &*info, ("Accept", "*/*"), 200),
        ("GET", &info, ("If-None-Match", &tag), 304),
        ("GET", &tile(1), ("Range", "bytes=0-9"), 206),
        ("GET", &tile(1), ("Range", "bytes=99999999-"), 416),
        ("OPTIONS", &info, ("Accept", "*/*"), 204),
        ("POST", &info, ("Accept", "*/*"), 405),
        ("GET", &large, ("Accept", "*/*"), 200),
        ("GET", &large, ("Accept", "*/*"), 429),
        ("GET", "/iiif/3/nothing/info.json", ("Accept", "*/*"), 404),
    ];
    for (method, path, header, status) in cases {
        let answer = site.ask(method, path, &[header]);
        assert_eq!((answer.status, answer.the("strict-transport-security")), (status, HSTS), "{path}");
    }
    assert_eq!(site.server.stop(), Some(0));
    assert_eq!(site.expect(503, &tile(2)).the("strict-transport-security"), HSTS);
}

/// With what NGINX says, an administrator finds what is missing.
#[test]
fn a_missing_file_is_named() {
    let site = Site::start();
    let at = |name: &str| site.server.path(name);
    let main = fs::read_to_string(at("nginx.conf")).expect("a file");
    let http = format!("include \"{}\";", at("http.conf").display());
    assert!(main.contains(&http), "{main}");

    fs::write(at("nginx.conf"), main.replace(&http, "")).expect("written");
    let (content, said) = site.test_configuration();
    let named = "\"recto_http_conf_must_be_linked_into_conf_d\" in ";
    let complaints: Vec<_> = said.lines().filter(|line| line.contains("[emerg]")).collect();
    assert!(!content && complaints.len() == 1 && complaints[0].contains(named), "{said}");

    // It may come after the server: files of conf.d are read by name.
    let (before, server) = main.split_once("    server {").expect("a server");
    let end = server.rfind('}').expect("an end of http");
    let later = format!("{}    server {{{}{http}\n}}\n", before.replace(&http, ""), &server[..end]);
    fs::write(at("nginx.conf"), later).expect("written");
    is_content(&site);

    for name in ["settings.conf", "location.conf", "http.conf"] {
        fs::rename(at(name), at("elsewhere")).expect("moved");
        let (content, said) = site.test_configuration();
        assert!(!content && said.contains(&format!("{name}\" failed (2: No such file")), "{said}");
        fs::rename(at("elsewhere"), at(name)).expect("moved");
    }
}

#[test]
fn an_upgrade_keeps_what_is_set() {
    let destination = tempfile::tempdir().expect("a directory");
    let install = || {
        let mut make = Command::new("make");
        make.current_dir(env!("CARGO_MANIFEST_DIR")).args(["--silent", "install"]);
        make.arg(concat!("RECTO=", env!("CARGO_BIN_EXE_recto")));
        make.arg(format!("DESTDIR={}", destination.path().display()));
        let output = make.output().expect("make is installed");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    install();
    let installed = destination.path().join("etc/recto/nginx");
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("nginx");
    let read = |directory: &Path, name: &str| fs::read_to_string(directory.join(name)).unwrap_or_default();
    for name in ["http.conf", "location.conf", "settings.conf"] {
        assert_eq!(read(&installed, name), read(&shipped, name), "{name} in {}", text(&installed));
    }
    let local = ["settings.conf", "local-http.conf", "local.conf", "local-headers.conf", "local-status.conf"];
    for name in local {
        fs::write(installed.join(name), "# set here\n").expect("written");
    }
    install();
    for name in local {
        assert_eq!(read(&installed, name), "# set here\n", "{name}");
    }
    for name in ["http.conf", "location.conf"] {
        assert_eq!(read(&installed, name), read(&shipped, name), "{name}");
    }
}
