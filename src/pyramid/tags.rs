//! What a pyramid says besides its pixels: the fields of its first directory, and of the directories below it.
//! Pure. TIFF 6.0 section 8, EXIF 2.32, XMP part 3, ICC.1 annex B.

use crate::ifd::Field;

/// What the file says besides its pixels. All of it is optional.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tags {
    /// The ICC profile of the pixels.
    pub icc_profile: Option<Vec<u8>>,
    /// How large a pixel is.
    pub resolution: Option<Resolution>,
    /// How the stored picture is turned to be shown: 1 to 8 (TIFF 6.0, tag Orientation).
    pub orientation: Option<u16>,
    /// What it shows.
    pub description: Option<String>,
    /// Who has the right to copy it.
    pub copyright: Option<String>,
    /// Who made it.
    pub artist: Option<String>,
    /// When it was made or changed: `YYYY:MM:DD HH:MM:SS`.
    pub date: Option<String>,
    /// Who made the camera or scanner.
    pub make: Option<String>,
    /// What the camera or scanner is called.
    pub model: Option<String>,
    /// What wrote the file; otherwise Recto.
    pub software: Option<String>,
    /// XMP: a packet, or bare RDF.
    pub xmp: Option<Vec<u8>>,
    /// IPTC: records of IIM.
    pub iptc: Option<Vec<u8>>,
    /// The EXIF directory, none if empty.
    pub exif: Vec<Field>,
    /// The GPS directory, none if empty.
    pub gps: Vec<Field>,
    /// Further fields of the first directory, such as DocumentName. They must not be among those above, nor say how
    /// pixels are stored.
    pub more: Vec<Field>,
}

/// Pixels per unit of length.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Resolution {
    /// From left to right.
    pub x: f64,
    /// From top to bottom.
    pub y: f64,
    /// The unit of length.
    pub unit: Unit,
}

/// Units of length that TIFF has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// None: only the ratio of the two resolutions means something.
    None,
    /// Inches.
    Inch,
    /// Centimetres.
    Centimetre,
}
