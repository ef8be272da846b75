//! Which copies are meant: by the identifiers that they are of. Pure.

use std::collections::HashMap;

use crate::source::{EXTENSIONS, page_of};

/// The identifiers whose copies are to be forgotten.
#[derive(Debug, Default)]
pub struct Wanted {
    /// By the identifier without what it may leave out.
    names: HashMap<String, Vec<Form>>,
    prefixes: Vec<String>,
}

/// What an identifier may leave out.
#[derive(Debug, PartialEq, Eq)]
struct Form {
    extension: Option<String>,
    page: Option<u32>,
}

impl Wanted {
    /// Whether none is: then all are meant.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty() && self.prefixes.is_empty()
    }

    /// Adds a master, by its identifier with its extension or without, or one of its pages. As it stands in a URL will do
    /// as well.
    pub fn add(&mut self, identifier: &str) {
        let mut add = |identifier: &str| {
            let (stem, form) = parts(identifier);
            self.names.entry(stem.to_owned()).or_default().push(form);
        };
        add(identifier);
        let in_url = format!("/3/{identifier}");
        if let Some(decoded) = recto_iiif::identifier_below("", in_url.as_bytes())
            && decoded.as_str() != identifier
        {
            add(decoded.as_str());
        }
    }

    /// Adds all masters whose identifiers begin so.
    pub fn add_prefix(&mut self, prefix: &str) {
        self.prefixes.push(prefix.to_owned());
    }

    /// Whether a copy that was asked for by this identifier is meant.
    pub fn has(&self, identifier: &str) -> bool {
        if self.prefixes.iter().any(|prefix| identifier.starts_with(prefix)) {
            return true;
        }
        let (stem, asked) = parts(identifier);
        self.names.get(stem).is_some_and(|forms| forms.iter().any(|form| form.covers(&asked)))
    }
}

impl Form {
    /// Whether what was asked for is of this master: one of them may leave out the extension, and this one means all pages
    /// if it has none.
    fn covers(&self, asked: &Self) -> bool {
        let same_file = match (&self.extension, &asked.extension) {
            (Some(ours), Some(theirs)) => ours == theirs,
            _ => true,
        };
        same_file && self.page.is_none_or(|page| page == asked.page.unwrap_or(1))
    }
}

/// An identifier without page and known extension, and these.
fn parts(identifier: &str) -> (&str, Form) {
    let (name, page) = match page_of(identifier) {
        Some((name, page)) => (name, Some(page)),
        None => (identifier, None),
    };
    let known = |extension: &str| EXTENSIONS.iter().any(|group| group.contains(&extension));
    match name.rsplit_once('.').filter(|(stem, extension)| !stem.is_empty() && known(extension)) {
        Some((stem, extension)) => (stem, Form { extension: Some(extension.to_owned()), page }),
        None => (name, Form { extension: None, page }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_master_is_meant_by_each_of_its_identifiers_and_no_other_is() {
        for (wanted, asked, expected) in [
            ("box/a.tif", "box/a.tif", true),
            ("box/a.tif", "box/a", true),
            ("box/a.tif", "box/a;3", true),
            ("box/a.tif", "box/a.tif;3", true),
            ("box/a.tif", "box/a.jpg", false),
            ("box/a.tif", "box/ab", false),
            ("box/a.tif", "a.tif", false),
            ("box/a", "box/a.tif", true),
            ("box/a", "box/a.jp2;2", true),
            ("box/a", "box/a.txt", false),
            ("box%2Fa%20b.tif", "box/a b", true),
            ("a%2Fb", "a%2Fb", true),
            ("a;3", "a.tif;3", true),
            ("a;3", "a", false),
            ("a;1", "a", true),
            ("a;3", "a;2", false),
        ] {
            let mut all = Wanted::default();
            all.add(wanted);
            assert_eq!(all.has(asked), expected, "{wanted}: {asked}");
        }
    }

    #[test]
    fn a_prefix_means_all_that_begins_so() {
        let mut wanted = Wanted::default();
        assert!(wanted.is_empty());
        wanted.add_prefix("maps/");
        assert!(!wanted.is_empty() && wanted.has("maps/a/b.tif") && !wanted.has("map"));
    }
}
