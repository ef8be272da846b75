//! What to decode and how to scale it, decided from plain values. Nothing here can fail or touches a pixel.
//! A [`Plan`] says everything that the rest of the path does; `recto render --plan` prints it.

use std::fmt;
use std::num::NonZeroU64;
use std::ops::Range;

use crate::description::{Channels, Depth, Description, Level, StoredAs, Tile};
use crate::error::MasterError;
use crate::geometry::{Dimensions, Orientation, Rect};
use crate::iiif::{Decimal, Format, Quality, Resolved};
use crate::raster::Axis;

/// Source pixels that are decoded at once, unless a row of pieces has more: 3 MB of RGB, whatever the size of the
/// request. Half as many cost more for what two bands share, twice as many for memory that the caches do not hold.
const BAND_AREA: u64 = 1 << 20;

/// Larger pictures are written while they are made, where that can be: 6 MB of RGB.
const WHOLE_AREA: u64 = 2 << 20;

/// All decisions about one derivative.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The pyramid level to read: an index of `Description::levels`.
    pub level: usize,
    /// The size of that level.
    pub level_dimensions: Dimensions,
    /// The piece in which it is stored.
    pub piece: Dimensions,
    /// Scaling across, in pixels of the level as stored.
    pub x: Axis,
    /// Scaling down.
    pub y: Axis,
    /// What turns the scaled picture as stored into what was asked for.
    pub turn: Orientation,
    /// Degrees by which it is turned clockwise after that, less than 90; the corners that this adds are empty.
    pub tilt: f64,
    /// The quality to give it.
    pub quality: Quality,
    /// The bits of its samples, from the master to the file.
    pub depth: Depth,
    /// Whether it shows the whole picture, not a part of it.
    pub whole: bool,
    /// The format to write.
    pub format: Format,
    /// The tile of the level that is exactly the picture, in a format that is asked for: to be sent as it is stored,
    /// if its colours and its bytes allow it, which only the file can tell.
    pub tile: Option<Tile>,
}

/// A part of the output, full width, and the pixels of the level that it depends on. Both windows are as wide as the
/// plan's, and may reach one pixel beyond the level where that was rounded down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Band {
    /// Rows of the scaled picture, before it is turned.
    pub rows: Range<u32>,
    /// Pixels of the level.
    pub window: Rect,
    /// The rows of it that no earlier band has, perhaps none: they begin where the last band's window ends. Bands end
    /// between pieces, so that no piece is decoded for two of them.
    pub fresh: Rect,
}

impl Plan {
    /// The plan for a request on a master, written to a file that holds samples up to `deepest`.
    pub fn new(resolved: &Resolved, description: &Description, deepest: Depth) -> Self {
        let upright = description.orientation;
        let region = upright.inverse().apply_to_rect(resolved.region, description.dimensions());
        let output = upright.inverse().apply_to_size(resolved.size);
        let full = description.levels[0].dimensions;
        let axes = |level: &Level| {
            let ratio = whole_ratio(full, level.dimensions);
            (
                axis(full.width, level.dimensions.width, ratio, region.x, region.width, output.width),
                axis(full.height, level.dimensions.height, ratio, region.y, region.height, output.height),
            )
        };
        let enough = |(x, y): &(Axis, Axis)| is_enough(x) && is_enough(y);
        let smallest =
            (0..description.levels.len()).rev().find(|&index| enough(&axes(&description.levels[index])));
        let level = smallest.unwrap_or(0);
        let (x, y) = axes(&description.levels[level]);
        let plan = Self {
            level,
            level_dimensions: description.levels[level].dimensions,
            piece: description.levels[level].tile,
            x,
            y,
            turn: upright.then(resolved.orientation),
            tilt: resolved.tilt.to_f64(),
            quality: resolved.quality,
            depth: match resolved.quality {
                Quality::Bitonal => Depth::Eight,
                _ => description.depth.min(deepest),
            },
            whole: resolved.region.dimensions() == description.dimensions(),
            format: resolved.format,
            tile: None,
        };
        Self { tile: plan.stored_tile(description.levels[level].stored_as), ..plan }
    }

    /// The tile that is exactly the picture.
    fn stored_tile(&self, stored_as: Option<StoredAs>) -> Option<Tile> {
        let same_format = match (stored_as?, self.format) {
            (StoredAs::Jpeg, Format::Jpg) => matches!(self.quality, Quality::Default | Quality::Gray),
            (StoredAs::WebP, Format::Webp) => self.quality == Quality::Default,
            _ => false,
        };
        if !same_format || !self.is_copy() || self.tilt != 0.0 {
            return None;
        }
        let (window, piece, level) = (self.window(), self.piece, self.level_dimensions);
        let tile = Tile { column: window.x / piece.width, row: window.y / piece.height };
        let (x, y) = (tile.column * piece.width, tile.row * piece.height);
        let (width, height) = (piece.width.min(level.width - x), piece.height.min(level.height - y));
        (window == Rect::new(x, y, width, height)).then_some(tile)
    }

    /// The plan itself, if it has no more than `budget` pixels of the master decoded.
    ///
    /// # Errors
    /// [`MasterError::TooLarge`] with the command that makes a master of which less is needed.
    pub fn within(self, budget: NonZeroU64) -> Result<Self, MasterError> {
        let area = self.source_area();
        if area <= budget.get() {
            return Ok(self);
        }
        Err(MasterError::TooLarge(format!(
            "{} megapixels of its level of {} pixels, in pieces of {}, would have to be decoded, and [limits] \
             max_source_area is {}; give it tiles and reduced levels: vips tiffsave MASTER NEW.tif --tile --pyramid \
             --tile-width 256 --tile-height 256 --compression deflate --predictor horizontal",
            area.div_ceil(1_000_000),
            self.level_dimensions,
            self.piece,
            budget
        )))
    }

    /// Whether no more than `budget` pixels of a master are decoded for a part of it, as it is shown, at a size.
    pub fn is_affordable(
        description: &Description,
        region: Rect,
        size: Dimensions,
        budget: NonZeroU64,
    ) -> bool {
        let (orientation, tilt) = (Orientation::UPRIGHT, Decimal::default());
        let (quality, format) = (Quality::Default, Format::Jpg);
        let resolved = Resolved { region, size, orientation, tilt, quality, format };
        Self::new(&resolved, description, Depth::Eight).source_area() <= budget.get()
    }

    /// Pixels of the master that are decoded: those of all pieces that the window touches.
    pub fn source_area(&self) -> u64 {
        let (window, level) = (self.window(), self.level_dimensions);
        // Sides have at most 32 bits, so sums and products of them fit 64.
        let whole = |from: u32, length: u32, piece: u32, side: u32| {
            let piece = u64::from(piece.max(1));
            let (from, to) = (u64::from(from), u64::from(from) + u64::from(length));
            let end = (to.div_ceil(piece) * piece).min(side.into());
            end.saturating_sub(from / piece * piece)
        };
        whole(window.x, window.width, self.piece.width, level.width)
            * whole(window.y, window.height, self.piece.height, level.height)
    }

    /// The size of the scaled picture before it is turned.
    pub fn scaled(&self) -> Dimensions {
        Dimensions::new(self.x.output, self.y.output)
    }

    /// Whether the scaled picture is pixels of the level as they are.
    pub fn is_copy(&self) -> bool {
        self.x.is_copy() && self.y.is_copy()
    }

    /// Whether what is written has no transparency, so that empty places need a background.
    pub fn is_opaque(&self) -> bool {
        !self.format.has_alpha() || self.quality == Quality::Bitonal
    }

    /// Whether the file can have the ICC profile of a master of these channels: the picture is in the colours, or
    /// grays, that the master has.
    pub fn holds_profile(&self, channels: Channels) -> bool {
        let same = match self.quality {
            Quality::Default | Quality::Color => channels != Channels::Cmyk,
            Quality::Gray => !channels.has_colour(),
            Quality::Bitonal => false,
        };
        same && self.format.holds_profile(channels.has_colour())
    }

    /// Whether it is to be written while it is made: it is large, and its rows are made in the order in which they are
    /// written.
    pub fn flows(&self) -> bool {
        self.scaled().area() > WHOLE_AREA && self.turn.quarters == 0 && self.tilt == 0.0
    }

    /// The parts in which to make the picture, top to bottom, so that memory does not grow with the source.
    pub fn bands(&self) -> impl Iterator<Item = Band> + use<> {
        let (plan, whole) = (self.clone(), self.window());
        let mut cuts = self.cuts(whole).chain([whole.bottom()]);
        let most =
            if self.is_copy() { u32::MAX } else { (BAND_AREA / u64::from(self.x.output)).max(1) as u32 };
        // Rows that are made, rows that can be, where reading stands, and where it goes next.
        let (mut made, mut ready, mut read, mut cut) = (0, 0, whole.y, whole.y);
        std::iter::from_fn(move || {
            while made == ready {
                cut = cuts.next()?;
                ready = if cut == whole.bottom() { plan.y.output } else { plan.rows_above(cut).max(made) };
            }
            let rows = made..ready.min(made.saturating_add(most));
            let top = plan.window_of(rows.clone()).y;
            let strip = |from: u32| Rect::new(whole.x, from, whole.width, cut - from);
            let band = Band { window: strip(top), fresh: strip(read.max(top)), rows };
            (made, read) = (band.rows.end, cut);
            Some(band)
        })
    }

    /// Rows of the level between which bands may end, but for the last.
    fn cuts(&self, whole: Rect) -> impl Iterator<Item = u32> + use<> {
        let (piece, width) = (self.piece.height.max(1), u64::from(whole.width));
        // What the filter reaches beyond a band is filtered for both its neighbours: it must be a small part of it.
        let rows = (BAND_AREA / width).max(8 * self.y.reach() as u64).max(1) as u32;
        // The one piece that a band touches is held by its decoder, so it may be cut; of several in a row, each would be
        // decoded for every band.
        let is_alone = whole.x / self.piece.width.max(1) == (whole.right() - 1) / self.piece.width.max(1);
        let is_cut = is_alone && piece > rows.saturating_mul(4);
        let step = if is_cut { rows } else { (rows / piece).max(1) * piece };
        let end = whole.bottom().min(self.level_dimensions.height);
        let first = (whole.y / step).saturating_add(1).saturating_mul(step);
        (first..end).step_by(step as usize)
    }

    /// How many rows of the scaled picture depend only on rows of the level above `cut`.
    fn rows_above(&self, cut: u32) -> u32 {
        let rows = (f64::from(cut) - self.y.reach() - self.y.start) / self.y.scale();
        // `as` saturates. The estimate may be off by a row.
        let estimate = (rows as u32).saturating_add(1).min(self.y.output);
        let limit = limit(&self.y, self.level_dimensions.height);
        (estimate.saturating_sub(2)..=estimate)
            .rev()
            .find(|&rows| rows == 0 || self.y.window(rows - 1..rows, limit).end <= cut)
            .unwrap_or(0)
    }

    /// All pixels of the level that the picture depends on. Like a band's, it may reach one pixel beyond the level.
    pub fn window(&self) -> Rect {
        self.window_of(0..self.y.output)
    }

    fn window_of(&self, rows: Range<u32>) -> Rect {
        let across = self.x.window(0..self.x.output, limit(&self.x, self.level_dimensions.width));
        let down = self.y.window(rows, limit(&self.y, self.level_dimensions.height));
        Rect::new(across.start, down.start, across.end - across.start, down.end - down.start)
    }
}

/// The whole number by which a level is reduced, if its sides are those of the full image divided by it and rounded
/// either way: then each of its pixels stands for that many across and down, to the last, which stands for fewer (or
/// is missing). Otherwise the level is an image scaled to fit.
fn whole_ratio(full: Dimensions, level: Dimensions) -> Option<u32> {
    let ratio =
        (f64::from(full.width.max(full.height)) / f64::from(level.width.max(level.height))).round() as u32;
    let fits = |full: u32, level: u32| level == full.div_ceil(ratio) || level == (full / ratio).max(1);
    (ratio > 0 && fits(full.width, level.width) && fits(full.height, level.height)).then_some(ratio)
}

/// Where `length` pixels from `start`, of an image of side `full`, lie on a level of side `level`.
fn axis(full: u32, level: u32, ratio: Option<u32>, start: u32, length: u32, output: u32) -> Axis {
    let Some(ratio) = ratio else {
        let scale = f64::from(level) / f64::from(full);
        return Axis { start: f64::from(start) * scale, length: f64::from(length) * scale, output };
    };
    let exact = f64::from(start) / f64::from(ratio);
    // The last tile of a level is asked for with its size rounded up (or as the level has it): its pixels are wanted
    // as they are, in line with its neighbours', not squeezed by the fraction of a pixel that was rounded.
    let at_edge = start + length == full
        && (output == length.div_ceil(ratio) || Some(output) == level.checked_sub(start / ratio))
        && start.is_multiple_of(ratio);
    let length = if at_edge { f64::from(output) } else { f64::from(length) / f64::from(ratio) };
    Axis { start: exact, length, output }
}

/// Where the pixels of a level end for an axis: one beyond its side if the level was rounded down.
fn limit(axis: &Axis, side: u32) -> u32 {
    side.max((axis.start + axis.length - 1e-6).ceil() as u32)
}

/// Whether a level has at least as many pixels as are asked for; less than one pixel short is rounding, not detail,
/// unless there are so few that it is.
fn is_enough(axis: &Axis) -> bool {
    let output = f64::from(axis.output);
    axis.length + 1.0 > output && axis.length > 0.95 * output
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "level     {} of {} pixels, in pieces of {}",
            self.level, self.level_dimensions, self.piece
        )?;
        writeln!(f, "window    {}", self.window())?;
        writeln!(f, "across    {}", self.x)?;
        writeln!(f, "down      {}", self.y)?;
        writeln!(f, "scaling   {}", if self.is_copy() { "none: pixels as stored" } else { "Lanczos" })?;
        writeln!(f, "bands     {}", self.bands().count())?;
        writeln!(f, "decodes   {} pixels", self.source_area())?;
        writeln!(f, "turn      {} and {} degrees", self.turn, self.tilt)?;
        if let Some(tile) = self.tile {
            writeln!(f, "stored    as tile {},{}, which is sent if it may be", tile.column, tile.row)?;
        }
        write!(f, "write     {:?} as {:?}, {} bits a sample", self.quality, self.format, self.depth.bits())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn description(
        width: u32,
        height: u32,
        levels: u32,
        round_up: bool,
        orientation: Orientation,
    ) -> Description {
        let level = |n: u32| {
            let side = |full: u32| if round_up { full.div_ceil(1 << n) } else { (full >> n).max(1) };
            let tile = Dimensions::new(256, 256);
            Level {
                dimensions: Dimensions::new(side(width), side(height)),
                tile,
                tiled: true,
                stored_as: None,
            }
        };
        Description {
            levels: (0..levels).map(level).collect(),
            orientation,
            channels: Channels::Rgb,
            depth: Depth::Eight,
        }
    }

    fn resolved(region: Rect, size: Dimensions, orientation: Orientation) -> Resolved {
        let tilt = Decimal::default();
        Resolved { region, size, orientation, tilt, quality: Quality::Default, format: Format::Png }
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
                let plan = Plan::new(&resolved(region, size, Orientation::UPRIGHT), &master, Depth::Eight);
                // The level rounded up has no 250x166 of its own: that is a scaled picture there.
                if plan.is_copy() {
                    assert_eq!((plan.level, plan.window()), (level, window), "{region} {size}");
                } else {
                    assert!(round_up && size.width == 250, "{region} {size} is scaled: {plan}");
                }
            }
        }
    }

    #[test]
    fn exactly_a_tile_may_be_sent_as_it_is_stored() {
        let mut master = description(1001, 667, 3, true, Orientation::UPRIGHT);
        master.levels.iter_mut().for_each(|level| level.stored_as = Some(StoredAs::Jpeg));
        let jpg = |region, (width, height)| Resolved {
            format: Format::Jpg,
            ..resolved(region, Dimensions::new(width, height), Orientation::UPRIGHT)
        };
        let tile = |request: &Resolved| {
            Plan::new(request, &master, Depth::Eight).tile.map(|tile| (tile.column, tile.row))
        };
        let inner = jpg(Rect::new(256, 256, 256, 256), (256, 256));
        assert_eq!(tile(&inner), Some((1, 1)));
        assert_eq!(tile(&jpg(Rect::new(512, 512, 489, 155), (245, 78))), Some((1, 1)), "of the second level");
        assert_eq!(tile(&jpg(Rect::new(0, 0, 1001, 667), (251, 167))), Some((0, 0)), "of the third");
        assert_eq!(tile(&Resolved { quality: Quality::Gray, ..inner }), Some((1, 1)));
        let turn = Orientation { mirrored: true, quarters: 3 };
        assert_eq!(tile(&Resolved { orientation: turn, ..inner }), Some((1, 1)));
        for other in [
            jpg(Rect::new(256, 256, 255, 256), (255, 256)),
            jpg(Rect::new(256, 256, 256, 256), (128, 128)),
            jpg(Rect::new(255, 256, 256, 256), (256, 256)),
            jpg(Rect::new(256, 256, 512, 256), (512, 256)),
            Resolved { format: Format::Webp, ..inner },
            Resolved { quality: Quality::Bitonal, ..inner },
            Resolved { tilt: Decimal::parse("1").expect("a number"), ..inner },
        ] {
            assert_eq!(tile(&other), None, "{other:?}");
        }
        let plain = description(1001, 667, 3, true, Orientation::UPRIGHT);
        assert_eq!(Plan::new(&inner, &plain, Depth::Eight).tile, None);
    }

    #[test]
    fn no_tile_is_decoded_for_two_bands_however_wide_the_picture_is() {
        for (width, side, bands) in [(4000, 256, 6), (26_720, 256, 6), (60_000, 256, 6), (60_000, 1024, 2)] {
            let mut master = description(width, 1500, 1, true, Orientation::UPRIGHT);
            master.levels[0].tile = Dimensions::new(side, side);
            let asked = resolved(Rect::whole(master.dimensions()), master.dimensions(), Orientation::UPRIGHT);
            let plan = Plan::new(&asked, &master, Depth::Eight);
            assert_eq!(plan.bands().count(), bands, "{width} in tiles of {side}");
            assert!(plan.bands().all(|band| band.fresh.y.is_multiple_of(side)));
            master.levels[0].tile = Dimensions::new(width, 1500);
            let strip = Plan::new(&asked, &master, Depth::Eight);
            assert!(strip.bands().count() >= 6, "one strip is cut");
        }
    }

    #[test]
    fn an_unaligned_region_keeps_its_fraction() {
        let master = description(4000, 4000, 4, false, Orientation::UPRIGHT);
        let region = Rect::new(101, 50, 801, 802);
        let plan = Plan::new(
            &resolved(region, Dimensions::new(400, 401), Orientation::UPRIGHT),
            &master,
            Depth::Eight,
        );
        assert_eq!(
            (plan.level, plan.x.start, plan.x.length, plan.y.start, plan.y.length),
            (1, 50.5, 400.5, 25.0, 401.0)
        );
    }

    #[test]
    fn the_budget_counts_whole_pieces() {
        let upright = Orientation::UPRIGHT;
        let plan = |master: &Description, region: Rect, side: u32| {
            Plan::new(&resolved(region, Dimensions::new(side, side), upright), master, Depth::Eight)
        };
        let tiled = description(4000, 4000, 1, false, upright);
        assert_eq!(plan(&tiled, Rect::new(256, 256, 256, 256), 256).source_area(), 256 * 256);
        assert_eq!(plan(&tiled, Rect::new(255, 256, 256, 256), 256).source_area(), 512 * 256);
        assert_eq!(plan(&tiled, Rect::new(3900, 3900, 100, 100), 100).source_area(), 160 * 160);
        let whole = plan(&tiled, Rect::new(0, 0, 4000, 4000), 100);
        assert_eq!(whole.source_area(), 16_000_000);
        let budget = |area| NonZeroU64::new(area).expect("area");
        assert!(whole.clone().within(budget(16_000_000)).is_ok());
        let error = whole.within(budget(15_999_999)).expect_err("over the budget");
        assert!(matches!(&error, MasterError::TooLarge(text) if text.contains("vips tiffsave")), "{error}");
        let mut strips = tiled;
        strips.levels[0].tile = Dimensions::new(4000, 16);
        assert_eq!(plan(&strips, Rect::new(256, 250, 256, 16), 16).source_area(), 4000 * 32);
    }

    #[test]
    fn few_pixels_at_full_size_are_read_at_full_size() {
        let master = description(600, 400, 4, true, Orientation::UPRIGHT);
        for (width, height) in [(1, 1), (2, 1), (1, 3), (5, 5)] {
            let region = Rect::new(301, 201, width, height);
            let plan = Plan::new(
                &resolved(region, region.dimensions(), Orientation::UPRIGHT),
                &master,
                Depth::Eight,
            );
            assert_eq!((plan.level, plan.is_copy()), (0, true), "{region}");
        }
    }

    proptest! {
        #[test]
        fn every_plan_covers_its_window_and_its_output(
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
            let plan = Plan::new(&resolved(Rect::new(x, y, w, h), Dimensions::new(out_width, out_height), turn), &master, Depth::Eight);
            let level = plan.level_dimensions;
            let (mut next, mut read) = (0, plan.window().y);
            for band in plan.bands() {
                prop_assert_eq!(band.rows.start, next);
                next = band.rows.end;
                prop_assert!(band.window.x < level.width && band.window.y < level.height);
                prop_assert!(band.fresh.height == 0 || band.fresh.x < level.width && band.fresh.y < level.height);
                prop_assert!(band.window.right() <= level.width + 1 && band.window.bottom() <= level.height + 1);
                prop_assert!(plan.window().contains(band.window));
                prop_assert!(band.window.contains(plan.window_of(band.rows.clone())));
                prop_assert!(band.fresh.y >= band.window.y && band.fresh.bottom() == band.window.bottom());
                prop_assert!(band.fresh.y == read || band.window.y > read && band.fresh == band.window);
                read = band.fresh.bottom();
                let (from, to) = (plan.y.start + f64::from(band.rows.start) * plan.y.scale(), plan.y.start + f64::from(band.rows.end) * plan.y.scale());
                prop_assert!(f64::from(band.window.y) <= from + 1e-6 && f64::from(band.window.bottom()) >= to - 1e-6);
            }
            prop_assert_eq!(next, plan.scaled().height);
            let at = master.orientation.then(turn).apply_to_size(plan.scaled());
            prop_assert_eq!(at, turn.apply_to_size(Dimensions::new(out_width, out_height)));
        }
    }
}
