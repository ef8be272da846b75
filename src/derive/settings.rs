//! The settings that derivatives and info.json depend on, and of these `[colour]`.

use std::num::NonZeroU64;

use recto_iiif::{Extras, Offer};
use serde::Deserialize;

use crate::encode::Encodings;
use crate::metadata::Policy;
use crate::passthrough::Tiles;
use crate::picture::Limits;

/// The settings that change the bytes of a picture or of info.json. All of them are in every entity tag, by the derived
/// hash: see `http::ConfigFingerprint`.
#[derive(Clone, Debug, Hash)]
pub struct Rendering {
    /// `[limits]`
    pub limits: Limits,
    /// `[limits] max_source_area`: pixels of a master that one request may have decoded.
    pub max_source_area: NonZeroU64,
    /// `[limits] memory`: bytes that all requests in work may take together, and so each alone.
    pub memory: u64,
    /// `[offer]`
    pub offer: Offer,
    /// `[info]`: what every info.json adds.
    pub info: Extras,
    /// `[colour]`
    pub colour: Colour,
    /// `[metadata] carry`
    pub metadata: Policy,
    /// `[tiles]`
    pub tiles: Tiles,
    /// One section per output format.
    pub encodings: Encodings,
}

/// What is done about colour profiles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Colour {
    /// What becomes of a master's ICC profile.
    pub profile: Profile,
    /// The longest profile that is embedded, in bytes: it is in every tile.
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
