//! A process that looks at files ([`super::worker`]), from outside: it is asked, waited for, and replaced when it dies or
//! takes too long.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::Context;

use super::examine::Job;
use super::outcome::{Outcome, Verdict};
use crate::apart::outside::{Process, Silent, program};

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
    running: Option<Process>,
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
            None => self.start.process()?,
        };
        let give_up = Instant::now() + self.start.patience;
        match running.give(job).and_then(|()| running.line(give_up)) {
            Ok(answer) => {
                self.running = Some(running);
                serde_json::from_slice(&answer).context("a process that looks at files answers nonsense")
            }
            Err(Silent::Late) => {
                let seconds = self.start.patience.as_secs_f64();
                let why = format!("it was not done within {seconds} s (--timeout)");
                Ok(Outcome::failed(&job.file, Verdict::Broken, 0, why))
            }
            Err(Silent::Gone) => {
                let why = format!(
                    "it ends the process that looks at it, which is a fault of Recto: {}",
                    running.ended()
                );
                Ok(Outcome::failed(&job.file, Verdict::Broken, 0, why))
            }
        }
    }
}

impl Start {
    fn process(&self) -> anyhow::Result<Process> {
        let mut command = program("examine")?;
        if let Some(config) = &self.config {
            command.arg("--config").arg(config);
        }
        Process::start(&mut command).context("cannot look at files")
    }
}
