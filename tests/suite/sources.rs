//! Several sources of masters, and directories that become others while the server runs: mounted over, replaced, or out of
//! reach for a while.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::{self, JoinHandle};

use rustix::process::Signal;

use crate::fuse::Fuse;
use crate::judge::skipped;
use crate::picture::STAMP;
use crate::process::{get, status};
use crate::server::{Server, send, until};

const FAR: &str = "/iiif/3/nas%2Ffar.tif/full/max/0/default.jpg";
const NEAR: &str = "/iiif/3/near.tif/full/max/0/default.jpg";

/// A source as it stands in a configuration.
fn source(prefix: &str, directory: &Path) -> String {
    format!("[[source]]\nprefix = {prefix:?}\nurl = {directory:?}\n")
}

/// A file system in memory. It goes with this value.
struct Mounted(PathBuf);

impl Mounted {
    fn at(path: PathBuf) -> Self {
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=1m", "recto-test"]).arg(&path);
        assert!(mount.status().expect("mount").success(), "no mount; without root: SKIP=mounts");
        Self(path)
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg("-l").arg(&self.0).status();
        assert!(unmounted.is_ok_and(|status| status.success()) || thread::panicking());
    }
}

#[test]
fn a_source_beside_the_root_serves_its_masters_under_its_prefix() {
    let maps = tempfile::tempdir().expect("a directory");
    let lines = format!("workers = 1\n{}", source("maps/", maps.path()));
    let server = Server::configured(&lines);
    for name in ["box/one.tif", "only.tif"] {
        let path = maps.path().join(name);
        fs::create_dir_all(path.parent().expect("a directory")).expect("made");
        fs::write(path, &*STAMP).expect("written");
    }
    fs::write(server.path("masters/near.tif"), &*STAMP).expect("written");
    std::os::unix::fs::symlink(server.path("masters/near.tif"), maps.path().join("out.tif")).expect("linked");
    for (identifier, expected) in [
        ("near.tif", 200),
        ("near", 200),
        ("maps%2Fonly.tif", 200),
        ("maps%2Fonly", 200),
        ("maps%2Fonly.tif;1", 200),
        ("maps%2Fbox%2Fone", 200),
        ("only.tif", 404),
        ("maps", 404),
        ("maps%2Fnear.tif", 404),
        ("maps%2Fout.tif", 404),
        ("maps%2Fonly.tif;2", 404),
    ] {
        assert_eq!(status(&server, &format!("/iiif/3/{identifier}/info.json")), expected, "{identifier}");
    }
}

#[test]
fn without_a_root_there_are_only_sources_and_a_doubt_is_said_once() {
    let all = tempfile::tempdir().expect("a directory");
    fs::create_dir(all.path().join("maps")).expect("made");
    fs::write(all.path().join("maps/a.tif"), &*STAMP).expect("written");
    let server = Server::start(1, "30s");
    let text = fs::read_to_string(server.path("recto.toml")).expect("a configuration");
    let root = format!("[masters]\nroot = \"{}\"\n", server.path("masters").display());
    let sources = [source("all:", all.path()), source("m/", &all.path().join("maps"))].concat();
    fs::write(server.path("recto.toml"), text.replace(&root, &sources)).expect("written");
    let before = server.workers();
    server.signal(Signal::HUP);
    server.until_replaced(&before, 1);
    for identifier in ["all:maps%2Fa.tif", "m%2Fa"] {
        assert_eq!(status(&server, &format!("/iiif/3/{identifier}/info.json")), 200, "{identifier}");
    }
    assert_eq!(status(&server, "/iiif/3/maps%2Fa.tif/info.json"), 404, "no source has this prefix");
    assert_eq!(server.log().matches("have two identifiers").count(), 1, "{}", server.log());
}

#[test]
fn a_directory_that_is_not_there_is_said_before_any_worker_starts() {
    let server = Server::start(1, "30s");
    let before = server.workers();
    let text = fs::read_to_string(server.path("recto.toml")).expect("a configuration");
    let missing = server.path("missing");
    fs::write(server.path("recto.toml"), text + &source("maps/", &missing)).expect("written");
    server.signal(Signal::HUP);
    let said = format!("cannot open the directory of masters {}", missing.display());
    until("the reload is refused", || server.log().contains(&said));
    assert_eq!(server.workers(), before);
}

#[test]
fn what_is_mounted_over_the_masters_after_the_start_is_served_and_what_is_unmounted_is_not() {
    if skipped("mounts") {
        return;
    }
    let server = Server::start(2, "30s");
    assert_eq!(status(&server, NEAR), 404);
    let mounted = Mounted::at(server.path("masters"));
    fs::write(server.path("masters/near.tif"), &*STAMP).expect("written");
    until("the mount is seen", || status(&server, NEAR) == 200);
    drop(mounted);
    // Workers from before the mount, which are on their way out, see what is beneath it: their 404 proves nothing.
    let told = || server.log().matches("is another directory of masters now").count();
    until("it is missed", || told() == 2);
    until("it is gone", || status(&server, NEAR) == 404);
    assert_eq!(told(), 2, "{}", server.log());
    assert!(!server.log().contains("died"));
}

#[test]
fn a_root_that_is_replaced_is_opened_anew() {
    let server = Server::start(1, "30s");
    fs::create_dir(server.path("new")).expect("made");
    fs::write(server.path("new/near.tif"), &*STAMP).expect("written");
    fs::rename(server.path("masters"), server.path("old")).expect("moved");
    until("it is missed", || server.log().contains("cannot be opened any more"));
    assert_eq!(status(&server, NEAR), 404, "workers go on");
    fs::rename(server.path("new"), server.path("masters")).expect("moved");
    until("the new one is seen", || status(&server, NEAR) == 200);
}

#[test]
fn a_source_whose_file_system_does_not_answer_costs_its_own_requests_only() {
    if skipped("mounts") {
        return;
    }
    let far = tempfile::tempdir().expect("a directory");
    let nas = Fuse::mount(far.path(), "far.tif", &STAMP);
    let server = Server::configured(&format!("workers = 2\n{}", source("nas/", far.path())));
    fs::write(server.path("masters/near.tif"), &*STAMP).expect("written");
    assert_eq!((status(&server, FAR), status(&server, NEAR)), (200, 200));

    nas.answer(false);
    let asked = ask(&server, 6);
    for _ in 0..20 {
        assert_eq!(status(&server, NEAR), 200);
    }
    until("the source is shut", || server.log().contains("does not answer"));
    assert_eq!(status(&server, FAR), 503, "at once");
    // Who is started now does not wait for it either. Who waits for it cannot even be killed.
    let before = server.workers();
    before.iter().for_each(|worker| send(*worker, Signal::KILL));
    until("others are at work", || {
        let new = server.workers().into_iter().filter(|worker| !before.contains(worker));
        let at_work: Vec<_> = server.slots().iter().map(|slot| slot.process).collect();
        new.filter(|worker| u32::try_from(*worker).is_ok_and(|pid| at_work.contains(&pid))).count() >= 2
    });
    assert_eq!((status(&server, FAR), status(&server, NEAR)), (503, 200));

    nas.answer(true);
    asked.into_iter().for_each(|asked| drop(asked.join().expect("no panic")));
    until("the source is used again", || status(&server, FAR) == 200);
}

#[test]
fn a_server_starts_without_a_source_that_does_not_answer_and_takes_it_up_when_it_does() {
    if skipped("mounts") {
        return;
    }
    let far = tempfile::tempdir().expect("a directory");
    let nas = Fuse::mount(far.path(), "far.tif", &STAMP);
    nas.answer(false);
    let server = Server::configured(&format!("workers = 1\n{}", source("nas/", far.path())));
    fs::write(server.path("masters/near.tif"), &*STAMP).expect("written");
    assert_eq!((status(&server, FAR), status(&server, NEAR)), (503, 200));
    nas.answer(true);
    until("the source is taken up", || status(&server, FAR) == 200);
    assert!(server.log().contains("answers: new workers take it up"), "{}", server.log());
}

fn ask(server: &Server, count: usize) -> Vec<JoinHandle<io::Result<u16>>> {
    let ask = |_| {
        let socket = server.path("recto.sock");
        thread::spawn(move || get(&socket, FAR))
    };
    (0..count).map(ask).collect()
}
