//! From a path to an open file beneath the directory of one source, and no other.
//! Finds and opens files; reads nothing.

use std::cell::Cell;
use std::fs::{self, File, Metadata};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use rustix::io::Errno;

use super::beneath::{Beneath, Links};
use super::store::Far;
use super::{Identity, Map, Object, Pages};
use crate::error::{Error, NO_IMAGE};

/// File name extensions that an identifier may leave out. Those of an earlier group go before the others: a TIFF is
/// made for serving, while a JPEG 2000 beside it may be the archived original, and a JPEG beside either is a preview.
pub const EXTENSIONS: [&[&str]; 3] = [
    &["tif", "tiff", "ptif", "TIF", "TIFF", "btf"],
    &["jp2", "jpx", "jpf", "jph", "j2k", "j2c", "jpc", "JP2", "JPX", "JPF", "JPH", "J2K", "J2C", "JPC"],
    &["jpg", "jpeg", "png", "gif", "bmp", "webp", "JPG", "JPEG", "PNG", "GIF", "BMP"],
];

/// The message for an identifier of several images.
pub(super) const AMBIGUOUS: &str = "several images have this name: add the file's extension";

/// Whether a file of this extension is one of the images of [`EXTENSIONS`], however it is spelled.
pub(crate) fn is_extension(text: &str) -> bool {
    EXTENSIONS.iter().copied().flatten().any(|known| known.eq_ignore_ascii_case(text))
}

/// The directory of a source, opened once.
pub(super) struct Root {
    beneath: Beneath,
    /// Whether this lookup has complained: it may try 32 names in a directory that is out of reach.
    has_complained: Cell<bool>,
}

/// A master that an identifier names.
#[derive(Debug)]
pub struct Found {
    /// Where its bytes are.
    pub opened: Opened,
    /// What distinguishes this state of it from any other.
    pub identity: Identity,
    /// The source in which it is, by its place in the configuration.
    pub source: usize,
    /// Its name: the prefix of its source, and its path below the directory, with its extension.
    pub path: String,
    /// The page in it, from 1.
    pub page: u32,
}

/// Where the bytes of a master are.
#[derive(Debug)]
pub enum Opened {
    /// In a file.
    File(File),
    /// In a store: here as far as they were fetched.
    Far(Far),
}

impl Found {
    /// The same once more, at another page of it.
    ///
    /// # Errors
    /// [`Error::Internal`] if the system has no descriptor for it.
    pub(crate) fn again(&self, page: u32) -> Result<Self, Error> {
        let opened = match &self.opened {
            Opened::File(file) => {
                Opened::File(file.try_clone().map_err(|error| Error::Internal(error.to_string()))?)
            }
            Opened::Far(far) => Opened::Far(far.clone()),
        };
        Ok(Self { opened, page, path: self.path.clone(), ..*self })
    }

    /// Its bytes, to be read under the contract of [`Object`].
    ///
    /// # Errors
    /// [`Error::Internal`] if it cannot be mapped.
    pub(crate) fn object(&self) -> Result<Rc<dyn Object>, Error> {
        self.object_with(&Pages::default())
    }

    /// Whether its bytes have to be fetched before they are read.
    pub(crate) fn is_far(&self) -> bool {
        matches!(self.opened, Opened::Far(_))
    }

    /// Its bytes, with these pages of them there from the start: for those that are far.
    ///
    /// # Errors
    /// As [`Found::object`].
    pub(crate) fn object_with(&self, pages: &Pages) -> Result<Rc<dyn Object>, Error> {
        let object: io::Result<Rc<dyn Object>> = match &self.opened {
            Opened::File(file) => Map::new(file).map(|map| Rc::new(map) as Rc<dyn Object>),
            Opened::Far(far) => far.object(pages).map(|blocks| Rc::new(blocks) as Rc<dyn Object>),
        };
        object.map_err(|error| Error::Internal(format!("cannot map a master: {error}")))
    }
}

impl Root {
    /// Opens a directory. Links may lead anywhere beneath it; out of it only when the operator says so.
    ///
    /// # Errors
    /// If it is no directory, or cannot be entered.
    pub(super) fn open(directory: &Path, follow_symlinks: bool) -> Result<Self, Errno> {
        Beneath::open(directory, links(follow_symlinks)).map(Self::of)
    }

    /// The same, of a directory that is open already: [`Beneath::inherit`].
    ///
    /// # Errors
    /// If it is no directory.
    pub(super) fn inherit(directory: &Path, follow_symlinks: bool) -> Result<Self, Errno> {
        Beneath::inherit(directory, links(follow_symlinks)).map(Self::of)
    }

    fn of(beneath: Beneath) -> Self {
        Self { beneath, has_complained: Cell::default() }
    }

    /// Where it is, without symbolic links.
    pub(super) fn path(&self) -> Option<PathBuf> {
        fs::read_link(format!("/proc/self/fd/{}", self.as_fd().as_raw_fd())).ok()
    }

    /// What `path`, relative to the root, names: a file as it stands, or with the one known extension that makes it a
    /// file; where there is none, a page of such a file after a semicolon, as in `book.tif;3`. A page of a file as it
    /// stands goes before a file that an extension would name.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none, it is hidden or no regular file, or several extensions would do;
    /// [`Error::Internal`] if the machine cannot open files at all.
    pub(super) fn find(&self, path: &str) -> Result<Found, Error> {
        if is_hidden(path) {
            return Err(Error::NotFound(NO_IMAGE));
        }
        self.has_complained.set(false);
        let Some((book, page)) = page_of(path) else { return self.find_file(path) };
        if let Some(found) = self.find_exactly(path)? {
            return Ok(found);
        }
        // Before the names with an extension added: most pages are asked for in this way.
        if let Some(found) = self.find_exactly(book)? {
            return Ok(Found { page, ..found });
        }
        match self.find_file(path) {
            Err(Error::NotFound(_)) => Ok(Found { page, ..self.find_file(book)? }),
            found => found,
        }
    }

    fn find_file(&self, path: &str) -> Result<Found, Error> {
        if let Some(found) = self.find_exactly(path)? {
            return Ok(found);
        }
        for group in EXTENSIONS {
            if let Some(file) = self.find_one(path, group)? {
                return Ok(file);
            }
        }
        Err(Error::NotFound(NO_IMAGE))
    }

    /// The only file that one of these extensions makes of `path`.
    fn find_one(&self, path: &str, extensions: &[&str]) -> Result<Option<Found>, Error> {
        let mut found = None;
        for extension in extensions {
            let another = self.find_exactly(&format!("{path}.{extension}"))?;
            if another.is_some() && found.is_some() {
                return Err(Error::NotFound(AMBIGUOUS));
            }
            found = found.or(another);
        }
        Ok(found)
    }

    fn find_exactly(&self, path: &str) -> Result<Option<Found>, Error> {
        let found = self.open_file(path)?;
        let found = found.map(|(file, identity)| (Opened::File(file), identity));
        Ok(found.map(|(opened, identity)| Found {
            opened,
            identity,
            source: 0,
            path: path.to_owned(),
            page: 1,
        }))
    }

    /// The regular file at `path` as it stands, open, if there is one.
    pub(super) fn open_file(&self, path: &str) -> Result<Option<(File, Identity)>, Error> {
        match self.beneath.file(path) {
            Ok(descriptor) => {
                let file = File::from(descriptor);
                let regular = file.metadata().ok().filter(Metadata::is_file);
                Ok(regular.map(|metadata| (file, Identity::of(&metadata))))
            }
            Err(errno @ (Errno::MFILE | Errno::NFILE | Errno::NOMEM | Errno::IO | Errno::STALE)) => {
                Err(Error::Internal(format!("cannot open a master: {errno}")))
            }
            // Missing, forbidden, a link that leaves the root: to a client, all of these do not exist.
            Err(errno) => {
                if matches!(errno, Errno::ACCESS | Errno::XDEV) && !self.has_complained.replace(true) {
                    log::warn!("a master is out of reach: {path:?}: {errno}");
                }
                Ok(None)
            }
        }
    }
}

impl AsFd for Root {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.beneath.directory()
    }
}

fn links(follow_symlinks: bool) -> Links {
    if follow_symlinks { Links::Anywhere } else { Links::Beneath }
}

/// The file and the page that a path on the command line names: as for identifiers, a file of exactly that name goes
/// first.
pub fn file_and_page(path: &Path) -> (&Path, u32) {
    let page = path.to_str().and_then(page_of).filter(|_| !path.is_file());
    page.map_or((path, 1), |(book, page)| (Path::new(book), page))
}

/// Whether a name in the path begins with a dot. Such files serve other programs: thumbnails of a file manager, partial
/// copies, settings.
pub(super) fn is_hidden(path: &str) -> bool {
    path.starts_with('.') || path.contains("/.")
}

/// The file and the page that `book.tif;3` names. Numbers have one spelling: no leading zero.
pub(crate) fn page_of(path: &str) -> Option<(&str, u32)> {
    let (book, number) = path.rsplit_once(';')?;
    let plain = number.bytes().all(|digit| digit.is_ascii_digit()) && !number.starts_with('0');
    Some((book, number.parse().ok().filter(|_| plain && !book.is_empty())?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::beneath::tests::both_ways;
    use std::os::unix::fs::symlink;

    #[test]
    fn a_page_is_named_after_a_semicolon_unless_a_file_is_named_so() {
        let directory = tempfile::tempdir().expect("a directory");
        for name in ["book.tif", "book.tif;2", "other;7.tif"] {
            std::fs::write(directory.path().join(name), name).expect("written");
        }
        let root = Root::open(directory.path(), false).expect("root");
        for (identifier, expected) in [
            ("book.tif", Some(("book.tif", 1))),
            ("book.tif;1", Some(("book.tif", 1))),
            ("book.tif;3", Some(("book.tif", 3))),
            ("book;12", Some(("book.tif", 12))),
            ("book.tif;2", Some(("book.tif;2", 1))),
            ("book.tif;2;5", Some(("book.tif;2", 5))),
            ("other;7", Some(("other;7.tif", 1))),
            ("book.tif;0", None),
            ("book.tif;03", None),
            ("book.tif;+3", None),
            ("book.tif;", None),
            ("book.tif;99999999999", None),
            (";3", None),
        ] {
            let found = root.find(identifier).ok().map(|found| (found.path, found.page));
            assert_eq!(found, expected.map(|(path, page)| (path.to_owned(), page)), "{identifier}");
        }
    }

    #[test]
    fn on_the_command_line_too_a_file_goes_before_a_page() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = |name: &str| directory.path().join(name);
        std::fs::write(path("book.tif;2"), "").expect("written");
        for (given, file, page) in [
            ("book.tif", "book.tif", 1),
            ("book.tif;2", "book.tif;2", 1),
            ("book.tif;2;5", "book.tif;2", 5),
            ("book.tif;3", "book.tif", 3),
            ("book.tif;0", "book.tif;0", 1),
            ("book.tif;", "book.tif;", 1),
        ] {
            assert_eq!(file_and_page(&path(given)), (path(file).as_path(), page), "{given}");
        }
    }

    #[test]
    fn names_that_begin_with_a_dot_are_hidden() {
        for (path, hidden) in [
            (".a", true),
            ("..a", true),
            ("a/.b", true),
            (".a/b", true),
            ("a/.b/c", true),
            ("a.b", false),
            ("a./b.", false),
            ("a;.1", false),
        ] {
            assert_eq!(is_hidden(path), hidden, "{path}");
        }
    }

    #[test]
    fn only_regular_files_beneath_the_root_are_found() {
        let directory = tempfile::tempdir().expect("a directory");
        let root = directory.path().join("root");
        std::fs::create_dir_all(root.join("below")).expect("made");
        for name in [
            "secret.tif",
            "root/a.tif",
            "root/a.jpg",
            "root/b.tif",
            "root/b.tiff",
            "root/below/c.tif",
            "root/d.JPG",
            "root/e.png",
            "root/e.gif",
            "root/a.jp2",
            "root/f.jp2",
            "root/f.jpg",
            "root/plain",
        ] {
            std::fs::write(directory.path().join(name), name).expect("written");
        }
        symlink("../secret.tif", root.join("out.tif")).expect("linked");
        symlink("below/c.tif", root.join("in.tif")).expect("linked");
        let mode = rustix::fs::Mode::RWXU;
        rustix::fs::mkfifoat(rustix::fs::CWD, root.join("fifo.tif"), mode).expect("made");
        let strict = both_ways(&root, Links::Beneath).map(Root::of);
        for (path, there) in [
            ("a.tif", true),
            ("a", true),
            ("a.jpg", true),
            ("b", false),
            ("d", true),
            ("e", false),
            ("f", true),
            ("b.tiff", true),
            ("below/c", true),
            ("below", false),
            ("in", true),
            ("out", false),
            ("fifo", false),
            ("plain", true),
            ("../secret.tif", false),
            ("/etc/passwd", false),
            ("a.tif/x", false),
        ] {
            let found = strict.each_ref().map(|root| root.find(path).is_ok());
            assert_eq!(found, [there; 2], "{path}");
        }
        assert!(Root::open(&root, true).expect("root").find("out").is_ok());
    }
}
