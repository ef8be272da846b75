//! The pool behind NGINX: workers that die or hang, a pool that is reloaded, stopped, gone and back.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::thread;
use std::time::Duration;

use rustix::process::Signal;

use super::stand_in::StandIn;
use crate::http::{self, Answer};
use crate::load::Load;
use crate::picture::{LEAF, Picture};
use crate::server::{send, until};
use crate::site::{MASTER, Setup, Site, until_status};

/// A request that nobody has made before, with a bit of work in it, spelled as NGINX keeps it.
fn fresh(n: u32) -> String {
    format!("/iiif/3/{MASTER}/{},{},400,300/400,300/0/default.png", n % 1000, n / 1000)
}

/// Clients that ask for something else each time; what is shown must be right.
fn load(site: &Site, clients: usize) -> Load<Answer> {
    let port = site.port;
    Load::start(clients, move |n| {
        let answer = http::request(port, "GET", fresh(n), &[]).unwrap_or_else(|error| panic!("{n}: {error}"));
        if answer.status == 200 && n % 16 == 0 {
            let (x, y) = (n as usize % 1000, n as usize / 1000);
            assert!(Picture::of_png(&answer.body) == LEAF.0.cut(x, y, 400, 300), "{n} shows something else");
        }
        Some(answer)
    })
}

fn until_more(load: &Load<Answer>, requests: u32) {
    let before = load.asked();
    until("more is asked", || load.asked() > before + requests);
}

/// What is said when nobody listens.
const UNREACHABLE: &str = "The image server cannot be reached: ";

/// What is said when nobody has answered in time.
const LATE: &str = "The image server has not answered in the time that a request may take.";

/// The number of answers that are not 200; each of them is a polite 503, which says why.
fn refused(answers: &[Answer], why: &str) -> usize {
    let refused: Vec<&Answer> = answers.iter().filter(|answer| answer.status != 200).collect();
    for answer in &refused {
        assert_eq!(answer.status, 503);
        let again = if why == LATE { "30" } else { "2" };
        assert_eq!((answer.the("retry-after"), answer.the("cache-control")), (again, "no-store"));
        assert_eq!(answer.all("access-control-allow-origin"), ["*"]);
        assert_eq!(answer.the("content-type"), "text/plain; charset=utf-8");
        assert!(answer.text().starts_with(why) && answer.text().ends_with(".\n"), "{}", answer.text());
    }
    refused.len()
}

#[test]
fn a_killed_worker_costs_no_request() {
    let site = Site::with(&Setup { server: "workers = 3\n", ..Setup::default() });
    let load = load(&site, 6);
    let kills = 4;
    for _ in 0..kills {
        until_more(&load, 20);
        let victim = site.server.workers()[0];
        send(victim, Signal::KILL);
        until("the worker is replaced", || {
            let now = site.server.workers();
            now.len() == 3 && !now.contains(&victim)
        });
    }
    until_more(&load, 20);
    let answers = load.end();
    assert_eq!(refused(&answers, UNREACHABLE), 0, "of {} answers for {kills} deaths", answers.len());
    assert_eq!(site.server.log().matches("signal: 9 (SIGKILL)").count(), kills);
}

#[test]
fn reloads_of_pool_and_nginx_lose_no_request() {
    let site = Site::start();
    let load = load(&site, 6);
    for workers in [3, 1, 2] {
        until_more(&load, 20);
        let before = site.server.workers();
        site.server.configure(workers, "10s");
        site.server.signal(Signal::HUP);
        site.server.until_replaced(&before, workers);
    }
    for _ in 0..3 {
        until_more(&load, 20);
        let before = site.nginx_workers();
        site.signal_nginx(Signal::HUP);
        until("NGINX has new workers", || {
            let now = site.nginx_workers();
            !now.is_empty() && now.iter().all(|pid| !before.contains(pid))
        });
    }
    until_more(&load, 20);
    let answers = load.end();
    assert_eq!(refused(&answers, UNREACHABLE), 0, "of {}", answers.len());
}

#[test]
fn a_stop_answers_all_who_got_in() {
    let mut site = Site::start();
    let load = load(&site, 8);
    until_more(&load, 40);
    assert_eq!(site.server.stop(), Some(0));
    until_more(&load, 40);
    let answers = load.end();
    assert!(refused(&answers, UNREACHABLE) > 0, "nobody came after the end");
    // Refused is who came later: NGINX could not connect. It would say so if a connection had been cut off.
    let log = site.nginx_log();
    assert!(!log.contains("prematurely") && !log.contains("reset by peer"), "{log}");
}

#[test]
fn without_a_pool_the_cache_goes_on() {
    let edits = [("200 303 10m", "200 303 1s")];
    let mut site = Site::with(&Setup { edits: &edits, ..Setup::default() });
    let (seen, unseen) = (fresh(1), fresh(2));
    let whole = site.expect(200, &seen);
    assert_eq!(site.server.stop(), Some(0));
    let refusal = site.expect(503, &unseen);
    assert_eq!(refused(&[refusal], UNREACHABLE), 1);
    assert!(site.expect(200, &seen).body == whole.body);
    thread::sleep(Duration::from_millis(2100));
    let stale = site.expect(200, &seen);
    assert_eq!(stale.the("x-cache-status"), "STALE");
    assert!(stale.body == whole.body);
    site.server.start_again();
    until_status(&site, &unseen, 200);
}

#[test]
fn when_all_workers_hang_the_answer_says_so() {
    // In place of waiting for 35 seconds.
    let edits = [("fastcgi_read_timeout      35s", "fastcgi_read_timeout 2s")];
    let site = Site::with(&Setup { edits: &edits, ..Setup::default() });
    let workers = site.server.workers();
    let seen = fresh(1);
    site.expect(200, &seen);
    workers.iter().for_each(|worker| send(*worker, Signal::STOP));
    let refusal = site.expect(503, &fresh(2));
    assert_eq!(refused(&[refusal], LATE), 1);
    assert_eq!(site.expect(200, &seen).the("x-cache-status"), "HIT");
    workers.iter().for_each(|worker| send(*worker, Signal::CONT));
    site.expect(200, &fresh(2));
    assert_eq!(site.server.workers(), workers);
}

#[test]
fn a_socket_that_nginx_may_not_open_is_among_what_is_said() {
    // Nobody else is kept out by a mode.
    let edits = [("user root;", "user nobody nogroup;")];
    let edits = if rustix::process::geteuid().is_root() { &edits[..] } else { &[] };
    let site = Site::with(&Setup { edits, ..Setup::default() });
    let socket = site.server.path("recto.sock");
    fs::set_permissions(&socket, fs::Permissions::from_mode(0o000)).expect("ours");
    let refusal = site.expect(503, &fresh(1));
    assert!(refusal.text().contains("NGINX may not open its socket"), "{}", refusal.text());
    assert_eq!(refused(&[refusal], UNREACHABLE), 1);
    assert!(site.nginx_log().contains("13: Permission denied"), "{}", site.nginx_log());
}

#[test]
fn workers_that_end_over_a_request_are_said_to() {
    let mut site = Site::start();
    let workers = StandIn::of(&mut site);
    let port = site.port;
    let client = thread::spawn(move || http::request(port, "GET", fresh(1), &[]).expect("an answer"));
    // It is handed on once.
    drop(workers.asked());
    drop(workers.asked());
    let answer = client.join().expect("no panic");
    assert_eq!(refused(&[answer], "The image server has ended while it worked on this."), 1);
}
