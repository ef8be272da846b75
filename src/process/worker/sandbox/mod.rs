//! The walls around a worker, put up when all that it needs is open and before it hears of its first request. Whoever
//! takes it over, by a hostile master or by a hostile request, finds masters to read, the state directory to write, and
//! the connections that it is given: no other file, no network, no program, no other process.
//!
//! Each wall stands by itself, and what one kernel lacks another wall often covers: files by Landlock, system calls by
//! seccomp, resources by limits. A worker goes on without those that cannot be put up; the supervisor says which, once.

mod calls;
mod files;
mod limits;

use std::fs::File;
use std::iter;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::PathBuf;

use rustix::time::ClockId;

use crate::config::Config;
use crate::walls::close_memory;

/// What a worker needs once it is inside, beside the masters.
#[derive(Clone, Debug)]
pub struct Needs {
    /// Whether links may lead out of the directories of masters. Then all that the user of the service may read can be read:
    /// nobody knows beforehand where links will lead.
    everywhere: bool,
    /// The directory that it reads and writes.
    state: PathBuf,
    /// Bytes of memory that the dearest request may take.
    memory: u64,
}

impl Needs {
    /// By the configuration.
    pub fn of(config: &Config) -> Self {
        Self {
            everywhere: config.serving.masters.follow_symlinks,
            state: config.serving.state.directory.clone(),
            memory: limits::memory(config),
        }
    }
}

/// Confines this process, which must have one thread as yet. `masters` are the directories of masters, as they were opened:
/// mounts that are added beneath them later are within them.
///
/// Returns which walls cannot be put up, and why.
pub fn confine<'m>(needs: &Needs, masters: impl Iterator<Item = BorrowedFd<'m>>) -> Vec<String> {
    // These are looked up in /proc, or by calls that are refused later, and then known.
    let _ = (rustix::param::page_size(), rustix::time::clock_gettime(ClockId::Monotonic));
    limits::set(needs.memory);
    close_memory().err().into_iter().chain(walls(needs, masters)).collect()
}

/// Which walls no worker can put up on this machine, and why: tried out, in a thread that then ends.
pub fn lacking(config: &Config) -> Vec<String> {
    let needs = Needs::of(config);
    let attempt =
        move || File::open("/").map(|root| walls(&needs, iter::once(root.as_fd()))).unwrap_or_default();
    let attempt = std::thread::Builder::new().name("sandbox".into()).spawn(attempt);
    attempt.ok().and_then(|attempt| attempt.join().ok()).unwrap_or_default()
}

/// The walls around the calling thread and those that it will start.
fn walls<'m>(needs: &Needs, masters: impl Iterator<Item = BorrowedFd<'m>>) -> Vec<String> {
    // In this order: behind the second the calls for the first are refused.
    [files::confine(needs, masters), calls::confine()].into_iter().filter_map(Result::err).collect()
}
