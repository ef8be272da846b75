//! A smaller picture of masters that have none: made of the whole of their only level by boxes when it is first asked
//! for, and kept, so that a thumbnail of a flat file costs once. It is a level like others, and what is shown of it comes
//! from it whether it was kept or is made anew: a response does not depend on what a worker remembers.

use super::{Decoder, Kind, Master, PictureKey};
use crate::error::MasterError;
use crate::picture::{Depth, Description, Dimensions, Level, Rect, Sampling};
use crate::raster::{AnyRaster, Boxes, Raster, Sample};

/// The longer side of it, at most, and more than half of that: enough for previews.
const SIDE: u32 = 2048;

/// Masters of fewer pixels have none: they are decoded in the time that a kept one takes to be looked up.
const LEAST_AREA: u64 = 4 << 20;

/// Masters of more pixels have none: nobody decodes them whole.
const MOST_AREA: u64 = 1 << 30;

/// About as many pixels are decoded at once.
const BAND_AREA: u32 = 1 << 19;

/// The most bytes of it: four samples of 16 bits.
const MOST_BYTES: usize = (SIDE as usize).pow(2) * 8;

/// How much zstd tries: three times as fast as the disk.
const LEVEL: i32 = 1;

/// The smaller picture of a master, if that is worth having.
pub(super) fn level(description: &Description) -> Option<Level> {
    let [full] = description.levels[..] else { return None };
    let Dimensions { width, height } = full.dimensions;
    if !(LEAST_AREA..=MOST_AREA).contains(&full.dimensions.area()) {
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
        if let Some(store) = self.store.as_ref().filter(|_| self.identity.is_settled())
            && let Some(bytes) = packed(&reduced)
        {
            store.save(&self.kept_as(), &self.identity, &bytes);
        }
        Ok(reduced)
    }

    /// Windows of the only level, top to bottom, that end between its pieces unless these are tall.
    fn bands(&self) -> impl Iterator<Item = Rect> + use<> {
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
