//! The quality and format parameters (Image API 3.0 and 2.1, sections 4.4 and 4.5).
//! The words of both versions, which are the same, and the formats that this program can write.
//! Which of them a server offers is told by [`Offer`](super::Offer).

use std::fmt;

use serde::Serialize;

use super::quoted;
use crate::error::Error;

/// In which colours the image is returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum Quality {
    /// As the master is.
    Default,
    /// In all its colours.
    Color,
    /// In shades of gray.
    Gray,
    /// In black and white only.
    Bitonal,
}

impl Quality {
    /// Every quality, in the order of section 4.4.
    pub const ALL: [Self; 4] = [Self::Color, Self::Gray, Self::Bitonal, Self::Default];

    /// The quality that a word names.
    ///
    /// # Errors
    /// [`Error::Request`] for any other word.
    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        let known = Self::ALL.into_iter().find(|quality| quality.word() == text);
        let rule = "is not default, color, gray or bitonal";
        known.ok_or_else(|| Error::request("quality", format!("{} {rule}", quoted(text))))
    }

    /// The word in the URL.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Color => "color",
            Self::Gray => "gray",
            Self::Bitonal => "bitonal",
        }
    }

    /// The same picture by its canonical word: `default` wherever that is no other (section 4.8).
    /// `color` of a gray image is the image: it has no more colour than that.
    pub(super) const fn normal(self, has_colour: bool) -> Self {
        match self {
            Self::Gray if has_colour => Self::Gray,
            Self::Bitonal => Self::Bitonal,
            Self::Default | Self::Color | Self::Gray => Self::Default,
        }
    }
}

impl fmt::Display for Quality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// The file format of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum Format {
    /// JPEG
    Jpg,
    /// PNG
    Png,
    /// WebP
    Webp,
    /// TIFF
    Tif,
    /// GIF
    Gif,
    /// JPEG 2000 Part 1
    Jp2,
    /// AVIF, which the table of the standard does not have
    Avif,
    /// PDF
    Pdf,
}

impl Format {
    /// Every format that has a name.
    pub const ALL: [Self; 8] =
        [Self::Jpg, Self::Png, Self::Webp, Self::Tif, Self::Gif, Self::Jp2, Self::Avif, Self::Pdf];

    /// The formats that this program can write, in the order in which they are advertised.
    pub const SUPPORTED: [Self; 8] = Self::ALL;

    /// The format that the end of the URL names.
    ///
    /// # Errors
    /// [`Error::Request`] for a name that is unknown; section 4.5 makes that a 400.
    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        let known = Self::ALL.into_iter().find(|format| format.extension() == text);
        known.ok_or_else(|| Error::request("format", format!("{} is no format known here", quoted(text))))
    }

    /// The end of the URL, without its dot.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Jpg => "jpg",
            Self::Png => "png",
            Self::Webp => "webp",
            Self::Tif => "tif",
            Self::Gif => "gif",
            Self::Jp2 => "jp2",
            Self::Avif => "avif",
            Self::Pdf => "pdf",
        }
    }

    /// Whether a file of this format can be transparent by degrees.
    pub const fn has_alpha(self) -> bool {
        match self {
            Self::Png | Self::Webp | Self::Tif | Self::Gif | Self::Jp2 | Self::Avif => true,
            Self::Jpg | Self::Pdf => false,
        }
    }

    /// Whether a file of this format can tell in what colours, or grays, its pixels are. The gray of WebP is in colour.
    pub const fn holds_profile(self, has_colour: bool) -> bool {
        match self {
            Self::Jpg | Self::Png | Self::Tif | Self::Jp2 | Self::Pdf => true,
            Self::Webp => has_colour,
            Self::Gif | Self::Avif => false,
        }
    }

    /// Its media type (section 4.5).
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Jpg => "image/jpeg",
            Self::Png => "image/png",
            Self::Webp => "image/webp",
            Self::Tif => "image/tiff",
            Self::Gif => "image/gif",
            Self::Jp2 => "image/jp2",
            Self::Avif => "image/avif",
            Self::Pdf => "application/pdf",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.extension())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_exact() {
        for quality in Quality::ALL {
            assert_eq!(Quality::parse(quality.word()).expect("QUAL-01..07"), quality);
        }
        for text in ["", "Default", "COLOR", "colour", "grey", "native", "bitonal ", "default.jpg"] {
            assert_eq!(Quality::parse(text).expect_err("QUAL-20..23").status(), 400, "{text}");
        }
        for format in Format::ALL {
            assert_eq!(Format::parse(format.extension()).expect("FMT"), format);
        }
        for text in ["", "JPG", "jpeg", "tiff", "bmp", "jpg ", "jpg.png", "jpg%", "\u{e9}"] {
            assert_eq!(Format::parse(text).expect_err("FMT-10").status(), 400, "{text}");
        }
    }

    #[test]
    fn default_is_what_the_master_is() {
        use Quality::{Bitonal, Color, Default, Gray};
        for (asked, coloured, of_gray) in [
            (Default, Default, Default),
            (Color, Default, Default),
            (Gray, Gray, Default),
            (Bitonal, Bitonal, Bitonal),
        ] {
            assert_eq!(
                (asked.normal(true), asked.normal(false)),
                (coloured, of_gray),
                "QUAL-30..33, CANON: {asked}"
            );
        }
    }
}
