//! What a worker may use up. setrlimit(2).

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::config::Config;
use crate::format::MAX_BYTES;

/// Bytes of memory beside those of a request: the program's own, and what the heap has not given back.
const BASE: u64 = 256 << 20;

/// Most bytes that an encoder takes for a pixel: those of AVIF.
const ENCODED: u64 = 20;

/// Descriptors: one for each connection that waits, and a few.
const DESCRIPTORS: u64 = 8192;

/// The most bytes that a worker has any use for: a flat master decoded, the largest picture being written, and the
/// indexes of the masters that it knows.
pub(super) fn memory(config: &Config) -> u64 {
    let area = config.rendering.limits.max_area.get();
    let known = config.serving.known.known_bytes as u64;
    [MAX_BYTES, area.saturating_mul(ENCODED), known, BASE].into_iter().fold(0, u64::saturating_add)
}

/// Sets all limits for this process. Where there is a lower one already, it stays.
///
/// None on the length of files: the log may be one that is longer than any that a worker should write.
pub(super) fn set(memory: u64) {
    // No pieces of masters in a core file.
    limit(Resource::Core, 0);
    // Unlike a limit on addresses this does not count files that are mapped, and masters are.
    limit(Resource::Data, memory);
    limit(Resource::Nofile, DESCRIPTORS);
    // No process or thread. It counts for all but root.
    limit(Resource::Nproc, 0);
}

fn limit(resource: Resource, most: u64) {
    let allowed = getrlimit(resource).maximum.unwrap_or(u64::MAX).min(most);
    // Nobody is refused to lower a limit.
    let _ = setrlimit(resource, Rlimit { current: Some(allowed), maximum: Some(allowed) });
}
