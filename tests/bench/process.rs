//! What processes cost, as the kernel counts it.

use std::fs;
use std::ops::AddAssign;

use anyhow::{Context, Result};

/// Bytes of memory.
#[derive(Clone, Copy, Default)]
pub struct Memory {
    /// That would be free again if the process ended: Private_Clean and Private_Dirty.
    pub private: u64,
    /// With its share of what it has in common with others.
    pub proportional: u64,
}

impl AddAssign for Memory {
    fn add_assign(&mut self, other: Self) {
        self.private += other.private;
        self.proportional += other.proportional;
    }
}

/// A process's children.
pub fn children(process: u32) -> Result<Vec<u32>> {
    let list = fs::read_to_string(format!("/proc/{process}/task/{process}/children"))?;
    list.split_whitespace().map(|child| Ok(child.parse()?)).collect()
}

/// Nanoseconds that all threads of a process have been on a CPU, in user mode and in the kernel.
pub fn cpu(process: u32) -> Result<u64> {
    let mut sum = 0;
    for task in fs::read_dir(format!("/proc/{process}/task")).context("a server has ended")? {
        let text = fs::read_to_string(task?.path().join("schedstat"))?;
        sum += text.split_whitespace().next().context("an empty schedstat")?.parse::<u64>()?;
    }
    Ok(sum)
}

/// The memory of a process now.
pub fn memory(process: u32) -> Result<Memory> {
    let text = fs::read_to_string(format!("/proc/{process}/smaps_rollup"))?;
    let field = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        let kilobytes: u64 = line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0);
        kilobytes << 10
    };
    Ok(Memory { private: field("Private_Clean") + field("Private_Dirty"), proportional: field("Pss") })
}
