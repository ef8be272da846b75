//! How many masters a worker keeps open, and where what is dear to find out about them is saved.

use std::path::PathBuf;

use anyhow::ensure;
use serde::Deserialize;

/// How many masters a worker keeps open, mapped, with their headers read: `known` and `known_bytes` of `[masters]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Their number.
    pub known: usize,
    /// Bytes of memory that their indexes take together.
    pub known_bytes: usize,
}

/// `[state]`: where indexes of masters are saved that take long to build.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StateSettings {
    /// The directory; if it does not exist, nothing is saved.
    pub directory: PathBuf,
    /// The most bytes that it may take; with 0 nothing is saved.
    pub max_bytes: u64,
}

impl Default for StateSettings {
    fn default() -> Self {
        Self { directory: "/var/lib/recto".into(), max_bytes: 256 << 20 }
    }
}

impl StateSettings {
    /// Checks the values.
    ///
    /// # Errors
    /// If the directory is not an absolute path.
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        ensure!(self.directory.is_absolute(), "[state] directory must be an absolute path");
        Ok(())
    }
}
