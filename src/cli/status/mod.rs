//! `recto status`: how a running service is, once.

mod text;
pub(super) mod top;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;

use crate::config::Config;
use crate::process::status::{Report, ask};

/// The exit status when the service answers and is not ready.
const NOT_READY: u8 = 3;

/// Say how the running service is
///
/// Asks on the socket that the configuration names, as NGINX would: whether the service is ready, what its workers do,
/// what waits, what was answered and how, which masters were slowest and why, what is in quarantine, how workers ended.
/// Whoever may connect to the socket may ask: root, and the members of its group.
///
/// Exit status: 0 if the service is ready, 3 if it answers and is not, 1 if it cannot be asked, 2 if the arguments are
/// wrong.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    place: Place,

    /// Print JSON instead of text, as /iiif/status.json has it: times in seconds, sizes in bytes
    #[arg(long)]
    json: bool,
}

/// Where the service is.
#[derive(Debug, clap::Args)]
struct Place {
    /// The configuration of the service, which names its socket
    #[arg(long, short, value_name = "FILE", default_value = "/etc/recto/recto.toml")]
    config: PathBuf,

    /// The socket itself; the configuration is not read then
    #[arg(long, value_name = "FILE", conflicts_with = "config")]
    socket: Option<PathBuf>,
}

impl Place {
    /// The socket.
    fn socket(&self) -> anyhow::Result<PathBuf> {
        match &self.socket {
            Some(socket) => Ok(socket.clone()),
            None => Ok(Config::load(&self.config)?.serving.pool.socket),
        }
    }
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let report = ask(&arguments.place.socket()?)?;
    print(&report, arguments.json).context("cannot write")?;
    Ok(status(&report))
}

fn print(report: &Report, json: bool) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match json {
        true => writeln!(out, "{}", serde_json::to_string_pretty(report)?),
        false => text::lines(report, None).iter().try_for_each(|line| writeln!(out, "{line}")),
    }
}

fn status(report: &Report) -> ExitCode {
    if report.ready { ExitCode::SUCCESS } else { NOT_READY.into() }
}
