//! What is to be known of the names of files: which of them an identifier without an extension does not lead to.
//! Pure; by the rules of [`Sources::find`](crate::source::Sources::find).

use std::collections::{BTreeMap, HashSet};

use crate::source::EXTENSIONS;

/// A remark for each of the files of a directory that has one.
pub(super) fn notes(names: &[String]) -> BTreeMap<String, String> {
    let all: HashSet<&str> = names.iter().map(String::as_str).collect();
    let mut stems: BTreeMap<&str, Vec<(usize, &str)>> = BTreeMap::new();
    for name in names {
        if let Some((stem, group)) = stem(name) {
            stems.entry(stem).or_default().push((group, name));
        }
    }
    let mut notes = BTreeMap::new();
    for (stem, files) in stems {
        for (_, name) in &files {
            if let Some(note) = note(stem, name, &files, all.contains(stem)) {
                notes.insert((*name).to_owned(), note);
            }
        }
    }
    for name in names {
        if let Some((book, page)) = page(name).filter(|(book, _)| all.contains(book)) {
            notes.insert(
                name.clone(),
                format!("it hides page {page} of {book}, whose identifier is its name"),
            );
        }
    }
    notes
}

/// What the identifier without extension leads to, if not to this file.
fn note(stem: &str, name: &str, files: &[(usize, &str)], is_file: bool) -> Option<String> {
    if is_file {
        return Some(format!("the identifier {stem} is another file: this one needs its extension"));
    }
    let first = files.iter().map(|(group, _)| *group).min()?;
    let firsts: Vec<&str> =
        files.iter().filter(|(group, _)| *group == first).map(|(_, name)| *name).collect();
    match firsts[..] {
        [only] if only == name => None,
        [only] => Some(format!("the identifier {stem} leads to {only}: this one needs its extension")),
        _ if firsts.contains(&name) => Some(format!(
            "the identifier {stem} leads to none of {}: each needs its extension",
            firsts.join(", ")
        )),
        _ => Some(format!("the identifier {stem} leads nowhere, because of {}", firsts.join(", "))),
    }
}

/// A name without the extension that an identifier may leave out, and the place of that among them.
fn stem(name: &str) -> Option<(&str, usize)> {
    let (stem, extension) = name.rsplit_once('.').filter(|(stem, _)| !stem.is_empty())?;
    let group = EXTENSIONS.iter().position(|group| group.contains(&extension))?;
    Some((stem, group))
}

/// Whether a name has the extension of an image.
pub(super) fn is_of_image(name: &str) -> bool {
    stem(name).is_some()
}

/// The file and the page that a name would stand for, if there were no file of that name.
fn page(name: &str) -> Option<(&str, u32)> {
    let (book, number) = name.rsplit_once(';')?;
    let is_plain = !number.starts_with('0') && number.bytes().all(|byte| byte.is_ascii_digit());
    Some((book, number.parse().ok().filter(|_| is_plain)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_file_that_its_name_without_extension_does_not_lead_to_is_told() {
        for (names, told) in [
            (&["a.tif", "b.jp2", "c.txt", "c.md"][..], &[][..]),
            (&["a.tif", "a.jp2", "a.jpg"], &["a.jp2", "a.jpg"]),
            (&["a.tif", "a.TIFF"], &["a.tif", "a.TIFF"]),
            (&["a.tif", "a.tiff", "a.jp2"], &["a.tif", "a.tiff", "a.jp2"]),
            (&["a", "a.tif"], &["a.tif"]),
            (&["a.tif", "a.tif.jpg"], &["a.tif.jpg"]),
            (&["a.tif", "a.tif;2", "a.tif;02", "b.tif;2"], &["a.tif;2"]),
        ] {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            let notes = notes(&names);
            let told: HashSet<&str> = told.iter().copied().collect();
            assert_eq!(
                notes.keys().map(String::as_str).collect::<HashSet<_>>(),
                told,
                "{names:?}: {notes:?}"
            );
        }
    }
}
