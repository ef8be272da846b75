//! The formats that trade accuracy for bytes: JPEG, WebP, AVIF, JPEG 2000, and PDF around a JPEG.

use serde::Deserialize;

use super::within;

/// `[jpeg]`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Jpeg {
    /// 1 to 100.
    pub quality: u8,
    /// How many pixels share a sample of colour.
    pub subsampling: Subsampling,
    /// Progressive: coarse to fine in several scans.
    pub progressive: bool,
    /// Huffman tables made for each picture.
    pub optimize: bool,
}

/// How JPEG samples colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
pub enum Subsampling {
    /// One sample for 2x2 pixels.
    #[serde(rename = "4:2:0")]
    TwoByTwo,
    /// One sample for two pixels of a row.
    #[serde(rename = "4:2:2")]
    TwoByOne,
    /// Every pixel its own.
    #[serde(rename = "4:4:4")]
    Full,
}

impl Default for Jpeg {
    fn default() -> Self {
        Self { quality: 80, subsampling: Subsampling::TwoByTwo, progressive: false, optimize: false }
    }
}

impl Jpeg {
    pub(super) fn check(&self) -> anyhow::Result<()> {
        within("[jpeg] quality", self.quality, 1..=100)
    }
}

/// `[webp]`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Webp {
    /// 0 to 100; if lossless, the effort to save bytes.
    pub quality: u8,
    /// 0 (fast) to 6 (small).
    pub method: u8,
    /// Whether it is lossless.
    pub lossless: bool,
}

impl Default for Webp {
    fn default() -> Self {
        Self { quality: 80, method: 2, lossless: false }
    }
}

impl Webp {
    pub(super) fn check(&self) -> anyhow::Result<()> {
        within("[webp] quality", self.quality, 0..=100)?;
        within("[webp] method", self.method, 0..=6)
    }
}

/// `[avif]`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Avif {
    /// 1 to 100.
    pub quality: u8,
    /// 1 (small) to 10 (fast).
    pub speed: u8,
    /// The largest picture in pixels: the encoder takes 20 bytes for each.
    pub max_area: u64,
}

impl Default for Avif {
    fn default() -> Self {
        Self { quality: 70, speed: 10, max_area: 8_000_000 }
    }
}

impl Avif {
    pub(super) fn check(&self) -> anyhow::Result<()> {
        within("[avif] quality", self.quality, 1..=100)?;
        within("[avif] speed", self.speed, 1..=10)
    }
}

/// `[jp2]`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Jp2 {
    /// How many times smaller than its samples a picture gets, 2 to 200.
    pub ratio: u16,
    /// Whether it is lossless, whatever the ratio.
    pub lossless: bool,
}

impl Default for Jp2 {
    fn default() -> Self {
        Self { ratio: 10, lossless: false }
    }
}

impl Jp2 {
    pub(super) fn check(&self) -> anyhow::Result<()> {
        within("[jp2] ratio", self.ratio, 2..=200)
    }
}

/// `[pdf]`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Pdf {
    /// Of the JPEG within, 1 to 100; all else about it is as in `[jpeg]`.
    pub quality: u8,
    /// Pixels per inch of paper, 18 to 2400.
    pub dpi: u16,
}

impl Default for Pdf {
    fn default() -> Self {
        Self { quality: 80, dpi: 72 }
    }
}

impl Pdf {
    pub(super) fn check(&self) -> anyhow::Result<()> {
        within("[pdf] quality", self.quality, 1..=100)?;
        within("[pdf] dpi", self.dpi, 18..=2400)
    }
}
