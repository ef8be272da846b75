//! Whether an answer has the range that was asked for, and nothing else. RFC 9110 sections 14.4 and 15.3.7. Pure.

use std::ops::Range;

use crate::blocks::LARGEST;
use crate::fetch::failure::Failure;

/// What the head of an answer says of its body.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Told<'h> {
    pub(super) status: u16,
    pub(super) content_range: Option<&'h str>,
    pub(super) content_length: Option<u64>,
    pub(super) content_encoding: Option<&'h str>,
}

/// What the body has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) range: Range<u64>,
    /// The length of the whole object.
    pub(super) size: u64,
}

/// The range in a header Range of one range with both ends, as `bytes=0-65535`.
pub(super) fn asked(range: &str) -> Option<Range<u64>> {
    let (start, end) = range.strip_prefix("bytes=")?.split_once('-')?;
    Some(start.parse().ok()?..end.parse::<u64>().ok()?.checked_add(1)?)
}

/// The part that the body is.
///
/// # Errors
/// If it is not what was asked for.
pub(super) fn part(asked: &Range<u64>, told: Told<'_>) -> Result<Part, Failure> {
    let lying = |why: &str| Err(Failure::Lying(why.to_owned()));
    if told.content_encoding.is_some_and(|coding| !coding.eq_ignore_ascii_case("identity")) {
        return lying("the object is sent compressed (Content-Encoding), so that ranges of it mean nothing");
    }
    let part = match (told.status, told.content_range) {
        (206, Some(text)) => content_range(text),
        (206, None) => return lying("status 206 without a Content-Range"),
        // The whole object is the range, if it is no longer.
        (200, _) => told.content_length.map(|size| Part { range: 0..size, size }),
        (status, _) => return Err(Failure::Lying(format!("status {status} for a range"))),
    };
    let Some(part) = part.filter(|part| part.size <= LARGEST) else {
        return lying("a Content-Range or Content-Length that cannot be");
    };
    if part.range != (asked.start..asked.end.min(part.size)) {
        return match told.status {
            200 => lying("status 200 and the whole object for a range: the store has to support ranges"),
            _ => lying("another range than was asked for"),
        };
    }
    match told.content_length {
        Some(length) if length != part.range.end - part.range.start => lying("two different lengths"),
        _ if part.range.is_empty() => Err(Failure::NotFound),
        _ => Ok(part),
    }
}

/// `bytes 0-65535/1000000`
fn content_range(text: &str) -> Option<Part> {
    let (range, size) = text.trim().strip_prefix("bytes ")?.split_once('/')?;
    let (start, end) = range.split_once('-')?;
    let range = start.trim().parse().ok()?..end.trim().parse::<u64>().ok()?.checked_add(1)?;
    let size = size.trim().parse().ok()?;
    (range.start < range.end && range.end <= size).then_some(Part { range, size })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_range_that_was_asked_for_is_taken() {
        let taken = |status, content_range, content_length| {
            let told = Told { status, content_range, content_length, content_encoding: None };
            part(&(100..200), told).ok().map(|part| (part.range, part.size))
        };
        for (content_range, content_length, expected) in [
            (Some("bytes 100-199/1000"), Some(100), Some((100..200, 1000))),
            (Some("bytes 100-199/1000"), None, Some((100..200, 1000))),
            (Some("bytes 100-149/150"), Some(50), Some((100..150, 150))),
            (Some("bytes 100-199/1000"), Some(99), None),
            (Some("bytes 100-198/1000"), Some(99), None),
            (Some("bytes 0-99/1000"), Some(100), None),
            (Some("bytes 100-199/*"), Some(100), None),
            (Some("bytes 100-199/150"), Some(100), None),
            (Some("bytes 100-18446744073709551615/18446744073709551615"), None, None),
            (Some("bytes 100-199/18446744073709551615"), Some(100), None),
            (Some("bytes */1000"), None, None),
            (Some("lines 100-199/1000"), Some(100), None),
            (None, Some(100), None),
        ] {
            assert_eq!(taken(206, content_range, content_length), expected, "{content_range:?}");
        }
        assert_eq!(taken(200, None, Some(1000)), None);
        assert_eq!(taken(200, Some("bytes 100-199/1000"), Some(100)), None);
    }

    #[test]
    fn a_whole_object_that_is_no_longer_than_the_range_is_the_range() {
        let whole = |content_length| part(&(0..100), Told { status: 200, content_length, ..Told::default() });
        assert_eq!(whole(Some(50)), Ok(Part { range: 0..50, size: 50 }));
        assert_eq!(whole(Some(100)), Ok(Part { range: 0..100, size: 100 }));
        assert!(matches!(whole(Some(101)), Err(Failure::Lying(_))));
        assert!(matches!(whole(None), Err(Failure::Lying(_))));
        // Nothing can be made of it, and some stores keep such objects in place of directories.
        assert_eq!(whole(Some(0)), Err(Failure::NotFound));
    }

    #[test]
    fn what_is_compressed_is_no_range_of_the_object() {
        let told = |coding| Told {
            status: 206,
            content_range: Some("bytes 0-9/10"),
            content_length: Some(10),
            content_encoding: Some(coding),
        };
        assert!(matches!(part(&(0..10), told("gzip")), Err(Failure::Lying(_))));
        assert!(part(&(0..10), told("identity")).is_ok());
    }

    #[test]
    fn a_header_of_one_range_is_read_back() {
        assert_eq!(asked("bytes=0-65535"), Some(0..65536));
        for other in ["bytes=5-", "bytes=-5", "bytes=0-18446744073709551615", "0-5"] {
            assert_eq!(asked(other), None, "{other}");
        }
    }
}
