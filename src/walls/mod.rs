//! Walls that a process puts up around itself, as those of the pool have them in common. Each stands by itself, and what one
//! kernel lacks another wall often covers: files and ports by Landlock, system calls by seccomp, resources by limits.

pub(crate) mod calls;
pub(crate) mod files;

use rustix::process::{DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit};

/// Lowers a limit of this process. Where there is a lower one already, it stays.
pub(crate) fn limit(resource: Resource, most: u64) {
    let allowed = getrlimit(resource).maximum.unwrap_or(u64::MAX).min(most);
    // Nobody is refused to lower a limit.
    let _ = setrlimit(resource, Rlimit { current: Some(allowed), maximum: Some(allowed) });
}

/// Closes the memory of this process: no core file, and no other process of the same user looks into it.
///
/// # Errors
/// If it stays open.
pub(crate) fn close_memory() -> Result<(), String> {
    limit(Resource::Core, 0);
    set_dumpable_behavior(DumpableBehavior::NotDumpable)
        .map_err(|error| format!("its memory is open to the same user's processes: {error}"))
}
