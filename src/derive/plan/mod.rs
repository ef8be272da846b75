//! What to decode and how to scale it, decided from plain values. Nothing here can fail or touches a pixel.
//! A [`Plan`] says everything that the rest of the path does; `recto render --plan` prints it.

mod budget;
mod place;

use std::fmt;
use std::ops::Range;

use crate::picture::{
    Channels, Depth, Derivative, Description, Dimensions, Format, Orientation, Quality, Rect, StoredAs, Tile,
};
use crate::raster::Axis;
use place::{is_enough, limit};

/// Source pixels that are decoded at once, unless a row of pieces has more: 1.5 MB of RGB, whatever the size of the
/// request. Twice as many take 5 % longer, for memory that the caches do not hold; half as many gain nothing.
const BAND_AREA: u64 = 1 << 19;

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
/// plan's, and may reach one pixel beyond the level, which then repeats its last. Axes may begin before a level, by less
/// than a pixel: windows begin with its first, which is repeated when they are resampled.
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
    pub fn new(resolved: &Derivative, description: &Description, deepest: Depth) -> Self {
        let upright = description.orientation;
        let region = upright.inverse().apply_to_rect(resolved.region, description.dimensions());
        let output = upright.inverse().apply_to_size(resolved.size);
        let full = description.levels[0].dimensions;
        let axes = |level: usize| place::axes(full, &description.levels[level], region, output);
        let enough = |level: usize| {
            let ((x, y), Dimensions { width, height }) = (axes(level), description.levels[level].dimensions);
            (is_enough(&x, width) && is_enough(&y, height)).then_some((level, (x, y)))
        };
        let smallest = (1..description.levels.len()).rev().find_map(enough);
        let (level, (x, y)) = smallest.unwrap_or_else(|| (0, axes(0)));
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

    /// The size of the scaled picture before it is turned.
    pub fn scaled(&self) -> Dimensions {
        Dimensions::new(self.x.output, self.y.output)
    }

    /// The size of the picture when it is turned.
    pub fn canvas(&self) -> Dimensions {
        self.turn.apply_to_size(self.scaled()).tilted(self.tilt)
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
mod tests;
