//! Windows of flat masters: which way costs least, and what is kept on it for the next.

use super::{Decoder, Master};
use crate::error::MasterError;
use crate::format::{flat, jpeg};
use crate::picture::{Depth, Rect};
use crate::raster::{AnyRaster, Raster, Sample};

/// The kind of finding that an index of a JPEG is.
const FLAT: &str = "jpeg";

impl Master {
    /// A window by the picture that is kept, else by an index, else by decoding all of its level, which is kept then.
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
        let key = (self.identity, level, S::DEPTH);
        if let Some(whole) = decoder.pictures.find(&key) {
            return Ok(whole.part(window));
        }
        if self.is_worth_an_index(decoder, picture, level, window)
            && let Some(raster) = self.decode_window(decoder, picture, level, window)?
        {
            return Ok(raster.map(S::of_8));
        }
        let depth = self.description.depth.min(S::DEPTH);
        let samples =
            self.description.levels[level].dimensions.area() * self.description.channels.count() as u64;
        // What is dropped goes before the picture is made.
        let bytes = usize::try_from(samples * u64::from(depth.bits() / 8)).unwrap_or(usize::MAX);
        decoder.pictures.make_room(bytes);
        let whole = self.decode_whole(picture, level, S::DEPTH)?;
        let (part, bytes) = (whole.part(window), whole.bytes());
        decoder.pictures.keep(key, whole, bytes);
        Ok(part)
    }

    /// Whether the index is there, or else costs less, together with the window, than the whole level; or that is
    /// out of the question.
    fn is_worth_an_index(
        &self,
        decoder: &mut Decoder,
        picture: &flat::Picture,
        level: usize,
        window: Rect,
    ) -> bool {
        let size = self.description.levels[level].dimensions;
        if !picture.has_windows(level) {
            return false;
        }
        if size.area() > flat::MAX_AREA {
            return true;
        }
        // A band of a picture whose others follow. At full size, bands by the index cost a little more than the whole
        // level and a tenth of its memory; a reduced level is smaller than what its bands take to find.
        if window.width == size.width && level > 0 {
            return false;
        }
        let is_there = matches!(decoder.indices.find(&self.identity), Some(Some(_)));
        is_there || window.dimensions().area() <= size.area() / 2
    }

    /// The pixels of a window by an index of the file's data, which is made if there is none. None if there can be
    /// none, or if it fails: what the whole file is good for, its decoder says.
    ///
    /// # Errors
    /// [`MasterError`] if the window is too large, or the file shrinks meanwhile.
    fn decode_window(
        &self,
        decoder: &mut Decoder,
        picture: &flat::Picture,
        level: usize,
        window: Rect,
    ) -> Result<Option<Raster>, MasterError> {
        let bytes = self.map.bytes();
        if decoder.indices.find(&self.identity).is_none() {
            let index = self.index_of_flat(bytes)?;
            let bytes = index.as_ref().map_or(0, jpeg::Index::bytes);
            decoder.indices.keep(self.identity, index, bytes);
        }
        let Some(Some(index)) = decoder.indices.find(&self.identity) else { return Ok(None) };
        self.map.announce(&[picture.range(index, level, window)]);
        let raster = picture.decode_window(bytes, index, level, window);
        self.map.check()?;
        match raster {
            Ok(raster) => Ok(Some(raster)),
            Err(error @ MasterError::TooLarge(_)) => Err(error),
            Err(error) => {
                log::warn!("{:?} is decoded whole: {error}", self.path);
                decoder.indices.keep(self.identity, None, 0);
                Ok(None)
            }
        }
    }

    /// The index that is kept on disk, or else a new one, which is kept there then. None if there can be none.
    fn index_of_flat(&self, bytes: &[u8]) -> Result<Option<jpeg::Index>, MasterError> {
        let state = self.state.as_ref().filter(|_| self.identity.is_settled());
        if let Some(kept) = state.and_then(|state| state.load(FLAT, &self.identity))
            && let Some(index) = jpeg::Index::from_bytes(bytes, &kept)
        {
            return Ok(Some(index));
        }
        self.map.announce(&[(0, self.identity.size)]);
        let index = jpeg::Index::build(bytes);
        self.map.check()?;
        if let (Some(state), Some(index)) = (state, &index) {
            state.save(FLAT, &self.identity, &index.to_bytes());
        }
        Ok(index)
    }

    fn decode_whole(
        &self,
        picture: &flat::Picture,
        level: usize,
        depth: Depth,
    ) -> Result<AnyRaster, MasterError> {
        self.map.announce(&[(0, self.identity.size)]);
        let raster = picture.decode(self.map.bytes(), level, depth);
        self.map.check()?;
        raster
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::{Duration, SystemTime};

    use super::*;
    use crate::config;
    use crate::master::{Known, State};
    use crate::source::Root;
    use crate::source::identity::tests::settle;

    #[test]
    fn an_index_is_made_once_and_kept_on_disk() {
        let directory = tempfile::tempdir().expect("a directory");
        let (masters, kept) = (directory.path().join("masters"), directory.path().join("state"));
        fs::create_dir(&masters).and_then(|()| fs::create_dir(&kept)).expect("made");
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
        let root = Root::open(&config::Masters { root: masters, follow_symlinks: false }).expect("a root");
        let decoded = || {
            let state = State::open(&config::State { directory: kept.clone(), max_bytes: 1 << 20 });
            let bounds = config::Known { known: 1, known_bytes: 1 << 20 };
            let master = Known::new(bounds, state.ok()).find(&root, "a.jpg").expect("a master");
            master.decode::<u8>(&mut Decoder::default(), 0, window).expect("decoded")
        };
        let findings = || -> Vec<_> {
            let entries = fs::read_dir(&kept).expect("a directory");
            entries.map(|entry| fs::read(entry.expect("an entry").path()).expect("a file")).collect()
        };
        let first = decoded();
        let whole = turbojpeg::decompress(&jpeg, turbojpeg::PixelFormat::RGB).expect("decoded").pixels;
        let row = |y: usize| &whole[(y * width + 300) * 3..][..90 * 3];
        assert!(first.pixels == (200..270).flat_map(row).copied().collect::<Vec<_>>());
        let made = findings();
        assert_eq!(made.len(), 1);
        assert!(decoded() == first && findings() == made);
        for entry in fs::read_dir(&kept).expect("a directory") {
            fs::write(entry.expect("an entry").path(), b"damaged").expect("written");
        }
        assert!(decoded() == first && findings() == made, "made again");
    }
}
