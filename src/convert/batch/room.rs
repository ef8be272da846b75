//! How much of the machine there is: what decides how many files are worked on at a time.

use std::fs;
use std::path::Path;
use std::thread;

/// Bytes that a file takes at most while it is converted, but for kinds that can only be decoded as a whole.
const OF_A_FILE: u64 = 512 << 20;

/// No process that converts is limited to less.
const LEAST: u64 = 1 << 30;

/// What there is to work with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    pub(super) cores: usize,
    /// Bytes of memory; nothing if nobody tells.
    memory: Option<u64>,
}

impl Room {
    /// Of this machine, or what of it this process may take.
    pub(super) fn here() -> Self {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        Self { cores, memory: free().into_iter().chain(granted()).min() }
    }

    /// How many of so many files are worked on at a time: one for each core, if memory is there for so many.
    pub(super) fn jobs(self, files: usize) -> usize {
        let fitting = self.memory.map_or(u64::MAX, |memory| memory / OF_A_FILE);
        self.cores.min(usize::try_from(fitting).unwrap_or(usize::MAX)).min(files).max(1)
    }

    /// How much memory one process may take: a file that wants more than there is fails alone.
    pub(super) fn most(self) -> u64 {
        self.memory.map_or(u64::MAX, |memory| memory.max(LEAST))
    }
}

/// What the machine has to give.
fn free() -> Option<u64> {
    let table = fs::read_to_string("/proc/meminfo").ok()?;
    let line = table.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kilobytes: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    kilobytes.checked_mul(1024)
}

/// What the control group of this process may take, as in a container, or by systemd.
fn granted() -> Option<u64> {
    let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
    let below = groups.lines().find_map(|line| line.strip_prefix("0::/"))?;
    let limit = Path::new("/sys/fs/cgroup").join(below).join("memory.max");
    fs::read_to_string(limit).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_files_at_a_time_as_there_are_cores_and_memory() {
        let room = |cores, megabytes: Option<u64>| Room { cores, memory: megabytes.map(|of| of << 20) };
        for (room, files, expected) in [
            (room(8, None), 100, 8),
            (room(8, Some(100_000)), 3, 3),
            (room(8, Some(2048)), 100, 4),
            (room(8, Some(100)), 100, 1),
            (room(1, Some(100_000)), 0, 1),
        ] {
            assert_eq!(room.jobs(files), expected, "{room:?}");
        }
    }
}
