//! Whether a client or cache already has what it asks for: entity tags and dates, computed without touching pixels.
//! Pure. RFC 9110 sections 8.8 and 13.1.

use std::hash::Hasher;
use std::time::SystemTime;

use super::Response;
use super::fingerprint::{ConfigFingerprint, Digest};
use crate::picture::Limits;
use crate::source::Identity;

/// What identifies one representation of one state of a master.
pub struct Freshness {
    etag: String,
    modified: SystemTime,
}

/// The validators that a request carries.
pub struct Validators<'r> {
    /// The If-None-Match header.
    pub if_none_match: Option<&'r str>,
    /// The If-Modified-Since header.
    pub if_modified_since: Option<&'r str>,
}

impl Freshness {
    /// The freshness of what `representation` names: the canonical request, or whatever else distinguishes it from
    /// others. `files` are those that it is made from, `limits` those of the request. Copies of the files elsewhere
    /// give the same tag if they have the same dates.
    pub fn new(
        representation: &[&str],
        files: impl Iterator<Item = Identity> + Clone,
        limits: &Limits,
        config: ConfigFingerprint,
    ) -> Self {
        let mut digest = Digest::default();
        digest.add(&config.to_bytes());
        for number in [limits.max_width.get().into(), limits.max_height.get().into(), limits.max_area.get()] {
            digest.add(&u64::to_le_bytes(number));
        }
        representation.iter().for_each(|part| digest.add(part.as_bytes()));
        files.clone().for_each(|file| digest.add(&file.of_any_copy()));
        let modified = files.map(|file| file.modified()).max().unwrap_or(SystemTime::UNIX_EPOCH);
        Self { etag: format!("\"{:016x}\"", digest.finish()), modified }
    }

    /// The entity tag, quotes included.
    pub fn etag(&self) -> &str {
        &self.etag
    }

    /// The response with its validators.
    pub fn stamp(self, response: Response<'_>) -> Response<'_> {
        response.with("ETag", self.etag).with("Last-Modified", httpdate::fmt_http_date(self.modified))
    }
}

impl Validators<'_> {
    /// Whether there are any.
    pub fn are_there(&self) -> bool {
        self.if_none_match.is_some() || self.if_modified_since.is_some()
    }

    /// Whether 304 is the answer. A tag is stronger evidence than a date, which is then not looked at.
    pub fn match_any(&self, freshness: &Freshness) -> bool {
        if let Some(tags) = self.if_none_match {
            // GET compares weakly: a cache that compressed the body marks our tag as weak.
            let same = |tag: &str| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == freshness.etag;
            return tags.split(',').map(str::trim).any(same);
        }
        let since = self.if_modified_since.and_then(|date| httpdate::parse_http_date(date).ok());
        // Only exactly the date that was sent counts, as in NGINX: an older master may replace a newer one.
        since == Some(freshness.modified)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn tags_are_compared_weakly_and_before_dates() {
        let modified = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        let freshness = Freshness { etag: "\"a\"".into(), modified };
        let check = |if_none_match, if_modified_since, expected: bool| {
            let validators = Validators { if_none_match, if_modified_since };
            assert_eq!(validators.match_any(&freshness), expected, "{if_none_match:?} {if_modified_since:?}");
        };
        let (then, before) = (Some("Sun, 06 Nov 1994 08:49:37 GMT"), Some("Sun, 06 Nov 1994 08:49:36 GMT"));
        let after = Some("Sun, 06 Nov 1994 08:49:38 GMT");
        check(None, None, false);
        check(Some("\"a\""), None, true);
        check(Some("W/\"a\""), None, true);
        check(Some("\"b\", \"a\""), None, true);
        check(Some("*"), None, true);
        check(Some("\"b\""), then, false);
        check(Some("a"), None, false);
        check(None, then, true);
        check(None, before, false);
        check(None, after, false);
        check(None, Some("yesterday"), false);
    }
}
