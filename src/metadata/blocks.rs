//! The blocks in which a file that is no TIFF holds what it says of itself, and what becomes of them: part of it goes
//! into derivatives ([`Metadata`]), all of it into a master that is made of the file ([`Kept`]). Pure.

use std::borrow::Cow;

use super::kept::{Kept, Resolution};
use super::{Exif, Metadata, Xmp};
use crate::ifd::Field;

/// The blocks of a file, as they are.
#[derive(Default)]
pub(crate) struct Blocks<'a> {
    /// EXIF: a TIFF without pixels.
    pub exif: Option<Cow<'a, [u8]>>,
    /// The packet of XMP.
    pub xmp: Option<Cow<'a, [u8]>>,
    /// The records of IPTC.
    pub iptc: Option<Vec<u8>>,
    /// Texts that the format itself has places for, by the tags that TIFF has for such.
    pub texts: Vec<(u16, String)>,
    /// The resolution that the format itself has a place for.
    pub resolution: Option<Resolution>,
}

impl Blocks<'_> {
    /// What of it derivatives may carry on.
    pub(crate) fn metadata(&self) -> Metadata {
        Metadata {
            exif: self.exif.as_deref().map_or_else(Exif::default, Exif::read),
            xmp: self.xmp.as_deref().and_then(Xmp::read),
        }
    }

    /// All of it.
    pub(crate) fn kept(self) -> Kept {
        let mut kept = self.exif.as_deref().map_or_else(Kept::default, Kept::of_block);
        kept.xmp = self.xmp.as_deref().and_then(Kept::packet);
        kept.iptc = self.iptc;
        kept.resolution = kept.resolution.or(self.resolution);
        for (tag, text) in self.texts {
            if !text.is_empty() && kept.main.iter().all(|field| field.tag() != tag) {
                kept.main.push(Field::text(tag, &text));
            }
        }
        kept
    }
}
