//! `recto examine`: what `recto check` and `recto identify` start. Not for people, so the help does not list it.

use std::path::PathBuf;

use crate::check::masters::worker;
use crate::config::Config;

/// Look at the files that the standard input names, in the form of `recto check`.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Judge by this configuration; otherwise the defaults hold
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

pub(super) fn run(arguments: Arguments) -> anyhow::Result<()> {
    let config = match &arguments.config {
        Some(path) => Config::load(path)?,
        None => Config::parse("[masters]\nroot = \"/\"")?,
    };
    worker::run(config)
}
