use proptest::prelude::*;

use super::reference::{Textbook, analysed, band_rect, cut, filled, whole};
use super::*;

const KINDS: [BandKind; 4] = [BandKind::Ll, BandKind::Hl, BandKind::Lh, BandKind::Hh];

/// Any numbers, the same at every call.
fn noise(x: u32, y: u32, seed: u32) -> i32 {
    let mixed = (x ^ seed.rotate_left(9)).wrapping_mul(0x9e37_79b9) ^ y.wrapping_mul(0x85eb_ca6b) ^ seed;
    ((mixed ^ (mixed >> 15)).wrapping_mul(0x2c1b_3c6d) >> 16) as i32 % 1000 - 500
}

fn bands<T: Copy>(of: impl Fn(BandKind) -> Plane<T>) -> Subbands<T> {
    let [ll, hl, lh, hh] = KINDS.map(of);
    Subbands { ll, hl, lh, hh }
}

fn band<T>(bands: &Subbands<T>, kind: BandKind) -> &Plane<T> {
    match kind {
        BandKind::Ll => &bands.ll,
        BandKind::Hl => &bands.hl,
        BandKind::Lh => &bands.lh,
        BandKind::Hh => &bands.hh,
    }
}

fn check_window<T: Textbook + PartialEq + std::fmt::Debug>(
    resolution: Rect,
    window: Rect,
    value: impl Fn(u32, u32, u32) -> T,
) {
    let all = bands(|kind| filled(band_rect(resolution, kind), |x, y| value(x, y, kind as u32)));
    let expected = cut(&whole(resolution, &all), window);
    let need = Need::new::<T>(resolution, window);
    let asked = bands(|kind| cut(band(&all, kind), need.of(kind)));
    assert_eq!(synthesise(&need, &asked, Vec::new()), expected);
}

prop_compose! {
    /// A rectangle that may begin at any parity, and a window in it.
    fn windows()(x in 0u32..9, y in 0u32..9, width in 1u32..30, height in 1u32..30)
        (left in 0..width, top in 0..height, right in 0..width, bottom in 0..height,
         resolution in Just(Rect::new(x, y, width, height))) -> (Rect, Rect) {
        let (from, to) = (left.min(right), left.max(right));
        let (above, below) = (top.min(bottom), top.max(bottom));
        let window = Rect::new(resolution.x + from, resolution.y + above, to - from + 1, below - above + 1);
        (resolution, window)
    }
}

proptest! {
    #[test]
    fn a_window_is_a_part_of_the_whole((resolution, window) in windows(), seed: u32) {
        check_window(resolution, window, |x, y, kind| noise(x, y, seed ^ kind));
        check_window(resolution, window, |x, y, kind| noise(x, y, seed ^ kind) as f32 * 0.37);
    }

    #[test]
    fn undoes_the_forward_transform((resolution, _) in windows(), seed: u32) {
        let need = |reversible: bool| match reversible {
            true => Need::new::<i32>(resolution, resolution),
            false => Need::new::<f32>(resolution, resolution),
        };
        let picture = filled(resolution, |x, y| noise(x, y, seed));
        prop_assert_eq!(&synthesise(&need(true), &analysed(&picture), Vec::new()), &picture);
        let picture = filled(resolution, |x, y| noise(x, y, seed) as f32);
        let back = synthesise(&need(false), &analysed(&picture), Vec::new());
        for (back, sample) in back.samples.iter().zip(&picture.samples) {
            // OpenJPEG's factor of high-pass samples is 3.3e-5 too small.
            prop_assert!((back - sample).abs() < 0.1, "{} for {}", back, sample);
        }
    }
}

#[test]
fn asks_for_nothing_in_vain() {
    fn check<T: Sample + PartialEq>(resolution: Rect, window: Rect, impulse: T) {
        let need = Need::new::<T>(resolution, window);
        for kind in KINDS {
            let rect = need.of(kind);
            for at in 0..rect.dimensions().area() as usize {
                let mut bands = bands(|kind| filled(need.of(kind), |_, _| T::default()));
                let band = match kind {
                    BandKind::Ll => &mut bands.ll,
                    BandKind::Hl => &mut bands.hl,
                    BandKind::Lh => &mut bands.lh,
                    BandKind::Hh => &mut bands.hh,
                };
                band.samples[at] = impulse;
                let shows = synthesise(&need, &bands, Vec::new())
                    .samples
                    .iter()
                    .any(|&sample| sample != T::default());
                assert!(shows, "sample {at} of {rect}, {kind:?}, for {window}");
            }
        }
    }
    let resolution = Rect::new(0, 0, 64, 64);
    for window in [Rect::new(20, 31, 1, 1), Rect::new(21, 30, 2, 5), Rect::new(0, 63, 3, 1)] {
        check(resolution, window, 1 << 12);
        check(resolution, window, 4096.0f32);
    }
}

#[test]
fn reaches_as_far_as_the_filters() {
    let (all, window) = (Rect::new(0, 0, 64, 64), Rect::new(8, 9, 2, 1));
    let need = Need::new::<f32>(all, window);
    // Columns 5 to 13, rows 5 to 13: table F.3 of T.800.
    assert_eq!(
        KINDS.map(|kind| need.of(kind)),
        [Rect::new(3, 3, 4, 4), Rect::new(2, 3, 5, 4), Rect::new(3, 2, 4, 5), Rect::new(2, 2, 5, 5),]
    );
    // Columns 7 to 11, rows 7 to 11: table F.2.
    let need = Need::new::<i32>(all, window);
    assert_eq!(need.of(BandKind::Ll), Rect::new(4, 4, 2, 2));
    assert_eq!(need.of(BandKind::Hh), Rect::new(3, 3, 3, 3));
    // Nothing beyond the edges, nothing for nothing.
    assert_eq!(Need::new::<f32>(window, window).of(BandKind::Hl), Rect::new(4, 5, 1, 0));
    assert_eq!(Need::new::<f32>(all, Rect::new(8, 9, 0, 0)).of(BandKind::Ll).dimensions().area(), 0);
}
