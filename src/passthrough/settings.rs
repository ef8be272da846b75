//! `[tiles]`: when a tile is sent as it is stored.

use std::hash::{Hash, Hasher};

use anyhow::ensure;
use serde::Deserialize;

/// What is done with tiles whose stored form is a format that clients understand.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tiles {
    /// They are sent as they are stored if their length is at most so many times the estimated length of a new
    /// encoding; 0 is never.
    pub pass_through: f64,
}

impl Default for Tiles {
    fn default() -> Self {
        // The figures are at the head of `size_estimate.rs`.
        Self { pass_through: 1.25 }
    }
}

/// By the bits of the number, for floating point has no hash of its own.
impl Hash for Tiles {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // Destructured, so that the compiler asks for every field.
        let Self { pass_through } = self;
        pass_through.to_bits().hash(state);
    }
}

impl Tiles {
    /// Checks the values.
    ///
    /// # Errors
    /// If one is out of range.
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        let factor = self.pass_through;
        ensure!((0.0..=100.0).contains(&factor), "[tiles] pass_through = {factor} is not within 0 to 100");
        Ok(())
    }
}
