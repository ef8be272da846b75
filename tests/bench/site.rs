//! The servers under test, side by side behind one NGINX with the shipped configuration and its cache off.
//! Servers on two CPUs of their own if the machine has four, NGINX and the clients on two others.

use std::fs;
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rustix::process::{Pid, Signal, kill_process};

use super::load::Client;
use super::process;

const HTTP_LEVEL: &str = include_str!("../../nginx/http.conf");
const SETTINGS: &str = include_str!("../../nginx/settings.conf");
const LOCATIONS: &str = include_str!("../../nginx/location.conf");

/// Where Debian and Ubuntu put the peer.
const IIPSRV: &str = "/usr/lib/iipimage-server/iipsrv.fcgi";
/// The policy for stored tiles under which JPEG masters are compared: all of them are sent as they are. The default has
/// those of quality 90 encoded anew, for the sake of slow lines rather than of the server.
pub const PASS_THROUGH: f64 = 100.0;
/// Processes of each server that answer requests.
const WORKERS: usize = 2;

/// The servers, in the order of the table's lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Server {
    /// Ours.
    Recto,
    /// iipimage-server.
    Iipsrv,
    /// iiif-processor: libvips under Node.js.
    Processor,
}

impl Server {
    /// The name in the table.
    pub fn name(self) -> &'static str {
        match self {
            Self::Recto => "recto",
            Self::Iipsrv => "iipsrv",
            Self::Processor => "sharp",
        }
    }

    /// What stands before an identifier.
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Recto => "/iiif/3/",
            Self::Iipsrv => "/iipsrv/",
            Self::Processor => "/sharp/iiif/3/",
        }
    }
}

/// The running servers; stopped when dropped.
pub struct Site {
    /// Where NGINX listens.
    pub port: u16,
    nginx: Child,
    recto: Child,
    iipsrv: Vec<Child>,
    processor: Vec<Child>,
}

impl Site {
    /// Starts all servers in `directory` over the masters.
    ///
    /// # Errors
    /// If one is not installed, in which case the message names its package, or does not start.
    pub fn start(directory: &Path, masters: &Path) -> Result<Self> {
        ensure!(Path::new(IIPSRV).exists(), "{IIPSRV} is missing: install the package iipimage-server");
        let run = directory.join("run");
        fs::create_dir_all(run.join("tmp"))?;
        let port = free_port()?;
        let pinned = thread::available_parallelism().is_ok_and(|cores| cores.get() >= 4);
        if pinned {
            // Threads and processes that we start inherit it.
            command("taskset", &["-cp", "0,1", &std::process::id().to_string()])
                .stdout(Stdio::null())
                .status()?;
        }
        let launcher = |program: &str| match pinned {
            true => command("taskset", &["-c", "2,3", program]),
            false => Command::new(program),
        };
        let recto = start_recto(launcher(env!("CARGO_BIN_EXE_recto")), &run, masters)?;
        let iipsrv = start_iipsrv(|| launcher(IIPSRV), &run, masters)?;
        let ports = [free_port()?, free_port()?];
        let processor = start_processor(|| launcher("node"), &run, masters, ports)?;
        let nginx = start_nginx(&run, port, ports)?;
        let site = Self { port, nginx, recto, iipsrv, processor };
        site.wait()?;
        Ok(site)
    }

    /// The processes that answer a server's requests.
    pub fn workers(&self, server: Server) -> Result<Vec<u32>> {
        match server {
            Server::Recto => process::children(self.recto.id()),
            Server::Iipsrv => Ok(self.iipsrv.iter().map(Child::id).collect()),
            Server::Processor => Ok(self.processor.iter().map(Child::id).collect()),
        }
    }

    /// CPU time of all processes of a server so far.
    pub fn cpu(&self, server: Server) -> Result<Duration> {
        let supervisor = (server == Server::Recto).then(|| self.recto.id());
        let processes = self.workers(server)?.into_iter().chain(supervisor);
        Ok(Duration::from_nanos(processes.map(process::cpu).sum::<Result<u64>>()?))
    }

    /// CPU time of NGINX so far.
    pub fn nginx_cpu(&self) -> Result<Duration> {
        let processes = process::children(self.nginx.id())?.into_iter();
        Ok(Duration::from_nanos(processes.map(process::cpu).sum::<Result<u64>>()?))
    }

    fn wait(&self) -> Result<()> {
        let give_up = Instant::now() + Duration::from_secs(20);
        for server in [Server::Recto, Server::Iipsrv, Server::Processor] {
            let path = format!("{}{}/info.json", server.prefix(), super::corpus::WALL);
            let answers = || Client::connect(self.port)?.get(&path);
            while let Err(error) = answers() {
                ensure!(Instant::now() < give_up, "{} does not answer: {error:#}", server.name());
                thread::sleep(Duration::from_millis(50));
            }
        }
        Ok(())
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        let children = [&mut self.nginx, &mut self.recto].into_iter();
        for child in children.chain(&mut self.iipsrv).chain(&mut self.processor) {
            // An error means that it has ended already.
            let _ = kill_process(Pid::from_child(child), Signal::TERM);
            let _ = child.wait();
        }
    }
}

fn start_recto(mut command: Command, run: &Path, masters: &Path) -> Result<Child> {
    let (config, pid_file) = (run.join("recto.toml"), run.join("recto.pid"));
    let text = format!(
        "[masters]\nroot = {masters:?}\n[server]\nsocket = {:?}\nworkers = {WORKERS}\n[jpeg]\nquality = 80\n[tiles]\npass_through = {PASS_THROUGH}\n",
        run.join("recto.sock")
    );
    fs::write(&config, text)?;
    command.arg("serve").arg("--config").arg(config).arg("--pid-file").arg(pid_file);
    logged(&mut command, &run.join("recto.log"))?.spawn().context("cannot start recto")
}

/// As a FastCGI process manager does it: all processes accept from one socket, on descriptor 0.
fn start_iipsrv(launcher: impl Fn() -> Command, run: &Path, masters: &Path) -> Result<Vec<Child>> {
    let socket = run.join("iipsrv.sock");
    let _ = fs::remove_file(&socket); // of an earlier run, if there was one
    let listener = UnixListener::bind(&socket)?;
    let start = |_| {
        let mut command = launcher();
        command
            .env("FILESYSTEM_PREFIX", format!("{}/", masters.display()))
            .env("JPEG_QUALITY", "80")
            .env("MAX_IMAGE_CACHE_SIZE", "0")
            .env("MAX_CVT", "30000")
            .env("OMP_NUM_THREADS", "1")
            .env("VERBOSITY", "0")
            .env("LOGFILE", run.join("iipsrv-own.log"));
        let mut command = logged(&mut command, &run.join("iipsrv.log"))?;
        command = command.stdin(OwnedFd::from(listener.try_clone()?));
        command.spawn().context("cannot start iipsrv")
    };
    (0..WORKERS).map(start).collect()
}

/// Its packages lie beside the run directory, where `tests/fetch.sh` puts them.
fn start_processor(
    launcher: impl Fn() -> Command,
    run: &Path,
    masters: &Path,
    ports: [u16; WORKERS],
) -> Result<Vec<Child>> {
    let script = super::corpus::directory().join("iiif-processor/server.mjs");
    ensure!(script.exists(), "{} is missing: `make bench` fetches it", script.display());
    let start = |port: u16| {
        let mut command = launcher();
        command.arg(&script).env("PORT", port.to_string()).env("MASTERS", masters);
        let log = run.join(format!("iiif-processor-{port}.log"));
        logged(&mut command, &log)?.spawn().context("cannot start node")
    };
    ports.into_iter().map(start).collect()
}

/// A port that nobody listens on.
fn free_port() -> Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

fn start_nginx(run: &Path, port: u16, ports: [u16; WORKERS]) -> Result<Child> {
    let relocated = |shipped: &str| {
        shipped
            .replace("/etc/recto/nginx", &run.display().to_string())
            .replace("/run/recto/recto.sock", &run.join("recto.sock").display().to_string())
            .replace("/var/cache/nginx/recto", &run.join("cache").display().to_string())
            .replace("fastcgi_cache     recto_cache;", "fastcgi_cache off;")
    };
    ensure!(
        relocated(LOCATIONS).contains("fastcgi_cache off;"),
        "location.conf has changed: turn its cache off"
    );
    for (name, shipped) in
        [("http.conf", HTTP_LEVEL), ("settings.conf", SETTINGS), ("location.conf", LOCATIONS)]
    {
        fs::write(run.join(name), relocated(shipped))?;
    }
    // It is one client that asks for as much as there is.
    fs::write(run.join("local-http.conf"), "geo $recto_unlimited { default 1; }\n")?;
    let main = run.join("nginx.conf");
    fs::write(&main, nginx_conf(run, port, ports))?;
    let mut command = command("nginx", &[]);
    command.arg("-p").arg(run).arg("-c").arg(main).arg("-e").arg(run.join("nginx-error.log"));
    let child = logged(&mut command, &run.join("nginx.log"))?.spawn();
    child.context("cannot start nginx. `make bench` installs it; its package is nginx")
}

fn nginx_conf(run: &Path, port: u16, [first, second]: [u16; WORKERS]) -> String {
    let run = run.display();
    // Started by root, NGINX's workers would be a user that may not enter the directory.
    let user = if rustix::process::geteuid().is_root() { "user root;" } else { "" };
    let temp_paths: String = ["client_body", "fastcgi", "proxy", "scgi", "uwsgi"]
        .map(|kind| format!("    {kind}_temp_path \"{run}/tmp/{kind}\";\n"))
        .concat();
    format!(
        r#"{user}
daemon off;
worker_processes 2;
pid "{run}/nginx.pid";
events {{ worker_connections 256; }}
http {{
{temp_paths}    access_log off;
    keepalive_requests 1000000;
    include "{run}/http.conf";
    upstream sharp {{
        server 127.0.0.1:{first} max_fails=0;
        server 127.0.0.1:{second} max_fails=0;
        keepalive 8;
    }}
    server {{
        listen 127.0.0.1:{port};
        server_name localhost;
        include "{run}/location.conf";
        location ^~ /iipsrv/ {{
            fastcgi_pass "unix:{run}/iipsrv.sock";
            fastcgi_pass_request_headers off;
            fastcgi_pass_request_body    off;
            fastcgi_param REQUEST_METHOD $request_method;
            fastcgi_param SERVER_PROTOCOL $server_protocol;
            fastcgi_param REQUEST_URI    $request_uri;
            fastcgi_param HTTP_HOST      $host;
            if ($request_uri ~ "^/iipsrv/(.*)$") {{ set $wanted $1; }}
            fastcgi_param QUERY_STRING   "IIIF=/$wanted";
            fastcgi_buffer_size          16k;
            fastcgi_buffers              64 32k;
            fastcgi_busy_buffers_size    256k;
        }}
        location ^~ /sharp/ {{
            proxy_pass http://sharp/;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_buffers 64 32k;
        }}
    }}
}}
"#
    )
}

fn command(program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments);
    command
}

fn logged<'c>(command: &'c mut Command, log: &PathBuf) -> Result<&'c mut Command> {
    let log = fs::File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
    Ok(command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log))
}
