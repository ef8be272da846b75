//! The versions of the Image API, and the names that differ between them.

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
