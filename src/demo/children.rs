//! The two programs that a demo runs: the pool of workers and NGINX. Started, watched, and stopped in an order
//! in which no request is cut off.

use std::fmt;
use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, bail};
use rustix::process::{Pid, Signal};

use super::rundir::RunDir;

/// Set once the user wants to stop.
pub(super) type StopFlag = Arc<AtomicBool>;

/// Whether the user wants to stop.
pub(super) fn is_set(stop: &StopFlag) -> bool {
    stop.load(Ordering::Relaxed)
}

/// A flag that Ctrl-C, a closed terminal or a plain `kill` sets.
pub(super) fn stop_flag() -> anyhow::Result<StopFlag> {
    let stop = StopFlag::default();
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM, signal_hook::consts::SIGHUP] {
        signal_hook::flag::register(signal, Arc::clone(&stop)).context("cannot listen for signals")?;
    }
    Ok(stop)
}

/// The NGINX of this machine.
pub struct Nginx {
    path: PathBuf,
    version: String,
}

impl Nginx {
    /// Looks along PATH and where Debian puts it: an ordinary user's PATH has no sbin there.
    ///
    /// # Errors
    /// If there is none; the message names the package.
    pub fn find() -> anyhow::Result<Self> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let places = std::env::split_paths(&path)
            .chain(["/usr/sbin", "/usr/local/sbin", "/usr/local/nginx/sbin"].map(PathBuf::from));
        let path = places.map(|place| place.join("nginx")).find(|path| path.is_file()).context(
            "NGINX is not installed. `make demo` installs it; by hand: sudo apt-get install nginx",
        )?;
        let output = Command::new(&path)
            .arg("-v")
            .output()
            .with_context(|| format!("cannot run {}", path.display()))?;
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        let version = text.split_once("nginx/").map_or("", |(_, rest)| rest);
        let version = version.split_whitespace().next().unwrap_or("unknown").to_owned();
        Ok(Self { path, version })
    }

    /// Whether it will be root, and its workers need a user that may read the run directory.
    pub fn runs_as_root(&self) -> bool {
        rustix::process::geteuid().is_root()
    }

    /// `-e` came with 1.19.5. Without it, an older NGINX says in nginx.log that it may not write to /var/log, and
    /// goes on.
    fn knows_error_log_option(&self) -> bool {
        let mut numbers = self.version.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
        let mut next = || numbers.next().unwrap_or(0);
        (next(), next(), next()) >= (1, 19, 5)
    }

    /// NGINX with the configuration in `run_dir`, in the foreground.
    pub fn command(&self, run_dir: &Path) -> Command {
        let mut command = Command::new(&self.path);
        command.arg("-p").arg(run_dir).arg("-c").arg(run_dir.join("nginx.conf"));
        if self.knows_error_log_option() {
            command.arg("-e").arg(run_dir.join("nginx-error.log"));
        }
        command
    }
}

impl fmt::Display for Nginx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NGINX {}", self.version)
    }
}

/// A running program and what it says.
struct Program {
    name: &'static str,
    child: Child,
    logs: Vec<PathBuf>,
    /// What makes it finish its requests and end.
    gentle: Signal,
}

/// NGINX first, the pool second: the order in which they are stopped. Dropped, both are stopped too.
pub(super) struct Children(Vec<Program>);

impl Children {
    /// Starts the pool and, once it listens, NGINX.
    pub(super) fn start(place: &RunDir, nginx: &Nginx, stop: &StopFlag) -> anyhow::Result<Self> {
        let run = place.path();
        let mut serve = Command::new(std::env::current_exe().context("where is this program?")?);
        serve.arg("serve").arg("--config").arg(run.join("recto.toml"));
        serve.arg("--pid-file").arg(run.join("recto.pid"));
        let pool = spawn("the pool (recto serve)", serve, &run.join("recto.log"))?;
        let mut children = Self(vec![pool]);
        children.wait_for_pool(&run.join("recto.pid"), stop)?;

        let mut web = spawn("NGINX", nginx.command(run), &run.join("nginx.log"))?;
        web.gentle = Signal::QUIT;
        web.logs.push(run.join("nginx-error.log"));
        children.0.insert(0, web);
        Ok(children)
    }

    /// The pool writes its pid file once it listens. Bounded; NGINX tells that it is busy until then.
    fn wait_for_pool(&mut self, pid_file: &Path, stop: &StopFlag) -> anyhow::Result<()> {
        let give_up = Instant::now() + Duration::from_secs(10);
        while !pid_file.exists() && Instant::now() < give_up && !is_set(stop) {
            self.all_alive()?;
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// Watches over both until the user wants to stop.
    pub(super) fn watch(&mut self, stop: &StopFlag) -> anyhow::Result<()> {
        while !is_set(stop) {
            self.all_alive()?;
            std::thread::sleep(Duration::from_millis(100));
        }
        say!("\nstopping");
        Ok(())
    }

    /// An error with the end of the log if one of them has ended.
    pub(super) fn all_alive(&mut self) -> anyhow::Result<()> {
        for program in &mut self.0 {
            if let Some(status) = program.child.try_wait()? {
                bail!(
                    "{} ended by itself ({status}). Its last words:\n{}",
                    program.name,
                    program.last_words()
                );
            }
        }
        Ok(())
    }

    /// Stops both, gently, within bounds.
    pub(super) fn stop(&mut self) {
        for mut program in self.0.drain(..) {
            program.stop();
        }
    }
}

impl Drop for Children {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Program {
    fn stop(&mut self) {
        let steps = [
            (self.gentle, Duration::from_secs(5)),
            (Signal::TERM, Duration::from_secs(3)),
            (Signal::KILL, Duration::from_secs(2)),
        ];
        for (signal, patience) in steps {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            // An error means that it has just ended.
            let _ = rustix::process::kill_process(Pid::from_child(&self.child), signal);
            let give_up = Instant::now() + patience;
            while Instant::now() < give_up && matches!(self.child.try_wait(), Ok(None)) {
                std::thread::sleep(Duration::from_millis(20));
            }
        }
    }

    /// The last lines of the last log that has any.
    fn last_words(&self) -> String {
        let mut texts = self.logs.iter().rev().filter_map(|path| fs::read(path).ok());
        let text = texts.find(|text| !text.is_empty()).unwrap_or_default();
        let text = String::from_utf8_lossy(&text).into_owned();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(15)..].iter().map(|line| format!("  {line}\n")).collect()
    }
}

fn spawn(name: &'static str, mut command: Command, log: &Path) -> anyhow::Result<Program> {
    let output = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
    command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
    // A process group of its own: Ctrl-C is for us, and we stop both in order.
    command.process_group(0);
    let child = command.spawn().map_err(|error| anyhow!("cannot start {name}: {error}"))?;
    Ok(Program { name, child, logs: vec![log.to_owned()], gentle: Signal::TERM })
}
