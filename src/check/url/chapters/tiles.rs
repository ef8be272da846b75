//! Tiles and sizes that info.json offers: all of them have to be served, with the arithmetic of viewers.

use recto_iiif::{Tiling, Version};

use super::super::asker::{Asker, Tried, must, untried};
use super::super::examination::Examination;
use super::super::service::{Service, Tiles};
use super::{SCALED, same};
use crate::picture::{Dimensions, Rect};

/// Sizes that are tried; an image has as many as levels.
const SIZES: usize = 8;
/// Scale factors of a set of tiles that are tried.
const FACTORS: usize = 10;

/// Tries the rules of this chapter.
pub(super) fn chapter(examination: &mut Examination, service: &Service) {
    for size in service.sizes.iter().take(SIZES) {
        let path = format!("full/{},{}/0/default.jpg", size.width, size.height);
        let says = format!("the size {size} of info.json is served");
        examination.must("sizes", "5.3|5.2", &says, |asker| asker.sized(&path, *size).map(drop));
    }
    for tiles in &service.tiles {
        for factor in tiles.factors.iter().take(FACTORS) {
            level(examination, service, tiles, *factor);
        }
        shown(examination, service, tiles);
    }
}

/// As OpenSeadragon spells it: the whole image by name, in 2.1 the width alone.
fn tile_path(service: &Service, (region, size): (Rect, Dimensions), format: &str) -> String {
    let whole = region == Rect::whole(service.image);
    let region = if whole { "full".to_owned() } else { region.to_string() };
    match service.version {
        Version::V3 if size == service.image && whole => format!("full/max/0/default.{format}"),
        Version::V3 => format!("{region}/{},{}/0/default.{format}", size.width, size.height),
        Version::V2 => format!("{region}/{},/0/default.{format}", size.width),
    }
}

/// The tiles of a level that differ in kind: the first, those cut by the right and the lower edge, and by both.
fn level(examination: &mut Examination, service: &Service, tiles: &Tiles, factor: u32) {
    let tiling = Tiling { image: service.image, tile: tiles.tile };
    let (wide, high) = tiling.step(factor.into());
    let last = |side: u32, step: u64| (u64::from(side) - 1) / step.max(1) * step;
    let (right, below) = (last(service.image.width, wide), last(service.image.height, high));
    let mut places = vec![(right, below), (right, 0), (0, below), (0, 0)];
    places.sort_unstable();
    places.dedup();
    // The corner first: it goes wrong most often.
    for (x, y) in places.into_iter().rev() {
        let (Ok(x), Ok(y)) = (u32::try_from(x), u32::try_from(y)) else { continue };
        let tile = tiling.tile_at((x, y), factor.into());
        let path = tile_path(service, tile, "jpg");
        let says = format!("the tile at {x},{y} of scale factor {factor} is served, {} pixels", tile.1);
        let says = says + ", sides at an edge rounded up";
        // In 2.1 viewers name the width alone, and stretch what is a pixel higher or lower.
        let give = (0, u32::from(service.version == Version::V2));
        examination.must("tiles", "5.4|5.2", &says, |asker| asker.near(&path, tile.1, give).map(drop));
    }
}

/// A tile of a smaller level shows what the same region shows in its own size.
fn shown(examination: &mut Examination, service: &Service, tiles: &Tiles) {
    let Some(factor) = tiles.factors.iter().copied().filter(|factor| *factor > 1).min() else { return };
    if !service.offers("regionByPx") {
        return;
    }
    let says = format!("a tile of scale factor {factor} shows its region, neither moved nor stretched");
    examination.must("tiles", "4.2", &says, |asker| placed(asker, service, tiles, factor));
}

fn placed(asker: &mut Asker, service: &Service, tiles: &Tiles, factor: u32) -> Tried<()> {
    let tiling = Tiling { image: service.image, tile: tiles.tile };
    let (wide, high) = tiling.step(factor.into());
    // One in the middle, whole if there is one.
    let middle = |side: u32, step: u64| (u64::from(side) / step.max(1)).saturating_sub(1) / 2 * step;
    let (x, y) = (middle(service.image.width, wide) as u32, middle(service.image.height, high) as u32);
    let (region, size) = tiling.tile_at((x, y), factor.into());
    let format = service.exact_format();
    let full = format!("{region}/{}/0/default.{format}", service.own_size());
    if !service.allows(region.dimensions()) {
        return untried(format!("{region} is above the limits in its own size"));
    }
    let reference = asker.sized(&full, region.dimensions())?.reduced(factor);
    let give = (0, u32::from(service.version == Version::V2));
    let tile = asker.near(&tile_path(service, (region, size), format), size, give)?;
    if tile.size() != reference.size() {
        return untried("it is a pixel higher or lower than what it is compared with");
    }
    same(&tile, &reference, SCALED)?;
    let still = tile.difference(&reference).map_or(0.0, |difference| difference.mean);
    let moved = moves(&tile, &reference).into_iter().min_by(|one, other| one.1.total_cmp(&other.1));
    must(moved.as_ref().is_none_or(|(_, difference)| *difference >= still * 0.6 || still < 3.0), || {
        let (way, _) = moved.unwrap_or_default();
        format!("it fits better when it is moved a pixel to the {way}")
    })
}

/// How far a tile is from what it should be, if it were moved by a pixel.
fn moves(tile: &crate::client::Picture, reference: &crate::client::Picture) -> Vec<(&'static str, f64)> {
    let Dimensions { width, height } = tile.size();
    if width < 16 || height < 16 {
        return Vec::new();
    }
    let inner = Rect::new(1, 1, width - 2, height - 2);
    let still = reference.part(inner);
    [("right", 0, 1), ("left", 2, 1), ("bottom", 1, 0), ("top", 1, 2)]
        .into_iter()
        .filter_map(|(way, x, y)| {
            let part = tile.part(Rect::new(x, y, inner.width, inner.height));
            Some((way, part.difference(&still)?.mean))
        })
        .collect()
}
