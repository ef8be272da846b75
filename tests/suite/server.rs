//! A pool of workers for one test: `recto serve` in a directory of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use recto::process::ledger::Ledger;
use recto::process::scoreboard::{Entry, Scoreboard};
use rustix::process::{Pid, Signal, kill_process};

/// A running server in a directory of its own. It ends with this value.
pub struct Server {
    pub directory: tempfile::TempDir,
    pub child: Child,
}

impl Server {
    pub fn start(workers: usize, deadline: &str) -> Self {
        Self::configured(&pool(workers, deadline))
    }

    /// With these lines in `[server]`, beside the socket.
    pub fn configured(lines: &str) -> Self {
        Self::spawned(lines, |_| ())
    }

    /// One worker that logs down to `level`.
    pub fn logging(level: &str) -> Self {
        Self::spawned("workers = 1\n", |command| {
            command.env("RECTO_LOG", level);
        })
    }

    /// With these lines in `[server]`, of a copy of the program, which can be [replaced](Server::install).
    pub fn upgradable(lines: &str, prepare: impl FnOnce(&mut Command)) -> Self {
        let directory = directory(lines);
        install(directory.path(), env!("CARGO_BIN_EXE_recto"), ":");
        Self::spawned_in(directory, prepare)
    }

    /// With these lines in `[server]`, started by a command that was prepared so.
    pub fn spawned(lines: &str, prepare: impl FnOnce(&mut Command)) -> Self {
        Self::spawned_in(directory(lines), prepare)
    }

    fn spawned_in(directory: tempfile::TempDir, prepare: impl FnOnce(&mut Command)) -> Self {
        let mut command = serve(directory.path());
        prepare(&mut command);
        let child = command.spawn().expect("started");
        let server = Self { directory, child };
        until("the server is ready", || server.path("pid").exists());
        server
    }

    /// Starts it once more in the same place, after it has ended.
    pub fn start_again(&mut self) {
        self.child = serve(self.directory.path()).spawn().expect("started");
    }

    pub fn configure(&self, workers: usize, deadline: &str) {
        configure(self.directory.path(), &pool(workers, deadline));
    }

    /// Puts another program in place of the one that runs, as an upgrade does: this one, after `change` was done to "$1".
    pub fn install(&self, program: &str, change: &str) {
        install(self.directory.path(), program, change);
    }

    /// What it would be started with in its place, but not started yet.
    pub fn command(&self) -> Command {
        serve(self.directory.path())
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("it lives");
    }

    pub fn log(&self) -> String {
        fs::read_to_string(self.path("log")).expect("a log")
    }

    /// The process ids of all workers.
    pub fn all_workers(&self) -> Vec<i32> {
        children_of(self.child.id())
    }

    /// The process ids of the front workers.
    pub fn workers(&self) -> Vec<i32> {
        self.lanes(|lane| lane == "front")
    }

    /// The process ids of the back workers, those first that take dear requests.
    pub fn back_workers(&self) -> Vec<i32> {
        [self.lanes(|lane| lane == "dear"), self.lanes(|lane| lane == "middling")].concat()
    }

    /// The workers in some lanes, in the order of their start.
    fn lanes(&self, which: impl Fn(&str) -> bool) -> Vec<i32> {
        let is_in = |pid: &i32| {
            let line = fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            let mut arguments = line.split('\0').skip_while(|argument| *argument != "--lane");
            arguments.nth(1).is_some_and(&which)
        };
        self.all_workers().into_iter().filter(is_in).collect()
    }

    /// Waits until there are `workers`, and none of those that were there `before`.
    pub fn until_replaced(&self, before: &[i32], workers: usize) {
        until("all workers are new", || {
            let now = self.workers();
            now.len() == workers && now.iter().all(|pid| !before.contains(pid))
        });
    }

    /// The scoreboard, found among the supervisor's descriptors.
    pub fn scoreboard(&self) -> Scoreboard {
        Scoreboard::open(&self.shared("recto-scoreboard")).expect("open")
    }

    /// The ledger, found there as well.
    pub fn ledger(&self) -> Ledger {
        Ledger::open(&self.shared("recto-ledger")).expect("open")
    }

    /// The file in memory of this name, found among the supervisor's descriptors.
    pub fn shared(&self, name: &str) -> PathBuf {
        let descriptors = fs::read_dir(format!("/proc/{}/fd", self.child.id())).expect("it lives");
        descriptors
            .filter_map(|entry| Some(entry.ok()?.path()))
            .find(|path| fs::read_link(path).is_ok_and(|to| to.to_string_lossy().contains(name)))
            .expect("it is there")
    }

    /// The number of requests that have been answered.
    pub fn served(&self) -> u64 {
        self.slots().iter().map(|slot| slot.served).sum()
    }

    /// Whether a worker is at work.
    pub fn busy(&self) -> bool {
        self.slots().iter().any(|slot| slot.busy_since > 0)
    }

    /// The slots of all workers that can be read just now.
    pub fn slots(&self) -> Vec<Entry> {
        let board = self.scoreboard();
        (0..board.slots()).filter_map(|slot| board.read(slot)).collect()
    }

    /// The exit status after SIGTERM, or `None` if it was killed.
    pub fn stop(&mut self) -> Option<i32> {
        self.signal(Signal::TERM);
        self.child.wait().expect("a child").code()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            eprintln!("{}", self.log());
        }
    }
}

/// A directory for a server.
fn directory(lines: &str) -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    for name in ["masters", "state"] {
        fs::create_dir(directory.path().join(name)).expect("a directory");
    }
    configure(directory.path(), lines);
    directory
}

/// By a process of its own: one that another thread starts meanwhile would have the file open for writing, and nobody could
/// run it.
fn install(directory: &Path, program: &str, change: &str) {
    let script = format!("cp \"$0\" \"$1\" && {change} && mv \"$1\" \"$2\"");
    let [draft, place] = ["recto.new", "recto"].map(|name| directory.join(name));
    let status = Command::new("sh").args(["-c", &script, program]).args([draft, place]).status();
    assert!(status.expect("sh").success(), "{script}");
}

fn pool(workers: usize, deadline: &str) -> String {
    format!("workers = {workers}\ndeadline = \"{deadline}\"\n")
}

fn configure(directory: &Path, lines: &str) {
    let at = directory.display();
    let text = format!(
        "[server]\nsocket = \"{at}/recto.sock\"\ncache = \"{at}/cache\"\n{lines}\n[masters]\nroot = \"{at}/masters\"\n[state]\n\
         directory = \"{at}/state\"\n"
    );
    fs::write(directory.join("recto.toml"), text).expect("written");
}

fn serve(directory: &Path) -> Command {
    let copy = directory.join("recto");
    let program = if copy.exists() { copy } else { env!("CARGO_BIN_EXE_recto").into() };
    let mut command = Command::new(program);
    command.arg("serve").arg("--config").arg(directory.join("recto.toml"));
    command.arg("--pid-file").arg(directory.join("pid"));
    command.env("RUNTIME_DIRECTORY", directory);
    let log = fs::File::options().create(true).append(true).open(directory.join("log")).expect("a log");
    command.stderr(log).stdout(Stdio::null()).stdin(Stdio::null());
    command
}

/// The process ids of a process's children.
pub fn children_of(process: u32) -> Vec<i32> {
    let path = format!("/proc/{process}/task/{process}/children");
    let children = fs::read_to_string(path).expect("it lives");
    children.split_whitespace().map(|pid| pid.parse().expect("a number")).collect()
}

pub fn send(process: i32, signal: Signal) {
    kill_process(Pid::from_raw(process).expect("positive"), signal).expect("it lives");
}

/// Waits at most ten seconds for `condition`.
pub fn until(what: &str, condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < Duration::from_secs(10), "waited in vain until {what}");
        thread::sleep(Duration::from_millis(5));
    }
}
