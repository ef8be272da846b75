//! The identifier of an image: a path below some root (Image API 3.0 section 3).
//! Checked here for its form only; whether such a file exists, and may be opened, is checked where it is opened. A
//! slash in it arrives as `%2F` and goes out as `%2F` (section 9).

use std::fmt;

use super::percent;
use crate::Version;
use crate::error::{Error, quoted};

/// Most bytes that an identifier has once it is decoded.
const LONGEST: usize = 1024;

/// The name of an image: one or more file names with `/` between them, none of them empty, `.` or `..`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Identifier(String);

impl Identifier {
    /// The identifier in a raw path segment.
    ///
    /// # Errors
    /// [`Error::Request`] if the segment cannot be decoded, or is no path that stays below the root.
    pub(super) fn parse(raw: &[u8]) -> Result<Self, Error> {
        Self::new(percent::decode("identifier", raw)?)
    }

    /// The identifier that is already decoded.
    ///
    /// # Errors
    /// [`Error::Request`] if it is no path that stays below the root, has a control character or over 1024 bytes.
    pub fn new(path: impl Into<String>) -> Result<Self, Error> {
        let path = path.into();
        let refused = |rule: &str| Err(Error::request("identifier", format!("{} {rule}", quoted(&path))));
        if path.is_empty() {
            return Err(Error::request("identifier", "it is empty"));
        }
        if path.len() > LONGEST {
            return refused("has more than 1024 bytes");
        }
        if path.chars().any(char::is_control) {
            return refused("has a control character");
        }
        if path.split('/').any(|name| matches!(name, "" | "." | "..")) {
            return refused("has an empty name, \".\" or \"..\" between its slashes");
        }
        Ok(Self(path))
    }

    /// The identifier of a page of the file at `path`, of which this one names any page. Page 1 needs no suffix.
    pub fn with_page(&self, path: &str, page: u32) -> Option<Self> {
        // A number within the file's own name is no page number, though it may look like one.
        let book = match path.starts_with(&self.0) {
            true => &self.0,
            false => self.0.rsplit_once(';')?.0,
        };
        Self::new(if page == 1 { book.to_owned() } else { format!("{book};{page}") }).ok()
    }

    /// The path below the root, such as `a/b c.tif`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The identifier as one segment of a URL, such as `a%2Fb%20c.tif`: one image has one, however it was asked for.
    pub fn encoded(&self) -> String {
        percent::encode(&self.0)
    }
}

/// The base URI of an image below the root `base`, such as `https://host/iiif` (section 2).
pub fn base_uri(base: &str, version: Version, identifier: &Identifier) -> String {
    format!("{base}/{}/{}", version.segment(), identifier.encoded())
}

impl fmt::Display for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back() {
        // NAME-nn: what an identifier may hold, and the segment that info.json, links and redirects show.
        for (raw, path, encoded) in [
            ("leaf-12r.tif", "leaf-12r.tif", "leaf-12r.tif"),
            ("leaf%2D12r.tif", "leaf-12r.tif", "leaf-12r.tif"),
            ("a%2fb%20c.tif", "a/b c.tif", "a%2Fb%20c.tif"),
            ("a%252Fb", "a%2Fb", "a%252Fb"),
            ("100%25", "100%", "100%25"),
            ("%5Bfrob%5D", "[frob]", "%5Bfrob%5D"),
            ("[frob]", "[frob]", "%5Bfrob%5D"),
            ("a\\b", "a\\b", "a%5Cb"),
            ("..a", "..a", "..a"),
            ("...", "...", "..."),
            ("%E2%82%AC", "€", "%E2%82%AC"),
        ] {
            let identifier = Identifier::parse(raw.as_bytes()).expect(raw);
            assert_eq!((identifier.as_str(), identifier.encoded().as_str()), (path, encoded), "{raw}");
            assert_eq!(Identifier::parse(encoded.as_bytes()).expect(encoded), identifier);
        }
    }

    #[test]
    fn pages_of_a_book() {
        // The identifier, the path of its file, and what page 12 and page 1 of that are called.
        for (identifier, path, twelfth, first) in [
            ("a/book.tif;3", "a/book.tif", "a/book.tif;12", "a/book.tif"),
            ("book", "book.tif", "book;12", "book"),
            ("book;3", "book.tif", "book;12", "book"),
            ("book.tif;1", "book.tif", "book.tif;12", "book.tif"),
            ("x;1.tif", "x;1.tif", "x;1.tif;12", "x;1.tif"),
            ("x;1", "x;1.tif", "x;1;12", "x;1"),
            ("x;1;2", "x;1.tif", "x;1;12", "x;1"),
            ("x;1.tif;2", "x;1.tif", "x;1.tif;12", "x;1.tif"),
            ("x;1", "x;1", "x;1;12", "x;1"),
            ("x;1;1", "x;1", "x;1;12", "x;1"),
        ] {
            let named = Identifier::new(identifier).expect("identifier");
            for (page, expected) in [(12, twelfth), (1, first)] {
                let other = named.with_page(path, page).expect("identifier");
                assert_eq!(other.as_str(), expected, "{identifier} of {path}");
            }
        }
    }

    #[test]
    fn what_leads_elsewhere_is_refused() {
        // SEC-01..12
        let long = "a".repeat(LONGEST + 1);
        for raw in [
            "",
            ".",
            "..",
            "%2e%2e",
            "%2E.",
            "a%2F..%2Fb",
            "..%2Fa",
            "a%2F.",
            "%2Fetc%2Fpasswd",
            "a%2F",
            "a%2F%2Fb",
            "%2F",
            "a%00b",
            "a%0Ab",
            "a%1Fb",
            "a%7Fb",
            "%ff",
            "%c0%ae%c0%ae",
            "%",
            "%2",
            "%g0",
            &long,
        ] {
            assert_eq!(Identifier::parse(raw.as_bytes()).expect_err(raw).status(), 400, "{raw}");
        }
        assert!(Identifier::new("a".repeat(LONGEST)).is_ok());
        assert!(Identifier::new("a\u{0}").is_err());
    }

    #[test]
    fn base_uris_stay_encoded() {
        let identifier = Identifier::new("a b/c%2F?.tif").expect("identifier");
        let uri = base_uri("https://host/iiif", Version::V3, &identifier);
        assert_eq!(uri, "https://host/iiif/3/a%20b%2Fc%252F%3F.tif");
    }
}
