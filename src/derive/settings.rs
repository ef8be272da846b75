//! `[colour]`: what is done about colour profiles.

use serde::Deserialize;

/// What is done about colour profiles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Colour {
    /// What becomes of a master's ICC profile.
    pub profile: Profile,
    /// The longest profile that is kept, in bytes: it is in every tile.
    pub longest_kept: usize,
}

impl Default for Colour {
    fn default() -> Self {
        Self { profile: Profile::default(), longest_kept: 16_384 }
    }
}

/// What becomes of an ICC profile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// Pixels are converted to sRGB, which is what is meant where no profile is given.
    #[default]
    Srgb,
    /// Pixels are sent as they are stored, with the profile, where the format can hold both; otherwise as sRGB.
    Keep,
    /// It is left out, and pixels are sent as they are stored.
    Strip,
}
