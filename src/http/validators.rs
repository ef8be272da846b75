//! Whether a client or cache already has what it asks for: entity tags and dates, computed without touching pixels.
//! Pure. RFC 9110 sections 8.8 and 13.1.

use std::hash::Hasher;
use std::time::SystemTime;

use siphasher::sip::SipHasher13;

use crate::config::Config;
use crate::fastcgi::Response;
use crate::picture::Limits;
use crate::source::Identity;

/// What identifies one representation of one state of a master.
pub struct Freshness {
    etag: String,
    modified: SystemTime,
}

/// What stands for the program and its configuration in all tags: another version or another setting makes other bytes.
/// It is the same on every machine with the same version and settings, wherever its files are.
#[derive(Clone, Copy)]
pub struct Settings(u64);

impl Settings {
    /// Those of this program with `config`.
    ///
    /// # Errors
    /// If a setting cannot be written as JSON, which none of them is made for.
    pub fn of(config: &Config) -> anyhow::Result<Self> {
        let settings = serde_json::to_vec(&(
            config.encodings,
            config.colour,
            config.metadata,
            config.tiles.pass_through,
            &config.offer,
            config.max_source_area,
            config.info.to_string(),
        ))?;
        let mut digest = Digest::default();
        digest.add(env!("CARGO_PKG_VERSION").as_bytes());
        digest.add(&settings);
        Ok(Self(digest.0.finish()))
    }
}

/// A number that stands for bytes: the same on every machine and with every compiler, which neither the standard
/// library's hasher nor its `Hash` promises.
#[derive(Default)]
struct Digest(SipHasher13);

impl Digest {
    /// Adds a part, with its length: so no two lists of parts are one.
    fn add(&mut self, part: &[u8]) {
        self.0.write(&(part.len() as u64).to_le_bytes());
        self.0.write(part);
    }
}

/// The validators that a request carries.
pub struct Validators<'r> {
    /// The If-None-Match header.
    pub if_none_match: Option<&'r str>,
    /// The If-Modified-Since header.
    pub if_modified_since: Option<&'r str>,
}

impl Freshness {
    /// The freshness of what `representation` names: the canonical request, or whatever else tells it from others.
    /// `files` are those that it is made from, `limits` those of the request. A copy of the files elsewhere has the same
    /// tag, if it has their dates.
    pub fn new(
        representation: &[&str],
        files: impl Iterator<Item = Identity> + Clone,
        limits: &Limits,
        settings: Settings,
    ) -> Self {
        let mut digest = Digest::default();
        let sides = [limits.max_width.get().into(), limits.max_height.get().into(), limits.max_area.get()];
        for number in [settings.0].into_iter().chain(sides) {
            digest.add(&number.to_le_bytes());
        }
        representation.iter().for_each(|part| digest.add(part.as_bytes()));
        files.clone().for_each(|file| digest.add(&file.of_any_copy()));
        let modified = files.map(|file| file.modified()).max().unwrap_or(SystemTime::UNIX_EPOCH);
        Self { etag: format!("\"{:016x}\"", digest.0.finish()), modified }
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
    /// Whether 304 is the answer. A tag is stronger evidence than a date, which is then not looked at.
    pub fn match_any(&self, freshness: &Freshness) -> bool {
        if let Some(tags) = self.if_none_match {
            // GET compares weakly: a cache that compressed the body marks our tag as weak.
            let same = |tag: &str| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == freshness.etag;
            return tags.split(',').map(str::trim).any(same);
        }
        let since = self.if_modified_since.and_then(|date| httpdate::parse_http_date(date).ok());
        // The date that was given out, and no other, as NGINX has it: an older master may take the place of a newer one.
        since == Some(freshness.modified)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// SipHash-1-3 without a key, as Python 3.11 has it: `PYTHONHASHSEED=0`, `hash(bytes)`.
    #[test]
    fn a_digest_is_the_same_everywhere() {
        let mut digest = Digest::default();
        digest.add(b"recto");
        digest.add(b"");
        assert_eq!(digest.0.finish(), 0x6658_1a75_b544_0ba5);
    }

    #[test]
    fn settings_are_the_same_wherever_the_files_are() {
        let of = |lines: &str| Settings::of(&Config::parse(lines).expect("valid")).expect("settings").0;
        let here = of("[masters]\nroot = \"/here\"");
        let there = of("[server]\nworkers = 7\nsocket = \"/there\"\n[masters]\nroot = \"/there\"\nknown = 3");
        assert_eq!(here, there);
        for section in ["[jpeg]\nquality = 81", "[offer]\nbackground = \"#000000\"", "[info]\nlabel = \"x\""]
        {
            assert_ne!(here, of(&format!("{section}\n[masters]\nroot = \"/here\"")), "{section}");
        }
    }

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
