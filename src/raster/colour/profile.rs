//! ICC profiles: what conversion one describes, and the bytes of one that is made here.
//! Pure. ICC.1:2022, by `moxcms`.

use std::panic::{AssertUnwindSafe, catch_unwind};

use moxcms::{
    ColorProfile, DataColorSpace, Layout, ProfileText, RenderingIntent, TransformExecutor, TransformOptions,
};

use super::{Conversion, Convertible};
use crate::picture::Channels;
use crate::raster::Sample;

/// Profiles of more bytes are not read; the largest printing profiles have 3 MB.
const MAX_PROFILE: usize = 4 << 20;

/// Where the header of a profile has the time at which it was made (ICC.1:2022 section 7.2.1).
const DATE: std::ops::Range<usize> = 24..36;

/// Differences up to this, of 255, between a profile and sRGB are rounding: the pixels stay what they are.
const SAME: u8 = 1;

/// From one colour space to another, for samples of any depth.
pub struct Transform {
    pub(super) profile: ColorProfile,
    pub(super) from: Layout,
    pub(super) target: ColorProfile,
    pub(super) to: Layout,
    pub(super) options: TransformOptions,
}

/// The conversion that a profile describes, or `None` and a line in the log.
pub(super) fn understood<S: Convertible>(profile: &[u8], channels: Channels) -> Option<Conversion<S>> {
    // Profiles are untrusted input, and the library panics on unexpected values.
    let outcome = catch_unwind(AssertUnwindSafe(|| conversion(profile, channels)));
    match outcome.unwrap_or_else(|_| Err("it makes the colour library panic".to_owned())) {
        Ok(conversion) => Some(conversion),
        Err(reason) => {
            log::warn!("an ICC profile of {} bytes is ignored: {reason}", profile.len());
            None
        }
    }
}

/// The bytes of a profile that is made here: the same at any time, so that it is recognised, and as version 4 requires,
/// its white that of the connection space and its length a multiple of 4. None if it cannot be written.
pub(crate) fn written(mut profile: ColorProfile) -> Option<Vec<u8>> {
    (profile.media_white_point, profile.chromatic_adaptation) = (Some(profile.white_point), None);
    let mut bytes = profile.encode().ok()?;
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    let length = u32::try_from(bytes.len()).ok()?;
    bytes.get_mut(..4)?.copy_from_slice(&length.to_be_bytes());
    bytes.get_mut(DATE)?.copy_from_slice(&[0x07, 0xea, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0]);
    Some(bytes)
}

/// What a profile calls itself, if it can be read and says so.
pub(crate) fn described(profile: &[u8]) -> Option<String> {
    let read = || ColorProfile::new_from_slice(profile).ok()?.description;
    let text = catch_unwind(AssertUnwindSafe(read)).ok().flatten()?;
    let text = match text {
        ProfileText::PlainString(text) => text,
        ProfileText::Localizable(texts) => texts.into_iter().next()?.value,
        ProfileText::Description(text) => text.ascii_string,
    };
    Some(text.trim_matches(['\0', ' ']).to_owned()).filter(|text| !text.is_empty())
}

fn conversion<S: Convertible>(bytes: &[u8], channels: Channels) -> Result<Conversion<S>, String> {
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
    let transform = Transform { profile, from, target: ColorProfile::new_srgb(), to, options };
    let executor = || S::transform(&transform).map_err(|error| error.to_string());
    match from {
        Layout::Gray => gray_curve(executor()?.as_ref()),
        _ if is_srgb(&transform, channels)? => Ok(Conversion::Nothing),
        _ => Ok(Conversion::Transform(executor()?)),
    }
}

/// All grays, converted. Gray has no hue, so any channel of the result gives the curve.
fn gray_curve<S: Sample>(transform: &dyn TransformExecutor<S>) -> Result<Conversion<S>, String> {
    let grays: Vec<S> = (0..=S::MAX).map(S::of).collect();
    let mut colours = vec![S::default(); grays.len() * 3];
    transform.transform(&grays, &mut colours).map_err(|error| error.to_string())?;
    Ok(Conversion::Curve(colours.as_chunks::<3>().0.iter().map(|colour| colour[1]).collect()))
}

/// Whether a transform leaves a grid of colours where they are: most profiles in masters are sRGB by some name.
/// Compared with 8 bits, whatever the depth of the pixels, so that all formats show the same.
fn is_srgb(transform: &Transform, channels: Channels) -> Result<bool, String> {
    if channels == Channels::Cmyk {
        return Ok(false);
    }
    let transform = u8::transform(transform).map_err(|error| error.to_string())?;
    let steps = || (0..=255u8).step_by(17);
    let colours = steps().flat_map(|r| steps().flat_map(move |g| steps().map(move |b| [r, g, b, 255])));
    let before: Vec<u8> = colours.flat_map(|colour| colour.into_iter().take(channels.count())).collect();
    let mut after = vec![0; before.len()];
    transform.transform(&before, &mut after).map_err(|error| error.to_string())?;
    Ok(before.iter().zip(&after).all(|(before, after)| before.abs_diff(*after) <= SAME))
}
