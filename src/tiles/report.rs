//! What came of making trees: as text and as JSON.

use std::time::Duration;

use serde::Serialize;

/// All that was made, and what was not.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// Those that are there now.
    pub trees: Vec<Made>,
    /// Names of trees that were there before, and stay.
    pub skipped: Vec<String>,
    /// What could not be made.
    pub failed: Vec<Failed>,
    /// Whether the rest was not tried, because the disk takes no more.
    pub given_up: bool,
    /// Whether it was ended before it was done.
    pub stopped: bool,
    /// How long it took, in seconds.
    pub seconds: f64,
}

/// A tree that was made.
#[derive(Debug, Serialize)]
pub struct Made {
    /// The path of its master.
    pub file: String,
    /// Its name in the directory.
    pub name: String,
    /// The URL of its info.json or .dzi, if the directory stands where it was said to stand.
    pub url: String,
    /// Width as it is shown.
    pub width: u32,
    /// Height as it is shown.
    pub height: u32,
    /// How many files show something of it.
    pub tiles: u64,
    /// How many of these were not decoded.
    pub stored: u64,
    /// Their bytes, each file counted once.
    pub bytes: u64,
    /// How long it took, in seconds.
    pub seconds: f64,
}

/// A master of which no tree was made.
#[derive(Debug, Serialize)]
pub struct Failed {
    /// Its path.
    pub file: String,
    /// The cause.
    pub why: String,
}

impl Report {
    /// Whether all that was asked for is there.
    pub fn is_whole(&self) -> bool {
        self.failed.is_empty() && !self.stopped
    }

    /// In one line.
    pub fn text(&self) -> String {
        let sum = |number: fn(&Made) -> u64| self.trees.iter().map(number).sum::<u64>();
        let (tiles, stored) = (sum(|tree| tree.tiles), sum(|tree| tree.stored));
        let bytes = sum(|tree| tree.bytes) as f64 / 1e6;
        let trees = if self.trees.len() == 1 { "tree" } else { "trees" };
        let mut text = format!(
            "{} {trees}: {tiles} tiles, {stored} of them as stored, {bytes:.1} MB, {:.1} s",
            self.trees.len(),
            self.seconds
        );
        for (count, what) in [(self.skipped.len(), "there before"), (self.failed.len(), "failed")] {
            if count > 0 {
                text += &format!("; {count} {what}");
            }
        }
        match (self.stopped, self.given_up) {
            (true, _) => text += "; stopped before the end: the same command with --skip-existing goes on",
            (false, true) => text += "; given up: the disk takes no more",
            (false, false) => {}
        }
        text
    }

    /// Adds how long all took.
    pub(super) fn took(mut self, time: Duration) -> Self {
        self.seconds = time.as_secs_f64();
        self
    }
}
