//! What is told while the work goes on, and at its end: on the terminal, and as JSON where a machine reads it.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::time::Instant;

use anyhow::Context;
use serde_json::{Map, Value, json};

use super::Options;
use super::crew::{Done, Event};
use super::entry::Entry;
use super::job::Status;
use super::plan::Plan;
use super::tally::{Tally, bytes, name, number, plain, plural};
use crate::progress::Progress;

/// Tells what happens.
pub(super) struct Teller {
    /// Where JSON goes.
    json: Option<Box<dyn Write>>,
    /// Whether text goes to standard error, since JSON goes to standard output.
    aside: bool,
    /// Whether each file has a line.
    each: bool,
    begun: Instant,
    progress: Progress,
    files: u64,
    done: u64,
    bytes: u64,
    pixels: u64,
    pub(super) tally: Tally,
}

impl Teller {
    /// For all that is planned.
    ///
    /// # Errors
    /// If the file for JSON cannot be written.
    pub(super) fn begin(options: &Options, plan: &Plan) -> anyhow::Result<Self> {
        let files = plan.entries.len() + plan.unfit.len();
        let bytes = plan.entries.iter().map(Entry::weight).fold(0, u64::saturating_add);
        let aside = options.json.as_deref() == Some(Path::new("-"));
        let json: Option<Box<dyn Write>> = match &options.json {
            None => None,
            Some(_) if aside => Some(Box::new(io::stdout())),
            Some(path) => {
                let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
                Some(Box::new(file))
            }
        };
        let each = options.verbose || options.dry_run || files == 1;
        let (begun, files) = (Instant::now(), files as u64);
        let progress = Progress::weighed(bytes);
        let tally = Tally::default();
        Ok(Self { json, aside, each, begun, progress, files, done: 0, bytes: 0, pixels: 0, tally })
    }

    /// # Errors
    /// If it cannot be told.
    pub(super) fn take(&mut self, event: Event) -> anyhow::Result<()> {
        match event {
            Event::More { pixels, bytes } => {
                self.pixels += pixels;
                self.bytes += bytes;
            }
            Event::Pages(more) => self.files += more as u64,
            Event::Ended(done) => self.ended(&done)?,
            Event::Tick => {}
        }
        let text = self.so_far();
        self.progress.show(self.bytes, text);
        Ok(())
    }

    /// How far it has got, and how fast.
    fn so_far(&self) -> String {
        let (done, files) = (self.done, self.files);
        let failed = match self.tally.failures() {
            0 => String::new(),
            count => format!(", {count} failed"),
        };
        let seconds = self.begun.elapsed().as_secs_f64().max(1e-3);
        let [fast, large] = [done as f64, self.pixels as f64 / 1e6].map(|count| number(count / seconds));
        let files = format!("{files} {}", plural(files, "file"));
        format!("{done} of {files}{failed}, {fast} files and {large} megapixels a second")
    }

    /// A file is done.
    pub(super) fn ended(&mut self, done: &Done) -> anyhow::Result<()> {
        self.done += 1;
        self.tally.count(done);
        if let Some(json) = &mut self.json {
            writeln!(json, "{}", line_of_json(done)).context("cannot write the report")?;
            json.flush().context("cannot write the report")?;
        }
        // One that failed is named at the end in any case.
        match self.each && (self.files > 1 || done.outcome.status != Status::Failed) {
            true => self.text(&format!("{}\n", line(done))),
            false => Ok(()),
        }
    }

    /// The end: so many were not begun.
    ///
    /// # Errors
    /// If it cannot be told.
    pub(super) fn end(mut self, not_begun: usize, exit: u8, last: Option<&str>) -> anyhow::Result<()> {
        let took = self.begun.elapsed();
        self.progress.clear();
        if let Some(json) = &mut self.json {
            let summary = self.tally.json(not_begun, took, exit);
            writeln!(json, "{summary}").and_then(|()| json.flush()).context("cannot write the report")?;
        }
        let last = last.map_or_else(String::new, |line| format!("{line}\n"));
        self.text(&format!("{}{last}", self.tally.text(not_begun, took)))
    }

    fn text(&self, text: &str) -> anyhow::Result<()> {
        let written = self.progress.aside(|| match self.aside {
            true => io::stderr().write_all(text.as_bytes()),
            false => io::stdout().write_all(text.as_bytes()),
        });
        written.context("cannot write what was done")
    }
}

/// A file in a line for people.
fn line(done: &Done) -> String {
    let outcome = &done.outcome;
    let page = if done.page > 1 { format!(", page {}", done.page) } else { String::new() };
    let input = format!("{}{page}", plain(&done.input));
    if matches!(outcome.status, Status::Failed | Status::Stopped) {
        return format!("{input}: {}", plain(&outcome.why));
    }
    let output = match (&done.output, outcome.status) {
        (Some(output), Status::Made | Status::ToMake | Status::There) => {
            format!(" -> {}", plain(&output.display().to_string()))
        }
        _ => String::new(),
    };
    let way = outcome.way.as_ref().map_or_else(String::new, |way| format!("{way}, "));
    let sizes = match outcome.status {
        Status::Made => format!("{} to {}", bytes(done.bytes_in), bytes(outcome.bytes_out)),
        _ => bytes(done.bytes_in),
    };
    let notes: String = outcome.notes.iter().map(|note| format!("; {}", plain(note))).collect();
    format!("{input}{output}: {way}{} ({sizes}){notes}", plain(&outcome.why))
}

/// A file in a line for machines.
fn line_of_json(done: &Done) -> Value {
    let outcome = &done.outcome;
    let mut line = Map::new();
    let mut put = |name: &str, value: Value| drop(line.insert(name.to_owned(), value));
    put("input", json!(done.input));
    put("page", json!(done.page));
    put("output", json!(done.output.as_ref().map(|path| path.to_string_lossy())));
    put("status", json!(name(outcome.status)));
    if let Some(way) = &outcome.way {
        put("way", json!(way));
    }
    put("why", json!(outcome.why));
    if let Some(fault) = &outcome.fault {
        put("fault", json!(fault));
    }
    put("notes", json!(outcome.notes));
    put("bytes_in", json!(done.bytes_in));
    if outcome.status == Status::Made {
        put("bytes_out", json!(outcome.bytes_out));
        put("seconds", json!(outcome.seconds));
    }
    line.extend(outcome.details.clone());
    Value::Object(line)
}
