//! A process that looks at files ([`super::worker`]), from outside: it is asked, waited for, and replaced when it dies or
//! takes too long.

use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::examine::Job;
use super::outcome::{Outcome, Verdict};

/// No answer is longer: a picture has at most some dozens of levels, and an info.json some kilobytes.
const LONGEST: usize = 16 << 20;

/// How such a process is started, and how long it may take.
#[derive(Clone, Debug)]
pub(super) struct Start {
    /// The configuration by which it judges; without one by the defaults.
    pub(super) config: Option<PathBuf>,
    /// How long it may look at one file.
    pub(super) patience: Duration,
}

/// A process that looks at files, which is started when there is something to look at.
pub(super) struct Looker {
    start: Start,
    running: Option<Running>,
}

struct Running {
    child: Child,
    jobs: ChildStdin,
    answers: ChildStdout,
    /// What was read of the answer.
    read: Vec<u8>,
}

/// Why there is no answer.
enum Silent {
    /// It takes too long.
    Late,
    /// It has ended.
    Gone,
}

impl Looker {
    pub(super) fn new(start: Start) -> Self {
        Self { start, running: None }
    }

    /// What is found out about a file, whatever it does to the process.
    ///
    /// # Errors
    /// If no process can be started, or it gives no sensible answer.
    pub(super) fn look(&mut self, job: &Job) -> anyhow::Result<Outcome> {
        let mut running = match self.running.take() {
            Some(running) => running,
            None => Running::start(&self.start)?,
        };
        match running.ask(job, self.start.patience) {
            Ok(answer) => {
                self.running = Some(running);
                serde_json::from_slice(&answer).context("a process that looks at files answers nonsense")
            }
            Err(Silent::Late) => {
                running.kill();
                let seconds = self.start.patience.as_secs_f64();
                let why = format!("it was not done within {seconds} s (--timeout)");
                Ok(Outcome::failed(&job.file, Verdict::Broken, 0, why))
            }
            Err(Silent::Gone) => {
                running.kill();
                let ended = running.child.try_wait()?.map_or_else(|| "no answer".to_owned(), ended);
                let why = format!("it ends the process that looks at it, which is a fault of Recto: {ended}");
                Ok(Outcome::failed(&job.file, Verdict::Broken, 0, why))
            }
        }
    }
}

impl Running {
    fn start(start: &Start) -> anyhow::Result<Self> {
        let mut command = Command::new(std::env::current_exe().context("where is this program?")?);
        command.arg("examine");
        if let Some(config) = &start.config {
            command.arg("--config").arg(config);
        }
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // What it says of itself is in its answers; of how it ended, its status tells.
            .stderr(Stdio::null())
            .spawn()
            .context("cannot start a process that looks at files")?;
        let (jobs, answers) =
            child.stdin.take().zip(child.stdout.take()).context("a process without pipes")?;
        Ok(Self { child, jobs, answers, read: Vec::new() })
    }

    /// The line that answers a job.
    fn ask(&mut self, job: &Job, patience: Duration) -> Result<Vec<u8>, Silent> {
        let mut line = serde_json::to_vec(job).map_err(|_| Silent::Gone)?;
        line.push(b'\n');
        self.jobs.write_all(&line).map_err(|_| Silent::Gone)?;
        let give_up = Instant::now() + patience;
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

    /// Ends it. One that waits for a file system in vain ends when that answers: nobody waits for it.
    fn kill(&mut self) {
        let _ = self.child.kill();
        let give_up = Instant::now() + Duration::from_secs(1);
        while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < give_up {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

fn ended(status: ExitStatus) -> String {
    match (status.signal(), status.code()) {
        (Some(signal), _) => format!("signal {signal}"),
        (None, Some(code)) => format!("status {code}"),
        (None, None) => "for a reason unknown".to_owned(),
    }
}
