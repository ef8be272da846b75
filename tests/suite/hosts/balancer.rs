//! The shipped balancers, with the hosts of a test in place of those in the files.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::process::{Child, Command};
use std::thread;

use crate::server::until;
use crate::site::{Other, Site};

pub const HAPROXY: &str = include_str!("../../../deploy/haproxy/haproxy.cfg");
const NGINX: &str = include_str!("../../../deploy/nginx/balancer.conf");
const LOCAL_HTTP: &str = include_str!("../../../deploy/nginx/local-http.conf");

/// HAProxy. It ends with this value.
pub struct HaProxy {
    child: Child,
    run: tempfile::TempDir,
    pub port: u16,
}

impl HaProxy {
    /// With two or three hosts, quicker to see that one is gone than one wants to have it, and with room for few.
    pub fn before(hosts: &[Site]) -> Self {
        let run = tempfile::tempdir().expect("a directory");
        let at = |name: &str| run.path().join(name);
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let port = free.local_addr().expect("an address").port();
        let mut text = HAPROXY.to_owned();
        for (from, to) in [
            ("    user haproxy\n    group haproxy\n", ""),
            ("log /dev/log local0", "log stdout format raw local0"),
            ("/run/haproxy/admin.sock", at("admin").to_str().expect("UTF-8")),
            ("bind :80", &format!("bind 127.0.0.1:{port}")),
            // What TLS before it would make of it.
            ("https if { ssl_fc }", "https"),
            ("http unless { ssl_fc }", "https"),
            ("inter 1s fastinter 300ms downinter 1s", "inter 200ms fastinter 50ms downinter 200ms"),
            ("slowstart 30s", "slowstart 1s"),
            ("maxconn 64", "maxconn 8"),
        ] {
            assert!(text.contains(from), "there is no {from:?}");
            text = text.replace(from, to);
        }
        fs::write(at("haproxy.cfg"), with_hosts(&text, hosts)).expect("written");
        drop(free);
        let log = File::create(at("log")).expect("a log");
        let path = std::env::var("PATH").unwrap_or_default();
        let mut command = Command::new("haproxy");
        command.arg("-f").arg(at("haproxy.cfg")).env("PATH", format!("{path}:/usr/sbin"));
        let child = command.stderr(log.try_clone().expect("a log")).stdout(log).spawn().expect("haproxy");
        let front = Self { child, run, port };
        until("HAProxy listens", || TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok());
        until("HAProxy has asked all hosts", || {
            (1..=hosts.len()).all(|number| front.says(&format!("recto_near,h{number},"), "L7OK"))
        });
        front
    }

    /// Whether the line of its statistics that begins so has this word; before it has begun nothing has.
    pub fn says(&self, begins: &str, word: &str) -> bool {
        let mut text = String::new();
        let Ok(mut socket) = UnixStream::connect(self.run.path().join("admin")) else { return false };
        socket.write_all(b"show stat\n").expect("asked");
        socket.read_to_string(&mut text).expect("told");
        text.lines().any(|line| line.starts_with(begins) && line.split([',', ' ']).any(|part| part == word))
    }
}

impl Drop for HaProxy {
    fn drop(&mut self) {
        if thread::panicking() {
            let log = fs::read_to_string(self.run.path().join("log")).unwrap_or_default();
            eprintln!(
                "{}",
                log.lines().filter(|line| !line.contains(" 200 ")).collect::<Vec<_>>().join("\n")
            );
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// NGINX alone, as the simple way has it.
pub fn nginx(hosts: &[Site]) -> Other {
    let directory = hosts[0].server.path("balancer");
    let text = with_hosts(NGINX, hosts);
    let edits =
        [("listen 80;", "listen 127.0.0.1:PORT;"), ("X-Forwarded-Proto $scheme", "X-Forwarded-Proto https")];
    Other::start(&directory, &text, &edits)
}

/// The lines about hosts, those that are too many left out, and the others with the addresses of the test.
fn with_hosts(text: &str, hosts: &[Site]) -> String {
    let mut text = text.to_owned();
    for (number, host) in (1..).zip(hosts) {
        let from = format!("192.0.2.1{number}:80");
        assert!(text.contains(&from), "there is no {from}");
        text = text.replace(&from, &format!("127.0.0.1:{}", host.port));
    }
    text.lines().filter(|line| !line.contains("192.0.2.1")).map(|line| format!("{line}\n")).collect()
}

/// What the hosts know of their balancer, which is this machine; with several names.
pub fn local_http() -> String {
    let commented = "#map \"\" $recto_base ";
    assert!(LOCAL_HTTP.contains(commented) && LOCAL_HTTP.contains("192.0.2.1;"), "{LOCAL_HTTP}");
    LOCAL_HTTP.replace(commented, &commented[1..]).replace("192.0.2.1;", "127.0.0.1;")
}
