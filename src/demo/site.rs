//! The demo's NGINX configuration: the shipped files word for word, with the run directory's paths in place of
//! theirs, and a main file around them. The tests use the same.

use std::fs;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};

use anyhow::Context;

const SHIPPED: [(&str, &str); 3] = [
    ("http.conf", include_str!("../../nginx/http.conf")),
    ("settings.conf", include_str!("../../nginx/settings.conf")),
    ("location.conf", include_str!("../../nginx/location.conf")),
];

/// The paths that the shipped files name: where they are themselves, the socket, and the cache.
const FILES: &str = "/etc/recto/nginx";
const SOCKET: &str = "/run/recto/recto.sock";
const CACHE: &str = "/var/cache/nginx/recto";

const PAGE: [(&str, &[u8]); 5] = [
    ("index.html", include_bytes!("page/index.html")),
    ("demo.css", include_bytes!("page/demo.css")),
    ("demo.js", include_bytes!("page/demo.js")),
    ("openseadragon.min.js", include_bytes!("page/openseadragon.min.js")),
    ("openseadragon.LICENSE.txt", include_bytes!("page/openseadragon.LICENSE.txt")),
];

/// An NGINX site in a directory of its own.
pub struct Site {
    /// Absolute; has `recto.sock`, and gets `nginx.conf`, `nginx.pid`, `cache/`, `tmp/`, `page/` and the logs.
    pub run_dir: PathBuf,
    /// Where it listens on 127.0.0.1, and on this address as well.
    pub port: u16,
    /// 127.0.0.1 for programs on this machine alone.
    pub listen: IpAddr,
}

impl Site {
    /// The URL of the `/iiif` root, as in info.json.
    pub fn base(&self) -> String {
        let port = if self.port == 80 { String::new() } else { format!(":{}", self.port) };
        format!("http://localhost{port}/iiif")
    }

    /// Whether others than programs on this machine may find it.
    pub fn is_for_others(&self) -> bool {
        !self.listen.is_loopback()
    }

    /// By which names and addresses it can be found, with the port.
    pub(super) fn hosts(&self) -> Vec<String> {
        let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
        let address = if self.listen.is_unspecified() { outward(self.listen) } else { Some(self.listen) };
        let address = address.map(|address| SocketAddr::from((address, self.port)).to_string());
        let names = ["localhost", "127.0.0.1", &name].map(|host| format!("{host}:{}", self.port));
        address.into_iter().chain(names).collect()
    }

    /// The `listen` lines: the demo itself asks 127.0.0.1.
    fn listen_lines(&self) -> String {
        let here = format!("listen 127.0.0.1:{};", self.port);
        match self.listen {
            IpAddr::V4(address) if address.is_unspecified() => format!("listen {};", self.port),
            address if address == IpAddr::from([127, 0, 0, 1]) => here,
            address => format!("{here}\n        listen {};", SocketAddr::from((address, self.port))),
        }
    }

    /// Writes all of NGINX's configuration, and the page.
    ///
    /// # Errors
    /// If a file cannot be written; the message names it.
    pub fn write(&self, as_root: bool) -> anyhow::Result<()> {
        for name in ["page", "tmp"] {
            let path = self.run_dir.join(name);
            fs::create_dir_all(&path).with_context(|| format!("cannot make {}", path.display()))?;
        }
        for (name, shipped) in SHIPPED {
            self.write_file(name, self.relocated(shipped).as_bytes())?;
        }
        self.write_file("nginx.conf", self.main_file(as_root).as_bytes())?;
        for (name, bytes) in PAGE {
            self.write_file(&format!("page/{name}"), bytes)?;
        }
        Ok(())
    }

    fn write_file(&self, name: &str, bytes: &[u8]) -> anyhow::Result<()> {
        let path = self.run_dir.join(name);
        fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))
    }

    /// The shipped file with this site's paths.
    fn relocated(&self, shipped: &str) -> String {
        let inside = |name: &str| self.run_dir.join(name).display().to_string();
        let of_files = self.run_dir.display().to_string();
        shipped
            .replace(FILES, &of_files)
            .replace(SOCKET, &inside("recto.sock"))
            .replace(CACHE, &inside("cache"))
    }

    fn main_file(&self, as_root: bool) -> String {
        let run = Path::new(&self.run_dir).display();
        let listen = self.listen_lines();
        // A name is told to clients in ids: it is for those who know this machine by it.
        let name = if self.is_for_others() { "_" } else { "localhost" };
        // Started by root, NGINX's workers would be a user that may not enter the run directory.
        let user = if as_root { "user root;\n" } else { "" };
        let temp_paths: String = ["client_body", "fastcgi", "proxy", "scgi", "uwsgi"]
            .map(|kind| format!("    {kind}_temp_path \"{run}/tmp/{kind}\";\n"))
            .concat();
        format!(
            r#"# Written by `recto demo`; every start writes it anew.
{user}daemon off;
worker_processes 2;
pid "{run}/nginx.pid";
error_log "{run}/nginx-error.log" warn;
events {{ worker_connections 1024; }}
http {{
{temp_paths}    access_log "{run}/access.log";
    types {{ text/html html; text/css css; text/javascript js; application/json json; text/plain txt; }}
    default_type application/octet-stream;
    charset utf-8;
    sendfile on;
    include "{run}/http.conf";
    server {{
        {listen}
        server_name {name};
        add_header Access-Control-Allow-Origin * always;
        root "{run}/page";
        location / {{ expires -1; }}
        include "{run}/location.conf";
    }}
}}
"#
        )
    }
}

/// This machine's address towards others, of the same kind as `any`. Nothing is sent to find it.
fn outward(any: IpAddr) -> Option<IpAddr> {
    // Addresses for documentation, behind the route that all others are behind.
    let far = if any.is_ipv4() { "192.0.2.1:9" } else { "[2001:db8::1]:9" };
    let socket = UdpSocket::bind((any, 0)).ok()?;
    socket.connect(far).ok()?;
    Some(socket.local_addr().ok()?.ip())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_path_of_a_real_server_is_left() {
        let listen = IpAddr::from([127, 0, 0, 1]);
        let site = Site { run_dir: "/somewhere/demo".into(), port: 8182, listen };
        let texts = SHIPPED.map(|(_, text)| site.relocated(text));
        for text in texts.iter().chain([&site.main_file(true)]) {
            let used = text.lines().map(|line| line.split('#').next().unwrap_or_default());
            let is_real = |line: &str| ["/run/", "/var/", "/etc/"].iter().any(|real| line.contains(real));
            assert!(!used.clone().any(is_real), "{text}");
        }
        for path in
            ["unix:/somewhere/demo/recto.sock", "\"/somewhere/demo/cache\"", "\"/somewhere/demo/local"]
        {
            assert!(texts.concat().contains(path), "{path}");
        }
    }

    #[test]
    fn it_always_listens_where_the_demo_itself_asks() {
        let lines = |address: &str| {
            let listen = address.parse().expect("an address");
            Site { run_dir: "/r".into(), port: 81, listen }.listen_lines()
        };
        assert_eq!(lines("127.0.0.1"), "listen 127.0.0.1:81;");
        assert_eq!(lines("0.0.0.0"), "listen 81;");
        assert_eq!(lines("192.0.2.1"), "listen 127.0.0.1:81;\n        listen 192.0.2.1:81;");
        assert_eq!(lines("::"), "listen 127.0.0.1:81;\n        listen [::]:81;");
    }

    #[test]
    fn the_base_names_the_port_only_if_it_must() {
        let base = |port| Site { run_dir: "/r".into(), port, listen: [127, 0, 0, 1].into() }.base();
        assert_eq!(base(8182), "http://localhost:8182/iiif");
        assert_eq!(base(80), "http://localhost/iiif");
    }
}
