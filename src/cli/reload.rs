//! `recto reload`: what systemd runs at `systemctl reload recto`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use rustix::process::Pid;

use crate::check::Report;
use crate::check::site::{self, Wishes};
use crate::process::outcome::Outcome;

/// Have the running service take up its configuration, and wait until it has
///
/// systemd runs this at `systemctl reload recto`. It looks at the configuration first, as `recto check --quick` does; then
/// it sends the signal HUP to the service, and waits until new workers have taken over. It finds the service, and hears
/// from it, by the variables MAINPID and RUNTIME_DIRECTORY, which `recto serve` has to have been started with as well.
///
/// Exit status: 0 if new workers have taken over; 1 if the service refused, or did not answer, and goes on as it was; 78 if
/// the configuration cannot be served: then the service was not even asked.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The configuration file
    #[arg(long, short, value_name = "FILE", default_value = "/etc/recto/recto.toml")]
    config: PathBuf,
}

/// Looks, asks, waits.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let report = site::check(&arguments.config, &Wishes { quick: true, nginx: None });
    if report.status() == Report::CONFIGURATION {
        report.print_errors();
        return Ok(Report::CONFIGURATION.into());
    }
    let pid = std::env::var("MAINPID").ok().and_then(|pid| Pid::from_raw(pid.parse().ok()?));
    let pid = pid.context("MAINPID does not name the service's process: use systemctl reload recto")?;
    let outcome = Outcome::from_environment();
    let outcome = outcome.context("RUNTIME_DIRECTORY is not set: use systemctl reload recto")?;
    outcome
        .ask(pid, PATIENCE)
        .context("the configuration was not taken, and the service goes on as it was")?;
    Ok(ExitCode::SUCCESS)
}

/// Longer than workers may take to start, shorter than systemd waits for commands.
const PATIENCE: Duration = Duration::from_secs(60);
