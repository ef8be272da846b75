//! What came of asking: as text and as JSON.

use std::collections::BTreeMap;

use serde::Serialize;

/// So many failures are told one by one.
const MOST_FAILURES: usize = 20;

/// All that was asked for, in numbers.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// Masters of which all was asked for.
    pub masters: u64,
    /// Masters that were left out, because they were asked for before.
    pub skipped: u64,
    /// Requests that were answered, or not, but for those that were made again.
    pub requests: u64,
    /// How many of these the cache had already, as far as it says so.
    pub hits: u64,
    /// How many it did not have.
    pub misses: u64,
    /// How many failed.
    pub failed: u64,
    /// How often the server wanted to be asked later.
    pub put_off: u64,
    /// Of all bodies.
    pub bytes: u64,
    /// How often each HTTP status came.
    pub statuses: BTreeMap<u16, u64>,
    /// The first failures.
    pub failures: Vec<Failure>,
    /// Where an info.json says that its image is, if that is not where it was asked for.
    pub other_id: Option<String>,
    /// Why it was given up, if so.
    pub given_up: Option<String>,
    /// Whether it was ended before it was done.
    pub stopped: bool,
    /// How long it took, in seconds.
    pub seconds: f64,
}

/// A request that failed.
#[derive(Clone, Debug, Serialize)]
pub struct Failure {
    /// What was asked for.
    pub url: String,
    /// The cause.
    pub why: String,
}

impl Report {
    /// Whether all that was asked for came.
    pub fn is_well(&self) -> bool {
        self.failed == 0 && self.given_up.is_none() && !self.stopped
    }

    /// Notes a failure.
    pub(super) fn fail(&mut self, url: &str, why: String) {
        self.failed += 1;
        if self.failures.len() < MOST_FAILURES {
            self.failures.push(Failure { url: url.to_owned(), why });
        }
    }

    /// In a few lines.
    pub fn text(&self) -> String {
        let Self { masters, requests, hits, misses, failed, .. } = self;
        let mut text = format!(
            "{masters} masters: {requests} requests, {hits} of them were in the cache, {misses} are now"
        );
        let unknown = requests.saturating_sub(hits + misses + failed);
        for (count, what) in [
            (unknown, "that no cache speaks of"),
            (*failed, "failed"),
            (self.put_off, "put off by the server"),
            (self.skipped, "masters skipped"),
        ] {
            if count > 0 {
                text += &format!(", {count} {what}");
            }
        }
        text += &format!("; {:.1} MB, {:.1} s", self.bytes as f64 / 1e6, self.seconds);
        if self.stopped {
            text += "; stopped before the end";
        }
        text
    }
}
