//! The format parameter (Image API 3.0 and 2.1, section 4.5), whose values are the same in both versions.
//! Which of them a server offers is in [`Offer`](crate::Offer).

use std::fmt;

use crate::error::{Error, quoted};

/// The file format of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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
    /// Every format that has a name here, in the order in which they are advertised.
    pub const ALL: [Self; 8] =
        [Self::Jpg, Self::Png, Self::Webp, Self::Tif, Self::Gif, Self::Jp2, Self::Avif, Self::Pdf];

    /// The format that the end of the URL names.
    ///
    /// # Errors
    /// [`Error::Request`] for a name that is unknown; section 4.5 makes that a 400.
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        let found = Self::ALL.into_iter().find(|format| format.extension() == text);
        found.ok_or_else(|| Error::request("format", format!("{} is no format known here", quoted(text))))
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

    /// Whether a file of this format can be partly transparent.
    pub const fn has_alpha(self) -> bool {
        match self {
            Self::Png | Self::Webp | Self::Tif | Self::Gif | Self::Jp2 | Self::Avif => true,
            Self::Jpg | Self::Pdf => false,
        }
    }

    /// Whether a file of this format can hold an ICC profile of its colours, or grays. The gray of WebP is in colour.
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
        for format in Format::ALL {
            assert_eq!(Format::parse(format.extension()).expect("FMT"), format);
        }
        for text in ["", "JPG", "jpeg", "tiff", "bmp", "jpg ", "jpg.png", "jpg%", "\u{e9}"] {
            assert_eq!(Format::parse(text).expect_err("FMT-10").status(), 400, "{text}");
        }
    }
}
