//! `recto import-config`: the configuration of another server, in words of ours.

use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, ensure};

use crate::import::{From, Imported, import};

/// Make a configuration of that of another server
///
/// Reads cantaloupe.properties (5.0 or 6.0), or the environment of IIPImage in whatever
/// file it stands: a systemd EnvironmentFile, fastcgi_param lines of NGINX, SetEnv or
/// FcgidInitialEnv of Apache, bin-environment of lighttpd, a container's description.
/// Writes a recto.toml and what NGINX needs beside its two files, and accounts for every
/// key: written, not needed, or without an equal, and then what to use instead.
///
///   recto import-config /etc/cantaloupe.properties -o imported
///   recto import-config /etc/default/iipsrv | less
///
/// Exit status: 0 if all that the other server did is done, 3 if keys have no equal or are
/// unknown (what has one is written all the same), 1 if nothing could be made, 2 if the
/// arguments are wrong.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Arguments {
    /// The other server's configuration; - is the standard input
    file: PathBuf,

    /// Write into this directory, which is made if need be; nothing in it is replaced. Otherwise all goes to the standard
    /// output
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,

    /// Whose configuration it is; otherwise the keys tell
    #[arg(long, value_enum, value_name = "SERVER")]
    from: Option<From>,

    /// Print what became of each key as JSON
    #[arg(long, requires = "output")]
    json: bool,
}

/// Exit status when something has no equal.
const INCOMPLETE: u8 = 3;

/// Reads, writes, and tells.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let Arguments { file, output, from, json } = arguments;
    let text = read(file)?;
    let imported = import(&text, &file.display().to_string(), *from)?;
    let told = match output {
        Some(directory) => {
            imported.write(directory)?;
            if *json { imported.account.json()? + "\n" } else { summary(&imported, directory) }
        }
        None => imported.files.iter().map(|(name, text)| format!("#### {name}\n{text}\n")).collect(),
    };
    // A reader who has gone has seen enough.
    let _ = io::stdout().write_all(told.as_bytes());
    Ok(if imported.account.is_complete() { ExitCode::SUCCESS } else { INCOMPLETE.into() })
}

fn read(file: &Path) -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    if file == Path::new("-") {
        io::stdin().read_to_end(&mut bytes).context("cannot read the standard input")?;
    } else {
        ensure!(!file.is_dir(), "{} is a directory", file.display());
        bytes = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    }
    // Java's own encoding of such files; what is no UTF-8 is Latin 1.
    Ok(String::from_utf8(bytes)
        .unwrap_or_else(|error| error.into_bytes().into_iter().map(char::from).collect()))
}

fn summary(imported: &Imported, directory: &Path) -> String {
    let names: Vec<_> =
        imported.files.iter().map(|(name, _)| format!("  {}\n", directory.join(name).display())).collect();
    format!("{}\nMade:\n{}", imported.account.text(), names.concat())
}
