//! What a worker may use up. setrlimit(2).

use rustix::process::Resource;

use crate::config::Config;
use crate::walls::limit;

/// Bytes of memory beside those of a request: the program's own, and what the heap has not given back.
const BASE: u64 = 256 << 20;

/// Descriptors: one for each connection that waits, and a few.
const DESCRIPTORS: u64 = 8192;

/// The most bytes that a worker has any use for: what all requests may take together, with a quarter more for what the
/// estimates are wrong by, and the indexes of the masters that it knows.
pub(super) fn memory(config: &Config) -> u64 {
    let requests = config.rendering.memory;
    let known = config.serving.known.known_bytes as u64;
    [requests, requests / 4, known, BASE].into_iter().fold(0, u64::saturating_add)
}

/// Sets all limits for this process. Where there is a lower one already, it stays.
///
/// None on the length of files: the log may be one that is longer than any that a worker should write.
pub(super) fn set(memory: u64) {
    // Unlike a limit on addresses this does not count files that are mapped, and masters are.
    limit(Resource::Data, memory);
    limit(Resource::Nofile, DESCRIPTORS);
    // No process or thread. It counts for all but root.
    limit(Resource::Nproc, 0);
}
