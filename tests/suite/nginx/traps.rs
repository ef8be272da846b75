//! What goes wrong with NGINX before workers unless the shipped files see to it, where no other test of this room does.

use std::io::Write;
use std::net::{Ipv4Addr, TcpStream};
use std::thread;
use std::time::Duration;

use recto::http::Response;

use super::cache::entries;
use super::stand_in::{StandIn, picture};
use crate::server::until;
use crate::site::{MASTER, Setup, Site};

fn tile(number: usize) -> String {
    format!("/iiif/3/{MASTER}/{number},0,16,16/16,16/0/default.jpg")
}

/// Many sites have such a location, for the expiry of pictures.
#[test]
fn a_regular_expression_elsewhere_takes_no_tile() {
    let elsewhere = "location ~* \\.(jpe?g|png|gif|webp|json)$ { return 404; } location / {";
    let site = Site::with(&Setup { edits: &[("location / {", elsewhere)], ..Setup::default() });
    site.expect(200, &tile(0));
    site.expect(200, &format!("/iiif/3/{MASTER}/info.json"));
    site.expect(200, &format!("/iiif/3/{MASTER}/full/90,/00/color.png"));
    site.expect(404, "/elsewhere.jpg");
}

/// A full pool would be remembered as one that has no pictures.
#[test]
fn what_passes_is_not_kept_and_what_workers_tell_nginx_goes_no_further() {
    let mut site = Site::start();
    let workers = StandIn::of(&mut site);
    thread::scope(|scope| {
        for (answer, status) in [
            (Response::text(503, "no place now"), 503),
            (Response::text(500, "damaged"), 500),
            (picture(b"not to be kept").with("X-Accel-Expires", "0"), 200),
            (picture(b"a tile").with("Cache-Control", "no-store").with("Set-Cookie", "a=b"), 200),
        ] {
            let client = scope.spawn(|| site.get(&tile(0)));
            workers.asked().answer(answer);
            let answer = client.join().expect("no panic");
            assert_eq!((answer.status, answer.header("x-accel-expires")), (status, None));
        }
    });
    assert!(workers.is_left_alone());
}

/// Or those who wait for another one's picture would all ask for it themselves while it is being made, a worker would be
/// given up before its supervisor does, or a request that killed one at its deadline would kill another.
#[test]
fn the_times_of_the_shipped_files_go_together() {
    let shipped = include_str!("../../../nginx/location.conf");
    let seconds = |text: &str, name: &str| -> u32 {
        let line = text.lines().find(|line| line.trim_start().starts_with(name)).expect(name);
        let digits: String =
            line.split('#').next().expect("a part").chars().filter(char::is_ascii_digit).collect();
        digits.parse().expect(name)
    };
    let deadline = seconds(include_str!("../../../systemd/recto.toml"), "deadline = ");
    let read = seconds(shipped, "fastcgi_read_timeout");
    assert!(seconds(shipped, "fastcgi_next_upstream_timeout") < deadline && deadline < read);
    for name in ["fastcgi_cache_lock_timeout", "fastcgi_cache_lock_age"] {
        assert!(seconds(shipped, name) > read, "{name}");
    }
    // The examples of other servers, and the second cache, wait for as long.
    for (example, name) in [
        (include_str!("../../../examples/Caddyfile"), "read_timeout"),
        (include_str!("../../../examples/haproxy.cfg"), "timeout server"),
        (include_str!("../../../nginx/edge.example.conf"), "proxy_read_timeout"),
    ] {
        assert!(seconds(example, name) > deadline, "{name}");
    }
}

#[test]
fn a_reader_who_takes_nothing_holds_no_worker_and_no_disk() {
    let mut site =
        Site::with(&Setup { local: &[("local.conf", "fastcgi_cache off;\n")], ..Setup::default() });
    let workers = StandIn::of(&mut site);
    let mut slow = TcpStream::connect((Ipv4Addr::LOCALHOST, site.port)).expect("NGINX");
    write!(slow, "GET {} HTTP/1.1\r\nHost: localhost\r\n\r\n", tile(0)).expect("written");
    let asked = workers.asked();
    // More than sockets hold, and less than `fastcgi_buffers`.
    asked.stream.set_write_timeout(Some(Duration::from_secs(10))).expect("a timeout");
    asked.answer(picture(&vec![7; 1_900_000]));
    thread::scope(|scope| {
        let next = scope.spawn(|| site.expect(200, &tile(1)));
        workers.asked().answer(picture(b"a tile"));
        next.join().expect("no panic");
    });
    drop(slow);
    assert!(!site.nginx_log().contains("temporary file"), "{}", site.nginx_log());
}

/// The memory for keys is full before the disk is: the oldest go, and nobody is refused.
#[test]
fn more_derivatives_than_keys_fit_push_the_oldest_out() {
    let edits = [("keys_zone=recto_cache:64m", "keys_zone=recto_cache:32k")];
    let site = Site::with(&Setup { edits: &edits, ..Setup::default() });
    let tiles = 400;
    for number in 0..tiles {
        site.expect(200, &tile(number));
    }
    assert_eq!(site.expect(200, &tile(tiles - 1)).the("x-cache-status"), "HIT");
    assert_eq!(site.expect(200, &tile(0)).the("x-cache-status"), "MISS");
    until("the files of those that went are deleted", || entries(&site) < tiles);
}
