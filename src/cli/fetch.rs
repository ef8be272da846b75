//! `recto fetch`: what the supervisor starts for stores. Not for people, so the help does not list it.

use std::os::fd::RawFd;

use crate::fetch::{self, Inheritance};

/// Bring what workers need out of stores; asks come through the counter on descriptor 0.
///
/// Started by `recto serve` and of no use without it.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The inherited descriptor of the configuration
    #[arg(long, value_name = "NUMBER")]
    config_fd: RawFd,

    /// The inherited descriptor of what is counted
    #[arg(long, value_name = "NUMBER")]
    counts_fd: RawFd,

    /// The process id of the supervisor
    #[arg(long, value_name = "PID")]
    supervisor: u32,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    fetch::run(&Inheritance {
        config: arguments.config_fd,
        counts: arguments.counts_fd,
        supervisor: arguments.supervisor,
    })
}
