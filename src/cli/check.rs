//! `recto check`: the doctor.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;

use super::masters::Masters;
use crate::check::site::{self, Wishes};
use crate::check::url::{self, Manners};

/// Say what is wrong, and what to do about it
///
/// Without an argument, or with --config alone: looks at the installation that a
/// configuration describes: the configuration itself, the masters and stores as the
/// service's user sees them, mounts, the unit, the socket, NGINX, memory, and what viewers get. Best run
/// as root, or it says what it could not see.
///
/// With files and directories: looks at the masters in them, as the server of that
/// configuration, or of the defaults, would find them, and says how each is stored, what
/// a tile of it takes, and how it could be stored better. A master is
///
///   ideal    if it could hardly be stored better,
///   good     if all that viewers ask for is answered at once,
///   slow     if something of it has to wait behind what is quick,
///   refused  if the server refuses it, or something of it that viewers ask for,
///   broken   if it is damaged.
///
/// Columns of the table:
///
///   tiles    their size; "strips" or "none" where there are none
///   levels   their number, with ! if none is small enough for thumbnails
///   sent     the part of the tiles that is sent as it is stored, without decoding
///   trips    round trips that the first tile would take if the file lay in an object
///            store, of which the first finds it
///   ms       milliseconds of a processor for a tile, by the server's estimate: the mean
///            of all scale factors
///   best     the same in the best layout
///
/// With --url: asks a running server, this one or another, for one image in many ways, and
/// compares what comes with what the Image API 3.0 or 2.1 wants of it and with what its
/// info.json promises. What breaks a MUST is an error, what breaks a SHOULD a warning;
/// each names the request that shows it, and the clause.
///
/// Nothing is changed. Exit status: 0 if all is well or there is only advice, 1 if there
/// are warnings or errors, or masters that are slow, refused or broken, 78 if the
/// configuration cannot be served, 2 if the arguments are wrong.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Arguments {
    #[command(flatten)]
    way: Way,

    #[command(flatten)]
    masters: Masters,

    /// Of an installation look only at what decides whether anything can be served: the configuration, and whether who
    /// runs this may open the masters
    #[arg(long, conflicts_with_all = ["paths", "url"])]
    quick: bool,

    /// The main file of NGINX's configuration, if it is not that of the NGINX of this machine
    #[arg(long, value_name = "FILE", conflicts_with_all = ["paths", "url"])]
    nginx: Option<PathBuf>,

    #[command(flatten)]
    server: Server,

    /// Print JSON instead of text: {"status": 1, "findings": [{"severity": "warning", "about": ..., "what": ...}]};
    /// with PATH a line for each file, {"file": ..., "verdict": "slow", "why": [...], "command": ...}, then {"summary": ...}
    #[arg(long)]
    json: bool,

    /// What `recto check` has another process do, which may be of another user
    #[arg(long, hide = true)]
    look: bool,
}

/// What is looked at: one of these.
#[derive(Debug, clap::Args)]
#[group(multiple = false)]
struct Way {
    /// An installation, by its configuration [default: /etc/recto/recto.toml]; with PATH what masters are judged by
    #[arg(long, short, value_name = "FILE")]
    config: Option<PathBuf>,

    /// An image of a running server, by its base URI or info.json: https://example.org/iiif/3/ID
    #[arg(long, value_name = "URL")]
    url: Option<String>,
}

/// How a running server is asked.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "With --url")]
struct Server {
    /// How many requests are made at most, one at a time
    #[arg(long, value_name = "NUMBER", default_value_t = Manners::default().requests, requires = "url")]
    requests: u32,

    /// How many requests are made in a second at most
    #[arg(long, value_name = "NUMBER", default_value_t = Manners::default().rate, requires = "url")]
    rate: u32,

    /// How many seconds an answer may take
    #[arg(long, value_name = "SECONDS", default_value_t = Manners::default().patience.as_secs(), requires = "url")]
    patience: u64,
}

impl Server {
    fn manners(&self) -> Manners {
        let Self { requests, rate, patience } = *self;
        Manners { requests, rate, patience: Duration::from_secs(patience) }
    }
}

/// Looks, prints the report, and gives the exit status.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    if arguments.masters.are_asked_for() {
        return Ok(arguments.masters.check(arguments.way.config.as_deref(), arguments.json));
    }
    let config = arguments.way.config.as_deref().unwrap_or(Path::new("/etc/recto/recto.toml"));
    if arguments.look {
        site::look(config, arguments.quick)?;
        return Ok(ExitCode::SUCCESS);
    }
    let report = match &arguments.way.url {
        Some(url) => url::examine(url, &arguments.server.manners())?,
        None => site::check(config, &Wishes { quick: arguments.quick, nginx: arguments.nginx.clone() }),
    };
    report.print(arguments.json).context("cannot write the report")?;
    Ok(report.status().into())
}
