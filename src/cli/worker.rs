//! `recto worker`: what the supervisor starts. Not for people, so the help does not list it.

use std::os::fd::RawFd;

use crate::process::lane::Lane;
use crate::process::worker::{self, Inheritance};

/// Answer requests from the listening socket on descriptor 0, or those that such a worker has handed over.
///
/// Started by `recto serve` and of no use without it.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The inherited descriptor of the configuration
    #[arg(long, value_name = "NUMBER")]
    config_fd: RawFd,

    /// The inherited descriptors of the directories of all sources of masters; -1 of one that has not answered
    #[arg(long, value_name = "NUMBERS", value_delimiter = ',', allow_negative_numbers = true)]
    masters_fds: Vec<RawFd>,

    /// The inherited descriptor of the scoreboard
    #[arg(long, value_name = "NUMBER")]
    scoreboard_fd: RawFd,

    /// The inherited descriptor of the ledger
    #[arg(long, value_name = "NUMBER")]
    ledger_fd: RawFd,

    /// The inherited descriptor of what the fetcher counts, if there is a store
    #[arg(long, value_name = "NUMBER")]
    counts_fd: Option<RawFd>,

    /// The worker's slot on the scoreboard and in the ledger
    #[arg(long, value_name = "NUMBER")]
    slot: usize,

    /// Which requests it takes: front, middling, dear or far
    #[arg(long)]
    lane: Lane,

    /// The process id of the supervisor
    #[arg(long, value_name = "PID")]
    supervisor: u32,
}

pub(super) fn run(arguments: Arguments) -> anyhow::Result<()> {
    worker::run(&Inheritance {
        config: arguments.config_fd,
        masters: arguments.masters_fds,
        scoreboard: arguments.scoreboard_fd,
        ledger: arguments.ledger_fd,
        counts: arguments.counts_fd,
        slot: arguments.slot,
        lane: arguments.lane,
        supervisor: arguments.supervisor,
    })
}
