//! Masters of every shape, and what is read of them.

use super::*;
use crate::picture::{Channels, Codec, Coding, Depth, Level, Orientation, Sampling};
use proptest::prelude::*;
use recto_iiif::Tiling;

/// A level in tiles of so many pixels a side.
fn tiled(width: u32, height: u32, side: u32) -> Level {
    Level {
        dimensions: Dimensions::new(width, height),
        tile: Dimensions::new(side, side),
        tiled: true,
        stored_as: None,
        coding: Coding::of(Codec::Plain, 3),
        sampling: Sampling::Boxes,
        is_stored: true,
    }
}

/// A master of so many levels, in tiles.
pub(in super::super) fn description(
    width: u32,
    height: u32,
    levels: u32,
    round_up: bool,
    orientation: Orientation,
) -> Description {
    let level = |n: u32| {
        let side = |full: u32| if round_up { full.div_ceil(1 << n) } else { (full >> n).max(1) };
        tiled(side(width), side(height), 256)
    };
    Description {
        levels: (0..levels).map(level).collect(),
        orientation,
        channels: Channels::Rgb,
        depth: Depth::Eight,
    }
}

#[test]
fn a_tile_of_the_grid_is_copied_from_the_smallest_level_that_has_it() {
    for round_up in [false, true] {
        let master = description(1001, 667, 3, round_up, Orientation::UPRIGHT);
        for (region, size, level, window) in [
            (Rect::new(256, 256, 256, 256), (256, 256), 0, Rect::new(256, 256, 256, 256)),
            (Rect::new(512, 0, 489, 512), (245, 256), 1, Rect::new(256, 0, 245, 256)),
            (Rect::new(0, 512, 512, 155), (256, 78), 1, Rect::new(0, 256, 256, 78)),
            (Rect::new(0, 0, 1001, 667), (251, 167), 2, Rect::new(0, 0, 251, 167)),
            (Rect::new(0, 0, 1001, 667), (250, 166), 2, Rect::new(0, 0, 250, 166)),
        ] {
            let size = Dimensions::new(size.0, size.1);
            let scaling = Scaling::new(&master, region, size);
            // The level rounded up has no 250x166 of its own: that is a scaled picture there.
            if scaling.is_copy() {
                assert_eq!((scaling.level, scaling.window()), (level, window), "{region} {size}");
            } else {
                assert!(round_up && size.width == 250, "{region} {size} is scaled: {scaling}");
            }
        }
    }
}

#[test]
fn no_tile_is_decoded_for_two_bands_however_wide_the_picture_is() {
    for (width, side, bands) in [(4000, 256, 6), (26_720, 256, 6), (60_000, 256, 6), (60_000, 1024, 2)] {
        let mut master = description(width, 1500, 1, true, Orientation::UPRIGHT);
        master.levels[0].tile = Dimensions::new(side, side);
        let whole = Rect::whole(master.dimensions());
        let scaling = Scaling::new(&master, whole, master.dimensions());
        assert_eq!(scaling.bands().count(), bands, "{width} in tiles of {side}");
        assert!(scaling.bands().all(|band| band.fresh.y.is_multiple_of(side)));
        master.levels[0].tile = Dimensions::new(width, 1500);
        let strip = Scaling::new(&master, whole, master.dimensions());
        assert!(strip.bands().count() >= 6, "one strip is cut");
    }
}

#[test]
fn an_unaligned_region_keeps_its_fraction() {
    let master = description(4000, 4000, 4, false, Orientation::UPRIGHT);
    let region = Rect::new(101, 50, 801, 802);
    let scaling = Scaling::new(&master, region, Dimensions::new(400, 401));
    assert_eq!(
        (scaling.level, scaling.x.start, scaling.x.length, scaling.y.start, scaling.y.length),
        (1, 50.5, 400.5, 25.0, 401.0)
    );
}

#[test]
fn what_is_decoded_is_whole_pieces() {
    let upright = Orientation::UPRIGHT;
    let scaling = |master: &Description, region: Rect, side: u32| {
        Scaling::new(master, region, Dimensions::new(side, side))
    };
    let tiled = description(4000, 4000, 1, false, upright);
    assert_eq!(scaling(&tiled, Rect::new(256, 256, 256, 256), 256).source_area(), 256 * 256);
    assert_eq!(scaling(&tiled, Rect::new(255, 256, 256, 256), 256).source_area(), 512 * 256);
    assert_eq!(scaling(&tiled, Rect::new(3900, 3900, 100, 100), 100).source_area(), 160 * 160);
    let whole = scaling(&tiled, Rect::new(0, 0, 4000, 4000), 100);
    assert_eq!(whole.source_area(), 16_000_000);
    let mut strips = tiled;
    strips.levels[0].tile = Dimensions::new(4000, 16);
    assert_eq!(scaling(&strips, Rect::new(256, 250, 256, 16), 16).source_area(), 4000 * 32);
}

#[test]
fn few_pixels_at_full_size_are_read_at_full_size() {
    let master = description(600, 400, 4, true, Orientation::UPRIGHT);
    for (width, height) in [(1, 1), (2, 1), (1, 3), (5, 5)] {
        let region = Rect::new(301, 201, width, height);
        let scaling = Scaling::new(&master, region, region.dimensions());
        assert_eq!((scaling.level, scaling.is_copy()), (0, true), "{region}");
    }
}

proptest! {
    #[test]
    fn the_bands_cover_its_window_and_its_output(
        (width, height, levels) in (1u32..5000, 1u32..5000, 1u32..6),
        round_up in any::<bool>(),
        (tag, mirrored, quarters) in (1u16..9, any::<bool>(), 0u8..4),
        (x, y, w, h) in (0.0..1.0f64, 0.0..1.0f64, 0.0..1.0f64, 0.0..1.0f64),
        (out_width, out_height) in (1u32..3000, 1u32..3000),
    ) {
        let master = description(width, height, levels, round_up, Orientation::from_tag(tag));
        let shown = master.dimensions();
        let part = |from: f64, length: f64, side: u32| {
            let start = (from * f64::from(side)) as u32;
            (start, ((length * f64::from(side - start)) as u32).max(1))
        };
        let ((x, w), (y, h)) = (part(x, w, shown.width), part(y, h, shown.height));
        let turn = Orientation { mirrored, quarters };
        let scaling = Scaling::new(&master, Rect::new(x, y, w, h), Dimensions::new(out_width, out_height));
        let level = scaling.level_dimensions;
        let (mut next, mut read) = (0, scaling.window().y);
        for band in scaling.bands() {
            prop_assert_eq!(band.rows.start, next);
            next = band.rows.end;
            prop_assert!(band.window.x < level.width && band.window.y < level.height);
            prop_assert!(band.fresh.height == 0 || band.fresh.x < level.width && band.fresh.y < level.height);
            prop_assert!(band.window.right() <= level.width + 1 && band.window.bottom() <= level.height + 1);
            prop_assert!(scaling.window().contains(band.window));
            prop_assert!(band.window.contains(scaling.window_of(band.rows.clone())));
            prop_assert!(band.fresh.y >= band.window.y && band.fresh.bottom() == band.window.bottom());
            prop_assert!(band.fresh.y == read || band.window.y > read && band.fresh == band.window);
            read = band.fresh.bottom();
            let (from, to) = (scaling.y.start + f64::from(band.rows.start) * scaling.y.scale(), scaling.y.start + f64::from(band.rows.end) * scaling.y.scale());
            prop_assert!(f64::from(band.window.y) <= from + 1e-6 && f64::from(band.window.bottom()) >= to - 1e-6);
        }
        prop_assert_eq!(next, scaling.output().height);
        let at = master.orientation.then(turn).apply_to_size(scaling.output());
        prop_assert_eq!(at, turn.apply_to_size(Dimensions::new(out_width, out_height)));
    }
}

/// How the levels of a master came to be.
#[derive(Clone, Copy, Debug)]
enum Reduced {
    /// Rounded down both ways, up both ways, up across and down the other.
    Down,
    Up,
    Mixed,
    /// By wavelets, with the image at this place of the reference grid.
    Waves(u32, u32),
}

impl Reduced {
    fn level(self, full: Dimensions, n: u32) -> Level {
        let step = 1 << n;
        let (down, up) = (|side: u32| (side >> n).max(1), |side: u32| side.div_ceil(step));
        let plain = |width, height| tiled(width, height, 16);
        match self {
            Self::Down => plain(down(full.width), down(full.height)),
            Self::Up => plain(up(full.width), up(full.height)),
            Self::Mixed => plain(up(full.width), down(full.height)),
            Self::Waves(x, y) => {
                let side = |from: u32, length: u32| (from + length).div_ceil(step) - from.div_ceil(step);
                let first = |from: u32| from.next_multiple_of(step) - from;
                let level = plain(side(x, full.width), side(y, full.height));
                Level { sampling: Sampling::Places { step, first: (first(x), first(y)) }, ..level }
            }
        }
    }

    fn master(self, full: Dimensions) -> Description {
        let levels = (0..7).map(|n| self.level(full, n));
        Description {
            levels: levels.take_while(|level| level.dimensions.area() > 0).collect(),
            orientation: Orientation::UPRIGHT,
            channels: Channels::Rgb,
            depth: Depth::Eight,
        }
    }
}

/// The middle of what pixel `n` of an axis shows, in pixels of the full picture.
fn shown_at(axis: &Axis, n: u32, level: u32, full: u32, factor: f64, sampling: Option<(u32, u32)>) -> f64 {
    let place = axis.start + (f64::from(n) + 0.5) * axis.scale();
    // What is beyond the level is its last pixel once more.
    let place = if axis.is_copy() { place.min(f64::from(level) - 0.5) } else { place };
    match sampling {
        Some((step, first)) => (place - 0.5) * f64::from(step) + f64::from(first) + 0.5,
        None if axis.is_copy() => {
            // A box may be cut by the edge.
            let (from, to) = ((place - 0.5) * factor, ((place + 0.5) * factor).min(full.into()));
            (from + to) / 2.0
        }
        None => place * factor,
    }
}

/// Fails unless the first and the last pixel of an axis show what they should, for a tile that begins at `start` of `full`
/// pixels and ends after `length`.
fn assert_placed(
    scaling: &Scaling,
    axis: &Axis,
    (full, level): (u32, u32),
    (start, length): (u32, u32),
    factor: u32,
    sampling: Option<(u32, u32)>,
    what: &str,
) {
    // By how much the level is reduced, which its size gives except for rounding.
    let reduced = 1_u32 << scaling.level;
    for n in [0, axis.output - 1] {
        let (from, to) = (start + n * factor, (start + (n + 1) * factor).min(start + length));
        let middle = f64::from(from + to) / 2.0;
        let shown = shown_at(axis, n, level, full, reduced.into(), sampling);
        let is_missing = axis.is_copy() && axis.start + f64::from(n) >= f64::from(level);
        let most = match sampling {
            _ if is_missing => f64::from(factor),
            // Samples on the grid stand anywhere in their boxes.
            Some((step, _)) if axis.is_copy() => f64::from(step) - 0.5,
            _ => f64::from(factor) / 2.0,
        };
        assert!((shown - middle).abs() <= most, "{what}: pixel {n} shows {shown}, not {middle}: {scaling}");
    }
}

#[test]
fn every_tile_of_every_size_is_there_and_in_its_place() {
    let kinds = [Reduced::Down, Reduced::Up, Reduced::Mixed, Reduced::Waves(0, 0), Reduced::Waves(13, 6)];
    for (kind, side) in kinds.into_iter().flat_map(|kind| (16..=64).map(move |side| (kind, side))) {
        for width in 1..=600 {
            // Each height once, with widths of all kinds.
            let image = Dimensions::new(width, width * 7 % 601);
            let (master, tiling) = (kind.master(image), Tiling { image, tile: Dimensions::new(side, side) });
            for factor in tiling.scale_factors() {
                let (step, _) = tiling.step(factor);
                let ends = |side: u32| [0, (u64::from(side - 1) / step * step) as u32];
                for (x, y) in ends(image.width).into_iter().flat_map(|x| ends(image.height).map(|y| (x, y))) {
                    let (region, size) = tiling.tile_at((x, y), factor);
                    let scaling = Scaling::new(&master, region, size);
                    let what = format!("{kind:?} {image} in tiles of {side}: {region} by {factor}");
                    let (window, level) = (scaling.window(), scaling.level_dimensions);
                    assert!(window.x < level.width && window.y < level.height, "{what}: {scaling}");
                    assert!(
                        window.right() <= level.width + 1 && window.bottom() <= level.height + 1,
                        "{what}: {scaling}"
                    );
                    assert_eq!(scaling.output(), size, "{what}");
                    let places = match master.levels[scaling.level].sampling {
                        Sampling::Places { step, first: (x, y) } => [Some((step, x)), Some((step, y))],
                        Sampling::Boxes => [None, None],
                    };
                    let (wide, high) = ((image.width, level.width), (image.height, level.height));
                    let factor = factor as u32;
                    assert_placed(
                        &scaling,
                        &scaling.x,
                        wide,
                        (region.x, region.width),
                        factor,
                        places[0],
                        &what,
                    );
                    assert_placed(
                        &scaling,
                        &scaling.y,
                        high,
                        (region.y, region.height),
                        factor,
                        places[1],
                        &what,
                    );
                }
            }
        }
    }
}

#[test]
fn a_level_that_ends_before_a_tile_leaves_it_to_the_next_finer_one() {
    let master = Reduced::Down.master(Dimensions::new(4103, 1024));
    for (region, size, level) in [
        (Rect::new(4096, 0, 7, 1024), (7, 1024), 0),
        (Rect::new(4096, 0, 7, 1024), (4, 512), 1),
        (Rect::new(4096, 0, 7, 1024), (2, 256), 2),
        // Of 512 columns at an eighth none is left; of 1025 at a quarter, one.
        (Rect::new(4096, 0, 7, 1024), (1, 128), 2),
        (Rect::new(2048, 0, 2048, 1024), (256, 128), 3),
    ] {
        let scaling = Scaling::new(&master, region, Dimensions::new(size.0, size.1));
        assert_eq!(scaling.level, level, "{region} to {size:?}: {scaling}");
    }
}

#[test]
fn what_is_scaled_of_wavelets_is_moved_to_where_it_stands() {
    let master = Reduced::Waves(0, 0).master(Dimensions::new(4000, 4000));
    let scaling = |region, width, height| Scaling::new(&master, region, Dimensions::new(width, height));
    let whole = Rect::new(0, 0, 4000, 4000);
    // At an eighth, samples stand 3.5 pixels of the picture before the middles of boxes: 7/16 of their own.
    let scaled = scaling(whole, 450, 450);
    assert_eq!((scaled.level, scaled.x.start, scaled.x.length), (3, 0.4375, 500.0));
    assert_eq!(scaled.window(), Rect::new(0, 0, 501, 501), "the last is repeated");
    let copy = scaling(whole, 500, 500);
    assert!(copy.is_copy() && copy.window() == Rect::new(0, 0, 500, 500));
    let tile = scaling(Rect::new(1952, 0, 2048, 2048), 244, 256);
    assert!(!tile.is_copy() && tile.y.start == 0.4375, "both axes are moved, or none: {tile}");
    let moved = Reduced::Waves(13, 6).master(Dimensions::new(4000, 4000));
    let scaled = Scaling::new(&moved, whole, Dimensions::new(450, 450));
    // The first column stands at 16 of the reference grid, 3 after the edge; the first row at 8, 2 after it.
    assert_eq!((scaled.x.start, scaled.y.start), (0.5 - 3.5 / 8.0, 0.5 - 2.5 / 8.0));
}

#[test]
fn a_level_of_few_pixels_is_one_that_was_halved() {
    // 600 by 64 is 9, and 600 by 9 is nearer to 67.
    let master = Reduced::Down.master(Dimensions::new(600, 590));
    let scaling = Scaling::new(&master, Rect::new(0, 0, 512, 512), Dimensions::new(8, 8));
    assert!(scaling.level == 6 && scaling.is_copy(), "{scaling}");
    let thirds = Description {
        levels: vec![master.levels[0], Level { dimensions: Dimensions::new(200, 197), ..master.levels[0] }],
        ..master
    };
    let scaling = Scaling::new(&thirds, Rect::new(0, 0, 300, 300), Dimensions::new(100, 100));
    assert!(scaling.level == 1 && scaling.is_copy(), "{scaling}");
}
