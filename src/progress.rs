//! How far it has got: a bar on a terminal, elsewhere a line every ten seconds.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// Between two lines.
const PAUSE: Duration = Duration::from_secs(10);

/// The progress of a long look at many things, told on standard error.
pub(crate) struct Progress {
    bar: ProgressBar,
    what: &'static str,
    told: Instant,
    done: u64,
}

impl Progress {
    /// So many are to be looked at, of what is called so.
    pub(crate) fn start(count: usize, what: &'static str) -> Self {
        let bar = ProgressBar::new(count as u64);
        let style = ProgressStyle::with_template(&format!(
            "{{pos}} of {{len}} {what} {{wide_bar}} {{per_sec}} {{eta:>4}}"
        ));
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self { bar, what, told: Instant::now(), done: 0 }
    }

    /// They are being listed: nobody knows how many there are.
    pub(crate) fn listing(what: &'static str) -> Self {
        let bar = ProgressBar::no_length();
        let style = ProgressStyle::with_template(&format!("{{pos}} {what}"));
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
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
        if self.bar.is_hidden() && self.told.elapsed() >= PAUSE {
            self.told = Instant::now();
            match self.bar.length() {
                Some(all) => eprintln!("{done} of {all} {}", self.what),
                None => eprintln!("{done} {}", self.what),
            }
        }
    }

    /// Takes the bar away.
    pub(crate) fn end(self) {
        self.bar.finish_and_clear();
    }
}
