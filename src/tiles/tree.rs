//! A tree that has its name only when it is whole: it is made in a hidden directory beside its place, and renamed. What is
//! dropped before leaves nothing.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};

use super::layout::Kind;

/// What is done where a tree is already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// It stays, and that is a fault.
    Refused,
    /// It stays.
    Kept,
    /// It gives way, once the new one is whole.
    Replaced,
}

/// The place of a tree: where its parts have their names in the end, the one last whose being there tells that all are.
#[derive(Clone, Debug)]
pub(super) struct Place {
    ends: Vec<PathBuf>,
    /// The hidden directory in which it is made.
    part: PathBuf,
    kind: Kind,
}

/// A tree in the making.
pub(super) struct Tree<'p> {
    place: &'p Place,
}

impl Place {
    /// That of the tree of this name, a path with slashes, in a directory.
    pub(super) fn new(directory: &Path, name: &str, kind: Kind) -> Self {
        let end = directory.join(name);
        let ends = match kind {
            Kind::Image(_) => vec![end.clone()],
            Kind::DeepZoom { .. } => vec![with(&end, "", "_files"), with(&end, "", ".dzi")],
        };
        Self { ends, part: with(&end, ".", ".part"), kind }
    }

    /// Whether a tree is there, whole.
    pub(super) fn is_taken(&self) -> bool {
        self.ends.last().is_some_and(|end| end.exists())
    }

    /// Whether a tree may be made here: whether nothing is in the way that may not give way.
    ///
    /// # Errors
    /// With what is in the way.
    pub(super) fn check(&self, existing: Existing) -> anyhow::Result<()> {
        for end in self.ends.iter().filter(|end| end.symlink_metadata().is_ok()) {
            let end_name = end.display();
            ensure!(
                existing != Existing::Refused,
                "{end_name} is there already; --skip-existing leaves it, --force replaces it"
            );
            ensure!(self.is_tree(end), "{end_name} is there, and is no such tree: it is not replaced");
        }
        Ok(())
    }

    /// Whether what is at one of the ends was made as such.
    fn is_tree(&self, end: &Path) -> bool {
        match self.kind {
            Kind::Image(_) => end.join("info.json").is_file(),
            // Level 0 is a single tile of a single pixel.
            Kind::DeepZoom { .. } => end.is_file() || end.join("0").is_dir(),
        }
    }

    /// The place of the pieces, below the hidden directory.
    pub(super) fn pieces(&self) -> PathBuf {
        match self.kind {
            Kind::Image(_) => self.part.clone(),
            Kind::DeepZoom { .. } => self.part.join("files"),
        }
    }

    /// The file that tells of them, below the hidden directory.
    pub(super) fn description(&self) -> PathBuf {
        match self.kind {
            Kind::Image(_) => self.part.join("info.json"),
            Kind::DeepZoom { .. } => self.part.join("dzi"),
        }
    }

    /// Begins a tree. What a killed run has left of it goes.
    ///
    /// # Errors
    /// If directories cannot be made.
    pub(super) fn begin(&self) -> anyhow::Result<Tree<'_>> {
        let made = removed(&self.part).and_then(|()| fs::create_dir_all(self.pieces()));
        made.with_context(|| format!("cannot make {}", self.part.display()))?;
        Ok(Tree { place: self })
    }
}

impl Tree<'_> {
    /// Gives it its name. What was there under it goes.
    ///
    /// # Errors
    /// If something cannot be renamed.
    pub(super) fn finish(self) -> anyhow::Result<()> {
        let Place { ends, part, kind, .. } = self.place;
        let parts = match kind {
            Kind::Image(_) => vec![part.clone()],
            Kind::DeepZoom { .. } => vec![self.place.pieces(), self.place.description()],
        };
        let old: Vec<PathBuf> = ends.iter().map(|end| with(end, ".", ".old")).collect();
        // The last first: without it the others mean nothing.
        for (end, old) in ends.iter().zip(&old).rev() {
            let aside = removed(old).and_then(|()| match end.symlink_metadata() {
                Ok(_) => fs::rename(end, old),
                Err(_) => Ok(()),
            });
            aside.with_context(|| format!("cannot replace {}", end.display()))?;
        }
        for (part, end) in parts.iter().zip(ends) {
            fs::rename(part, end).with_context(|| format!("cannot name {}", end.display()))?;
        }
        old.iter().try_for_each(|old| removed(old)).context("cannot remove what was there before")
    }
}

impl Drop for Tree<'_> {
    fn drop(&mut self) {
        // Empty now, or not wanted. If it cannot be removed, the next run will say so.
        let _ = removed(&self.place.part);
    }
}

/// A path with something before and after its last name.
fn with(path: &Path, before: &str, after: &str) -> PathBuf {
    let mut name = OsString::from(before);
    name.push(path.file_name().unwrap_or_default());
    name.push(after);
    path.with_file_name(name)
}

/// Sees to it that nothing is there.
fn removed(path: &Path) -> io::Result<()> {
    let gone = match path.symlink_metadata() {
        Ok(is) if is.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    gone.or_else(|error| if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) })
}
