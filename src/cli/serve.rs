//! `recto serve`: the supervisor and its workers, in the foreground.

use std::path::PathBuf;

use crate::supervisor;

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
pub struct Args {
    /// The configuration file
    #[arg(long, short, value_name = "FILE", default_value = "/etc/recto/recto.toml")]
    pub config: PathBuf,

    /// Write the process id to FILE when the server is ready, and remove it at the end
    #[arg(long, value_name = "FILE")]
    pub pid_file: Option<PathBuf>,
}

/// Serves until it is told to stop.
///
/// # Errors
/// Those of [`supervisor::run`].
pub fn run(args: Args) -> anyhow::Result<()> {
    log_to_stderr();
    supervisor::run(&supervisor::Options { config: args.config, pid_file: args.pid_file })
}

/// Sends the log to standard error, where all processes of the server share it.
///
/// Without a time: systemd and containers add their own. For systemd with the priority in front (sd-daemon(3)).
pub(super) fn log_to_stderr() {
    use std::io::Write;
    let for_systemd = std::env::var_os("JOURNAL_STREAM").is_some();
    let mut log = env_logger::Builder::new();
    log.parse_filters(&std::env::var("RECTO_LOG").unwrap_or_else(|_| "info".to_owned()));
    log.format(move |out, record| match for_systemd {
        true => writeln!(out, "<{}>{}", priority(record.level()), record.args()),
        false => writeln!(out, "recto: {}: {}", record.level().as_str().to_lowercase(), record.args()),
    });
    // It is an error to do this twice, and no harm.
    let _ = log.try_init();
}

/// The number that syslog(3) has for a level.
fn priority(level: log::Level) -> u8 {
    match level {
        log::Level::Error => 3,
        log::Level::Warn => 4,
        log::Level::Info => 6,
        log::Level::Debug | log::Level::Trace => 7,
    }
}
