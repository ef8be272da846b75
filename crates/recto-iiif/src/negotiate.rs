//! Which media type info.json is sent as (Image API 3.0 section 5.1, 2.1 section 5.1; RFC 9110 section 12.5.1).
//! Only the choice is made here. An Accept header that is odd, or that nothing satisfies, is never an error:
//! a client that gets the usual type can still read it.

use crate::Version;

const JSON: &str = "application/json";
const LINKED_3: &str = "application/ld+json;profile=\"http://iiif.io/api/image/3/context.json\"";
const LINKED_2: &str = "application/ld+json";

/// The media type of info.json for a request with this Accept header. The response varies by it.
///
/// ```
/// use recto_iiif::{Version, media_type};
///
/// assert_eq!(media_type(Version::V2, Some("application/ld+json, */*;q=0.1")), "application/ld+json");
/// ```
pub fn media_type(version: Version, accept: Option<&str>) -> &'static str {
    let accept = accept.unwrap_or("*/*");
    let (json, linked) = (Wish::of("json", accept), Wish::of("ld+json", accept));
    match version {
        // JSON-LD by default, JSON for clients that prefer it.
        Version::V3 if json > linked => JSON,
        Version::V3 => LINKED_3,
        // "If the client explicitly wants the JSON-LD content-type, then it MUST specify this", and only then.
        Version::V2 if linked.standing == Standing::Named && linked >= json => LINKED_2,
        Version::V2 if json.standing == Standing::Refused && linked > json => LINKED_2,
        Version::V2 => JSON,
    }
}

/// How much a client wants a type. Of two with equal weight it wants the one that it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Wish {
    /// In thousandths.
    weight: u16,
    standing: Standing,
}

/// How a client refers to a type, least preferred first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Standing {
    /// With `q=0`.
    Refused,
    /// Not at all.
    Unmentioned,
    /// By `*`.
    Ranged,
    /// By its name.
    Named,
}

impl Wish {
    /// What `accept` says of `application/subtype`: its most specific range counts. Parameters other than `q` are
    /// ignored: `profile` and `charset` do not change which of the two types is meant.
    fn of(subtype: &str, accept: &str) -> Self {
        let ranges = outside_quotes(accept, ',').filter_map(|range| {
            let mut parts = outside_quotes(range, ';').map(str::trim);
            let (main, sub) = parts.next()?.split_once('/')?;
            let specific = match (main, sub) {
                ("*", "*") => 0,
                (main, "*") if main.eq_ignore_ascii_case("application") => 1,
                (main, sub)
                    if main.eq_ignore_ascii_case("application") && sub.eq_ignore_ascii_case(subtype) =>
                {
                    2
                }
                _ => return None,
            };
            Some((specific, weight(parts)?))
        });
        match ranges.max() {
            None => Self { weight: 0, standing: Standing::Unmentioned },
            Some((_, 0)) => Self { weight: 0, standing: Standing::Refused },
            Some((2, weight)) => Self { weight, standing: Standing::Named },
            Some((_, weight)) => Self { weight, standing: Standing::Ranged },
        }
    }
}

/// The parameter `q` in thousandths; 1 without it, nothing if it is unreadable.
fn weight<'a>(mut parameters: impl Iterator<Item = &'a str>) -> Option<u16> {
    let value = parameters.find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("q").then(|| value.trim())
    });
    let Some(value) = value else { return Some(1000) };
    let (whole, fraction) = value.split_once('.').unwrap_or((value, ""));
    let digits = fraction.len() <= 3 && fraction.bytes().all(|byte| byte.is_ascii_digit());
    match (whole, digits) {
        ("0", true) => format!("{fraction:0<3}").parse().ok(),
        ("1", true) => Some(1000),
        _ => None,
    }
}

/// The parts of a header between separators that do not stand in a quoted string.
fn outside_quotes(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    text.split(move |c| {
        let plain = !escaped;
        escaped = quoted && plain && c == '\\';
        quoted ^= plain && c == '"';
        c == separator && !quoted
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_by_accept_header() {
        for (rule, accept, of_3, of_2) in [
            ("CONNEG-01..13", None, LINKED_3, JSON),
            ("CONNEG-01..13", Some("application/ld+json"), LINKED_3, LINKED_2),
            ("CONNEG-01..13", Some("application/json"), JSON, JSON),
            ("CONNEG-01..13", Some("*/*"), LINKED_3, JSON),
            ("CONNEG-01..13", Some("application/*"), LINKED_3, JSON),
            ("CONNEG-01..13", Some("application/json, */*"), JSON, JSON),
            ("CONNEG-01..13", Some("application/ld+json, */*"), LINKED_3, LINKED_2),
            ("CONNEG-01..13", Some("application/json;q=0.9, */*"), LINKED_3, JSON),
            ("CONNEG-01..13", Some("application/ld+json;q=0.5, application/json"), JSON, JSON),
            ("CONNEG-01..13", Some("application/ld+json , application/json;q=0.9"), LINKED_3, LINKED_2),
            ("CONNEG-01..13", Some("application/json,application/ld+json"), LINKED_3, LINKED_2),
            ("CONNEG-01..13", Some("application/ld+json;q=0, */*"), JSON, JSON),
            ("CONNEG-01..13", Some("application/ld+json;q=0.000"), JSON, JSON),
            ("CONNEG-01..13", Some("application/json;q=0"), LINKED_3, LINKED_2),
            ("CONNEG-01..13", Some("*/*;q=0"), LINKED_3, JSON),
            ("CONNEG-01..13", Some("application/json;q=0, */*;q=0.1"), LINKED_3, LINKED_2),
            ("CONNEG-01..13", Some("application/ld+json;q=0, application/json;q=0.001"), JSON, JSON),
            (
                "CONNEG-01..13",
                Some("application/ld+json;profile=\"http://iiif.io/api/image/3/context.json\""),
                LINKED_3,
                LINKED_2,
            ),
            (
                "CONNEG-01..13",
                Some("application/ld+json;profile=\"a,b;q=0\";q=1, application/json;q=.5"),
                LINKED_3,
                LINKED_2,
            ),
            ("CONNEG-01..13", Some("application/json; charset=utf-8"), JSON, JSON),
            ("CONNEG-01..13", Some("Application/LD+JSON; Q=1.0"), LINKED_3, LINKED_2),
            (
                "CONNEG-01..13",
                Some("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
                LINKED_3,
                JSON,
            ),
            ("CONNEG-01..13", Some("text/html"), LINKED_3, JSON),
            ("CONNEG-01..13", Some("image/png;q=1.0"), LINKED_3, JSON),
            ("CONNEG-01..13", Some(""), LINKED_3, JSON),
            ("CONNEG-01..13", Some(",;=\"\\/,q=,application/json;q=nan"), LINKED_3, JSON),
        ] {
            assert_eq!(media_type(Version::V3, accept), of_3, "{rule}: {accept:?}");
            assert_eq!(media_type(Version::V2, accept), of_2, "{rule}: {accept:?}");
        }
    }
}
