//! Masters: image files that are open and whose headers are read; they give their description and windows of pixels.
//! What is read of them is announced first, by the contract of their source ([`Object`]).

mod carried;
#[cfg(test)]
mod contract;
mod decoder;
mod facts;
mod far;
mod flat_window;
mod held;
mod index_store;
mod open;
mod open_masters;
mod opening;
mod reader;
mod reduced;
mod room;
mod settings;

use std::cell::OnceCell;
use std::rc::Rc;

pub(crate) use decoder::PICTURE_BYTES;
use decoder::PictureKey;
pub use decoder::{Decoder, Known};
pub use facts::{Facts, StoredLevel};
pub use far::FarReads;
pub use index_store::IndexStore;
pub use open_masters::OpenMasters;
pub(crate) use opening::Opening;
pub use reader::Reader;
pub use settings::{Bounds, StateSettings};

use crate::account;
use crate::error::MasterError;
use crate::format::tiff;
use crate::format::{Stored, flat, jp2};
use crate::ifd;
use crate::metadata::{Metadata, Xmp};
use crate::picture::{Codec, Description, PhysicalScale, Rect, Tile};
use crate::raster::{Converter, Raster, Sample};
use crate::source::{Bytes, Identity, Object};

/// The kind of a codestream's index in the store.
const JP2: &str = "jp2";

/// So many bytes at its beginning show the kind of a file.
const MAGIC_BYTES: u64 = 32;

/// An image file, open, with its headers read.
pub struct Master {
    /// What distinguishes this state of the file from any other.
    pub identity: Identity,
    /// What planning and info.json need to know.
    pub description: Description,
    /// Which page of its file it is, from 1.
    pub page: u32,
    /// The source in which its file is, by its place in the configuration.
    pub source: usize,
    /// The name of its file: the prefix of its source, and its path below the directory; empty for one from the command line.
    pub path: String,
    object: Rc<dyn Object>,
    /// The same, if its bytes are far away.
    opening: Option<Rc<Opening>>,
    kind: Kind,
    /// Where its index is saved, if anywhere.
    store: Option<Rc<IndexStore>>,
    /// Counted on first use.
    pages: OnceCell<u32>,
    /// Whether each level is sRGB, found out on first use.
    srgb: Vec<OnceCell<bool>>,
}

/// What a file turned out to be, by its first bytes.
enum Kind {
    Tiff(tiff::Pyramid),
    Jp2(Box<jp2::Image>),
    Flat(flat::Picture),
}

impl Master {
    /// What kind of file it is.
    pub fn kind(&self) -> account::Kind {
        match &self.kind {
            Kind::Tiff(_) => account::Kind::Tiff,
            Kind::Jp2(_) => account::Kind::Jp2,
            Kind::Flat(_) => match self.description.levels[0].coding.codec {
                Codec::Png => account::Kind::Png,
                Codec::Gif => account::Kind::Gif,
                Codec::WebP | Codec::WebPFile => account::Kind::Webp,
                Codec::Plain => account::Kind::Bmp,
                _ => account::Kind::Jpeg,
            },
        }
    }

    /// Whether all packet headers of a codestream had to be read to find one of them, as far as that is known.
    pub fn was_walked(&self) -> bool {
        matches!(&self.kind, Kind::Jp2(image) if image.was_walked())
    }

    /// Whether all bytes read so far were there.
    fn is_whole(&self) -> bool {
        self.object.check().is_ok()
    }

    /// What `read` says, which reads headers and no pixels.
    fn heads<T>(&self, read: impl FnOnce() -> T) -> T {
        match &self.opening {
            Some(opening) => opening.heads(read),
            None => read(),
        }
    }

    fn bytes(&self) -> Bytes<'_> {
        Bytes::of(&*self.object)
    }

    /// About how much memory it takes, not counting pages of its file, which the kernel can reclaim at any time.
    fn index_bytes(&self) -> usize {
        let kind = match &self.kind {
            Kind::Tiff(pyramid) => pyramid.index_bytes(),
            Kind::Jp2(image) => image.index_bytes(),
            Kind::Flat(_) => 0,
        };
        let pages = self.opening.as_ref().map_or(0, |opening| opening.held_bytes());
        size_of::<Self>() + self.path.len() + size_of_val(&self.srgb[..]) + kind + pages
    }

    /// How many pages its file has, at least 1.
    ///
    /// # Errors
    /// [`MasterError`] if the file shrinks meanwhile.
    pub fn pages(&self) -> Result<u32, MasterError> {
        let Kind::Tiff(_) = &self.kind else { return Ok(1) };
        if let Some(pages) = self.pages.get() {
            return Ok(*pages);
        }
        let (file, first) = ifd::File::open(self.bytes())?;
        let pages = self.heads(|| tiff::Pyramid::count_pages(&file, first));
        self.object.check()?;
        Ok(*self.pages.get_or_init(|| pages))
    }

    /// How large its pixels are on the original, if the file says so.
    pub fn scale(&self) -> Option<PhysicalScale> {
        match &self.kind {
            Kind::Tiff(pyramid) => pyramid.scale,
            Kind::Jp2(image) => image.scale,
            Kind::Flat(_) => None,
        }
    }

    /// What decodes a window of a level, as far as that is known in advance. Only for some masters it depends on the
    /// window.
    pub fn reader(&self, level: usize, window: impl FnOnce() -> Rect) -> Reader {
        if self.is_reduced(level) {
            let at_once = matches!(&self.kind, Kind::Flat(picture) if !picture.has_rows);
            return if self.has_kept() { Reader::Kept } else { Reader::Reduced { at_once } };
        }
        match &self.kind {
            Kind::Tiff(_) => Reader::Pieces,
            Kind::Jp2(image) => Reader::Codestream(image.reader()),
            Kind::Flat(picture) => {
                Reader::of_flat(picture, level, self.description.levels[level].dimensions, window())
            }
        }
    }

    /// The ICC profile of the pixels of a level, if there is one. Only in a TIFF can levels differ: a thumbnail may have
    /// colours of its own.
    ///
    /// # Errors
    /// [`MasterError::Damaged`] if the file shrinks meanwhile.
    pub fn icc_profile(&self, level: usize) -> Result<Option<Vec<u8>>, MasterError> {
        let level = self.kind.stored(level);
        let profile = self.heads(|| match &self.kind {
            Kind::Tiff(pyramid) => pyramid.icc_profile(self.bytes(), level),
            Kind::Jp2(image) => image.icc_profile(self.bytes()),
            Kind::Flat(picture) => picture.icc_profile(self.object.bytes()),
        });
        self.object.check().map(|()| profile)
    }

    /// What it says about itself: its EXIF and XMP. What cannot be read of it is left out.
    ///
    /// # Errors
    /// [`MasterError::Damaged`] if the file shrinks meanwhile.
    pub fn metadata(&self) -> Result<Metadata, MasterError> {
        let metadata = self.heads(|| match &self.kind {
            Kind::Tiff(pyramid) => {
                let (exif, xmp) = pyramid.exif_and_xmp(self.bytes());
                Metadata { exif, xmp: xmp.and_then(Xmp::read) }
            }
            Kind::Jp2(image) => image.metadata(self.bytes()),
            Kind::Flat(picture) => picture.metadata(self.object.bytes()),
        });
        self.object.check().map(|()| metadata)
    }

    /// Whether the pixels of a level are sRGB, or taken for it, so that no profile changes them.
    ///
    /// # Errors
    /// As [`Master::icc_profile`].
    pub fn is_srgb(&self, level: usize, converter: &mut Converter) -> Result<bool, MasterError> {
        let cell = &self.srgb[level];
        if let Some(is_srgb) = cell.get() {
            return Ok(*is_srgb);
        }
        let (profile, channels) = (self.icc_profile(level)?, self.description.channels);
        let is_srgb = profile.is_none_or(|profile| converter.changes_nothing(&profile, channels));
        Ok(*cell.get_or_init(|| is_srgb))
    }

    /// The pixels of `window` of a level, in the depth asked for. A window that reaches beyond a level repeats its edge.
    ///
    /// # Errors
    /// [`MasterError`] if a piece that the window touches cannot be decoded, or the decoder's watch ends the work.
    pub fn decode<S: Sample>(
        &self,
        decoder: &mut Decoder,
        level: usize,
        window: Rect,
    ) -> Result<Raster<S>, MasterError> {
        let whole = Rect::whole(self.description.levels[level].dimensions);
        let inside = window.intersection(whole);
        let inside = inside.ok_or_else(|| MasterError::damaged("a window outside its level"))?;
        let raster = match self.is_reduced(level) {
            true => self.decode_reduced(decoder, level, inside)?,
            false => self.decode_stored(decoder, level, inside)?,
        };
        Ok(raster.extended_to(window.dimensions()))
    }

    /// The pixels of a window that is inside its level, which is in the file.
    fn decode_stored<S: Sample>(
        &self,
        decoder: &mut Decoder,
        level: usize,
        window: Rect,
    ) -> Result<Raster<S>, MasterError> {
        match &self.kind {
            Kind::Tiff(pyramid) => self.decode_tiff(decoder, &pyramid.levels[level], window),
            Kind::Jp2(image) => self.decode_jp2(decoder, image, level, window),
            Kind::Flat(picture) => self.decode_flat(decoder, picture, level, window),
        }
    }

    /// A tile of a level as it is stored, if it is there. Its contents are not checked.
    ///
    /// # Errors
    /// [`MasterError::Damaged`] if its bytes are not in the file.
    pub fn stored(&self, level: usize, tile: Tile) -> Result<Option<Stored>, MasterError> {
        let Kind::Tiff(pyramid) = &self.kind else { return Ok(None) };
        if self.is_reduced(level) {
            return Ok(None);
        }
        let (file, _) = ifd::File::open(self.bytes())?;
        let image = &pyramid.levels[level];
        let at = image.piece_rect(tile.column, tile.row);
        file.announce(&tiff::ranges(&file, image, at)?)?;
        let stored = image.stored(&file, tile);
        self.object.check()?;
        stored
    }

    fn decode_tiff<S: Sample>(
        &self,
        decoder: &mut Decoder,
        image: &tiff::Image,
        window: Rect,
    ) -> Result<Raster<S>, MasterError> {
        let (file, _) = ifd::File::open(self.bytes().watched(&decoder.watch))?;
        file.announce(&tiff::ranges(&file, image, window)?)?;
        let raster = decoder.tiff.decode(&file, image, window);
        self.object.check()?;
        raster
    }

    fn decode_jp2<S: Sample>(
        &self,
        decoder: &mut Decoder,
        image: &jp2::Image,
        level: usize,
        window: Rect,
    ) -> Result<Raster<S>, MasterError> {
        let (bytes, identity) = (self.bytes().watched(&decoder.watch), self.identity.number());
        let raster = image.decode(&mut decoder.jp2, bytes, identity, level, window);
        self.object.check()?;
        if let Some(store) =
            self.store.as_ref().filter(|store| self.identity.is_settled() && store.takes_more())
            && let Some(index) = image.dirty_index()
        {
            store.save(JP2, &self.identity, &index);
        }
        raster
    }
}

impl Kind {
    /// What the bytes are, or `None` if they have no such page. Only TIFF has more than one.
    fn read(bytes: Bytes, page: u32) -> Result<Option<Self>, MasterError> {
        bytes.announce_one(0..MAGIC_BYTES)?;
        let magic = bytes.slice(0..bytes.length().min(MAGIC_BYTES)).unwrap_or_default();
        if ifd::File::recognises(magic) {
            let (file, first) = ifd::File::open(bytes)?;
            return Ok(tiff::Pyramid::read(&file, first, page)?.map(Self::Tiff));
        }
        let (is_jp2, is_flat) = (jp2::Image::recognises(magic), flat::Picture::recognises(magic));
        if !is_jp2 && !is_flat {
            return Err(MasterError::NoImage);
        }
        if page != 1 {
            return Ok(None);
        }
        Ok(Some(match is_jp2 {
            true => Self::Jp2(Box::new(jp2::Image::read(bytes)?)),
            false => Self::Flat(flat::Picture::read(flat::Picture::announce_head(bytes)?)?),
        }))
    }

    /// Restores the saved index of the master.
    fn restore_index(&mut self, store: &IndexStore, identity: &Identity) {
        if let Self::Jp2(image) = self
            && let Some(index) = store.load(JP2, identity)
        {
            image.restore_index(&index);
        }
    }

    fn description(&self) -> Description {
        match self {
            Self::Tiff(pyramid) => pyramid.description(),
            Self::Jp2(image) => image.description(),
            Self::Flat(picture) => picture.description.clone(),
        }
    }
}
