//! The example for a service that says who may see how much: asked before every answer, and the cache gives nobody more.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::settings::is_content;
use crate::http::Answer;
use crate::site::{MASTER, Setup, Site};

const EXAMPLE: &str = include_str!("../../../nginx/auth_request.example.conf");

/// A service that lets in by the cookie `reader`, for as long as the test runs: its port, and how often it was asked.
fn service() -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let asked = Arc::<AtomicUsize>::default();
    let count = Arc::clone(&asked);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("NGINX");
            let lines = BufReader::new(&stream).lines().map(|line| line.expect("a line"));
            let head: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
            count.fetch_add(1, Ordering::Relaxed);
            assert!(
                head[0].starts_with("GET /may-see ")
                    && head.iter().any(|line| line.starts_with("X-Original-URI: /iiif/"))
            );
            let is = |cookie: &str| head.iter().any(|line| line == &format!("Cookie: reader={cookie}"));
            let (status, more) = match () {
                () if is("staff") => ("204 No Content", ""),
                () if is("banned") => ("403 Forbidden", ""),
                () if is("unknown") => ("401 Unauthorized", "WWW-Authenticate: Basic\r\n"),
                () => ("204 No Content", "X-Max-Size: 300\r\n"),
            };
            let answer = format!("HTTP/1.1 {status}\r\n{more}Content-Length: 0\r\nConnection: close\r\n\r\n");
            stream.write_all(answer.as_bytes()).expect("written");
        }
    });
    (port, asked)
}

fn site(port: u16) -> Site {
    let example = EXAMPLE.replace("127.0.0.1:9000", &format!("127.0.0.1:{port}"));
    assert!(example != EXAMPLE, "the example has another address");
    let site = Site::with(&Setup { local: &[("local.conf", &example)], ..Setup::default() });
    is_content(&site);
    site
}

#[test]
fn a_service_says_who_may_see_how_much() {
    let (port, asked) = service();
    let site = site(port);
    let ask = |reader: &str, path: &str| -> Answer {
        site.ask("GET", format!("/iiif/3/{MASTER}/{path}"), &[("Cookie", &format!("reader={reader}"))])
    };
    let large = "0,0,600,600/600,600/0/default.jpg";
    let small = "0,0,600,600/300,300/0/default.jpg";
    for status in ["MISS", "HIT"] {
        for (reader, of_large, of_small) in
            [("staff", 200, 200), ("anybody", 400, 200), ("banned", 403, 403), ("unknown", 401, 401)]
        {
            let before = asked.load(Ordering::Relaxed);
            assert_eq!(
                (ask(reader, large).status, ask(reader, small).status),
                (of_large, of_small),
                "{reader}"
            );
            assert_eq!(asked.load(Ordering::Relaxed), before + 2, "{reader}: hits are asked about as well");
        }
        let infos = ["staff", "anybody"].map(|reader| ask(reader, "info.json"));
        assert_eq!([infos[0].the("x-cache-status"), infos[1].the("x-cache-status")], [status; 2]);
        let widths = infos.map(|info| info.json()["maxWidth"].as_u64());
        assert!(widths[0] != Some(300) && widths[1] == Some(300), "{widths:?}");
    }
    // By another spelling, too.
    assert_eq!(ask("staff", "0,0,600,600/max/00/color.jpg").status, 200);
    assert_eq!(ask("banned", "0,0,600,600/max/00/color.jpg").status, 403);
    assert_eq!(ask("anybody", "0,0,600,600/600,/0/color.jpg").status, 400);
    // Nobody can ask it directly, and a preflight has no cookie.
    let before = asked.load(Ordering::Relaxed);
    site.expect(404, "/iiif/auth");
    assert_eq!(site.ask("OPTIONS", "/iiif/3/leaf.tif/info.json", &[]).status, 204);
    assert_eq!(asked.load(Ordering::Relaxed), before);
}

#[test]
fn a_service_that_is_down_lets_nobody_in() {
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let port = free.local_addr().expect("an address").port();
    drop(free);
    let site = site(port);
    site.expect(500, &format!("/iiif/3/{MASTER}/info.json"));
    assert_eq!(site.server.served(), 0);
}
