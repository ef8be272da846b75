//! A window of one tile-component at a resolution (T.800 F.3.1): the windows of its subbands, put together from the
//! lowest resolution up.
//! Pure.

use crate::codestream::BandKind;
use crate::geometry::Rect;
use crate::planes::{Plane, Spare};
use crate::wavelet::{self, Need, Sample, Subbands};

/// The samples of `window`, which lies in the rectangle `resolution` of a tile-component, `levels` decompositions above
/// its lowest resolution.
///
/// `fill` writes all dequantised samples of a window of a subband: of LL of resolution 0, and of the three others of
/// resolutions 1 to `levels`. It is not called for empty windows. Planes come from `spare` and go there.
///
/// # Errors
/// Those of `fill`.
pub(super) fn window<T: Sample, E>(
    resolution: Rect,
    levels: u8,
    window: Rect,
    spare: &mut Spare<T>,
    mut fill: impl FnMut(u8, BandKind, &mut Plane<T>) -> Result<(), E>,
) -> Result<Plane<T>, E> {
    let mut read = |spare: &mut Spare<T>, level: u8, kind: BandKind, window: Rect| {
        let mut plane = spare.plane(window);
        if window.dimensions().area() > 0 {
            fill(level, kind, &mut plane)?;
        }
        Ok(plane)
    };
    let needs = needs::<T>(resolution, levels, window);
    let lowest = needs.first().map_or(window, |need| need.of(BandKind::Ll));
    let mut ll = read(spare, 0, BandKind::Ll, lowest)?;
    for (level, need) in (1..).zip(&needs) {
        let mut detail = |kind| read(spare, level, kind, need.of(kind));
        let (hl, lh, hh) = (detail(BandKind::Hl)?, detail(BandKind::Lh)?, detail(BandKind::Hh)?);
        let bands = Subbands { ll, hl, lh, hh };
        ll = wavelet::synthesise(need, &bands, spare.room(need.window()));
        bands.planes().into_iter().for_each(|band| spare.keep(band));
    }
    Ok(ll)
}

/// What a window needs of the subbands of resolutions 1 to `levels`, in this order. The window that it needs of
/// resolution 0 is the LL of the first.
pub(super) fn needs<T: Sample>(resolution: Rect, levels: u8, window: Rect) -> Vec<Need> {
    let (mut resolution, mut window) = (resolution, window);
    let mut needs = Vec::with_capacity(usize::from(levels));
    for _ in 0..levels {
        let need = Need::new::<T>(resolution, window);
        (resolution, window) = (wavelet::lower(resolution), need.of(BandKind::Ll));
        needs.push(need);
    }
    needs.reverse();
    needs
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;
    use crate::wavelet::reference::{Textbook, band_rect, cut, filled, whole};

    /// All subbands of a tile-component, by resolution, and the samples that they make.
    type Stored<T> = HashMap<(u8, BandKind), Plane<T>>;

    fn stored<T: Textbook>(
        resolution: Rect,
        levels: u8,
        value: &impl Fn(u32, u32) -> T,
    ) -> (Stored<T>, Plane<T>) {
        let band = |kind| filled(band_rect(resolution, kind), value);
        if levels == 0 {
            let all = filled(resolution, value);
            return (HashMap::from([((0, BandKind::Ll), all.clone())]), all);
        }
        let (mut bands, ll) = stored(wavelet::lower(resolution), levels - 1, value);
        let parts = Subbands { ll, hl: band(BandKind::Hl), lh: band(BandKind::Lh), hh: band(BandKind::Hh) };
        let all = whole(resolution, &parts);
        bands.extend([
            ((levels, BandKind::Hl), parts.hl),
            ((levels, BandKind::Lh), parts.lh),
            ((levels, BandKind::Hh), parts.hh),
        ]);
        (bands, all)
    }

    fn check<T: Textbook + PartialEq + std::fmt::Debug>(
        resolution: Rect,
        levels: u8,
        shown: Rect,
        value: impl Fn(u32, u32) -> T,
    ) {
        let (bands, all) = stored(resolution, levels, &value);
        let got = window(resolution, levels, shown, &mut Spare::default(), |level, kind, plane| {
            assert_ne!(plane.rect.dimensions().area(), 0);
            *plane = cut(&bands[&(level, kind)], plane.rect);
            Ok::<_, ()>(())
        });
        assert_eq!(got, Ok(cut(&all, shown)));
    }

    proptest! {
        #[test]
        fn a_window_is_a_part_of_the_whole(
            (x, y, width, height) in (0u32..40, 0u32..40, 1u32..40, 1u32..40),
            (left, top, right, bottom) in (0u32..40, 0u32..40, 0u32..40, 0u32..40),
            levels in 0u8..7,
        ) {
            let resolution = Rect::new(x, y, width, height);
            let (from, above) = (left % width, top % height);
            let shown = Rect::new(x + from, y + above, 1 + right % (width - from), 1 + bottom % (height - above));
            let value = |x: u32, y: u32| ((x * 7919) ^ (y * 104_729)) as i32 % 401 - 200;
            check(resolution, levels, shown, value);
            check(resolution, levels, shown, |x, y| value(x, y) as f32 * 0.37);
        }
    }

    #[test]
    fn needs_little_of_a_large_picture() {
        let needs = needs::<f32>(Rect::new(0, 0, 20_000, 20_000), 32, Rect::new(9_999, 10_001, 256, 256));
        assert_eq!(needs.len(), 32);
        let samples: u64 = needs.iter().map(|need| need.of(BandKind::Ll).dimensions().area()).sum();
        assert!(samples < 256 * 256 / 2, "{samples}");
    }

    #[test]
    fn the_far_end_of_the_grid_is_like_any_other() {
        let resolution = Rect::new(u32::MAX - 13, u32::MAX - 6, 13, 6);
        check(resolution, 3, resolution, |x, y| (x ^ y) as i32 % 100);
        check(resolution, 3, Rect::new(u32::MAX - 1, u32::MAX - 2, 1, 2), |x, y| ((x ^ y) % 100) as f32);
    }

    #[test]
    fn an_error_of_a_subband_ends_it() {
        let whole = Rect::new(0, 0, 9, 9);
        let spare = &mut Spare::default();
        let broken = window::<i32, _>(whole, 2, whole, spare, |level, kind, plane| match (level, kind) {
            (2, BandKind::Lh) => Err("damaged"),
            _ => {
                plane.samples.fill(0);
                Ok(())
            }
        });
        assert_eq!(broken, Err("damaged"));
    }
}
