//! Which masters are asked for, and which were before.

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use recto_iiif::Identifier;

use crate::check::masters::named;
use crate::source::Masters;

/// The identifiers of a list or of a directory, as they stand in URLs, in order.
///
/// # Errors
/// If it cannot be read, or a line cannot be an identifier.
pub(super) fn identifiers(list: &Path, masters: Option<&Masters>) -> anyhow::Result<Vec<String>> {
    if list.is_dir() {
        let found = named(&[list.to_owned()], masters)?;
        let encoded = |identifier: String| Ok(Identifier::new(identifier)?.encoded());
        return found.masters.into_iter().map(|master| encoded(master.identifier)).collect();
    }
    if list == Path::new("-") {
        return lines(io::stdin().lock()).context("standard input");
    }
    let file = File::open(list).with_context(|| list.display().to_string())?;
    lines(BufReader::new(file)).with_context(|| list.display().to_string())
}

fn lines(list: impl BufRead) -> anyhow::Result<Vec<String>> {
    let mut identifiers = Vec::new();
    for (number, line) in (1..).zip(list.lines()) {
        let line = line.with_context(|| format!("line {number}"))?;
        let line = line.trim_end_matches('\r');
        if !line.is_empty() {
            identifiers.push(encoded(line).with_context(|| format!("line {number}"))?);
        }
    }
    Ok(identifiers)
}

/// An identifier as it stands in URLs; it may stand so in the list. What has a slash is a path.
fn encoded(line: &str) -> anyhow::Result<String> {
    if line.contains('%') && !line.contains('/') {
        let in_url = format!("/3/{line}");
        if let Some(decoded) = recto_iiif::identifier_below("", in_url.as_bytes()) {
            return Ok(decoded.encoded());
        }
    }
    Ok(Identifier::new(line)?.encoded())
}

/// What is left of a list after this identifier.
///
/// # Errors
/// If it is not in the list.
pub(super) fn after(mut identifiers: Vec<String>, last: &str) -> anyhow::Result<Vec<String>> {
    let last = encoded(last)?;
    let at = identifiers.iter().position(|identifier| *identifier == last);
    let at = at.with_context(|| format!("--start-after {last}: it is not in the list"))?;
    Ok(identifiers.split_off(at + 1))
}

/// A file with a line for each identifier that is done.
pub(super) struct State {
    done: HashSet<String>,
    file: File,
    path: PathBuf,
}

impl State {
    /// Opens the file, and makes it if it is not there.
    ///
    /// # Errors
    /// If it cannot be read or written.
    pub(super) fn open(path: &Path) -> anyhow::Result<Self> {
        let named = || path.display().to_string();
        let mut file =
            OpenOptions::new().read(true).append(true).create(true).open(path).with_context(named)?;
        let mut text = String::new();
        file.read_to_string(&mut text).with_context(named)?;
        file.seek(SeekFrom::End(0)).with_context(named)?;
        // A killed run may have left half a line: it names nothing, and the next line begins after it.
        if !text.is_empty() && !text.ends_with('\n') {
            file.write_all(b"\n").with_context(named)?;
        }
        let whole = text.rfind('\n').map_or("", |at| &text[..at]);
        let done = whole.lines().map(str::to_owned).collect();
        Ok(Self { done, file, path: path.to_owned() })
    }

    /// Whether it has this one.
    pub(super) fn has(&self, identifier: &str) -> bool {
        self.done.contains(identifier)
    }

    /// Notes one that is done.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(super) fn note(&mut self, identifier: &str) -> anyhow::Result<()> {
        ensure!(!identifier.contains('\n'), "an identifier with a line feed");
        let written = self.file.write_all(format!("{identifier}\n").as_bytes());
        written.with_context(|| format!("cannot write {}", self.path.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_have_paths_or_what_stands_in_urls() {
        let list = "leaf.tif\r\n\nbox/leaf 1.tif\nbox%2Fleaf%201.tif\n100%\nbook.tif;3\n";
        let identifiers = lines(list.as_bytes()).expect("identifiers");
        assert_eq!(
            identifiers,
            ["leaf.tif", "box%2Fleaf%201.tif", "box%2Fleaf%201.tif", "100%25", "book.tif;3"]
        );
        assert!(lines("../x\n".as_bytes()).is_err());
        assert_eq!(after(identifiers.clone(), "100%").expect("there"), ["book.tif;3"]);
        assert!(after(identifiers, "x").is_err());
    }

    #[test]
    fn half_a_line_is_not_done() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("state");
        std::fs::write(&path, "a\nb").expect("written");
        let mut state = State::open(&path).expect("opened");
        assert!(state.has("a") && !state.has("b"));
        state.note("c").expect("written");
        let state = State::open(&path).expect("opened");
        assert!(state.has("a") && state.has("c"));
    }
}
