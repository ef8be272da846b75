//! `[tiles]`: when a tile is sent as it is stored.

use anyhow::ensure;
use serde::Deserialize;

/// What is done with tiles whose stored form is a format that clients understand.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tiles {
    /// They are sent as they are stored if that is, by estimate, no more than so many times the bytes that encoding
    /// them anew would give; 0 is never.
    pub pass_through: f64,
}

impl Default for Tiles {
    fn default() -> Self {
        // The figures are at the head of `stored/growth.rs`.
        Self { pass_through: 1.25 }
    }
}

impl Tiles {
    /// Whether the values make sense.
    ///
    /// # Errors
    /// If one is out of range.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        let factor = self.pass_through;
        ensure!((0.0..=100.0).contains(&factor), "[tiles] pass_through = {factor} is not within 0 to 100");
        Ok(())
    }
}
