//! What processes cost, as the kernel counts it.

use std::fs;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};

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

/// The most memory that the processes have of their own, pages of files apart, while `work` is done; in bytes, of all
/// of them together. Looked at every few milliseconds: shorter peaks are not seen.
pub fn peak_memory<T>(processes: &[u32], work: impl FnOnce() -> T) -> (T, u64) {
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let watch = scope.spawn(|| {
            let mut peak = 0;
            while !done.load(Ordering::Relaxed) {
                peak = processes.iter().map(|process| anonymous_memory(*process)).sum::<u64>().max(peak);
                thread::sleep(Duration::from_millis(5));
            }
            peak
        });
        let result = work();
        done.store(true, Ordering::Relaxed);
        (result, watch.join().unwrap_or_else(|panic| resume_unwind(panic)))
    })
}

/// Zero if the process has ended: who asks for its answers will see.
fn anonymous_memory(process: u32) -> u64 {
    fs::read_to_string(format!("/proc/{process}/status")).map_or(0, |text| kilobytes(&text, "RssAnon"))
}

/// The bytes that a line of the kernel's `Name:  123 kB` tells.
fn kilobytes(text: &str, name: &str) -> u64 {
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let number: u64 = line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0);
    number << 10
}
