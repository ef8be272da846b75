//! A list of files from elsewhere: paths that NULs or newlines end.

use std::ffi::OsStr;
use std::fs;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;

use super::entry::{Base, Entry, Found};

/// Adds what is in the list, a file or `-` for the standard input. Paths are below `base`, unless they begin with a slash.
///
/// # Errors
/// If the list cannot be read.
pub(super) fn read(list: &Path, base: &Arc<Base>, found: &mut Found) -> anyhow::Result<()> {
    let mut bytes = Vec::new();
    match list.as_os_str() == "-" {
        true => io::stdin().lock().read_to_end(&mut bytes).context("cannot read the standard input")?,
        false => fs::File::open(list)
            .and_then(|mut file| file.read_to_end(&mut bytes))
            .with_context(|| format!("cannot read the list {}", list.display()))?,
    };
    for line in lines(&bytes) {
        add(line, base, found);
    }
    Ok(())
}

/// Newlines may be in names where NULs part them.
fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let end = if bytes.contains(&0) { 0 } else { b'\n' };
    let lines = bytes.split(move |byte| *byte == end);
    let bare = move |line| if end == 0 { line } else { <[u8]>::strip_suffix(line, b"\r").unwrap_or(line) };
    lines.map(bare).filter(|line| !line.is_empty())
}

fn add(line: &[u8], base: &Arc<Base>, found: &mut Found) {
    let path = Path::new(OsStr::from_bytes(line));
    if path.to_str().is_none() {
        return found.refuse(path, "its name is not UTF-8: no URL can name it");
    }
    let there = base.given.join(path);
    let bytes = fs::metadata(&there).map_or(0, |is| is.len());
    let bases = [&base.given, &base.real].into_iter().filter(|base| base.is_absolute());
    let within = match path.is_absolute() {
        true => bases.filter_map(|base| path.strip_prefix(base).ok()).next(),
        false => Some(path),
    };
    // What lies elsewhere keeps its name alone: nothing may lead out of the target.
    let entry = match within.and_then(plain) {
        Some(below) => Some(Entry { base: Arc::clone(base), below, bytes }),
        None => alone(&there, bytes),
    };
    match entry {
        Some(entry) => found.entries.push(entry),
        None => found.refuse(path, "it names no file"),
    }
}

/// A path that only goes down, as text.
fn plain(path: &Path) -> Option<String> {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::Normal(name) => plain.push(name),
            Component::CurDir => {}
            _ => return None,
        }
    }
    plain.to_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

/// A file by itself: its result keeps its name.
pub(super) fn alone(path: &Path, bytes: u64) -> Option<Entry> {
    let below = path.file_name()?.to_str()?.to_owned();
    let base = Base::of(path.parent().unwrap_or(Path::new("")).to_owned());
    Some(Entry { base, below, bytes })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nul_or_newline_ends_a_path() {
        let of = |bytes| lines(bytes).map(String::from_utf8_lossy).collect::<Vec<_>>();
        assert_eq!(of(b"a.tif\r\n\nb c.tif\nd"), ["a.tif", "b c.tif", "d"]);
        assert_eq!(of(b"a\nb.tif\0c.tif\0"), ["a\nb.tif", "c.tif"]);
    }

    #[test]
    fn paths_keep_their_directories_below_the_base_and_lead_nowhere_else() {
        let base = Arc::new(Base { given: "scans".into(), real: "/srv/scans".into() });
        let mut found = Found::default();
        for line in
            ["box/a.tif", "./b.tif", "/srv/scans/box/c.tif", "/etc/d.tif", "../e.tif", "box/../../f.tif"]
        {
            add(line.as_bytes(), &base, &mut found);
        }
        let places: Vec<_> =
            found.entries.iter().map(|entry| (entry.input(), entry.below.as_str())).collect();
        let expected = [
            ("scans/box/a.tif", "box/a.tif"),
            ("scans/b.tif", "b.tif"),
            ("scans/box/c.tif", "box/c.tif"),
            ("/etc/d.tif", "d.tif"),
            ("scans/../e.tif", "e.tif"),
            ("scans/box/../../f.tif", "f.tif"),
        ];
        assert_eq!(places, expected.map(|(input, below)| (PathBuf::from(input), below)));
        add(b"..", &base, &mut found);
        add(b"latin\xe9.tif", &base, &mut found);
        assert_eq!(found.unfit.len(), 2);
    }
}
