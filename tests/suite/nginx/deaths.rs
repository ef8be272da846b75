//! What NGINX makes of workers that die over a request: another one answers it, once, unless it took too long.

use std::thread;
use std::time::Duration;

use super::stand_in::{StandIn, picture};
use crate::http;
use crate::picture::{LEAF, Picture};
use crate::site::{MASTER, Setup, Site, until_status};

fn tile() -> String {
    format!("/iiif/3/{MASTER}/0,0,400,300/400,300/0/default.png")
}

#[test]
fn what_a_worker_died_over_goes_to_another_one_once() {
    let mut site = Site::start();
    let workers = StandIn::of(&mut site);
    thread::scope(|scope| {
        let client = scope.spawn(|| site.expect(200, &tile()));
        let first = workers.asked().param("REQUEST_URI");
        let second = workers.asked();
        assert_eq!(second.param("REQUEST_URI"), first);
        second.answer(picture(b"from another one"));
        assert_eq!(client.join().expect("no panic").body, b"from another one");

        let client = scope.spawn(|| site.expect(503, &tile().replace("400", "200")));
        drop(workers.asked());
        drop(workers.asked());
        assert_eq!(client.join().expect("no panic").the("retry-after"), "2");
    });
    assert!(workers.is_left_alone(), "a third worker was to die");
}

#[test]
fn what_took_too_long_goes_to_nobody_else() {
    // In place of waiting for 25 and 35 seconds.
    let edits = [
        ("fastcgi_next_upstream_timeout 25s", "fastcgi_next_upstream_timeout 1s"),
        ("fastcgi_read_timeout      35s", "fastcgi_read_timeout 2s"),
    ];
    let mut site = Site::with(&Setup { edits: &edits, ..Setup::default() });
    let workers = StandIn::of(&mut site);
    thread::scope(|scope| {
        let client = scope.spawn(|| site.expect(503, &tile()));
        let killed_late = workers.asked();
        thread::sleep(Duration::from_millis(1100));
        drop(killed_late);
        client.join().expect("no panic");
        let client = scope.spawn(|| site.expect(503, &tile()));
        let hangs = workers.asked();
        client.join().expect("no panic");
        drop(hangs);
    });
    assert!(workers.is_left_alone(), "it was tried again");
}

/// A worker that dies while it writes must not leave half a picture in the cache.
#[test]
fn an_answer_that_breaks_off_is_an_error_and_not_kept() {
    let mut site = Site::start();
    let workers = StandIn::of(&mut site);
    thread::scope(|scope| {
        let client = scope.spawn(|| http::request(site.port, "GET", tile(), &[]));
        let begun =
            b"Status: 200 OK\r\nContent-Type: image/png\r\nContent-Length: 5000\r\n\r\nthe first part";
        workers.asked().break_off(begun);
        assert!(client.join().expect("no panic").is_err(), "a broken answer came whole");
    });
    drop(workers);
    site.server.start_again();
    until_status(&site, &tile(), 200);
    let whole = Picture::of_png(&site.expect(200, &tile()).body);
    assert!(whole == LEAF.0.cut(0, 0, 400, 300));
}
