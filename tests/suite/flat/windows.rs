//! Windows of flat masters.

use std::fs;

use recto::error::MasterError;
use recto::master::{Decoder, Master};
use recto::picture::Channels;
use recto::picture::Rect;
use recto::raster::Raster;
use recto::watch::Watch;

use super::{Place, SIZE, decode, difference, picture};

#[test]
fn a_window_is_a_part_and_the_picture_is_kept() {
    let place = Place::new();
    let path = place.vips("jpegsave", "rgb.ppm", "a.jpg", &[]);
    let whole = decode(&path, 0).unwrap();
    let (master, mut decoder) = (Master::open(&path).unwrap(), Decoder::default());
    for window in [Rect::new(0, 0, 1, 1), Rect::new(512, 256, 131, 165), Rect::new(640, 7, 3, 99)] {
        assert_eq!(master.decode(&mut decoder, 0, window).unwrap(), whole.part(window));
        decoder.release_buffers();
    }
    // Another file at the same path is another picture.
    place.vips("jpegsave", "gray.pgm", "a.jpg", &[]);
    let gray: Raster = Master::open(&path).unwrap().decode(&mut decoder, 0, Rect::new(0, 0, 9, 9)).unwrap();
    assert_eq!(gray.channels, Channels::Gray);
}

/// Windows, decoded by themselves, must be what the whole is, which is decoded without an index.
#[test]
fn windows_of_jpegs_cost_no_exactness() {
    let place = Place::new();
    place.vips("colourspace", "rgb.ppm", "cmyk.v", &["cmyk"]);
    for (from, options) in [
        ("rgb.ppm", &["--Q", "80"][..]),
        ("rgb.ppm", &["--restart-interval", "1"]),
        ("rgb.ppm", &["--restart-interval", "7", "--optimize-coding"]),
        ("rgb.ppm", &["--restart-interval", "41", "--subsample-mode", "on"]),
        ("rgb.ppm", &["--restart-interval", "82", "--subsample-mode", "off"]),
        ("rgb.ppm", &["--restart-interval", "1000", "--subsample-mode", "off"]),
        ("gray.pgm", &["--restart-interval", "50", "--optimize-coding"]),
        ("cmyk.v", &["--restart-interval", "9"]),
        ("rgb.ppm", &["--interlace"]),
    ] {
        let path = place.vips("jpegsave", from, "a.jpg", options);
        let index = recto::format::jpeg::Index::build(&fs::read(&path).unwrap(), &Watch::unlimited());
        assert_eq!(index.is_none(), options.contains(&"--interlace"), "{from} {options:?}");
        let (master, mut decoder) = (Master::open(&path).unwrap(), Decoder::default());
        for (n, level) in master.description.levels.iter().enumerate() {
            let whole = decode(&path, n).unwrap();
            let (width, height) = (level.dimensions.width, level.dimensions.height);
            for window in [
                Rect::new(0, 0, 2, 3),
                Rect::new(width / 2, 0, width - width / 2, 5),
                Rect::new(width / 3, height / 3, width / 2, height / 2),
                Rect::new(width - 2, height - 1, 2, 1),
                Rect::new(33, 40, 9, 7),
            ] {
                let part: Raster = master.decode(&mut decoder, n, window).unwrap();
                assert!(part == whole.part(window), "{from} {options:?}: level {n}, {window}");
            }
        }
    }
}

/// More pixels than may be decoded at once are no hindrance to a window of them.
#[test]
fn jpegs_too_large_to_be_decoded_whole_have_windows() {
    let place = Place::new();
    place.vips("replicate", "rgb.ppm", "large.v", &["17", "24"]);
    let path = place.vips("jpegsave", "large.v", "large.jpg", &["--Q", "30"]);
    let (master, mut decoder) = (Master::open(&path).unwrap(), Decoder::default());
    assert!(master.description.dimensions().area() > recto::format::flat::MAX_AREA);
    let window = Rect::new(9 * SIZE.width, 20 * SIZE.height, SIZE.width, SIZE.height);
    let part: Raster = master.decode(&mut decoder, 0, window).unwrap();
    assert!(difference(&part.pixels, &picture(3)).0 < 3.0);
    let whole = master.decode::<u8>(&mut decoder, 0, Rect::whole(master.description.dimensions()));
    assert!(matches!(whole, Err(MasterError::TooLarge(_))));
}
