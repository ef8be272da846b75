//! A store that is gone for a while, a fetcher that is killed, and a disk that is full: what is there is served, the rest is
//! refused, and all of it ends by itself.

use std::path::PathBuf;
use std::process::Command;
use std::thread;
use std::time::Duration;

use rustix::process::Signal;

use super::*;
use crate::load::Load;
use crate::server::send;

const TILE: &str = "/iiif/3/s3%2Fleaf.tif/0,0,512,512/512,512/0/default.jpg";
/// Another picture of the same blocks, which NGINX does not have.
const TURNED: &str = "/iiif/3/s3%2Fleaf.tif/0,0,512,512/512,512/90/default.jpg";

#[test]
fn while_a_store_is_gone_what_is_there_is_served() {
    if skipped("stores") {
        return;
    }
    let far = Far::start("workers = 2\n", "fresh = \"1s\"\n");
    (0..6).for_each(|number| far.s3.put(&format!("cold-{number}.tif"), &GOOD));
    far.site.expect(200, TILE);
    far.proxy.down(true);
    thread::sleep(Duration::from_millis(1100)); // no longer fresh
    for number in 0..4 {
        let refusal = far.site.expect(503, &format!("/iiif/3/s3%2Fcold-{number}.tif/info.json"));
        refusal.the("retry-after");
    }
    far.site.expect(200, TURNED);
    far.site.expect(200, &TURNED.replace("/90/", "/180/"));
    far.site.expect(404, "/iiif/3/none.tif/info.json");
    far.proxy.down(false);
    until("it is back", || far.site.get("/iiif/3/s3%2Fcold-4.tif/info.json").status == 200);
    let log = far.site.server.log();
    assert!(log.lines().filter(|line| line.contains("s3://masters")).count() <= 4, "{log}");
}

#[test]
fn a_fetcher_that_is_killed_costs_nobody_a_picture() {
    if skipped("stores") {
        return;
    }
    let far = Far::start("workers = 2\n", "");
    (0..60).for_each(|number| far.s3.put(&format!("{number}.tif"), &STAMP));
    let port = far.site.port;
    let load = Load::start(4, move |number| {
        let path = format!("/iiif/3/s3%2F{}.tif/full/max/{}/default.jpg", number % 60, number / 60 % 4 * 90);
        Some(crate::http::request(port, "GET", &path, &[]).map_or(0, |answer| answer.status))
    });
    for _ in 0..3 {
        let before = load.asked();
        let fetcher = far.fetcher().expect("a fetcher");
        send(fetcher, Signal::KILL);
        until("there is another", || far.fetcher().is_some_and(|now| now != fetcher));
        until("requests are answered", || load.asked() > before + 8);
    }
    let statuses = load.end();
    assert!(statuses.iter().all(|status| *status == 200), "{statuses:?}\n{}", far.site.server.log());
}

/// A small file system in memory. It goes with this value.
struct Small(PathBuf);

impl Small {
    fn at(path: PathBuf, options: &str) -> Self {
        fs::create_dir_all(&path).expect("made");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", options, "recto-test"]).arg(&path);
        assert!(mount.status().expect("mount").success(), "no mount; without root: SKIP=mounts");
        Self(path)
    }

    fn becomes(&self, options: &str) {
        let mut mount = Command::new("mount");
        mount.args(["-o", &format!("remount,{options}")]).arg(&self.0);
        assert!(mount.status().expect("mount").success());
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg("-l").arg(&self.0).status();
        assert!(unmounted.is_ok_and(|status| status.success()) || thread::panicking());
    }
}

#[test]
fn a_block_cache_on_a_full_disk_fails_no_other_request_and_recovers() {
    if skipped("stores") || skipped("mounts") {
        return;
    }
    let place = tempfile::tempdir().expect("a directory");
    let small = Small::at(place.path().join("disk"), "size=192k");
    let s3 = S3::start(&place.path().join("s3"));
    s3.put("large.tif", &LEAF.1);
    let keys = [("endpoint", &*at(s3.running.port)), ("region", "us-east-1")];
    let lines = [
        "workers = 2\n".to_owned(),
        block_cache(&small.0.join("blocks"), ""),
        source("s3/", "s3://masters", &keys),
    ];
    let site = Site::with(&Setup { server: &lines.concat(), environment: &CREDENTIALS, ..Setup::default() });
    let all = "/iiif/3/s3%2Flarge.tif/full/max/0/default.jpg";
    let status = site.get(all).status;
    assert!(matches!(status, 200 | 500..=504), "{status}");
    site.expect(200, "/iiif/3/leaf.tif/full/300,/0/default.jpg");
    small.becomes("size=64m");
    let right = site.expect(200, "/iiif/3/leaf.tif/full/max/0/default.jpg").body;
    until("there is room", || {
        let answer = site.get(all);
        answer.status == 200 && answer.body == right
    });
}
