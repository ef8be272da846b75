//! All files in numbers.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::outcome::{Outcome, Verdict};
use super::table;

/// How many files there are of each verdict.
#[derive(Debug, Default)]
pub(super) struct Summary {
    counts: [u64; Verdict::ALL.len()],
    /// Bytes of all pictures.
    bytes: u64,
}

impl Summary {
    /// Counts one more.
    pub(super) fn count(&mut self, outcome: &Outcome) {
        self.counts[outcome.verdict as usize] += 1;
        if outcome.verdict != Verdict::NoPicture {
            self.bytes = self.bytes.saturating_add(outcome.bytes);
        }
    }

    /// Whether somebody has to do something about one of them.
    pub(super) fn is_to_mend(&self) -> bool {
        Verdict::ALL.iter().any(|verdict| verdict.is_to_mend() && self.of(*verdict) > 0)
    }

    fn of(&self, verdict: Verdict) -> u64 {
        self.counts[verdict as usize]
    }

    fn pictures(&self) -> u64 {
        self.counts.iter().sum::<u64>() - self.of(Verdict::NoPicture)
    }

    /// As lines for people.
    pub(super) fn text(&self, took: Duration) -> String {
        let pictures = self.pictures();
        let of = |verdict: &&Verdict| self.of(**verdict) > 0 && **verdict != Verdict::NoPicture;
        let counts = Verdict::ALL.iter().rev().filter(of).map(|of| format!("{} {of}", self.of(*of)));
        let counts = counts.collect::<Vec<_>>().join(", ");
        let others = match self.of(Verdict::NoPicture) {
            0 => String::new(),
            1 => "; 1 file is no picture".to_owned(),
            count => format!("; {count} files are no pictures"),
        };
        let (all, bytes) = (pictures + self.of(Verdict::NoPicture), table::bytes(self.bytes));
        let a_second = all as f64 / took.as_secs_f64().max(1e-3);
        let are = if pictures == 1 { "master" } else { "masters" };
        let counts = if counts.is_empty() { String::new() } else { format!(": {counts}") };
        let took = took.as_secs_f64();
        format!("{pictures} {are}, {bytes}{counts}{others} ({took:.1} s, {a_second:.0} files a second)\n")
    }

    /// As the last line of JSON.
    pub(super) fn json(&self) -> Value {
        let mut counts: Map<String, Value> = Verdict::ALL
            .iter()
            .filter_map(|verdict| {
                Some((serde_json::to_value(verdict).ok()?.as_str()?.to_owned(), json!(self.of(*verdict))))
            })
            .collect();
        counts.insert("masters".to_owned(), json!(self.pictures()));
        counts.insert("bytes".to_owned(), json!(self.bytes));
        json!({ "summary": counts })
    }
}
