//! Masters: from an identifier to a mapped file that can be asked for its description and for windows of pixels.
//! The only I/O on the path of a request.

mod decoder;
mod flat_window;
mod index_store;
mod open_masters;

use std::cell::OnceCell;
use std::fs::File;
use std::ops::Range;
use std::path::Path;
use std::rc::Rc;

pub use decoder::Decoder;
pub use index_store::State;
pub use open_masters::Known;

use crate::error::{Error, MasterError};
use crate::format::Stored;
use crate::format::flat;
use crate::format::tiff;
use crate::ifd;
use crate::jp2;
use crate::metadata::{Metadata, Xmp};
use crate::picture::{Description, PhysicalScale, Rect, Tile};
use crate::raster::{Converter, Raster, Sample};
use crate::source::{Found, Identity, Map};

/// The kind of finding that an index of a codestream is.
const JP2: &str = "jp2";

/// An image file, open and understood.
pub struct Master {
    /// What distinguishes this state of the file from any other.
    pub identity: Identity,
    /// What planning and info.json need to know.
    pub description: Description,
    /// Which page of its file it is, from 1.
    pub page: u32,
    /// The path of its file below the root; empty for one from the command line.
    pub path: String,
    map: Map,
    kind: Kind,
    /// Where findings about it are kept, if they are.
    state: Option<Rc<State>>,
    /// Found out when they are first asked for.
    pages: OnceCell<u32>,
    /// Of each level.
    srgb: Vec<OnceCell<bool>>,
}

/// What a file turned out to be, by its first bytes.
enum Kind {
    Tiff(tiff::Pyramid),
    Jp2(Box<jp2::Image>),
    Flat(flat::Picture),
}

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
        let opened = File::open(path).and_then(|file| Ok((Identity::of(&file.metadata()?), file)));
        let (identity, file) =
            opened.map_err(|error| Error::Internal(format!("{}: {error}", path.display())))?;
        if path.is_dir() {
            return Err(Error::Internal(format!("{} is a directory", path.display())));
        }
        Self::read(Found { file, identity, path: String::new(), page }, None)
    }

    /// The master in a file that was found. Its directories are read, no pixels, and what `state` keeps about it.
    fn read(found: Found, state: Option<Rc<State>>) -> Result<Self, Error> {
        let Found { file, identity, path, page } = found;
        if identity.size == 0 {
            return Err(MasterError::NoImage.into());
        }
        let map =
            Map::new(&file).map_err(|error| Error::Internal(format!("cannot map a master: {error}")))?;
        let kind = Kind::read(map.bytes(), page);
        // Zeros that stand for missing pages explain any other complaint.
        map.check()?;
        let mut kind = kind?.ok_or(Error::NotFound("this image has no such page"))?;
        if let Some(state) = &state {
            kind.recall(state, &identity);
        }
        let description = kind.description();
        Ok(Self {
            identity,
            srgb: vec![OnceCell::new(); description.levels.len()],
            description,
            page,
            path,
            map,
            kind,
            state,
            pages: OnceCell::new(),
        })
    }

    /// Whether all that was read of it so far was there.
    fn is_whole(&self) -> bool {
        self.map.check().is_ok()
    }

    /// About how much memory keeping it takes, beside pages of its file, which the kernel can have back at any time.
    fn index_bytes(&self) -> usize {
        let kind = match &self.kind {
            Kind::Tiff(pyramid) => pyramid.index_bytes(),
            Kind::Jp2(image) => image.index_bytes(),
            Kind::Flat(_) => 0,
        };
        size_of::<Self>() + self.path.len() + size_of_val(&self.srgb[..]) + kind
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
        let (file, first) = ifd::File::open(self.map.bytes())?;
        let pages = tiff::Pyramid::count_pages(&file, first);
        self.map.check()?;
        Ok(*self.pages.get_or_init(|| pages))
    }

    /// How large its pixels are on the original, if the file tells.
    pub fn scale(&self) -> Option<PhysicalScale> {
        match &self.kind {
            Kind::Tiff(pyramid) => pyramid.scale,
            Kind::Jp2(image) => image.scale,
            Kind::Flat(_) => None,
        }
    }

    /// What decodes its codestream, if it has one.
    pub fn codestream_reader(&self) -> Option<jp2::Reader> {
        match &self.kind {
            Kind::Jp2(image) => Some(image.reader()),
            Kind::Tiff(_) | Kind::Flat(_) => None,
        }
    }

    /// The ICC profile of the pixels of a level, if there is one. Only in a TIFF can levels differ: a thumbnail may have
    /// colours of its own.
    ///
    /// # Errors
    /// [`MasterError::Damaged`] if the file shrinks meanwhile.
    pub fn icc_profile(&self, level: usize) -> Result<Option<Vec<u8>>, MasterError> {
        let bytes = self.map.bytes();
        let profile = match &self.kind {
            Kind::Tiff(pyramid) => pyramid.icc_profile(bytes, level),
            Kind::Jp2(image) => image.icc_profile(bytes),
            Kind::Flat(picture) => picture.icc_profile(bytes),
        };
        self.map.check().map(|()| profile)
    }

    /// What it says about itself in words. What cannot be read of it is left out.
    ///
    /// # Errors
    /// [`MasterError::Damaged`] if the file shrinks meanwhile.
    pub fn metadata(&self) -> Result<Metadata, MasterError> {
        let bytes = self.map.bytes();
        let metadata = match &self.kind {
            Kind::Tiff(pyramid) => {
                let (exif, xmp) = pyramid.words(bytes);
                Metadata { exif, xmp: xmp.and_then(Xmp::read) }
            }
            Kind::Jp2(image) => image.metadata(bytes),
            Kind::Flat(picture) => picture.metadata(bytes),
        };
        self.map.check().map(|()| metadata)
    }

    /// Whether the pixels of a level are sRGB, or taken for it, so that no profile changes them.
    ///
    /// # Errors
    /// As [`Master::icc_profile`].
    pub fn is_srgb(&self, level: usize, converter: &mut Converter) -> Result<bool, MasterError> {
        let cell = &self.srgb[level];
        if let Some(known) = cell.get() {
            return Ok(*known);
        }
        let (profile, channels) = (self.icc_profile(level)?, self.description.channels);
        let is_srgb = profile.is_none_or(|profile| converter.changes_nothing(&profile, channels));
        Ok(*cell.get_or_init(|| is_srgb))
    }

    /// The pixels of `window` of a level, in the depth asked for. A window that reaches beyond a level repeats its edge.
    ///
    /// # Errors
    /// [`MasterError`] if a piece that the window touches cannot be decoded.
    pub fn decode<S: Sample>(
        &self,
        decoder: &mut Decoder,
        level: usize,
        window: Rect,
    ) -> Result<Raster<S>, MasterError> {
        let whole = Rect::whole(self.description.levels[level].dimensions);
        let inside = window.intersection(whole);
        let inside = inside.ok_or_else(|| MasterError::damaged("a window outside its level"))?;
        let raster = match &self.kind {
            Kind::Tiff(pyramid) => self.decode_tiff(&mut decoder.tiff, &pyramid.levels[level], inside)?,
            Kind::Jp2(image) => self.decode_jp2(&mut decoder.jp2, image, level, inside)?,
            Kind::Flat(picture) => self.decode_flat(decoder, picture, level, inside)?,
        };
        Ok(raster.extended_to(window.dimensions()))
    }

    /// A tile of a level as it is stored, if it is there. Not looked through.
    ///
    /// # Errors
    /// [`MasterError::Damaged`] if its bytes are not in the file.
    pub fn stored(&self, level: usize, tile: Tile) -> Result<Option<Stored>, MasterError> {
        let Kind::Tiff(pyramid) = &self.kind else { return Ok(None) };
        let (file, _) = ifd::File::open(self.map.bytes())?;
        let image = &pyramid.levels[level];
        let at = image.piece_rect(tile.column, tile.row);
        self.map.announce(&tiff::ranges(&file, image, at)?);
        let stored = image.stored(&file, tile);
        self.map.check()?;
        stored
    }

    fn decode_tiff<S: Sample>(
        &self,
        decoder: &mut tiff::WindowDecoder,
        image: &tiff::Image,
        window: Rect,
    ) -> Result<Raster<S>, MasterError> {
        let (file, _) = ifd::File::open(self.map.bytes())?;
        self.map.announce(&tiff::ranges(&file, image, window)?);
        let raster = decoder.decode(&file, image, window);
        self.map.check()?;
        raster
    }

    fn decode_jp2<S: Sample>(
        &self,
        decoder: &mut jp2::WindowDecoder,
        image: &jp2::Image,
        level: usize,
        window: Rect,
    ) -> Result<Raster<S>, MasterError> {
        let announce = |ranges: &[Range<usize>]| {
            let ranges = ranges.iter().map(|range| (range.start as u64, range.len() as u64));
            self.map.announce(&ranges.collect::<Vec<_>>());
        };
        let master = self.identity.number();
        let raster = image.decode(decoder, self.map.bytes(), master, level, window, announce);
        self.map.check()?;
        if let Some(state) = self.state.as_ref().filter(|_| self.identity.is_settled())
            && let Some(news) = image.news()
        {
            state.save(JP2, &self.identity, &news);
        }
        raster
    }
}

impl Kind {
    /// What the bytes are, or `None` if they have no such page. Only TIFF has more than one.
    fn read(bytes: &[u8], page: u32) -> Result<Option<Self>, MasterError> {
        if ifd::File::recognises(bytes) {
            let (file, first) = ifd::File::open(bytes)?;
            return Ok(tiff::Pyramid::read(&file, first, page)?.map(Self::Tiff));
        }
        if jp2::Image::recognises(bytes) {
            return (page == 1)
                .then(|| jp2::Image::read(bytes).map(|image| Self::Jp2(Box::new(image))))
                .transpose();
        }
        if flat::Picture::recognises(bytes) {
            return (page == 1).then(|| flat::Picture::read(bytes).map(Self::Flat)).transpose();
        }
        Err(MasterError::NoImage)
    }

    /// Takes what is kept about the master.
    fn recall(&mut self, state: &State, identity: &Identity) {
        if let Self::Jp2(image) = self
            && let Some(kept) = state.load(JP2, identity)
        {
            image.recall(&kept);
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
