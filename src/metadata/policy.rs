//! `[metadata]`: what pictures carry on. A list of names in the file, a [`Policy`] here.

use serde::Deserialize;

/// Which metadata pictures of whole masters carry on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(from = "Section")]
pub struct Policy {
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
struct Section {
    carry: Vec<Carried>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Carried {
    Copyright,
    Exif,
    Xmp,
}

impl Default for Section {
    fn default() -> Self {
        Self { carry: vec![Carried::Copyright] }
    }
}

impl Default for Policy {
    fn default() -> Self {
        Section::default().into()
    }
}

impl From<Section> for Policy {
    fn from(section: Section) -> Self {
        let has = |what| section.carry.contains(&what);
        Self { copyright: has(Carried::Copyright), exif: has(Carried::Exif), xmp: has(Carried::Xmp) }
    }
}
