//! Masters on a mount whose file system stops to answer: that costs the requests for them, and nobody else.

use std::fs;
use std::io;
use std::thread::{self, JoinHandle};

use rustix::process::Signal;

use crate::fuse::Fuse;
use crate::judge::skipped;
use crate::picture::STAMP;
use crate::process::{get, status};
use crate::server::{Server, until};

const FAR: &str = "/iiif/3/nas%2Ffar.tif/full/max/0/default.jpg";
const NEAR: &str = "/iiif/3/near.tif/full/max/0/default.jpg";

/// A server with one master on its own mount and one beneath the root.
fn serve(workers: usize, deadline: &str) -> (Server, Fuse) {
    let server = Server::start(workers, deadline);
    fs::create_dir(server.path("masters/nas")).expect("made");
    let nas = Fuse::mount(&server.path("masters/nas"), "far.tif", &STAMP);
    fs::write(server.path("masters/near.tif"), &*STAMP).expect("written");
    // The new workers know the mount.
    let before = server.workers();
    server.signal(Signal::HUP);
    server.until_replaced(&before, workers);
    assert_eq!((status(&server, FAR), status(&server, NEAR)), (200, 200));
    (server, nas)
}

fn ask(server: &Server, count: usize) -> Vec<JoinHandle<io::Result<u16>>> {
    let ask = |_| {
        let socket = server.path("recto.sock");
        thread::spawn(move || get(&socket, FAR))
    };
    (0..count).map(ask).collect()
}

#[test]
fn six_requests_for_a_mount_that_does_not_answer_keep_nobody_else_waiting() {
    if skipped("mounts") {
        return;
    }
    let (server, nas) = serve(2, "60s");
    nas.answer(false);
    let asked = ask(&server, 6);
    for _ in 0..20 {
        assert_eq!(status(&server, NEAR), 200);
    }
    until("the mount is shut", || server.log().contains("masters/nas does not answer"));
    assert_eq!(status(&server, FAR), 503, "at once, long before the deadline");
    assert_eq!(status(&server, NEAR), 200);
    assert!(asked.iter().any(|asked| !asked.is_finished()), "somebody has found out");

    nas.answer(true);
    for asked in asked {
        let answer = asked.join().expect("no panic").expect("an answer");
        assert!(matches!(answer, 200 | 503), "{answer}");
    }
    until("the mount is used again", || status(&server, FAR) == 200);
    assert!(!server.log().contains("died"), "nobody had to be killed");
}

#[test]
fn who_is_killed_for_waiting_too_long_is_replaced_and_his_master_not_blamed() {
    if skipped("mounts") {
        return;
    }
    let (server, nas) = serve(1, "1s");
    for _ in 0..2 {
        nas.answer(false);
        let asked = ask(&server, 1);
        until("it is over the deadline", || server.log().contains("is over the deadline"));
        assert_eq!((status(&server, FAR), status(&server, NEAR)), (503, 200));
        assert!(server.log().contains("it was kept waiting"));
        nas.answer(true);
        for asked in asked {
            assert!(asked.join().expect("no panic").is_err(), "its worker is dead");
        }
        until("it is tried again", || status(&server, FAR) == 200);
        fs::write(server.path("log"), "").expect("emptied");
    }
}
