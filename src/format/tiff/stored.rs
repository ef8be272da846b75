//! A tile's bytes out of the file, as a file of their own.
//! Pure on the bytes of the file; what is copied here has not been checked yet.

use super::image::Image;
use super::jpeg;
use super::pixel::Alpha;
use super::values::{Compression, Photometric};
use crate::error::MasterError;
use crate::format::Stored;
use crate::ifd::File;
use crate::picture::{StoredAs, Tile};

impl Image {
    /// In which format a tile is a file that shows the pixels which decoding gives; nothing if there is none.
    pub fn stored_as(&self) -> Option<StoredAs> {
        let pixel = &self.pixel;
        let has_alpha = pixel.alpha == Some(Alpha::Unassociated);
        let colours = pixel.photometric.colour_samples();
        let plain = self.tiled
            && !self.planar
            && self.mask.is_none()
            && pixel.bits == 8
            && pixel.samples == colours + u16::from(has_alpha);
        match (self.compression, pixel.photometric) {
            (Compression::Jpeg, Photometric::YCbCr | Photometric::Rgb | Photometric::BlackIsZero)
                if plain && !has_alpha =>
            {
                Some(StoredAs::Jpeg)
            }
            (Compression::WebP, Photometric::Rgb) if plain => Some(StoredAs::WebP),
            _ => None,
        }
    }

    /// A tile, if it is there. Its bytes were announced.
    ///
    /// # Errors
    /// [`MasterError::Damaged`] if its bytes are not in the file.
    pub fn stored(&self, file: &File, tile: Tile) -> Result<Option<Stored>, MasterError> {
        let index = u64::from(tile.row) * u64::from(self.grid().width) + u64::from(tile.column);
        let Some((offset, length)) = self.piece_range(file, index)? else { return Ok(None) };
        let bytes = file.slice(offset, length)?;
        match self.stored_as() {
            Some(StoredAs::Jpeg) => {
                let tables =
                    self.jpeg_tables.map_or(Ok(&[][..]), |(offset, length)| file.read(offset, length))?;
                let mut stream = Vec::with_capacity(bytes.len() + tables.len() + 20);
                jpeg::assemble(tables, bytes, self.pixel.photometric, &mut stream)?;
                Ok(Some(Stored::Jpeg(stream)))
            }
            Some(StoredAs::WebP) => Ok(Some(Stored::WebP(bytes.to_vec()))),
            None => Ok(None),
        }
    }
}
