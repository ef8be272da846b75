//! What viewers ask for: the tiles of each scale factor that info.json offers, and two thumbnails.
//! Pure arithmetic.

use recto_iiif::Tiling;

use crate::picture::{
    Decimal, Derivative, Description, Dimensions, Format, Limits, Orientation, Quality, Rect,
};

/// The boxes of thumbnails that viewers ask for.
const THUMBNAILS: [u32; 2] = [200, 400];

/// Tiles of one kind: those inside, those that an edge cuts, the one in the corner.
pub(super) struct Tiles {
    /// One of them: about in the middle.
    pub(super) sample: Derivative,
    /// How many there are.
    pub(super) count: u64,
}

/// The tiles of each scale factor, by their kinds; of each at least one.
pub(super) fn tiles(description: &Description, limits: &Limits) -> Vec<Vec<Tiles>> {
    let tiling = description.tiling(limits);
    tiling.scale_factors().map(|factor| kinds(tiling, factor)).collect()
}

/// Thumbnails of the whole picture.
pub(super) fn thumbnails(description: &Description) -> Vec<Derivative> {
    let image = description.dimensions();
    let region = Rect::whole(image);
    THUMBNAILS.iter().map(|side| derivative(region, within(image, *side))).collect()
}

fn kinds(tiling: Tiling, factor: u64) -> Vec<Tiles> {
    let (wide, high) = tiling.step(factor);
    let (image, count) = (tiling.image, |side: u32, step: u64| u64::from(side).div_ceil(step.max(1)));
    let (columns, rows) = (count(image.width, wide), count(image.height, high));
    // Those before the last are whole: one in the middle of them, and how many there are; then the last.
    let whole = |count: u64| (count > 1).then(|| ((count - 1) / 2, count - 1));
    let across = [whole(columns), Some((columns - 1, 1))];
    let down = [whole(rows), Some((rows - 1, 1))];
    let pairs = across.into_iter().flatten().flat_map(|x| down.into_iter().flatten().map(move |y| (x, y)));
    pairs
        .map(|((column, columns), (row, rows))| {
            // Both are inside the image, whose sides have 32 bits.
            let place = |number: u64, step: u64| (number * step) as u32;
            let (region, size) = tiling.tile_at((place(column, wide), place(row, high)), factor);
            Tiles { sample: derivative(region, size), count: columns * rows }
        })
        .collect()
}

/// The size of a picture in a box.
fn within(image: Dimensions, side: u32) -> Dimensions {
    let scale = f64::from(side) / f64::from(image.width.max(image.height));
    let scaled = |side: u32| ((f64::from(side) * scale.min(1.0)).round() as u32).max(1);
    Dimensions::new(scaled(image.width), scaled(image.height))
}

/// A request as people write it.
pub(super) fn spelled(of: &Derivative, description: &Description) -> String {
    let region = match of.region == Rect::whole(description.dimensions()) {
        true => "full".to_owned(),
        false => of.region.to_string(),
    };
    format!("{region}/{},{}/0/{}.{}", of.size.width, of.size.height, of.quality, of.format)
}

fn derivative(region: Rect, size: Dimensions) -> Derivative {
    Derivative {
        region,
        size,
        orientation: Orientation::UPRIGHT,
        tilt: Decimal::default(),
        quality: Quality::Default,
        format: Format::Jpg,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kinds_of_tiles_are_all_tiles() {
        let tiling =
            |width, height| Tiling { image: Dimensions::new(width, height), tile: Dimensions::new(256, 256) };
        for (width, height, factor, expected) in [
            (1000, 600, 1, vec![(256, 256, 3 * 2), (256, 88, 3), (232, 256, 2), (232, 88, 1)]),
            (1000, 600, 2, vec![(256, 256, 1), (256, 44, 1), (244, 256, 1), (244, 44, 1)]),
            (1000, 600, 4, vec![(250, 150, 1)]),
            (100, 600, 1, vec![(100, 256, 2), (100, 88, 1)]),
            (1, 1, 1, vec![(1, 1, 1)]),
        ] {
            let tiling = tiling(width, height);
            let kinds = kinds(tiling, factor);
            let of = |tiles: &Tiles| (tiles.sample.size.width, tiles.sample.size.height, tiles.count);
            assert_eq!(kinds.iter().map(of).collect::<Vec<_>>(), expected, "{width}x{height} by {factor}");
            assert!(kinds.iter().all(|tiles| tiles.sample.region.right() <= width));
        }
    }

    #[test]
    fn thumbnails_keep_proportions_and_are_not_enlarged() {
        assert_eq!(within(Dimensions::new(6000, 4000), 200), Dimensions::new(200, 133));
        assert_eq!(within(Dimensions::new(100_000, 10), 200), Dimensions::new(200, 1));
        assert_eq!(within(Dimensions::new(30, 40), 200), Dimensions::new(30, 40));
    }
}
