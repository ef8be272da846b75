//! A whole site for one test: a pool, and before it a private NGINX with the shipped configuration on a free port.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use recto::demo::children::Nginx;
use recto::demo::site;
use rustix::process::{Pid, Signal, kill_process};

use crate::http::{self, Answer};
use crate::judge::run;
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
    /// The files that an administrator puts beside the shipped ones: name and text.
    pub local: &'a [(&'a str, &'a str)],
    /// Variables of the server's environment.
    pub environment: &'a [(&'a str, &'a str)],
    /// Whether the shipped example of a site takes the place of the demo's `server {}`.
    pub example: bool,
}

impl Default for Setup<'_> {
    fn default() -> Self {
        Self { server: "workers = 2\n", edits: &[], local: &[], environment: &[], example: false }
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
        let server = Server::spawned(setup.server, |command| {
            command.envs(setup.environment.iter().copied());
        });
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

    /// What `nginx -t` says of the configuration, and whether it is content.
    pub fn test_configuration(&self) -> (bool, String) {
        let nginx = Nginx::find().unwrap_or_else(|error| panic!("{error}"));
        let output = nginx.command(self.server.directory.path()).arg("-t").output().expect("started");
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    }

    /// Kills all of its processes, so that none of them ends in order; NGINX first, which would answer for the others.
    pub fn kill(&mut self) {
        let kill = |pids: Vec<i32>| {
            for pid in pids.into_iter().filter_map(Pid::from_raw) {
                // Those of a pool end by themselves when the one that started them does.
                let _ = kill_process(pid, Signal::KILL);
            }
        };
        let (workers, pool) = (self.nginx_workers(), self.server.all_workers());
        let _ = self.nginx.kill();
        kill(workers);
        let _ = self.server.child.kill();
        kill(pool);
        let _ = (self.nginx.wait(), self.server.child.wait());
    }

    /// Starts it once more in the same place and at the same port, after all of it has ended. Its cache is as it was.
    pub fn start_again(&mut self) {
        let _ = fs::remove_file(self.server.path("pid"));
        self.server.start_again();
        let server = &self.server;
        until("the server is ready", || server.path("pid").exists());
        let nginx = Nginx::find().unwrap_or_else(|error| panic!("{error}"));
        self.nginx = nginx.command(server.directory.path()).stderr(Stdio::null()).spawn().expect("started");
        until("NGINX answers", || http::request(self.port, "GET", "/iiif/health", &[]).is_ok());
    }

    /// Ends NGINX before the site ends.
    pub fn end_nginx(&mut self) {
        end(&mut self.nginx);
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

/// Another NGINX, with a configuration of its own. It ends with this value.
pub struct Other {
    nginx: Child,
    pub port: u16,
}

impl Other {
    /// With these lines at the http level, in this directory, which is made; of the texts in them that are replaced each must
    /// be there. PORT is that at which it listens.
    pub fn start(run_dir: &Path, lines: &str, edits: &[(&str, &str)]) -> Self {
        fs::create_dir_all(run_dir).expect("made");
        let nginx = Nginx::find().unwrap_or_else(|error| panic!("{error}"));
        let run = run_dir.display();
        let user = if nginx.runs_as_root() { "user root;" } else { "" };
        let temp_paths: String = ["client_body", "fastcgi", "proxy", "scgi", "uwsgi"]
            .map(|kind| format!("{kind}_temp_path {run}/{kind};\n"))
            .concat();
        let mut lines = lines.to_owned();
        for (from, to) in edits {
            assert!(lines.contains(from), "there is no {from:?}");
            lines = lines.replace(from, to);
        }
        let (nginx, port) = started(run_dir, &nginx, |port| {
            let lines = lines.replace("PORT", &port.to_string());
            let main = format!(
                "{user} daemon off; pid {run}/nginx.pid; error_log {run}/nginx-error.log; events {{}}\n\
                 http {{\n{temp_paths} access_log {run}/access.log;\n{lines}}}\n"
            );
            fs::write(run_dir.join("nginx.conf"), main).expect("written");
        });
        Self { nginx, port }
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        end(&mut self.nginx);
    }
}

/// A killed NGINX would leave its workers behind, so it is asked to end.
fn end(nginx: &mut Child) {
    if matches!(nginx.try_wait(), Ok(Some(_))) {
        return;
    }
    // An error means that it has ended by itself.
    let _ = kill_process(Pid::from_child(nginx), Signal::TERM);
    let start = Instant::now();
    while matches!(nginx.try_wait(), Ok(None)) && start.elapsed() < Duration::from_secs(5) {
        thread::sleep(Duration::from_millis(5));
    }
    let _ = nginx.kill();
    let _ = nginx.wait();
}

fn start_nginx(server: &Server, setup: &Setup) -> (Child, u16) {
    let run_dir = server.directory.path();
    let nginx = Nginx::find().unwrap_or_else(|error| panic!("{error}"));
    started(run_dir, &nginx, |port| {
        let site = site::Site { run_dir: run_dir.to_owned(), port, listen: [127, 0, 0, 1].into() };
        site.write(nginx.runs_as_root()).expect("written");
        if setup.example {
            use_example(server, port);
        }
        edit(server, setup.edits);
        for (name, text) in setup.local {
            fs::write(server.path(name), text).expect("written");
        }
    })
}

/// NGINX on a port that the system chose, with what `write` leaves in the directory. Somebody may take the port before NGINX
/// does: then it is tried again.
fn started(run_dir: &Path, nginx: &Nginx, write: impl Fn(u16)) -> (Child, u16) {
    let at = |name: &str| run_dir.join(name);
    for _ in 0..5 {
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let port = free.local_addr().expect("an address").port();
        write(port);
        drop(free);
        let output = File::create(at("nginx.log")).expect("a log");
        let mut command = nginx.command(run_dir);
        command.stdin(Stdio::null()).stdout(output.try_clone().expect("a log")).stderr(output);
        let mut child = command.spawn().expect("started");
        let mut ended = || child.try_wait().expect("a child").is_some();
        // NGINX writes its pid once it listens.
        let listens = || fs::read_to_string(at("nginx.pid")).is_ok_and(|pid| pid.ends_with('\n'));
        let start = Instant::now();
        while !listens() && !ended() {
            assert!(start.elapsed() < Duration::from_secs(10), "NGINX does not start");
            thread::sleep(Duration::from_millis(5));
        }
        if listens() {
            return (child, port);
        }
        let said = fs::read_to_string(at("nginx.log")).expect("a log");
        assert!(said.contains("Address already in use"), "NGINX does not start: {said}");
    }
    panic!("no port stays free");
}

/// The site of an operator who has followed the example, but for ports and paths. It speaks TLS at the port, and plain HTTP
/// at `plain.sock`.
fn use_example(server: &Server, port: u16) {
    let at = |name: &str| server.path(name).display().to_string();
    run(
        "openssl",
        &[
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=images.example.org",
            "-keyout",
            &at("privkey.pem"),
            "-out",
            &at("fullchain.pem"),
        ],
    );
    let example = include_str!("../../nginx/site.example.conf")
        .replace("    listen [::]:80;\n", "")
        .replace("    listen [::]:443 ssl http2;\n", "")
        .replace("listen 80;", &format!("listen unix:{};", at("plain.sock")))
        .replace("listen 443 ssl http2;", &format!("listen 127.0.0.1:{port} ssl http2;"))
        .replace("/etc/ssl/images.example.org", &server.directory.path().display().to_string())
        .replace("/etc/recto/nginx/location.conf", &at("location.conf"));
    let put = [format!(":{port} "), at("plain.sock"), at("privkey.pem"), at("location.conf")];
    assert!(put.iter().all(|text| example.contains(text)), "{example}");
    let path = server.path("nginx.conf");
    let main = fs::read_to_string(&path).expect("a file");
    let (before, _) = main.split_once("    server {").expect("a server");
    fs::write(path, format!("{before}{example}}}\n")).expect("written");
}

fn edit(server: &Server, edits: &[(&str, &str)]) {
    let names = ["nginx.conf", "http.conf", "settings.conf", "location.conf"];
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
