//! A process that works apart, from outside.

use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, kill_process};
use serde::Serialize;

/// No line is longer: a picture has at most some dozens of levels, and an info.json some kilobytes.
const LONGEST: usize = 16 << 20;

/// How long a process that says no more may take to end by itself, and how long one that is killed is waited for.
const PATIENCE: Duration = Duration::from_secs(1);

/// A process that works apart. It ends with this value.
pub(crate) struct Process {
    child: Child,
    jobs: ChildStdin,
    answers: ChildStdout,
    /// What was read of the next line.
    read: Vec<u8>,
}

/// Why there is no line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Silent {
    /// It takes too long.
    Late,
    /// It has ended.
    Gone,
}

/// This program, with a subcommand.
///
/// # Errors
/// If nobody knows where it is.
pub(crate) fn program(subcommand: &str) -> anyhow::Result<Command> {
    let mut command = Command::new(std::env::current_exe().context("where is this program?")?);
    command.arg(subcommand);
    Ok(command)
}

impl Process {
    /// # Errors
    /// If it cannot be started.
    pub(crate) fn start(command: &mut Command) -> anyhow::Result<Self> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // What it says of itself is in its answers; of how it ended, its status tells.
            .stderr(Stdio::null())
            .spawn()
            .context("cannot start another process")?;
        let (jobs, answers) =
            child.stdin.take().zip(child.stdout.take()).context("a process without pipes")?;
        Ok(Self { child, jobs, answers, read: Vec::new() })
    }

    /// Gives it a job.
    pub(crate) fn give(&mut self, job: &impl Serialize) -> Result<(), Silent> {
        let mut line = serde_json::to_vec(job).map_err(|_| Silent::Gone)?;
        line.push(b'\n');
        self.jobs.write_all(&line).map_err(|_| Silent::Gone)
    }

    /// The next line that it answers, if it comes in time.
    pub(crate) fn line(&mut self, give_up: Instant) -> Result<Vec<u8>, Silent> {
        loop {
            if let Some(end) = self.read.iter().position(|byte| *byte == b'\n') {
                let rest = self.read.split_off(end + 1);
                return Ok(std::mem::replace(&mut self.read, rest));
            }
            if !self.is_ready(give_up).map_err(|_| Silent::Gone)? {
                return Err(Silent::Late);
            }
            let mut block = [0; 1 << 16];
            match self.answers.read(&mut block) {
                Ok(0) => return Err(Silent::Gone),
                Ok(count) if self.read.len() + count <= LONGEST => self.read.extend(&block[..count]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Ok(_) | Err(_) => return Err(Silent::Gone),
            }
        }
    }

    /// Whether there is something to read before a time.
    fn is_ready(&self, give_up: Instant) -> io::Result<bool> {
        loop {
            let left = give_up.saturating_duration_since(Instant::now());
            let timeout = Timespec::try_from(left).map_err(io::Error::other)?;
            match poll(&mut [PollFd::new(&self.answers, PollFlags::IN)], Some(&timeout)) {
                Ok(count) => return Ok(count > 0),
                Err(rustix::io::Errno::INTR) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
    }

    /// Asks it to give up what it does. It may be gone already.
    pub(crate) fn ask_to_stop(&self) {
        let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
    }

    /// How it has ended, once it says no more: as it came to, if it does within a moment.
    pub(crate) fn ended(mut self) -> String {
        let status = self.wait();
        if status.is_none() {
            self.kill();
        }
        match status.map(|status: ExitStatus| (status.signal(), status.code())) {
            Some((Some(signal), _)) => format!("signal {signal}"),
            Some((None, Some(code))) => format!("status {code}"),
            _ => "no answer".to_owned(),
        }
    }

    /// Ends it. One that waits for a file system in vain ends when that answers: nobody waits for it.
    fn kill(&mut self) {
        let _ = self.child.kill();
        self.wait();
    }

    fn wait(&mut self) -> Option<ExitStatus> {
        let give_up = Instant::now() + PATIENCE;
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) => return Some(status),
                Ok(None) if Instant::now() < give_up => std::thread::sleep(Duration::from_millis(5)),
                _ => return None,
            }
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}
