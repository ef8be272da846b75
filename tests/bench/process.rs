//! What processes cost, as the kernel counts it.

use std::fs;

use anyhow::{Context, Result};

use super::memory::kilobytes;

/// A process's children.
pub fn children(process: u32) -> Result<Vec<u32>> {
    let list = fs::read_to_string(format!("/proc/{process}/task/{process}/children"))?;
    list.split_whitespace().map(|child| Ok(child.parse()?)).collect()
}

/// Nanoseconds that a process has been on a CPU, in user mode and in the kernel: to the nanosecond if it has one thread;
/// else in ticks of the kernel's clock, which count threads that have ended as well.
pub fn cpu(process: u32) -> Result<u64> {
    let threads = fs::read_dir(format!("/proc/{process}/task")).context("a server has ended")?.count();
    if threads == 1 {
        let text = fs::read_to_string(format!("/proc/{process}/schedstat"))?;
        return Ok(text.split_whitespace().next().context("an empty schedstat")?.parse()?);
    }
    let text = fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The name in parentheses may hold anything; utime and stime are the 12th and 13th field after it.
    let (_, fields) = text.rsplit_once(')').context("a stat without a name")?;
    let ticks: Vec<u64> =
        fields.split_whitespace().skip(11).take(2).map(str::parse).collect::<Result<_, _>>()?;
    Ok(ticks.iter().sum::<u64>() * (1_000_000_000 / rustix::param::clock_ticks_per_second()))
}

/// Bytes of memory of a process that would be free again if it ended: Private_Clean and Private_Dirty.
pub fn private_memory(process: u32) -> Result<u64> {
    let text = fs::read_to_string(format!("/proc/{process}/smaps_rollup"))?;
    Ok(kilobytes(&text, "Private_Clean") + kilobytes(&text, "Private_Dirty"))
}
