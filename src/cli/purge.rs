//! `recto purge`: NGINX forgets copies.

use std::io::{self, BufRead, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use anyhow::{Context, bail};

use crate::config::{Config, Looks};
use crate::purge::{Order, Outcome, Wanted, purge};

/// Forget NGINX's copies of masters that were replaced
///
/// NGINX keeps what it has shown, and asks after ten minutes whether it is still right. This makes it forget at once: all
/// sizes, tiles and formats, info.json of both versions, under all hosts and prefixes. It is asked for anew when a client
/// wants it. Replace the master first, then purge.
///
/// ID is the identifier of a master, as a path (box/leaf.tif) or as it stands in a URL (box%2Fleaf.tif). With its extension
/// it also means what was asked for without; without one, what was asked for with any. It means all pages, unless it ends
/// with one (book.tif;3). A single - reads IDs from standard input, one a line: a hundred thousand cost no more than one,
/// for each time all files of the cache are looked at, some ten thousand a second if they are in memory. Several choices
/// together: what --older-than or --stale says restricts IDs and --prefix; without these it means all masters.
///
/// The copies belong to NGINX's user: run this as root, or as that user (sudo -u www-data). NGINX may run meanwhile. What
/// it knows by `open_file_cache`, if you use that, it may show until that time is over.
///
/// Browsers and CDNs have copies of their own, for as long as `[server] cache_control` in recto.toml told them (a day, unless
/// you changed it): no server can take those back. A CDN has a way to purge of its own; browsers ask anew when a reader
/// reloads the page.
///
/// Exit status: 0 if all that is meant was forgotten, be it nothing; 1 if something could not be.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("what").required(true).multiple(true))]
pub(super) struct Arguments {
    /// Masters whose copies are forgotten
    #[arg(value_name = "ID", group = "what")]
    identifiers: Vec<String>,

    /// All masters whose identifiers begin with TEXT, such as maps/
    #[arg(long, value_name = "TEXT", group = "what")]
    prefix: Vec<String>,

    /// All copies of all masters
    #[arg(long, group = "what", conflicts_with_all = ["identifiers", "prefix"])]
    all: bool,

    /// Copies that were written before pictures came to look as they do now, by a reload, a restart or an upgrade
    #[arg(long, group = "what")]
    stale: bool,

    /// Copies that were written longer ago than this: 90s, 30m, 12h or 7d
    #[arg(long, value_name = "TIME", group = "what", value_parser = duration)]
    older_than: Option<Duration>,

    /// Remove nothing; print the URL of each copy that would be forgotten
    #[arg(long, short = 'n')]
    dry_run: bool,

    /// Print what was done as JSON
    #[arg(long)]
    json: bool,

    /// NGINX's cache, if it is not where the configuration says (`[server] cache`)
    #[arg(long, value_name = "DIRECTORY")]
    cache: Option<PathBuf>,

    /// The configuration file
    #[arg(long, short, value_name = "FILE", default_value = "/etc/recto/recto.toml")]
    config: PathBuf,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let order = order(arguments)?;
    let dry_run = order.dry_run;
    let told = |url: &str| {
        if dry_run && !arguments.json {
            // Whoever reads it may have seen enough.
            let _ = writeln!(io::stdout(), "{url}");
        }
    };
    let outcome = match purge(&order, &told) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            // NGINX makes it when it starts; perhaps it does so on another host.
            eprintln!("there is no cache at {}: --cache names another one", order.cache.display());
            return Ok(if arguments.stale { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
        outcome => outcome.with_context(|| unreadable(&order.cache))?,
    };
    tell(&outcome, arguments)?;
    if outcome.failed > 0 {
        let why = outcome.why.as_deref().unwrap_or_default();
        bail!("{} files or directories could not be read or removed: {why}; {}", outcome.failed, WHO);
    }
    Ok(ExitCode::SUCCESS)
}

const WHO: &str = "run this as root or as NGINX's user";

fn unreadable(cache: &Path) -> String {
    format!("cannot look into NGINX's cache {}; {WHO}", cache.display())
}

fn order(arguments: &Arguments) -> anyhow::Result<Order> {
    // Only what is not given otherwise has to be looked up.
    let config = match &arguments.cache {
        Some(_) if !arguments.stale => None,
        _ => Some(Config::load(&arguments.config)?),
    };
    let cache = match (&arguments.cache, &config) {
        (Some(cache), _) => cache.clone(),
        (None, Some(config)) => config.serving.http.cache.clone(),
        (None, None) => bail!("--cache is missing"),
    };
    let older =
        arguments.older_than.map(|age| SystemTime::now().checked_sub(age).unwrap_or(SystemTime::UNIX_EPOCH));
    let stale = match &config {
        Some(config) if arguments.stale => Some(stale_before(config)?),
        _ => None,
    };
    // Both restrict what is forgotten.
    let written_before = older.into_iter().chain(stale).min();
    Ok(Order { cache, wanted: wanted(arguments)?, written_before, dry_run: arguments.dry_run })
}

fn wanted(arguments: &Arguments) -> anyhow::Result<Wanted> {
    let mut wanted = Wanted::default();
    for identifier in &arguments.identifiers {
        if identifier != "-" {
            wanted.add(identifier);
            continue;
        }
        for line in io::stdin().lock().lines() {
            let line = line.context("cannot read identifiers from standard input")?;
            let identifier = line.trim_end_matches('\r');
            if !identifier.is_empty() {
                wanted.add(identifier);
            }
        }
    }
    arguments.prefix.iter().for_each(|prefix| wanted.add_prefix(prefix));
    let has_names = !arguments.identifiers.is_empty() || !arguments.prefix.is_empty();
    if has_names && wanted.is_empty() {
        bail!("standard input has no identifiers");
    }
    Ok(wanted)
}

/// Before which time copies look otherwise than they do now.
fn stale_before(config: &Config) -> anyhow::Result<SystemTime> {
    let looks = Looks::of(config);
    let since = looks.since().with_context(|| {
        format!(
            "{} does not tell since when pictures look as they do: recto purge --all forgets all copies",
            looks.file().display()
        )
    })?;
    // What a worker of before had answered, NGINX may have been writing yet.
    Ok(since + Duration::from_secs(1))
}

fn tell(outcome: &Outcome, arguments: &Arguments) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    if arguments.json {
        serde_json::to_writer(&mut out, outcome)?;
        writeln!(out)?;
        return Ok(());
    }
    let Outcome { looked_at, forgotten, bytes, .. } = outcome;
    let done = if arguments.dry_run { "would forget" } else { "forgot" };
    writeln!(out, "{done} {forgotten} of {looked_at} copies, {} MB", bytes.div_ceil(1_000_000))?;
    Ok(())
}

/// A time such as `7d`.
fn duration(text: &str) -> Result<Duration, String> {
    let split = text.len() - text.chars().next_back().map_or(0, char::len_utf8);
    let (number, unit) = text.split_at(split);
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return Err("it has no unit of s, m, h or d".to_owned()),
    };
    let number: u64 =
        number.parse().map_err(|_| "it is no whole number with a unit, such as 7d".to_owned())?;
    Ok(Duration::from_secs(number.saturating_mul(seconds)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_a_unit() {
        for (text, seconds) in [
            ("90s", Some(90)),
            ("2m", Some(120)),
            ("7d", Some(604_800)),
            ("7", None),
            ("d", None),
            ("", None),
            ("7\u{e9}", None),
        ] {
            assert_eq!(duration(text).ok(), seconds.map(Duration::from_secs), "{text}");
        }
    }
}
