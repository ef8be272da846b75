//! All sources of masters, each by the prefix of its identifiers. Finds and opens masters; reads nothing.

use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::prefixes::Prefixes;
use super::root::{Found, Root};
use super::store::{Patience, Stores};
use super::{Masters, Place, Sidecar};
use crate::blocks::{Entrance, Spent};
use crate::error::{Busy, Error, NO_IMAGE};

/// How long clients are told to wait for a file system.
const WAIT: Duration = Duration::from_secs(5);

/// All sources, the directories among them opened once.
pub struct Sources {
    prefixes: Prefixes,
    places: Vec<Open>,
    stores: Stores,
}

/// Where the masters of a source are.
enum Open {
    Directory(Root),
    /// A directory whose file system has not answered yet.
    Silent,
    Store,
}

impl Sources {
    /// Opens all directories that the configuration names.
    ///
    /// # Errors
    /// [`Error::Internal`] if one is no directory, or cannot be entered.
    pub fn open(masters: &Masters) -> Result<Self, Error> {
        let places = masters.sources.iter().map(|source| match &source.place {
            Place::Store(_) => Ok(Open::Store),
            Place::Directory(directory) => {
                let root = Root::open(directory, masters.follow_symlinks);
                root.map(Open::Directory).map_err(|errno| cannot_open(directory, errno))
            }
        });
        Ok(Self::of(masters, places.collect::<Result<_, _>>()?))
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
        let places =
            masters.sources.iter().zip(directories).map(|(source, path)| match (&source.place, path) {
                (Place::Store(_), _) => Ok(Open::Store),
                (Place::Directory(_), None) => Ok(Open::Silent),
                (Place::Directory(_), Some(path)) => {
                    let root = Root::inherit(path, masters.follow_symlinks);
                    root.map(Open::Directory)
                        .map_err(|errno| cannot_open(Path::new("that was handed over"), errno))
                }
            });
        Ok(Self::of(masters, places.collect::<Result<_, _>>()?))
    }

    fn of(masters: &Masters, places: Vec<Open>) -> Self {
        Self { prefixes: Prefixes::of(masters), places, stores: Stores::of(masters) }
    }

    /// The same, which ask there for what is in stores, and rely for so long upon there being nothing beside a master.
    /// Without, all that is there is busy.
    #[must_use]
    pub fn asking(mut self, counter: Entrance, fresh: Duration) -> Self {
        self.stores.ask_at(counter, fresh);
        self
    }

    /// How long is waited from now on for what is in stores: to be told before each request, if it is not always the same.
    /// Not at all, as long as nothing was said.
    pub fn wait(&self, patience: Patience) {
        self.stores.wait(patience);
    }

    /// Whether this source, by its place in the configuration, is a store.
    pub fn is_far(&self, source: usize) -> bool {
        matches!(self.places.get(source), Some(Open::Store))
    }

    /// What was asked of stores since this was last asked.
    pub fn take_spent(&self) -> Spent {
        self.stores.take_spent()
    }

    /// The directories themselves, open.
    pub fn directories(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.roots().flatten().map(AsFd::as_fd)
    }

    /// Where each of them is, without symbolic links, as the kernel knows it without asking its file system.
    pub(super) fn paths(&self) -> impl Iterator<Item = Option<PathBuf>> {
        self.roots().map(|root| root.and_then(Root::path))
    }

    /// The directory of each source, if it is one, and open.
    fn roots(&self) -> impl Iterator<Item = Option<&Root>> {
        self.places.iter().map(|place| match place {
            Open::Directory(root) => Some(root),
            Open::Silent | Open::Store => None,
        })
    }

    pub(super) fn prefixes(&self) -> &Prefixes {
        &self.prefixes
    }

    /// The master, and the page in it, that an identifier names: by the rules of its source, [`Root::find`].
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none, it is hidden or no regular file, or several extensions would do;
    /// [`Error::Busy`] while the file system of the source has not answered, or its store does not; [`Error::Away`] if it
    /// has to be asked for first, and nobody waits; [`Error::Internal`] if the machine cannot open files at all.
    pub fn find(&self, identifier: &str) -> Result<Found, Error> {
        let (source, path) = self.prefixes.split(identifier).ok_or(Error::NotFound(NO_IMAGE))?;
        let found = match &self.places[source] {
            Open::Directory(root) => root.find(path)?,
            Open::Silent => return Err(no_answer()),
            Open::Store => self.stores.find(source, path)?,
        };
        Ok(Found { source, path: self.prefixes.join(source, found.path), ..found })
    }

    /// The file beside the master that was found in a source under `path`, prefix and all, if there is one. All pages of
    /// a master share it.
    ///
    /// # Errors
    /// Of stores only: as [`Sources::find`].
    pub fn sidecar(&self, source: usize, path: &str) -> Result<Option<Sidecar>, Error> {
        let Some(path) = self.prefixes.path(source, path) else { return Ok(None) };
        match self.places.get(source) {
            Some(Open::Directory(root)) => Ok(root.sidecar(path)),
            Some(Open::Store) => self.stores.sidecar(source, path),
            Some(Open::Silent) | None => Ok(None),
        }
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
    use crate::source::{Place, SourceSettings};
    use std::fs;
    use std::os::unix::fs::symlink;

    fn source(prefix: &str, directory: PathBuf) -> SourceSettings {
        SourceSettings { prefix: prefix.to_owned(), place: Place::Directory(directory) }
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
        let opened = |source: &SourceSettings| source.directory().map(Path::to_owned);
        let directories: Vec<_> = masters.sources.iter().map(opened).collect();
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
            let beside = |source, path| sources.sidecar(source, path).expect("no store").is_some();
            assert!(beside(0, "maps/b.tif") && !beside(0, "b.tif") && !beside(1, "maps/b.tif"));
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
