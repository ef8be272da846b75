//! The IIIF Image API 3.0 and 2.1: grammar, resolving, canonical form, info.json.
//! Pure: text and numbers in, values out. Nothing here opens a file or knows how an answer is sent.
//! One file for each part of the URL; the clause that rules it stands at the top of each.

mod bounds;
mod budget;
mod canonical;
mod extras;
mod identifier;
mod info;
mod negotiate;
mod number;
mod offer;
mod parse;
mod percent;
#[cfg(test)]
mod properties;
mod quality;
mod region;
mod resolve;
mod rotation;
mod size;
mod tiling;

pub use bounds::largest;
pub use budget::Budget;
pub use canonical::{base_uri, canonical, customary};
pub use extras::Extras;
pub use identifier::Identifier;
pub use info::{About, Pages, info};
pub use negotiate::media_type;
pub use number::Decimal;
pub use offer::{Level, Offer};
pub use parse::parse;
pub use quality::{Format, Quality};
pub use region::Region;
pub use resolve::{Resolved, resolve};
pub use rotation::Rotation;
pub use size::{Size, SizeForm};
pub use tiling::Tiling;

use std::fmt;

/// A version of the Image API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Version {
    /// 2.1
    V2,
    /// 3.0
    V3,
}

impl Version {
    /// The path segment that stands before the identifier.
    pub const fn segment(self) -> &'static str {
        match self {
            Self::V2 => "2",
            Self::V3 => "3",
        }
    }

    /// The `@context` of info.json (3.0 section 5.2, 2.1 section 5.2).
    pub const fn context_uri(self) -> &'static str {
        match self {
            Self::V2 => "http://iiif.io/api/image/2/context.json",
            Self::V3 => "http://iiif.io/api/image/3/context.json",
        }
    }
}

/// What a URL names (section 2).
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "one lives for the time of a request, on the stack")]
pub enum Target {
    /// The base URI of an image, which redirects to its information.
    Base {
        /// The version asked for.
        version: Version,
        /// The image.
        identifier: Identifier,
    },
    /// The information about an image.
    Info {
        /// The version asked for.
        version: Version,
        /// The image.
        identifier: Identifier,
    },
    /// A derivative of an image.
    Image {
        /// The version asked for.
        version: Version,
        /// The image.
        identifier: Identifier,
        /// What of it, and how.
        request: ImageRequest,
    },
}

/// What the client asks of an image, as it stands in the URL: well formed, but not yet held against an image (section 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ImageRequest {
    /// Which part of the image (section 4.1).
    pub region: Region,
    /// How large (section 4.2).
    pub size: Size,
    /// How turned (section 4.3).
    pub rotation: Rotation,
    /// In which colours (section 4.4).
    pub quality: Quality,
    /// In which file format (section 4.5).
    pub format: Format,
}

impl fmt::Display for ImageRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { region, size, rotation, quality, format } = self;
        write!(f, "{region}/{size}/{rotation}/{quality}.{format}")
    }
}

/// A value of the client's as an error message may show it: quoted, short, and printable whatever it was.
fn quoted(value: &str) -> String {
    const LONGEST: usize = 40;
    let shown = value.chars().map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' });
    let more = if value.chars().nth(LONGEST).is_some() { "..." } else { "" };
    format!("\"{}{more}\"", shown.take(LONGEST).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_error_shows_is_short_and_printable() {
        assert_eq!(quoted("1e1"), "\"1e1\"");
        assert_eq!(quoted("a\u{202e}b\u{e9}"), "\"a?b?\"");
        assert_eq!(quoted(&"9".repeat(5000)).len(), 45);
    }
}
