//! All sources of masters, each by the prefix of its identifiers. Finds and opens files; reads nothing.

use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::prefixes::Prefixes;
use super::root::{Found, Root};
use super::{Masters, Sidecar};
use crate::error::{Busy, Error, NO_IMAGE};

/// How long clients are told to wait for a file system.
const WAIT: Duration = Duration::from_secs(5);

/// The directories of all sources, opened once.
pub struct Sources {
    prefixes: Prefixes,
    /// None of those whose file system has not answered yet.
    roots: Vec<Option<Root>>,
}

impl Sources {
    /// Opens all directories that the configuration names.
    ///
    /// # Errors
    /// [`Error::Internal`] if one is no directory, or cannot be entered.
    pub fn open(masters: &Masters) -> Result<Self, Error> {
        let roots = masters.sources.iter().map(|source| {
            let root = Root::open(&source.directory, masters.follow_symlinks);
            root.map(Some).map_err(|errno| cannot_open(&source.directory, errno))
        });
        Ok(Self { prefixes: Prefixes::of(masters), roots: roots.collect::<Result<_, _>>()? })
    }

    /// The sources whose directories somebody else has opened: each by the path of its descriptor in `/proc`, or None.
    /// No file system is asked for anything.
    ///
    /// # Errors
    /// [`Error::Internal`] if these are no directories, or not as many as there are sources.
    pub(crate) fn inherited(masters: &Masters, directories: &[Option<PathBuf>]) -> Result<Self, Error> {
        if directories.len() != masters.sources.len() {
            return Err(Error::Internal("not all sources of masters were handed over".to_owned()));
        }
        let roots = directories.iter().map(|path| {
            let root = path.as_ref().map(|path| Root::inherit(path, masters.follow_symlinks));
            root.transpose().map_err(|errno| cannot_open(Path::new("that was handed over"), errno))
        });
        Ok(Self { prefixes: Prefixes::of(masters), roots: roots.collect::<Result<_, _>>()? })
    }

    /// The directories themselves, open.
    pub fn directories(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.roots.iter().flatten().map(AsFd::as_fd)
    }

    /// Where each of them is, without symbolic links, as the kernel knows it without asking its file system.
    pub(super) fn paths(&self) -> impl Iterator<Item = Option<PathBuf>> {
        self.roots.iter().map(|root| root.as_ref().and_then(Root::path))
    }

    pub(super) fn prefixes(&self) -> &Prefixes {
        &self.prefixes
    }

    /// The file, and the page in it, that an identifier names: by the rules of its source, [`Root::find`].
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none, it is hidden or no regular file, or several extensions would do;
    /// [`Error::Busy`] while the file system of the source has not answered; [`Error::Internal`] if the machine cannot
    /// open files at all.
    pub fn find(&self, identifier: &str) -> Result<Found, Error> {
        let (source, path) = self.prefixes.split(identifier).ok_or(Error::NotFound(NO_IMAGE))?;
        let root = self.roots[source].as_ref().ok_or_else(no_answer)?;
        let found = root.find(path)?;
        Ok(Found { source, path: self.prefixes.join(source, found.path), ..found })
    }

    /// The file beside the master that was found in a source under `path`, prefix and all, if there is one. All pages of
    /// a master share it.
    pub fn sidecar(&self, source: usize, path: &str) -> Option<Sidecar> {
        let path = self.prefixes.path(source, path)?;
        self.roots.get(source)?.as_ref()?.sidecar(path)
    }
}

/// What to tell a client whose master lies on a file system that does not answer.
pub(crate) fn no_answer() -> Error {
    Error::Busy { why: Busy::Mount, wait: WAIT }
}

fn cannot_open(directory: &Path, error: impl std::fmt::Display) -> Error {
    Error::Internal(format!("cannot open the directory of masters {}: {error}", directory.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceSettings;
    use std::fs;
    use std::os::unix::fs::symlink;

    fn source(prefix: &str, directory: PathBuf) -> SourceSettings {
        SourceSettings { prefix: prefix.to_owned(), directory }
    }

    /// Directories `all` and `maps`, each with `a.tif`, which says where it is; more in `maps`.
    fn masters(directory: &Path, prefix: &str, follow_symlinks: bool) -> Masters {
        for name in
            ["all/a.tif", "all/maps.tif", "maps/a.tif", "maps/b.tif", "maps/b.tif.json", "maps/.c.tif"]
        {
            let path = directory.join(name);
            fs::create_dir_all(path.parent().expect("a directory")).expect("made");
            fs::write(path, name).expect("written");
        }
        let _ = symlink("../all/a.tif", directory.join("maps/out.tif"));
        let sources = vec![source(prefix, directory.join("maps")), source("", directory.join("all"))];
        Masters { sources, follow_symlinks }
    }

    #[test]
    fn each_source_has_the_rules_of_one_and_masters_are_named_with_their_prefix() {
        let directory = tempfile::tempdir().expect("a directory");
        let masters = masters(directory.path(), "maps/", false);
        let opened = |path: &Path| Some(path.to_owned());
        let directories: Vec<_> = masters.sources.iter().map(|source| opened(&source.directory)).collect();
        let inherited = Sources::inherited(&masters, &directories).expect("directories");
        for sources in [Sources::open(&masters).expect("directories"), inherited] {
            for (identifier, expected) in [
                ("a", Some((1, "a.tif"))),
                ("maps/a", Some((0, "maps/a.tif"))),
                ("maps/b.tif;1", Some((0, "maps/b.tif"))),
                ("b", None),
                ("maps", Some((1, "maps.tif"))),
                ("maps/maps", None),
                ("maps/.c.tif", None),
                ("maps/out", None),
                ("maps//a.tif", None),
                ("maps/../all/a.tif", None),
            ] {
                let found = sources.find(identifier).ok().map(|found| (found.source, found.path));
                assert_eq!(found, expected.map(|(at, path)| (at, path.to_owned())), "{identifier}");
            }
            assert!(sources.sidecar(0, "maps/b.tif").is_some());
            assert!(sources.sidecar(0, "b.tif").is_none() && sources.sidecar(1, "maps/b.tif").is_none());
        }
        let following = Masters { follow_symlinks: true, ..masters };
        assert!(Sources::open(&following).expect("directories").find("maps/out").is_ok());
    }

    #[test]
    fn no_prefix_makes_an_absolute_path_of_what_follows_it() {
        let directory = tempfile::tempdir().expect("a directory");
        let sources = Sources::open(&masters(directory.path(), "maps", true)).expect("directories");
        let outside = directory.path().join("all/a.tif");
        assert!(sources.find(&format!("maps{}", outside.display())).is_err());
        assert_eq!(sources.find("mapsa").expect("text before the path").path, "mapsa.tif");
    }

    #[test]
    fn a_source_that_has_not_answered_costs_its_own_masters_only() {
        let directory = tempfile::tempdir().expect("a directory");
        let masters = masters(directory.path(), "maps/", false);
        let opened = [None, Some(directory.path().join("all"))];
        let sources = Sources::inherited(&masters, &opened).expect("a directory");
        assert!(matches!(sources.find("maps/a"), Err(Error::Busy { .. })) && sources.find("a").is_ok());
        assert!(Sources::inherited(&masters, &opened[..1]).is_err());
    }
}
