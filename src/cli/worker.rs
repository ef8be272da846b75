//! `recto worker`: what the supervisor starts. Not for people, so the help does not list it.

use std::os::fd::RawFd;

use super::serve::log_to_stderr;
use crate::worker::{self, Inheritance};

/// Answer requests from the listening socket on descriptor 0.
///
/// Started by `recto serve` and of no use without it.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The inherited descriptor of the configuration
    #[arg(long, value_name = "NUMBER")]
    pub config_fd: RawFd,

    /// The inherited descriptor of the scoreboard
    #[arg(long, value_name = "NUMBER")]
    pub scoreboard_fd: RawFd,

    /// The worker's slot on the scoreboard
    #[arg(long, value_name = "NUMBER")]
    pub slot: usize,

    /// The process id of the supervisor
    #[arg(long, value_name = "PID")]
    pub supervisor: u32,
}

/// Serves until SIGTERM.
///
/// # Errors
/// Those of [`worker::run`].
pub fn run(args: Args) -> anyhow::Result<()> {
    log_to_stderr();
    worker::run(&Inheritance {
        config: args.config_fd,
        scoreboard: args.scoreboard_fd,
        slot: args.slot,
        supervisor: args.supervisor,
    })
}
