//! `[masters]`: where they are, and how many of them a worker keeps open.

use std::path::PathBuf;

use anyhow::ensure;
use serde::Deserialize;

use crate::master::Bounds;
use crate::source::Masters;

/// The section as it stands in the file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawMasters {
    root: PathBuf,
    follow_symlinks: bool,
    known: usize,
    known_bytes: usize,
}

impl Default for RawMasters {
    fn default() -> Self {
        Self { root: PathBuf::new(), follow_symlinks: false, known: 200, known_bytes: 16 << 20 }
    }
}

impl RawMasters {
    /// The section, checked.
    ///
    /// # Errors
    /// If the root is missing or not absolute, or a number is out of range.
    pub(super) fn checked(self) -> anyhow::Result<(Masters, Bounds)> {
        let Self { root, follow_symlinks, known, known_bytes } = self;
        ensure!(!root.as_os_str().is_empty(), "[masters] root is missing: the directory with the images");
        ensure!(root.is_absolute(), "[masters] root must be an absolute path");
        ensure!(known <= 500, "[masters] known = {known} is not within 0 to 500");
        Ok((Masters { root, follow_symlinks }, Bounds { known, known_bytes }))
    }
}
