//! The disk under NGINX's cache is full: nothing is kept, and nobody notices.

use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;
use std::process::Command;
use std::thread;
use std::time::Duration;

use crate::judge::skipped;
use crate::picture::{LEAF, Picture};
use crate::server::until;
use crate::site::{MASTER, Site};

/// A disk of 140 MB in memory. It goes with this value.
struct Disk(PathBuf);

impl Disk {
    fn mount(at: PathBuf) -> Self {
        fs::create_dir_all(&at).expect("made");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=140m", "recto-test"]).arg(&at);
        assert!(mount.status().expect("mount").success(), "no mount; without root: SKIP=mounts");
        Self(at)
    }

    /// Writes until nothing more fits.
    fn fill(&self) {
        let mut file = File::create(self.0.join("fill")).expect("made");
        while file.write_all(&[1; 1 << 16]).is_ok() {}
        while file.write_all(&[1]).is_ok() {}
    }

    fn make_room(&self) {
        fs::remove_file(self.0.join("fill")).expect("removed");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg("-l").arg(&self.0).status();
        assert!(unmounted.is_ok_and(|status| status.success()) || thread::panicking());
    }
}

#[test]
fn a_full_disk_under_the_cache_cuts_no_answer() {
    if skipped("mounts") {
        return;
    }
    let site = Site::start();
    let disk = Disk::mount(site.server.path("cache"));
    let tile = |number: usize| format!("/iiif/3/{MASTER}/{number},0,256,256/256,256/0/default.png");
    let twice = |path: &str| [(); 2].map(|()| site.expect(200, path).the("x-cache-status").to_owned());
    assert_eq!(twice(&tile(0)), ["MISS", "HIT"]);
    disk.fill();
    // Workers look every tenth of a second.
    thread::sleep(Duration::from_millis(150));
    for number in 1..20 {
        assert_eq!(twice(&tile(number)), ["MISS", "MISS"]);
        let shown = Picture::of_png(&site.expect(200, &tile(number)).body);
        assert!(shown == LEAF.0.cut(number, 0, 256, 256));
    }
    for path in ["info.json", "full/max/0/default.jpg", "full/,200/0/default.jpg"] {
        site.expect(200, &format!("/iiif/3/{MASTER}/{path}"));
    }
    site.expect(404, "/iiif/3/nothing/info.json");
    disk.make_room();
    until("tiles are kept again", || twice(&tile(30))[1] == "HIT");
    assert!(!site.nginx_log().contains("No space left"), "{}", site.nginx_log());
}
