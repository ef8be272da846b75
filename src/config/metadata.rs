//! `[metadata]`: what pictures carry on. Written here as a list of words, meant in [`Metadata`].

use serde::{Deserialize, Serialize};

/// What pictures of whole masters carry on of what these say about themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Metadata {
    /// Artist and Copyright of EXIF.
    pub copyright: bool,
    /// The other fields of EXIF: descriptions, dates, how it was taken.
    pub exif: bool,
    /// The XMP packet.
    pub xmp: bool,
}

/// The section as it stands in the file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawMetadata {
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
