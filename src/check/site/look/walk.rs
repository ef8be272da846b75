//! A few masters of each kind, tried: a walk through a part of the tree that is bounded in names.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::super::person::Person;
use super::Sight;
use super::eye::say;
use super::permission::reading;
use crate::check::Finding;
use crate::check::finding::plain;
use crate::master::Master;
use crate::source::{EXTENSIONS, Sources};

/// Names that are looked through for masters.
const NAMES: usize = 5_000;

/// Masters of each kind that are tried.
const OF_EACH_KIND: usize = 4;

/// Tries a few masters of each kind in a source, which is opened by itself, and says what came of it.
pub(super) fn try_some(prefix: &str, directory: &Path, alone: &Sources) -> io::Result<()> {
    let chosen = choose(directory)?;
    let mut readable = 0;
    for path in chosen.iter().flatten() {
        say(&Sight::Turned(directory.join(path)))?;
        match try_one(directory, alone, path) {
            Some(finding) => say(&Sight::Found(finding))?,
            None => {
                readable += 1;
                say(&Sight::Readable(format!("{prefix}{path}")))?;
            }
        }
    }
    let about = directory.display().to_string();
    let [tiff, jp2, flat] = chosen.map(|paths| paths.len());
    let finding = match (readable, tiff + jp2 + flat) {
        (_, 0) => Finding::advice(about, format!("no masters are among its first {NAMES} names")).mend(
            "Put some there, with an extension such as .tif, .jp2 or .jpg; or is something not mounted?",
        ),
        (0, all) => Finding::error(about, format!("none of the {all} masters that were tried can be read")),
        (readable, all) if readable < all => {
            Finding::fine(about, format!("{readable} of {all} masters that were tried can be read"))
        }
        _ => Finding::fine(
            about,
            format!("masters can be read: tried {tiff} TIFF, {jp2} JPEG 2000, {flat} others"),
        ),
    };
    say(&Sight::Found(finding))
}

/// Masters of each kind, by their paths below `root`: the first that are found, level by level.
fn choose(root: &Path) -> io::Result<[Vec<String>; 3]> {
    let (mut chosen, mut names) = ([const { Vec::new() }; 3], 0);
    let mut directories = VecDeque::from([PathBuf::new()]);
    while let Some(directory) = directories.pop_front() {
        say(&Sight::Turned(root.join(&directory)))?;
        // What cannot be listed can still be served.
        for entry in fs::read_dir(root.join(&directory)).into_iter().flatten().filter_map(Result::ok) {
            names += 1;
            if names > NAMES || chosen.iter().all(|paths: &Vec<_>| paths.len() == OF_EACH_KIND) {
                return Ok(chosen);
            }
            // A name that is not UTF-8 is no identifier.
            let Some(path) = directory.join(entry.file_name()).to_str().map(str::to_owned) else { continue };
            if entry.file_name().as_encoded_bytes().starts_with(b".") {
                continue;
            }
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                directories.push_back(path.into());
            } else if let Some(kind) = kind_of(&path).filter(|kind| chosen[*kind].len() < OF_EACH_KIND) {
                chosen[kind].push(path);
            }
        }
    }
    Ok(chosen)
}

/// The group of extensions that a name belongs to.
fn kind_of(path: &str) -> Option<usize> {
    let extension = Path::new(path).extension()?.to_str()?;
    EXTENSIONS.iter().position(|group| group.iter().any(|known| known.eq_ignore_ascii_case(extension)))
}

/// What is wrong with a master, if anything is.
fn try_one(directory: &Path, alone: &Sources, path: &str) -> Option<Finding> {
    let file = directory.join(path);
    let about = plain(path);
    match File::open(&file) {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            return Some(reading(&file, about, &Person::this()));
        }
        Err(error) => return Some(Finding::warning(about, format!("cannot be opened: {error}"))),
        Ok(_) => {}
    }
    if alone.find(path).is_err() {
        let what = "cannot be served: it is no regular file, or a symbolic link that leaves the root";
        return Some(
            Finding::warning(about, what).mend("Allow such links: follow_symlinks = true in [masters]."),
        );
    }
    let error = Master::open(&file).err()?;
    let what = format!("cannot be read: {error}").replace(&file.display().to_string(), path);
    let advice = "See what it is, and make a pyramid of it with a tool that can read it:";
    let quoted = quote(&file);
    Some(Finding::warning(about, what).mend(advice).by(format!("file {quoted}")))
}

/// A path as a word for the shell.
pub(super) fn quote(path: &Path) -> String {
    let text = path.display().to_string();
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-+,:@%".contains(&byte);
    if text.bytes().all(is_plain) { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extensions_tell_the_kind_and_odd_names_are_quoted() {
        for (path, kind) in
            [("a/b.tif", Some(0)), ("a.Jp2", Some(1)), ("a.jpeg", Some(2)), ("a.txt", None), ("tif", None)]
        {
            assert_eq!(kind_of(path), kind, "{path}");
        }
        for (path, word) in [("/srv/a.tif", "/srv/a.tif"), ("/a b", "'/a b'"), ("/it's", r"'/it'\''s'")] {
            assert_eq!(quote(Path::new(path)), word);
        }
    }
}
