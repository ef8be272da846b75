//! What a process has of the supervisor that started it.

use std::os::fd::RawFd;
use std::path::PathBuf;

use anyhow::ensure;
use rustix::process::{Signal, getppid, set_parent_process_death_signal};

/// Has this process end with its supervisor, which alone starts and ends it, and holds it to a deadline.
///
/// # Errors
/// If the supervisor is gone already.
pub(crate) fn end_with(supervisor: u32) -> anyhow::Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    // It may have died before that call.
    let parent = getppid().and_then(|parent| u32::try_from(parent.as_raw_nonzero().get()).ok());
    ensure!(parent == Some(supervisor), "the supervisor {supervisor} is gone");
    Ok(())
}

/// By this name an inherited descriptor can be opened without trusting a number.
pub(crate) fn descriptor_path(descriptor: RawFd) -> PathBuf {
    format!("/proc/self/fd/{descriptor}").into()
}
