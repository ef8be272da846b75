//! The process that converts, from inside: what a hostile file does to it, it does to nobody else; `super::maker` starts
//! another.

use std::fs;
use std::io::{self, BufRead, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::flag;

use super::job::{Answer, Existing, Job, Outcome, Status, Task};
use super::walk::inode;
use crate::apart::inside;
use crate::convert::{self, Blame, Failure, Order};
use crate::format::budget;
use crate::master::Master;

/// How often it is told how far the work has got.
const PAUSE: Duration = Duration::from_millis(100);

/// Bytes that a picture may take which can only be decoded as a whole: a progressive JPEG of 300 megapixels, or the largest
/// WebP that there can be.
const WHOLE: u64 = 2 << 30;

/// Answers until there are no more jobs.
///
/// # Errors
/// If its input is no job, or nobody takes its answers.
pub fn run(memory: u64) -> anyhow::Result<()> {
    inside::begin(memory)?;
    budget::raise(WHOLE.min(memory));
    let (stop, too_large) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        flag::register(signal, Arc::clone(&stop))?;
    }
    // A file that may not grow any more is an error like others.
    flag::register(SIGXFSZ, too_large)?;
    // Where memory ends, rather this process than another.
    let _ = fs::write("/proc/self/oom_score_adj", "800");
    for line in io::stdin().lock().lines() {
        let job: Job = serde_json::from_str(&line?)?;
        let outcome = inside::caught(|| Work { job: &job, stop: &stop }.run());
        let mut outcome = outcome.unwrap_or_else(|panic| {
            Outcome::failed(Blame::Recto, format!("Recto panics at it, which is a fault of Recto: {panic}"))
        });
        outcome.notes.extend(inside::notes());
        say(&Answer::Ended(Box::new(outcome)))?;
    }
    Ok(())
}

fn say(answer: &Answer) -> io::Result<()> {
    let mut line = serde_json::to_vec(answer)?;
    line.push(b'\n');
    let mut out = io::stdout().lock();
    out.write_all(&line)?;
    out.flush()
}

/// A job at work.
struct Work<'a> {
    job: &'a Job,
    stop: &'a AtomicBool,
}

impl Work<'_> {
    fn run(&self) -> Outcome {
        self.outcome().unwrap_or_else(|failure| Outcome::of_failure(&failure, &self.job.input))
    }

    fn outcome(&self) -> Result<Outcome, Failure> {
        let Job { input, output, wish, .. } = self.job;
        let pages = if self.job.page.is_none() { convert::pages(input)? } else { 1 };
        let page = self.job.page.unwrap_or(1);
        let pixels = convert::size(input, page)?.area();
        // Who does not listen any more ends this process.
        let _ = say(&Answer::Opened { pages, pixels });
        if self.job.task == Task::Count {
            return Ok(Outcome::new(Status::There, ""));
        }
        let order = Order { input: input.clone(), page, output: output.clone() };
        if let Some(outcome) = self.existing(&order)? {
            return Ok(Outcome { pixels, ..outcome });
        }
        if self.job.task == Task::Decide {
            return Ok(Outcome::of_decision(&convert::decide(&order, wish)?, pixels));
        }
        let told = Told::default();
        let report = convert::convert(&order, wish, self.job.hands, &|more| told.add(more), self.stop)?;
        Ok(Outcome::of_report(&report))
    }

    /// What comes of a job whose result has a name that is taken; nothing if it is to be done.
    fn existing(&self, order: &Order) -> Result<Option<Outcome>, Failure> {
        let Order { input, output, .. } = order;
        let Ok(there) = fs::symlink_metadata(output) else { return Ok(None) };
        let shown = output.display();
        let refused = |why: String| Ok(Some(Outcome::failed(Blame::Wish, why)));
        if there.is_dir() {
            return refused(format!("{shown} is a directory"));
        }
        if is_same(input, output) {
            return refused("it would be overwritten by its own result".to_owned());
        }
        match self.job.existing {
            Existing::Replace => Ok(None),
            Existing::Refuse => refused(format!(
                "{shown} is there already: --skip-existing leaves what is its result, --force replaces it"
            )),
            Existing::Skip if convert::is_result_of(order, &self.job.wish)? => {
                Ok(Some(Outcome::new(Status::There, "its result is there already")))
            }
            Existing::Skip if is_result(output) => Ok(None),
            Existing::Skip => {
                refused(format!("{shown} is there, and no result of recto convert: --force replaces it"))
            }
        }
    }
}

/// Whether a file was made by this.
fn is_result(path: &Path) -> bool {
    Master::open(path).is_ok_and(|master| matches!(master.seal(), Ok(Some(_))))
}

/// Whether both lead to one file.
fn is_same(one: &Path, other: &Path) -> bool {
    let of = |path| fs::metadata(path).ok().map(|is| inode(&is));
    of(one).is_some() && of(one) == of(other)
}

/// Pixels that are done, told now and then.
struct Told {
    begun: Instant,
    /// Milliseconds from the beginning to when it was told last.
    last: AtomicU64,
    more: AtomicU64,
}

impl Default for Told {
    fn default() -> Self {
        Self { begun: Instant::now(), last: AtomicU64::new(0), more: AtomicU64::new(0) }
    }
}

impl Told {
    fn add(&self, pixels: u64) {
        self.more.fetch_add(pixels, Ordering::Relaxed);
        let now = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        let last = self.last.load(Ordering::Relaxed);
        let is_time = u128::from(now.saturating_sub(last)) >= PAUSE.as_millis();
        // Of several threads one tells it.
        if is_time && self.last.compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
            let _ = say(&Answer::More(self.more.swap(0, Ordering::Relaxed)));
        }
    }
}
