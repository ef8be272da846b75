//! From a file to what of it decides: its headers, and how well it can be served as it is.

use super::carry;
use super::decision::{Kept, Seen, Way};
use super::failure::Failure;
use super::rows::Source;
use super::wish::{Compression, Container, Wish};
use crate::check::masters;
use crate::check::masters::outcome::{Picture, Verdict};
use crate::master::Facts;
use crate::picture::Rect;

/// A file whose tiles begin behind so many bytes has its directories before them.
const HEADER: u64 = 64;

/// What of a file decides.
///
/// # Errors
/// [`Failure`] if what it says of itself cannot be read.
pub(super) fn look(source: &Source, wish: &Wish) -> Result<Seen, Failure> {
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
    Ok(Seen {
        channels: description.channels,
        depth: description.depth,
        bits: facts.bits,
        colours: facts.colours,
        kept,
        hindrance,
    })
}

/// A JPEG whose coefficients can be tiles.
fn coefficients() -> Kept {
    Kept {
        way: Way::CarryCoefficients,
        container: Container::Tiff,
        compression: Some(Compression::Jpeg),
        is_lossy: true,
        tile_side: None,
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
    is_good.then(|| Kept {
        way: Way::CarryTiles,
        container: Container::Tiff,
        compression: named(full.compression),
        is_lossy: full.is_lossy,
        tile_side: (tile.width == tile.height).then_some(tile.width),
        is_directories_first: false,
        why: format!("its tiles of {tile} pixels in {} are kept as they are stored", full.compression),
    })
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
