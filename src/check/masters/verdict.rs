//! From what is known of a picture to how well it can be served, why not better, and what mends it.
//! Pure.

use super::estimate::{Estimate, milliseconds};
use super::outcome::{Picture, Verdict};
use super::remedy::{Layout, Remedy};
use super::table::bytes;
use crate::derive::plan::Class;

/// A tile may take so many times as long as in the best layout, and this much more, and there is nothing to gain that
/// anybody would notice.
const AS_GOOD: (f64, f64) = (2.0, 1.0);

/// The longer side of a level that is small enough for thumbnails.
pub(super) const SMALL: u32 = 1024;

/// Tiles within these sides are neither too many nor too large.
pub(crate) const SIDES: std::ops::RangeInclusive<u32> = 128..=1024;

/// How well a picture can be served.
pub(super) struct Judgement {
    /// In a word.
    pub(super) verdict: Verdict,
    /// Why not better.
    pub(super) why: Vec<String>,
    /// What would make it better, if it is worth the while.
    pub(super) remedy: Option<Remedy>,
}

/// Judges a picture; `layout` is the best one for it.
pub(super) fn judge(picture: &Picture, estimate: &Estimate, layout: Layout) -> Judgement {
    let mut why = Vec::new();
    let verdict = match &estimate.refused {
        Some((request, error)) => {
            why.push(format!("{request} is refused: {error}"));
            Verdict::Refused
        }
        None if estimate.slowest.1.class() > Class::Cheap => {
            let (request, cost) = &estimate.slowest;
            why.push(format!(
                "{request} takes {:.0} ms of a processor: it has to wait behind what is quick",
                milliseconds(*cost)
            ));
            Verdict::Slow
        }
        None if picture.tile_ms <= AS_GOOD.0 * picture.best_tile_ms + AS_GOOD.1 => Verdict::Ideal,
        None => Verdict::Good,
    };
    let lacks_lengths = picture.jpeg2000.as_ref().is_some_and(|codestream| codestream.plt == Some(false));
    if verdict != Verdict::Ideal || lacks_lengths {
        why.extend(shape(picture));
        why.extend(sending(picture));
        why.extend(codestream(picture));
    }
    let is_lossless = picture.jpeg2000.as_ref().is_some_and(|codestream| codestream.reversible);
    let remedy = match verdict {
        Verdict::Slow | Verdict::Refused => Some(Remedy::Pyramid(layout)),
        _ if lacks_lengths && is_lossless => Some(Remedy::PacketLengths),
        _ => None,
    };
    Judgement { verdict, why, remedy }
}

/// What its tiles and levels lack.
fn shape(picture: &Picture) -> Vec<String> {
    let Some(full) = picture.levels.first() else { return Vec::new() };
    let is_large = picture.width.max(picture.height) > SMALL;
    let mut why = Vec::new();
    if !picture.tiled && is_large {
        why.push(match picture.format.ends_with("TIFF") {
            true => format!(
                "it is stored in strips of {}x{}, not in tiles: a part of it takes whole rows",
                full.tile_width, full.tile_height
            ),
            false => format!("a {} has no tiles", picture.format),
        });
    } else if picture.tiled && ![full.tile_width, full.tile_height].iter().all(|side| SIDES.contains(side)) {
        why.push(format!(
            "its tiles are of {}x{} pixels: 256 or 512 is best",
            full.tile_width, full.tile_height
        ));
    }
    if !picture.deep_enough {
        let smallest = picture.levels.last().map_or((0, 0), |level| (level.width, level.height));
        why.push(match picture.levels.len() {
            1 => format!(
                "it has no smaller levels: small pictures are made of all {}x{} pixels",
                full.width, full.height
            ),
            _ => format!(
                "its smallest level has {}x{} pixels: small pictures are made of that",
                smallest.0, smallest.1
            ),
        });
    }
    why.extend(gap(picture));
    why
}

/// Levels that are less than half of the one before: what is between is made of the larger one.
fn gap(picture: &Picture) -> Option<String> {
    let pairs = picture.levels.iter().zip(picture.levels.iter().skip(1));
    let mut gaps = pairs.filter(|(large, small)| large.width / 3 > small.width && small.width > 1);
    gaps.next().map(|(large, small)| {
        let (from, to) = (large.width, small.width);
        format!("there is no level between those of {from} and {to} pixels across")
    })
}

/// Why tiles are not sent as they are stored, where that would be possible.
fn sending(picture: &Picture) -> Option<String> {
    let may_pass = picture.tiled && matches!(&*picture.compression, "JPEG" | "WebP");
    if !may_pass || picture.pass_through > 0.5 {
        return None;
    }
    Some(match (picture.srgb, &*picture.compression) {
        (false, _) => "its tiles are not sent as they are stored: their colours have to be converted to sRGB".to_owned(),
        (true, "JPEG") => "its tiles are not sent as they are stored: they are longer than new ones, of higher quality or \
                           without subsampled chroma ([tiles] pass_through), or of a size or kind that viewers do not ask for"
            .to_owned(),
        (true, _) => "its WebP tiles are decoded for viewers, which ask for JPEG".to_owned(),
    })
}

/// What a codestream lacks.
fn codestream(picture: &Picture) -> Vec<String> {
    let Some(codestream) = &picture.jpeg2000 else { return Vec::new() };
    let mut why = Vec::new();
    if codestream.plt == Some(false) {
        why.push(format!(
            "it has no PLT markers: where its packets are has to be found out once for each tile of the codestream, in an \
             object store by reading {} of it",
            bytes(picture.cold.tile.bytes)
        ));
    }
    if !codestream.tlm && codestream.tiles > 1 {
        why.push(format!("it has no TLM marker: to find a tile, {} are visited", codestream.tiles));
    }
    if codestream.plt.is_none() {
        why.push("High-Throughput JPEG 2000 is decoded by whole tiles".to_owned());
    }
    why
}
