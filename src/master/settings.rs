//! How many masters a worker keeps open, and where findings about them outlive it.

use std::path::PathBuf;

use anyhow::ensure;
use serde::Deserialize;

/// How many masters a worker keeps open, mapped and understood: `known` and `known_bytes` of `[masters]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// In number.
    pub known: usize,
    /// In bytes of memory that their indexes take together.
    pub known_bytes: usize,
}

/// `[state]`: where findings about masters are kept that take long to make anew.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StateSettings {
    /// The directory; if it is not there, nothing is kept.
    pub directory: PathBuf,
    /// The most that it may take, in bytes; with 0 nothing is kept.
    pub max_bytes: u64,
}

impl Default for StateSettings {
    fn default() -> Self {
        Self { directory: "/var/lib/recto".into(), max_bytes: 256 << 20 }
    }
}

impl StateSettings {
    /// Whether the values make sense.
    ///
    /// # Errors
    /// If the directory is not an absolute path.
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        ensure!(self.directory.is_absolute(), "[state] directory must be an absolute path");
        Ok(())
    }
}
