//! All files in numbers, and those that failed by name.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::crew::Done;
use super::job::Status;

/// So many that failed are named to people.
const NAMED: usize = 1000;

/// What became of all files.
#[derive(Debug, Default)]
pub(super) struct Tally {
    counts: BTreeMap<&'static str, u64>,
    ways: BTreeMap<String, u64>,
    bytes_in: u64,
    bytes_out: u64,
    pixels: u64,
    failures: Vec<Failed>,
    /// Why all had to end.
    pub(super) halt: Option<String>,
}

#[derive(Debug)]
struct Failed {
    file: String,
    page: u32,
    why: String,
}

impl Tally {
    pub(super) fn count(&mut self, done: &Done) {
        let outcome = &done.outcome;
        *self.counts.entry(name(outcome.status)).or_default() += 1;
        if matches!(outcome.status, Status::Made | Status::ToMake) {
            *self.ways.entry(outcome.way.clone().unwrap_or_default()).or_default() += 1;
            self.bytes_in = self.bytes_in.saturating_add(done.bytes_in);
            self.bytes_out = self.bytes_out.saturating_add(outcome.bytes_out);
            self.pixels = self.pixels.saturating_add(outcome.pixels);
        }
        if outcome.status == Status::Failed {
            let (file, why) = (done.input.clone(), outcome.why.clone());
            self.failures.push(Failed { file, page: done.page, why });
        }
        if outcome.is_of_all && self.halt.is_none() {
            self.halt = Some(outcome.why.clone());
        }
    }

    /// How many failed.
    pub(super) fn failures(&self) -> usize {
        self.failures.len()
    }

    fn of(&self, status: Status) -> u64 {
        self.counts.get(name(status)).copied().unwrap_or_default()
    }

    /// As lines for people; so many were not begun.
    pub(super) fn text(&self, not_begun: usize, took: Duration) -> String {
        let all = self.counts.values().sum::<u64>() + not_begun as u64;
        let mut text = format!("{all} {}", plural(all, "file"));
        let mut separator = ": ";
        for (count, words) in [
            (self.of(Status::Made), format!("made ({})", self.made(took))),
            (self.of(Status::ToMake), format!("to be made ({})", self.to_make())),
            (self.of(Status::There), "there already".to_owned()),
            (self.of(Status::Left), "as they should be and left where they are".to_owned()),
            (self.of(Status::Failed), "failed".to_owned()),
            (self.of(Status::Stopped), "stopped".to_owned()),
            (not_begun as u64, "not begun".to_owned()),
        ] {
            if count > 0 {
                let _ = write!(text, "{separator}{count} {words}");
                separator = ", ";
            }
        }
        text.push('\n');
        self.name_failures(&mut text);
        text
    }

    fn made(&self, took: Duration) -> String {
        let took = took.as_secs_f64();
        let rate = number(self.pixels as f64 / 1e6 / took.max(1e-3));
        let (read, written) = (bytes(self.bytes_in), bytes(self.bytes_out));
        let (ways, megapixels) = (self.ways(), self.megapixels());
        format!("{ways}; {read} to {written}, {megapixels} megapixels in {took:.1} s, {rate} a second")
    }

    fn to_make(&self) -> String {
        format!("{}; {}, {} megapixels", self.ways(), bytes(self.bytes_in), self.megapixels())
    }

    fn megapixels(&self) -> String {
        number(self.pixels as f64 / 1e6)
    }

    fn ways(&self) -> String {
        let ways = self.ways.iter().map(|(way, count)| format!("{count} {way}"));
        ways.collect::<Vec<_>>().join(", ")
    }

    fn name_failures(&self, text: &mut String) {
        if self.failures.is_empty() {
            return;
        }
        text.push_str("failed:\n");
        for Failed { file, page, why } in self.failures.iter().take(NAMED) {
            let page = if *page > 1 { format!(", page {page}") } else { String::new() };
            let _ = writeln!(text, "  {}{page}: {}", plain(file), plain(why));
        }
        if self.failures.len() > NAMED {
            let _ = writeln!(text, "  and {} more, which --json lists", self.failures.len() - NAMED);
        }
    }

    /// As the last line of JSON.
    pub(super) fn json(&self, not_begun: usize, took: Duration, exit: u8) -> Value {
        let mut summary = Map::new();
        for status in ALL {
            summary.insert(name(status).to_owned(), json!(self.of(status)));
        }
        summary.insert("not-begun".to_owned(), json!(not_begun));
        for (name, number) in
            [("bytes_in", self.bytes_in), ("bytes_out", self.bytes_out), ("pixels", self.pixels)]
        {
            summary.insert(name.to_owned(), json!(number));
        }
        summary.insert("seconds".to_owned(), json!(took.as_secs_f64()));
        summary.insert("exit".to_owned(), json!(exit));
        let failure = |failed: &Failed| json!({"input": failed.file, "page": failed.page, "why": failed.why});
        summary.insert("failures".to_owned(), self.failures.iter().map(failure).collect());
        json!({ "summary": summary })
    }
}

const ALL: [Status; 6] =
    [Status::Made, Status::ToMake, Status::There, Status::Left, Status::Failed, Status::Stopped];

/// As it is called in JSON.
pub(super) fn name(status: Status) -> &'static str {
    match status {
        Status::Made => "made",
        Status::ToMake => "to-make",
        Status::There => "there",
        Status::Left => "left",
        Status::Failed => "failed",
        Status::Stopped => "stopped",
    }
}

pub(super) fn plural(count: u64, of: &str) -> String {
    if count == 1 { of.to_owned() } else { format!("{of}s") }
}

/// A number for people.
pub(super) fn number(of: f64) -> String {
    if of < 10.0 { format!("{of:.1}") } else { format!("{of:.0}") }
}

/// A number of bytes for people.
pub(super) fn bytes(count: u64) -> String {
    let kilobytes = count as f64 / 1e3;
    match kilobytes {
        _ if kilobytes >= 1e9 => format!("{:.1} TB", kilobytes / 1e9),
        _ if kilobytes >= 1e6 => format!("{:.1} GB", kilobytes / 1e6),
        _ if kilobytes >= 1e3 => format!("{:.1} MB", kilobytes / 1e3),
        _ => format!("{kilobytes:.0} KB"),
    }
}

/// Text of somebody else's in one line, without what a terminal would obey.
pub(super) fn plain(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}
