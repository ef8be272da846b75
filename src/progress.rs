//! How far it has got: a bar on a terminal, elsewhere a line every ten seconds.

use std::time::{Duration, Instant};

use indicatif::{HumanDuration, ProgressBar, ProgressStyle};

/// Between two lines.
const PAUSE: Duration = Duration::from_secs(10);

/// The progress of long work on many things, told on standard error.
pub(crate) struct Progress {
    bar: ProgressBar,
    what: &'static str,
    told: Instant,
    done: u64,
}

impl Progress {
    /// So many are to be looked at, of what is called so.
    pub(crate) fn start(count: usize, what: &'static str) -> Self {
        let template = format!("{{pos}} of {{len}} {what} {{wide_bar}} {{per_sec}} {{eta:>4}}");
        Self::of(ProgressBar::new(count as u64), &template, what)
    }

    /// They are being listed: nobody knows how many there are.
    pub(crate) fn listing(what: &'static str) -> Self {
        Self::of(ProgressBar::no_length(), &format!("{{pos}} {what}"), what)
    }

    /// They weigh so much in all: what is left of that decides how long it takes.
    pub(crate) fn weighed(weight: u64) -> Self {
        Self::of(ProgressBar::new(weight), "{msg} {wide_bar} {eta:>4} left", "")
    }

    fn of(bar: ProgressBar, template: &str, what: &'static str) -> Self {
        let style = ProgressStyle::with_template(template);
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self { bar, what, told: Instant::now(), done: 0 }
    }

    /// So many more are done, or none.
    pub(crate) fn more(&mut self, count: u64) {
        self.at(self.done + count);
    }

    /// So many are done.
    pub(crate) fn at(&mut self, done: u64) {
        self.done = done;
        self.bar.set_position(done);
        if self.is_time() {
            match self.bar.length() {
                Some(all) => eprintln!("{done} of {all} {}", self.what),
                None => eprintln!("{done} {}", self.what),
            }
        }
    }

    /// What is done weighs so much, and is this in words.
    pub(crate) fn show(&mut self, weight: u64, words: String) {
        self.bar.set_position(weight);
        if self.is_time() {
            match self.bar.eta() {
                // Nobody knows yet, or it is done.
                Duration::ZERO => eprintln!("{words}"),
                left => eprintln!("{words}, {} left", HumanDuration(left)),
            }
        }
        self.bar.set_message(words);
    }

    fn is_time(&mut self) -> bool {
        let is_time = self.bar.is_hidden() && self.told.elapsed() >= PAUSE;
        if is_time {
            self.told = Instant::now();
        }
        is_time
    }

    /// Something that is printed elsewhere meanwhile: the bar makes room for it.
    pub(crate) fn aside<T>(&self, print: impl FnOnce() -> T) -> T {
        self.bar.suspend(print)
    }

    /// Takes the bar away.
    pub(crate) fn clear(&self) {
        self.bar.finish_and_clear();
    }

    /// The same, for good.
    pub(crate) fn end(self) {
        self.clear();
    }
}
