//! A copy in NGINX's cache: of which request it is, as its file says. Pure.
//! Of the format of these files nothing else is relied on: it is NGINX's own, and changes with its versions.

/// Of which request a copy is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Copy {
    /// The URL of the root by which it was asked for, such as `https://host/iiif`.
    base: String,
    /// The path that was asked for, undecoded.
    path: String,
    /// The identifier in that path; None if it has none.
    pub(super) identifier: Option<String>,
}

impl Copy {
    /// The one whose file begins with these bytes. None if that is no file of NGINX's, or not of Recto's key.
    pub(super) fn in_file(head: &[u8]) -> Option<Self> {
        Self::of(std::str::from_utf8(key(head)?).ok()?)
    }

    /// The one with this key: see `fastcgi_cache_key` in `nginx/location.conf`. The base stands first, the path last, and
    /// nothing before it contains `|/`.
    fn of(key: &str) -> Option<Self> {
        let (base, _) = key.split_once('|')?;
        let (_, path) = key.split_once("|/")?;
        let path = format!("/{path}");
        let (_, rest) = base.split_once("://")?;
        let prefix = rest.find('/').map_or("", |at| rest[at..].trim_end_matches('/'));
        let identifier = recto_iiif::identifier_below(prefix, path.as_bytes());
        Some(Self { base: base.to_owned(), identifier: identifier.map(|it| it.as_str().to_owned()), path })
    }

    /// The URL by which it was asked for.
    pub(super) fn url(&self) -> String {
        let root = self
            .base
            .split_once("://")
            .map_or(0, |(scheme, rest)| scheme.len() + 3 + rest.find('/').unwrap_or(rest.len()));
        format!("{}{}", &self.base[..root], self.path)
    }
}

/// The key in the head of a file, which stands in a line of its own after the fields that have a fixed length. None if it
/// is not there as a whole.
pub(super) fn key(head: &[u8]) -> Option<&[u8]> {
    const MARK: &[u8] = b"\nKEY: ";
    let start = memchr::memmem::find(head, MARK)? + MARK.len();
    let length = memchr::memchr(b'\n', &head[start..])?;
    Some(&head[start..start + length])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_copy_is_known_by_its_key() {
        for (key, expected) in [
            ("http://h/iiif||||1|/iiif/3/a%2Fb.tif/info.json", Some("a/b.tif")),
            ("http://h:80/iiif|1000|application/json|h:8080||/iiif/2/a/full/max/0/default.jpg", Some("a")),
            ("https://h/digital/iiif||||1|/digital/iiif/3/a|/b", Some("a|")),
            ("http://h|||||/3/a", Some("a")),
            ("http://h/iiif|||||/iiif/3/a/frob/max/0/default.jpg", Some("a")),
            ("http://h/iiif|||||/iiif/3/%zz/info.json", None),
            ("http://h/iiif|||||/iiif/robots.txt", None),
        ] {
            let copy = Copy::of(key).expect(key);
            assert_eq!(copy.identifier.as_deref(), expected, "{key}");
        }
        for other in ["lead", "", "http://h/iiif|x", "GEThttp://h/a"] {
            assert_eq!(Copy::of(other), None, "{other}");
        }
        let copy = Copy::of("http://h:80/iiif|||||/iiif/3/a").expect("a copy");
        assert_eq!(copy.url(), "http://h:80/iiif/3/a");
    }

    proptest! {
        #[test]
        fn hostile_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), text in "[|/:a%0-9\n]{0,40}") {
            let _ = Copy::in_file(&bytes);
            let _ = Copy::in_file(format!("\nKEY: {text}\n").as_bytes()).map(|copy| copy.url());
        }
    }

    #[test]
    fn files_of_others_are_none() {
        let file = |key: &str| [&[5, 0, 7, 255][..], b"\nKEY: ", key.as_bytes(), b"\nStatus: 200"].concat();
        assert!(Copy::in_file(&file("http://h/iiif|||||/iiif/3/a")).is_some());
        let whole = file("http://h/iiif|||||/iiif/3/a");
        for length in 0..whole.len() - 12 {
            assert_eq!(Copy::in_file(&whole[..length]), None, "{length}");
        }
        assert_eq!(Copy::in_file(b"\nKEY: \xff|/\n"), None);
        assert_eq!(Copy::in_file(b"some other file\n"), None);
    }
}
