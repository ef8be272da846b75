//! The pool under load: what a crowd, a mix of everything, clients who leave, deaths and silent peers cost those who ask for
//! a tile. Real NGINX, the shipped files, two workers.
//!
//! ```text
//! cargo bench --bench load               all parts
//! cargo bench --bench load -- crowd mix  these
//! ```
//!
//! `LOAD_SECONDS` (60) is how long a part goes on that has no end of its own, `LOAD_CLIENTS` (200) how many come at once,
//! `LOAD_MEGAPIXELS` (24) the size of the page that is asked for.
//!
//! Times hold for this machine and this minute: what to compare is the ratio to the same tiles alone. Nothing here fails for
//! being slow.

#![allow(unreachable_pub)] // a program has nobody to be public to; its modules have each other

mod clients;
#[path = "../memory.rs"]
mod memory;
mod parts;
#[path = "../picture.rs"]
mod picture;
mod pool;
#[path = "../process.rs"]
mod process;

use anyhow::{Context, Result};
use pool::Pool;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// The numbers that can be set.
#[derive(Clone, Copy)]
pub struct Sizes {
    /// How long a part goes on that has no end of its own.
    pub seconds: u64,
    /// How many clients come at once.
    pub clients: usize,
    /// Of the page.
    pub megapixels: u32,
}

/// A part: what it measures, it prints.
type Part = fn(&Pool, Sizes) -> Result<()>;

const PARTS: [(&str, Part); 6] = [
    ("quiet", parts::quiet),
    ("crowd", parts::crowd),
    ("mix", parts::mix),
    ("aborts", parts::aborts),
    ("kills", parts::kills),
    ("silent", parts::silent),
];

fn main() -> Result<()> {
    let selected: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let sizes = Sizes {
        seconds: number("LOAD_SECONDS", 60)?,
        clients: usize::try_from(number("LOAD_CLIENTS", 200)?)?,
        megapixels: u32::try_from(number("LOAD_MEGAPIXELS", 24)?)?,
    };
    // For thousands of connections, here and in the processes that are started.
    let most = getrlimit(Resource::Nofile).maximum;
    setrlimit(Resource::Nofile, Rlimit { current: most, maximum: most })?;
    for (name, part) in PARTS {
        if selected.is_empty() || selected.iter().any(|wanted| wanted == name) {
            // A pool and a cache of its own for each.
            let pool = Pool::start(sizes.megapixels)?;
            println!("{name}");
            part(&pool, sizes).context(name)?;
        }
    }
    Ok(())
}

fn number(name: &str, default: u64) -> Result<u64> {
    match std::env::var(name) {
        Ok(text) => text.parse().with_context(|| format!("{name}={text} is no number")),
        Err(_) => Ok(default),
    }
}
