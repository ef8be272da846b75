//! How each output format is written: one section of the configuration per format.
//! Plain values with their defaults; the figures behind the defaults stand at the head of each encoder.

mod exact;
mod lossy;

use std::fmt::Display;
use std::ops::RangeInclusive;

use anyhow::ensure;

use crate::picture::{Depth, Format};

pub use exact::{Gif, Png, PngCompression, Tiff, TiffCompression};
pub use lossy::{Avif, Jp2, Jpeg, Pdf, Subsampling, Webp};

/// The sections of all formats.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Encodings {
    /// `[jpeg]`
    pub jpeg: Jpeg,
    /// `[png]`
    pub png: Png,
    /// `[webp]`
    pub webp: Webp,
    /// `[tiff]`
    pub tiff: Tiff,
    /// `[gif]`
    pub gif: Gif,
    /// `[pdf]`
    pub pdf: Pdf,
    /// `[avif]`
    pub avif: Avif,
    /// `[jp2]`
    pub jp2: Jp2,
}

impl Encodings {
    /// The most bits per sample that are written to a file of `format`.
    pub const fn deepest(&self, format: Format) -> Depth {
        match format {
            Format::Tif => Depth::Sixteen,
            Format::Png if self.png.sixteen_bit => Depth::Sixteen,
            _ => Depth::Eight,
        }
    }

    /// Whether all values are in range.
    ///
    /// # Errors
    /// With the section, the key, its value and the range.
    pub fn check(&self) -> anyhow::Result<()> {
        self.jpeg.check()?;
        self.webp.check()?;
        self.tiff.check()?;
        self.gif.check()?;
        self.pdf.check()?;
        self.avif.check()?;
        self.jp2.check()
    }
}

fn within<T: PartialOrd + Display>(key: &str, value: T, range: RangeInclusive<T>) -> anyhow::Result<()> {
    ensure!(range.contains(&value), "{key} = {value} is not within {} to {}", range.start(), range.end());
    Ok(())
}
