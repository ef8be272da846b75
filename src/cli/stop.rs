//! Long work that ends in order when somebody wants it to.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::Context;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag;

/// The exit status of what was ended by a signal before it was done, as shells have it for SIGINT.
pub(super) const STOPPED: u8 = 130;

/// What becomes true with the first signal to end; the second one ends the program at once.
///
/// # Errors
/// If signals cannot be caught.
pub(super) fn on_signals() -> anyhow::Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        // In this order: what asks comes before what sets.
        flag::register_conditional_shutdown(signal, STOPPED.into(), Arc::clone(&stop))
            .and_then(|_| flag::register(signal, Arc::clone(&stop)))
            .context("cannot catch signals")?;
    }
    Ok(stop)
}
