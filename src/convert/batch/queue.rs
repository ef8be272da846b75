//! What is still to be done, to which pages are added as they are found.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::entry::Entry;

/// How often those who wait for more look whether it is to end.
const TICK: Duration = Duration::from_millis(100);

/// An input, or one of its further pages.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) entry: Entry,
    /// From 2, if it is a further one.
    pub(super) page: Option<u32>,
    /// Its share of the bytes of the file.
    pub(super) bytes: u64,
}

/// What is still to be done.
pub(super) struct Queue {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

struct Waiting {
    parts: VecDeque<Part>,
    at_work: usize,
}

impl Queue {
    pub(super) fn of(entries: Vec<Entry>) -> Self {
        let part = |entry: Entry| Part { bytes: entry.weight(), page: None, entry };
        let parts = entries.into_iter().map(part).collect();
        Self { waiting: Mutex::new(Waiting { parts, at_work: 0 }), changed: Condvar::new() }
    }

    /// The next, to be given back by [`Queue::done`]; nothing once there is none, and none can come, or it is to end.
    pub(super) fn next(&self, is_over: impl Fn() -> bool) -> Option<Part> {
        let mut waiting = self.lock();
        while !is_over() {
            if let Some(part) = waiting.parts.pop_front() {
                waiting.at_work += 1;
                return Some(part);
            }
            if waiting.at_work == 0 {
                break;
            }
            let woken = self.changed.wait_timeout(waiting, TICK).unwrap_or_else(PoisonError::into_inner);
            waiting = woken.0;
        }
        None
    }

    /// Adds pages of one that is at work.
    pub(super) fn add(&self, parts: impl DoubleEndedIterator<Item = Part>) {
        let mut waiting = self.lock();
        parts.rev().for_each(|part| waiting.parts.push_front(part));
        self.changed.notify_all();
    }

    /// One that was taken is done.
    pub(super) fn done(&self) {
        self.lock().at_work -= 1;
        self.changed.notify_all();
    }

    /// How many are not done, those at work among them.
    pub(super) fn left(&self) -> usize {
        let waiting = self.lock();
        waiting.parts.len() + waiting.at_work
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
