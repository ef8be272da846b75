//! From a file to a master.

use std::cell::OnceCell;
use std::fs::File;
use std::path::Path;
use std::rc::Rc;

use super::{IndexStore, Kind, Master, Opening, reduced};
use crate::error::{Error, MasterError};
use crate::source::{Bytes, Found, Identity, Object, Opened};

impl Master {
    /// The master in a file named on the command line.
    ///
    /// # Errors
    /// [`Error::Internal`] if the file cannot be opened; [`Error::Master`] if it cannot be read.
    pub fn open(path: &Path) -> Result<Self, Error> {
        Self::open_page(path, 1)
    }

    /// A page, from 1, of the master in a file named on the command line.
    ///
    /// # Errors
    /// As [`Master::open`]; [`Error::NotFound`] if it has no such page.
    pub fn open_page(path: &Path, page: u32) -> Result<Self, Error> {
        Self::read(named(path, page)?, None)
    }

    /// The same for whoever has time: of what is read row by row any size, which no request could wait for.
    ///
    /// # Errors
    /// As [`Master::open_page`].
    pub(crate) fn open_any_size(path: &Path, page: u32) -> Result<Self, Error> {
        let found = named(path, page)?;
        Self::of_any_size(object(&found)?, found, None)
    }

    /// The master in a file that was found. Reads its directories, no pixels, and its index if `store` has one.
    pub(super) fn read(found: Found, store: Option<Rc<IndexStore>>) -> Result<Self, Error> {
        if found.is_far() && found.identity.size > 0 {
            return Self::of_far(Rc::new(Opening::of_found(&found, store.as_ref())?), found, store);
        }
        Self::of(object(&found)?, found, store)
    }

    /// The same of one whose bytes are far away.
    ///
    /// # Errors
    /// As [`Master::of`].
    pub(crate) fn of_far(
        opening: Rc<Opening>,
        found: Found,
        store: Option<Rc<IndexStore>>,
    ) -> Result<Self, Error> {
        let object = Rc::clone(&opening) as Rc<dyn Object>;
        let master = opening.heads(|| Self::of(object, found, store))?;
        Ok(Self { opening: Some(opening), ..master })
    }

    /// The master whose bytes `object` has, which is that of the file that was found.
    ///
    /// # Errors
    /// [`Error::Master`] if it cannot be read; [`Error::NotFound`] if it has no such page.
    pub(crate) fn of(
        object: Rc<dyn Object>,
        found: Found,
        store: Option<Rc<IndexStore>>,
    ) -> Result<Self, Error> {
        let master = Self::of_any_size(object, found, store)?;
        if let Kind::Flat(picture) = &master.kind {
            picture.check_size()?;
        }
        Ok(master)
    }

    fn of_any_size(
        object: Rc<dyn Object>,
        found: Found,
        store: Option<Rc<IndexStore>>,
    ) -> Result<Self, Error> {
        let Found { identity, source, path, page, .. } = found;
        let kind = Kind::read(Bytes::of(&*object), page);
        // Missing bytes explain any other error.
        object.check()?;
        let mut kind = kind?.ok_or(Error::NotFound("this image has no such page"))?;
        if let Some(store) = &store {
            kind.restore_index(store, &identity);
        }
        let mut description = kind.description();
        description.levels.extend(reduced::level(&description));
        Ok(Self {
            identity,
            srgb: vec![OnceCell::new(); description.levels.len()],
            description,
            page,
            source,
            path,
            object,
            opening: None,
            kind,
            store,
            pages: OnceCell::new(),
        })
    }
}

/// A page of a file named on the command line.
pub(super) fn named(path: &Path, page: u32) -> Result<Found, Error> {
    let opened = File::open(path).and_then(|file| Ok((Identity::of(&file.metadata()?), file)));
    let (identity, file) = opened.map_err(|error| Error::Internal(format!("{}: {error}", path.display())))?;
    if path.is_dir() {
        return Err(Error::Internal(format!("{} is a directory", path.display())));
    }
    Ok(Found { opened: Opened::File(file), identity, source: 0, path: String::new(), page })
}

/// The bytes of a file that was found. An empty one has none that could be mapped.
fn object(found: &Found) -> Result<Rc<dyn Object>, Error> {
    match found.identity.size {
        0 => Err(MasterError::NoImage.into()),
        _ => found.object(),
    }
}
