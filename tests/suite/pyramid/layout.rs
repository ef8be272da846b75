//! Where the parts of the file lie: chains and SubIFDs, both layouts of TIFF, directories behind and before the tiles.

use recto::ifd::{File, Ifd, tag};
use recto::pyramid::{Big, Order};

use super::*;

const DEFLATE: Compression = Compression::Deflate { level: 1 };

/// The offsets and lengths of a level's tiles.
fn tiles(file: &File, ifd: &Ifd) -> Vec<(u64, u64)> {
    let numbers = |tag| {
        let entry = *ifd.entry(tag).expect("tiles");
        let numbers = (0..entry.count()).map(move |index| entry.integer(file, index).expect("a number"));
        numbers.collect::<Vec<_>>()
    };
    numbers(tag::TILE_OFFSETS).into_iter().zip(numbers(tag::TILE_BYTE_COUNTS)).collect()
}

/// The directories of all levels, and where their last value ends.
fn directories<'b>(bytes: &'b [u8], sub_ifds: bool) -> (File<'b>, Vec<Ifd>, u64) {
    let (file, first) = File::open(bytes).expect("a TIFF");
    let full = file.ifd(first).expect("a directory");
    let mut levels = vec![full];
    match sub_ifds {
        true => {
            let entry = *levels[0].entry(tag::SUB_IFDS).expect("SubIFDs");
            let places = (0..entry.count()).map(|index| entry.integer(&file, index).expect("a place"));
            levels.extend(places.map(|at| file.ifd(at).expect("a directory")));
            assert!(levels.iter().all(|ifd| ifd.next == 0));
        }
        false => {
            while let Some(next) = levels.last().map(|ifd| ifd.next).filter(|next| *next > 0) {
                levels.push(file.ifd(next).expect("a directory"));
            }
            assert!(levels[0].entry(tag::SUB_IFDS).is_none());
        }
    }
    let entries = levels.iter().flat_map(Ifd::entries);
    let end = entries.map(|entry| entry.range().0 + entry.range().1).max().expect("entries");
    (file, levels, end)
}

fn check(big: Big, sub_ifds: bool, order: Order) {
    let what = format!("{big:?}, SubIFDs {sub_ifds}, {order:?}");
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("p.tif");
    write(&path, Settings { big, sub_ifds, order, ..settings(Channels::Rgb, Depth::Eight, DEFLATE) });
    assert_eq!(fs::read_dir(directory.path()).expect("there").count(), 1, "{what}: nothing else is left");
    let bytes = fs::read(&path).expect("a file");
    assert_eq!(&bytes[..4], if big == Big::Always { b"II+\0" } else { b"II*\0" }, "{what}");
    let (file, levels, end) = directories(&bytes, sub_ifds);
    assert_eq!(levels.len(), 3, "{what}");
    let tiles: Vec<_> = levels.iter().map(|ifd| tiles(&file, ifd)).collect();
    assert_eq!(tiles.iter().map(Vec::len).collect::<Vec<_>>(), [8, 2, 1], "{what}");
    assert!(tiles.iter().all(|tiles| tiles.is_sorted()), "{what}: reading order");
    if order == Order::DirectoriesFirst {
        // Behind the last value there may be the place of the next directory.
        let (mut expected, mut room) = (end, 32);
        for (offset, length) in tiles.iter().rev().flatten() {
            let gap =
                offset.checked_sub(expected).expect("directories, then the smallest level, then others");
            assert!(gap < room, "{what}: tiles are packed");
            (expected, room) = (offset + length, 2);
        }
        assert_eq!(expected, bytes.len() as u64, "{what}");
    }
    tiffinfo(&path);
    let mut expected = picture::<u8>(Channels::Rgb);
    for index in 0..3 {
        assert_eq!(level::<u8>(&path, index).pixels, expected.pixels, "{what}");
        let name = match (sub_ifds, index) {
            (true, 1..) => format!("subifd={}", index - 1),
            _ => format!("page={index}"),
        };
        assert!(by_libvips::<u8>(&path, &name) == expected.pixels, "{what}: {name}");
        expected = half(&expected);
    }
}

#[test]
fn every_layout_has_the_same_pixels() {
    check(Big::Auto, true, Order::AsMade);
    check(Big::Always, true, Order::DirectoriesFirst);
    check(Big::Always, false, Order::AsMade);
    check(Big::Never, false, Order::DirectoriesFirst);
    check(Big::Auto, true, Order::DirectoriesFirst);
}

#[test]
fn the_bytes_depend_neither_on_the_threads_nor_on_the_pieces() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("p.tif");
    let mut files = Vec::new();
    for hands in [1, 5] {
        write(&path, Settings { hands, ..settings(Channels::Rgb, Depth::Eight, DEFLATE) });
        files.push(fs::read(&path).expect("a file"));
    }
    let settings = settings(Channels::Rgb, Depth::Eight, DEFLATE);
    let mut writer = Writer::create(&path, settings).expect("started");
    writer.rows(0, AnyRaster::Eight(picture(Channels::Rgb))).expect("written");
    writer.finish().expect("finished");
    files.push(fs::read(&path).expect("a file"));
    assert!(files[0] == files[1] && files[1] == files[2]);
}

#[test]
fn there_are_as_many_levels_as_are_asked_for() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("p.tif");
    write(&path, Settings { levels: Some(2), ..settings(Channels::Gray, Depth::Eight, DEFLATE) });
    assert_eq!(tiffinfo(&path).matches("=== TIFF directory").count(), 2);
    assert_eq!(level::<u8>(&path, 1).pixels, half(&picture::<u8>(Channels::Gray)).pixels);
}

#[test]
fn linear_levels_are_lighter_where_there_is_contrast() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("p.tif");
    let size = Dimensions::new(128, 128);
    let pixels = Pixels { size, channels: Channels::Gray, depth: Depth::Eight };
    let settings = Settings { tile_side: 64, linear: true, ..Settings::new(pixels, DEFLATE) };
    let mut writer = Writer::create(&path, settings).expect("started");
    let board = samples(size, 1).map(|(x, y, _)| if (x + y) % 2 == 0 { 255 } else { 0 }).collect();
    let board = Raster { dimensions: size, channels: Channels::Gray, pixels: board };
    writer.rows(0, AnyRaster::Eight(board)).expect("written");
    writer.finish().expect("finished");
    // Half of the light is 188 on the curve of sRGB.
    assert!(by_libvips::<u8>(&path, "page=1").iter().all(|sample| *sample == 188));
}

#[test]
fn what_fails_leaves_nothing_and_says_whose_fault_it_is() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("p.tif");
    let begin = || {
        let settings =
            Settings { order: Order::DirectoriesFirst, ..settings(Channels::Gray, Depth::Eight, DEFLATE) };
        Writer::create(&path, settings).expect("started")
    };
    let rows =
        |height| AnyRaster::Eight(Raster::<u8>::new(Dimensions::new(SIZE.width, height), Channels::Gray));
    let mut writer = begin();
    writer.rows(0, rows(100)).expect("written");
    let error = writer.rows(0, rows(18)).expect_err("too many rows");
    assert_eq!(error.to_string(), "18 more rows, where 17 are left");
    assert_eq!(writer.finish().expect_err("too few").to_string(), "the picture ends after 100 of 117 rows");
    let mut writer = begin();
    assert!(writer.rows(1, rows(1)).is_err(), "rows of a level that is made of others");
    assert!(writer.tile(0, vec![1]).is_err(), "a tile, where rows are awaited");
    let sixteen = Raster::<u16>::new(Dimensions::new(SIZE.width, 1), Channels::Gray);
    assert!(writer.rows(0, AnyRaster::Sixteen(sixteen)).is_err());
    let narrow = Raster::<u8>::new(Dimensions::new(SIZE.width - 1, 1), Channels::Gray);
    assert!(writer.rows(0, AnyRaster::Eight(narrow)).is_err());
    drop(writer);
    assert_eq!(fs::read_dir(directory.path()).expect("there").count(), 0);
    let nowhere = directory.path().join("none").join("p.tif");
    let made = Writer::create(&nowhere, settings(Channels::Gray, Depth::Eight, DEFLATE));
    assert!(made.err().is_some_and(|error| error.is_of_the_machine()));
}
