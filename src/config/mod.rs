//! The configuration: `RawConfig` as it is written in the file, [`Config`] as it is meant.
//! Built once; nothing later looks at the file's words. Limits that info.json publishes come from this same value.

mod colour;
mod encodings;
mod hosts;
mod limits;
mod masters;
mod metadata;
mod offer;
mod server;
mod state;
mod suggest;
mod tiles;

use std::num::NonZeroU64;
use std::path::Path;

use anyhow::{Context, anyhow};
use recto_iiif::{Extras, Offer};
use serde::Deserialize;

use crate::picture::Limits;
pub use colour::{Colour, Profile};
pub use encodings::{
    Avif, Encodings, Gif, Jp2, Jpeg, Pdf, Png, PngCompression, Subsampling, Tiff, TiffCompression, Webp,
};
pub use hosts::Hosts;
use limits::RawLimits;
use masters::RawMasters;
pub use masters::{Known, Masters};
pub use metadata::Metadata;
use metadata::RawMetadata;
use offer::RawOffer;
use server::RawServer;
pub use server::Server;
pub use state::State;
pub use tiles::Tiles;

/// All that a server needs to know, checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// `[server]`
    pub server: Server,
    /// `[masters]`
    pub masters: Masters,
    /// `[masters]`: how many of them a worker keeps open.
    pub known: Known,
    /// `[state]`
    pub state: State,
    /// `[limits]`
    pub limits: Limits,
    /// `[limits] max_source_area`: pixels of a master that one request may have decoded.
    pub max_source_area: NonZeroU64,
    /// `[offer]`
    pub offer: Offer,
    /// `[info]`: what every info.json adds.
    pub info: Extras,
    /// `[colour]`
    pub colour: Colour,
    /// `[metadata] carry`
    pub metadata: Metadata,
    /// `[tiles]`
    pub tiles: Tiles,
    /// One section per output format.
    pub encodings: Encodings,
}

impl Config {
    /// Reads and checks a configuration file.
    ///
    /// # Errors
    /// If the file cannot be read, is not TOML, has an unknown key or a value out of range: with line, key and rule.
    pub fn load(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| {
            format!("cannot read the configuration {} (--config names it)", path.display())
        })?;
        Self::parse(&text).with_context(|| format!("configuration {}", path.display()))
    }

    /// Checks a configuration given as text.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let raw: RawConfig = toml::from_str(text).map_err(|error| suggest::explain(&error))?;
        raw.try_into()
    }
}

/// Limits and the rest as they stand in the file: every key optional but `[masters] root`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawConfig {
    server: RawServer,
    masters: RawMasters,
    state: State,
    limits: RawLimits,
    offer: RawOffer,
    info: serde_json::Map<String, serde_json::Value>,
    colour: Colour,
    metadata: RawMetadata,
    tiles: Tiles,
    jpeg: Jpeg,
    png: Png,
    webp: Webp,
    tiff: Tiff,
    gif: Gif,
    pdf: Pdf,
    avif: Avif,
    jp2: Jp2,
}

impl TryFrom<RawConfig> for Config {
    type Error = anyhow::Error;

    fn try_from(raw: RawConfig) -> anyhow::Result<Self> {
        let (masters, known) = raw.masters.checked()?;
        let (limits, max_source_area) = raw.limits.meant();
        let encodings = Encodings {
            jpeg: raw.jpeg,
            png: raw.png,
            webp: raw.webp,
            tiff: raw.tiff,
            gif: raw.gif,
            pdf: raw.pdf,
            avif: raw.avif,
            jp2: raw.jp2,
        };
        encodings.check()?;
        raw.state.check()?;
        raw.tiles.check()?;
        Ok(Self {
            server: raw.server.try_into()?,
            masters,
            known,
            state: raw.state,
            limits,
            max_source_area,
            offer: raw.offer.try_into()?,
            info: Extras::new(raw.info).map_err(|error| anyhow!("[info] {error}"))?,
            colour: raw.colour,
            metadata: raw.metadata.into(),
            tiles: raw.tiles,
            encodings,
        })
    }
}

#[cfg(test)]
mod tests;
