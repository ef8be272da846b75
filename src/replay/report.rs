//! What came of a replay, the worst first: as text and as JSON.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::ask::Compared;
use super::compare::{Difference, Kind};

/// All that was compared.
pub struct Report {
    pub(super) lines: u64,
    pub(super) different: usize,
    pub(super) compared: Vec<Compared>,
    pub(super) against: String,
    pub(super) with: String,
}

impl Report {
    /// Whether nothing differs.
    pub fn is_same(&self) -> bool {
        self.differences().is_empty()
    }

    /// What differs, the worst first; of what is as bad, what was asked for most often.
    fn differences(&self) -> Vec<(&Compared, &Difference)> {
        let differing = self.compared.iter().filter_map(|one| Some((one, one.difference.as_ref()?)));
        let mut all: Vec<_> = differing.collect();
        all.sort_by(|(one, worse), (other, less)| {
            let kind = worse.kind.cmp(&less.kind);
            kind.then(less.badness.total_cmp(&worse.badness))
                .then(other.seen.cmp(&one.seen))
                .then(one.path.cmp(&other.path))
        });
        all
    }

    /// How many there are of each kind.
    fn kinds(&self) -> BTreeMap<Kind, usize> {
        self.differences().iter().fold(BTreeMap::new(), |mut counts, (_, difference)| {
            *counts.entry(difference.kind).or_default() += 1;
            counts
        })
    }

    /// The time below which a share of the answers of a server came, in milliseconds; None if there were none.
    fn time(&self, server: usize, share: f64) -> Option<f64> {
        let mut times: Vec<Duration> = self.compared.iter().filter_map(|one| one.took[server]).collect();
        times.sort_unstable();
        let at = ((times.len() as f64 * share).ceil() as usize).clamp(1, times.len().max(1)) - 1;
        times.get(at).map(|time| time.as_secs_f64() * 1000.0)
    }

    /// With at most so many differences told one by one.
    pub fn text(&self, most: usize) -> String {
        let (differences, compared) = (self.differences(), self.compared.len());
        let mut text = String::new();
        for (one, difference) in differences.iter().take(most) {
            let Difference { kind, what, .. } = difference;
            let times = if one.seen > 1 { format!(" (asked for {} times)", one.seen) } else { String::new() };
            text.push_str(&format!("{:<10}  {}{times}\n            {what}\n", label(*kind), one.path));
        }
        if differences.len() > most {
            text.push_str(&format!("... and {} more; --show tells more of them\n", differences.len() - most));
        }
        let Self { lines, different, .. } = self;
        text.push_str(&format!(
            "{lines} lines, {different} different requests, {compared} compared: {} the same, {} differ",
            compared - differences.len(),
            differences.len()
        ));
        let kinds: Vec<_> =
            self.kinds().into_iter().map(|(kind, count)| format!("{count} {}", label(kind))).collect();
        text.push_str(&if kinds.is_empty() { "\n".to_owned() } else { format!(" ({})\n", kinds.join(", ")) });
        for (at, server) in [&self.against, &self.with].into_iter().enumerate() {
            let [middle, high] = [0.5, 0.95].map(|share| self.time(at, share).unwrap_or(f64::NAN));
            text.push_str(&format!("{server}: half within {middle:.1} ms, 95 % within {high:.1} ms\n"));
        }
        text
    }

    /// All of it.
    pub fn json(&self) -> Value {
        let servers = [&self.against, &self.with].into_iter().enumerate().map(
            |(at, url)| json!({"url": url, "p50_ms": self.time(at, 0.5), "p95_ms": self.time(at, 0.95)}),
        );
        let milliseconds = |time: Option<Duration>| time.map(|time| time.as_secs_f64() * 1000.0);
        let differences = self.differences();
        let told = differences.iter().map(|(one, difference)| {
            let [against, with] = one.took.map(milliseconds);
            json!({"kind": difference.kind, "path": one.path, "what": difference.what, "seen": one.seen,
                   "against_ms": against, "with_ms": with})
        });
        json!({
            "lines": self.lines,
            "different_requests": self.different,
            "compared": self.compared.len(),
            "same": self.compared.len() - differences.len(),
            "servers": servers.collect::<Vec<_>>(),
            "differences": told.collect::<Vec<_>>(),
        })
    }
}

fn label(kind: Kind) -> &'static str {
    match kind {
        Kind::Answer => "answer",
        Kind::Status => "status",
        Kind::Damage => "damage",
        Kind::Size => "size",
        Kind::Pixels => "pixels",
        Kind::Info => "info.json",
        Kind::MediaType => "media type",
    }
}
