//! What decoding is going to read of a master far away, fetched before it begins.

use std::path::Path;
use std::rc::Rc;

use super::open::named;
use super::{Kind, Master, Opening};
use crate::error::{Error, MasterError};
use crate::format::tiff;
use crate::ifd;
use crate::picture::Rect;
use crate::source::{Counted, Found, Object, Reads};

/// Of windows of more pixels only the parts are fetched at once that are decoded at once: more is not to wait for in one
/// piece, nor to be fetched for a client that may leave.
const MOST_PIXELS: u64 = 1 << 24;

/// What it takes to read a master that lies in a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FarReads {
    /// To find and open it for the first time.
    pub opening: Reads,
    /// To decode a window then, or to send a tile of it: of what was fetched to open it, some may be of use.
    pub next: Reads,
    /// To do so when it is known, whoever knew it.
    pub known: Reads,
}

impl Master {
    /// What the master in a file named on the command line would take if it lay in a store, for a window of a level.
    ///
    /// # Errors
    /// As [`Master::open_page`].
    pub fn far_reads(path: &Path, page: u32, level: usize, window: Rect) -> Result<FarReads, Error> {
        let found = named(path, page)?;
        Self::far_reads_of(found.object()?, &found, |master| {
            master.icc_profile(level)?;
            master.fetch_all(level, window)
        })
    }

    /// The same of an object that was found, and of what `read` reads of it.
    ///
    /// # Errors
    /// As [`Master::of`], and those of `read`.
    pub(crate) fn far_reads_of(
        object: Rc<dyn Object>,
        found: &Found,
        read: impl Fn(&Self) -> Result<(), MasterError>,
    ) -> Result<FarReads, Error> {
        let counted = || Rc::new(Counted::new(Rc::clone(&object)));
        let (first, again) = (counted(), counted());
        let opened = Rc::new(Opening::new(Rc::clone(&first) as Rc<dyn Object>));
        let master = Self::of_far(Rc::clone(&opened), found.again(found.page)?, None)?;
        let opening = first.so_far();
        read(&master)?;
        let known = Rc::new(opened.known(Rc::clone(&again) as Rc<dyn Object>));
        let master = Self::of_far(known, found.again(found.page)?, None)?;
        let before = again.so_far();
        read(&master)?;
        Ok(FarReads { opening, next: first.so_far().since(opening), known: again.so_far().since(before) })
    }

    /// Fetches all that decoding a window reads if nothing is known of the master but its headers.
    ///
    /// # Errors
    /// As [`Master::fetch`].
    pub(crate) fn fetch_all(&self, level: usize, window: Rect) -> Result<(), MasterError> {
        match (&self.kind, self.is_reduced(level)) {
            // An index of it is made by reading all of it.
            (Kind::Flat(_), _) => self.object.announce(&[0..self.identity.size]),
            (_, true) => self.bands().try_for_each(|band| self.fetch(0, band)),
            (_, false) => self.fetch(level, window),
        }
    }

    /// Fetches what decoding a window of a level reads, however many parts it is decoded in, together; nothing if all bytes
    /// are there from the start, and nothing of flat files, which are read whole or by an index.
    ///
    /// # Errors
    /// [`MasterError`] if the file does not say where that is, or it cannot be fetched.
    pub fn fetch(&self, level: usize, window: Rect) -> Result<(), MasterError> {
        if self.opening.is_none() || self.is_reduced(level) {
            return Ok(());
        }
        let whole = Rect::whole(self.description.levels[level].dimensions);
        let window = window.intersection(whole).filter(|window| window.dimensions().area() <= MOST_PIXELS);
        let Some(window) = window else { return Ok(()) };
        match &self.kind {
            Kind::Tiff(pyramid) => {
                let (file, _) = ifd::File::open(self.bytes())?;
                file.announce(&tiff::ranges(&file, &pyramid.levels[level], window)?)?;
            }
            Kind::Jp2(image) => image.announce(self.bytes(), level, window)?,
            Kind::Flat(_) => {}
        }
        self.object.check()
    }
}
