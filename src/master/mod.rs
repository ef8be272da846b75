//! Masters: from an identifier to a mapped file that can be asked for its description and for windows of pixels.
//! The only I/O on the path of a request.

mod beneath;
mod decoder;
mod flat_window;
mod known;
mod map;
mod open;
mod recent;
mod sidecar;
mod state;
mod steps;

use std::cell::OnceCell;
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, SystemTime};

pub use beneath::openat2_refused;
pub use decoder::Decoder;
pub use known::Known;
pub use map::Map;
pub use open::{EXTENSIONS, Found, Root, file_and_page};
pub use sidecar::Sidecar;
pub use state::State;

use crate::description::{Description, PhysicalScale, Tile};
use crate::error::{Error, MasterError};
use crate::geometry::Rect;
use crate::metadata::{Metadata, Xmp};
use crate::raster::{Converter, Raster, Sample};
use crate::stored::Stored;
use crate::{flat, jp2, tiff};

/// A file that changed more recently than this may change again without another time of change: clocks of file systems
/// tick every few milliseconds, on networks every second.
const SETTLED: Duration = Duration::from_secs(2);

/// In a second.
const NANOSECONDS: i128 = 1_000_000_000;

/// The last second of the year 9999.
const LAST_SECOND: i128 = 253_402_300_799;

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

/// A state of a file on this machine. Another picture has another one, also if it was written in place and the file's
/// date was put back: the time of the last change of any kind (`st_ctime`) is the kernel's alone. A file whose mode,
/// links or owner change has another one as well, and is read anew for nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Identity {
    device: u64,
    inode: u64,
    size: u64,
    /// When it was last written to, as its owner says: nanoseconds since 1970.
    modified: i128,
    /// When anything of it last changed, in the same unit.
    changed: i128,
}

impl Identity {
    fn of(file: &fs::Metadata) -> Self {
        let nanoseconds = |seconds: i64, more: i64| i128::from(seconds) * NANOSECONDS + i128::from(more);
        Self {
            device: file.dev(),
            inode: file.ino(),
            size: file.size(),
            modified: nanoseconds(file.mtime(), file.mtime_nsec()),
            changed: nanoseconds(file.ctime(), file.ctime_nsec()),
        }
    }

    /// It as one number, the same for as long as this process runs.
    fn number(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.hash(&mut hasher);
        hasher.finish()
    }

    /// All that it is, as bytes.
    fn to_bytes(self) -> [u8; 56] {
        let Self { device, inode, size, modified, changed } = self;
        let mut bytes = [0; 56];
        let (numbers, times) = bytes.split_at_mut(24);
        for (place, number) in numbers.as_chunks_mut().0.iter_mut().zip([device, inode, size]) {
            *place = number.to_le_bytes();
        }
        for (place, time) in times.as_chunks_mut().0.iter_mut().zip([modified, changed]) {
            *place = time.to_le_bytes();
        }
        bytes
    }

    /// What a copy of the file on another disk or machine has in common with it, as bytes: its size, and when it was
    /// last written to. That is all that the world is told: a file that was written in place by something that put its
    /// date back looks the same from there.
    pub fn of_any_copy(&self) -> [u8; 24] {
        let mut bytes = [0; 24];
        bytes[..8].copy_from_slice(&self.size.to_le_bytes());
        bytes[8..].copy_from_slice(&self.modified.to_le_bytes());
        bytes
    }

    /// Whether a later state of the file has another identity.
    fn is_settled(&self) -> bool {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let now = i128::try_from(now.as_nanos()).unwrap_or(i128::MAX);
        // A time to come is settled: whoever writes now sets another one.
        [self.modified, self.changed].into_iter().all(|time| now.abs_diff(time) > SETTLED.as_nanos())
    }

    /// When the file was last written to, to the second: never before 1970, nor after 9999, where dates of HTTP end.
    pub fn modified(&self) -> SystemTime {
        let seconds = (self.modified / NANOSECONDS).clamp(0, LAST_SECOND);
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds.try_into().unwrap_or(0))
    }
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
        let (file, first) = tiff::File::open(self.map.bytes())?;
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
        let (file, _) = tiff::File::open(self.map.bytes())?;
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
        let (file, _) = tiff::File::open(self.map.bytes())?;
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
        if tiff::File::recognises(bytes) {
            let (file, first) = tiff::File::open(bytes)?;
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Waits until the file is settled.
    pub(super) fn settle(path: &Path) {
        let settled = || Identity::of(&fs::metadata(path).expect("there")).is_settled();
        while !settled() {
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn identity(modified: i128, changed: i128) -> Identity {
        Identity { device: 1, inode: 2, size: 3, modified, changed }
    }

    #[test]
    fn what_is_told_of_a_file_is_the_same_for_its_copies() {
        let of = identity(4, 5);
        for copy in [Identity { device: 9, ..of }, Identity { inode: 9, ..of }, Identity { changed: 9, ..of }]
        {
            assert_eq!(copy.of_any_copy(), of.of_any_copy());
            assert_ne!(copy.to_bytes(), of.to_bytes());
        }
        for other in [Identity { size: 9, ..of }, Identity { modified: 9, ..of }] {
            assert_ne!(other.of_any_copy(), of.of_any_copy());
            assert_ne!(other.to_bytes(), of.to_bytes());
        }
    }

    #[test]
    fn a_file_is_settled_when_neither_time_is_now() {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970");
        let now = i128::try_from(now.as_nanos()).expect("before long");
        let hour = 3600 * NANOSECONDS;
        for (modified, changed, settled) in [
            (now - hour, now - hour, true),
            (now - hour, now, false),
            (now, now - hour, false),
            (now + hour, now - hour, true),
            (i128::MIN, i128::MAX, true),
        ] {
            assert_eq!(identity(modified, changed).is_settled(), settled, "{modified} {changed}");
        }
    }

    #[test]
    fn dates_are_dates_of_http() {
        for (seconds, told) in [
            (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (-5, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (1 << 60, "Fri, 31 Dec 9999 23:59:59 GMT"),
        ] {
            let modified = identity(seconds * NANOSECONDS + 999, 0).modified();
            assert_eq!(httpdate::fmt_http_date(modified), told);
        }
    }
}
