//! Masters that are damaged, or change under the server: the right pixels or an error, and no harm to others.

use std::fs::{self, File};
use std::io::Write;
use std::thread;
use std::time::{Duration, Instant};

use crate::http;
use crate::load::Load;
use crate::picture::{LEAF, Picture};
use crate::site::{MASTER, Site};

#[test]
fn a_damaged_tile_harms_only_those_who_ask_for_it() {
    let site = Site::start();
    // Tiles come first in the file, row by row: this is inside the first.
    let mut master = LEAF.1.clone();
    master[100..140].fill(0x55);
    site.add("torn.tif", &master);
    let before = site.server.all_workers();
    let broken = ["0,0,256,256/max/0/default.png", "0,0,300,300/max/0/default.jpg", "full/max/0/default.jpg"];
    for request in broken {
        let answer = site.expect(500, &format!("/iiif/3/torn.tif/{request}"));
        assert!(answer.text().contains("cannot be read"), "{}", answer.text());
    }
    let log = site.server.log();
    let lines: Vec<&str> = log.lines().filter(|line| line.contains("torn.tif")).collect();
    assert!((1..=before.len()).contains(&lines.len()), "one of each worker: {log}");
    for line in lines {
        let names_the_request = broken.iter().any(|request| line.contains(request));
        assert!(
            line.starts_with("recto: error: 500 ")
                && names_the_request
                && line.contains("damaged master")
                && line.contains(" [torn.tif] request="),
            "{line}"
        );
        assert!(!line.contains(&*site.server.path("masters").to_string_lossy()), "{line}");
    }
    let whole = Picture::of_png(&site.expect(200, "/iiif/3/torn.tif/256,256,512,512/max/0/default.png").body);
    assert!(whole == LEAF.0.cut(256, 256, 512, 512));
    site.expect(200, "/iiif/3/torn.tif/info.json");
    site.expect(200, "/iiif/3/torn.tif/full/750,/0/default.jpg");
    site.expect(200, &format!("/iiif/3/{MASTER}/0,0,256,256/max/0/default.png"));
    assert_eq!(site.server.all_workers(), before);
}

/// Writers that truncate and rewrite in place are wrong, and exist.
#[test]
fn a_master_that_shrinks_and_grows_while_it_is_served() {
    let site = Site::start();
    site.add("restless.tif", &LEAF.1);
    let path = site.server.path("masters/restless.tif");
    let before = site.server.all_workers();
    let port = site.port;
    // Another region each time, so that nothing comes from the cache.
    let load = Load::start(4, move |n| {
        let (x, y) = ((n as usize * 13) % 1200, (n as usize * 29) % 800);
        let target = format!("/iiif/3/restless.tif/{x},{y},300,{}/max/0/default.png", 200 + n % 100);
        let answer = http::request(port, "GET", &target, &[]).expect("an answer");
        if answer.status == 200 {
            let picture = Picture::of_png(&answer.body);
            assert!(picture == LEAF.0.cut(x, y, 300, picture.height), "{target} shows something else");
        }
        Some(answer.status)
    });
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(2) {
        let mut file = File::options().write(true).open(&path).expect("open");
        for length in [LEAF.1.len() / 2, 5000, 0] {
            file.set_len(length as u64).expect("cut");
            thread::sleep(Duration::from_millis(20));
        }
        for piece in LEAF.1.chunks(LEAF.1.len() / 4) {
            file.write_all(piece).expect("written");
            thread::sleep(Duration::from_millis(10));
        }
        thread::sleep(Duration::from_millis(50));
    }
    let statuses = load.end();
    // An empty file is no image, for the moment.
    assert!(statuses.iter().all(|status| matches!(status, 200 | 404 | 500)), "{statuses:?}");
    assert!(statuses.contains(&200) && statuses.contains(&500), "{statuses:?}");
    assert_eq!(site.server.all_workers(), before, "{}", site.server.log());
    let whole = site.expect(200, "/iiif/3/restless.tif/full/max/0/default.png");
    assert!(Picture::of_png(&whole.body) == LEAF.0);
    assert_eq!(fs::read(path).expect("a file").len(), LEAF.1.len());
}
