//! Windows of flat masters: the cheapest way to decode them, and what is cached for the next.

use std::rc::Rc;
use std::sync::Arc;

use super::decoder::Shared;
use super::{Decoder, Known, Master, Reader};
use crate::error::MasterError;
use crate::format::flat::{self, Rows};
use crate::format::jpeg;
use crate::picture::{Depth, Rect};
use crate::raster::{AnyRaster, Raster, Sample};
use crate::source::Identity;
use crate::watch::Watch;

/// The kind of a JPEG's index in the store.
const JPEG: &str = "jpeg";

impl Master {
    /// A window from the cached picture, else by an index, else by decoding its whole level, which is then cached.
    ///
    /// # Errors
    /// [`MasterError`] if what has to be decoded is damaged or too large.
    pub(super) fn decode_flat<S: Sample>(
        &self,
        decoder: &mut Decoder,
        picture: &flat::Picture,
        level: usize,
        window: Rect,
    ) -> Result<Raster<S>, MasterError> {
        let key = self.key(level, S::DEPTH);
        if let Some(whole) = decoder.pictures.get(&key) {
            return Ok(whole.part(window));
        }
        let size = self.description.levels[level].dimensions;
        let reader = Reader::of_flat(picture, level, size, window);
        if reader == Reader::Rows {
            return self.decode_rows(decoder, window);
        }
        if self.has_index(reader, decoder)
            && let Some(raster) = self.decode_window(decoder, picture, level, window)?
        {
            return Ok(raster.map(S::of_8));
        }
        let depth = self.description.depth.min(S::DEPTH);
        let samples =
            self.description.levels[level].dimensions.area() * self.description.channels.count() as u64;
        // Other pictures are dropped before this one is made, not after.
        let bytes = usize::try_from(samples * u64::from(depth.bits() / 8)).unwrap_or(usize::MAX);
        decoder.pictures.reserve(bytes);
        let whole = self.decode_whole(picture, level, S::DEPTH, &decoder.watch)?;
        let (part, bytes) = (whole.part(window), whole.bytes());
        decoder.pictures.insert(key, whole, bytes);
        Ok(part)
    }

    /// Whether a window is to be decoded by an index: because the index is there, or because the plan says to build it.
    fn has_index(&self, reader: Reader, decoder: &mut Decoder) -> bool {
        let is_cached = |decoder: &mut Decoder| matches!(decoder.indexes.get(&self.identity), Some(Some(_)));
        reader == Reader::Index || reader == Reader::IndexIfCached && is_cached(decoder)
    }

    /// The pixels of a window by the rows down to it, from where the last window of the request ended or from the top.
    ///
    /// # Errors
    /// [`MasterError`] if the file is damaged above the end of the window.
    fn decode_rows<S: Sample>(&self, decoder: &mut Decoder, window: Rect) -> Result<Raster<S>, MasterError> {
        let is_above = |(identity, rows): &(Identity, Rows<Shared>)| {
            *identity == self.identity && rows.next() <= window.y
        };
        let mut rows = match decoder.rows.take().filter(is_above) {
            Some((_, rows)) => rows,
            None => {
                self.announce_all()?;
                Rows::open(Shared(Rc::clone(&self.object)))?
            }
        };
        let raster = rows.read(window, &decoder.watch);
        self.object.check()?;
        if raster.is_ok() {
            decoder.rows = Some((self.identity, rows));
        }
        raster
    }

    /// The pixels of a window by an index of the file's data, which is built if it is missing. None if the file cannot
    /// be indexed, or if decoding by the index fails: then decoding the whole file reports what is wrong.
    ///
    /// # Errors
    /// [`MasterError`] if the window is too large, or the file shrinks meanwhile, or the work is ended.
    fn decode_window(
        &self,
        decoder: &mut Decoder,
        picture: &flat::Picture,
        level: usize,
        window: Rect,
    ) -> Result<Option<Raster>, MasterError> {
        let bytes = self.object.bytes();
        if decoder.indexes.get(&self.identity).is_none() {
            let index = self.index_of_flat(bytes, &decoder.watch)?;
            let bytes = index.as_ref().map_or(0, jpeg::Index::bytes);
            decoder.indexes.insert(self.identity, index.map(Arc::new), bytes);
        }
        let Some(Some(index)) = decoder.indexes.get(&self.identity) else { return Ok(None) };
        let (offset, length) = picture.range(index, level, window);
        let range = offset..offset.saturating_add(length);
        self.object.announce(&[range])?;
        let raster = picture.decode_window(bytes, index, level, window, &decoder.watch);
        self.object.check()?;
        match raster {
            Ok(raster) => Ok(Some(raster)),
            Err(error @ (MasterError::TooLarge(_) | MasterError::Stopped(_))) => Err(error),
            Err(error) => {
                log::warn!("{:?} is decoded whole: {error}", self.path);
                decoder.indexes.insert(self.identity, None, 0);
                Ok(None)
            }
        }
    }

    /// The index from the store on disk, or else a new one, which is saved there. None if the file cannot be indexed.
    fn index_of_flat(&self, bytes: &[u8], watch: &Watch) -> Result<Option<jpeg::Index>, MasterError> {
        let store = self.store.as_ref().filter(|_| self.identity.is_settled());
        if let Some(saved) = store.and_then(|store| store.load(JPEG, &self.identity))
            && let Some(index) = jpeg::Index::from_bytes(bytes, &saved)
        {
            return Ok(Some(index));
        }
        self.announce_all()?;
        let index = jpeg::Index::build(bytes, watch);
        self.object.check()?;
        watch.check()?;
        if let (Some(store), Some(index)) = (store.filter(|store| store.takes_more()), &index) {
            store.save(JPEG, &self.identity, &index.to_bytes());
        }
        Ok(index)
    }

    /// What decoders of a level in several threads need not find out each for itself, if they all decode such windows.
    ///
    /// # Errors
    /// [`MasterError`] if the file shrinks meanwhile.
    pub fn known(&self, level: usize, window: Rect) -> Result<Known, MasterError> {
        if self.reader(level, || window) != Reader::Index {
            return Ok(Known::default());
        }
        let index = self.index_of_flat(self.object.bytes(), &Watch::unlimited())?;
        Ok(Known(index.map(|index| (self.identity, Arc::new(index)))))
    }

    fn announce_all(&self) -> Result<(), MasterError> {
        let all = 0..self.identity.size;
        self.object.announce(&[all])
    }

    fn decode_whole(
        &self,
        picture: &flat::Picture,
        level: usize,
        depth: Depth,
        watch: &Watch,
    ) -> Result<AnyRaster, MasterError> {
        self.announce_all()?;
        let raster = picture.decode(self.object.bytes(), level, depth, watch);
        self.object.check()?;
        raster
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::{Duration, SystemTime};

    use super::*;
    use crate::master::{Bounds, IndexStore, OpenMasters, StateSettings};
    use crate::source::identity::tests::settle;
    use crate::source::{Masters, Sources};

    #[test]
    fn an_index_is_made_once_and_saved_on_disk() {
        let directory = tempfile::tempdir().expect("a directory");
        let (masters, saved) = (directory.path().join("masters"), directory.path().join("state"));
        fs::create_dir(&masters).and_then(|()| fs::create_dir(&saved)).expect("made");
        let (width, height) = (700, 500);
        let pixels: Vec<u8> = (0..width * height * 3).map(|n| ((n * n / 991) ^ (n / 2100)) as u8).collect();
        let image = turbojpeg::Image {
            pixels: &pixels[..],
            width,
            pitch: width * 3,
            height,
            format: turbojpeg::PixelFormat::RGB,
        };
        let jpeg = turbojpeg::compress(image, 85, turbojpeg::Subsamp::Sub2x2).expect("compressed");
        fs::write(masters.join("a.jpg"), &jpeg).expect("written");
        let file = fs::File::options().write(true).open(masters.join("a.jpg")).expect("there");
        file.set_modified(SystemTime::now() - Duration::from_secs(3600)).expect("set");
        settle(&masters.join("a.jpg"));

        let window = Rect::new(300, 200, 90, 70);
        let root = Sources::open(&Masters::below(masters)).expect("a root");
        let decoded = || {
            let store = IndexStore::open(&StateSettings { directory: saved.clone(), max_bytes: 1 << 20 });
            let bounds = Bounds { known: 1, known_bytes: 1 << 20 };
            let master =
                OpenMasters::new(bounds, store.ok()).find(&root, "a.jpg", |_| Ok(())).expect("a master");
            master.decode::<u8>(&mut Decoder::default(), 0, window).expect("decoded")
        };
        let files = || -> Vec<_> {
            let entries =
                fs::read_dir(&saved).expect("a directory").map(|entry| entry.expect("an entry").path());
            entries.filter(|path| path.extension().is_some_and(|suffix| suffix == "state")).collect()
        };
        let indexes = || -> Vec<_> { files().iter().map(|path| fs::read(path).expect("a file")).collect() };
        let first = decoded();
        let whole = turbojpeg::decompress(&jpeg, turbojpeg::PixelFormat::RGB).expect("decoded").pixels;
        let row = |y: usize| &whole[(y * width + 300) * 3..][..90 * 3];
        assert!(first.pixels == (200..270).flat_map(row).copied().collect::<Vec<_>>());
        let made = indexes();
        assert_eq!(made.len(), 1);
        assert!(decoded() == first && indexes() == made);
        files().iter().for_each(|path| fs::write(path, b"damaged").expect("written"));
        assert!(decoded() == first && indexes() == made, "made again");
    }
}
