//! Front and back workers: cheap requests never wait for the others, and of those none is lost and none waits for long.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;

use recto::process::lane::Lane;
use recto::process::ledger::Hand;
use rustix::process::Signal;

use crate::picture::LEAF;
use crate::process::{answer, connect, reply, request, status};
use crate::server::{Server, send, until};

/// A tile, thus cheap.
const TILE: &str = "/iiif/3/leaf.tif/0,0,256,256/256,256/0/default.png";

/// Not cheap, and not dear.
const PAGE: &str = "/iiif/3/leaf.tif/full/max/0/default.jp2";

/// Of this few are done before long.
const POSTER: &str = "/iiif/3/leaf.tif/full/^4000,3000/30/default.png";

fn server(lines: &str) -> Server {
    let server = Server::configured(lines);
    fs::write(server.path("masters/leaf.tif"), &LEAF.1).expect("written");
    server
}

/// Asks, and leaves the answer to be read.
fn ask(server: &Server, path: &str) -> UnixStream {
    let mut stream = connect(server);
    stream.write_all(&request(path)).expect("open");
    stream
}

/// Asks while the back workers are stopped, so that the request stays in the queue.
fn queue(server: &Server, path: &str) -> UnixStream {
    let before = waiting(server);
    let stream = ask(server, path);
    until("it is queued", || waiting(server) > before);
    stream
}

/// The work that waits for back workers, in milliseconds.
fn waiting(server: &Server) -> u64 {
    server.ledger().lock().map_or(0, |locked| locked.books.lines.iter().map(|line| line.work).sum())
}

fn signal_all(workers: &[i32], signal: Signal) {
    workers.iter().for_each(|worker| send(*worker, signal));
}

#[test]
fn a_crowd_of_posters_keeps_no_tile_waiting_and_is_refused_at_once() {
    let server = server("workers = 1\nbackground_workers = 2\n");
    let mut crowd: Vec<UnixStream> = (0..60).map(|_| ask(&server, POSTER)).collect();
    // The only front worker comes to it when it has dealt with all of the crowd.
    assert_eq!(status(&server, TILE), 200);
    let (mut refused, mut begun) = (Vec::new(), 0);
    for stream in &mut crowd {
        stream.set_nonblocking(true).expect("a socket");
        match reply(stream) {
            Ok(text) if text.starts_with("Status: 503 ") => refused.push(text),
            Ok(text) => begun += usize::from(text.starts_with("Status: 200 ")),
            Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
        }
    }
    assert!(refused.len() >= 30, "only {} were refused", refused.len());
    assert!(begun <= 2, "the tile had to wait for {begun} of the crowd");
    for text in refused {
        assert!(text.contains("\r\nCache-Control: no-store\r\n"), "{text}");
        let (_, rest) = text.split_once("\r\nRetry-After: ").expect("a header");
        let seconds: u64 = rest.split("\r\n").next().and_then(|text| text.parse().ok()).expect("seconds");
        assert!((1..600).contains(&seconds), "{text}");
    }
}

#[test]
fn what_is_queued_outlives_the_back_workers() {
    let server = server("workers = 1\nbackground_workers = 1\n");
    let back = server.back_workers();
    signal_all(&back, Signal::STOP);
    let mut page = queue(&server, PAGE);
    signal_all(&back, Signal::KILL);
    assert_eq!(answer(&mut page).expect("an answer"), 200);
    assert_ne!(server.back_workers(), back);
}

#[test]
fn what_is_queued_is_answered_by_the_next_generation() {
    let server = server("workers = 1\nbackground_workers = 2\n");
    let (front, back) = (server.workers(), server.back_workers());
    signal_all(&back, Signal::STOP);
    let mut page = queue(&server, PAGE);
    server.signal(Signal::HUP);
    server.until_replaced(&front, 1);
    assert_eq!(answer(&mut page).expect("an answer"), 200);
    signal_all(&back, Signal::CONT);
    until("the old ones have finished", || server.back_workers().iter().all(|pid| !back.contains(pid)));
}

#[test]
fn what_is_queued_is_answered_before_a_stop() {
    let mut server = server("workers = 1\nbackground_workers = 2\n");
    let back = server.back_workers();
    signal_all(&back, Signal::STOP);
    let mut pages = [queue(&server, PAGE), queue(&server, PAGE)];
    server.signal(Signal::TERM);
    until("the front has finished", || server.workers().is_empty());
    signal_all(&back, Signal::CONT);
    for page in &mut pages {
        assert_eq!(answer(page).expect("an answer"), 200);
    }
    assert_eq!(server.child.wait().expect("a child").code(), Some(0));
}

#[test]
fn who_has_left_the_queue_is_not_worked_for() {
    let server = server("workers = 1\nbackground_workers = 1\n");
    let back = server.back_workers();
    signal_all(&back, Signal::STOP);
    (0..3).for_each(|_| drop(queue(&server, PAGE)));
    let mut page = queue(&server, PAGE);
    signal_all(&back, Signal::CONT);
    assert_eq!(answer(&mut page).expect("an answer"), 200);
    until("it is counted", || server.served() > 0);
    assert_eq!((server.served(), waiting(&server)), (1, 0));
}

#[test]
fn what_deaths_leave_in_the_ledger_is_put_right() {
    let server = server("workers = 1\nbackground_workers = 1\n");
    let wrong = |work| {
        let ledger = server.ledger();
        let mut locked = ledger.lock().expect("free");
        locked.books.line(Lane::Middling).work = work;
        locked.books.line(Lane::Dear).work = work;
        locked.write_lines();
    };
    for work in [1_000_000, u64::MAX] {
        wrong(work);
        assert_eq!(status(&server, PAGE), 200);
    }
    // A worker that dies with memory in its hands holds none.
    send(server.back_workers()[0], Signal::STOP);
    let hand = Hand { bytes: u64::MAX, since: 1, ..Hand::default() };
    server.ledger().write_hand(1, &hand).expect("written");
    send(server.back_workers()[0], Signal::KILL);
    assert_eq!(status(&server, PAGE), 200);
}

/// Who keeps the lock in this test is a process that was stopped with it in its hands.
#[test]
fn a_ledger_that_somebody_keeps_costs_what_is_not_cheap_and_no_more() {
    let server = server("workers = 1\nbackground_workers = 1\n");
    let ledger = server.ledger();
    let kept = ledger.lock().expect("free");
    assert_eq!((status(&server, PAGE), status(&server, TILE)), (503, 200));
    drop(kept);
    assert_eq!(status(&server, PAGE), 200);
}

#[test]
fn what_does_not_fit_into_memory_waits_for_the_others() {
    let server = server("workers = 1\nbackground_workers = 1\n");
    let ledger = server.ledger();
    // A worker in a slot that nobody has, which is at something large.
    let others = |bytes| ledger.write_hand(9, &Hand { bytes, ..Hand::default() }).expect("written");
    let at_work = || {
        let hands = ledger.lock().expect("free").books.hands.clone();
        hands.iter().find(|hand| hand.since != 0).map(|hand| hand.bytes)
    };
    others(640 << 20);
    let mut page = ask(&server, PAGE);
    until("it has been taken", || at_work().is_some());
    page.set_nonblocking(true).expect("a socket");
    assert_eq!(page.read(&mut [0]).expect_err("nothing yet").kind(), ErrorKind::WouldBlock);
    assert_eq!(at_work(), Some(0));
    page.set_nonblocking(false).expect("a socket");
    others(0);
    assert_eq!(answer(&mut page).expect("an answer"), 200);
    others(640 << 20);
    let refusal = reply(&mut ask(&server, PAGE)).expect("an answer");
    assert!(refusal.starts_with("Status: 503 ") && refusal.contains("\r\nRetry-After: "), "{refusal}");
}

#[test]
fn back_workers_leave_the_processors_to_the_front() {
    let server = server("workers = 1\nbackground_workers = 3\n");
    let nice = |pid: &i32| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("it lives");
        let (_, fields) = stat.rsplit_once(") ").expect("a name");
        fields.split(' ').nth(16).and_then(|nice| nice.parse::<i32>().ok()).expect("a number")
    };
    let (front, back) = (nice(&server.workers()[0]), server.back_workers());
    assert_eq!(back.iter().map(nice).collect::<Vec<_>>(), [(front + 10).min(19); 3]);
}
