//! What processes cost, as the kernel counts it.

use std::fs;

use anyhow::{Context, Result};

use super::memory::kilobytes;

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

/// Bytes of memory of a process that would be free again if it ended: Private_Clean and Private_Dirty.
pub fn private_memory(process: u32) -> Result<u64> {
    let text = fs::read_to_string(format!("/proc/{process}/smaps_rollup"))?;
    Ok(kilobytes(&text, "Private_Clean") + kilobytes(&text, "Private_Dirty"))
}
