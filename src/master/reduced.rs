//! A smaller picture of masters that have none: made of the whole of their only level by boxes when it is first asked
//! for, and kept, so that a thumbnail of a flat file costs once. It is a level like others, and what is shown of it comes
//! from it whether it was kept or is made anew: a response does not depend on what a worker remembers.

use super::{Decoder, Kind, Master, PictureKey};
use crate::error::MasterError;
use crate::format::flat;
use crate::picture::{Depth, Description, Dimensions, Level, Rect, Sampling};
use crate::raster::{AnyRaster, Boxes, Raster, Sample};

/// The longer side of it, at most, and more than half of that: enough for previews.
const SIDE: u32 = 2048;

/// Masters of fewer pixels have none: they are decoded in the time that a kept one takes to be looked up.
const LEAST_AREA: u64 = 4 << 20;

/// Masters of more pixels have none: nobody decodes them whole.
const MOST_AREA: u64 = flat::MAX_AREA;

/// About as many pixels are decoded at once.
const BAND_AREA: u32 = 1 << 19;

/// The most bytes of it: four samples of 16 bits.
const MOST_BYTES: usize = (SIDE as usize).pow(2) * 8;

/// How much zstd tries: three times as fast as the disk.
const LEVEL: i32 = 1;

/// The smaller picture of a master, if that is worth having. Not of one in tiles: a window of it costs little.
pub(super) fn level(description: &Description) -> Option<Level> {
    let [full] = description.levels[..] else { return None };
    let Dimensions { width, height } = full.dimensions;
    if full.tiled || !(LEAST_AREA..=MOST_AREA).contains(&full.dimensions.area()) {
        return None;
    }
    let factor = factor(full.dimensions);
    let dimensions = Dimensions::new(width.div_ceil(factor), height.div_ceil(factor));
    let (across, down) = (full.tile.width.min(dimensions.width), full.tile.height.min(dimensions.height));
    Some(Level {
        dimensions,
        tile: Dimensions::new(across, down),
        tiled: false,
        stored_as: None,
        coding: full.coding,
        sampling: Sampling::Boxes,
        is_stored: false,
    })
}

/// By how much a picture is reduced: a power of two, at least 2.
fn factor(full: Dimensions) -> u32 {
    full.width.max(full.height).div_ceil(SIDE).next_power_of_two().max(2)
}

impl Master {
    /// Whether a level is the smaller picture that its file does not have.
    pub(super) fn is_reduced(&self, level: usize) -> bool {
        !self.description.levels[level].is_stored
    }

    /// Whether the smaller picture was saved.
    pub(super) fn has_kept(&self) -> bool {
        self.store.as_ref().is_some_and(|store| store.has(&self.kept_as(), &self.identity))
    }

    /// A window of the smaller picture: from memory, from the store on disk, or else made, and saved there.
    ///
    /// # Errors
    /// [`MasterError`] if the picture is damaged anywhere, or too large.
    pub(super) fn decode_reduced<S: Sample>(
        &self,
        decoder: &mut Decoder,
        level: usize,
        window: Rect,
    ) -> Result<Raster<S>, MasterError> {
        let key = self.key(level, self.description.depth);
        if let Some(kept) = decoder.pictures.get(&key) {
            return Ok(kept.part(window));
        }
        let reduced = match self.load_reduced(level) {
            Some(kept) => kept,
            None => match self.description.depth {
                Depth::Eight => AnyRaster::Eight(self.reduce(decoder)?),
                Depth::Sixteen => AnyRaster::Sixteen(self.reduce(decoder)?),
            },
        };
        let (part, bytes) = (reduced.part(window), reduced.bytes());
        decoder.pictures.insert(key, reduced, bytes);
        Ok(part)
    }

    /// What a picture that a worker keeps goes by.
    pub(super) fn key(&self, level: usize, depth: Depth) -> PictureKey {
        PictureKey { identity: self.identity, page: self.page, level, depth }
    }

    fn reduce<S: Sample>(&self, decoder: &mut Decoder) -> Result<Raster<S>, MasterError> {
        let full = self.description.levels[0].dimensions;
        let mut boxes = Boxes::new(full, self.description.channels, factor(full));
        for window in self.bands() {
            boxes.add(&self.decode_stored::<S>(decoder, 0, window)?);
        }
        let reduced = boxes.finish();
        if let Some(store) =
            self.store.as_ref().filter(|store| self.identity.is_settled() && store.takes_more())
            && let Some(bytes) = packed(&reduced)
        {
            store.save(&self.kept_as(), &self.identity, &bytes);
        }
        Ok(reduced)
    }

    /// Windows of the only level, top to bottom, that end between its pieces unless these are tall.
    pub(super) fn bands(&self) -> impl Iterator<Item = Rect> + use<> {
        let Level { dimensions: Dimensions { width, height }, tile, .. } = self.description.levels[0];
        let rows = (BAND_AREA / width).max(1);
        let is_cut = tile.width >= width && tile.height > rows.saturating_mul(4);
        let step = if is_cut { rows } else { (rows / tile.height).max(1) * tile.height };
        let window = move |y: u32| Rect::new(0, y, width, step.min(height - y));
        (0..height).step_by(step as usize).map(window)
    }

    fn load_reduced(&self, level: usize) -> Option<AnyRaster> {
        let store = self.store.as_ref().filter(|_| self.identity.is_settled())?;
        let bytes = store.load(&self.kept_as(), &self.identity)?;
        let (dimensions, channels) = (self.description.levels[level].dimensions, self.description.channels);
        match self.description.depth {
            Depth::Eight => {
                let pixels = unpacked(&bytes, dimensions, channels.count())?;
                Some(AnyRaster::Eight(Raster { dimensions, channels, pixels }))
            }
            Depth::Sixteen => {
                let pixels = unpacked(&bytes, dimensions, channels.count())?;
                Some(AnyRaster::Sixteen(Raster { dimensions, channels, pixels }))
            }
        }
    }

    /// The kind of it in the store: pages of a file have one each.
    fn kept_as(&self) -> String {
        format!("reduced{}", self.page)
    }
}

/// The pixels as they are saved, of which each is the difference to the one before it. None if they are too many.
fn packed<S: Sample>(raster: &Raster<S>) -> Option<Vec<u8>> {
    let (samples, count) = (&raster.pixels, raster.channels.count());
    let before = [S::default()].repeat(count);
    let differences: Vec<S> = samples
        .iter()
        .zip(before.iter().chain(samples))
        .map(|(one, other)| one.wrapping_sub(*other))
        .collect();
    let head = [raster.dimensions.width, raster.dimensions.height, count as u32, S::DEPTH.bits().into()];
    let mut bytes: Vec<u8> = head.iter().flat_map(|number| number.to_le_bytes()).collect();
    bytes.extend(zstd::bulk::compress(&S::little_endian(&differences), LEVEL).ok()?);
    Some(bytes)
}

/// The pixels in what [`packed`] gave; None if it is something else.
fn unpacked<S: Sample>(bytes: &[u8], dimensions: Dimensions, count: usize) -> Option<Vec<S>> {
    let head = [dimensions.width, dimensions.height, count as u32, S::DEPTH.bits().into()];
    let expected: Vec<u8> = head.iter().flat_map(|number| number.to_le_bytes()).collect();
    let length = dimensions.area() as usize * count * size_of::<S>();
    let data = bytes.strip_prefix(&expected[..]).filter(|_| length <= MOST_BYTES)?;
    let stored = zstd::bulk::decompress(data, length).ok().filter(|stored| stored.len() == length)?;
    let mut samples = S::from_little_endian(stored);
    for at in count..samples.len() {
        samples[at] = samples[at].wrapping_add(samples[at - count]);
    }
    Some(samples)
}

impl Kind {
    /// The number of the level in the file of which one of the description is made.
    pub(super) fn stored(&self, level: usize) -> usize {
        match self {
            Self::Tiff(pyramid) if level >= pyramid.levels.len() => 0,
            _ => level,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;
    use std::rc::Rc;
    use std::time::{Duration, SystemTime};

    use png::{BitDepth, ColorType, Encoder};

    use super::*;
    use crate::master::{Bounds, IndexStore, OpenMasters, Reader, StateSettings};
    use crate::picture::{Channels, Codec, Coding};
    use crate::source::identity::tests::settle;
    use crate::source::{Masters, Sources};

    const FULL: Dimensions = Dimensions::new(2300, 1900);

    fn write(path: &Path, seed: usize) {
        let file = fs::File::create(path).expect("created");
        let mut encoder = Encoder::new(&file, FULL.width, FULL.height);
        encoder.set_color(ColorType::Grayscale);
        encoder.set_depth(BitDepth::Eight);
        encoder.set_compression(png::Compression::Fastest);
        let pixels: Vec<u8> =
            (0..FULL.area() as usize).map(|n| ((n / 2300) * seed + n % 2300 / 3) as u8).collect();
        encoder.write_header().and_then(|mut writer| writer.write_image_data(&pixels)).expect("written");
        file.set_modified(SystemTime::now() - Duration::from_secs(3600)).expect("set");
        settle(path);
    }

    struct Site {
        directory: tempfile::TempDir,
    }

    impl Site {
        fn new() -> Self {
            let directory = tempfile::tempdir().expect("a directory");
            fs::create_dir(directory.path().join("state")).expect("made");
            fs::create_dir(directory.path().join("masters")).expect("made");
            Self { directory }
        }

        fn master(&self, has_store: bool) -> Rc<Master> {
            let settings =
                StateSettings { directory: self.directory.path().join("state"), max_bytes: 1 << 30 };
            let store = has_store.then(|| IndexStore::open(&settings).expect("a store"));
            let masters = Masters::below(self.directory.path().join("masters"));
            let sources = Sources::open(&masters).expect("a directory");
            let bounds = Bounds { known: 1, known_bytes: 1 << 20 };
            OpenMasters::new(bounds, store).find(&sources, "a.png", |_| Ok(())).expect("a master")
        }

        fn saved(&self) -> Vec<std::path::PathBuf> {
            let entries = fs::read_dir(self.directory.path().join("state")).expect("a directory");
            let paths = entries.map(|entry| entry.expect("an entry").path());
            paths.filter(|path| path.extension().is_some_and(|suffix| suffix == "state")).collect()
        }
    }

    fn decoded(master: &Master) -> Raster {
        let window = Rect::new(100, 50, 400, 300);
        master.decode(&mut Decoder::default(), 1, window).expect("decoded")
    }

    #[test]
    fn it_is_the_same_whether_it_was_kept_or_not() {
        let site = Site::new();
        write(&site.directory.path().join("masters/a.png"), 7);
        let bare = site.master(false);
        assert_eq!(bare.description.levels[1].dimensions, Dimensions::new(1150, 950));
        let reader = |master: &Master| master.reader(1, || Rect::new(0, 0, 1, 1));
        let reduced = Reader::Reduced { at_once: false };
        assert_eq!(reader(&bare), reduced);
        let expected = decoded(&bare);
        let full: Raster = bare.decode(&mut Decoder::default(), 0, Rect::whole(FULL)).expect("decoded");
        let mean = |x: usize, y: usize| {
            let at = |x: usize, y: usize| u32::from(full.pixels[y * 2300 + x]);
            let (x, y) = (2 * (100 + x), 2 * (50 + y));
            ((at(x, y) + at(x + 1, y) + at(x, y + 1) + at(x + 1, y + 1) + 2) / 4) as u8
        };
        assert!(expected.pixels.iter().enumerate().all(|(n, sample)| *sample == mean(n % 400, n / 400)));
        let first = site.master(true);
        assert_eq!((reader(&first), decoded(&first) == expected), (reduced, true));
        let saved = site.saved();
        assert_eq!((saved.len(), reader(&site.master(true))), (1, Reader::Kept));
        let bytes = fs::read(&saved[0]).expect("there");
        assert!(decoded(&site.master(true)) == expected, "from the store");
        fs::write(&saved[0], &bytes[..bytes.len() / 2]).expect("written");
        assert!(decoded(&site.master(true)) == expected, "made again");
        assert!(fs::read(&saved[0]).expect("there") == bytes, "and saved again");
        // Another picture of the same name has its own.
        write(&site.directory.path().join("masters/a.png"), 5);
        assert!(decoded(&site.master(true)) == decoded(&site.master(false)));
        assert!(decoded(&site.master(true)) != expected);
    }

    fn check<S: Sample>(channels: Channels) {
        let dimensions = Dimensions::new(31, 17);
        let count = channels.count();
        let samples = (0..dimensions.area() as usize * count).map(|n| S::of((n * n * 37) as u32 & S::MAX));
        let raster = Raster { dimensions, channels, pixels: samples.collect() };
        let bytes = packed(&raster).expect("packed");
        assert_eq!(unpacked(&bytes, dimensions, count), Some(raster.pixels));
        assert_eq!(unpacked::<S>(&bytes, Dimensions::new(17, 31), count), None);
        assert_eq!(unpacked::<S>(&bytes, dimensions, count + 1), None);
        for length in 0..bytes.len() {
            assert_eq!(unpacked::<S>(&bytes[..length], dimensions, count), None, "{length}");
        }
    }

    #[test]
    fn what_is_saved_is_found_again() {
        for channels in [Channels::Gray, Channels::GrayAlpha, Channels::Rgb, Channels::Rgba] {
            check::<u8>(channels);
            check::<u16>(channels);
        }
        let eight = Raster::<u8>::new(Dimensions::new(2, 2), Channels::Gray);
        let bytes = packed(&eight).expect("packed");
        assert_eq!(unpacked::<u16>(&bytes, eight.dimensions, 1), None);
    }

    #[test]
    fn only_large_pictures_of_one_level_have_one() {
        let described = |width, height, tiled, count| Description {
            levels: vec![
                Level {
                    dimensions: Dimensions::new(width, height),
                    tile: Dimensions::new(width, 16),
                    tiled,
                    stored_as: None,
                    coding: Coding::of(Codec::Plain, 3),
                    sampling: Sampling::Boxes,
                    is_stored: true,
                };
                count
            ],
            orientation: crate::picture::Orientation::UPRIGHT,
            channels: Channels::Rgb,
            depth: Depth::Eight,
        };
        let size = |width, height, tiled, count| {
            level(&described(width, height, tiled, count)).map(|level| (level.dimensions, level.tile))
        };
        let some = |width, height, rows| Some((Dimensions::new(width, height), Dimensions::new(width, rows)));
        assert_eq!(size(10_000, 10_000, false, 1), some(1250, 1250, 16));
        assert_eq!(size(6000, 4000, false, 1), some(1500, 1000, 16));
        assert_eq!(size(2049, 2048, false, 1), some(1025, 1024, 16));
        assert_eq!(size(1_000_000, 10, false, 1), some(1954, 1, 1));
        assert_eq!(size(2000, 2000, false, 1), None, "too small");
        assert_eq!(size(10_000, 10_001, false, 1), None, "too large");
        assert_eq!(size(6000, 4000, true, 1), None, "tiles");
        assert_eq!(size(6000, 4000, false, 2), None, "there is one");
    }
}
