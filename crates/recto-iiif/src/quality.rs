//! The quality parameter (Image API 3.0 and 2.1, section 4.4), whose values are the same in both versions.
//! Which of them a server offers is in [`Offer`](crate::Offer).

use std::fmt;

use crate::error::{Error, quoted};

/// In which colours the image is returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        let found = Self::ALL.into_iter().find(|quality| quality.word() == text);
        let rule = "is not default, color, gray or bitonal";
        found.ok_or_else(|| Error::request("quality", format!("{} {rule}", quoted(text))))
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

    /// The canonical value for the same picture: `default` wherever that gives it (section 4.8).
    /// `color` of a gray image is the image: it has no more colour than that.
    pub(crate) const fn normal(self, has_colour: bool) -> Self {
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
