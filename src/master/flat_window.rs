//! Windows of flat masters: which way costs least, and what is kept on it for the next.

use super::{Decoder, Master};
use crate::description::Depth;
use crate::error::MasterError;
use crate::flat;
use crate::geometry::Rect;
use crate::raster::{AnyRaster, Raster, Sample};

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
        let whole = self.description.levels[level].dimensions.area();
        let is_there = matches!(decoder.indices.find(&self.identity), Some(Some(_)));
        picture.has_windows(level)
            && (window.dimensions().area() <= whole / 2 || whole > flat::MAX_AREA || is_there)
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
            self.map.announce(&[(0, self.identity.size)]);
            let index = flat::Index::build(bytes);
            self.map.check()?;
            let bytes = index.as_ref().map_or(0, flat::Index::bytes);
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
