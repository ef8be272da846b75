//! How each output format is written: one section of the configuration per format.

use anyhow::ensure;
use serde::Deserialize;

/// `[jpeg]`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Jpeg {
    /// 1 to 100.
    pub quality: u8,
}

impl Default for Jpeg {
    fn default() -> Self {
        Self { quality: 80 }
    }
}

impl Jpeg {
    /// Whether its values are in range.
    ///
    /// # Errors
    /// With the key, its value and the range.
    pub fn check(&self) -> anyhow::Result<()> {
        ensure!(
            (1..=100).contains(&self.quality),
            "[jpeg] quality = {} is not within 1 to 100",
            self.quality
        );
        Ok(())
    }
}
