//! How a master is stored, as its headers say it: for whoever looks after masters, not for the path of a request.

use std::ops::Range;

use super::{Kind, MAGIC_BYTES, Master};
use crate::error::MasterError;
use crate::format::{jp2, tiff};
use crate::ifd;
use crate::picture::{Channels, Codec, Coding, Rect};

/// How a master is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The format of its file.
    pub format: &'static str,
    /// What the samples mean.
    pub colours: &'static str,
    /// Bits of a sample as it is stored; of flat files, as it is decoded.
    pub bits: u16,
    /// Samples of a pixel as it is stored.
    pub samples: u16,
    /// The levels that are in the file, in the order of its description.
    pub levels: Vec<StoredLevel>,
    /// Its codestream, if it is JPEG 2000.
    pub codestream: Option<jp2::Told>,
}

/// How one level is stored, beside what its description says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredLevel {
    /// How its pieces are compressed.
    pub compression: &'static str,
    /// Whether compression lost something, as far as its name tells.
    pub is_lossy: bool,
    /// Whether each sample of a pixel has pieces of its own.
    pub planar: bool,
}

impl Master {
    /// How it is stored. Reads headers only.
    ///
    /// # Errors
    /// [`MasterError`] if what it says of itself cannot be read.
    pub fn facts(&self) -> Result<Facts, MasterError> {
        let codestream = match &self.kind {
            Kind::Jp2(image) => Some(image.told(self.bytes())?),
            Kind::Tiff(_) | Kind::Flat(_) => None,
        };
        let mut facts = Facts {
            format: self.format(),
            colours: colours(self.description.channels),
            bits: self.description.depth.bits().into(),
            samples: self.description.channels.count() as u16,
            levels: self.stored_levels(codestream.as_ref()),
            codestream,
        };
        if let Kind::Tiff(pyramid) = &self.kind
            && let Some(full) = pyramid.levels.first()
        {
            facts.colours = full.colours_name();
            (facts.bits, facts.samples) = (full.pixel.bits, full.pixel.samples);
        }
        if let Some(told) = &facts.codestream {
            (facts.bits, facts.samples) = (told.bits.into(), told.components as u16);
        }
        self.object.check().map(|()| facts)
    }

    /// Where the pieces lie that a window of a level touches, and the tables that they share; nothing if the format does
    /// not tell that beforehand.
    ///
    /// # Errors
    /// [`MasterError`] if the file does not say where they are.
    pub fn ranges(&self, level: usize, window: Rect) -> Result<Vec<Range<u64>>, MasterError> {
        let Kind::Tiff(pyramid) = &self.kind else { return Ok(Vec::new()) };
        let Some(image) = pyramid.levels.get(level) else { return Ok(Vec::new()) };
        let (file, _) = ifd::File::open(self.bytes())?;
        let mut ranges = tiff::ranges(&file, image, window)?;
        ranges.extend(image.jpeg_tables.map(|(offset, length)| offset..offset.saturating_add(length)));
        self.object.check().map(|()| ranges)
    }

    /// Bytes of the pieces of a level, if the file says so. Reads a number for each of them.
    pub fn stored_bytes(&self, level: usize) -> Option<u64> {
        let Kind::Tiff(pyramid) = &self.kind else { return None };
        let (file, _) = ifd::File::open(self.bytes()).ok()?;
        pyramid.levels.get(level)?.stored_bytes(&file)
    }

    /// The name of its format, by its first bytes.
    fn format(&self) -> &'static str {
        let bytes = self.bytes();
        let magic = bytes.slice(0..bytes.length().min(MAGIC_BYTES)).unwrap_or_default();
        match (&self.kind, magic) {
            (Kind::Tiff(_), [_, _, b'+', _, ..] | [_, _, _, b'+', ..]) => "BigTIFF",
            (Kind::Tiff(_), _) => "TIFF",
            (Kind::Jp2(_), [0xff, ..]) => "JPEG 2000 codestream",
            (Kind::Jp2(_), magic) => match magic.get(20..24) {
                Some(b"jpx ") => "JPX",
                Some(b"jph ") => "JPH",
                _ => "JP2",
            },
            (Kind::Flat(_), [0xff, ..]) => "JPEG",
            (Kind::Flat(_), [0x89, ..]) => "PNG",
            (Kind::Flat(_), [b'G', ..]) => "GIF",
            (Kind::Flat(_), [b'R', ..]) => "WebP",
            (Kind::Flat(_), _) => "BMP",
        }
    }

    fn stored_levels(&self, codestream: Option<&jp2::Told>) -> Vec<StoredLevel> {
        let stored = self.description.levels.iter().filter(|level| level.is_stored);
        let of_coding = |coding: &Coding| StoredLevel {
            compression: compression(coding.codec),
            is_lossy: match codestream {
                Some(told) => !told.reversible,
                None => is_lossy(coding.codec),
            },
            planar: false,
        };
        match &self.kind {
            Kind::Tiff(pyramid) => {
                let levels = pyramid.levels.iter().map(|image| StoredLevel {
                    compression: image.compression_name(),
                    planar: image.planar,
                    ..of_coding(&image.coding())
                });
                levels.collect()
            }
            Kind::Jp2(_) | Kind::Flat(_) => stored.map(|level| of_coding(&level.coding)).collect(),
        }
    }
}

fn colours(channels: Channels) -> &'static str {
    match channels {
        Channels::Gray => "gray",
        Channels::GrayAlpha => "gray with alpha",
        Channels::Rgb => "RGB",
        Channels::Rgba => "RGB with alpha",
        Channels::Cmyk => "CMYK",
    }
}

/// The name of a codec that is not of a TIFF.
fn compression(codec: Codec) -> &'static str {
    match codec {
        Codec::Jpeg => "JPEG",
        Codec::JpegInScans { .. } => "progressive JPEG",
        Codec::WebP | Codec::WebPFile => "WebP",
        Codec::Png => "PNG",
        Codec::Gif => "GIF",
        Codec::Jpeg2000 => "JPEG 2000",
        Codec::HighThroughput { .. } => "High-Throughput JPEG 2000",
        Codec::Lzw => "LZW",
        Codec::Deflate => "deflate",
        Codec::Zstd => "Zstandard",
        Codec::Lzma => "LZMA",
        Codec::Fax => "CCITT",
        Codec::Plain => "none",
    }
}

fn is_lossy(codec: Codec) -> bool {
    matches!(codec, Codec::Jpeg | Codec::JpegInScans { .. } | Codec::WebP | Codec::WebPFile)
}
