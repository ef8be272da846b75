//! The lane of what is dear: nothing is made there for who has left, and nobody has it alone.

use std::fs;
use std::io::Write;
use std::net::{Ipv4Addr, TcpStream};
use std::thread;

use recto::config::Config;
use recto::desk::{Admission, Desk, Job};
use recto::error::Error;
use recto::http::{Request, Response};
use recto::respond::Service;
use recto::watch::Watch;

use super::stand_in::{Asked, StandIn, picture};
use crate::picture::LEAF;
use crate::server::until;
use crate::site::{MASTER, Site};

/// A client that has asked and reads nothing.
fn client(site: &Site, path: &str) -> TcpStream {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, site.port)).expect("NGINX");
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").expect("written");
    stream
}

/// Says of the next request that it is dear. What NGINX makes of it then.
fn dear(workers: &StandIn) -> Asked {
    let asked = workers.asked();
    let path = asked.param("REQUEST_URI");
    assert_eq!(asked.param("RECTO_DEAR_LANE"), "1");
    asked.answer(Response::new(306, Vec::new()));
    by_lane(workers, &path)
}

/// The next request, which has come by the lane.
fn by_lane(workers: &StandIn, path: &str) -> Asked {
    let asked = workers.asked();
    assert_eq!((asked.param("RECTO_DEAR_LANE"), &*asked.param("REQUEST_URI")), (String::new(), path));
    asked
}

fn page(number: usize) -> String {
    format!("/iiif/3/{MASTER};{number}/full/max/0/default.jpg")
}

#[test]
fn what_is_dear_is_made_for_who_waits_and_kept_from_the_second_time_on() {
    let mut site = Site::start();
    let workers = StandIn::of(&mut site);
    let who_leaves = client(&site, &page(1));
    let work = dear(&workers);
    drop(who_leaves);
    work.until_hung_up();
    // That it is dear is known now. Who asks again has it finished, waiting or not.
    let who_leaves = client(&site, &page(1));
    let work = by_lane(&workers, &page(1));
    drop(who_leaves);
    // NGINX, which does one thing after the other, knows that by the time at which it answers another.
    thread::scope(|scope| {
        let tile = scope.spawn(|| site.expect(200, &page(2)));
        workers.asked().answer(picture(b"a tile"));
        tile.join().expect("no panic");
    });
    work.answer(picture(b"dear"));
    until("it is kept", || site.get(&page(1)).the("x-cache-status") == "HIT");
    assert_eq!(site.expect(200, &page(1)).body, b"dear");
    assert!(workers.is_left_alone());
}

#[test]
fn who_waits_for_what_is_dear_has_it_the_first_time() {
    let mut site = Site::start();
    let workers = StandIn::of(&mut site);
    thread::scope(|scope| {
        for method in ["GET", "HEAD"] {
            let path = page(method.len());
            let answer = scope.spawn({
                let (site, path) = (&site, path.clone());
                move || site.ask(method, path, &[])
            });
            dear(&workers).answer(picture(b"dear"));
            let answer = answer.join().expect("no panic");
            assert_eq!((answer.status, answer.the("content-length")), (200, "4"), "{method}");
            assert_eq!(answer.the("x-cache-status"), "MISS");
        }
    });
}

#[test]
fn one_client_cannot_have_the_dear_lane_alone() {
    let mut site = Site::start();
    let workers = StandIn::of(&mut site);
    let mut waiting: Vec<_> = (1..=8).map(|number| (client(&site, &page(number)), dear(&workers))).collect();
    thread::scope(|scope| {
        let refused = scope.spawn(|| site.expect(429, &page(9)));
        workers.asked().answer(Response::new(306, Vec::new()));
        let refused = refused.join().expect("no panic");
        assert_eq!((refused.the("retry-after"), refused.the("cache-control")), ("1", "no-store"));
        assert_eq!(refused.text(), "too many requests\n");
        // All else of the same client goes on.
        let tile = scope.spawn(|| site.expect(200, &page(10)));
        workers.asked().answer(picture(b"a tile"));
        tile.join().expect("no panic");
        // And dear things too, once it has one of the eight.
        let (client_of_one, one) = waiting.remove(0);
        one.answer(picture(b"dear"));
        drop(client_of_one);
        let admitted = scope.spawn(|| until("there is room", || site.get(&page(9)).status == 200));
        by_lane(&workers, &page(9)).answer(picture(b"dear"));
        admitted.join().expect("no panic");
    });
}

/// Before any of the work is done.
#[test]
fn a_worker_sends_what_is_dear_by_the_lane() {
    let directory = tempfile::tempdir().expect("a directory");
    fs::write(directory.path().join(MASTER), &LEAF.1).expect("written");
    let config = format!("[masters]\nroot = {:?}\n", directory.path());
    let mut service = Service::new(Config::parse(&config).expect("a configuration")).expect("masters");
    let mut status = |lane, rest| {
        let path = format!("/iiif/3/{MASTER}/{rest}");
        let pairs =
            [("REQUEST_URI", &*path), ("RECTO_BASE", "http://localhost/iiif"), ("RECTO_DEAR_LANE", lane)];
        let mut desk = Elsewhere(0);
        let status = service.respond(&Request::from_pairs(pairs), &mut desk).map(|response| response.status);
        (status, desk.0)
    };
    assert_eq!(status("1", "full/^6000,4400/0/default.jp2"), (Some(306), 0));
    assert_eq!(status("", "full/^6000,4400/0/default.jp2"), (None, 1));
    assert_eq!(status("1", "0,0,256,256/256,256/0/default.png"), (None, 1));
    assert_eq!(status("1", "info.json"), (None, 1));
}

/// Has all work done by others, and counts it.
struct Elsewhere(usize);

impl Desk for Elsewhere {
    fn opens(&mut self, _identifier: &str) -> Result<bool, Error> {
        Ok(true)
    }

    fn reads(&mut self, _path: &str) -> Result<(), Error> {
        Ok(())
    }

    fn patience(&self) -> Option<Watch> {
        None
    }

    fn fetches(&mut self) -> Result<(), Error> {
        Err(Error::Away)
    }

    fn admit(&mut self, _job: Job) -> Result<Admission, Error> {
        self.0 += 1;
        Ok(Admission::HandedOver)
    }
}
