//! One file that is being converted: what all parts of the work have to know of it. Pure.

use std::sync::atomic::{AtomicBool, Ordering};

use super::Order;
use super::decision::{Decision, Way};
use super::rows::Source;
use super::wish::Wish;

/// One file, and all that says what becomes of it.
pub(super) struct Job<'a> {
    pub(super) order: &'a Order,
    pub(super) wish: &'a Wish,
    pub(super) decision: &'a Decision,
    pub(super) source: &'a Source,
    /// Threads that read, and as many that compress.
    pub(super) hands: usize,
    /// Is told pixels of the full level that are done.
    pub(super) progress: &'a (dyn Fn(u64) + Sync),
    /// Ends the work.
    pub(super) stop: &'a AtomicBool,
}

impl Job<'_> {
    /// Whether the work is to end.
    pub(super) fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Whether no pixel of the full level may change.
    pub(super) fn is_lossless(&self) -> bool {
        self.decision.way != Way::Encode || self.decision.compression.is_lossless()
    }
}
