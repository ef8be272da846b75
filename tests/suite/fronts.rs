//! Apache, Caddy and HAProxy in the place of NGINX: the shipped example of each, before a real pool.

use std::fs::{self, Permissions};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::http::{self, Answer};
use crate::judge::skipped;
use crate::nginx::stand_in::{StandIn, picture};
use crate::picture::{LEAF, Picture};
use crate::server::{Server, send, until};

const BASE: &str = "https://images.example.org/iiif";

/// A server with its example, and what has to stand around that.
struct Kind {
    program: &'static str,
    example: &'static str,
    /// Its arguments and the main file, with RUN for the directory and PORT for the port.
    arguments: &'static [&'static str],
    main: &'static str,
    /// Texts of the example, and what stands there instead.
    edits: &'static [(&'static str, &'static str)],
    /// The time limit in the example.
    limit: (&'static str, &'static str),
}

const APACHE: Kind = Kind {
    program: "apache2",
    example: include_str!("../../examples/apache.conf"),
    arguments: &["-f", "RUN/main", "-DFOREGROUND"],
    main: "ServerRoot RUN\nDefaultRuntimeDir RUN\nPidFile RUN/apache.pid\nMutex file:RUN\nErrorLog RUN/front.log\n\
           ServerName localhost\nListen 127.0.0.1:PORT\n\
           LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so\n\
           LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so\n\
           LoadModule proxy_module /usr/lib/apache2/modules/mod_proxy.so\n\
           LoadModule proxy_fcgi_module /usr/lib/apache2/modules/mod_proxy_fcgi.so\n\
           LoadModule headers_module /usr/lib/apache2/modules/mod_headers.so\n\
           LoadModule rewrite_module /usr/lib/apache2/modules/mod_rewrite.so\n",
    edits: &[("*:80>", "*:PORT>")],
    limit: ("timeout=40", "timeout=1"),
};

const CADDY: Kind = Kind {
    program: "caddy",
    example: include_str!("../../examples/Caddyfile"),
    arguments: &["run", "--config", "RUN/main", "--adapter", "caddyfile"],
    main: "{\n\tadmin off\n\tauto_https off\n}\n",
    edits: &[("images.example.org {", "http://:PORT {")],
    limit: ("read_timeout 40s", "read_timeout 1s"),
};

const HAPROXY: Kind = Kind {
    program: "haproxy",
    example: include_str!("../../examples/haproxy.cfg"),
    arguments: &["-f", "RUN/main"],
    main: "",
    edits: &[("bind :80", "bind 127.0.0.1:PORT")],
    limit: ("timeout server 40s", "timeout server 1s"),
};

/// A running server. It ends with this value.
struct Front {
    child: Child,
    port: u16,
}

impl Front {
    fn start(kind: &Kind, server: &Server, edits: &[(&str, &str)]) -> Self {
        let run = server.directory.path();
        // Apache does not work as root.
        fs::set_permissions(run, Permissions::from_mode(0o755)).expect("set");
        fs::set_permissions(server.path("recto.sock"), Permissions::from_mode(0o666)).expect("set");
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let port = free.local_addr().expect("an address").port();
        let mut example = kind.example.replace("/run/recto", &run.display().to_string());
        for (from, to) in kind.edits.iter().chain(edits) {
            assert!(example.contains(from), "{} has no {from:?}", kind.program);
            example = example.replace(from, to);
        }
        let of_root = match rustix::process::geteuid().is_root() && kind.program == "apache2" {
            true => "User www-data\nGroup www-data\n",
            false => "",
        };
        let here =
            |text: &str| text.replace("RUN", &run.display().to_string()).replace("PORT", &port.to_string());
        fs::write(run.join("main"), here(&[kind.main, of_root, &example].concat())).expect("written");
        drop(free);
        let log = fs::File::create(run.join("front.out")).expect("a log");
        let path = std::env::var("PATH").unwrap_or_default();
        let mut command = Command::new(kind.program);
        command.args(kind.arguments.iter().map(|argument| here(argument)));
        command.env("HOME", run).env("PATH", format!("{path}:/usr/sbin"));
        command.stdout(log.try_clone().expect("a log")).stderr(log);
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{}: {error}", kind.program));
        let start = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            let said = || fs::read_to_string(run.join("front.out")).expect("a log");
            assert!(child.try_wait().expect("a child").is_none(), "{} ended: {}", kind.program, said());
            assert!(start.elapsed() < Duration::from_secs(30), "{} does not start: {}", kind.program, said());
            thread::sleep(Duration::from_millis(5));
        }
        Self { child, port }
    }

    /// The answer to any request; as every answer, it allows scripts of any origin, and says so once.
    #[track_caller]
    fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
        let path = format!("/iiif/3/{path}");
        let answer = http::request(self.port, method, &path, headers);
        let answer = answer.unwrap_or_else(|error| panic!("{method} {path}: {error}"));
        assert_eq!(answer.all("access-control-allow-origin"), ["*"], "{method} {path}: {}", answer.status);
        answer
    }

    #[track_caller]
    fn expect(&self, status: u16, path: &str) -> Answer {
        let answer = self.ask("GET", path, &[]);
        assert_eq!(answer.status, status, "{path}: {}", String::from_utf8_lossy(&answer.body));
        answer
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        // An error means that it has ended by itself.
        let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
        let start = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) && start.elapsed() < Duration::from_secs(5) {
            thread::sleep(Duration::from_millis(5));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn pool() -> Server {
    let server = Server::start(2, "30s");
    fs::create_dir(server.path("masters/box")).expect("made");
    for name in ["leaf.tif", "box/leaf.tif"] {
        fs::write(server.path("masters").join(name), &LEAF.1).expect("written");
    }
    server
}

/// All that a viewer needs.
fn serves(kind: &Kind) {
    if skipped("fronts") {
        return;
    }
    let mut server = pool();
    let front = Front::start(kind, &server, &[]);
    // Ids are what the example says, whatever a client claims.
    let evil =
        [("Host", "evil.example"), ("X-Forwarded-Host", "evil.example"), ("X-Forwarded-Proto", "http")];
    for (path, id) in
        [("leaf.tif", "leaf.tif"), ("box%2Fleaf.tif", "box%2Fleaf.tif"), ("%6Ceaf.tif", "leaf.tif")]
    {
        let info = front.ask("GET", &format!("{path}/info.json?x=1"), &evil);
        assert_eq!((info.status, &info.json()["id"]), (200, &format!("{BASE}/3/{id}").into()), "{path}");
        assert!(info.the("content-type").starts_with("application/ld+json"), "{}", info.the("content-type"));
        let redirect = front.expect(303, path);
        assert_eq!(redirect.the("location"), format!("{BASE}/3/{id}/info.json"));
    }
    let plain = front.ask("GET", "leaf.tif/info.json", &[("Accept", "application/json")]);
    assert_eq!(plain.the("content-type"), "application/json");
    shows_pictures(&front);
    refuses(&front);
    many_at_once(&front);
    if kind.program == "haproxy" {
        assert!(front.expect(400, "%zz/info.json").text().contains("a malformed escape"));
    }
    assert_eq!(server.stop(), Some(0));
    let busy = front.expect(503, "leaf.tif/0,0,64,64/64,64/0/default.jpg");
    assert!(busy.text().contains("image server is busy") || kind.program == "haproxy", "{}", busy.text());
    assert!(busy.header("retry-after").is_some() || kind.program == "apache2");
    server.start_again();
    until("the pool is back", || {
        fs::set_permissions(server.path("recto.sock"), Permissions::from_mode(0o666)).is_ok()
    });
    until("pictures are back", || front.ask("GET", "leaf.tif/info.json", &[]).status == 200);
}

fn shows_pictures(front: &Front) {
    let path = "leaf.tif/100,200,300,220/max/0/default.png";
    let whole = front.expect(200, path);
    assert!(Picture::of_png(&whole.body) == LEAF.0.cut(100, 200, 300, 220));
    let thumbnail = front.expect(200, "leaf.tif/full/%5E!90,90/0/default.jpg");
    assert_eq!(thumbnail.the("content-type"), "image/jpeg");
    // Longer than any buffer.
    assert!(Picture::of_png(&front.expect(200, "leaf.tif/full/max/0/default.png").body) == LEAF.0);
    let head = front.ask("HEAD", path, &[]);
    assert_eq!(head.status, 200);
    // Apache keeps the length to itself.
    assert!(head.header("content-length").is_none_or(|length| length == whole.body.len().to_string()));
    for name in ["etag", "last-modified", "link", "cache-control", "content-type"] {
        assert_eq!(head.the(name), whole.the(name), "{name}");
    }
    let (tag, date) = (whole.the("etag"), whole.the("last-modified"));
    for header in [("If-None-Match", tag), ("If-Modified-Since", date)] {
        for method in ["GET", "HEAD"] {
            let same = front.ask(method, path, &[header]);
            assert_eq!((same.status, same.the("etag")), (304, tag), "{method} {header:?}");
        }
    }
    assert_eq!(front.ask("GET", path, &[("If-None-Match", "\"another\"")]).status, 200);
}

fn refuses(front: &Front) {
    for (status, path, says) in [
        (404, "nothing/info.json", "no image has this identifier"),
        (404, "leaf.tif/nonsense", "no such path"),
        (400, "leaf.tif/full/0,/0/default.jpg", "size"),
    ] {
        let refusal = front.expect(status, path);
        assert!(refusal.text().contains(says), "{path}: {}", refusal.text());
        assert!(refusal.the("content-type").starts_with("text/plain"));
        assert_eq!(front.ask("HEAD", path, &[]).status, status, "{path}");
    }
    // Caddy sees to this before any worker does.
    let refusal = http::request(front.port, "GET", "/iiif/3/..%2F..%2Fetc%2Fpasswd/info.json", &[]);
    assert!(matches!(refusal.expect("an answer").status, 400 | 404));
    let preflight = [("Origin", "https://viewer.example"), ("Access-Control-Request-Method", "GET")];
    let answer = front.ask("OPTIONS", "leaf.tif/info.json", &preflight);
    assert_eq!((answer.status, answer.the("access-control-allow-methods")), (204, "GET, HEAD, OPTIONS"));
    assert!(answer.the("access-control-allow-headers").contains("Accept"));
    let other = front.ask("DELETE", "leaf.tif/info.json", &[]);
    assert_eq!((other.status, other.the("allow")), (405, "GET, HEAD, OPTIONS"));
}

/// A connection that is kept would queue requests behind a busy worker, or be closed just when it is used.
fn many_at_once(front: &Front) {
    thread::scope(|scope| {
        for client in 0..6 {
            scope.spawn(move || {
                for n in 0..20 {
                    front.expect(200, &format!("leaf.tif/{n},{client},64,64/64,64/0/default.jpg"));
                }
            });
        }
    });
}

/// A worker that hangs, and one that dies while it answers: an error, and nothing that looks whole.
fn admits_failure(kind: &Kind) {
    if skipped("fronts") {
        return;
    }
    let mut server = pool();
    let front = Front::start(kind, &server, &[kind.limit]);
    let path = "leaf.tif/0,0,64,64/64,64/0/default.jpg";
    let workers = server.workers();
    workers.iter().for_each(|worker| send(*worker, Signal::STOP));
    let late = front.ask("GET", path, &[]);
    assert!(matches!(late.status, 503 | 504), "{}", late.status);
    workers.iter().for_each(|worker| send(*worker, Signal::CONT));
    drop(front);

    let front = Front::start(kind, &server, &[]);
    let workers = StandIn::of_pool(&mut server);
    fs::set_permissions(server.path("recto.sock"), Permissions::from_mode(0o666)).expect("set");
    thread::scope(|scope| {
        let client = scope.spawn(|| http::request(front.port, "GET", format!("/iiif/3/{path}"), &[]));
        let begun =
            b"Status: 200 OK\r\nContent-Type: image/png\r\nContent-Length: 5000\r\n\r\nthe first part";
        workers.asked().break_off(begun);
        assert!(client.join().expect("no panic").is_err(), "a broken answer came whole");
        if kind.program == "haproxy" {
            let client = scope.spawn(|| front.expect(200, path));
            drop(workers.asked());
            workers.asked().answer(picture(b"from another one"));
            assert_eq!(client.join().expect("no panic").body, b"from another one");
        }
    });
}

#[test]
fn apache_serves() {
    serves(&APACHE);
}

#[test]
fn caddy_serves() {
    serves(&CADDY);
}

#[test]
fn haproxy_serves() {
    serves(&HAPROXY);
}

#[test]
fn apache_admits_failure() {
    admits_failure(&APACHE);
}

#[test]
fn caddy_admits_failure() {
    admits_failure(&CADDY);
}

#[test]
fn haproxy_admits_failure() {
    admits_failure(&HAPROXY);
}
