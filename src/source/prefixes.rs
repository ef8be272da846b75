//! Which source an identifier belongs to: told by its text alone. Pure.

use super::Masters;

/// The prefixes of all sources, the longest first.
#[derive(Clone, Debug)]
pub(super) struct Prefixes(Vec<String>);

impl Prefixes {
    /// Of the configuration's sources, in their order.
    pub(super) fn of(masters: &Masters) -> Self {
        Self(masters.sources.iter().map(|source| source.prefix.clone()).collect())
    }

    /// The source whose prefix is the longest that `identifier` begins with, by its place in the list, and the path below
    /// its directory. None if it belongs to no source, or what follows the prefix is no such path.
    pub(super) fn split<'i>(&self, identifier: &'i str) -> Option<(usize, &'i str)> {
        let mut all = self.0.iter().enumerate();
        let found = all.find_map(|(at, prefix)| Some((at, identifier.strip_prefix(prefix.as_str())?)));
        // An absolute path would lead out of the directory.
        found.filter(|(_, path)| !path.is_empty() && !path.starts_with('/'))
    }

    /// The identifier of what lies at `path` in this source.
    pub(super) fn join(&self, source: usize, path: String) -> String {
        match self.0.get(source) {
            Some(prefix) if !prefix.is_empty() => format!("{prefix}{path}"),
            _ => path,
        }
    }

    /// The path in this source of what has this identifier.
    pub(super) fn path<'i>(&self, source: usize, identifier: &'i str) -> Option<&'i str> {
        identifier.strip_prefix(self.0.get(source)?.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_prefix_takes_an_identifier_and_prefixes_are_text() {
        let prefixes = Prefixes(["maps/old/", "maps/", "ark:", ""].map(str::to_owned).to_vec());
        for (identifier, expected) in [
            ("a.tif", Some((3, "a.tif"))),
            ("maps/a.tif", Some((1, "a.tif"))),
            ("maps/old/a.tif", Some((0, "a.tif"))),
            ("maps/older/a.tif", Some((1, "older/a.tif"))),
            ("maps", Some((3, "maps"))),
            ("maps/", None),
            ("ark:a/b", Some((2, "a/b"))),
            ("ark:/b", None),
        ] {
            assert_eq!(prefixes.split(identifier), expected, "{identifier}");
        }
        let without = Prefixes(vec!["maps/".to_owned()]);
        assert_eq!((without.split("maps/a"), without.split("a")), (Some((0, "a")), None));
        assert_eq!(without.join(0, "a".to_owned()), "maps/a");
        assert_eq!(without.path(0, "maps/a"), Some("a"));
    }
}
