//! Masters: from an identifier to a mapped file that can be asked for its description and for windows of pixels.
//! The only I/O on the path of a request.

mod map;
mod open;
mod sidecar;

use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

pub use map::Map;
pub use open::{EXTENSIONS, Found, Root};
pub use sidecar::Sidecar;

use crate::description::{Description, PhysicalScale};
use crate::error::{Error, MasterError};
use crate::geometry::Rect;
use crate::raster::Raster;
use crate::tiff;

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
    pyramid: tiff::Pyramid,
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
        let pyramid = read_tiff(map.bytes(), page);
        map.check()?;
        let pyramid = pyramid?.ok_or(Error::NotFound("this image has no such page"))?;
        Ok(Self { identity, description: pyramid.description(), page, path: String::new(), map, pyramid })
    }

    /// How many pages its file has, at least 1.
    ///
    /// # Errors
    /// [`MasterError`] if the file shrinks meanwhile.
    pub fn pages(&self) -> Result<u32, MasterError> {
        let (file, first) = tiff::File::open(self.map.bytes())?;
        let pages = tiff::Pyramid::count_pages(&file, first);
        self.map.check()?;
        Ok(pages)
    }

    /// How large its pixels are on the original, if the file tells.
    pub fn scale(&self) -> Option<PhysicalScale> {
        self.pyramid.scale
    }

    /// The pixels of `window` of a level. A window that reaches beyond a level repeats its edge.
    ///
    /// # Errors
    /// [`MasterError`] if a piece that the window touches cannot be decoded.
    pub fn decode(
        &self,
        decoder: &mut tiff::WindowDecoder,
        level: usize,
        window: Rect,
    ) -> Result<Raster, MasterError> {
        let (file, _) = tiff::File::open(self.map.bytes())?;
        let image = &self.pyramid.levels[level];
        let inside = window.intersection(Rect::whole(image.dimensions));
        let inside = inside.ok_or_else(|| MasterError::damaged("a window outside its level"))?;
        self.map.announce(&tiff::ranges(&file, image, inside)?);
        let raster = decoder.decode(&file, image, inside);
        // Zeros that stand for missing pages explain any other complaint.
        self.map.check()?;
        Ok(raster?.extended_to(window.dimensions()))
    }
}

fn read_tiff(bytes: &[u8], page: u32) -> Result<Option<tiff::Pyramid>, MasterError> {
    if !tiff::File::recognises(bytes) {
        return Err(MasterError::unsupported("neither TIFF nor BigTIFF"));
    }
    let (file, first) = tiff::File::open(bytes)?;
    tiff::Pyramid::read(&file, first, page)
}
