//! `recto warm`: a cache filled with what viewers ask for first, before they do.
//!
//! | module | what lives there |
//! |---|---|
//! | [`ask`] | the server asked, at a rate, as long as it wants to be asked |
//! | [`thumbnail`] | which thumbnails there are of an image; pure |
//! | [`first`] | the first tiles of an image, told by its info.json; pure |
//! | [`list`] | which masters are asked for, and which were before |
//! | [`report`] | what came of it: as text and as JSON |

mod ask;
mod first;
mod list;
mod report;
mod thumbnail;

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use anyhow::ensure;

use crate::picture::Dimensions;
use crate::source::Masters;
use ask::Asker;
use list::State;
pub use report::{Failure, Report};
pub use thumbnail::Thumbnail;

/// What is asked for, and how.
#[derive(Clone, Debug)]
pub struct Order {
    /// A list of identifiers, `-` for the standard input, or a directory of masters.
    pub list: PathBuf,
    /// The sources of the configuration, in which a directory may lie.
    pub masters: Option<Masters>,
    /// What identifiers are put behind, without a slash at its end: `https://example.org/iiif/3`.
    pub url: String,
    /// Thumbnails of each image.
    pub thumbnails: Vec<Thumbnail>,
    /// The window in which a viewer shows each image; None for no tiles.
    pub screen: Option<Dimensions>,
    /// How many requests are made in a second at most.
    pub rate: u32,
    /// How many are made at once.
    pub connections: usize,
    /// How long an answer may take.
    pub patience: Duration,
    /// The identifier up to which all was done.
    pub start_after: Option<String>,
    /// Where it is noted what is done.
    pub state: Option<PathBuf>,
    /// Whether nothing is asked for but each info.json.
    pub dry_run: bool,
}

/// Asks for all of it. `told` gets the URLs of a dry run.
///
/// # Errors
/// If the list cannot be read or is empty, or what was done cannot be noted.
pub fn warm(order: &Order, stop: &AtomicBool, told: &(dyn Fn(&str) + Sync)) -> anyhow::Result<Report> {
    let begun = Instant::now();
    let mut identifiers = list::identifiers(&order.list, order.masters.as_ref())?;
    ensure!(!identifiers.is_empty(), "{} names no masters", order.list.display());
    let all = identifiers.len();
    if let Some(last) = &order.start_after {
        identifiers = list::after(identifiers, last)?;
    }
    let state = order.state.as_deref().map(State::open).transpose()?;
    if let Some(state) = &state {
        identifiers.retain(|identifier| !state.has(identifier));
    }
    let skipped = (all - identifiers.len()) as u64;
    let report = Asker::new(order, (identifiers, state), stop, told).ask_all();
    Ok(Report { skipped, seconds: begun.elapsed().as_secs_f64(), ..report })
}
