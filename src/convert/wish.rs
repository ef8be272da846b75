//! What is wished for: every parameter of a conversion as a plain value, and presets of them. Pure.

use std::fmt::Write;

use serde::{Deserialize, Serialize};

use super::jp2;
use crate::pyramid::{Big, Subsampling};

/// What the result is for: a preset of all parameters, each of which may be changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Purpose {
    /// To be served: tiles of JPEG that are sent as they are stored, in 256 pixels; without loss what JPEG cannot hold.
    #[default]
    Speed,
    /// To be kept: nothing is lost, and the result is verified.
    Archive,
    /// To be served from far away: as [`Purpose::Speed`], in fewer and larger tiles, with all that says where they lie
    /// at the beginning.
    ObjectStore,
}

/// The format of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Container {
    /// A tiled pyramid in TIFF or BigTIFF.
    Tiff,
    /// JPEG 2000.
    Jp2,
}

/// How pixels are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Compression {
    /// Not at all.
    None,
    /// LZW, without loss.
    Lzw,
    /// Deflate, without loss.
    Deflate,
    /// Zstandard, without loss.
    Zstd,
    /// JPEG.
    Jpeg,
    /// WebP.
    WebP,
    /// WebP, without loss.
    WebPLossless,
}

/// All that can be chosen. Begin with [`Wish::of`] a purpose, and change what is to differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wish {
    /// What the result is for. It decides what is not named.
    pub purpose: Purpose,
    /// The format of the file.
    pub container: Container,
    /// Width and height of a tile in pixels: a multiple of 16, up to 8192.
    pub tile_side: u32,
    /// How pixels are compressed; None leaves it to the purpose and to what the picture is.
    /// JPEG 2000 has a compression of its own: it loses nothing if this one would not.
    pub compression: Option<Compression>,
    /// The quality of JPEG, WebP and JPEG 2000, 1 to 100.
    pub quality: u8,
    /// How many colours JPEG keeps.
    pub subsampling: Subsampling,
    /// How many levels there are; None makes so many that the last is one tile.
    pub levels: Option<u32>,
    /// Whether the smaller levels are in SubIFDs rather than directories in a chain.
    pub sub_ifds: bool,
    /// Whether the file is a BigTIFF.
    pub big: Big,
    /// Whether smaller levels are means of light rather than of samples.
    pub linear: bool,
    /// Whether the directories are before the tiles.
    pub directories_first: bool,
    /// Whether pixels are encoded anew even where what is stored could be kept as it is.
    pub anew: bool,
    /// Whether the result is decoded and compared with the source before it has its name; then a checksum of its pixels
    /// is recorded in it.
    pub verify: bool,
}

impl Wish {
    /// The preset for a purpose.
    ///
    /// Quality 85 with colours halved both ways is the highest of the usual ones whose tiles the server sends as they are
    /// stored (`[tiles] pass_through`). A photograph and a painted picture of 1500x1000 pixels each, with all levels, by
    /// `recto convert --quality N --tile N --verify --json -` and `recto check --json`:
    ///
    /// | quality | KB in tiles of 256, 512 | PSNR, dB | tiles sent as stored | ms for one of 256, of 512 |
    /// |---|---|---|---|---|
    /// | 75 | 551, 572 | 37.7 | all | 0.1, 0.1 |
    /// | 80 | 627, 650 | 38.6 | all | 0.1, 0.1 |
    /// | 85 | 741, 767 | 39.8 | all | 0.1, 0.1 |
    /// | 86 | 776, 803 | 40.1 | all | 0.1, 0.1 |
    /// | 88 | 843, 872 | 40.7 | none | 2.1, 5.1 |
    /// | 90 | 930, 962 | 41.5 | none | 2.1, 5.1 |
    ///
    /// Tiles of 256 pixels take less where one cannot be sent as it is stored, and fewer bytes that nobody sees; of 512 a
    /// view takes a quarter of the requests, which is what counts when each goes to an object store.
    pub fn of(purpose: Purpose) -> Self {
        let is_far = purpose == Purpose::ObjectStore;
        Self {
            purpose,
            container: Container::Tiff,
            tile_side: if is_far { 512 } else { 256 },
            compression: None,
            quality: 85,
            subsampling: Subsampling::S420,
            levels: None,
            sub_ifds: false,
            big: Big::Auto,
            linear: false,
            directories_first: is_far,
            anew: false,
            verify: purpose == Purpose::Archive,
        }
    }

    /// The same for files of this format, with what is best for that: of JPEG 2000, larger tiles, and no directories.
    #[must_use]
    pub fn to(self, container: Container) -> Self {
        match container {
            Container::Tiff => Self { container, ..self },
            Container::Jp2 => Self { container, tile_side: jp2::TILE_SIDE, directories_first: false, ..self },
        }
    }

    /// Whether it can be fulfilled at all, whatever the picture is.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn check(&self) -> Result<(), String> {
        let Self { tile_side, quality, levels, .. } = *self;
        if !(16..=8192).contains(&tile_side) || !tile_side.is_multiple_of(16) {
            return Err(format!("tiles of {tile_side} pixels: it must be a multiple of 16 up to 8192"));
        }
        if !(1..=100).contains(&quality) {
            return Err(format!("a quality of {quality}: it must be 1 to 100"));
        }
        if levels.is_some_and(|levels| !(1..=32).contains(&levels)) {
            return Err(format!("{} levels: it must be 1 to 32", levels.unwrap_or_default()));
        }
        let is_lossless = !matches!(self.compression, Some(Compression::Jpeg | Compression::WebP));
        if self.container == Container::Jp2 && !(self.compression.is_none() || is_lossless) {
            return Err("JPEG and WebP are compressions of TIFF: JPEG 2000 is one of its own".to_owned());
        }
        Ok(())
    }

    /// The same text for the same result of the same pixels: all that decides about the bytes of a file.
    pub(super) fn key(&self) -> String {
        // Destructured, so that the compiler asks for every field.
        let Self {
            purpose,
            container,
            tile_side,
            compression,
            quality,
            subsampling,
            levels,
            sub_ifds,
            big,
            linear,
            directories_first,
            anew,
            verify,
        } = self;
        let mut key =
            format!("{purpose:?} {container:?} {tile_side} {compression:?} {quality} {subsampling:?}");
        let _ = write!(key, " {levels:?} {sub_ifds} {big:?} {linear} {directories_first} {anew} {verify}");
        key
    }
}

impl Compression {
    /// Whether pixels stay what they are.
    pub fn is_lossless(self) -> bool {
        !matches!(self, Self::Jpeg | Self::WebP)
    }

    /// Its name, as it is told.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Lzw => "LZW",
            Self::Deflate => "deflate",
            Self::Zstd => "Zstandard",
            Self::Jpeg => "JPEG",
            Self::WebP => "WebP",
            Self::WebPLossless => "WebP without loss",
        }
    }
}
