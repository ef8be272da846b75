//! The formats that keep every pixel, or every pixel that a palette can hold: PNG, TIFF, GIF.

use anyhow::ensure;
use serde::Deserialize;

use super::within;

/// `[png]`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Png {
    /// The balance of time and size.
    pub compression: PngCompression,
    /// Whether masters of more than 8 bits a sample are written with 16.
    pub sixteen_bit: bool,
}

/// How much time PNG spends on saving bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PngCompression {
    /// Least time.
    Fastest,
    /// A tenth smaller.
    #[default]
    Fast,
    /// As zlib does by default.
    Balanced,
    /// Least bytes.
    High,
}

/// `[tiff]`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tiff {
    /// How strips and tiles are compressed.
    pub compression: TiffCompression,
    /// Side of the tiles in pixels, a multiple of 16 up to 4096. Without it there are strips.
    pub tile: Option<u32>,
}

/// How TIFF is compressed: always without loss.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TiffCompression {
    /// Not at all.
    None,
    /// LZW with horizontal differencing.
    Lzw,
    /// Adobe Deflate with horizontal differencing.
    #[default]
    Deflate,
}

impl Tiff {
    pub(super) fn check(&self) -> anyhow::Result<()> {
        let Some(side) = self.tile else { return Ok(()) };
        within("[tiff] tile", side, 16..=4096)?;
        ensure!(side.is_multiple_of(16), "[tiff] tile = {side} is not a multiple of 16");
        Ok(())
    }
}

/// `[gif]`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Gif {
    /// How the palette of a colour picture is chosen: 1 (best) to 30 (fast).
    pub speed: u8,
}

impl Default for Gif {
    fn default() -> Self {
        Self { speed: 10 }
    }
}

impl Gif {
    pub(super) fn check(&self) -> anyhow::Result<()> {
        within("[gif] speed", self.speed, 1..=30)
    }
}
