//! Colour as screens show it: pixels of any ICC profile converted to sRGB, inks to light.
//! Pure. ICC.1:2022 (relative colorimetric intent), by `moxcms`.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use moxcms::{ColorProfile, DataColorSpace, Layout, RenderingIntent, TransformExecutor, TransformOptions};

use super::Raster;
use crate::description::Channels;

/// Making a transform costs as much as converting ten tiles, or a hundred for inks, so some are kept.
const KEPT: usize = 8;

/// Profiles of more bytes are not looked at; the largest printing profiles have 3 MB.
const MAX_PROFILE: usize = 4 << 20;

/// Differences up to this between a profile and sRGB are rounding: the pixels stay what they are.
const SAME: u8 = 1;

/// Converts rasters to sRGB; keeps the transforms of the profiles that it met last.
#[derive(Default)]
pub struct Converter {
    /// Most recently used last. `None` stands for a profile that is broken or of another kind than the pixels.
    kept: Vec<(u64, Option<Conversion>)>,
}

/// What makes sRGB of the pixels of one profile.
#[derive(Clone)]
enum Conversion {
    /// They are sRGB.
    Nothing,
    /// Gray stays gray, on another curve.
    Curve(Arc<[u8; 256]>),
    /// Any number of channels to RGB.
    Transform(Arc<dyn TransformExecutor<u8> + Send + Sync>),
}

impl Converter {
    /// The raster in sRGB. Without a usable profile RGB and gray are taken for sRGB, and inks for ideal ones.
    /// A profile that is broken, or is not for such pixels, is ignored, with one line in the log.
    pub fn to_srgb(&mut self, raster: Raster, profile: Option<&[u8]>) -> Raster {
        match profile.and_then(|profile| self.conversion(profile, raster.channels)) {
            Some(Conversion::Curve(curve)) => curved(raster, &curve),
            Some(Conversion::Transform(transform)) => transformed(raster, transform.as_ref()),
            Some(Conversion::Nothing) | None => without_inks(raster),
        }
    }

    /// Whether pixels of this profile are sent as they are.
    pub fn changes_nothing(&mut self, profile: &[u8], channels: Channels) -> bool {
        matches!(self.conversion(profile, channels), Some(Conversion::Nothing) | None)
            && channels != Channels::Cmyk
    }

    fn conversion(&mut self, profile: &[u8], channels: Channels) -> Option<Conversion> {
        let mut hasher = DefaultHasher::new();
        (profile, channels).hash(&mut hasher);
        let key = hasher.finish();
        let entry = match self.kept.iter().position(|(kept, _)| *kept == key) {
            Some(index) => self.kept.remove(index),
            None => (key, understood(profile, channels)),
        };
        if self.kept.len() == KEPT {
            self.kept.remove(0);
        }
        let conversion = entry.1.clone();
        self.kept.push(entry);
        conversion
    }
}

/// The conversion that a profile describes, or `None` and a line in the log.
fn understood(profile: &[u8], channels: Channels) -> Option<Conversion> {
    // Profiles come from anywhere, and the library has panics for what it does not expect.
    let outcome = catch_unwind(AssertUnwindSafe(|| conversion(profile, channels)));
    match outcome.unwrap_or_else(|_| Err("it makes the colour library panic".to_owned())) {
        Ok(conversion) => Some(conversion),
        Err(reason) => {
            log::warn!("an ICC profile of {} bytes is ignored: {reason}", profile.len());
            None
        }
    }
}

fn conversion(bytes: &[u8], channels: Channels) -> Result<Conversion, String> {
    if bytes.len() > MAX_PROFILE {
        return Err("too long".to_owned());
    }
    let profile = ColorProfile::new_from_slice(bytes).map_err(|error| error.to_string())?;
    let (from, to) = match (profile.color_space, channels) {
        (DataColorSpace::Gray, Channels::Gray | Channels::GrayAlpha) => (Layout::Gray, Layout::Rgb),
        (DataColorSpace::Rgb, Channels::Rgb) => (Layout::Rgb, Layout::Rgb),
        (DataColorSpace::Rgb, Channels::Rgba) => (Layout::Rgba, Layout::Rgba),
        (DataColorSpace::Cmyk, Channels::Cmyk) => (Layout::Rgba, Layout::Rgb),
        (space, channels) => return Err(format!("it is for {space:?}, the pixels are {channels:?}")),
    };
    let options =
        TransformOptions { rendering_intent: RenderingIntent::RelativeColorimetric, ..Default::default() };
    let transform = profile
        .create_transform_8bit(from, &ColorProfile::new_srgb(), to, options)
        .map_err(|error| error.to_string())?;
    match from {
        Layout::Gray => gray_curve(transform.as_ref()),
        _ if is_srgb(transform.as_ref(), channels)? => Ok(Conversion::Nothing),
        _ => Ok(Conversion::Transform(transform)),
    }
}

/// The 256 grays, converted. Gray has no hue, so any channel of the result tells the curve.
fn gray_curve(transform: &(dyn TransformExecutor<u8> + Send + Sync)) -> Result<Conversion, String> {
    let grays: Vec<u8> = (0..=255).collect();
    let mut colours = [0; 256 * 3];
    transform.transform(&grays, &mut colours).map_err(|error| error.to_string())?;
    let mut curve = [0; 256];
    for (gray, colour) in curve.iter_mut().zip(colours.as_chunks::<3>().0) {
        *gray = colour[1];
    }
    Ok(Conversion::Curve(Arc::new(curve)))
}

/// Whether a transform leaves a grid of colours where they are: most profiles in masters are sRGB by some name.
fn is_srgb(
    transform: &(dyn TransformExecutor<u8> + Send + Sync),
    channels: Channels,
) -> Result<bool, String> {
    if channels == Channels::Cmyk {
        return Ok(false);
    }
    let steps = || (0..=255u8).step_by(17);
    let colours = steps().flat_map(|r| steps().flat_map(move |g| steps().map(move |b| [r, g, b, 255])));
    let before: Vec<u8> = colours.flat_map(|colour| colour.into_iter().take(channels.count())).collect();
    let mut after = vec![0; before.len()];
    transform.transform(&before, &mut after).map_err(|error| error.to_string())?;
    Ok(before.iter().zip(&after).all(|(before, after)| before.abs_diff(*after) <= SAME))
}

fn curved(mut raster: Raster, curve: &[u8; 256]) -> Raster {
    for pixel in raster.pixels.chunks_exact_mut(raster.channels.count()) {
        pixel[0] = curve[usize::from(pixel[0])];
    }
    raster
}

fn transformed(raster: Raster, transform: &(dyn TransformExecutor<u8> + Send + Sync)) -> Raster {
    let channels = if raster.channels == Channels::Cmyk { Channels::Rgb } else { raster.channels };
    let mut output = Raster::new(raster.dimensions, channels);
    match transform.transform(&raster.pixels, &mut output.pixels) {
        Ok(()) => output,
        Err(error) => {
            log::error!("a colour transform failed: {error}");
            without_inks(raster)
        }
    }
}

/// Inks to light as if each took away its colour and nothing else: what TIFF 6.0 section 16 leaves to the reader.
fn without_inks(raster: Raster) -> Raster {
    if raster.channels != Channels::Cmyk {
        return raster;
    }
    let light = |ink: u8, black: u8| ((u32::from(255 - ink) * u32::from(255 - black) + 127) / 255) as u8;
    let pixels = raster.pixels.as_chunks::<4>().0.iter();
    let pixels = pixels.flat_map(|&[c, m, y, k]| [light(c, k), light(m, k), light(y, k)]).collect();
    Raster { dimensions: raster.dimensions, channels: Channels::Rgb, pixels }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Dimensions;

    fn one(channels: Channels, pixel: &[u8]) -> Raster {
        Raster { dimensions: Dimensions::new(1, 1), channels, pixels: pixel.to_vec() }
    }

    fn encoded(profile: &ColorProfile) -> Vec<u8> {
        profile.encode().expect("a profile that can be written")
    }

    #[test]
    fn srgb_by_any_name_changes_nothing() {
        let profile = encoded(&ColorProfile::new_srgb());
        for (channels, pixel) in [(Channels::Rgb, &[1, 120, 250][..]), (Channels::Rgba, &[9, 8, 7, 6])] {
            assert_eq!(
                Converter::default().to_srgb(one(channels, pixel), Some(&profile)),
                one(channels, pixel)
            );
        }
    }

    #[test]
    fn wider_colours_move_outwards_and_gray_stays_gray() {
        let profile = encoded(&ColorProfile::new_adobe_rgb());
        let mut converter = Converter::default();
        // Adobe RGB (1998) of this green is sRGB's brightest and beyond; the neutral axis is the same.
        let green = converter.to_srgb(one(Channels::Rgb, &[100, 200, 100]), Some(&profile)).pixels;
        assert!(green[0] < 60 && green[1] >= 199, "{green:?}");
        let gray = converter.to_srgb(one(Channels::Rgb, &[128, 128, 128]), Some(&profile)).pixels;
        assert!(gray.iter().all(|value| value.abs_diff(gray[0]) <= 1), "{gray:?}");
        let profile = encoded(&ColorProfile::new_gray_with_gamma(1.0));
        let gray = converter.to_srgb(one(Channels::GrayAlpha, &[55, 7]), Some(&profile));
        // Linear 55/255 is 0.2157; sRGB encodes it as 128.
        assert!(gray.pixels[0].abs_diff(128) <= 1 && gray.pixels[1] == 7, "{gray:?}");
    }

    #[test]
    fn broken_profiles_and_those_of_other_pixels_are_ignored() {
        let mut converter = Converter::default();
        let right = encoded(&ColorProfile::new_adobe_rgb());
        let pixel = one(Channels::Rgb, &[100, 200, 100]);
        for length in (0..right.len()).step_by(7) {
            converter.to_srgb(pixel.clone(), Some(&right[..length]));
            let mut bent = right.clone();
            bent[length] ^= 0x55;
            converter.to_srgb(pixel.clone(), Some(&bent));
        }
        let gray = one(Channels::Gray, &[100]);
        assert_eq!(converter.to_srgb(gray.clone(), Some(&right)), gray);
        assert_eq!(
            converter.to_srgb(one(Channels::Cmyk, &[0, 255, 0, 0]), Some(&right)).pixels,
            [255, 0, 255]
        );
        assert!(converter.kept.len() <= KEPT);
    }
}
