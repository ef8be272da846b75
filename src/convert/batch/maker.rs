//! A process that converts ([`super::worker`]), from outside: it is asked, waited for, and replaced when it dies or takes
//! too long.

use std::time::{Duration, Instant};

use super::job::{Answer, Job, Outcome, Status};
use super::stop::Stop;
use crate::apart::outside::{Process, Silent, program};
use crate::convert::Blame;

/// How often it is looked whether the work is to end.
const TICK: Duration = Duration::from_millis(50);

/// How long a process may take to give up what it does.
const GRACE: Duration = Duration::from_secs(5);

/// A process that converts, which is started when there is something to convert.
pub(super) struct Maker<'a> {
    stop: &'a Stop,
    /// How long a file may take.
    timeout: Option<Duration>,
    /// Bytes of memory that it may take.
    memory: u64,
    running: Option<Process>,
}

impl<'a> Maker<'a> {
    pub(super) fn new(stop: &'a Stop, timeout: Option<Duration>, memory: u64) -> Self {
        Self { stop, timeout, memory, running: None }
    }

    /// What comes of a job, whatever it does to the process; `hear` is told the answers before the last.
    pub(super) fn make(&mut self, job: &Job, hear: impl FnMut(Answer)) -> Outcome {
        let started = match self.running.take() {
            Some(running) => Ok(running),
            None => program("transform")
                .and_then(|mut command| Process::start(command.arg("--memory").arg(self.memory.to_string()))),
        };
        match started {
            Ok(process) => self.ask(process, job, hear),
            Err(error) => {
                Outcome { is_of_all: true, ..Outcome::failed(Blame::Machine, format!("{error:#}")) }
            }
        }
    }

    /// Whether the process has ended, and may have left something.
    pub(super) fn has_ended(&self) -> bool {
        self.running.is_none()
    }

    fn ask(&mut self, mut process: Process, job: &Job, mut hear: impl FnMut(Answer)) -> Outcome {
        let (begun, mut asked) = (Instant::now(), None::<Instant>);
        let mut silent = process.give(job).err();
        loop {
            if let Some(Silent::Gone) = silent {
                return self.gone(process);
            }
            if self.stop.is_set() {
                if asked.get_or_insert_with(|| now_asked(&process)).elapsed() > GRACE {
                    return Outcome::new(Status::Stopped, "it had to be killed");
                }
            } else if self.timeout.is_some_and(|timeout| begun.elapsed() > timeout) {
                let seconds = self.timeout.unwrap_or_default().as_secs();
                return Outcome::failed(
                    Blame::Input,
                    format!("it was not done within {seconds} s (--timeout)"),
                );
            }
            match process.line(Instant::now() + TICK) {
                Ok(line) => match serde_json::from_slice(&line) {
                    Ok(Answer::Ended(outcome)) => return self.answered(process, *outcome),
                    Ok(answer) => hear(answer),
                    Err(_) => {
                        return Outcome::failed(Blame::Recto, "a process that converts answers nonsense");
                    }
                },
                Err(why) => silent = Some(why),
            }
        }
    }

    /// The answer; the process is kept for the next, unless somebody else has told it to stop.
    fn answered(&mut self, process: Process, outcome: Outcome) -> Outcome {
        if outcome.status == Status::Stopped && !self.stop.is_set() {
            return Outcome::failed(Blame::Machine, "the process that converts it was told to stop");
        }
        self.running = Some(process);
        outcome
    }

    /// What a process that has ended leaves to be said.
    fn gone(&self, process: Process) -> Outcome {
        let ended = process.ended();
        if self.stop.is_set() {
            return Outcome::new(Status::Stopped, "stopped before it was done");
        }
        let why = match &*ended {
            // Not ours: it is killed by the kernel, or by who runs this.
            "signal 9" => {
                "the process that converts it was killed; if memory is short, fewer --jobs take less"
            }
            _ => "it ends the process that converts it, which is a fault of Recto, or of a library",
        };
        let blame = if ended == "signal 9" { Blame::Machine } else { Blame::Recto };
        Outcome::failed(blame, format!("{why} ({ended})"))
    }
}

fn now_asked(process: &Process) -> Instant {
    process.ask_to_stop();
    Instant::now()
}
