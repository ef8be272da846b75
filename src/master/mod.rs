//! Masters: from an identifier to a mapped file that can be asked for its description and for windows of pixels.
//! The only I/O on the path of a request.

mod decoder;
mod flat_window;
mod map;
mod open;
mod recent;
mod sidecar;

use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

pub use decoder::Decoder;
pub use map::Map;
pub use open::{EXTENSIONS, Found, Root};
pub use sidecar::Sidecar;

use crate::description::{Description, PhysicalScale};
use crate::error::{Error, MasterError};
use crate::geometry::Rect;
use crate::metadata::{Metadata, Xmp};
use crate::raster::{Raster, Sample};
use crate::{flat, tiff};

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
}

/// What a file turned out to be, by its first bytes.
enum Kind {
    Tiff(tiff::Pyramid),
    Flat(flat::Picture),
}

/// A file's device, inode, size and time of change: another picture has another identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Identity {
    device: u64,
    inode: u64,
    size: u64,
    seconds: i64,
    nanoseconds: i64,
}

impl Identity {
    fn of(file: &File) -> std::io::Result<Self> {
        let metadata = file.metadata()?;
        Ok(Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            seconds: metadata.mtime(),
            nanoseconds: metadata.mtime_nsec(),
        })
    }

    /// When the file was last written to; never before 1970.
    pub fn modified(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(self.seconds.try_into().unwrap_or(0))
    }
}

impl Master {
    /// The master of an identifier. Its directories are read, no pixels.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none; [`Error::Master`] if it cannot be read.
    pub fn find(root: &Root, path: &str) -> Result<Self, Error> {
        let Found { file, path, page } = root.find(path)?;
        Ok(Self { path, ..Self::new(&file, page)? })
    }

    /// The master in a file named on the command line.
    ///
    /// # Errors
    /// As [`Master::find`].
    pub fn open(path: &Path) -> Result<Self, Error> {
        let file =
            File::open(path).map_err(|error| Error::Internal(format!("{}: {error}", path.display())))?;
        Self::new(&file, 1)
    }

    fn new(file: &File, page: u32) -> Result<Self, Error> {
        let failed = |error: std::io::Error| Error::Internal(format!("cannot map a master: {error}"));
        let identity = Identity::of(file).map_err(failed)?;
        if identity.size < 16 {
            return Err(MasterError::damaged(format!("a file of {} bytes is no image", identity.size)).into());
        }
        let map = Map::new(file).map_err(failed)?;
        let kind = Kind::read(map.bytes(), page);
        // Zeros that stand for missing pages explain any other complaint.
        map.check()?;
        let kind = kind?.ok_or(Error::NotFound("this image has no such page"))?;
        Ok(Self { identity, description: kind.description(), page, path: String::new(), map, kind })
    }

    /// How many pages its file has, at least 1.
    ///
    /// # Errors
    /// [`MasterError`] if the file shrinks meanwhile.
    pub fn pages(&self) -> Result<u32, MasterError> {
        let Kind::Tiff(_) = &self.kind else { return Ok(1) };
        let (file, first) = tiff::File::open(self.map.bytes())?;
        let pages = tiff::Pyramid::count_pages(&file, first);
        self.map.check()?;
        Ok(pages)
    }

    /// How large its pixels are on the original, if the file tells.
    pub fn scale(&self) -> Option<PhysicalScale> {
        match &self.kind {
            Kind::Tiff(pyramid) => pyramid.scale,
            Kind::Flat(_) => None,
        }
    }

    /// The ICC profile of its pixels, if there is one.
    ///
    /// # Errors
    /// [`MasterError::Damaged`] if the file shrinks meanwhile.
    pub fn icc_profile(&self) -> Result<Option<Vec<u8>>, MasterError> {
        let bytes = self.map.bytes();
        let profile = match &self.kind {
            Kind::Tiff(pyramid) => pyramid.icc_profile(bytes),
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
            Kind::Flat(picture) => picture.metadata(bytes),
        };
        self.map.check().map(|()| metadata)
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
            Kind::Flat(picture) => self.decode_flat(decoder, picture, level, inside)?,
        };
        Ok(raster.extended_to(window.dimensions()))
    }

    fn decode_tiff<S: Sample>(
        &self,
        decoder: &mut tiff::WindowDecoder,
        image: &tiff::Image,
        window: Rect,
    ) -> Result<Raster<S>, MasterError> {
        let (file, _) = tiff::File::open(self.map.bytes())?;
        self.map.announce(&tiff::ranges(&file, image, window)?);
        let raster = decoder.decode(&file, image, window);
        self.map.check()?;
        raster
    }
}

impl Kind {
    /// What the bytes are, or `None` if they have no such page. Only TIFF has more than one.
    fn read(bytes: &[u8], page: u32) -> Result<Option<Self>, MasterError> {
        if tiff::File::recognises(bytes) {
            let (file, first) = tiff::File::open(bytes)?;
            return Ok(tiff::Pyramid::read(&file, first, page)?.map(Self::Tiff));
        }
        if flat::Picture::recognises(bytes) {
            return (page == 1).then(|| flat::Picture::read(bytes).map(Self::Flat)).transpose();
        }
        Err(MasterError::unsupported("neither TIFF nor JPEG, PNG, GIF, BMP or WebP"))
    }

    fn description(&self) -> Description {
        match self {
            Self::Tiff(pyramid) => pyramid.description(),
            Self::Flat(picture) => picture.description.clone(),
        }
    }
}
