//! Whether the work is to end before it is done: who runs it says so by a signal, or it cannot go on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use anyhow::Context;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag;

/// Whether the work is to end.
#[derive(Debug, Default)]
pub(super) struct Stop {
    /// The signal that came, or 0.
    signal: Arc<AtomicUsize>,
    halted: AtomicBool,
}

impl Stop {
    /// From now on the first signal has the work end in order; the second ends the program.
    ///
    /// # Errors
    /// If nobody can listen for signals.
    pub(super) fn listen() -> anyhow::Result<Self> {
        let (stop, came) = (Self::default(), Arc::new(AtomicBool::new(false)));
        for number in [SIGINT, SIGTERM, SIGHUP] {
            let signal = Arc::clone(&stop.signal);
            // In the order in which they are called: the first of them knows nothing of the signal that is there.
            flag::register_conditional_default(number, Arc::clone(&came))
                .and_then(|_| flag::register(number, Arc::clone(&came)))
                .and_then(|_| flag::register_usize(number, signal, number.unsigned_abs() as usize))
                .context("cannot listen for signals")?;
        }
        Ok(stop)
    }

    /// The work cannot go on.
    pub(super) fn halt(&self) {
        self.halted.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_set(&self) -> bool {
        self.halted.load(Ordering::Relaxed) || self.signal().is_some()
    }

    /// The number of the signal that came.
    pub(super) fn signal(&self) -> Option<u8> {
        u8::try_from(self.signal.load(Ordering::Relaxed)).ok().filter(|number| *number > 0)
    }
}
