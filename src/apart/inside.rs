//! A process that works apart, from inside.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};

use log::{LevelFilter, Log, Metadata, Record};
use rustix::process::{Resource, Signal, set_parent_process_death_signal};

use crate::walls::limit;

/// More remarks about one file are not told.
const MOST_NOTES: usize = 20;

/// Has this process end with the one that started it, leave no core, take no more memory than this for its data, and keep
/// what it would log and how it panics. To be called once, before any work.
///
/// # Errors
/// If there is a log already.
pub(crate) fn begin(memory: u64) -> anyhow::Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    limit(Resource::Core, 0);
    limit(Resource::Data, memory);
    log::set_logger(&NOTES)?;
    log::set_max_level(LevelFilter::Warn);
    std::panic::set_hook(Box::new(|panic| {
        let payload = panic.payload();
        let text = payload.downcast_ref::<&str>().copied();
        let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
        let text = text.unwrap_or("for a reason unknown").replace('\n', " ");
        let place = panic.location().map_or_else(String::new, |place| format!(" ({place})"));
        // The first one: others follow from it.
        lock(&PANIC).get_or_insert(format!("{text}{place}"));
    }));
    Ok(())
}

/// What comes of the work, or the text of the panic in which it ends.
pub(crate) fn caught<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    let done = catch_unwind(AssertUnwindSafe(work));
    let panic = lock(&PANIC).take();
    done.map_err(|_| panic.unwrap_or_else(|| "for a reason unknown".to_owned()))
}

/// What readers have warned of since this was asked last, such as a broken profile.
pub(crate) fn notes() -> Vec<String> {
    std::mem::take(&mut *lock(&NOTES.0))
}

fn lock<T>(shared: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

static PANIC: Mutex<Option<String>> = Mutex::new(None);

struct Notes(Mutex<Vec<String>>);

static NOTES: Notes = Notes(Mutex::new(Vec::new()));

impl Log for Notes {
    fn enabled(&self, metadata: &Metadata) -> bool {
        metadata.level() <= LevelFilter::Warn
    }

    fn log(&self, record: &Record) {
        let mut notes = lock(&self.0);
        let note = record.args().to_string();
        if self.enabled(record.metadata()) && notes.len() < MOST_NOTES && !notes.contains(&note) {
            notes.push(note);
        }
    }

    fn flush(&self) {}
}
