//! Readers who ask for tiles of some masters more often than of others, and what came of it.

use std::collections::HashMap;
use std::ops::Range;
use std::time::{Duration, Instant};

use crate::http;
use crate::load::Load;

/// Readers who ask at once.
pub const CLIENTS: usize = 6;
const MASTERS: u32 = 20;
const TILES: u32 = 6;

/// The masters' files, below a directory.
pub fn identifiers() -> impl Iterator<Item = String> {
    (1..=MASTERS).map(|number| format!("box/{number:02}.tif"))
}

/// One of the tiles of an identifier.
pub fn tile(identifier: &str, number: u32) -> String {
    let version = 2 + number % 2;
    format!("/iiif/{version}/{identifier}/{},0,30,30/30,30/0/default.jpg", number % TILES * 10)
}

/// What came of a request.
#[derive(Debug)]
pub struct Outcome {
    pub begun: Instant,
    path: String,
    /// None if the answer did not come, or was cut off.
    pub status: Option<u16>,
    hit: bool,
    tag: String,
}

pub struct Crowd(Load<Outcome>);

impl Crowd {
    /// Readers who ask at `port`.
    pub fn start(port: u16) -> Self {
        Self(Load::start(CLIENTS, move |number| Some(ask(port, number))))
    }

    /// Waits until so many more requests were begun; when.
    pub fn asks(&self, more: u32) -> Range<Instant> {
        let (begun, before) = (Instant::now(), self.0.asked());
        while self.0.asked() < before + more {
            assert!(begun.elapsed() < Duration::from_secs(120), "the readers stand still");
            std::thread::sleep(Duration::from_millis(5));
        }
        begun..Instant::now()
    }

    pub fn end(self) -> Vec<Outcome> {
        self.0.end()
    }
}

fn ask(port: u16, number: u32) -> Outcome {
    // The same for everybody, with no order in it; some masters are asked for far more often.
    let random = number.wrapping_mul(2_654_435_761) >> 12;
    let popular = (random % 997) * (random % 991) / 991 * MASTERS / 997 + 1;
    let identifier = format!("box%{}{popular:02}.tif", if random.is_multiple_of(3) { "2f" } else { "2F" });
    let path = tile(&identifier, random / 7);
    let begun = Instant::now();
    let answer = http::request(port, "GET", &path, &[]).ok();
    let header =
        |name: &str| answer.as_ref().and_then(|answer| answer.header(name)).unwrap_or_default().to_owned();
    let (hit, tag) = (header("x-cache-status") == "HIT", header("etag"));
    Outcome { begun, path: path.to_lowercase(), status: answer.map(|answer| answer.status), hit, tag }
}

/// How many of the requests of a phase the caches of the hosts had.
pub fn hits(outcomes: &[Outcome], phase: &Range<Instant>) -> String {
    let of_phase: Vec<_> = outcomes.iter().filter(|outcome| phase.contains(&outcome.begun)).collect();
    let hits = of_phase.iter().filter(|outcome| outcome.hit).count();
    format!("{hits} of {} from caches ({} in 100)", of_phase.len(), hits * 100 / of_phase.len().max(1))
}

/// Whether each picture had the same entity tag, whoever answered.
pub fn tags_agree(outcomes: &[Outcome]) -> bool {
    let mut tags = HashMap::new();
    outcomes
        .iter()
        .filter(|outcome| outcome.status == Some(200))
        .all(|outcome| *tags.entry(&outcome.path).or_insert(&outcome.tag) == &outcome.tag)
}
