//! Pieces that were never written, and masks: what shows is what GDAL shows, whose files have them.

use recto::picture::Dimensions;

use super::damage::{complaint, deflated, limited};
use crate::judge::writer::{Tiff, chain, cut};
use crate::judge::{Bench, Picture, quantised, recto, rendered, samples, tone};

const SIZE: Dimensions = Dimensions::new(150, 100);
const SIDE: u32 = 64;

/// GDAL_NODATA, a text.
const GDAL_NODATA: u16 = 42_113;

fn level(x: u32, y: u32, channel: u32) -> u8 {
    quantised(tone(x, y, channel), 256) as u8
}

/// Gray tiles of `pixel` bytes a sample, of which the second was never written.
fn sparse(bits: u16, pixel: usize, photometric: u16) -> Tiff {
    let rows = vec![0u8; SIZE.area() as usize * pixel];
    let mut tiles = cut(&rows, SIZE.width as usize, pixel, (SIDE as usize, SIDE as usize));
    tiles[1].clear();
    Tiff::new(SIZE.width, SIZE.height, photometric, 1, bits).tiles(SIDE, SIDE, tiles)
}

/// The sample in the second tile, which has only one.
#[track_caller]
fn shown(bench: &Bench, tiff: &Tiff, what: &str) -> Vec<u8> {
    let master = bench.file("sparse.tif", &tiff.bytes());
    let tile = rendered(&master, "64,0,64,64/max");
    assert!(tile.pixels.chunks(tile.channels).all(|pixel| *pixel == *tile.pixel(0, 0)), "{what}");
    let neighbour = rendered(&master, "63,0,2,2/max");
    assert_eq!(neighbour.pixel(1, 0), tile.pixel(0, 0), "{what}");
    tile.pixel(0, 0).to_vec()
}

/// The right values are those that GDAL 3.6 gives for the same files.
#[test]
fn what_was_never_written_is_the_number_for_no_data() {
    let bench = Bench::new();
    for (text, expected) in [
        (None, 0),
        (Some("255"), 255),
        (Some("128 "), 128),
        (Some("12.6"), 13),
        (Some("-9999"), 0),
        (Some("300"), 255),
        (Some("1e2"), 100),
        (Some("nan"), 0),
        (Some("inf"), 255),
        (Some(" 7"), 7),
        (Some("255abc"), 255),
        (Some("none at all"), 0),
        (Some(""), 0),
    ] {
        let with = |tiff: Tiff| match text {
            Some(text) => tiff.with_raw(GDAL_NODATA, 2, format!("{text}\0").as_bytes()),
            None => tiff,
        };
        let what = format!("{text:?}");
        assert_eq!(shown(&bench, &with(sparse(8, 1, 1)), &what), [expected], "{what}");
        assert_eq!(shown(&bench, &with(sparse(8, 1, 0)), &what), [255 - expected], "white is zero, {what}");
    }
}

#[test]
fn no_data_is_a_number_in_the_depth_of_the_samples() {
    let bench = Bench::new();
    let with = |tiff: Tiff, text: &str| tiff.with_raw(GDAL_NODATA, 2, format!("{text}\0").as_bytes());
    for (what, tiff, text, expected) in [
        ("16 bits", sparse(16, 2, 1), "65535", 255),
        ("16 bits in the other order", Tiff { big_endian: true, ..sparse(16, 2, 1) }, "32768", 128),
        ("16 bits with a sign", sparse(16, 2, 1).with(339, &[2]), "-32768", 0),
        ("32 bits", sparse(32, 4, 1), "4294967295", 255),
        ("floating point", sparse(32, 4, 1).with(339, &[3]), "1", 255),
        ("no number in floating point", sparse(32, 4, 1).with(339, &[3]), "nan", 0),
        ("half", sparse(16, 2, 1).with(339, &[3]), "0.5", 128),
        ("double", sparse(64, 8, 1).with(339, &[3]), "0.25", 64),
    ] {
        assert_eq!(shown(&bench, &with(tiff, text), what), [expected], "{what}");
    }
    for (what, tiff, text, predictor) in [
        ("predicted", sparse(16, 2, 1), "65535", 2),
        ("predicted in floating point", sparse(32, 4, 1).with(339, &[3]), "1", 3),
    ] {
        let pieces =
            tiff.pieces.iter().map(|piece| if piece.is_empty() { Vec::new() } else { deflated(piece) });
        let tiff = Tiff { pieces: pieces.collect(), ..tiff.clone() }.with(259, &[8]).with(317, &[predictor]);
        assert_eq!(shown(&bench, &with(tiff, text), what), [255], "{what}");
    }
    let index = with(sparse_indices(), "1");
    assert_eq!(shown(&bench, &index, "an index"), [0x40, 0x80, 0xc0]);
}

/// The same of two bits: indices into a map.
fn sparse_indices() -> Tiff {
    let map = [[0, 0x4000, 0, 0], [0, 0x8000, 0, 0], [0, 0xc000, 0, 0]].concat();
    let mut tiles = vec![vec![0u8; SIDE as usize / 4 * SIDE as usize]; 6];
    tiles[1].clear();
    Tiff::new(SIZE.width, SIZE.height, 3, 1, 2).with(320, &map).tiles(SIDE, SIDE, tiles)
}

/// Colours in one plane and in three, JPEG among them: every sample is the number.
#[test]
fn every_sample_is_the_number() {
    let bench = Bench::new();
    let text = |tiff: Tiff| tiff.with_raw(GDAL_NODATA, 2, b"77\0");
    let rows: Vec<u8> = samples(SIZE, 3).map(|(x, y, channel)| level(x, y, channel)).collect();
    let mut tiles = cut(&rows, SIZE.width as usize, 3, (SIDE as usize, SIDE as usize));
    tiles[1].clear();
    let plain = Tiff::new(SIZE.width, SIZE.height, 2, 3, 8);
    assert_eq!(shown(&bench, &text(plain.clone().tiles(SIDE, SIDE, tiles)), "RGB"), [77; 3]);
    let planes = |channel: usize| -> Vec<u8> { rows.iter().skip(channel).step_by(3).copied().collect() };
    let mut separate: Vec<Vec<u8>> =
        (0..3).flat_map(|channel| cut(&planes(channel), SIZE.width as usize, 1, (64, 64))).collect();
    [1, 7, 13].iter().for_each(|index| separate[*index].clear());
    let separate = plain.with(284, &[2]).tiles(SIDE, SIDE, separate);
    assert_eq!(shown(&bench, &text(separate), "planes"), [77; 3]);
    let jpeg = Tiff::new(SIZE.width, SIZE.height, 6, 3, 8).with(259, &[7]);
    let jpeg = jpeg.tiles(SIDE, SIDE, vec![Vec::new(); 6]);
    assert_eq!(shown(&bench, &text(jpeg), "JPEG"), [77; 3]);
}

#[test]
fn only_a_byte_count_of_zero_says_that_nothing_was_written() {
    let bench = Bench::new();
    let good = sparse(8, 1, 1).with_raw(GDAL_NODATA, 2, b"99\0");
    let whole = SIDE as u64 * u64::from(SIDE);
    let mut tiles = good.pieces.clone();
    tiles[1] = tiles[0].clone();
    let written = Tiff { pieces: tiles, ..good.clone() };
    assert_eq!(shown(&bench, &written, "all are written"), [0]);
    let mut counts = [whole; 6];
    counts[1] = 0;
    assert_eq!(shown(&bench, &written.clone().with(325, &counts), "an offset without bytes"), [99]);
    for counts in [[whole; 6], [whole, 1, whole, whole, whole, whole]] {
        let lie = good.clone().with(325, &counts).bytes();
        let said = complaint(&limited(&bench, &lie, "64,0,64,64/max"), "bytes at offset 0");
        assert!(said.is_some_and(|said| said.contains("offset is 0")), "bytes at offset 0");
        assert!(complaint(&limited(&bench, &lie, "0,0,64,64/max"), "beside it").is_none());
    }
}

/// Transparency masks beside each level, of one bit and of eight: what they leave out is transparent.
#[test]
fn masks_are_alpha() {
    let bench = Bench::new();
    let opaque = |x: u32, y: u32| !(x / 10 + y / 7).is_multiple_of(3);
    let image = |size: Dimensions, kind: u64, samples_per_pixel: u32| {
        let rows: Vec<u8> =
            samples(size, samples_per_pixel).map(|(x, y, channel)| level(x, y, channel)).collect();
        let (photometric, count) = if samples_per_pixel == 3 { (2, 3) } else { (1, 1) };
        let tiles = cut(&rows, size.width as usize, count, (64, 64));
        Tiff::new(size.width, size.height, photometric, count as u16, 8)
            .with(254, &[kind])
            .tiles(64, 64, tiles)
    };
    let mask = |size: Dimensions, kind: u64, bits: u16| {
        let row = |y: u32| -> Vec<u8> {
            let pixels: Vec<bool> = (0..size.width).map(|x| opaque(x, y)).collect();
            match bits {
                8 => pixels.iter().map(|opaque| if *opaque { 255 } else { 0 }).collect(),
                _ => pixels
                    .chunks(8)
                    .map(|bits| bits.iter().enumerate().map(|(n, bit)| u8::from(*bit) << (7 - n)).sum())
                    .collect(),
            }
        };
        let rows = (0..size.height).flat_map(row).collect();
        Tiff::new(size.width, size.height, 4, 1, bits).with(254, &[kind]).strips(size.height, vec![rows])
    };
    let half = Dimensions::new(SIZE.width / 2, SIZE.height / 2);
    for bits in [1, 8] {
        for channels in [1, 3] {
            let images = [
                image(SIZE, 0, channels),
                mask(SIZE, 4, bits),
                image(half, 1, channels),
                mask(half, 5, bits),
            ];
            let master = bench.file("masked.tif", &chain(&images));
            for size in [SIZE, half] {
                let expected = Picture::of(size, channels + 1, |x, y, channel| match channel {
                    alpha if alpha == channels => {
                        if opaque(x, y) {
                            255
                        } else {
                            0
                        }
                    }
                    _ => level(x, y, channel),
                });
                let what = format!("{bits} bits, {channels} channels, {size}");
                let shown = rendered(&master, &format!("full/{},{}", size.width, size.height));
                shown.assert_near(&expected, 0, &what);
            }
        }
    }
    let output = recto(&bench.path("masked.tif"), "full/max/0/default.jpg");
    assert!(output.status.success(), "on the background");
    let unequal = [image(SIZE, 0, 3), mask(half, 4, 1)];
    let master = bench.file("unequal.tif", &chain(&unequal));
    assert_eq!(rendered(&master, "full/max").channels, 3, "a mask of another size");
}

/// A stored tile knows nothing of the mask, and is not sent as it is.
#[test]
fn tiles_with_a_mask_are_not_sent_as_they_are_stored() {
    let bench = Bench::new();
    let side = SIDE as usize;
    let pixels = vec![90u8; side * side];
    let image = turbojpeg::Image {
        pixels: &pixels[..],
        width: side,
        pitch: side,
        height: side,
        format: turbojpeg::PixelFormat::GRAY,
    };
    let tile = turbojpeg::compress(image, 90, turbojpeg::Subsamp::Gray).expect("a JPEG").to_vec();
    let image = Tiff::new(2 * SIDE, SIDE, 1, 1, 8).with(259, &[7]).tiles(SIDE, SIDE, vec![tile; 2]);
    let half = [vec![0u8; side / 8], vec![0xff; side / 8]].concat().repeat(side);
    let mask = Tiff::new(2 * SIDE, SIDE, 4, 1, 1).with(254, &[4]).strips(SIDE, vec![half]);
    for (file, expected) in [(image.bytes(), [90, 90]), (chain(&[image, mask]), [255, 90])] {
        let master = bench.file("jpeg.tif", &file);
        for (column, expected) in expected.into_iter().enumerate() {
            let request = format!("{},0,64,64/max/0/default.jpg", column * side);
            let shown = bench.judged(&bench.derivative(&master, &request, ""), "");
            let near = shown.pixels.iter().all(|sample| sample.abs_diff(expected) <= 2);
            assert!(near, "column {column}: {:?} should be {expected}", shown.pixel(0, 0));
        }
    }
}
