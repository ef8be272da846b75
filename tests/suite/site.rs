//! A whole site for one test: a pool, and before it a private NGINX with the shipped configuration on a free port.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener};
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use recto::demo::children::Nginx;
use recto::demo::site;
use rustix::process::{Pid, Signal, kill_process};

use crate::http::{self, Answer};
use crate::picture::LEAF;
use crate::server::{Server, children_of, until};

/// The master that every site has.
pub const MASTER: &str = "leaf.tif";

/// How the site of a test differs from that of the demo.
#[derive(Clone, Copy)]
pub struct Setup<'a> {
    /// Lines of `[server]`, beside the socket.
    pub server: &'a str,
    /// Texts in NGINX's configuration, and what stands there instead. Each must be there.
    pub edits: &'a [(&'a str, &'a str)],
    /// Whether the shipped example of a site takes the place of the demo's `server {}`.
    pub example: bool,
}

impl Default for Setup<'_> {
    fn default() -> Self {
        Self { server: "workers = 2\n", edits: &[], example: false }
    }
}

/// A running site. It ends with this value.
pub struct Site {
    nginx: Child,
    pub port: u16,
    pub server: Server,
}

impl Site {
    pub fn start() -> Self {
        Self::with(&Setup::default())
    }

    pub fn with(setup: &Setup) -> Self {
        let server = Server::configured(setup.server);
        fs::write(server.path("masters").join(MASTER), &LEAF.1).expect("written");
        let (nginx, port) = start_nginx(&server, setup);
        Self { nginx, port, server }
    }

    /// Puts a file among the masters.
    pub fn add(&self, name: &str, master: &[u8]) {
        let path = self.server.path("masters").join(name);
        fs::create_dir_all(path.parent().expect("a directory")).expect("made");
        fs::write(path, master).expect("written");
    }

    /// The answer to a GET, whatever it is.
    #[track_caller]
    pub fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[])
    }

    /// The answer to a GET, which must have this status.
    #[track_caller]
    pub fn expect(&self, status: u16, path: &str) -> Answer {
        let answer = self.get(path);
        assert_eq!(answer.status, status, "{path}: {}", String::from_utf8_lossy(&answer.body));
        answer
    }

    /// The answer to any request; as every answer of a site, it allows scripts of any origin, and says so once.
    #[track_caller]
    pub fn ask(&self, method: &str, path: impl AsRef<[u8]>, headers: &[(&str, &str)]) -> Answer {
        let name = String::from_utf8_lossy(path.as_ref()).into_owned();
        let answer = http::request(self.port, method, path, headers);
        let answer = answer.unwrap_or_else(|error| panic!("{method} {name}: {error}"));
        assert_eq!(answer.all("access-control-allow-origin"), ["*"], "{method} {name}: {}", answer.status);
        answer
    }

    /// The path of a URL that this site gave out.
    #[track_caller]
    pub fn path_of<'u>(&self, url: &'u str) -> &'u str {
        let root = format!("http://localhost:{}", self.port);
        url.strip_prefix(&root).unwrap_or_else(|| panic!("{url} is not below {root}"))
    }

    /// Empties NGINX's cache while it runs, as http.conf tells the operator to.
    pub fn forget_all(&self) {
        for entry in fs::read_dir(self.server.path("cache")).expect("a cache") {
            fs::remove_dir_all(entry.expect("an entry").path()).expect("removed");
        }
    }

    pub fn signal_nginx(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.nginx), signal).expect("it lives");
    }

    /// The process ids of NGINX's workers.
    pub fn nginx_workers(&self) -> Vec<i32> {
        children_of(self.nginx.id())
    }

    /// What NGINX complained of.
    pub fn nginx_log(&self) -> String {
        fs::read_to_string(self.server.path("nginx-error.log")).expect("a log")
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("{}", self.nginx_log());
        }
        end(&mut self.nginx);
    }
}

/// A killed NGINX would leave its workers behind, so it is asked to end.
fn end(nginx: &mut Child) {
    // An error means that it has ended by itself.
    let _ = kill_process(Pid::from_child(nginx), Signal::TERM);
    let start = Instant::now();
    while matches!(nginx.try_wait(), Ok(None)) && start.elapsed() < Duration::from_secs(5) {
        thread::sleep(Duration::from_millis(5));
    }
    let _ = nginx.kill();
    let _ = nginx.wait();
}

/// NGINX on a port that the system chose. Somebody may take it before NGINX does: then it is tried again.
fn start_nginx(server: &Server, setup: &Setup) -> (Child, u16) {
    let run_dir = server.directory.path();
    let nginx = Nginx::find().unwrap_or_else(|error| panic!("{error}"));
    let pid_file = server.path("nginx.pid");
    for _ in 0..5 {
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let port = free.local_addr().expect("an address").port();
        let site = site::Site { run_dir: run_dir.to_owned(), port, listen: [127, 0, 0, 1].into() };
        site.write(nginx.runs_as_root()).expect("written");
        if setup.example {
            use_example(server, port);
        }
        edit(server, setup.edits);
        drop(free);
        let output = File::create(server.path("nginx.log")).expect("a log");
        let mut command = nginx.command(run_dir);
        command.stdin(Stdio::null()).stdout(output.try_clone().expect("a log")).stderr(output);
        let mut child = command.spawn().expect("started");
        let mut ended = || child.try_wait().expect("a child").is_some();
        // NGINX writes its pid once it listens.
        let listens = || fs::read_to_string(&pid_file).is_ok_and(|pid| pid.ends_with('\n'));
        let start = Instant::now();
        while !listens() && !ended() {
            assert!(start.elapsed() < Duration::from_secs(10), "NGINX does not start");
            thread::sleep(Duration::from_millis(5));
        }
        if listens() {
            return (child, port);
        }
        let said = fs::read_to_string(server.path("nginx.log")).expect("a log");
        assert!(said.contains("Address already in use"), "NGINX does not start: {said}");
    }
    panic!("no port stays free");
}

/// The site of an operator who has followed the example, but for port and paths.
fn use_example(server: &Server, port: u16) {
    let snippet = server.path("location.conf").display().to_string();
    let example = include_str!("../../nginx/site.example.conf")
        .replace("listen 80;", &format!("listen 127.0.0.1:{port};"))
        .replace("    listen [::]:80;\n", "")
        .replace("/etc/recto/nginx/location.conf", &snippet);
    assert!(example.contains(&format!(":{port};")) && example.contains(&snippet), "{example}");
    let path = server.path("nginx.conf");
    let main = fs::read_to_string(&path).expect("a file");
    let (before, _) = main.split_once("    server {").expect("a server");
    fs::write(path, format!("{before}{example}}}\n")).expect("written");
}

fn edit(server: &Server, edits: &[(&str, &str)]) {
    let names = ["nginx.conf", "http.conf", "location.conf"];
    let mut texts = names.map(|name| fs::read_to_string(server.path(name)).expect("a file"));
    for (from, to) in edits {
        assert!(texts.iter().any(|text| text.contains(from)), "the configuration has no {from:?}");
        texts = texts.map(|text| text.replace(from, to));
    }
    for (name, text) in names.iter().zip(texts) {
        fs::write(server.path(name), text).expect("written");
    }
}

/// Waits at most ten seconds until a GET of `path` has `status`.
pub fn until_status(site: &Site, path: &str, status: u16) {
    until(&format!("{path} has status {status}"), || site.get(path).status == status);
}
