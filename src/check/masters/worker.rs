//! The process that looks at files: it reads jobs from its standard input, a line of JSON each, and answers each with a
//! line on its standard output. What a hostile file does to it, it does to nobody else: `super::child` starts another.
//!
//! Decoders in C (OpenJPEG, libjpeg-turbo, libwebp) stand behind it, and memory that only the kernel can refuse; so the
//! server has processes for that, and so has this. A thread, or a look at the clock, could end neither.

use std::io::{self, BufRead, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};

use log::{LevelFilter, Log, Metadata, Record};
use rustix::process::{Resource, Rlimit, Signal, getrlimit, set_parent_process_death_signal, setrlimit};

use super::examine::{Examiner, Job};
use super::outcome::{Outcome, Verdict};
use crate::config::Config;

/// Bytes of memory beside what requests may take: the program's own, and caches.
const BASE: u64 = 256 << 20;

/// More remarks about one file are not told.
const MOST_NOTES: usize = 20;

/// Answers until there are no more jobs.
///
/// # Errors
/// If its input is no job, or nobody takes its answers.
pub fn run(config: Config) -> anyhow::Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    limit(Resource::Core, 0);
    // As a worker of the server: what fits there fits here.
    let memory = config.rendering.memory;
    limit(Resource::Data, memory.saturating_add(memory / 4).saturating_add(BASE));
    log::set_logger(&NOTES)?;
    log::set_max_level(LevelFilter::Warn);
    // What it says of itself is in the answer.
    std::panic::set_hook(Box::new(|_| ()));
    let (mut examiner, mut out) = (Examiner::new(config), io::stdout().lock());
    for line in io::stdin().lock().lines() {
        let job: Job = serde_json::from_str(&line?)?;
        let outcome = catch_unwind(AssertUnwindSafe(|| examiner.examine(&job)));
        let mut outcome = outcome.unwrap_or_else(|panic| panicked(&job, &*panic));
        let notes = NOTES.take();
        // Of what was not opened the answer says all.
        if outcome.bytes > 0 {
            outcome.notes.extend(notes);
        }
        serde_json::to_writer(&mut out, &outcome)?;
        out.write_all(b"\n")?;
        out.flush()?;
    }
    Ok(())
}

fn panicked(job: &Job, panic: &(dyn std::any::Any + Send)) -> Outcome {
    let text = panic.downcast_ref::<&str>().copied();
    let text =
        text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("for a reason unknown");
    let why = format!("Recto panics when it looks at it, which is a fault of Recto: {text}");
    Outcome::failed(&job.file, Verdict::Broken, 0, why)
}

fn limit(resource: Resource, most: u64) {
    let allowed = getrlimit(resource).maximum.unwrap_or(u64::MAX).min(most);
    // Nobody is refused to lower a limit.
    let _ = setrlimit(resource, Rlimit { current: Some(allowed), maximum: Some(allowed) });
}

/// What readers warn of meanwhile, such as a broken profile.
struct Notes(Mutex<Vec<String>>);

static NOTES: Notes = Notes(Mutex::new(Vec::new()));

impl Notes {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Log for Notes {
    fn enabled(&self, metadata: &Metadata) -> bool {
        metadata.level() <= LevelFilter::Warn
    }

    fn log(&self, record: &Record) {
        let mut notes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let note = record.args().to_string();
        if self.enabled(record.metadata()) && notes.len() < MOST_NOTES && !notes.contains(&note) {
            notes.push(note);
        }
    }

    fn flush(&self) {}
}
