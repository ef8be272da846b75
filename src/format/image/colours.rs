//! The colours of samples without an ICC profile whose file declares in another way that they are not sRGB: made into a
//! profile, so that all are handled alike from here on.
//! Pure. PNG (third edition) section 4.3 and 11.3.2; ITU-T H.273; EXIF 2.32 section 4.6.5 and DCF 2.0.

use moxcms::{
    Chromaticity, CicpColorPrimaries, CicpProfile, ColorPrimaries, ColorProfile, MatrixCoefficients,
    ToneReprCurve, TransferCharacteristics, XyY,
};
use png::{CodingIndependentCodePoints, Info, ScaledFloat, SourceChromaticities};

use crate::metadata::is_adobe_rgb;
use crate::picture::Channels;
use crate::raster::written;

/// The gamma that PNG uses for the curve of sRGB; encoders write it with more or fewer digits.
const SRGB_GAMMA: f32 = 1.0 / 2.2;

/// White, red, green and blue of sRGB: x and y.
const SRGB_CHROMATICITIES: [(f32, f32); 4] = [(0.3127, 0.3290), (0.64, 0.33), (0.30, 0.60), (0.15, 0.06)];

/// Numbers this near are the same, rounded.
const NEAR: f32 = 0.001;

/// Gammas beyond these are damaged.
const GAMMAS: std::ops::RangeInclusive<f32> = 0.1..=10.0;

/// A profile that EXIF stands for: that of Adobe RGB, or none.
pub(crate) fn of_exif(exif: Option<&[u8]>, channels: Channels) -> Option<Vec<u8>> {
    let is_rgb = matches!(channels, Channels::Rgb | Channels::Rgba);
    exif.filter(|exif| is_rgb && is_adobe_rgb(exif))?;
    written(ColorProfile::new_adobe_rgb())
}

/// Whether chunks of a PNG declare its colours.
pub(super) fn are_declared(info: &Info) -> bool {
    let is_pure = info.srgb.is_none() && info.gama_chunk.is_none() && info.chrm_chunk.is_none();
    !is_pure || info.icc_profile.is_some() || info.coding_independent_code_points.is_some()
}

/// Logs a line if cICP cannot be used.
pub(super) fn complain(info: &Info, channels: Channels) {
    if let Some(stated) =
        info.coding_independent_code_points.filter(|t| of_code_points(*t, channels).is_none())
    {
        log::warn!(
            "cICP of a PNG is ignored: only known colours of full range up to white are read, not {stated:?}"
        );
    }
}

/// The profile of a PNG, by the chunk that goes before the others: cICP, iCCP, sRGB, gAMA and cHRM. None for sRGB.
pub(super) fn of_png(info: &Info, channels: Channels) -> Option<Vec<u8>> {
    if let Some(stated) = info.coding_independent_code_points.and_then(|it| of_code_points(it, channels)) {
        return stated;
    }
    if let Some(profile) = &info.icc_profile {
        return Some(profile.to_vec());
    }
    match info.srgb {
        Some(_) => None,
        None => of_gamma(info.gama_chunk, info.chrm_chunk, channels),
    }
}

/// The profile that cICP stands for, which is none for sRGB. None if it cannot be used: reserved numbers, samples that
/// are not full range, and HDR (PQ, HLG), for which there is no tone mapping here.
fn of_code_points(code_points: CodingIndependentCodePoints, channels: Channels) -> Option<Option<Vec<u8>>> {
    let color_primaries = CicpColorPrimaries::try_from(code_points.color_primaries).ok()?;
    let transfer_characteristics = TransferCharacteristics::try_from(code_points.transfer_function).ok()?;
    let is_bright =
        matches!(transfer_characteristics, TransferCharacteristics::Smpte2084 | TransferCharacteristics::Hlg);
    if is_bright || !code_points.is_video_full_range_image || code_points.matrix_coefficients != 0 {
        return None;
    }
    if (color_primaries, transfer_characteristics)
        == (CicpColorPrimaries::Bt709, TransferCharacteristics::Srgb)
    {
        return Some(None);
    }
    let matrix_coefficients = MatrixCoefficients::Identity;
    let cicp =
        CicpProfile { color_primaries, transfer_characteristics, matrix_coefficients, full_range: true };
    let mut profile = ColorProfile::new_from_cicp(cicp);
    // The curves say the same, and old readers know them.
    profile.cicp = None;
    let curve = profile.red_trc.clone()?;
    written(if channels.has_colour() { profile } else { gray(curve) }).map(Some)
}

/// The profile that gAMA and cHRM stand for. One without the other has that of sRGB, as in all browsers.
fn of_gamma(
    gamma: Option<ScaledFloat>,
    chromaticities: Option<SourceChromaticities>,
    channels: Channels,
) -> Option<Vec<u8>> {
    let gamma = gamma.map(ScaledFloat::into_value).filter(|gamma| GAMMAS.contains(gamma));
    let is_plain = gamma.is_none_or(|gamma| (gamma - SRGB_GAMMA).abs() < NEAR);
    let curve = gamma.map(|gamma| ToneReprCurve::Parametric(vec![1.0 / gamma]));
    if !channels.has_colour() {
        return written(gray(curve.filter(|_| !is_plain)?));
    }
    let own = |SourceChromaticities { white, red, green, blue }| {
        [white, red, green, blue].map(|(x, y)| (x.into_value(), y.into_value()))
    };
    let is_srgb = |stated: &[(f32, f32); 4]| {
        let mut pairs = stated.iter().zip(&SRGB_CHROMATICITIES);
        pairs.all(|(stated, srgb)| (stated.0 - srgb.0).abs() < NEAR && (stated.1 - srgb.1).abs() < NEAR)
    };
    let primaries = chromaticities.map(own).filter(|stated| spans(stated) && !is_srgb(stated));
    if is_plain && primaries.is_none() {
        return None;
    }
    let mut profile = ColorProfile::new_srgb();
    (profile.cicp, profile.description) = (None, None);
    if let Some([white, red, green, blue]) = primaries {
        let [red, green, blue] = [red, green, blue].map(|(x, y)| Chromaticity { x, y });
        let white = XyY { x: white.0.into(), y: white.1.into(), yb: 1.0 };
        profile.update_rgb_colorimetry(white, ColorPrimaries { red, green, blue });
    }
    if let Some(curve) = curve {
        let curve = || Some(curve.clone());
        (profile.red_trc, profile.green_trc, profile.blue_trc) = (curve(), curve(), curve());
    }
    written(profile)
}

/// A profile of gray on this curve.
fn gray(curve: ToneReprCurve) -> ColorProfile {
    let mut profile = ColorProfile::new_gray_with_gamma(1.0);
    profile.gray_trc = Some(curve);
    profile
}

/// Whether light of these chromaticities mixes to all hues.
fn spans([white, red, green, blue]: &[(f32, f32); 4]) -> bool {
    let area = (red.0 - blue.0) * (green.1 - blue.1) - (green.0 - blue.0) * (red.1 - blue.1);
    area.abs() > NEAR && [white, red, green, blue].iter().all(|place| (NEAR..1.0).contains(&place.1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::Dimensions;
    use crate::raster::{Converter, Raster};
    use crate::watch::Watch;

    fn info(gamma: Option<u32>, chromaticities: Option<[(f32, f32); 4]>) -> Info<'static> {
        let scaled = |(x, y): (f32, f32)| {
            let scaled = |value: f32| ScaledFloat::from_scaled((value * 1e5).round() as u32);
            (scaled(x), scaled(y))
        };
        let mut info = Info::default();
        info.gama_chunk = gamma.map(ScaledFloat::from_scaled);
        info.chrm_chunk = chromaticities.map(|stated| {
            let [white, red, green, blue] = stated.map(scaled);
            SourceChromaticities { white, red, green, blue }
        });
        info
    }

    /// What becomes of a pixel.
    fn shown(info: &Info, pixel: &[u8]) -> Vec<u8> {
        let channels = if pixel.len() == 1 { Channels::Gray } else { Channels::Rgb };
        let raster = Raster { dimensions: Dimensions::new(1, 1), channels, pixels: pixel.to_vec() };
        let profile = of_png(info, channels).expect("a profile");
        Converter::default()
            .conversion(Some(&profile), channels)
            .apply(raster, &Watch::unlimited())
            .expect("not stopped")
            .pixels
    }

    #[track_caller]
    fn near(have: &[u8], expected: &[u8]) {
        assert!(have.iter().zip(expected).all(|(a, b)| a.abs_diff(*b) <= 2), "{have:?}, not {expected:?}");
    }

    #[test]
    fn what_stands_for_srgb_has_no_profile() {
        let rounded = [(0.3127, 0.329), (0.6400, 0.3300), (0.3001, 0.5999), (0.15, 0.06)];
        let wide = [(0.3127, 0.329), (0.64, 0.33), (0.21, 0.71), (0.15, 0.06)];
        for channels in [Channels::Gray, Channels::Rgb, Channels::Rgba] {
            for (gamma, chromaticities) in
                [(None, None), (Some(45_455), None), (Some(45_450), Some(rounded)), (None, Some(rounded))]
            {
                assert_eq!(of_png(&info(gamma, chromaticities), channels), None);
            }
            let mut both = info(Some(55_556), Some(wide));
            both.srgb = Some(png::SrgbRenderingIntent::Perceptual);
            assert_eq!(of_png(&both, channels), None, "sRGB goes before gAMA");
        }
        assert_eq!(of_png(&info(None, Some(wide)), Channels::Gray), None, "of gray");
    }

    #[test]
    fn gamma_and_chromaticities_are_followed() {
        // Linear 55/255 is 0.2157, which is 128 of sRGB; 100/255 to the power of 1.8 is 0.1854, which is 120.
        near(&shown(&info(Some(100_000), None), &[55]), &[128]);
        near(&shown(&info(Some(100_000), None), &[55, 55, 55]), &[128; 3]);
        near(&shown(&info(Some(55_556), None), &[100, 100, 100]), &[120; 3]);
        // Adobe RGB (1998) in this way, and by its profile.
        let adobe = [(0.3127, 0.329), (0.64, 0.33), (0.21, 0.71), (0.15, 0.06)];
        let colour = [180, 120, 90];
        let profile = ColorProfile::new_adobe_rgb().encode().expect("a profile");
        let raster =
            Raster { dimensions: Dimensions::new(1, 1), channels: Channels::Rgb, pixels: colour.to_vec() };
        let conversion = Converter::default().conversion(Some(&profile), raster.channels);
        let expected = conversion.apply(raster, &Watch::unlimited()).expect("not stopped").pixels;
        assert_ne!(expected, colour);
        near(&shown(&info(Some(45_471), Some(adobe)), &colour), &expected);
    }

    #[test]
    fn code_points_go_before_all() {
        let cicp = |color_primaries, transfer_function| CodingIndependentCodePoints {
            color_primaries,
            transfer_function,
            matrix_coefficients: 0,
            is_video_full_range_image: true,
        };
        let mut png = info(Some(55_556), None);
        png.icc_profile = Some(b"a profile".into());
        let other = of_png(&png, Channels::Rgb);
        assert_eq!(other.as_deref(), Some(&b"a profile"[..]));
        png.coding_independent_code_points = Some(cicp(1, 13));
        assert_eq!(of_png(&png, Channels::Rgb), None, "sRGB");
        png.coding_independent_code_points = Some(cicp(1, 8));
        near(&shown(&png, &[55, 55, 55]), &[128; 3]);
        near(&shown(&png, &[55]), &[128]);
        for unread in [cicp(9, 16), cicp(9, 18), cicp(0, 13), cicp(1, 2), cicp(2, 13)] {
            png.coding_independent_code_points = Some(unread);
            assert_eq!(of_png(&png, Channels::Rgb), other, "{unread:?}");
        }
    }

    #[test]
    fn nonsense_is_ignored() {
        let flat = [(0.3127, 0.329), (0.3, 0.3), (0.3, 0.3), (0.3, 0.3)];
        let zero = [(0.0, 0.0); 4];
        for png in
            [info(Some(1), None), info(Some(u32::MAX), None), info(None, Some(flat)), info(None, Some(zero))]
        {
            assert_eq!(of_png(&png, Channels::Rgb), None);
        }
    }
}
