//! Every tile of every level, decoded once: `--deep`.

use std::rc::Rc;

use crate::error::MasterError;
use crate::master::{Decoder, Master, Reader};
use crate::picture::{Depth, Dimensions, Rect};

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
    (0..count)
        .find_map(|level| windows(master, level).find_map(|window| broken(master, decoder, level, window)))
}

/// The windows in which a level is decoded: its tiles, or bands of full width.
fn windows(master: &Master, level: usize) -> impl Iterator<Item = Rect> + use<> {
    let level = &master.description.levels[level];
    let (size, tile) = (level.dimensions, level.tile);
    let step = match level.tiled {
        true => tile,
        false => {
            let rows = u32::try_from(WINDOW / u64::from(size.width.max(1))).unwrap_or(u32::MAX);
            Dimensions::new(size.width, rows.max(1).max(tile.height.min(rows)))
        }
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
