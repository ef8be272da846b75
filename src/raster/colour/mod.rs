//! Colour as screens show it: pixels of any ICC profile converted to sRGB, inks to light.
//! Pure. ICC.1:2022 (relative colorimetric intent), by `moxcms`.

mod profile;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use moxcms::{CmsError, TransformExecutor};

use super::{Raster, Sample};
use crate::error::Stopped;
use crate::lru::Lru;
use crate::picture::Channels;
use crate::watch::Watch;
pub(super) use profile::Transform;
pub(crate) use profile::{described, written};

/// Making a transform costs as much as converting ten tiles, or a hundred for inks, so this many are cached.
const MAX_CACHED: usize = 8;

/// Pixels that are transformed between two questions whether to go on: some milliseconds, and more than a tile has.
const PIXELS: usize = 1 << 17;

/// Converts rasters to sRGB; caches the transforms of the last profiles.
pub struct Converter {
    eight: Cached<u8>,
    sixteen: Cached<u16>,
}

impl Default for Converter {
    fn default() -> Self {
        Self { eight: Lru::new(MAX_CACHED, usize::MAX), sixteen: Lru::new(MAX_CACHED, usize::MAX) }
    }
}

/// A sample whose colours can be converted.
pub trait Convertible: Sample {
    /// The colour library's transform for samples of this depth.
    #[doc(hidden)]
    fn transform(of: &Transform) -> Result<Executor<Self>, CmsError>;

    /// Where the conversions of this depth are cached.
    #[doc(hidden)]
    fn cached(converter: &mut Converter) -> &mut Cached<Self>;
}

impl Convertible for u8 {
    fn transform(of: &Transform) -> Result<Executor<Self>, CmsError> {
        of.profile.create_transform_8bit(of.from, &of.target, of.to, of.options)
    }

    fn cached(converter: &mut Converter) -> &mut Cached<Self> {
        &mut converter.eight
    }
}

impl Convertible for u16 {
    fn transform(of: &Transform) -> Result<Executor<Self>, CmsError> {
        of.profile.create_transform_16bit(of.from, &of.target, of.to, of.options)
    }

    fn cached(converter: &mut Converter) -> &mut Cached<Self> {
        &mut converter.sixteen
    }
}

/// Conversions by the hash of their profile, and the channels of the pixels; most recently used last. `None` stands for a
/// profile that is broken or of another kind than the pixels.
pub(super) type Cached<S> = Lru<u64, Option<Conversion<S>>>;

/// The colour library's form of a [`Transform`].
pub(super) type Executor<S> = Arc<dyn TransformExecutor<S> + Send + Sync>;

/// A conversion of pixels to sRGB, determined once and then applied to band after band.
#[derive(Clone)]
pub enum Conversion<S> {
    /// They are sRGB, or taken for it, or ideal inks.
    Nothing,
    /// Gray stays gray, on another curve: a table for each sample.
    Curve(Arc<[S]>),
    /// Any number of channels to RGB.
    Transform(Executor<S>),
}

impl Converter {
    /// The conversion of pixels of these channels to sRGB. Without a usable profile RGB and gray are taken for sRGB,
    /// and inks for ideal ones. A profile that is broken, or is not for such pixels, is ignored, with one line in the
    /// log.
    pub fn conversion<S: Convertible>(
        &mut self,
        profile: Option<&[u8]>,
        channels: Channels,
    ) -> Conversion<S> {
        profile.and_then(|profile| self.find(profile, channels)).unwrap_or(Conversion::Nothing)
    }

    /// Whether a profile can be read and is for such pixels. If not, a line in the log says why.
    pub fn knows(&mut self, profile: &[u8], channels: Channels) -> bool {
        self.find::<u8>(profile, channels).is_some()
    }

    /// Whether pixels of this profile are sent as they are.
    pub fn changes_nothing(&mut self, profile: &[u8], channels: Channels) -> bool {
        matches!(self.find::<u8>(profile, channels), Some(Conversion::Nothing) | None)
            && channels != Channels::Cmyk
    }

    /// The conversion of a profile, which is cached. That computes its hash, over megabytes for some inks.
    fn find<S: Convertible>(&mut self, profile: &[u8], channels: Channels) -> Option<Conversion<S>> {
        let mut hasher = DefaultHasher::new();
        (profile, channels).hash(&mut hasher);
        let (key, cached) = (hasher.finish(), S::cached(self));
        if let Some(conversion) = cached.get(&key) {
            return conversion.clone();
        }
        let conversion = profile::understood(profile, channels);
        cached.insert(key, conversion.clone(), 0);
        conversion
    }
}

impl<S: Sample> Conversion<S> {
    /// The raster, of the channels that this was made for, in sRGB.
    ///
    /// # Errors
    /// [`Stopped`] if `watch` ends the work.
    pub fn apply(&self, raster: Raster<S>, watch: &Watch) -> Result<Raster<S>, Stopped> {
        match self {
            Self::Curve(curve) => Ok(curved(raster, curve)),
            Self::Transform(transform) => transformed(raster, transform.as_ref(), watch),
            Self::Nothing => Ok(without_inks(raster)),
        }
    }
}

fn curved<S: Sample>(mut raster: Raster<S>, curve: &[S]) -> Raster<S> {
    for pixel in raster.pixels.chunks_exact_mut(raster.channels.count()) {
        pixel[0] = curve[pixel[0].number() as usize];
    }
    raster
}

fn transformed<S: Sample>(
    raster: Raster<S>,
    transform: &dyn TransformExecutor<S>,
    watch: &Watch,
) -> Result<Raster<S>, Stopped> {
    let channels = if raster.channels == Channels::Cmyk { Channels::Rgb } else { raster.channels };
    let mut output = Raster::new(raster.dimensions, channels);
    let from = raster.pixels.chunks(PIXELS * raster.channels.count());
    for (from, to) in from.zip(output.pixels.chunks_mut(PIXELS * channels.count())) {
        watch.check()?;
        if let Err(error) = transform.transform(from, to) {
            log::error!("a colour transform failed: {error}");
            return Ok(without_inks(raster));
        }
    }
    Ok(output)
}

/// Inks to light as if each took away its colour and nothing else: TIFF 6.0 section 16 leaves this to the reader.
fn without_inks<S: Sample>(raster: Raster<S>) -> Raster<S> {
    if raster.channels != Channels::Cmyk {
        return raster;
    }
    let pixels = raster.pixels.as_chunks::<4>().0.iter();
    let pixels = pixels.flat_map(|&[c, m, y, k]| [c, m, y].map(|ink| light(ink, k))).collect();
    Raster { dimensions: raster.dimensions, channels: Channels::Rgb, pixels }
}

/// Light that an ink and black leave of a channel.
pub fn light<S: Sample>(ink: S, black: S) -> S {
    S::of(((S::MAX - ink.number()) * (S::MAX - black.number()) + S::MAX / 2) / S::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::Dimensions;
    use moxcms::ColorProfile;

    fn one(channels: Channels, pixel: &[u8]) -> Raster {
        Raster { dimensions: Dimensions::new(1, 1), channels, pixels: pixel.to_vec() }
    }

    fn srgb(converter: &mut Converter, raster: Raster, profile: Option<&[u8]>) -> Raster {
        converter
            .conversion(profile, raster.channels)
            .apply(raster, &Watch::unlimited())
            .expect("not stopped")
    }

    fn encoded(profile: &ColorProfile) -> Vec<u8> {
        profile.encode().expect("a profile that can be written")
    }

    #[test]
    fn srgb_by_any_name_changes_nothing() {
        let profile = encoded(&ColorProfile::new_srgb());
        for (channels, pixel) in [(Channels::Rgb, &[1, 120, 250][..]), (Channels::Rgba, &[9, 8, 7, 6])] {
            assert_eq!(
                srgb(&mut Converter::default(), one(channels, pixel), Some(&profile)),
                one(channels, pixel)
            );
        }
    }

    #[test]
    fn wider_colours_move_outwards_and_gray_stays_gray() {
        let profile = encoded(&ColorProfile::new_adobe_rgb());
        let mut converter = Converter::default();
        // Adobe RGB (1998) of this green is sRGB's brightest and beyond; the neutral axis is the same.
        let green = srgb(&mut converter, one(Channels::Rgb, &[100, 200, 100]), Some(&profile)).pixels;
        assert!(green[0] < 60 && green[1] >= 199, "{green:?}");
        let gray = srgb(&mut converter, one(Channels::Rgb, &[128, 128, 128]), Some(&profile)).pixels;
        assert!(gray.iter().all(|value| value.abs_diff(gray[0]) <= 1), "{gray:?}");
        let profile = encoded(&ColorProfile::new_gray_with_gamma(1.0));
        let gray = srgb(&mut converter, one(Channels::GrayAlpha, &[55, 7]), Some(&profile));
        // Linear 55/255 is 0.2157; sRGB encodes it as 128.
        assert!(gray.pixels[0].abs_diff(128) <= 1 && gray.pixels[1] == 7, "{gray:?}");
    }

    #[test]
    fn broken_profiles_and_those_of_other_pixels_are_ignored() {
        let mut converter = Converter::default();
        let right = encoded(&ColorProfile::new_adobe_rgb());
        let pixel = one(Channels::Rgb, &[100, 200, 100]);
        for length in (0..right.len()).step_by(7) {
            srgb(&mut converter, pixel.clone(), Some(&right[..length]));
            let mut bent = right.clone();
            bent[length] ^= 0x55;
            srgb(&mut converter, pixel.clone(), Some(&bent));
        }
        let gray = one(Channels::Gray, &[100]);
        assert_eq!(srgb(&mut converter, gray.clone(), Some(&right)), gray);
        assert_eq!(
            srgb(&mut converter, one(Channels::Cmyk, &[0, 255, 0, 0]), Some(&right)).pixels,
            [255, 0, 255]
        );
        assert!(converter.eight.iter().len() <= MAX_CACHED);
    }
}
