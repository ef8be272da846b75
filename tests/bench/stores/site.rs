//! Recto over a store and over a directory, behind an NGINX that keeps nothing; of both, all that they know is new.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rustix::process::{Pid, Signal, kill_process};

use super::load::Client;

/// The running servers; stopped when dropped.
pub struct Site {
    /// Where NGINX listens.
    pub port: u16,
    nginx: Child,
    recto: Child,
}

impl Site {
    /// Starts both in a directory that is emptied: the files of `masters` by their names, and below `s/` what the store on
    /// that port has.
    ///
    /// # Errors
    /// If one does not start.
    pub fn start(directory: &Path, masters: &Path, store: u16) -> Result<Self> {
        let _ = fs::remove_dir_all(directory); // of an earlier run, if there was one
        for place in ["blocks", "state", "tmp"] {
            fs::create_dir_all(directory.join(place))?;
        }
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let recto = start_recto(directory, masters, store)?;
        let nginx = start_nginx(directory, port)?;
        let site = Self { port, nginx, recto };
        let give_up = Instant::now() + Duration::from_secs(30);
        let ready = || Client::connect(port)?.get(&format!("/iiif/3/{}/info.json", super::corpus::PAGE));
        while let Err(error) = ready() {
            ensure!(Instant::now() < give_up, "recto does not answer: {error:#}");
            thread::sleep(Duration::from_millis(50));
        }
        Ok(site)
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        for child in [&mut self.nginx, &mut self.recto] {
            // An error means that it has ended already.
            let _ = kill_process(Pid::from_child(child), Signal::TERM);
            let _ = child.wait();
        }
    }
}

fn start_recto(directory: &Path, masters: &Path, store: u16) -> Result<Child> {
    let config = directory.join("recto.toml");
    let place = |name: &str| directory.join(name);
    let text = format!(
        "[masters]\nroot = {masters:?}\n[[source]]\nprefix = \"s/\"\nurl = \"http://127.0.0.1:{store}/\"\n\
         [server]\npublic_url = \"http://localhost/iiif\"\nsocket = {:?}\nworkers = 2\n[jpeg]\nquality = 80\n[tiles]\npass_through = 100.0\n\
         [cache]\ndirectory = {:?}\nmax_bytes = 4000000000\n[state]\ndirectory = {:?}\nmax_bytes = 100000000\n",
        place("recto.sock"),
        place("blocks"),
        place("state")
    );
    fs::write(&config, text)?;
    let mut command = Command::new(env!("CARGO_BIN_EXE_recto"));
    command.arg("serve").arg("--config").arg(config).arg("--pid-file").arg(place("recto.pid"));
    logged(&mut command, &place("recto.log"))?.spawn().context("cannot start recto")
}

fn start_nginx(directory: &Path, port: u16) -> Result<Child> {
    let run = directory.display();
    let user = if rustix::process::geteuid().is_root() { "user root;" } else { "" };
    let kinds = ["client_body", "fastcgi", "proxy", "scgi", "uwsgi"];
    let temp_paths = kinds.map(|kind| format!("{kind}_temp_path \"{run}/tmp/{kind}\";\n")).concat();
    let text = format!(
        "{user}\ndaemon off;\npid \"{run}/nginx.pid\";\nevents {{ worker_connections 64; }}\nhttp {{\n{temp_paths}\
         access_log off;\nkeepalive_requests 1000000;\nserver {{\nlisten 127.0.0.1:{port};\nlocation / {{\n\
         fastcgi_pass \"unix:{run}/recto.sock\";\nfastcgi_param REQUEST_METHOD $request_method;\n\
         fastcgi_param SERVER_PROTOCOL $server_protocol;\nfastcgi_param REQUEST_URI $request_uri;\n\
         fastcgi_param HTTP_HOST $host;\nfastcgi_param REQUEST_SCHEME http;\nfastcgi_buffers 64 32k;\n\
         fastcgi_busy_buffers_size 256k;\n}}\n}}\n}}\n"
    );
    let main = directory.join("nginx.conf");
    fs::write(&main, text)?;
    let mut command = Command::new("nginx");
    command.arg("-p").arg(directory).arg("-c").arg(main).arg("-e").arg(directory.join("nginx-error.log"));
    let child = logged(&mut command, &directory.join("nginx.log"))?.spawn();
    child.context("cannot start nginx. `make bench` installs it; its package is nginx")
}

fn logged<'c>(command: &'c mut Command, log: &PathBuf) -> Result<&'c mut Command> {
    let log = fs::File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
    Ok(command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log))
}
