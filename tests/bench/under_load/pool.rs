//! NGINX with the shipped files, and two workers behind it.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use recto::demo::children::Nginx;
use recto::demo::site;
use recto::picture::{Channels, Depth, Dimensions};
use recto::pyramid::{self, Compression, Pixels, Settings};
use rustix::process::{Pid, Signal, kill_process};

use super::{clients, picture, process};

/// Side of the page's tiles.
const TILE: u32 = 256;
/// Names of the one page: what is asked for under another name is new to NGINX.
const NAMES: u32 = 1000;

/// A running pool; it ends with this value.
pub struct Pool {
    /// Where NGINX listens.
    pub port: u16,
    directory: tempfile::TempDir,
    page: Dimensions,
    nginx: Child,
    recto: Child,
    /// Numbers for what is to be new.
    next: AtomicU32,
}

impl Pool {
    /// Starts it over a page of so many megapixels.
    pub fn start(megapixels: u32) -> Result<Self> {
        let directory = tempfile::tempdir()?;
        let masters = directory.path().join("masters");
        let page = paint(&masters, megapixels)?;
        let recto = start_recto(directory.path(), &masters)?;
        let (nginx, port) = start_nginx(directory.path())?;
        let pool = Self { port, directory, page, nginx, recto, next: AtomicU32::new(0) };
        let give_up = Instant::now() + Duration::from_secs(20);
        while clients::ask(port, Ipv4Addr::LOCALHOST, "/iiif/3/page-0/info.json").status != 200 {
            ensure!(Instant::now() < give_up, "the pool does not answer");
            thread::sleep(Duration::from_millis(50));
        }
        Ok(pool)
    }

    /// The socket of the workers.
    pub fn socket(&self) -> PathBuf {
        self.directory.path().join("recto.sock")
    }

    /// A number that nobody has had.
    pub fn number(&self) -> u32 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    /// A tile that nobody has asked for.
    pub fn tile(&self) -> String {
        let (across, down) = (self.page.width / TILE, self.page.height / TILE);
        let number = self.number();
        let (name, at) = (number / (across * down), number % (across * down));
        let (x, y) = (at % across * TILE, at / across * TILE);
        format!("/iiif/3/page-{}/{x},{y},{TILE},{TILE}/{TILE},{TILE}/0/default.jpg", name % NAMES)
    }

    /// The page as a whole, as nobody has asked for it.
    pub fn whole(&self, format: &str) -> String {
        format!("/iiif/3/page-{}/full/max/0/default.{format}", self.number() % NAMES)
    }

    /// Its info.json.
    pub fn info(&self) -> String {
        format!("/iiif/3/page-{}/info.json", self.number() % NAMES)
    }

    /// Supervisor and workers.
    pub fn processes(&self) -> Result<Vec<u32>> {
        let mut all = process::children(self.recto.id())?;
        all.push(self.recto.id());
        Ok(all)
    }

    /// The workers.
    pub fn workers(&self) -> Result<Vec<u32>> {
        process::children(self.recto.id())
    }

    /// CPU time of supervisor and workers so far, of those that live.
    pub fn cpu(&self) -> Result<Duration> {
        Ok(Duration::from_nanos(self.processes()?.into_iter().map(process::cpu).sum::<Result<u64>>()?))
    }

    /// CPU time of NGINX so far.
    pub fn nginx_cpu(&self) -> Result<Duration> {
        let workers = process::children(self.nginx.id())?;
        Ok(Duration::from_nanos(workers.into_iter().map(process::cpu).sum::<Result<u64>>()?))
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        for child in [&mut self.nginx, &mut self.recto] {
            // An error means that it has ended already.
            let _ = kill_process(Pid::from_child(child), Signal::TERM);
            let _ = child.wait();
        }
    }
}

/// The page, painted once, under all its names.
fn paint(masters: &Path, megapixels: u32) -> Result<Dimensions> {
    let width = (f64::from(megapixels) * 1e6 / 1.5).sqrt() as u32 / TILE * TILE;
    let size = Dimensions::new(width, width * 3 / 2 / TILE * TILE);
    let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("load-{size}.tif"));
    if !kept.exists() {
        eprintln!("making {}", kept.display());
        let compression = Compression::Deflate { level: 6 };
        let pixels = Pixels { size, channels: Channels::Rgb, depth: Depth::Eight };
        let settings = Settings { tile_side: TILE, ..Settings::new(pixels, compression) };
        let source = |first: u32, rows: &mut [u8]| {
            picture::paint(first, size.width, rows);
            Ok(())
        };
        pyramid::write(&kept, &settings, source, |_| {})?;
    }
    fs::create_dir(masters)?;
    let first = masters.join("page-0.tif");
    fs::copy(&kept, &first)?;
    for name in 1..NAMES {
        fs::hard_link(&first, masters.join(format!("page-{name}.tif")))?;
    }
    Ok(size)
}

fn start_recto(run: &Path, masters: &Path) -> Result<Child> {
    let config = run.join("recto.toml");
    let state = run.join("state");
    fs::create_dir(&state)?;
    let text = format!(
        "[masters]\nroot = {masters:?}\n[server]\nsocket = {:?}\nworkers = 2\n[state]\ndirectory = {state:?}\n",
        run.join("recto.sock")
    );
    fs::write(&config, text)?;
    let pid_file = run.join("recto.pid");
    let mut command = Command::new(env!("CARGO_BIN_EXE_recto"));
    command.arg("serve").arg("--config").arg(config).arg("--pid-file").arg(&pid_file);
    let child = logged(&mut command, &run.join("recto.log"))?.spawn().context("cannot start recto")?;
    wait_for(&pid_file)?;
    Ok(child)
}

fn start_nginx(run: &Path) -> Result<(Child, u16)> {
    let nginx = Nginx::find()?;
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
    site::Site { run_dir: run.to_owned(), port, listen: [127, 0, 0, 1].into() }
        .write(nginx.runs_as_root())?;
    let main = run.join("nginx.conf");
    let text = fs::read_to_string(&main)?.replace("worker_connections 1024", "worker_connections 8192");
    fs::write(&main, text)?;
    let child = logged(&mut nginx.command(run), &run.join("nginx.log"))?.spawn()?;
    wait_for(&run.join("nginx.pid"))?;
    Ok((child, port))
}

/// Waits until a program has written its pid, after which it listens.
fn wait_for(pid_file: &Path) -> Result<()> {
    let give_up = Instant::now() + Duration::from_secs(20);
    while !fs::read_to_string(pid_file).is_ok_and(|pid| pid.ends_with('\n')) {
        ensure!(Instant::now() < give_up, "nothing writes {}", pid_file.display());
        thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}

fn logged<'c>(command: &'c mut Command, log: &Path) -> Result<&'c mut Command> {
    let log = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
    Ok(command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log))
}
