//! The images of a directory and of those below it: by their extensions, without names that begin with a dot, and
//! without links that lead out of it.

use std::collections::HashSet;
use std::fs::{self, DirEntry, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;

use super::entry::{Base, Entry, Found, is_image};

/// A directory, by device and inode.
pub(super) type Inode = (u64, u64);

/// Which one this is.
pub(super) fn inode(is: &Metadata) -> Inode {
    (is.dev(), is.ino())
}

/// Adds what is in a directory, but for what is in the directory `but`; tells how many it has met.
pub(super) fn walk(base: &Arc<Base>, but: Option<Inode>, found: &mut Found, mut progress: impl FnMut(usize)) {
    let mut walk = Walk { base, visited: but.into_iter().collect(), found };
    let mut ahead = vec![String::new()];
    while let Some(below) = ahead.pop() {
        match walk.read(&below) {
            Ok(directories) => ahead.extend(directories.into_iter().rev()),
            Err(error) => {
                let path = base.given.join(&below);
                walk.found.refuse(&path, format!("this directory cannot be read: {error}"));
            }
        }
        progress(walk.found.entries.len());
    }
}

struct Walk<'a> {
    base: &'a Arc<Base>,
    /// Directories that were read, or are not to be: links may lead to them again.
    visited: HashSet<Inode>,
    found: &'a mut Found,
}

impl Walk<'_> {
    /// Takes the images of a directory; returns the directories in it.
    fn read(&mut self, below: &str) -> io::Result<Vec<String>> {
        let path = self.base.given.join(below);
        if !self.visited.insert(inode(&fs::metadata(&path)?)) {
            return Ok(Vec::new());
        }
        let mut entries = fs::read_dir(&path)?.collect::<io::Result<Vec<_>>>()?;
        entries.sort_by_key(DirEntry::file_name);
        let mut directories = Vec::new();
        for entry in entries {
            let name = entry.file_name();
            let Some(name) = name.to_str() else {
                if is_image(&name.to_string_lossy()) {
                    self.found.refuse(&entry.path(), "its name is not UTF-8: no URL can name it");
                }
                continue;
            };
            if name.starts_with('.') {
                continue;
            }
            let below = if below.is_empty() { name.to_owned() } else { format!("{below}/{name}") };
            match self.look(&entry) {
                Some(is) if is.is_dir() => directories.push(below),
                Some(is) if is.is_file() && is_image(name) => {
                    let entry = Entry { base: Arc::clone(self.base), below, bytes: is.len() };
                    self.found.entries.push(entry);
                }
                _ => {}
            }
        }
        Ok(directories)
    }

    /// What an entry is, or leads to; nothing if that is out of the base or not there.
    fn look(&self, entry: &DirEntry) -> Option<Metadata> {
        if !entry.file_type().ok()?.is_symlink() {
            return entry.metadata().ok();
        }
        let path: &Path = &entry.path();
        let is_within = path.canonicalize().ok()?.starts_with(&self.base.real);
        fs::metadata(path).ok().filter(|_| is_within)
    }
}
