//! `recto import-config`: the configuration of another server, in words of ours. Each of its keys is accounted for: written
//! somewhere, not needed, or without an equal, and then it is said what to use instead.
//!
//! | module | what lives there |
//! |---|---|
//! | [`cantaloupe`], [`iipimage`] | their keys, and what becomes of each |
//! | [`addresses`] | addresses of theirs that have to lead to ours: maps and locations of NGINX |
//! | [`fate`] | rules for keys, and how they are applied |
//! | [`site`] | what is written: `recto.toml` and the files of NGINX |
//! | [`account`] | what became of each key, as text and as JSON |
//! | [`read`] | configurations as they stand in files, made into keys |

mod account;
mod addresses;
mod cantaloupe;
mod fate;
mod iipimage;
mod read;
mod site;

use std::fs;
use std::path::Path;

use anyhow::{Context, bail, ensure};

pub use account::Account;
use fate::Rule;
use read::Keys;
use site::Site;

/// No configuration is longer.
const LONGEST: usize = 4 << 20;

/// Whose configuration it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum From {
    /// Cantaloupe 5.0 or 6.0: cantaloupe.properties, or its environment
    Cantaloupe,
    /// IIPImage (iipsrv) 1.1 to 1.3: its environment, in whatever file it stands
    Iipimage,
}

/// What was made of a configuration.
pub struct Imported {
    /// Files by their names, `recto.toml` first.
    pub files: Vec<(&'static str, String)>,
    /// What became of each key.
    pub account: Account,
}

/// Makes files of ours of the text of a configuration; `from` is found out if it is not given.
///
/// # Errors
/// If the text is of neither server.
pub fn import(text: &str, name: &str, from: Option<From>) -> anyhow::Result<Imported> {
    ensure!(text.len() <= LONGEST, "{name} has more than {LONGEST} bytes");
    let known = |key: &str| {
        cantaloupe::rule(key).is_some()
            || cantaloupe::key_of_variable(key).is_some()
            || iipimage::rule(key).is_some()
    };
    let keys = read::keys(text, known);
    let Some(from) = from.or_else(|| guessed(&keys)) else {
        bail!("{name} has no key of Cantaloupe or IIPImage. --from says which of them it is of");
    };
    let keys = match from {
        From::Cantaloupe => keys.renamed(cantaloupe::key_of_variable),
        From::Iipimage => keys,
    };
    let rules: fn(&str) -> Option<&'static Rule> = match from {
        From::Cantaloupe => cantaloupe::rule,
        From::Iipimage => iipimage::rule,
    };
    let mut site = Site::new(name);
    let entries =
        keys.entries().map(|entry| account::Line::of(entry, fate::of(entry, &keys, rules, &mut site)));
    let lines = entries.collect();
    match from {
        From::Cantaloupe => cantaloupe::finish(&keys, &mut site),
        From::Iipimage => iipimage::finish(&keys, &mut site),
    }
    let account = Account { lines, passed_over: keys.passed_over().to_vec() };
    let files = site.files(&account);
    let config = &files[0].1;
    crate::config::Config::parse(config).with_context(|| format!("what was written is wrong:\n{config}"))?;
    Ok(Imported { files, account })
}

/// Whose keys there are more of.
fn guessed(keys: &Keys) -> Option<From> {
    let known = |rule: fn(&str) -> Option<&'static Rule>| {
        keys.entries().filter(|entry| rule(&entry.key).is_some()).count()
    };
    let variables = keys.entries().filter(|entry| cantaloupe::key_of_variable(&entry.key).is_some()).count();
    let (cantaloupe, iipimage) = (known(cantaloupe::rule) + variables, known(iipimage::rule));
    match (cantaloupe, iipimage) {
        (0, 0) => None,
        (one, other) if one > other => Some(From::Cantaloupe),
        _ => Some(From::Iipimage),
    }
}

impl Imported {
    /// Writes the files into a directory, which is made if it is not there. None that is there is replaced.
    ///
    /// # Errors
    /// If one is there or cannot be written.
    pub fn write(&self, directory: &Path) -> anyhow::Result<()> {
        for (name, _) in &self.files {
            let path = directory.join(name);
            ensure!(!path.exists(), "{} is there already; nothing was written", path.display());
        }
        for (name, text) in &self.files {
            let path = directory.join(name);
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent).with_context(|| format!("cannot make {}", parent.display()))?;
            }
            fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        }
        Ok(())
    }
}
