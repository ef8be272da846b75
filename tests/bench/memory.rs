//! The memory that processes have of their own.

use std::fs;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

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

/// Bytes of memory that a process has of its own, pages of files apart. Zero if it has ended: who asks for its answers
/// will see.
pub fn anonymous_memory(process: u32) -> u64 {
    fs::read_to_string(format!("/proc/{process}/status")).map_or(0, |text| kilobytes(&text, "RssAnon"))
}

/// The bytes in a line of the kernel's `Name:  123 kB`.
pub fn kilobytes(text: &str, name: &str) -> u64 {
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let number: u64 = line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0);
    number << 10
}
