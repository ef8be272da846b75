//! Which of the names of a listing is meant by a path without its extension: by the rules of directories. Pure.

use crate::source::EXTENSIONS;

/// What a listing says of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Choice {
    /// This key is meant.
    One(String),
    /// Several would do.
    Ambiguous,
    /// None is there.
    None,
}

/// Whether the path ends with an extension of an image, so that it is mostly the key itself.
pub(super) fn has_extension(path: &str) -> bool {
    let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
    name.rsplit_once('.').is_some_and(|(_, extension)| {
        EXTENSIONS.iter().copied().flatten().any(|known| known.eq_ignore_ascii_case(extension))
    })
}

/// The keys that the extensions of each group make of a path, the groups in their order.
pub(super) fn candidates(path: &str) -> impl Iterator<Item = Vec<String>> {
    EXTENSIONS.map(|group| group.iter().map(|extension| format!("{path}.{extension}")).collect()).into_iter()
}

/// Which of these keys is meant.
pub(super) fn choose(path: &str, keys: &[String]) -> Choice {
    for group in candidates(path) {
        let mut there = group.into_iter().filter(|candidate| keys.contains(candidate));
        match (there.next(), there.next()) {
            (Some(_), Some(_)) => return Choice::Ambiguous,
            (Some(only), None) => return Choice::One(only),
            (None, _) => {}
        }
    }
    Choice::None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_group_of_extensions_with_one_name_goes_first() {
        let one = |key: &str| Choice::One(key.to_owned());
        for (keys, expected) in [
            (&["a.tif", "a.jp2", "a.jpg"][..], one("a.tif")),
            (&["a.jpg", "a.jp2"], one("a.jp2")),
            (&["a.JPG", "a.txt", "a.tif.json"], one("a.JPG")),
            (&["a.tif", "a.TIF"], Choice::Ambiguous),
            (&["a.tif", "a.tiff", "a.jpg"], Choice::Ambiguous),
            (&["a.Tif", "a.x.tif"], Choice::None),
            (&[], Choice::None),
        ] {
            let keys: Vec<_> = keys.iter().map(|key| (*key).to_owned()).collect();
            assert_eq!(choose("a", &keys), expected, "{keys:?}");
        }
    }

    #[test]
    fn extensions_are_those_of_the_last_name() {
        for (path, expected) in
            [("a.tif", true), ("b/a.JP2", true), ("b.tif/a", false), ("a.txt", false), ("tif", false)]
        {
            assert_eq!(has_extension(path), expected, "{path}");
        }
    }
}
