//! All choices about a derivative, made from plain values: a request, the description of a master, settings.
//! Nothing here can fail or touches a pixel. Whatever carries out a [`Plan`] needs nothing else of the request, and
//! `recto render --plan` prints it. Where a choice depends on bytes of the file, the plan names a preference and its
//! fallback: [`Colours::WithProfile`], [`PassThrough`].

mod budget;
mod cost;
mod display;
mod hindrances;
mod scaling;

use super::{Colour, Profile, Rendering};
use crate::encode::Encodings;
use crate::encode::StreamFormat;
use crate::master::Reader;
use crate::metadata::Policy;
use crate::picture::{
    Channels, Coding, Depth, Derivative, Description, Dimensions, Format, Orientation, Quality, StoredAs,
    Tile,
};
pub use cost::{Class, Cost};
pub use scaling::{Band, Scaling};

/// Larger pictures are written while they are made, if the format allows it: 6 MB of RGB.
const WHOLE_AREA: u64 = 2 << 20;

/// All choices about one derivative, in the order in which they are carried out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plan {
    /// The tile to send as it is stored, if its bytes allow it; otherwise, or without one, pixels are decoded.
    pub pass_through: Option<PassThrough>,
    /// The decoder of those pixels.
    pub reader: Reader,
    /// How those pixels are stored.
    pub coding: Coding,
    /// The pixels that are decoded, and how they are scaled.
    pub scaling: Scaling,
    /// What they hold.
    pub channels: Channels,
    /// The bits of their samples, from the master to the file.
    pub depth: Depth,
    /// The colours in which they are sent.
    pub colours: Colours,
    /// What turns the scaled picture, which lies as stored, into the orientation asked for.
    pub turn: Orientation,
    /// Degrees by which it is turned clockwise after that, less than 90; the corners that this adds are empty.
    pub tilt: f64,
    /// The quality to give it.
    pub quality: Quality,
    /// Red, green and blue of what shows where the picture is empty or transparent. None if it may stay transparent.
    pub paper: Option<[u8; 3]>,
    /// Which metadata of the master the file carries on. Nothing for parts of it: a tile must stay small.
    pub metadata: Option<Policy>,
    /// The format to write.
    pub format: Format,
    /// How each format is written.
    pub encodings: Encodings,
    /// What writes the file while the picture is made, so that it is never held as a whole; if nothing, it is written
    /// at once.
    pub stream: Option<StreamFormat>,
}

/// In what colours pixels are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colours {
    /// In sRGB, converted from the profile of the level, if it has one.
    Srgb,
    /// As they are stored, with the profile, if that has no more than so many bytes and is one for such pixels; otherwise
    /// as [`Colours::Srgb`].
    WithProfile {
        /// Most bytes of the profile.
        longest: usize,
    },
    /// As they are stored, whatever the profile says.
    AsStored,
}

/// A stored tile that is exactly the picture, in the format that is asked for.
///
/// Whether it is sent depends on its bytes: they must be a whole file of their kind with the pixels that the level
/// promises, in colours that need no conversion, and not much longer than a new file would be; what is turned, cut or
/// made gray must come out even, and what has to be carried must fit in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PassThrough {
    /// Which one.
    pub tile: Tile,
    /// Its longest length, as a multiple of the estimated length of a new encoding.
    pub growth: f64,
}

impl Plan {
    /// The plan for a request on a master; `reader` gives what decodes it.
    pub fn new(
        derivative: &Derivative,
        description: &Description,
        reader: impl FnOnce(&Scaling) -> Reader,
        settings: &Rendering,
    ) -> Self {
        let Derivative { quality, format, .. } = *derivative;
        let scaling = Scaling::new(description, derivative.region, derivative.size);
        let is_opaque = !format.has_alpha() || quality == Quality::Bitonal;
        let is_whole = derivative.region.dimensions() == description.dimensions();
        let level = &description.levels[scaling.level];
        let plan = Self {
            pass_through: None,
            reader: reader(&scaling),
            coding: level.coding,
            scaling,
            channels: description.channels,
            depth: match quality {
                Quality::Bitonal => Depth::Eight,
                _ => description.depth.min(settings.encodings.deepest(format)),
            },
            colours: Colours::new(quality, format, description.channels, settings.colour),
            turn: description.orientation.then(derivative.orientation),
            tilt: derivative.tilt.to_f64(),
            quality,
            paper: is_opaque.then_some(settings.offer.background),
            metadata: Some(settings.metadata)
                .filter(|carry| is_whole && (carry.copyright || carry.exif || carry.xmp)),
            format,
            encodings: settings.encodings,
            stream: None,
        };
        Self {
            pass_through: plan.pass_through(level.stored_as, settings.tiles.pass_through),
            stream: plan.stream(),
            ..plan
        }
    }

    /// The size of the picture when it is turned.
    pub fn canvas(&self) -> Dimensions {
        self.turn.apply_to_size(self.scaling.output()).tilted(self.tilt)
    }

    /// Whether the picture has to be there as a whole before it can be turned: its rows are not the rows that were
    /// made.
    pub fn turns_rows(&self) -> bool {
        self.turn.quarters != 0 || self.tilt != 0.0
    }

    fn pass_through(&self, stored_as: Option<StoredAs>, growth: f64) -> Option<PassThrough> {
        let same_format = match (stored_as?, self.format) {
            (StoredAs::Jpeg, Format::Jpg) => matches!(self.quality, Quality::Default | Quality::Gray),
            (StoredAs::WebP, Format::Webp) => self.quality == Quality::Default,
            _ => false,
        };
        let may_be_sent = same_format && self.tilt == 0.0 && growth > 0.0;
        let tile = if may_be_sent { self.scaling.exact_tile()? } else { return None };
        Some(PassThrough { tile, growth })
    }

    fn stream(&self) -> Option<StreamFormat> {
        let is_large = self.scaling.output().area() > WHOLE_AREA;
        StreamFormat::of(self.format, &self.encodings).filter(|_| is_large && !self.turns_rows())
    }
}

impl Colours {
    fn new(quality: Quality, format: Format, channels: Channels, settings: Colour) -> Self {
        match settings.profile {
            Profile::Strip => Self::AsStored,
            Profile::Keep if holds_profile(quality, format, channels) => {
                Self::WithProfile { longest: settings.longest_kept }
            }
            Profile::Keep | Profile::Srgb => Self::Srgb,
        }
    }
}

/// Whether a file can have the ICC profile of a master of these channels: the picture is in the colours, or grays, that
/// the master has.
fn holds_profile(quality: Quality, format: Format, channels: Channels) -> bool {
    let same = match quality {
        Quality::Default | Quality::Color => channels != Channels::Cmyk,
        Quality::Gray => !channels.has_colour(),
        Quality::Bitonal => false,
    };
    same && format.holds_profile(channels.has_colour())
}

#[cfg(test)]
mod tests;
