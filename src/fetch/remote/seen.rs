//! What a store says of an object, and what is asked of it by that.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use object_store::{GetOptions, ObjectMeta};

use crate::blocks::Version;
use crate::fetch::failure::Failure;

/// What a tag begins with that stands for one where the store has none. No entity tag begins so (RFC 9110 section 8.8.3).
const OURS: char = '~';

/// What a store says of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::fetch) struct Seen {
    etag: Option<String>,
    /// Its length in bytes.
    pub(in crate::fetch) size: u64,
    /// Nanoseconds since 1970; 0 if it does not say.
    modified: i128,
}

/// What must be so, or there is no answer with bytes.
#[derive(Clone, Copy, Debug)]
pub(in crate::fetch) enum Condition<'v> {
    /// Nothing.
    None,
    /// The object is still this one.
    Still(&'v Version),
    /// The object is another one.
    NoLonger(&'v Version),
}

impl Seen {
    pub(super) fn of(meta: &ObjectMeta) -> Self {
        let since = SystemTime::from(meta.last_modified).duration_since(UNIX_EPOCH).unwrap_or_default();
        let modified = i128::try_from(since.as_nanos()).unwrap_or(0);
        Self { etag: meta.e_tag.clone().filter(|tag| !tag.is_empty()), size: meta.size, modified }
    }

    /// The version that this is of an object.
    ///
    /// # Errors
    /// If it is out of all bounds.
    pub(in crate::fetch) fn version(&self, key: &str) -> Result<Version, Failure> {
        let etag = self.etag.clone().unwrap_or_else(|| format!("{OURS}{}-{}", self.modified, self.size));
        let version = Version { key: key.to_owned(), etag, size: self.size, modified: self.modified };
        match version.is_sound() {
            true => Ok(version),
            false => Err(Failure::Lying("it tells a length or an entity tag out of all bounds".into())),
        }
    }

    /// Whether it is that version.
    ///
    /// # Errors
    /// [`Failure::Changed`] if it is another one, [`Failure::Lying`] if it cannot be any.
    pub(in crate::fetch) fn agrees_with(&self, version: &Version) -> Result<(), Failure> {
        let seen = self.version(&version.key)?;
        if strong(&seen.etag) != strong(&version.etag) {
            return Err(Failure::Changed);
        }
        match seen.size == version.size {
            true => Ok(()),
            false => Err(Failure::Lying("one entity tag for objects of different lengths".into())),
        }
    }
}

impl Condition<'_> {
    pub(super) fn options(self) -> GetOptions {
        let mut options = GetOptions::default();
        match self {
            Self::None => {}
            // If-Match takes no weak tag for the same as any: RFC 9110 section 13.1.1.
            Self::Still(version) if is_strong(&version.etag) => options.if_match = Some(version.etag.clone()),
            Self::Still(version) => options.if_unmodified_since = time(version).map(Into::into),
            Self::NoLonger(version) if !version.etag.starts_with(OURS) => {
                options.if_none_match = Some(version.etag.clone());
            }
            Self::NoLonger(version) => options.if_modified_since = time(version).map(Into::into),
        }
        options
    }
}

fn is_strong(etag: &str) -> bool {
    !etag.starts_with(OURS) && !etag.starts_with("W/")
}

/// A tag without what makes it weak.
fn strong(etag: &str) -> &str {
    etag.strip_prefix("W/").unwrap_or(etag)
}

fn time(version: &Version) -> Option<SystemTime> {
    let since = u64::try_from(version.modified).ok().filter(|since| *since != 0)?;
    UNIX_EPOCH.checked_add(Duration::from_nanos(since))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(etag: Option<&str>, size: u64, modified: i128) -> Seen {
        Seen { etag: etag.map(str::to_owned), size, modified }
    }

    #[test]
    fn what_has_no_tag_is_told_by_its_time_and_length() {
        let version = seen(None, 9, 5_000_000_000).version("a").expect("sound");
        assert_eq!(version.etag, "~5000000000-9");
        assert_eq!(seen(None, 9, 5_000_000_000).agrees_with(&version), Ok(()));
        assert_eq!(seen(None, 8, 5_000_000_000).agrees_with(&version), Err(Failure::Changed));
        assert_eq!(seen(None, 9, 6_000_000_000).agrees_with(&version), Err(Failure::Changed));
        let still = Condition::Still(&version).options();
        assert!(still.if_match.is_none() && still.if_unmodified_since.is_some());
        let no_longer = Condition::NoLonger(&version).options();
        assert!(no_longer.if_none_match.is_none() && no_longer.if_modified_since.is_some());
    }

    #[test]
    fn a_tag_is_compared_whether_weak_or_not() {
        let version = seen(Some("W/\"1\""), 9, 1).version("a").expect("sound");
        assert_eq!(seen(Some("\"1\""), 9, 2).agrees_with(&version), Ok(()));
        assert_eq!(seen(Some("\"2\""), 9, 1).agrees_with(&version), Err(Failure::Changed));
        assert!(matches!(seen(Some("\"1\""), 8, 1).agrees_with(&version), Err(Failure::Lying(_))));
        assert!(Condition::Still(&version).options().if_match.is_none());
        assert!(Condition::NoLonger(&version).options().if_none_match.is_some());
    }

    #[test]
    fn what_is_out_of_bounds_is_refused() {
        for seen in [seen(Some(&"x".repeat(10_000)), 9, 1), seen(Some("\"1\""), u64::MAX, 1)] {
            assert!(matches!(seen.version("a"), Err(Failure::Lying(_))));
        }
    }
}
