//! From a file to what of it decides: its headers, and how well it can be served as it is.

use std::sync::atomic::AtomicBool;

use super::carry;
use super::decision::{Kept, Seen, Way};
use super::failure::Failure;
use super::opaque::is_opaque;
use super::rows::Source;
use super::wish::{Compression, Container, Purpose, Wish};
use crate::check::masters;
use crate::check::masters::outcome::{Picture, Verdict};
use crate::format::tiff::Carried;
use crate::master::Facts;
use crate::picture::{Depth, Dimensions, Rect};
use crate::pyramid::half_of;

/// A file whose tiles begin behind so many bytes has its directories before them.
const HEADER: u64 = 64;

/// What of a file decides. Alpha is looked at where it decides.
///
/// # Errors
/// [`Failure`] if what it says of itself, or its alpha, cannot be read.
pub(super) fn look(source: &Source, wish: &Wish, hands: usize, stop: &AtomicBool) -> Result<Seen, Failure> {
    let failed = |error| Failure::of_pixels(&source.path, error);
    let facts = source.master.facts().map_err(failed)?;
    let pages = source.master.pages().map_err(failed)?;
    let description = &source.master.description;
    let mut kept: Vec<Kept> = Vec::new();
    let mut hindrance = None;
    if facts.format == "JPEG" {
        hindrance = carry::hindrance(&source.path, wish.tile_side)?.map(|why| why.to_string());
        kept.extend(hindrance.is_none().then(coefficients));
    } else {
        // Of several pages each becomes a file.
        kept.extend(if pages == 1 { good(source, &facts) } else { None });
        kept.extend(tiles(source, &facts, wish));
    }
    let is_jpeg2000 = matches!(facts.format, "JP2" | "JPX" | "JPEG 2000 codestream");
    if is_jpeg2000 && kept.is_empty() && wish.container == Container::Jp2 {
        hindrance = Some("its packets are not stored as random access wants them".to_owned());
    }
    let is_looked_at = kept.is_empty() && asks_for_jpeg(wish) && description.depth == Depth::Eight;
    Ok(Seen {
        channels: description.channels,
        is_opaque: is_looked_at && has_full_alpha(source, hands, stop)?,
        depth: description.depth,
        bits: facts.bits,
        colours: facts.colours,
        kept,
        hindrance,
    })
}

/// Whether it has alpha that is full everywhere. Decodes it down to the first pixel where it is not.
fn has_full_alpha(source: &Source, hands: usize, stop: &AtomicBool) -> Result<bool, Failure> {
    if !source.pixels().channels.has_alpha() {
        return Ok(false);
    }
    let mut is_full = true;
    let looked = source.each_band(0, hands, stop, |_, rows| {
        is_full = is_opaque(&rows);
        // Who reads on would have an error: here it ends the reading.
        if is_full { Ok(()) } else { Err(Failure::stopped(&source.path)) }
    });
    if is_full { looked.map(|()| true) } else { Ok(false) }
}

/// Whether what can be JPEG is to be.
fn asks_for_jpeg(wish: &Wish) -> bool {
    let is_named = wish.compression == Some(Compression::Jpeg);
    wish.container == Container::Tiff
        && (is_named || wish.compression.is_none() && wish.purpose != Purpose::Archive)
}

/// A JPEG whose coefficients can be tiles.
fn coefficients() -> Kept {
    Kept {
        way: Way::CarryCoefficients,
        container: Container::Tiff,
        compression: Some(Compression::Jpeg),
        is_lossy: true,
        tile_side: None,
        levels: 1,
        is_directories_first: false,
        why: "its coefficients are cut into tiles, bit by bit: nothing more is lost".to_owned(),
    }
}

/// A TIFF whose tiles can be those of a pyramid, and are of a size that serves well.
fn tiles(source: &Source, facts: &Facts, wish: &Wish) -> Option<Kept> {
    let carried = source.master.carried(0).ok()?;
    let (full, tile) = (facts.levels.first()?, carried.tile);
    let serves = |side: &u32| masters::GOOD_SIDES.contains(side) || *side == wish.tile_side;
    let is_good = [tile.width, tile.height].iter().all(serves);
    let levels = levels(source, facts, &carried, wish);
    let which = if levels > 1 { format!(", those of {levels} levels") } else { String::new() };
    is_good.then(|| Kept {
        way: Way::CarryTiles,
        container: Container::Tiff,
        compression: named(full.compression),
        is_lossy: full.is_lossy,
        tile_side: (tile.width == tile.height).then_some(tile.width),
        levels,
        is_directories_first: false,
        why: format!("its tiles of {tile} pixels in {} are kept as they are stored{which}", full.compression),
    })
}

/// How many levels can be kept beside each other, from the full one on: halves of one another, all stored alike. What
/// somebody else has made is not known to be means of light.
fn levels(source: &Source, facts: &Facts, full: &Carried, wish: &Wish) -> usize {
    let (master, mut kept) = (&source.master, 1);
    if wish.linear {
        return kept;
    }
    let side = if full.tile.width == full.tile.height { full.tile.width } else { wish.tile_side };
    for (pair, stored) in master.description.levels.windows(2).zip(facts.levels.windows(2)) {
        let Dimensions { width, height } = pair[0].dimensions;
        let is_half = width.max(height) > side && pair[1].dimensions == half_of(pair[0].dimensions);
        let is_alike = stored[0].compression == stored[1].compression;
        let has_tiles = master.carried(kept).is_ok_and(|carried| carried.tile == full.tile);
        let is_wanted = wish.levels.is_none_or(|levels| kept < levels as usize);
        if !(pair[1].is_stored && is_half && is_alike && has_tiles && is_wanted) {
            break;
        }
        kept += 1;
    }
    kept
}

/// A pyramid that could hardly be stored better, as `recto check` judges it.
fn good(source: &Source, facts: &Facts) -> Option<Kept> {
    let master = &source.master;
    if !master.description.levels[0].tiled {
        return None;
    }
    let judged = masters::judge(&source.path, master.page).ok()?;
    let picture = judged.picture?;
    let told = picture.jpeg2000.as_ref();
    let (container, is_good) = match told {
        Some(told) => (Container::Jp2, told.plt == Some(true) && judged.verdict >= Verdict::Good),
        None => (Container::Tiff, judged.verdict == Verdict::Ideal),
    };
    let full = facts.levels.first()?;
    is_good.then(|| Kept {
        way: Way::LeaveAlone,
        container,
        compression: named(full.compression),
        is_lossy: full.is_lossy,
        tile_side: square(&picture),
        levels: picture.levels.len(),
        is_directories_first: is_directories_first(source),
        why: why_good(&picture),
    })
}

/// The compression that somebody wishes for by name.
pub(super) fn named(compression: &str) -> Option<Compression> {
    Some(match compression {
        "none" => Compression::None,
        "LZW" => Compression::Lzw,
        "deflate" => Compression::Deflate,
        "Zstandard" => Compression::Zstd,
        "JPEG" => Compression::Jpeg,
        "WebP" => Compression::WebP,
        _ => return None,
    })
}

fn square(picture: &Picture) -> Option<u32> {
    let full = picture.levels.first()?;
    (full.tile_width == full.tile_height).then_some(full.tile_width)
}

/// Whether all tiles lie behind the directories that say where they are, as far as the first of each level tell.
fn is_directories_first(source: &Source) -> bool {
    let levels = source.master.description.levels.iter().filter(|level| level.is_stored).count();
    let starts = |level| source.master.ranges(level, Rect::new(0, 0, 1, 1)).unwrap_or_default();
    (0..levels).flat_map(starts).all(|range| range.start > HEADER)
}

fn why_good(picture: &Picture) -> String {
    let tile = picture.levels.first().map_or((0, 0), |level| (level.tile_width, level.tile_height));
    let levels = match picture.levels.len() {
        1 => "one level".to_owned(),
        count => format!("{count} levels"),
    };
    format!("it is good as it is: tiles of {}x{} pixels in {}, {levels}", tile.0, tile.1, picture.compression)
}
