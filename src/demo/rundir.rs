//! The run directory: the only place where a demo writes. Made, claimed by one demo at a time, and given the
//! pool's configuration.

use std::fs::{self, File, TryLockError};
use std::io::Write;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail, ensure};
use rustix::process::{Pid, Signal};

/// A unix socket's path must fit into the kernel's 108 bytes, with a zero at its end.
const LONGEST_SOCKET_PATH: usize = 107;

/// A run directory that no other demo uses.
pub(super) struct RunDir {
    path: PathBuf,
    /// Locked as long as this value lives; the kernel frees it even if we are killed.
    _lock: File,
}

impl RunDir {
    /// Makes the directory and takes it; what a killed demo left running in it is stopped.
    pub(super) fn claim(path: &Path) -> anyhow::Result<Self> {
        make(path)?;
        let path = path.canonicalize().with_context(|| format!("run directory {}", path.display()))?;
        check_name(&path)?;
        let lock = File::create(path.join("demo.lock"))
            .with_context(|| format!("cannot write to the run directory {}", path.display()))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => bail!(
                "a demo is running in {}; stop it, or give this one its own --run-dir (and --port)",
                path.display()
            ),
            Err(TryLockError::Error(error)) => return Err(error).context("cannot lock the run directory"),
        }
        let claimed = Self { path, _lock: lock };
        claimed.stop_leftovers();
        // An old cache would show the pictures of an older program or of other masters of the same names.
        remove_tree(&claimed.path.join("cache"))?;
        for log in ["access.log", "nginx-error.log"] {
            let _ = fs::remove_file(claimed.path.join(log)); // NGINX appends; there may be none
        }
        for name in ["page", "tmp", "state"] {
            make(&claimed.path.join(name))?;
        }
        Ok(claimed)
    }

    /// Where it is, absolute.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The socket between NGINX and the workers.
    pub(super) fn socket(&self) -> PathBuf {
        self.path.join("recto.sock")
    }

    /// What workers find out about masters; it stays from one demo to the next.
    pub(super) fn state(&self) -> PathBuf {
        self.path.join("state")
    }

    /// What NGINX serves at `/`.
    pub(super) fn page(&self) -> PathBuf {
        self.path.join("page")
    }

    /// Writes the pool's configuration.
    pub(super) fn write_settings(&self, settings: &toml::Table) -> anyhow::Result<()> {
        let path = self.path.join("recto.toml");
        let mut file = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
        writeln!(file, "# Written by `recto demo`; every start writes it anew.\n{settings}")?;
        Ok(())
    }

    /// Stops the servers of a demo that could not do it itself (killed with -9): they would hold the port.
    fn stop_leftovers(&self) {
        for (name, signal) in [("nginx.pid", Signal::QUIT), ("recto.pid", Signal::TERM)] {
            let pid_file = self.path.join(name);
            let pid = fs::read_to_string(&pid_file).ok().and_then(|text| text.trim().parse().ok());
            let Some(pid) = pid.and_then(Pid::from_raw) else { continue };
            if mentions(pid, &self.path) {
                say!("stopping what an earlier demo left running: process {}", pid.as_raw_nonzero());
                // It may have ended by itself since we looked.
                let _ = rustix::process::kill_process(pid, signal);
                wait_for_end(pid, &self.path);
            }
            let _ = fs::remove_file(&pid_file);
        }
    }
}

/// Whether the process was started with this directory among its arguments: a number alone may be someone else's.
fn mentions(pid: Pid, directory: &Path) -> bool {
    let arguments = fs::read(format!("/proc/{}/cmdline", pid.as_raw_nonzero())).unwrap_or_default();
    let name = directory.as_os_str().as_encoded_bytes();
    arguments.windows(name.len()).any(|part| part == name)
}

fn wait_for_end(pid: Pid, directory: &Path) {
    for _ in 0..60 {
        if !mentions(pid, directory) {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let _ = rustix::process::kill_process(pid, Signal::KILL);
}

/// Readable by others whatever the umask is: NGINX's own workers may run as another user.
fn make(path: &Path) -> anyhow::Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o755)
        .create(path)
        .with_context(|| format!("cannot make the directory {}", path.display()))
}

fn remove_tree(path: &Path) -> anyhow::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot clear {}", path.display()))
        }
        _ => Ok(()),
    }
}

/// NGINX's grammar and the kernel have a say in what the path may be.
fn check_name(path: &Path) -> anyhow::Result<()> {
    let text = path.to_str().ok_or_else(|| anyhow!("the run directory's path must be UTF-8"))?;
    ensure!(
        !text.contains(|c: char| "\"'\\${};#:".contains(c) || c.is_control()),
        "the run directory {text} has a character that a configuration of NGINX cannot hold; see --run-dir"
    );
    ensure!(
        text.len() + "/recto.sock".len() <= LONGEST_SOCKET_PATH,
        "{text} is too long for a socket's path ({LONGEST_SOCKET_PATH} bytes); --run-dir takes a shorter one"
    );
    Ok(())
}

/// The file's settings, or none.
pub(super) fn settings(file: Option<&Path>) -> anyhow::Result<toml::Table> {
    let Some(file) = file else { return Ok(toml::Table::new()) };
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    text.parse().with_context(|| format!("configuration {}", file.display()))
}

/// `[masters] root`, if the settings have one.
pub(super) fn root_in(settings: &toml::Table) -> Option<PathBuf> {
    settings.get("masters")?.get("root")?.as_str().map(PathBuf::from)
}

/// Points the pool to its masters.
pub(super) fn set_masters(settings: &mut toml::Table, root: &Path, linked: bool) -> anyhow::Result<()> {
    let masters = section(settings, "masters")?;
    masters.insert("root".to_owned(), text(root)?);
    if linked {
        masters.insert("follow_symlinks".to_owned(), true.into());
    }
    Ok(())
}

/// Keeps the pool from writing anywhere but to the run directory.
pub(super) fn set_state(settings: &mut toml::Table, directory: &Path) -> anyhow::Result<()> {
    section(settings, "state")?.insert("directory".to_owned(), text(directory)?);
    Ok(())
}

/// Gives the pool the demo's socket. A public_url would send viewers of the demo to the real site.
pub(super) fn set_server(
    settings: &mut toml::Table,
    socket: &Path,
    workers: Option<u16>,
) -> anyhow::Result<()> {
    let server = section(settings, "server")?;
    server.insert("socket".to_owned(), text(socket)?);
    server.insert("cache".to_owned(), text(&socket.with_file_name("cache"))?);
    server.remove("public_url");
    if let Some(workers) = workers {
        server.insert("workers".to_owned(), i64::from(workers).into());
    }
    Ok(())
}

/// Has ids begin with the host that a client asks for, if it is one of these.
pub(super) fn trust_hosts(settings: &mut toml::Table, hosts: Vec<String>) -> anyhow::Result<()> {
    section(settings, "server")?.insert("trusted_hosts".to_owned(), hosts.into());
    Ok(())
}

fn section<'a>(settings: &'a mut toml::Table, name: &str) -> anyhow::Result<&'a mut toml::Table> {
    let section = settings.entry(name).or_insert_with(|| toml::Table::new().into());
    section.as_table_mut().ok_or_else(|| anyhow!("[{name}] is not a section in the configuration"))
}

fn text(path: &Path) -> anyhow::Result<toml::Value> {
    Ok(path.to_str().with_context(|| format!("{} is not UTF-8", path.display()))?.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_given_configuration_keeps_its_limits_and_loses_its_address() {
        let mut settings: toml::Table =
            "[server]\npublic_url = \"https://a.example/iiif\"\n[limits]\nmax_width = 9\n[masters]\nroot = \"/a\""
                .parse()
                .expect("TOML");
        assert_eq!(root_in(&settings), Some("/a".into()));
        set_masters(&mut settings, Path::new("/b"), true).expect("masters");
        set_server(&mut settings, Path::new("/run/s"), Some(2)).expect("server");
        set_state(&mut settings, Path::new("/run/state")).expect("state");
        trust_hosts(&mut settings, vec!["host:8182".to_owned()]).expect("hosts");
        let config = crate::config::Config::parse(&settings.to_string()).expect("a valid configuration");
        assert_eq!(config.serving.http.public_url, None);
        assert_eq!(config.serving.pool.workers, 2);
        assert_eq!(config.serving.masters.sources[0].directory(), Some(Path::new("/b")));
        assert!(config.serving.masters.follow_symlinks);
        assert_eq!(config.rendering.limits.max_width.get(), 9);
        assert_eq!(config.serving.state.directory, Path::new("/run/state"));
    }

    #[test]
    fn names_that_nginx_cannot_hold_are_refused() {
        assert!(check_name(Path::new("/home/a b/target/demo")).is_ok());
        assert!(check_name(Path::new("/home/a$b/demo")).is_err());
        assert!(check_name(&Path::new("/").join("x".repeat(100))).is_err());
    }

    #[test]
    fn a_directory_has_one_demo_at_a_time() {
        let directory = tempfile::tempdir().expect("a directory");
        let first = RunDir::claim(directory.path()).expect("free");
        let error = RunDir::claim(directory.path()).err().expect("taken");
        assert!(error.to_string().contains("a demo is running"), "{error}");
        drop(first);
        assert!(RunDir::claim(directory.path()).is_ok());
    }
}
