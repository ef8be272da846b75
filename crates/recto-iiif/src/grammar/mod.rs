//! From the raw request URI to what it names (Image API 3.0 and 2.1, sections 2 and 9).
//! Takes the URI as it came over the wire: the path is split at its slashes first, each segment decoded once after. One
//! file for each parameter has its rules, and cites the clause at its top.

mod identifier;
mod percent;
mod region;
mod rotation;
mod size;

pub use identifier::{Identifier, base_uri};
pub use region::Region;
pub use rotation::Rotation;
pub use size::{Size, SizeForm};

use std::fmt;

use crate::error::{Error, quoted};
use crate::{Format, Quality, Version};

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
        /// The parameters of the derivative.
        request: ImageRequest,
    },
}

/// What the client asks of an image, as it stands in the URL: well formed, but not yet resolved against an image
/// (section 4).
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

/// No path of the Image API has more segments after its version than `id/region/size/rotation/quality.format`. One more is
/// enough to know that a path has too many.
const ENOUGH_SEGMENTS: usize = 6;

/// What a raw request URI names: a path below `/iiif/`. Its query string has no meaning in the Image API and is
/// ignored.
///
/// ```
/// use recto_iiif::{Error, Target, Version, parse};
///
/// let Ok(Target::Info { version, identifier }) = parse(b"/iiif/2/ark:%2F12025%2F654xz321/info.json?x") else { panic!() };
/// assert_eq!((version, identifier.as_str()), (Version::V2, "ark:/12025/654xz321"));
/// assert_eq!(parse(b"/iiif/1/a/info.json"), Err(Error::NotFound));
/// ```
///
/// # Errors
/// [`Error::NotFound`] for a path that is none of the API, [`Error::Request`] for one with a part that is malformed.
pub fn parse(uri: &[u8]) -> Result<Target, Error> {
    parse_below("/iiif", uri)
}

/// What [`parse`] gives, where paths of the API begin with `prefix` in place of `/iiif`: with other names, each after a
/// slash, or none at all.
///
/// ```
/// use recto_iiif::{parse, parse_below};
///
/// assert_eq!(parse_below("/digital/images", b"/digital/images/3/a/info.json"), parse(b"/iiif/3/a/info.json"));
/// assert_eq!(parse_below("", b"/3/a/info.json"), parse(b"/iiif/3/a/info.json"));
/// ```
///
/// # Errors
/// As [`parse`].
pub fn parse_below(prefix: &str, uri: &[u8]) -> Result<Target, Error> {
    let (version, segments) = segments_below(prefix, uri).ok_or(Error::NotFound)?;
    match segments.as_slice() {
        [] | [b""] => Err(Error::NotFound),
        [identifier] | [identifier, b""] => {
            Ok(Target::Base { version, identifier: Identifier::parse(identifier)? })
        }
        [identifier, file] if is_word(file, "info.json") => {
            Ok(Target::Info { version, identifier: Identifier::parse(identifier)? })
        }
        [identifier, region, size, rotation, file] => Ok(Target::Image {
            version,
            identifier: Identifier::parse(identifier)?,
            request: image_request(version, region, size, rotation, file)?,
        }),
        _ => Err(Error::NotFound),
    }
}

/// The identifier in a raw request URI below `prefix`, whatever is wrong with what follows it; None if it has none.
pub fn identifier_below(prefix: &str, uri: &[u8]) -> Option<Identifier> {
    let (_, segments) = segments_below(prefix, uri)?;
    Identifier::parse(segments.first()?).ok()
}

/// The version in the path of a raw request URI below `prefix`, and the segments after it, as many as matter.
fn segments_below<'u>(prefix: &str, uri: &'u [u8]) -> Option<(Version, Vec<&'u [u8]>)> {
    let path = uri.split(|byte| *byte == b'?').next()?;
    let mut segments = path.split(|byte| *byte == b'/');
    // Both begin with nothing before their first slash.
    let is_below = prefix.split('/').all(|word| segments.next().is_some_and(|raw| is_word(raw, word)));
    let raw = segments.next().filter(|_| is_below)?;
    let version = [Version::V2, Version::V3].into_iter().find(|known| is_word(raw, known.segment()))?;
    Some((version, segments.take(ENOUGH_SEGMENTS).collect()))
}

fn image_request(
    version: Version,
    region: &[u8],
    size: &[u8],
    rotation: &[u8],
    file: &[u8],
) -> Result<ImageRequest, Error> {
    let file = percent::decode("quality", file)?;
    let (quality, format) = file
        .split_once('.')
        .ok_or_else(|| Error::request("format", format!("{} has no quality.format", quoted(&file))))?;
    Ok(ImageRequest {
        region: Region::parse(&percent::decode("region", region)?)?,
        size: Size::parse(&percent::decode("size", size)?, version)?,
        rotation: Rotation::parse(&percent::decode("rotation", rotation)?)?,
        quality: Quality::parse(quality)?,
        format: Format::parse(format)?,
    })
}

/// Whether a raw segment is this word, in whatever encoding.
fn is_word(raw: &[u8], word: &str) -> bool {
    percent::decode("path", raw).is_ok_and(|text| text == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(uri: &str) -> Result<String, Error> {
        let (word, version, identifier) = match parse(uri.as_bytes())? {
            Target::Base { version, identifier } => ("base".to_owned(), version, identifier),
            Target::Info { version, identifier } => ("info".to_owned(), version, identifier),
            Target::Image { version, identifier, request } => (request.to_string(), version, identifier),
        };
        Ok(format!("{} {identifier} {word}", version.segment()))
    }

    #[test]
    fn paths_of_the_api() {
        for (rule, uri, expected) in [
            ("HTTP-01..03", "/iiif/3/a.tif", "3 a.tif base"),
            ("HTTP-01..03", "/iiif/2/a.tif/", "2 a.tif base"),
            ("HTTP-01..03", "/iiif/3/a.tif?x=/y/z", "3 a.tif base"),
            ("INFO-01..08", "/iiif/3/a%2Fb.tif/info.json", "3 a/b.tif info"),
            ("INFO-01..08", "/iiif/2/a%252Fb/info.json?", "2 a%2Fb info"),
            ("URI-01..06", "/%69iif/%33/a/inf%6f%2ejson", "3 a info"),
            ("SIZE-01..03", "/iiif/3/a/full/max/0/default.jpg", "3 a full/max/0/default.jpg"),
            (
                "URI-01..06",
                "/iiif/3/a/0%2C0%2c10,10/%5E100%2C/%2190.0/gray.png",
                "3 a 0,0,10,10/^100,/!90/gray.png",
            ),
            (
                "URI-01..06",
                "/iiif/3/a/pct%3A0,0,.50,1/%5e%21100,200/0/color.tif",
                "3 a pct:0,0,0.5,1/^!100,200/0/color.tif",
            ),
            ("URI-01..06", "/iiif/2/a/%66ull/full/0/default%2Ejpg", "2 a full/full/0/default.jpg"),
            ("NAME", "/iiif/3/[frob]/info.json", "3 [frob] info"),
            ("NAME", "/iiif/3/info.json", "3 info.json base"),
            ("NAME", "/iiif/3/info.json/info.json", "3 info.json info"),
        ] {
            assert_eq!(name(uri).expect(rule), expected, "{rule}: {uri}");
        }
    }

    #[test]
    fn paths_that_are_none() {
        for uri in [
            "",
            "/",
            "iiif/3/a",
            "//iiif/3/a",
            "/iiif",
            "/iiif/",
            "/iiif/3",
            "/iiif/3/",
            "/iiif/1/a/info.json",
            "/iiif/4/a/info.json",
            "/IIIF/3/a/info.json",
            "/iiif/3.0/a",
            "/iiif/3/a/info.xml",
            "/iiif/3/a/info.json/",
            "/iiif/3/a/full",
            "/iiif/3/a/full/max/0",
            "/iiif/3/a/full/max/0/default.jpg/",
            "/iiif/3/a/%zz",
            // The official validator: a raw slash in the identifier.
            "/iiif/3/a/b/full/max/0/default.jpg",
            "/iiif/3/../../etc/passwd/full/max/0/default.jpg",
            "http://host/iiif/3/a",
            "*",
        ] {
            assert_eq!(parse(uri.as_bytes()).expect_err(uri).status(), 404, "{uri}");
        }
    }

    #[test]
    fn malformed_parts_are_named() {
        for (uri, part) in [
            ("/iiif/3//info.json", "identifier"),
            ("/iiif/3/%00/info.json", "identifier"),
            ("/iiif/3/%2e%2e%2Fetc%2Fpasswd/full/max/0/default.jpg", "identifier"),
            ("/iiif/3/../info.json", "identifier"),
            ("/iiif/3/a/frob/max/0/default.jpg", "region"),
            ("/iiif/3/a/%zz/max/0/default.jpg", "region"),
            ("/iiif/3/a/0%252C0,1,1/max/0/default.jpg", "region"),
            ("/iiif/3/a//max/0/default.jpg", "region"),
            ("/iiif/3/a/full/full/0/default.jpg", "size"),
            ("/iiif/3/a/full/+1,/0/default.jpg", "size"),
            ("/iiif/3/a/full/%201,/0/default.jpg", "size"),
            ("/iiif/3/a/full/max/361/default.jpg", "rotation"),
            ("/iiif/3/a/full/max/%FF/default.jpg", "rotation"),
            ("/iiif/3/a/full/max/0/native.jpg", "quality"),
            ("/iiif/3/a/full/max/0/.jpg", "quality"),
            ("/iiif/3/a/full/max/0/default%00.jpg", "quality"),
            ("/iiif/3/a/full/max/0/default.xyz", "format"),
            ("/iiif/3/a/full/max/0/default.jpg.png", "format"),
            ("/iiif/3/a/full/max/0/default", "format"),
            ("/iiif/3/a/full/max/0/", "format"),
        ] {
            let error = parse(uri.as_bytes()).expect_err(uri);
            assert_eq!(error.status(), 400, "{uri}");
            assert!(error.to_string().starts_with(&format!("{part}: ")), "{uri}: {error}");
        }
    }
}
