//! Masters: from an identifier to a mapped file that can be asked for its description and for windows of pixels.
//! The only I/O on the path of a request.

mod map;
mod open;

use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

pub use map::Map;
pub use open::{EXTENSIONS, Root};

use crate::description::Description;
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
        Self::new(&root.find(path)?)
    }

    /// The master in a file named on the command line.
    ///
    /// # Errors
    /// As [`Master::find`].
    pub fn open(path: &Path) -> Result<Self, Error> {
        let file =
            File::open(path).map_err(|error| Error::Internal(format!("{}: {error}", path.display())))?;
        Self::new(&file)
    }

    fn new(file: &File) -> Result<Self, Error> {
        let failed = |error: std::io::Error| Error::Internal(format!("cannot map a master: {error}"));
        let identity = Identity::of(file).map_err(failed)?;
        if identity.size < 16 {
            return Err(MasterError::damaged(format!("a file of {} bytes is no image", identity.size)).into());
        }
        let map = Map::new(file).map_err(failed)?;
        let pyramid = read_tiff(map.bytes());
        map.check()?;
        let pyramid = pyramid?;
        Ok(Self { identity, description: pyramid.description(), map, pyramid })
    }

    /// The ICC profile of its pixels, if there is one.
    ///
    /// # Errors
    /// [`MasterError::Damaged`] if it is not wholly in the file.
    pub fn icc_profile(&self) -> Result<Option<Vec<u8>>, MasterError> {
        let (file, _) = tiff::File::open(self.map.bytes())?;
        let range = self.pyramid.levels[0].icc_profile;
        let profile =
            range.map(|(offset, length)| file.slice(offset, length).map(<[u8]>::to_vec)).transpose();
        self.map.check().and(profile)
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

fn read_tiff(bytes: &[u8]) -> Result<tiff::Pyramid, MasterError> {
    if !tiff::File::recognises(bytes) {
        return Err(MasterError::unsupported("neither TIFF nor BigTIFF"));
    }
    let (file, first) = tiff::File::open(bytes)?;
    tiff::Pyramid::read(&file, first)
}
