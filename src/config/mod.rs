//! The configuration: `RawConfig` as it is written in the file, [`Config`] as it is meant.
//! Built once; nothing later looks at the file's text. Limits that info.json publishes come from this same value. Each
//! room of the program has its own settings; here they are put together, and nothing below knows the whole.

mod limits;
mod looks;
mod masters;
mod offer;
mod place;
mod pool;
mod store;
mod suggest;

use std::path::Path;

use anyhow::{Context, anyhow, bail};
use recto_iiif::Extras;
use serde::Deserialize;

use crate::derive::{Colour, Rendering};
use crate::encode::{Avif, Encodings, Gif, Jp2, Jpeg, Pdf, Png, Tiff, Webp};
use crate::passthrough::Tiles;
use crate::source::{CacheSettings, Masters};
use crate::{http, logging, master, metadata};
use limits::RawLimits;
pub use looks::Looks;
use masters::{RawMasters, RawSource};
use offer::RawOffer;
pub use pool::Pool;
use pool::RawServer;
use store::RawCache;

/// All that a server needs to know, checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// The settings that change no byte of a picture or info.json: processes, masters, caches.
    pub serving: Serving,
    /// The settings that change bytes.
    pub rendering: Rendering,
}

/// The settings that the bytes of responses do not depend on.
#[derive(Clone, Debug)]
pub struct Serving {
    /// `[server] socket`, `listen`, `workers`, `background_workers`, `far_workers`, `deadline` and `sandbox`
    pub pool: Pool,
    /// `[server] public_url`, `trusted_hosts`, `cache_control` and `server_timing`. The tag of an info.json has the URL that is in it.
    pub http: http::Settings,
    /// `[masters] root` and `follow_symlinks`, and each `[[source]]`
    pub masters: Masters,
    /// `[masters] known` and `known_bytes`: how many of them a worker keeps open.
    pub known: master::Bounds,
    /// `[cache]`: where blocks of masters in stores are kept.
    pub block_cache: CacheSettings,
    /// `[state]`
    pub state: master::StateSettings,
    /// `[log]`
    pub log: logging::Settings,
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
        let raw: RawConfig = toml::from_str(text).map_err(|error| suggest::explain(&error, text))?;
        if let Some(complaint) = place::not_json(text) {
            bail!(complaint);
        }
        raw.try_into().map_err(|error: anyhow::Error| anyhow!(place::with_line(text, &format!("{error:#}"))))
    }
}

/// Limits and the rest as they stand in the file: every key optional but `[masters] root`, and that if there is a `[[source]]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawConfig {
    server: RawServer,
    masters: RawMasters,
    source: Vec<RawSource>,
    cache: RawCache,
    state: master::StateSettings,
    log: logging::Settings,
    limits: RawLimits,
    offer: RawOffer,
    info: serde_json::Map<String, serde_json::Value>,
    colour: Colour,
    metadata: metadata::Policy,
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
        let (masters, known) = raw.masters.checked(raw.source)?;
        let limits = raw.limits.checked()?;
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
        let block_cache = raw.cache.checked()?;
        raw.state.check()?;
        raw.tiles.check()?;
        let (pool, http) = raw.server.checked()?;
        let rendering = Rendering {
            limits: limits.derivatives,
            max_source_area: limits.max_source_area,
            memory: limits.memory,
            offer: raw.offer.try_into()?,
            info: Extras::new(raw.info).map_err(|error| anyhow!("[info] {error}"))?,
            colour: raw.colour,
            metadata: raw.metadata,
            tiles: raw.tiles,
            encodings,
        };
        Ok(Self {
            serving: Serving { pool, http, masters, known, block_cache, state: raw.state, log: raw.log },
            rendering,
        })
    }
}

#[cfg(test)]
mod tests;
