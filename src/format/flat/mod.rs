//! Flat masters: files of one picture and no tiles. JPEG, which has smaller levels and windows all the same, and the
//! formats of [`image`], which are decoded whole. Pure on the bytes of a file; the first bytes of a file determine its
//! format, never its name.

pub use super::budget::MAX_AREA;
pub(crate) use super::image::Rows;

use super::budget::check_budget;
use super::image;
use super::jpeg::{self, Index};
use crate::error::MasterError;
use crate::metadata::{Blocks, Kept, Metadata};
use crate::picture::{Depth, Description, Rect};
use crate::raster::{AnyRaster, Raster};
use crate::source::Bytes;
use crate::watch::Watch;

/// So many bytes hold the markers before the first scan of most JPEGs.
const FIRST: u64 = 64 << 10;

/// A flat file whose header was read.
pub struct Picture {
    /// What planning and info.json need to know.
    pub description: Description,
    form: Form,
    /// The profile that EXIF stands for where there is no other.
    implied: Option<Vec<u8>>,
    /// Whether it can be read by [`Rows`], from the top.
    pub(crate) has_rows: bool,
}

enum Form {
    Jpeg(jpeg::Header),
    Image(image::Form),
}

impl Picture {
    /// Whether `bytes` begin as a file of these formats does.
    pub fn recognises(bytes: &[u8]) -> bool {
        jpeg::recognises(bytes) || image::Form::of(bytes).is_some()
    }

    /// Announces what readers of headers and of metadata read of a file: of a JPEG the markers before its first scan, of
    /// others all, since their readers do not say what they read. Gives all bytes.
    ///
    /// # Errors
    /// As [`Bytes::announce`].
    pub fn announce_head(bytes: Bytes<'_>) -> Result<&[u8], MasterError> {
        let mut length = FIRST.min(bytes.length());
        while !bytes.is_complete() && length < bytes.length() {
            bytes.announce_one(0..length)?;
            let head = bytes.slice(0..length).unwrap_or_default();
            match jpeg::recognises(head) {
                true if jpeg::Header::is_whole_in(head) => return Ok(bytes.everything()),
                true => length = (4 * length).min(bytes.length()),
                false => break,
            }
        }
        bytes.all()
    }

    /// Reads the header; no pixels.
    ///
    /// # Errors
    /// [`MasterError`] if the header is damaged, of a kind that Recto does not read, or declares a picture that is too
    /// large at every level.
    pub fn read(bytes: &[u8]) -> Result<Self, MasterError> {
        if jpeg::recognises(bytes) {
            let header = jpeg::Header::read(bytes)?;
            let description = jpeg::describe(&header, bytes.len())?;
            if jpeg::app::has_broken_profile(bytes) {
                log::warn!("an ICC profile is ignored: its parts are not numbered as they should be");
            }
            let implied = image::profile_of_exif(jpeg::app::exif(bytes), description.channels);
            return Ok(Self { description, form: Form::Jpeg(header), implied, has_rows: false });
        }
        let form = image::Form::of(bytes).ok_or_else(|| MasterError::unsupported("no known format"))?;
        let (description, implied) = form.read(bytes)?;
        Ok(Self { description, form: Form::Image(form), implied, has_rows: form.has_rows(bytes) })
    }

    /// Whether a request may have rows of it: reading them takes as long as there are pixels above them. What is decoded as
    /// a whole was checked as its header was read.
    ///
    /// # Errors
    /// [`MasterError::TooLarge`] if not.
    pub(crate) fn check_size(&self) -> Result<(), MasterError> {
        match self.has_rows {
            true => check_budget(self.description.levels[0].dimensions, 0),
            false => Ok(()),
        }
    }

    /// The ICC profile of its pixels, embedded or made from other fields.
    pub fn icc_profile(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let embedded = match &self.form {
            Form::Jpeg(_) => jpeg::app::icc_profile(bytes),
            Form::Image(form) => form.icc_profile(bytes),
        };
        embedded.or_else(|| self.implied.clone())
    }

    /// The EXIF and XMP of the file.
    pub fn metadata(&self, bytes: &[u8]) -> Metadata {
        self.blocks(bytes).metadata()
    }

    /// All that the file says besides its pixels.
    pub fn kept(&self, bytes: &[u8]) -> Kept {
        self.blocks(bytes).kept()
    }

    fn blocks<'a>(&self, bytes: &'a [u8]) -> Blocks<'a> {
        match &self.form {
            Form::Jpeg(_) => jpeg::app::blocks(bytes),
            Form::Image(form) => form.blocks(bytes),
        }
    }

    /// All pixels of a level, in this depth or that of the file, whichever is less.
    ///
    /// # Errors
    /// [`MasterError`] if the file is damaged anywhere, or too large, or `watch` ends the work.
    pub fn decode(
        &self,
        bytes: &[u8],
        level: usize,
        depth: Depth,
        watch: &Watch,
    ) -> Result<AnyRaster, MasterError> {
        let raster = match &self.form {
            Form::Jpeg(header) if header.bits > 8 => jpeg::decode_deep(bytes, header, level, depth, watch)?,
            Form::Jpeg(header) => AnyRaster::Eight(jpeg::decode(bytes, header, level, watch)?),
            Form::Image(form) => form.decode(bytes, depth, watch)?,
        };
        let expected = self.description.levels.get(level).map(|level| level.dimensions);
        match expected == Some(raster.dimensions()) && raster.channels() == self.description.channels {
            true => Ok(raster),
            false => Err(MasterError::damaged("the pixels are not those that the header tells of")),
        }
    }

    /// Bytes that [`Picture::decode`] takes for a level of a file of `length` bytes.
    pub(crate) fn held_bytes(&self, level: usize, length: u64) -> u64 {
        let dimensions = self.description.levels[level].dimensions;
        match &self.form {
            Form::Jpeg(header) => jpeg::cost(header, dimensions, length),
            Form::Image(form) => form.held_bytes(dimensions.area(), self.description.pixel_bytes()),
        }
    }

    /// Whether windows of a level can be decoded by themselves, given an [`Index`], which can be built unless the data
    /// are unusual.
    pub fn has_windows(&self, level: usize) -> bool {
        matches!(&self.form, Form::Jpeg(header) if jpeg::has_windows(header, level))
    }

    /// The bytes that [`Picture::decode_window`] touches: from where, and how many.
    pub fn range(&self, index: &Index, level: usize, window: Rect) -> (u64, u64) {
        jpeg::range(index, level, window)
    }

    /// The pixels of a window, which must be inside its level: the same that [`Picture::decode`] gives there.
    ///
    /// # Errors
    /// [`MasterError`] if the index is not of these bytes, or they are damaged: ask for the whole level; or if `watch`
    /// ends the work.
    pub fn decode_window(
        &self,
        bytes: &[u8],
        index: &Index,
        level: usize,
        window: Rect,
        watch: &Watch,
    ) -> Result<Raster, MasterError> {
        match &self.form {
            Form::Jpeg(header) => jpeg::decode_window(bytes, header, index, level, window, watch),
            Form::Image(_) => Err(MasterError::unsupported("an index of what is no JPEG")),
        }
    }
}
