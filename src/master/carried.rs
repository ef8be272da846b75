//! What of a master can go into another file as it is stored, and all that it says besides its pixels: for a converter,
//! not for the path of a request.

use super::{Kind, Master};
use crate::error::MasterError;
use crate::format::tiff::{Carried, Hindrance};
use crate::ifd;
use crate::metadata::{Kept, Seal};

impl Master {
    /// Gives back the memory of what was read of its file: for who goes through all of it once.
    pub fn release(&self) {
        self.object.release();
    }

    /// All that it says besides its pixels, to be written beside the same pixels again. What cannot be read of it is left
    /// out.
    ///
    /// # Errors
    /// [`MasterError::Damaged`] if the file shrinks meanwhile.
    pub fn kept(&self) -> Result<Kept, MasterError> {
        let kept = match &self.kind {
            Kind::Tiff(pyramid) => pyramid.kept(self.bytes()),
            Kind::Jp2(image) => image.kept(self.bytes()),
            Kind::Flat(picture) => picture.kept(self.object.bytes()),
        };
        self.object.check().map(|()| kept)
    }

    /// What the converter has left in it, if it was made by that.
    ///
    /// # Errors
    /// [`MasterError::Damaged`] if the file shrinks meanwhile.
    pub fn seal(&self) -> Result<Option<Seal>, MasterError> {
        let kept = self.kept()?;
        let software = kept.main.iter().find(|field| field.tag() == ifd::tag::SOFTWARE);
        Ok(software.and_then(|field| Seal::read(field.as_text()?)))
    }

    /// How the tiles of a level can be carried over as they are stored.
    ///
    /// # Errors
    /// Why they cannot.
    pub fn carried(&self, level: usize) -> Result<Carried, Hindrance> {
        let Kind::Tiff(pyramid) = &self.kind else { return Err(Hindrance::NoTiles) };
        let image = pyramid.levels.get(level).ok_or(Hindrance::NoTiles)?;
        let (file, _) = ifd::File::open(self.bytes())?;
        let carried = image.carried(&file);
        self.object.check()?;
        carried
    }

    /// The bytes of a tile of such a level, by its place in reading order.
    ///
    /// # Errors
    /// [`MasterError::Damaged`] if its bytes are not in the file.
    pub fn carried_tile(&self, level: usize, index: u64) -> Result<Vec<u8>, MasterError> {
        let Kind::Tiff(pyramid) = &self.kind else { return Err(MasterError::damaged("no tiles")) };
        let image = pyramid.levels.get(level).ok_or_else(|| MasterError::damaged("no such level"))?;
        let (file, _) = ifd::File::open(self.bytes())?;
        let tile = image.carried_tile(&file, index);
        self.object.check()?;
        tile
    }
}
