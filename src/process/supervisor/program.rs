//! The program that runs, and another one at its path, which an upgrade has put there: tried out by a rehearsal in a process
//! of its own, and then run in place of this one, in the same process. execve(2).

use std::fs::{self, File};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use super::Options;

/// The file that is run, whatever has become of its path: all workers are of the program that their supervisor is of.
const RUNNING: &str = "/proc/self/exe";

/// The exit status of a rehearsal in which all went well but that the program cannot go on with the workers that are
/// there (EX_DATAERR of sysexits.h).
pub const STRANGER: u8 = 65;

/// How long a rehearsal may take.
const LIMIT: Duration = Duration::from_secs(20);

/// The program that runs.
#[derive(Clone, Debug)]
pub(super) struct Program {
    /// Where its successor will be.
    pub(super) path: PathBuf,
}

/// A rehearsal that has not ended.
#[derive(Debug)]
pub(super) struct Rehearsal {
    child: Child,
    program: File,
    started: Instant,
}

/// How a rehearsal went.
#[derive(Debug)]
pub(super) enum Outcome {
    /// The program can go on with the workers that are there.
    GoesOn(File),
    /// It can serve, but has to begin anew.
    BeginsAnew(File),
    /// It cannot serve.
    Fails(String),
}

impl Program {
    /// This one.
    ///
    /// # Errors
    /// If the system does not tell.
    pub(super) fn this() -> io::Result<Self> {
        Ok(Self { path: std::env::current_exe()? })
    }

    /// Another one at its path, open: no later upgrade changes what was tried out.
    pub(super) fn newer(&self) -> Option<File> {
        let identity = |it: fs::Metadata| (it.dev(), it.ino());
        // Its inode is in use, so no other file has that number.
        let running = fs::metadata(RUNNING).ok().map(identity)?;
        let file = File::open(&self.path).ok()?;
        (file.metadata().ok().map(identity)? != running).then_some(file)
    }

    /// This program once more, for a worker.
    pub(super) fn again(&self) -> Command {
        let mut command = Command::new(RUNNING);
        command.arg0(&self.path);
        command
    }

    /// Another program, with the arguments of this one, and `letter` as its standard input.
    fn other(&self, file: &File, options: &Options, letter: OwnedFd) -> Command {
        let mut command = Command::new(Path::new("/proc/self/fd").join(file.as_raw_fd().to_string()));
        command.arg0(&self.path).arg("serve").arg("--config").arg(&options.config);
        if let Some(pid_file) = &options.pid_file {
            command.arg("--pid-file").arg(pid_file);
        }
        command.stdin(Stdio::from(letter));
        // What systemd handed over is in the letter.
        command.env_remove("LISTEN_PID").env_remove("LISTEN_FDS").env_remove("LISTEN_FDNAMES");
        command
    }

    /// Runs `file` in place of this program. Comes back only if that fails.
    pub(super) fn give_way(&self, file: &File, options: &Options, letter: OwnedFd) -> io::Error {
        let error = self.other(file, options, letter).exec();
        // It has changed what becomes of a log that nobody reads.
        let _ = signal_hook::flag::register(signal_hook::consts::SIGPIPE, std::sync::Arc::default());
        error
    }

    /// Tries out whether `file` could take the place of this program with what is in `letter`.
    ///
    /// # Errors
    /// If it cannot even be started.
    pub(super) fn rehearse(
        &self,
        file: File,
        options: &Options,
        letter: OwnedFd,
        now: Instant,
    ) -> io::Result<Rehearsal> {
        let child = self.other(&file, options, letter).arg("--rehearse").stdout(Stdio::null()).spawn()?;
        Ok(Rehearsal { child, program: file, started: now })
    }
}

impl Rehearsal {
    /// How it went, if it has ended.
    pub(super) fn outcome(&mut self, now: Instant) -> Option<Outcome> {
        let status = match self.child.try_wait() {
            Ok(Some(status)) => status,
            Ok(None) if now.saturating_duration_since(self.started) < LIMIT => return None,
            Ok(None) => return Some(Outcome::Fails(format!("it is not ready after {LIMIT:?}"))),
            Err(error) => return Some(Outcome::Fails(error.to_string())),
        };
        Some(match self.program.try_clone() {
            Ok(program) => self.judged(status, program),
            Err(error) => Outcome::Fails(error.to_string()),
        })
    }

    fn judged(&self, status: ExitStatus, program: File) -> Outcome {
        match status.code() {
            Some(0) => Outcome::GoesOn(program),
            Some(code) if code == i32::from(STRANGER) => Outcome::BeginsAnew(program),
            _ => Outcome::Fails(format!("{status}; its message stands above, if it had one")),
        }
    }
}

impl Drop for Rehearsal {
    fn drop(&mut self) {
        // An error means that it has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
