//! The process that looks at files, from inside: what a hostile file does to it, it does to nobody else; `super::child`
//! starts another.

use std::io::{self, BufRead, Write};

use super::examine::{Examiner, Job};
use super::outcome::{Outcome, Verdict};
use crate::apart::inside;
use crate::config::Config;

/// Bytes of memory beside what requests may take: the program's own, and caches.
const BASE: u64 = 256 << 20;

/// Answers until there are no more jobs.
///
/// # Errors
/// If its input is no job, or nobody takes its answers.
pub fn run(config: Config) -> anyhow::Result<()> {
    // As a worker of the server: what fits there fits here.
    let memory = config.rendering.memory;
    inside::begin(memory.saturating_add(memory / 4).saturating_add(BASE))?;
    let (mut examiner, mut out) = (Examiner::new(config), io::stdout().lock());
    for line in io::stdin().lock().lines() {
        let job: Job = serde_json::from_str(&line?)?;
        let mut outcome =
            inside::caught(|| examiner.examine(&job)).unwrap_or_else(|panic| panicked(&job, &panic));
        let notes = inside::notes();
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

fn panicked(job: &Job, panic: &str) -> Outcome {
    let why = format!("Recto panics when it looks at it, which is a fault of Recto: {panic}");
    Outcome::failed(&job.file, Verdict::Broken, 0, why)
}
