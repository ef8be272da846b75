//! What a viewer asks for first, told by info.json alone. Pure.

use anyhow::{Context, ensure};
use recto_iiif::{Tiling, Version};
use serde_json::Value;

use crate::picture::{Dimensions, Rect};

/// No first screen has more tiles, whatever an info.json says.
const MOST_TILES: usize = 1000;

/// Formats in which OpenSeadragon takes tiles, if info.json prefers one of them.
const PREFERRED: [&str; 5] = ["avif", "webp", "png", "jpg", "gif"];

/// OpenSeadragon loads a level if a pixel of it is at least so large on the screen (`minPixelRatio`).
const LEAST_PIXEL: f64 = 0.5;

/// The part of an info.json that viewers read.
#[derive(Clone, Debug)]
pub(super) struct Info {
    pub(super) version: Version,
    /// Where it says that the image is.
    pub(super) id: String,
    pub(super) image: Dimensions,
    /// The sizes that are recommended.
    pub(super) sizes: Vec<Dimensions>,
    /// Its first kind of tiles, and the largest scale factor.
    tiles: Option<(Tiling, Vec<u64>)>,
    /// The format of tiles.
    format: String,
}

impl Info {
    /// Reads an info.json of 3.0 or 2.1.
    ///
    /// # Errors
    /// If it is none, or has no size.
    pub(super) fn parse(json: &[u8]) -> anyhow::Result<Self> {
        let info: Value = serde_json::from_slice(json).context("its info.json is no JSON")?;
        let text = |name: &str| info[name].as_str();
        let version = if text("type") == Some("ImageService3") { Version::V3 } else { Version::V2 };
        let id = text("id").or(text("@id")).context("its info.json has no id")?.to_owned();
        let image = size(&info).context("its info.json has no width and height")?;
        let list = |name: &str| info[name].as_array().map(Vec::as_slice).unwrap_or_default();
        let preferred = list("preferredFormats").iter().filter_map(Value::as_str);
        let format = preferred.into_iter().find(|format| PREFERRED.contains(format)).unwrap_or("jpg");
        let tiles = list("tiles").first().map(|tiles| tiling(image, tiles)).transpose()?;
        let sizes = list("sizes").iter().filter_map(size).collect();
        Ok(Self { version, id, image, sizes, tiles, format: format.to_owned() })
    }

    /// The tiles that OpenSeadragon (4 to 6) asks for while it shows the whole image in a window of so many pixels, as paths
    /// below the image's own, in its order: from the largest level that is one tile up to the one that fills the window.
    pub(super) fn first_screen(&self, screen: Dimensions) -> Vec<String> {
        let Some((tiling, factors)) = &self.tiles else { return Vec::new() };
        let across = |screen: u32, image: u32| f64::from(screen) / f64::from(image);
        let shown = across(screen.width, self.image.width).min(across(screen.height, self.image.height));
        let largest = factors.iter().copied().max().unwrap_or(1);
        let highest = (largest as f64).log2().round().min(32.0) as u32;
        let sizes = self.level_sizes(factors, highest);
        let levels = (0..=highest).rev().map(|level| 1_u64 << level).filter_map(|factor| {
            let is_wanted = factor.ilog2() == highest || factor as f64 * shown >= LEAST_PIXEL;
            let listed = sizes.as_ref().and_then(|sizes| sizes.get((highest - factor.ilog2()) as usize));
            is_wanted.then(|| (factor, listed.copied().unwrap_or_else(|| scaled(self.image, factor))))
        });
        let levels: Vec<(u64, Dimensions)> = levels.collect();
        let is_tile = |(_, level): &&(u64, Dimensions)| {
            level.width <= tiling.tile.width && level.height <= tiling.tile.height
        };
        let first = levels.iter().take_while(is_tile).count().saturating_sub(1);
        let tiles = levels[first..].iter().flat_map(|&(factor, level)| {
            let columns = level.width.div_ceil(tiling.tile.width);
            let rows = level.height.div_ceil(tiling.tile.height);
            (0..columns).flat_map(move |column| (0..rows).map(move |row| (factor, level, column, row)))
        });
        tiles.take(MOST_TILES).map(|tile| self.tile(*tiling, tile)).collect()
    }

    /// The sizes of its levels, the smallest first, where OpenSeadragon takes the list of sizes for that.
    fn level_sizes(&self, factors: &[u64], highest: u32) -> Option<Vec<Dimensions>> {
        let mut sizes = self.sizes.clone();
        sizes.sort_by_key(|size| size.width);
        let last = sizes.last()?;
        if last.width < self.image.width && last.height < self.image.height {
            sizes.push(self.image);
        }
        let levels = highest as usize + 1;
        let near = |full: u32, side: u32, factor: u64| {
            (f64::from(full) / f64::from(side.max(1))).round() == factor as f64
        };
        let fits = |(size, factor): (&Dimensions, &u64)| {
            near(self.image.width, size.width, *factor) && near(self.image.height, size.height, *factor)
        };
        let are_levels = factors.len() != sizes.len() || sizes.iter().zip(factors.iter().rev()).all(fits);
        (sizes.len() == levels && are_levels).then_some(sizes)
    }

    /// The path of a tile, as OpenSeadragon spells it.
    fn tile(&self, tiling: Tiling, (factor, level, column, row): (u64, Dimensions, u32, u32)) -> String {
        let (image, tile) = (self.image, tiling.tile);
        if level.width < tile.width && level.height < tile.height {
            return self.path("full", level);
        }
        let (wide, high) = tiling.step(factor);
        let along = |at: u32, step: u64, full: u32| {
            let start = u64::from(at).saturating_mul(step).min(full.into());
            (start as u32, step.min(u64::from(full) - start) as u32)
        };
        let (x, width) = along(column, wide, image.width);
        let (y, height) = along(row, high, image.height);
        let region = Rect::new(x, y, width, height);
        // In the level there is this column, and this row.
        let size = Dimensions::new(
            tile.width.min(level.width.saturating_sub(column.saturating_mul(tile.width))),
            tile.height.min(level.height.saturating_sub(row.saturating_mul(tile.height))),
        );
        let is_whole = region == Rect::whole(image);
        self.path(if is_whole { "full".to_owned() } else { region.to_string() }.as_str(), size)
    }

    fn path(&self, region: &str, size: Dimensions) -> String {
        let Dimensions { width, height } = size;
        let size = match self.version {
            Version::V2 if width == self.image.width => "full".to_owned(),
            Version::V2 => format!("{width},"),
            Version::V3 if size == self.image => "max".to_owned(),
            Version::V3 => format!("{width},{height}"),
        };
        format!("{region}/{size}/0/default.{}", self.format)
    }
}

fn scaled(image: Dimensions, factor: u64) -> Dimensions {
    let side = |side: u32| u64::from(side).div_ceil(factor) as u32;
    Dimensions::new(side(image.width), side(image.height))
}

/// The size that an object has.
fn size(of: &Value) -> Option<Dimensions> {
    let side =
        |name: &str| of[name].as_u64().and_then(|side| u32::try_from(side).ok()).filter(|side| *side > 0);
    Some(Dimensions::new(side("width")?, side("height")?))
}

/// Tiles, and their scale factors.
fn tiling(image: Dimensions, tiles: &Value) -> anyhow::Result<(Tiling, Vec<u64>)> {
    let side = |name: &str| tiles[name].as_u64().and_then(|side| u32::try_from(side).ok());
    let width = side("width").unwrap_or(0);
    let height = side("height").unwrap_or(width);
    ensure!(width > 0 && height > 0, "its info.json has tiles without a size");
    let factors = tiles["scaleFactors"].as_array().map(Vec::as_slice).unwrap_or_default();
    let factors = factors.iter().filter_map(Value::as_u64).filter(|factor| *factor > 0).collect();
    Ok((Tiling { image, tile: Dimensions::new(width, height) }, factors))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn info(version: Version, (width, height): (u32, u32), sizes: &[(u32, u32)]) -> Info {
        let sizes: Vec<_> = sizes.iter().map(|(w, h)| json!({ "width": w, "height": h })).collect();
        let kind = if version == Version::V3 { "ImageService3" } else { "iiif:Image" };
        let text = json!({ "type": kind, "id": "http://h/iiif/3/a", "width": width, "height": height, "sizes": sizes,
            "tiles": [{ "width": 512, "scaleFactors": [1, 2, 4, 8] }] });
        Info::parse(text.to_string().as_bytes()).expect("an info.json")
    }

    #[test]
    fn a_screen_is_asked_for_from_the_smallest_level_up_to_the_one_that_fills_it() {
        let whole = info(Version::V3, (3000, 2000), &[]).first_screen(Dimensions::new(700, 700));
        // Shown at 700 pixels, pixels of the level of 1500 are a little smaller than one, those of the largest too small.
        assert_eq!(
            whole,
            [
                "full/375,250/0/default.jpg",
                "0,0,2048,2000/512,500/0/default.jpg",
                "2048,0,952,2000/238,500/0/default.jpg",
            ]
        );
        let larger = info(Version::V3, (3000, 2000), &[]).first_screen(Dimensions::new(1280, 800));
        assert_eq!(larger.len(), 1 + 2 + 6, "{larger:?}");
        assert_eq!(larger[8], "2048,1024,952,976/476,488/0/default.jpg");
    }

    #[test]
    fn levels_smaller_than_a_tile_are_passed_over() {
        let tiles = |screen| info(Version::V3, (700, 500), &[]).first_screen(screen);
        assert_eq!(tiles(Dimensions::new(340, 340)), ["full/350,250/0/default.jpg"]);
        assert_eq!(tiles(Dimensions::new(50, 50)), ["full/88,63/0/default.jpg"], "it is not shown larger");
        assert_eq!(tiles(Dimensions::new(1280, 800)).len(), 1 + 2);
    }

    #[test]
    fn both_versions_are_spelled_as_openseadragon_does() {
        let screen = Dimensions::new(1280, 800);
        assert_eq!(
            info(Version::V2, (400, 300), &[]).first_screen(screen).last().expect("one"),
            "full/full/0/default.jpg"
        );
        assert_eq!(
            info(Version::V3, (400, 300), &[]).first_screen(screen).last().expect("one"),
            "full/max/0/default.jpg"
        );
        let tiles = info(Version::V2, (3000, 2000), &[]).first_screen(screen);
        assert!(tiles.contains(&"2048,0,952,2000/238,/0/default.jpg".to_owned()), "{tiles:?}");
    }

    #[test]
    fn sizes_that_are_levels_are_taken_for_them() {
        // As libvips makes pyramids: it rounds down.
        let sizes = [(375, 251), (750, 502), (1501, 1004)];
        let tiles = info(Version::V3, (3003, 2009), &sizes).first_screen(Dimensions::new(700, 700));
        assert_eq!(tiles[0], "full/375,251/0/default.jpg");
        assert_eq!(tiles[1], "0,0,2048,2009/512,502/0/default.jpg");
        let other = [(300, 200), (600, 400), (1200, 800)];
        let tiles = info(Version::V3, (3003, 2009), &other).first_screen(Dimensions::new(700, 700));
        assert_eq!(tiles[0], "full/376,252/0/default.jpg", "not those of the scale factors");
    }

    #[test]
    fn nonsense_is_refused_and_the_largest_numbers_do_no_harm() {
        for text in [
            "",
            "[]",
            "{}",
            r#"{"id": "x", "width": 0, "height": 3}"#,
            r#"{"id": "x", "width": 3, "height": 3, "tiles": [{}]}"#,
        ] {
            assert!(Info::parse(text.as_bytes()).is_err(), "{text}");
        }
        let text = r#"{"id": "x", "type": "ImageService3", "width": 4294967295, "height": 4294967295,
            "tiles": [{"width": 1, "height": 4294967295, "scaleFactors": [18446744073709551615, 1]}]}"#;
        let info = Info::parse(text.as_bytes()).expect("numbers");
        let screen = Dimensions::new(u32::MAX, u32::MAX);
        assert_eq!(info.first_screen(screen).len(), MOST_TILES);
    }
}
