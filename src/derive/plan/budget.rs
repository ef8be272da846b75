//! What a plan may take: pixels of the master that are decoded, and memory.

use super::Plan;
use crate::derive::Rendering;
use crate::error::{Error, MENDED_BY, MasterError};
use crate::master::Reader;
use crate::picture::{Format, Orientation};

impl Plan {
    /// Pixels of the master that are decoded: all of the level of which a smaller picture is made, unless that is kept.
    pub(super) fn decoded_area(&self) -> u64 {
        match self.reader {
            Reader::Kept => self.scaling.level_dimensions.area(),
            _ => self.scaling.source_area(),
        }
    }

    /// The plan itself, if it takes no more than one request may.
    ///
    /// # Errors
    /// [`Error::Master`] with the command that makes a pyramid, of which less would be decoded, if decoding takes too
    /// much; [`Error::Request`] if only this format, turn or size does.
    pub fn within(self, settings: &Rendering) -> Result<Self, Error> {
        self.check_area(settings)?;
        self.check_memory(settings)?;
        Ok(self)
    }

    fn check_area(&self, settings: &Rendering) -> Result<(), MasterError> {
        let (area, most) = (self.decoded_area(), settings.max_source_area);
        if area <= most.get() {
            return Ok(());
        }
        Err(MasterError::TooLarge(format!(
            "{} megapixels of its level of {} pixels, in pieces of {}, would have to be decoded, and [limits] \
             max_source_area is {most}; give it tiles and smaller levels: {MENDED_BY}",
            area.div_ceil(1_000_000),
            self.scaling.level_dimensions,
            self.scaling.piece,
        )))
    }

    fn check_memory(&self, settings: &Rendering) -> Result<(), Error> {
        let (bytes, most) = (self.cost().bytes, settings.memory);
        if bytes <= most {
            return Ok(());
        }
        let megabytes = |bytes: u64| bytes.div_ceil(1 << 20);
        let (least, limit) = (self.least_bytes(), megabytes(most));
        if least > most {
            let (size, needed) = (self.scaling.level_dimensions, megabytes(least));
            return Err(MasterError::TooLarge(format!(
                "its level of {size} pixels takes {needed} MB to decode, and [limits] memory is {limit} MB; give it tiles and smaller levels: {MENDED_BY}"
            ))
            .into());
        }
        let (parameter, remedy) = self.remedy(most);
        let needed = megabytes(bytes);
        Err(Error::request(
            parameter,
            format!("this picture takes {needed} MB to make, and {limit} MB is the limit here: {remedy}"),
        ))
    }

    /// What a client may ask for instead, and in which parameter.
    fn remedy(&self, most: u64) -> (&'static str, &'static str) {
        let fits = |other: Self| Self { stream: other.stream(), ..other }.cost().bytes <= most;
        match () {
            () if fits(Self { format: Format::Jpg, ..*self }) => ("format", "jpg takes less"),
            () if fits(Self { turn: Orientation::UPRIGHT, tilt: 0.0, ..*self }) => {
                ("rotation", "as it lies it takes less")
            }
            () => ("size", "a smaller one takes less"),
        }
    }
}
