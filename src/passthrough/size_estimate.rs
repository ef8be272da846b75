//! The length of a stored tile as a multiple of that of a new encoding, estimated without encoding it.
//! Pure.
//!
//! The bytes of a JPEG fall with the mean step of its quantisation table to the power of 0.6. A component of chroma
//! takes 0.155 of what luma takes with the same table, times the root of its share of samples; red, green and blue take
//! as much as luma each. Measured on 190 tiles of a photograph and three painted pictures (RGB as three grays). What a
//! viewer waits for: the transfer at 20 Mbit/s, and decoding and encoding where that is done:
//!
//! | stored | estimate | bytes, encoded anew (80, 4:2:0) | ms until it is there, and anew | line on which both are equal |
//! |---|---|---|---|---|
//! | quality 75, 4:2:0 | 0.9 | 5586, 5781 | 2.23, 2.64 | none: always faster |
//! | 85, 4:2:0 | 1.2 | 8508, 8195 | 3.40, 3.66 | 7 Mbit/s |
//! | 85, 4:4:4 | 1.3 | 9597, 8185 | 3.84, 3.72 | 25 Mbit/s |
//! | 90, 4:2:0 | 1.5 | 10738, 8040 | 4.30, 3.63 | 53 Mbit/s |
//! | 90, 4:4:4 | 1.7 | 11968, 8038 | 4.79, 3.68 | 67 Mbit/s |
//! | 90, RGB | 4.1 | 28653, 8038 | 11.46, 3.82 | 273 Mbit/s |
//! | 95, RGB | 6.1 | 42604, 7115 | 17.04, 3.53 | 412 Mbit/s |
//!
//! Bits per pixel do not tell these apart: a busy tile of quality 75 has as many as a quiet one of 95.

use crate::encode::{self, Subsampling};
use crate::format::jpeg::Layout;

/// The exponent of the quantisation step.
const FALL: f64 = -0.6;
/// The bytes of chroma as a fraction of those of luma.
const CHROMA: f64 = 0.155;
/// Mean steps of the tables of T.81 annex K, which libjpeg scales by quality: luma and chroma.
const STANDARD: (f64, f64) = (57.6, 86.0);

/// The estimate for a JPEG, against what `settings` write.
pub(super) fn of_jpeg(jpeg: &Layout, settings: &encode::Jpeg) -> f64 {
    let largest = jpeg.components.iter().map(|component| area(component.sampling)).max().unwrap_or(1);
    let stored: f64 = (jpeg.components.iter().enumerate())
        .map(|(place, component)| {
            let share = f64::from(area(component.sampling)) / f64::from(largest);
            let is_chroma = place > 0 && jpeg.meaning.adobe != Some(0);
            weight(is_chroma, share) * jpeg.step(component).max(1.0).powf(FALL)
        })
        .sum();
    let scale = match f64::from(settings.quality) {
        low @ ..50.0 => 50.0 / low.max(1.0),
        high => 2.0 - high / 50.0,
    };
    let step = |standard: f64| (standard * scale).max(1.0).powf(FALL);
    let share = match settings.subsampling {
        Subsampling::TwoByTwo => 0.25,
        Subsampling::TwoByOne => 0.5,
        Subsampling::Full => 1.0,
    };
    let chroma = if jpeg.components.len() == 1 { 0.0 } else { 2.0 * weight(true, share) * step(STANDARD.1) };
    stored / (step(STANDARD.0) + chroma)
}

/// The estimate for a WebP: lossless it takes six times as much as lossy.
pub(super) fn of_webp(is_lossless: bool, settings: &encode::Webp) -> f64 {
    if is_lossless && !settings.lossless { 6.0 } else { 1.0 }
}

fn weight(is_chroma: bool, share: f64) -> f64 {
    if is_chroma { CHROMA * share.sqrt() } else { 1.0 }
}

fn area((across, down): (u8, u8)) -> u8 {
    across * down
}
