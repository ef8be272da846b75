//! The configuration: `RawConfig` as it is written in the file, [`Config`] as it is meant.
//! Built once; nothing later looks at the file's words. Limits that info.json publishes come from this same value.

mod encodings;
mod limits;
mod offer;

use std::num::{NonZeroU32, NonZeroU64};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, anyhow, bail, ensure};
use serde::Deserialize;

use crate::iiif::{Extras, Offer};
pub use encodings::{
    Avif, Encodings, Gif, Jp2, Jpeg, Pdf, Png, PngCompression, Subsampling, Tiff, TiffCompression, Webp,
};
pub use limits::Limits;
use offer::RawOffer;

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

/// The pool of workers and the way to reach it.
#[derive(Clone, Debug)]
pub struct Server {
    /// The unix socket on which NGINX finds the workers, unless systemd hands one over.
    pub socket: PathBuf,
    /// Number of workers, at least 1.
    pub workers: usize,
    /// The URL of the `/iiif` root that clients see, without a slash at its end. Without it NGINX tells.
    pub public_url: Option<String>,
    /// How long a worker may take for one request before it is killed.
    pub deadline: Duration,
    /// The Cache-Control header of what was found.
    pub cache_control: String,
}

/// Where the masters are.
#[derive(Clone, Debug)]
pub struct Masters {
    /// The directory below which identifiers name files.
    pub root: PathBuf,
    /// Whether symbolic links may lead out of `root`.
    pub follow_symlinks: bool,
}

/// How many masters a worker keeps open, mapped and understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// In number.
    pub known: usize,
    /// In bytes of memory that their indexes take together.
    pub known_bytes: usize,
}

/// Where findings about masters are kept that are dear to make anew.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct State {
    /// The directory; if it is not there, nothing is kept.
    pub directory: PathBuf,
    /// The most that it may take; with 0 nothing is kept.
    pub max_bytes: u64,
}

impl Default for State {
    fn default() -> Self {
        Self { directory: "/var/lib/recto".into(), max_bytes: 256 << 20 }
    }
}

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

/// What pictures of whole masters carry on of what these say about themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Metadata {
    /// Artist and Copyright of EXIF.
    pub copyright: bool,
    /// The other fields of EXIF: descriptions, dates, how it was taken.
    pub exif: bool,
    /// The XMP packet.
    pub xmp: bool,
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
        let raw: RawConfig = toml::from_str(text).map_err(|error| explain(&error))?;
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

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawServer {
    socket: PathBuf,
    workers: RawWorkers,
    public_url: Option<String>,
    deadline: String,
    cache_control: String,
}

#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "`workers` is \"auto\" or a whole number")]
enum RawWorkers {
    Number(u16),
    Word(String),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawMasters {
    root: PathBuf,
    follow_symlinks: bool,
    known: usize,
    known_bytes: usize,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawMetadata {
    carry: Vec<Carried>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Carried {
    Copyright,
    Exif,
    Xmp,
}

impl Default for RawMetadata {
    fn default() -> Self {
        Self { carry: vec![Carried::Copyright] }
    }
}

impl From<RawMetadata> for Metadata {
    fn from(raw: RawMetadata) -> Self {
        let has = |what| raw.carry.contains(&what);
        Self { copyright: has(Carried::Copyright), exif: has(Carried::Exif), xmp: has(Carried::Xmp) }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawLimits {
    max_width: NonZeroU32,
    max_height: Option<NonZeroU32>,
    max_area: NonZeroU64,
    max_source_area: NonZeroU64,
}

impl Default for RawServer {
    fn default() -> Self {
        Self {
            socket: "/run/recto/recto.sock".into(),
            workers: RawWorkers::Word("auto".into()),
            public_url: None,
            deadline: "30s".into(),
            cache_control: "public, max-age=86400".into(),
        }
    }
}

impl Default for RawMasters {
    fn default() -> Self {
        Self { root: PathBuf::new(), follow_symlinks: false, known: 200, known_bytes: 32 << 20 }
    }
}

impl Default for RawLimits {
    fn default() -> Self {
        // A 24-megapixel page can be had whole; the picture and its encoder's buffers stay near 100 MB a worker.
        let nonzero = |n| NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN);
        Self {
            max_width: nonzero(16_384),
            max_height: None,
            max_area: nonzero(32_000_000).into(),
            // About three seconds of the slowest ordinary compression.
            max_source_area: nonzero(256_000_000).into(),
        }
    }
}

impl TryFrom<RawConfig> for Config {
    type Error = anyhow::Error;

    fn try_from(raw: RawConfig) -> anyhow::Result<Self> {
        ensure!(
            !raw.masters.root.as_os_str().is_empty(),
            "[masters] root is missing: the directory with the images"
        );
        ensure!(raw.masters.root.is_absolute(), "[masters] root must be an absolute path");
        ensure!(raw.masters.known <= 500, "[masters] known = {} is not within 0 to 500", raw.masters.known);
        ensure!(raw.server.socket.is_absolute(), "[server] socket must be an absolute path");
        ensure!(raw.state.directory.is_absolute(), "[state] directory must be an absolute path");
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
        ensure!(
            (0.0..=100.0).contains(&raw.tiles.pass_through),
            "[tiles] pass_through = {} is not within 0 to 100",
            raw.tiles.pass_through
        );
        ensure!(
            !raw.server.cache_control.contains(|c: char| c.is_control()),
            "[server] cache_control must be one line"
        );
        Ok(Self {
            server: Server {
                socket: raw.server.socket,
                workers: raw.server.workers.resolve()?,
                public_url: raw.server.public_url.map(checked_url).transpose()?,
                deadline: parse_duration(&raw.server.deadline).context("[server] deadline")?,
                cache_control: raw.server.cache_control,
            },
            masters: Masters { root: raw.masters.root, follow_symlinks: raw.masters.follow_symlinks },
            known: Known { known: raw.masters.known, known_bytes: raw.masters.known_bytes },
            state: raw.state,
            limits: Limits {
                max_width: raw.limits.max_width,
                max_height: raw.limits.max_height.unwrap_or(raw.limits.max_width),
                max_area: raw.limits.max_area,
            },
            max_source_area: raw.limits.max_source_area,
            offer: raw.offer.try_into()?,
            info: Extras::new(raw.info).map_err(|error| anyhow!("[info] {error}"))?,
            colour: raw.colour,
            metadata: raw.metadata.into(),
            tiles: raw.tiles,
            encodings,
        })
    }
}

impl RawWorkers {
    /// `auto` is one worker per core that the process may use (cgroup and affinity are seen).
    fn resolve(self) -> anyhow::Result<usize> {
        match self {
            Self::Number(number @ 1..=1024) => Ok(number.into()),
            Self::Number(number) => bail!("[server] workers = {number} is not within 1 to 1024"),
            Self::Word(word) if word == "auto" => {
                Ok(std::thread::available_parallelism().map_or(1, usize::from))
            }
            Self::Word(word) => bail!("[server] workers = \"{word}\" is neither \"auto\" nor a number"),
        }
    }
}

/// A base URL without its final slash, checked far enough to be safe in a header and in JSON.
fn checked_url(url: String) -> anyhow::Result<String> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let host = rest.and_then(|rest| rest.split('/').next()).unwrap_or_default();
    ensure!(
        !host.is_empty(),
        "[server] public_url = \"{url}\" does not start with http:// or https:// and a host"
    );
    ensure!(
        url.bytes().all(|b| b.is_ascii_graphic() && !b"<>\"\\^`{|}?#".contains(&b)),
        "[server] public_url = \"{url}\" has characters that no base URL can have"
    );
    Ok(url.trim_end_matches('/').to_owned())
}

/// A duration as `30s`, `500ms` or `2m`.
fn parse_duration(text: &str) -> anyhow::Result<Duration> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().map_err(|_| anyhow!("\"{text}\" is not a duration such as \"30s\""))?;
    let duration = match unit.trim() {
        "ms" => Duration::from_millis(number),
        "s" => Duration::from_secs(number),
        "m" => Duration::from_secs(number.saturating_mul(60)),
        _ => bail!("\"{text}\" has no unit of ms, s or m"),
    };
    let allowed = Duration::from_millis(100)..=Duration::from_secs(3600);
    ensure!(allowed.contains(&duration), "\"{text}\" is not within 100ms to 60m");
    Ok(duration)
}

/// The parser's message, and for an unknown key the known one that is nearest to it.
fn explain(error: &toml::de::Error) -> anyhow::Error {
    let message = error.message();
    let suggestion = (message.starts_with("unknown field"))
        .then(|| {
            let mut quoted = message.split('`').skip(1).step_by(2);
            let wrong = quoted.next()?;
            quoted.map(|known| (distance(wrong, known), known)).min().filter(|(distance, _)| *distance <= 3)
        })
        .flatten();
    match suggestion {
        Some((_, known)) => anyhow!("{error}did you mean `{known}`?"),
        None => anyhow!("{error}"),
    }
}

/// Levenshtein's distance in bytes.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.bytes().enumerate() {
            let substituted = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests;
