//! Every tile of every level, decoded once, and the checksum of the pixels: `--deep`.

use std::rc::Rc;

use crate::error::MasterError;
use crate::master::{Decoder, Master, Reader};
use crate::picture::{Depth, Description, Dimensions, Rect};
use crate::raster::{AnyRaster, Checksum};

/// Most pixels of a window that is decoded at once, where tiles do not say.
const WINDOW: u64 = 1 << 20;

/// The first place that cannot be decoded, and why.
pub(super) fn first_broken(master: &Rc<Master>, decoder: &mut Decoder) -> Option<String> {
    let count = match master.reader(0, || Rect::new(0, 0, 1, 1)) {
        Reader::Pieces | Reader::Codestream(_) => {
            master.description.levels.iter().filter(|level| level.is_stored).count()
        }
        // What a flat file has of smaller levels is made of the same bytes.
        _ => 1,
    };
    (0..count).find_map(|level| {
        // What it holds is known by its number in its level.
        decoder.release_buffers();
        windows(master, level).find_map(|window| broken(master, decoder, level, window))
    })
}

/// What the checksum that a master has of its pixels says of them.
pub(super) enum Pixels {
    /// Nothing: it has none.
    Unknown,
    /// They are what they were.
    Same(String),
    /// They were others.
    Changed(String),
}

/// Compares the pixels of a master with the checksum that it has of them.
///
/// # Errors
/// [`MasterError`] if they cannot be decoded.
pub(super) fn pixels(master: &Master, decoder: &mut Decoder) -> Result<Pixels, MasterError> {
    let Some(recorded) = master.seal()?.and_then(|seal| seal.pixels) else { return Ok(Pixels::Unknown) };
    let Description { channels, depth, levels, .. } = &master.description;
    let size = levels[0].dimensions;
    decoder.release_buffers();
    let mut checksum = Checksum::new(size, *channels, *depth);
    let rows = rows_of(size.width).next_multiple_of(levels[0].tile.height.clamp(1, 1024));
    for top in (0..size.height).step_by(rows as usize) {
        let window = Rect::new(0, top, size.width, rows.min(size.height - top));
        checksum.rows(&match depth {
            Depth::Eight => AnyRaster::Eight(master.decode(decoder, 0, window)?),
            Depth::Sixteen => AnyRaster::Sixteen(master.decode(decoder, 0, window)?),
        });
    }
    let found = checksum.end();
    Ok(match found == recorded {
        true => Pixels::Same(found),
        false => Pixels::Changed(format!(
            "its pixels are not those that it was made with: their SHA-256 is {found}, and was {recorded}"
        )),
    })
}

/// How many rows of this width are decoded at once.
fn rows_of(width: u32) -> u32 {
    u32::try_from(WINDOW / u64::from(width.max(1))).unwrap_or(u32::MAX).max(1)
}

/// The windows in which a level is decoded: its tiles, or bands of full width.
fn windows(master: &Master, level: usize) -> impl Iterator<Item = Rect> + use<> {
    let level = &master.description.levels[level];
    let (size, tile) = (level.dimensions, level.tile);
    let step = match level.tiled {
        true => tile,
        false => Dimensions::new(size.width, rows_of(size.width)),
    };
    let (columns, rows) = (size.width.div_ceil(step.width.max(1)), size.height.div_ceil(step.height.max(1)));
    (0..rows).flat_map(move |row| (0..columns).map(move |column| (column, row))).map(move |(column, row)| {
        let (x, y) = (column * step.width, row * step.height);
        Rect::new(x, y, step.width.min(size.width - x), step.height.min(size.height - y))
    })
}

fn broken(master: &Master, decoder: &mut Decoder, level: usize, window: Rect) -> Option<String> {
    let decoded = match master.description.depth {
        Depth::Eight => master.decode::<u8>(decoder, level, window).map(drop),
        Depth::Sixteen => master.decode::<u16>(decoder, level, window).map(drop),
    };
    decoded.err().map(|error| place(master, level, window, &error))
}

/// Where a window is, in words: level, place, and offset in the file where that is known.
fn place(master: &Master, level: usize, window: Rect, error: &MasterError) -> String {
    let of = &master.description.levels[level];
    let what = match of.tiled {
        true => format!("tile {},{}", window.x / of.tile.width.max(1), window.y / of.tile.height.max(1)),
        false => format!("rows from {} on", window.y),
    };
    let offset = master.ranges(level, window).ok().and_then(|ranges| ranges.first().map(|range| range.start));
    let at = offset.map_or_else(String::new, |offset| format!(", at offset {offset}"));
    format!("level {level} of {} pixels, {what}{at}: {error}", of.dimensions)
}
