//! The demo's NGINX configuration: the shipped files word for word, with the run directory's paths in place of
//! their two, and a main file around them. The tests use the same.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;

const HTTP_LEVEL: &str = include_str!("../../nginx/http.conf");
const LOCATIONS: &str = include_str!("../../nginx/location.conf");

/// The two paths that the shipped files name, both of them in the one for the http level.
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
    /// Where it listens on 127.0.0.1.
    pub port: u16,
}

impl Site {
    /// The URL of the `/iiif` root, as in info.json.
    pub fn base(&self) -> String {
        let port = if self.port == 80 { String::new() } else { format!(":{}", self.port) };
        format!("http://localhost{port}/iiif")
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
        self.write_file("http.conf", self.relocated(HTTP_LEVEL).as_bytes())?;
        self.write_file("location.conf", LOCATIONS.as_bytes())?;
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
        shipped.replace(SOCKET, &inside("recto.sock")).replace(CACHE, &inside("cache"))
    }

    fn main_file(&self, as_root: bool) -> String {
        let run = Path::new(&self.run_dir).display();
        let port = self.port;
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
        listen 127.0.0.1:{port};
        server_name localhost;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_path_of_a_real_server_is_left() {
        let site = Site { run_dir: "/somewhere/demo".into(), port: 8182 };
        for text in [&*site.relocated(HTTP_LEVEL), LOCATIONS, &site.main_file(true)] {
            let used = text.lines().map(|line| line.split('#').next().unwrap_or_default());
            assert!(!used.clone().any(|line| line.contains("/run/") || line.contains("/var/")), "{text}");
        }
        let http_level = site.relocated(HTTP_LEVEL);
        assert!(http_level.contains("unix:/somewhere/demo/recto.sock"));
        assert!(http_level.contains("\"/somewhere/demo/cache\""));
    }

    #[test]
    fn the_base_names_the_port_only_if_it_must() {
        let base = |port| Site { run_dir: "/r".into(), port }.base();
        assert_eq!(base(8182), "http://localhost:8182/iiif");
        assert_eq!(base(80), "http://localhost/iiif");
    }
}
