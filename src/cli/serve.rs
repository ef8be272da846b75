//! `recto serve`: the supervisor and its workers, in the foreground.

use std::path::PathBuf;
use std::process::ExitCode;

use crate::process::supervisor;

/// Serve images to NGINX over FastCGI.
///
/// Starts the workers that the configuration asks for and answers until it is told to stop. It stays in the foreground
/// and logs to standard error; systemd, a container or a terminal does the rest. If systemd hands over sockets, those
/// are served, else a new one at `[server] socket`, open to its owner and group; and those at `[server] listen`.
///
/// The signals TERM and INT stop it: the requests in work and those that wait are answered, and its exit status is 0.
///
/// The signal HUP reads the configuration again. If it is right, new workers take over and the old ones finish; if
/// not, the log says what is wrong and nothing changes. If the program at its path is another one by then, after an
/// upgrade, it is tried out, and takes over in the same process, with the same sockets; if it cannot start, or refuses
/// the configuration, this one goes on. No request is lost.
///
/// A worker that crashes is replaced at once. What it was at, a derivative of a master by whatever URL, is answered with
/// status 500 for ten minutes once it has ended two workers; so is a whole master that ends workers while it is opened,
/// or of which many derivatives do.
///
/// A worker that is at a request for longer than `[server] deadline` is killed and replaced. What it was at is answered
/// with status 503 for a minute, and after the second time with 500; if it was kept waiting, by a file system or for a
/// processor, it is not to blame, and is answered with 503 for five seconds only.
///
/// The log names what is in this quarantine when it gets there and when it leaves it. The signal USR1 writes all that is
/// in it to the log; the signal HUP, once new workers have taken over, empties it: masters may have been mended by then.
///
/// Masters on a mount beneath, or under, one of several sources, such as NFS, are answered with status 503 while its file
/// system does not answer; other masters are served as ever.
///
/// The variable RECTO_LOG sets how much is logged, whatever `[log] level` says: off, error, warn, info, debug or trace.
///
/// Exit status: 0 stopped, 1 failed, 78 the configuration cannot be served (it is wrong, or its masters are out of
/// reach), which another try would not change.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The configuration file
    #[arg(long, short, value_name = "FILE", default_value = "/etc/recto/recto.toml")]
    config: PathBuf,

    /// Write the process id to FILE when the server is ready, and remove it at the end
    #[arg(long, value_name = "FILE")]
    pid_file: Option<PathBuf>,

    /// Only find out whether this program can take the place of the one that has started it
    #[arg(long, hide = true)]
    rehearse: bool,
}

pub(super) fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let options = supervisor::Options { config: arguments.config, pid_file: arguments.pid_file };
    if arguments.rehearse {
        let goes_on = supervisor::rehearse(&options)?;
        return Ok(if goes_on { ExitCode::SUCCESS } else { supervisor::STRANGER.into() });
    }
    supervisor::run(&options)?;
    Ok(ExitCode::SUCCESS)
}
