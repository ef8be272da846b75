//! The process that looks: it prints what it sees, line by line, so that what it saw before it was ended is known.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use super::super::person::Person;
use super::permission::{entering, keeping, writing};
use super::{Sight, store, walk};
use crate::check::Finding;
use crate::config::Config;
use crate::source::{Masters, Place, SourceSettings, Sources};

/// Looks at what the configuration at `path` names, as whoever runs this, and prints lines for [`super::through`]. In a
/// hurry only what decides whether anything can be served.
///
/// # Errors
/// If nobody reads what it prints.
pub fn look(path: &Path, quick: bool) -> io::Result<()> {
    let config = match Config::load(path) {
        Ok(config) => config,
        Err(error) => {
            let who = Person::this();
            let finding = Finding::error("configuration", format!("as {} reads it: {error:#}", who.name))
                .mend("The service's user has to be able to read it:")
                .by(format!("chmod a+r {}", path.display()));
            say(&Sight::Found(finding.decisive()))?;
            return say(&Sight::Done);
        }
    };
    let masters = &config.serving.masters;
    masters.sources.iter().try_for_each(|source| look_at_source(masters, source, quick))?;
    let state = &config.serving.state;
    if !quick && state.max_bytes > 0 {
        say(&Sight::Turned(state.directory.clone()))?;
        say(&Sight::Found(writing(&state.directory, &Person::this())))?;
    }
    if !quick && masters.stores().next().is_some() {
        let cache = &config.serving.block_cache.directory;
        say(&Sight::Turned(cache.clone()))?;
        say(&Sight::Found(keeping(cache, &Person::this())))?;
    }
    say(&Sight::Done)
}

fn look_at_source(masters: &Masters, source: &SourceSettings, quick: bool) -> io::Result<()> {
    let directory = match &source.place {
        Place::Directory(directory) => directory.as_path(),
        Place::Store(_) if quick => return Ok(()),
        Place::Store(store) => {
            say(&Sight::Turned(store.url().into()))?;
            return say(&Sight::Found(store::trying(store)));
        }
    };
    say(&Sight::Turned(directory.to_owned()))?;
    match Sources::open(&masters.alone(source)) {
        Err(error) => {
            let who = Person::this();
            say(&Sight::Found(entering(directory, &who, &error.to_string()).decisive()))
        }
        Ok(alone) => {
            let real = fs::canonicalize(directory).unwrap_or_else(|_| directory.to_owned());
            say(&Sight::Root(directory.to_owned(), real))?;
            if quick { Ok(()) } else { walk::try_some(&source.prefix, directory, &alone) }
        }
    }
}

/// Prints a line, at once.
pub(super) fn say(sight: &Sight) -> io::Result<()> {
    let mut line = serde_json::to_string(sight)?;
    line.push('\n');
    let mut out = io::stdout().lock();
    out.write_all(line.as_bytes())?;
    out.flush()
}
