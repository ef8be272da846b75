//! Which files there are, as the server would find them: it follows links within the root, and no name that begins with
//! a dot.

use std::collections::HashSet;
use std::fs::{self, DirEntry, FileType};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::examine::Job;
use super::names;
use super::outcome::{Outcome, Verdict};
use crate::source::{Masters, SourceSettings};

/// A file that was met.
pub(super) enum Met {
    /// To be looked at, with what is to be known of its name.
    File(Job, Vec<String>),
    /// Of which nothing more can be found out.
    Known(Box<Outcome>),
}

/// How files are to be looked at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Manner {
    /// Whether all tiles are decoded.
    pub(super) deep: bool,
}

/// Where a path of the command line lies: below which root, and how links are followed there.
pub(super) struct Place {
    root: PathBuf,
    /// What identifiers there begin with.
    prefix: String,
    follow_symlinks: bool,
    /// Its path below the root, without a slash at its end; empty for the root.
    below: String,
    /// As it was given.
    given: String,
}

/// A directory that is to be read: its path below the root, and as it is told.
struct Directory {
    below: String,
    file: String,
}

impl Place {
    /// Below the root of the configuration, if it is there; else a directory is a root of its own, and of a file the
    /// directory in which it is, from which links may lead anywhere.
    ///
    /// # Errors
    /// If it is not there, or its name is not UTF-8.
    pub(super) fn of(path: &Path, masters: Option<&Masters>) -> anyhow::Result<Self> {
        let given = path.to_str().with_context(|| format!("{} is not UTF-8", path.display()))?;
        let real = real(path).with_context(|| given.to_owned())?;
        let given = if given.len() > 1 { given.trim_end_matches('/') } else { given }.to_owned();
        if let Some(masters) = masters
            && let Some((source, root, below)) = source_of(&real, masters)
        {
            let (prefix, follow_symlinks) = (source.prefix.clone(), masters.follow_symlinks);
            return Ok(Self { root, prefix, follow_symlinks, below, given });
        }
        let prefix = String::new();
        let follow_symlinks = masters.is_some_and(|masters| masters.follow_symlinks);
        if real.is_dir() {
            return Ok(Self { root: real, prefix, follow_symlinks, below: String::new(), given });
        }
        let (root, name) = real.parent().zip(real.file_name()).with_context(|| given.clone())?;
        let below = name.to_str().unwrap_or_default().to_owned();
        Ok(Self { root: root.to_owned(), prefix, follow_symlinks: true, below, given })
    }

    /// The job to look at one of its files.
    pub(super) fn job(&self, file: &str, below: &str, manner: Manner) -> Job {
        Job {
            file: file.to_owned(),
            root: self.root.clone(),
            prefix: self.prefix.clone(),
            follow_symlinks: self.follow_symlinks,
            path: below.to_owned(),
            page: 1,
            deep: manner.deep,
            details: false,
        }
    }

    /// The file itself, to be looked at.
    pub(super) fn own_job(&self, manner: Manner) -> Job {
        self.job(&self.given, &self.below, manner)
    }

    /// All files at this place.
    pub(super) fn files(&self, manner: Manner, mut progress: impl FnMut(usize)) -> Vec<Met> {
        if !self.root.join(&self.below).is_dir() {
            return vec![Met::File(self.own_job(manner), Vec::new())];
        }
        let mut walk = Walk { place: self, manner, visited: HashSet::new(), met: Vec::new() };
        let mut ahead = vec![Directory { below: self.below.clone(), file: self.given.clone() }];
        while let Some(directory) = ahead.pop() {
            let found = walk.read(&directory);
            ahead.extend(found.into_iter().rev());
            progress(walk.met.len());
        }
        walk.met
    }
}

/// The source in whose directory a path without symbolic links is, that directory, and the path below it; the innermost
/// one, if there are several.
fn source_of<'m>(real: &Path, masters: &'m Masters) -> Option<(&'m SourceSettings, PathBuf, String)> {
    let within = masters.sources.iter().filter_map(|source| {
        let root = source.directory()?.canonicalize().ok()?;
        let below = real.strip_prefix(&root).ok()?.to_str()?.to_owned();
        Some((source, root, below))
    });
    within.min_by_key(|(_, _, below)| below.len())
}

/// What was met so far.
struct Walk<'p> {
    place: &'p Place,
    manner: Manner,
    /// Directories that were read, by device and inode: links may lead to them again.
    visited: HashSet<(u64, u64)>,
    met: Vec<Met>,
}

impl Walk<'_> {
    /// Takes the files of a directory; returns the directories in it.
    fn read(&mut self, directory: &Directory) -> Vec<Directory> {
        let path = self.place.root.join(&directory.below);
        let entries = fs::metadata(&path).and_then(|is| {
            if !self.visited.insert((is.dev(), is.ino())) {
                return Ok(Vec::new());
            }
            let mut entries = fs::read_dir(&path)?.collect::<io::Result<Vec<_>>>()?;
            entries.sort_by_key(DirEntry::file_name);
            Ok(entries)
        });
        let entries = entries.unwrap_or_else(|error| {
            let why = format!("this directory cannot be read: {error}");
            self.know(&directory.file, &why);
            Vec::new()
        });
        let (mut directories, mut files) = (Vec::new(), Vec::new());
        for entry in entries {
            let name = entry.file_name();
            let Some(name) = name.to_str() else {
                let name = name.to_string_lossy();
                if names::is_of_image(&name) {
                    self.know(&joined(&directory.file, &name), "its name is not UTF-8: no URL can name it");
                }
                continue;
            };
            if name.starts_with('.') {
                continue;
            }
            let (below, file) = (joined(&directory.below, name), joined(&directory.file, name));
            match entry.file_type().ok().and_then(|kind| self.kind(kind, &entry.path(), name)) {
                Some(Kind::Directory) => directories.push(Directory { below, file }),
                Some(Kind::File) => files.push(name.to_owned()),
                Some(Kind::Outside) => self.know(
                    &file,
                    "it is a link to a directory out of the root, and [masters] follow_symlinks is false: the server finds \
                     nothing in it",
                ),
                None => {}
            }
        }
        self.take(directory, files);
        directories
    }

    fn take(&mut self, directory: &Directory, files: Vec<String>) {
        let mut notes = names::notes(&files);
        for name in files {
            let (below, file) = (joined(&directory.below, &name), joined(&directory.file, &name));
            let job = self.place.job(&file, &below, self.manner);
            self.met.push(Met::File(job, notes.remove(&name).into_iter().collect()));
        }
    }

    fn know(&mut self, file: &str, why: &str) {
        let outcome = Outcome::failed(file, Verdict::Refused, 0, why);
        self.met.push(Met::Known(Box::new(outcome)));
    }

    /// What an entry is to be taken for; nothing if for nothing.
    fn kind(&self, kind: FileType, path: &Path, name: &str) -> Option<Kind> {
        if !kind.is_symlink() {
            return Kind::of(kind);
        }
        // Whether a link is followed, only the server's own way to open files decides; but a directory has to be listed.
        let leads_out = || {
            let real = path.canonicalize();
            !self.place.follow_symlinks && real.is_ok_and(|real| !real.starts_with(&self.place.root))
        };
        match fs::metadata(path) {
            Ok(is) if is.is_dir() => Some(if leads_out() { Kind::Outside } else { Kind::Directory }),
            Ok(is) => Kind::of(is.file_type()).filter(|_| names::is_of_image(name) || !leads_out()),
            Err(_) => names::is_of_image(name).then_some(Kind::File),
        }
    }
}

/// What an entry of a directory is taken for.
enum Kind {
    File,
    Directory,
    /// A directory, where the server does not go.
    Outside,
}

impl Kind {
    fn of(kind: FileType) -> Option<Self> {
        match (kind.is_dir(), kind.is_file()) {
            (true, _) => Some(Self::Directory),
            (_, true) => Some(Self::File),
            _ => None,
        }
    }
}

/// Where a directory is, without links; where a file is, which may be a link itself.
fn real(path: &Path) -> io::Result<PathBuf> {
    match (path.is_dir(), path.file_name()) {
        (false, Some(name)) => {
            let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
            Ok(parent.unwrap_or(Path::new(".")).canonicalize()?.join(name))
        }
        _ => path.canonicalize(),
    }
}

fn joined(directory: &str, name: &str) -> String {
    match directory {
        "" => name.to_owned(),
        "/" => format!("/{name}"),
        directory => format!("{directory}/{name}"),
    }
}
