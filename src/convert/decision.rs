//! What is done to a file, and why: decided from what is known of its headers, before a pixel is touched. Pure.

use std::fmt;

use super::wish::{Compression, Container, Purpose, Wish};
use crate::picture::{Channels, Depth};
use crate::pyramid;

/// What is done to a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// In one word.
    pub way: Way,
    /// Why so, in words.
    pub why: String,
    /// How pixels that are encoded are compressed.
    pub compression: Compression,
    /// Width and height of a tile in pixels.
    pub tile_side: u32,
    /// Whether its alpha hides nothing, and is left out.
    pub is_opaque: bool,
    /// How many levels are taken over as they are stored, from the full one on.
    pub kept_levels: usize,
    /// What is to be known of the result besides.
    pub notes: Vec<String>,
}

/// The ways from a file to what it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// Nothing: it is as it should be.
    LeaveAlone,
    /// Its tiles are taken over as they are stored; smaller levels are made, unless they are there as well.
    CarryTiles,
    /// The coefficients of a JPEG are cut into tiles, bit by bit as they are; smaller levels are made.
    CarryCoefficients,
    /// All pixels are decoded and encoded.
    Encode,
}

/// What of a file decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) channels: Channels,
    /// Whether it has alpha that is full everywhere.
    pub(super) is_opaque: bool,
    pub(super) depth: Depth,
    /// Bits of a sample as it is stored.
    pub(super) bits: u16,
    /// What the samples mean, in words.
    pub(super) colours: &'static str,
    /// What is stored and might be kept as it is, what is best first.
    pub(super) kept: Vec<Kept>,
    /// Why it cannot be kept, if that is worth to be told.
    pub(super) hindrance: Option<String>,
}

/// What is stored and might be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Kept {
    /// What would be done with it.
    pub(super) way: Way,
    /// In which container it is.
    pub(super) container: Container,
    /// How it is compressed; None if in a way that nobody wishes for by name.
    pub(super) compression: Option<Compression>,
    /// Whether something was lost by that.
    pub(super) is_lossy: bool,
    /// The side of its tiles, if they have one.
    pub(super) tile_side: Option<u32>,
    /// How many levels of it can be kept, one at least.
    pub(super) levels: usize,
    /// Whether its directories are before its tiles.
    pub(super) is_directories_first: bool,
    /// Why it may be kept, in words.
    pub(super) why: String,
}

impl Decision {
    /// What is done with what was seen, by this wish.
    pub(super) fn of(seen: &Seen, wish: &Wish) -> Self {
        let (compression, mut notes) = compression(seen, wish);
        notes.extend(changes(seen));
        let kept = seen.kept.iter().find(|kept| !wish.anew && kept.serves(compression, wish));
        match kept {
            Some(kept) => Self {
                way: kept.way,
                why: kept.why.clone(),
                // All levels in one, unless it loses something.
                compression: kept.compression.filter(|_| kept.is_as_made()).unwrap_or(compression),
                tile_side: kept.tile_side.unwrap_or(wish.tile_side),
                // Levels that somebody else has made are not known to be means of light.
                is_opaque: false,
                kept_levels: if wish.linear { 1 } else { kept.levels },
                // Nothing of it is changed, or encoded.
                notes: if kept.way == Way::LeaveAlone { Vec::new() } else { notes },
            },
            None => Self {
                way: Way::Encode,
                why: why_anew(seen, compression, wish),
                compression,
                tile_side: wish.tile_side,
                is_opaque: seen.is_opaque,
                kept_levels: 0,
                notes,
            },
        }
    }

    /// What pixels that are encoded become, in words.
    pub(super) fn coded_as(&self, wish: &Wish) -> &'static str {
        coded_as(self.compression, wish)
    }

    /// How the writer of pyramids compresses.
    pub(super) fn coding(&self, wish: &Wish) -> pyramid::Compression {
        match self.compression {
            Compression::None => pyramid::Compression::None,
            Compression::Lzw => pyramid::Compression::Lzw,
            Compression::Deflate => pyramid::Compression::DEFLATE,
            Compression::Zstd => pyramid::Compression::Zstd { level: ZSTD },
            Compression::Jpeg => {
                pyramid::Compression::Jpeg { quality: wish.quality, subsampling: wish.subsampling }
            }
            Compression::WebP => pyramid::Compression::WebP { quality: Some(wish.quality) },
            Compression::WebPLossless => pyramid::Compression::WebP { quality: None },
        }
    }
}

impl Kept {
    /// Whether what is made besides is compressed as it is.
    fn is_as_made(&self) -> bool {
        self.way == Way::LeaveAlone || !self.is_lossy
    }

    /// Whether it is what is wished for: nothing is gained by decoding what has lost something already, nor by encoding
    /// what has lost nothing in another way of the kind.
    fn serves(&self, chosen: Compression, wish: &Wish) -> bool {
        let is_named = |named: Compression| self.compression == Some(named);
        // Tiles without any compression are not worth to be carried.
        let is_packed = self.way != Way::CarryTiles || self.compression != Some(Compression::None);
        let is_of_kind = is_packed && (self.is_lossy || chosen.is_lossless());
        let preset = Wish::of(wish.purpose).to(wish.container);
        // Whoever names what the preset has anyway gets what serves as well.
        let has_tiles =
            wish.tile_side == preset.tile_side || self.tile_side.is_none_or(|side| side == wish.tile_side);
        let is_laid_out = self.way != Way::LeaveAlone
            || (wish.levels, wish.sub_ifds, wish.big, wish.linear)
                == (preset.levels, preset.sub_ifds, preset.big, preset.linear)
                && (self.is_directories_first || !wish.directories_first);
        self.container == wish.container
            && wish.compression.map_or(is_of_kind, is_named)
            && has_tiles
            && is_laid_out
    }
}

/// How pixels are compressed that have to be, and what is to be said of it.
fn compression(seen: &Seen, wish: &Wish) -> (Compression, Vec<String>) {
    let asked = wish.compression.unwrap_or(match wish.purpose {
        Purpose::Speed | Purpose::ObjectStore => Compression::Jpeg,
        Purpose::Archive => Compression::Deflate,
    });
    if wish.container == Container::Jp2 {
        // It holds everything, and what has no tones in fewer bytes without loss.
        return (if seen.bits == 1 { Compression::Deflate } else { asked }, Vec::new());
    }
    let Some(hindrance) = hindrance(asked, seen) else { return (asked, Vec::new()) };
    let note = format!("{hindrance}, which {} cannot hold: stored without loss", asked.name());
    // Deflate is what every reader of TIFF knows, and quick to decode.
    (Compression::Deflate, vec![note])
}

/// Why a picture cannot be compressed so; None if it can.
fn hindrance(asked: Compression, seen: &Seen) -> Option<String> {
    let is_webp = matches!(asked, Compression::WebP | Compression::WebPLossless);
    let is_picture = is_webp || asked == Compression::Jpeg;
    match seen.channels {
        _ if !is_picture => None,
        _ if seen.depth == Depth::Sixteen => Some(format!("has {} bits a sample", seen.bits)),
        _ if seen.bits == 1 => Some("is black and white".to_owned()),
        Channels::Cmyk => Some("has the colours of four inks".to_owned()),
        Channels::GrayAlpha | Channels::Rgba if !is_webp && !seen.is_opaque => Some("has alpha".to_owned()),
        Channels::Gray | Channels::GrayAlpha if is_webp => Some("is gray".to_owned()),
        _ => None,
    }
}

/// What reading alone changes.
fn changes(seen: &Seen) -> Vec<String> {
    let mut notes = Vec::new();
    if seen.is_opaque {
        notes.push("its alpha hides nothing, and is left out".to_owned());
    }
    if seen.bits > 16 {
        notes.push(format!("its samples of {} bits become 16 bits", seen.bits));
    }
    match seen.colours {
        "CIELab" | "ICCLab" => notes.push(format!("{} becomes sRGB", seen.colours)),
        "palette" | "CMY" => notes.push(format!("{} becomes RGB", seen.colours)),
        "gray, 0 is white" => notes.push("0 was white, and becomes black".to_owned()),
        _ => {}
    }
    notes
}

fn coded_as(compression: Compression, wish: &Wish) -> &'static str {
    match (wish.container, compression.is_lossless()) {
        (Container::Tiff, _) => compression.name(),
        (Container::Jp2, true) => "JPEG 2000 without loss",
        (Container::Jp2, false) => "JPEG 2000",
    }
}

fn why_anew(seen: &Seen, compression: Compression, wish: &Wish) -> String {
    let to = coded_as(compression, wish);
    match seen.kept.last() {
        Some(_) if wish.anew => format!("all is to be encoded anew, as {to}"),
        Some(kept) => format!("it could be kept ({}), but is to be {to}", kept.why),
        None => match &seen.hindrance {
            Some(why) => format!("its pixels are decoded, and encoded as {to}, because {why}"),
            None => format!("its pixels are decoded, and encoded as {to}"),
        },
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::LeaveAlone => "left alone",
            Self::CarryTiles => "tiles kept",
            Self::CarryCoefficients => "coefficients kept",
            Self::Encode => "encoded",
        })
    }
}

/// The level of Zstandard, as libtiff has it by default.
const ZSTD: u8 = 9;
