//! `[state]`: findings about masters that outlive a worker.

use std::path::PathBuf;

use anyhow::ensure;
use serde::Deserialize;

/// Where findings about masters are kept that are dear to make anew.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct State {
    /// The directory; if it is not there, nothing is kept.
    pub directory: PathBuf,
    /// The most that it may take; with 0 nothing is kept.
    pub max_bytes: u64,
}

impl Default for State {
    fn default() -> Self {
        Self { directory: "/var/lib/recto".into(), max_bytes: 256 << 20 }
    }
}

impl State {
    /// Whether the values make sense.
    ///
    /// # Errors
    /// If the directory is not an absolute path.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        ensure!(self.directory.is_absolute(), "[state] directory must be an absolute path");
        Ok(())
    }
}
