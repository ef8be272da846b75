//! A new program in place of the one that runs: it takes over in the same process, with the same sockets and workers, or
//! leaves it alone, and nobody loses a request.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::time::Duration;

use rustix::process::Signal;

use crate::process::{NOWHERE, load, none_is_lost, status};
use crate::server::{Server, send, until};

const RECTO: &str = env!("CARGO_BIN_EXE_recto");

/// What a new program is told apart by.
const ANOTHER: &str = "echo >>\"$1\"";

/// The file that a process runs, by its inode.
fn runs(process: u32) -> u64 {
    inode(format!("/proc/{process}/exe"))
}

fn inode(path: impl AsRef<Path>) -> u64 {
    fs::metadata(path).map_or(0, |file| file.ino())
}

/// Waits until supervisor and workers are of the program that is there now, and none is left of those `before`.
fn until_taken_over(server: &Server, before: &[i32]) {
    let program = inode(server.path("recto"));
    until("the new program has taken over", || runs(server.child.id()) == program);
    server.until_replaced(before, 2);
    // Those in the background finish later than those in front.
    let are_of_it = || server.all_workers().iter().all(|worker| runs(worker.unsigned_abs()) == program);
    until("all workers are of it", are_of_it);
}

/// The children of the server that have ended and that nobody has asked for.
fn forgotten(server: &Server) -> usize {
    let is_dead = |pid: &i32| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        stat.rsplit(')').next().is_some_and(|rest| rest.starts_with(" Z"))
    };
    server.all_workers().iter().filter(|pid| is_dead(pid)).count()
}

#[test]
fn upgrades_under_load_keep_the_process_and_lose_no_request() {
    let mut server = Server::upgradable("workers = 2\n", |_| ());
    let load = load(&server, 4);
    for _ in 0..3 {
        let before = server.workers();
        server.install(RECTO, ANOTHER);
        server.signal(Signal::HUP);
        until_taken_over(&server, &before);
        let name = fs::read_to_string(format!("/proc/{}/comm", server.child.id())).expect("it lives");
        assert_eq!(name, "recto\n");
    }
    assert!(none_is_lost(load) > 100);
    assert_eq!(server.log().matches("takes over, with the workers that are there").count(), 3);
    // The same program once more is only a reload.
    let before = server.workers();
    server.signal(Signal::HUP);
    server.until_replaced(&before, 2);
    assert_eq!(server.log().matches("takes over, with").count(), 3);
    assert_eq!(server.stop(), Some(0));
    assert!(!server.path("recto.sock").exists() && !server.path("pid").exists());
}

#[test]
fn workers_that_die_meanwhile_are_mourned_by_whoever_is_there_then() {
    let server = Server::upgradable("workers = 2\n", |_| ());
    for deaths in 1..=3 {
        let before = server.workers();
        server.install(RECTO, ANOTHER);
        server.signal(Signal::HUP);
        send(before[0], Signal::KILL);
        until_taken_over(&server, &before);
        until("the dead are reaped", || forgotten(&server) == 0);
        assert_eq!(server.log().matches("SIGKILL").count(), deaths, "{}", server.log());
    }
}

#[test]
fn what_systemd_is_told_goes_on() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("notify");
    let systemd = UnixDatagram::bind(&path).expect("bound");
    systemd.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout");
    let next = |what: &str| {
        let mut bytes = [0; 1024];
        loop {
            let length = systemd.recv(&mut bytes).expect("a message");
            let text = String::from_utf8_lossy(&bytes[..length]).into_owned();
            if text.contains(what) {
                return text;
            }
        }
    };
    let server = Server::upgradable("workers = 2\n", |command| {
        command.env("NOTIFY_SOCKET", &path);
    });
    assert_eq!(next("READY=1"), "READY=1");
    for _ in 0..5 {
        assert_eq!(status(&server, NOWHERE), 404);
    }
    until("it is counted", || server.served() == 5);
    let before = server.workers();
    server.install(RECTO, ANOTHER);
    server.signal(Signal::HUP);
    assert!(next("RELOADING=1").contains("MONOTONIC_USEC="));
    assert_eq!(next("READY=1"), "READY=1");
    until_taken_over(&server, &before);
    let report = next("WATCHDOG=1");
    assert!(
        report.contains("of 2 workers busy") && report.contains(", 5 requests served, 0 workers lost"),
        "{report}"
    );
}

#[test]
fn a_program_that_cannot_serve_leaves_the_old_one_going() {
    let server = Server::upgradable("workers = 2\n", |_| ());
    let old = runs(server.child.id());
    let before = server.workers();
    let refused =
        || server.log().matches("going on with this program: the new one cannot take over: ").count();
    for (number, (program, change)) in
        [("/bin/false", ":"), (RECTO, "echo '#!/bin/sh' >\"$1\""), (RECTO, "chmod -x \"$1\"")]
            .into_iter()
            .enumerate()
    {
        server.install(program, change);
        server.signal(Signal::HUP);
        until("it is refused", || refused() == number + 1);
        assert_eq!((server.workers(), status(&server, NOWHERE)), (before.clone(), 404));
    }
    // What dies comes back as what it was.
    send(before[0], Signal::KILL);
    until("there are two again", || server.workers().len() == 2 && server.workers() != before);
    for process in server.all_workers().iter().map(|worker| worker.unsigned_abs()).chain([server.child.id()])
    {
        assert_eq!(runs(process), old, "{}", server.log());
    }
}

#[test]
fn a_new_program_does_not_take_over_with_a_wrong_configuration() {
    let server = Server::upgradable("workers = 2\n", |_| ());
    let (old, before) = (runs(server.child.id()), server.workers());
    let right = fs::read(server.path("recto.toml")).expect("a file");
    fs::write(server.path("recto.toml"), "[server]\nworkerz = 3\n").expect("written");
    server.install(RECTO, ANOTHER);
    server.signal(Signal::HUP);
    until("it is refused", || {
        server.log().contains("going on with this program: the new one cannot take over")
    });
    assert!(server.log().contains("did you mean `workers`?"));
    assert_eq!((runs(server.child.id()), server.workers()), (old, before.clone()));
    fs::write(server.path("recto.toml"), right).expect("written");
    server.signal(Signal::HUP);
    until_taken_over(&server, &before);
}

#[test]
fn a_program_that_shares_nothing_with_the_old_one_begins_anew_and_loses_no_request() {
    let mut server = Server::upgradable("workers = 2\n", |_| ());
    let load = load(&server, 4);
    let before = server.workers();
    // As a later version might: what its workers and their supervisor share has another form.
    server.install(RECTO, "LC_ALL=C sed -i 's/recto-0[0-9]/recto-99/g' \"$1\"");
    server.signal(Signal::HUP);
    until_taken_over(&server, &before);
    assert!(none_is_lost(load) > 20);
    let log = server.log();
    assert!(log.contains("do not share their workers") && log.contains("begins anew"), "{log}");
    assert_eq!(server.stop(), Some(0));
    assert!(!server.path("recto.sock").exists() && !server.path("pid").exists());
}

#[test]
fn a_stop_is_not_lost_in_an_upgrade() {
    for _ in 0..5 {
        let mut server = Server::upgradable("workers = 2\n", |_| ());
        server.install(RECTO, ANOTHER);
        server.signal(Signal::HUP);
        // Sooner or later in it, as the machine has it.
        until("it has begun", || server.log().contains("trying it out"));
        assert_eq!(server.stop(), Some(0), "{}", server.log());
        assert!(!server.path("recto.sock").exists());
    }
}
