//! Tiles that come as they are stored, of another size and compression than those of the levels that are made.

use recto::ifd::{Field, tag};
use recto::pyramid::StoredTiles;

use super::*;

/// Uncompressed gray tiles of 48 by 32 pixels; the last one is not stored.
fn tiles(picture: &Raster<u8>) -> Vec<Vec<u8>> {
    let tile = Dimensions::new(48, 32);
    let grid = (0..SIZE.height.div_ceil(tile.height))
        .flat_map(|row| (0..SIZE.width.div_ceil(tile.width)).map(move |column| (column, row)));
    let at = |x: u32, y: u32| {
        picture.pixels[(y.min(SIZE.height - 1) * SIZE.width + x.min(SIZE.width - 1)) as usize]
    };
    let cut = |(column, row): (u32, u32)| {
        samples(tile, 1).map(|(x, y, _)| at(column * tile.width + x, row * tile.height + y)).collect()
    };
    let mut tiles: Vec<Vec<u8>> = grid.map(cut).collect();
    tiles.last_mut().expect("tiles").clear();
    tiles
}

fn settings_of_stored() -> Settings {
    let fields = vec![
        Field::shorts(tag::COMPRESSION, &[1]),
        Field::shorts(tag::PHOTOMETRIC_INTERPRETATION, &[1]),
        Field::shorts(tag::BITS_PER_SAMPLE, &[8]),
        Field::shorts(tag::SAMPLES_PER_PIXEL, &[1]),
        Field::shorts(tag::PLANAR_CONFIGURATION, &[1]),
        Field::long(tag::TILE_WIDTH, 9999), // not theirs to say
    ];
    let stored = vec![StoredTiles { tile: Dimensions::new(48, 32), fields }];
    Settings { stored, ..settings(Channels::Gray, Depth::Eight, Compression::Deflate { level: 4 }) }
}

#[test]
fn stored_tiles_are_carried_and_levels_made() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("p.tif");
    let mut full = picture::<u8>(Channels::Gray);
    // The tile that is not stored is black.
    for y in 96..SIZE.height {
        full.row_mut(y, 192, SIZE.width - 192).fill(0);
    }
    let above = half(&full);
    let mut files = Vec::new();
    for (of, rows) in [(1, 1), (1, 59), (0, 7), (0, 118)] {
        let mut writer = Writer::create(&path, settings_of_stored()).expect("started");
        for tile in tiles(&full) {
            writer.tile(0, tile).expect("stored");
        }
        assert!(writer.tile(0, vec![0]).is_err(), "too many");
        let of_rows = if of == 0 { &full } else { &above };
        let Dimensions { width, height } = of_rows.dimensions;
        for y in (0..height).step_by(rows) {
            let window = Rect { x: 0, y, width, height: (rows as u32).min(height - y) };
            writer.rows(of, AnyRaster::Eight(of_rows.part(window))).expect("written");
        }
        let more =
            AnyRaster::Eight(above.part(Rect { x: 0, y: 0, width: above.dimensions.width, height: 1 }));
        assert!(writer.rows(1 - of, more).is_err(), "rows of another level");
        writer.finish().expect("finished");
        tiffinfo(&path);
        let mut expected = full.clone();
        for index in 0..3 {
            assert_eq!(level::<u8>(&path, index).pixels, expected.pixels, "level {index}");
            // libtiff cannot read tiles that are not stored.
            if index > 0 {
                assert!(
                    by_libvips::<u8>(&path, &format!("page={index}")) == expected.pixels,
                    "level {index}"
                );
            }
            expected = half(&expected);
        }
        files.push(fs::read(&path).expect("there"));
    }
    assert!(files.iter().all(|file| *file == files[0]), "the same file, however the rows came");
}

#[test]
fn missing_tiles_and_rows_are_told() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("p.tif");
    let mut writer = Writer::create(&path, settings_of_stored()).expect("started");
    assert!(
        writer.rows(2, AnyRaster::Eight(picture(Channels::Gray))).is_err(),
        "rows of a level that is made"
    );
    writer.tile(0, vec![0; 48 * 32]).expect("stored");
    assert_eq!(writer.finish().expect_err("one tile").to_string(), "level 0 ends after 1 of 20 tiles");
    let mut writer = Writer::create(&path, settings_of_stored()).expect("started");
    tiles(&picture(Channels::Gray)).into_iter().for_each(|tile| writer.tile(0, tile).expect("stored"));
    assert_eq!(writer.finish().expect_err("no rows").to_string(), "the picture ends after 0 of 59 rows");
    // With one level there are no rows at all.
    let mut writer =
        Writer::create(&path, Settings { levels: Some(1), ..settings_of_stored() }).expect("started");
    tiles(&picture(Channels::Gray)).into_iter().for_each(|tile| writer.tile(0, tile).expect("stored"));
    writer.finish().expect("finished");
    assert_eq!(tiffinfo(&path).matches("=== TIFF directory").count(), 1);
}
