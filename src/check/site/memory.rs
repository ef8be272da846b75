//! Whether the memory, the processors and the descriptors that the configuration asks for are there.

use super::unit::{Unit, edit};
use crate::check::Finding;
use crate::config::Config;

/// What a worker holds between requests, beside what it knows of masters: the program's own, and its heap. Measured, with
/// room.
const WORKER: u64 = 24 << 20;

/// Descriptors that a worker needs beside those of its masters.
const DESCRIPTORS: u64 = 256;

/// What the machine has.
#[derive(Clone, Copy, Debug)]
pub(super) struct Machine {
    memory: Option<u64>,
    cores: usize,
}

impl Machine {
    /// This one.
    pub(super) fn this() -> Self {
        let table = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
        let total = table.lines().find_map(|line| line.strip_prefix("MemTotal:"));
        let kilobytes = total.and_then(|rest| rest.trim().trim_end_matches("kB").trim().parse::<u64>().ok());
        Self {
            memory: kilobytes.map(|kilobytes| kilobytes.saturating_mul(1024)),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
        }
    }
}

/// All that there is to say of it.
pub(super) fn judge(config: &Config, machine: Machine, unit: Option<&Unit>) -> Vec<Finding> {
    let mut findings = vec![memory(config, machine, unit)];
    findings.extend(workers(config, machine));
    findings.extend(unit.and_then(|unit| descriptors(config, unit)));
    findings
}

/// What requests may take, and what workers hold: twice, for at a reload there are the old ones and the new ones.
fn memory(config: &Config, machine: Machine, unit: Option<&Unit>) -> Finding {
    let pool = &config.serving.pool;
    let far = if config.serving.masters.stores().next().is_some() { pool.far_workers } else { 0 };
    let workers = (pool.workers + pool.background_workers + far) as u64;
    let held = workers.saturating_mul(WORKER.saturating_add(config.serving.known.known_bytes as u64));
    let needed = config.rendering.memory.saturating_add(held.saturating_mul(2));
    let limit = unit.and_then(|unit| unit.number("MemoryMax"));
    let (there, whose) = match (limit, machine.memory) {
        (Some(limit), memory) if memory.is_none_or(|memory| limit < memory) => {
            (limit, "MemoryMax of the unit")
        }
        (_, Some(memory)) => (memory, "memory of this machine"),
        (_, None) => return Finding::fine("memory", "how much this machine has is not known"),
    };
    let megabytes = |bytes: u64| bytes >> 20;
    let what = format!(
        "{workers} workers, two sets of them during a reload, and [limits] memory may take {} MB of {} MB ({whose})",
        megabytes(needed),
        megabytes(there)
    );
    if needed <= there {
        return Finding::fine("memory", what);
    }
    // As much as is left, in steps that people write.
    let left = there.saturating_sub(held.saturating_mul(2)) / (64 << 20) * (64 << 20);
    let finding = Finding::warning("memory", what);
    match left >= (64 << 20) {
        true => finding.mend("Give requests less, in [limits]:").by(format!("memory = {left}")),
        false => finding.mend("Start fewer workers, in [server]:").by("workers = 1\nbackground_workers = 1"),
    }
}

fn workers(config: &Config, machine: Machine) -> Option<Finding> {
    let (workers, cores) = (config.serving.pool.workers, machine.cores);
    let what =
        format!("{workers} front workers for {cores} cores take turns, and none of them is faster for it");
    let is_much = workers > cores.saturating_mul(2).max(4);
    is_much.then(|| {
        Finding::advice("workers", what).mend("One for each core, in [server]:").by("workers = \"auto\"")
    })
}

fn descriptors(config: &Config, unit: &Unit) -> Option<Finding> {
    let needed = config.serving.known.known as u64 + DESCRIPTORS;
    let limit = unit.number("LimitNOFILE").filter(|limit| *limit < needed)?;
    let what = format!(
        "LimitNOFILE={limit} is less than what {} known masters may take",
        config.serving.known.known
    );
    Some(edit(Finding::warning("unit", what), "recto.service", "[Service]\nLimitNOFILE=8192"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Severity;

    #[test]
    fn limits_are_held_against_what_there_is() {
        let gb = 1 << 30;
        let lines = "background_workers = 4\n[limits]\nmemory = 1073741824\n[masters]\nroot = \"/srv\"";
        for (workers, memory, properties, severity, what) in [
            (4, 8 * gb, "", Severity::Fine, "memory of this machine"),
            (4, 8 * gb, "MemoryMax=infinity", Severity::Fine, "memory of this machine"),
            (4, 8 * gb, "MemoryMax=4294967296", Severity::Fine, "MemoryMax of the unit"),
            (4, 8 * gb, "MemoryMax=1073741824", Severity::Warning, "may take 1664 MB of 1024 MB"),
            (4, gb, "", Severity::Warning, "of 1024 MB (memory of this machine)"),
            (16, 64 * gb, "", Severity::Advice, "16 front workers for 4 cores"),
            (4, 8 * gb, "LimitNOFILE=300", Severity::Warning, "LimitNOFILE=300"),
        ] {
            let config = Config::parse(&format!("[server]\nworkers = {workers}\n{lines}")).expect("valid");
            let machine = Machine { memory: Some(memory), cores: 4 };
            let findings = judge(&config, machine, Some(&Unit::parse(properties)));
            let worst = findings.iter().max_by_key(|finding| finding.severity).expect("findings");
            assert!(
                worst.severity == severity && worst.what.contains(what),
                "{workers} {properties}: {findings:?}"
            );
        }
        let this = Machine::this();
        assert!(this.memory.is_some_and(|bytes| bytes > 1 << 26) && this.cores > 0);
    }

    #[test]
    fn what_to_write_instead_can_be_written() {
        let parsed = |workers: usize| {
            let text = format!("[server]\nworkers = {workers}\n[masters]\nroot = \"/srv\"");
            Config::parse(&text).expect("valid")
        };
        let machine = Machine { memory: Some(512 << 20), cores: 2 };
        assert_eq!(memory(&parsed(1), machine, None).command.as_deref(), Some("memory = 268435456"));
        assert_eq!(
            memory(&parsed(64), machine, None).command.as_deref(),
            Some("workers = 1\nbackground_workers = 1")
        );
    }
}
