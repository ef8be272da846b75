//! `recto serve`: the supervisor and its workers, in the foreground.

use std::path::PathBuf;

use crate::process::supervisor;

/// Serve images to NGINX over FastCGI.
///
/// Starts the workers that the configuration asks for and answers until it is told to stop. It stays in the foreground
/// and logs to standard error; systemd, a container or a terminal does the rest. If systemd hands over a socket, that
/// one is served, else a new one at `[server] socket`, open to its owner and group.
///
/// The signals TERM and INT stop it: the requests in work and those that wait are answered, and its exit status is 0.
///
/// The signal HUP reads the configuration again. If it is right, new workers take over and the old ones finish; if
/// not, the log says what is wrong and nothing changes.
///
/// A worker that crashes is replaced at once. One that works on a request for longer than `[server] deadline` is
/// killed and replaced. A request that does that to two workers is answered with status 500 for ten minutes.
///
/// The variable RECTO_LOG sets how much is logged: error, warn, info (the default) or debug.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The configuration file
    #[arg(long, short, value_name = "FILE", default_value = "/etc/recto/recto.toml")]
    config: PathBuf,

    /// Write the process id to FILE when the server is ready, and remove it at the end
    #[arg(long, value_name = "FILE")]
    pid_file: Option<PathBuf>,
}

pub(super) fn run(arguments: Arguments) -> anyhow::Result<()> {
    supervisor::run(&supervisor::Options { config: arguments.config, pid_file: arguments.pid_file })
}
