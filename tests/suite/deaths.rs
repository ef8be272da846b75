//! Workers that end in the middle of a request: who is to blame, and what is refused for it afterwards.

use std::fs;
use std::sync::LazyLock;
use std::thread;

use recto::process::scoreboard::{Entry, now};
use rustix::process::Signal;

use crate::picture::{Picture, STAMP};
use crate::process::{get, status};
use crate::server::{Server, send, until};

/// A picture that takes most of a minute as AVIF at its slowest, on any machine: no encoder of that can be stopped.
static SHEET: LazyLock<Vec<u8>> = LazyLock::new(|| Picture::waves(1800, 1500, 3).master());

/// What the work on it is called, however it is asked for.
const JOB: &str = "box/sheet.tif;1/0,0,1800,1500/1800,1500/0/default.avif";

/// Ways to ask for it.
const SPELLINGS: [&str; 5] = [
    "/iiif/3/box%2Fsheet.tif/full/max/0/default.avif",
    "/iiif/2/box%2Fsheet/full/full/0/default.avif",
    "/iiif/3/box%2F%73heet/0,0,9999,01500/1800,1500/360.0/%63olor.avif",
    "/iiif/2/box%2Fsheet.tif%3B1/pct:0,0,100.0,100/1800,/0.00/default.avif?again",
    "/iiif/3/box%2Fsheet%3B1/full/%5Epct:100/0/default.avif",
];

fn serve(deadline: &str) -> Server {
    let pool = format!("workers = 1\nbackground_workers = 1\ndeadline = \"{deadline}\"");
    let server = Server::configured(&format!("{pool}\n[avif]\nspeed = 1"));
    fs::create_dir(server.path("masters/box")).expect("made");
    fs::write(server.path("masters/box/sheet.tif"), &*SHEET).expect("written");
    fs::write(server.path("masters/stamp.tif"), &*STAMP).expect("written");
    server
}

/// Asks, and does not wait for the answer, which may never come.
fn ask(server: &Server, path: &'static str) -> thread::JoinHandle<Option<u16>> {
    let socket = server.path("recto.sock");
    thread::spawn(move || get(&socket, path).ok())
}

/// Waits until a back worker is at work of this name, not only the front worker that hands it over; its process id.
fn at_work(server: &Server, name: &str) -> i32 {
    let worker = || {
        let slots = server.slots().into_iter().filter(|slot| slot.request == name.as_bytes());
        let back = server.back_workers();
        slots.map(|slot| slot.process.cast_signed()).find(|worker| back.contains(worker))
    };
    until("a worker is at it", || worker().is_some());
    worker().expect("it takes long")
}

fn until_gone(server: &Server, worker: i32) {
    until("the worker is replaced", || {
        let now = [server.workers(), server.back_workers()].concat();
        !now.contains(&worker) && now.len() == 2
    });
}

/// Makes a worker look as if it had been at work of this name since then, and neither runs nor could.
fn freeze(server: &Server, name: &str, busy_since: u64) -> i32 {
    let worker = server.workers()[0];
    send(worker, Signal::STOP);
    let busy = Entry {
        process: worker.cast_unsigned(),
        busy_since,
        served: 1,
        request: name.as_bytes().to_vec(),
        ..Entry::default()
    };
    server.scoreboard().write(0, &busy);
    worker
}

#[test]
fn work_that_has_ended_two_workers_is_refused_however_it_is_asked_for() {
    let server = serve("60s");
    for (spelling, signal) in SPELLINGS.into_iter().zip([Signal::ABORT, Signal::ILL]) {
        let asked = ask(&server, spelling);
        let worker = at_work(&server, JOB);
        send(worker, signal);
        assert_eq!(asked.join().expect("no panic"), None, "{spelling}");
        until_gone(&server, worker);
    }
    until("it is in quarantine", || server.log().contains("is in quarantine for 600 s"));
    for spelling in SPELLINGS {
        assert_eq!(status(&server, spelling), 500, "{spelling}");
    }
    // Other parts of it are not.
    assert_eq!(status(&server, "/iiif/3/box%2Fsheet.tif/0,0,64,64/max/0/default.jpg"), 200);
    assert_eq!(status(&server, "/iiif/3/box%2Fsheet.tif/info.json"), 200);
    let log = server.log();
    assert_eq!(log.matches(JOB).count(), 2, "a line for each death: {log}");
}

#[test]
fn what_takes_too_long_is_refused_as_soon_as_its_worker_is_killed() {
    let server = serve("3s");
    let asked = ask(&server, SPELLINGS[0]);
    let worker = at_work(&server, JOB);
    // As NGINX does, the moment in which it hears of the end.
    assert_eq!(asked.join().expect("no panic"), None);
    assert_eq!(status(&server, SPELLINGS[1]), 503);
    until_gone(&server, worker);
    assert_eq!(status(&server, "/iiif/3/stamp/full/max/0/default.jpg"), 200);
    let log = server.log();
    assert_eq!(log.matches(JOB).count(), 1, "{log}");
    // For a minute, or for a moment if the machine has so much to do that it got no processor.
    assert!(log.contains("is over the deadline") && log.contains("is in quarantine for"), "{log}");
}

#[test]
fn a_master_that_ends_workers_while_it_is_opened_is_refused_as_a_whole() {
    let server = serve("60s");
    for _ in 0..2 {
        let worker = freeze(&server, "stamp.tif", now());
        send(worker, Signal::ABORT);
        send(worker, Signal::CONT);
        until_gone(&server, worker);
    }
    until("it is in quarantine", || {
        server.log().contains("stamp.tif; it ends workers, and is in quarantine")
    });
    for path in
        ["3/stamp/info.json", "2/stamp.tif/full/full/0/default.jpg", "3/st%61mp%3B1/full/max/0/default.png"]
    {
        assert_eq!(status(&server, &format!("/iiif/{path}")), 500, "{path}");
    }
    assert_eq!(status(&server, "/iiif/3/box%2Fsheet/info.json"), 200);
}

#[test]
fn who_could_not_run_is_not_to_blame_and_the_quarantine_can_be_listed_and_lifted() {
    let server = serve("400ms");
    let path = "/iiif/3/stamp.tif/full/max/0/default.jpg";
    let job = "stamp.tif;1/0,0,90,60/90,60/0/default.jpg";
    // Twice would be one time too many for who is to blame.
    for _ in 0..2 {
        assert_eq!(status(&server, path), 200);
        let worker = freeze(&server, job, now());
        until_gone(&server, worker);
        assert_eq!(status(&server, path), 503, "not tried at once");
        server.signal(Signal::USR1);
        let listed = format!("in quarantine: {job}: it was kept waiting");
        until("it is listed", || server.log().contains(&listed));
        let before = server.workers();
        server.signal(Signal::HUP);
        server.until_replaced(&before, 1);
        until("it is lifted", || server.log().contains("the quarantine is lifted"));
        fs::write(server.path("log"), "").expect("emptied");
    }
    assert_eq!(status(&server, path), 200);
}
