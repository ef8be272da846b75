//! JPEG streams that libjpeg warns of, or that few programs write, with every pixel there. The judge is the same picture in
//! a stream without anything odd, to the bit; and libvips, for what libjpeg reads as well.

use recto::picture::{Dimensions, Rect};
use turbojpeg::{Compressor, Image, PixelFormat, Subsamp, Transform, TransformOp};

use crate::judge::writer::{Tiff, cut};
use crate::judge::{Bench, Picture, quantised, recto, rendered, samples, smooth};

const SIZE: Dimensions = Dimensions::new(603, 405);

/// All of it; a smaller level; and a window, which is decoded by an index if there is one.
const REQUESTS: [&str; 3] = ["full/max", "full/101,", "200,100,160,130/max"];

fn pixels(size: Dimensions, channels: u32) -> Vec<u8> {
    samples(size, channels).map(|(x, y, band)| quantised(smooth(x, y, band), 256) as u8).collect()
}

fn compressed(
    pixels: &[u8],
    size: Dimensions,
    sampling: Subsamp,
    set: impl Fn(&mut Compressor) -> turbojpeg::Result<()>,
) -> Vec<u8> {
    let format = if sampling == Subsamp::Gray { PixelFormat::GRAY } else { PixelFormat::RGB };
    let (width, height) = (size.width as usize, size.height as usize);
    let image = Image { pixels, width, pitch: width * format.size(), height, format };
    let mut compressor = Compressor::new().expect("a compressor");
    compressor.set_quality(90).expect("in range");
    compressor.set_subsamp(sampling).expect("known");
    set(&mut compressor).expect("set");
    compressor.compress_to_vec(image).expect("compressed")
}

fn plain() -> Vec<u8> {
    compressed(&pixels(SIZE, 3), SIZE, Subsamp::Sub2x2, |_| Ok(()))
}

fn progressive() -> Vec<u8> {
    compressed(&pixels(SIZE, 3), SIZE, Subsamp::Sub2x2, |compressor| compressor.set_progressive(true))
}

/// Where a marker is.
fn marker(stream: &[u8], code: u8) -> usize {
    stream.windows(2).position(|two| two == [0xff, code]).expect("the marker")
}

fn segment(code: u8, content: &[u8]) -> Vec<u8> {
    [&[0xff, code], &(content.len() as u16 + 2).to_be_bytes()[..], content].concat()
}

/// The stream with these bytes before a marker.
fn with(stream: &[u8], code: u8, bytes: &[u8]) -> Vec<u8> {
    let at = marker(stream, code);
    [&stream[..at], bytes, &stream[at..]].concat()
}

/// The stream with another byte at a place behind a marker.
fn changed(stream: &[u8], code: u8, place: usize, byte: u8) -> Vec<u8> {
    let mut changed = stream.to_vec();
    changed[marker(stream, code) + place] = byte;
    changed
}

fn icc(number: u8, count: u8, part: &[u8]) -> Vec<u8> {
    segment(0xe2, &[b"ICC_PROFILE\0", &[number, count][..], part].concat())
}

fn adobe(transform: u8) -> Vec<u8> {
    segment(0xee, &[b"Adobe\0\x64\0\0\0\0", &[transform][..]].concat())
}

/// What is shown of a stream must be what is shown of the sound one.
fn check(bench: &Bench, stream: &[u8], sound: &[u8], what: &str) {
    let (odd, sound) = (bench.file("odd.jpg", stream), bench.file("sound.jpg", sound));
    for request in REQUESTS {
        rendered(&odd, request).assert_near(&rendered(&sound, request), 0, &format!("{what}: {request}"));
    }
}

/// The same, and libvips must read it so, too.
fn check_judged(bench: &Bench, stream: &[u8], sound: &[u8], what: &str) {
    check(bench, stream, sound, what);
    let odd = bench.path("odd.jpg");
    rendered(&odd, "full/max").assert_near(&bench.judged(&odd, ""), 2, what);
}

#[test]
fn headers_that_libjpeg_warns_of() {
    let (bench, profile) = (Bench::new(), [7; 300]);
    for (kind, sound) in [("baseline", plain()), ("progressive", progressive())] {
        let dqt = |bytes: &[u8]| with(&sound, 0xdb, bytes);
        let odd = [
            ("ICC from 0", dqt(&[icc(0, 2, &profile), icc(1, 2, &profile)].concat())),
            ("ICC 0 of 0", dqt(&icc(0, 0, &profile))),
            ("ICC twice", dqt(&[icc(1, 1, &profile), icc(1, 1, &profile)].concat())),
            ("ICC of which one is missing", dqt(&icc(1, 2, &profile))),
            ("ICC of two counts", dqt(&[icc(1, 2, &profile), icc(2, 3, &profile)].concat())),
            ("JFIF 2.01", changed(&sound, 0xe0, 9, 2)),
            ("JFIF 0.0", changed(&sound, 0xe0, 9, 0)),
            ("Adobe 2", dqt(&adobe(2))),
            ("Adobe 3", dqt(&adobe(3))),
            ("fill bytes", with(&sound, 0xc4, &[0xff; 9])),
            ("bytes between markers", with(&sound, 0xc4, &[0, 1, 0xff, 0, 9])),
            ("bytes before SOS", with(&sound, 0xda, &[0; 40])),
            ("comments", with(&sound, 0xda, &segment(0xfe, b"no comment"))),
        ];
        for (what, stream) in odd {
            check_judged(&bench, &stream, &sound, &format!("{kind}: {what}"));
        }
    }
    let sound = plain();
    // The parameters stand behind the count and three components.
    for (what, place, byte) in [("Se 0", 12, 0), ("Al 1", 13, 1), ("Ss 1", 11, 1)] {
        check_judged(&bench, &changed(&sound, 0xda, place, byte), &sound, what);
    }
    let one = with(&sound, 0xda, &segment(0xc8, &[]));
    assert!(
        !recto(&bench.file("odd.jpg", &one), "full/max/0/default.png").status.success(),
        "JPG extensions"
    );
}

#[test]
fn adobe_says_that_inks_are_transformed() {
    let bench = Bench::new();
    // libjpeg-turbo writes Adobe's marker with transform 2 for YCCK.
    let inks = pixels(SIZE, 4);
    let (width, height) = (SIZE.width as usize, SIZE.height as usize);
    let image = Image { pixels: &inks[..], width, pitch: width * 4, height, format: PixelFormat::CMYK };
    let mut compressor = Compressor::new().expect("a compressor");
    compressor.set_quality(90).expect("in range");
    let sound = compressor.compress_to_vec(image).expect("compressed");
    assert_eq!(sound[marker(&sound, 0xee) + 15], 2);
    for transform in [1, 3, 255] {
        check(&bench, &changed(&sound, 0xee, 15, transform), &sound, &format!("transform {transform}"));
    }
}

/// As libvips writes restart markers.
fn restarting(bench: &Bench) -> Vec<u8> {
    let (plain, to) = (bench.file("plain.jpg", &plain()), bench.path("restarts.jpg"));
    crate::judge::run(
        "vips",
        &["jpegsave", crate::judge::text(&plain), crate::judge::text(&to), "--restart-interval", "20"],
    );
    std::fs::read(to).expect("written")
}

#[test]
fn data_that_libjpeg_warns_of() {
    let bench = Bench::new();
    for (kind, sound) in
        [("baseline", plain()), ("progressive", progressive()), ("restarts", restarting(&bench))]
    {
        let end = sound.len() - 2;
        for (what, tail) in [
            ("no EOI", &[][..]),
            ("zeros and no EOI", &[0; 30]),
            ("zeros before EOI", &[0, 0, 0xff, 0xd9]),
            ("bytes before EOI", &[9, 0, 1, 7, 7, 0xff, 0xd9]),
            ("fill bytes before EOI", &[0xff, 0xff, 0xff, 0xd9]),
            ("a picture behind EOI", &[0xff, 0xd9, 0xff, 0xd8, 0xff, 0xe0, 0, 2, 0xff, 0xd9]),
        ] {
            check_judged(&bench, &[&sound[..end], tail].concat(), &sound, &format!("{kind}: {what}"));
        }
    }
}

#[test]
fn restarts_that_libjpeg_warns_of() {
    let bench = Bench::new();
    let sound = restarting(&bench);
    let is_restart = |at: &usize| sound[*at] == 0xff && matches!(sound[*at + 1], 0xd0..=0xd7);
    let restarts: Vec<_> = (marker(&sound, 0xda)..sound.len() - 2).filter(is_restart).collect();
    assert!(restarts.len() > 20, "{}", restarts.len());
    let mut stuffed = sound.clone();
    for at in restarts.iter().rev() {
        stuffed.splice(at..at, [5, 0, 6]);
    }
    check_judged(&bench, &stuffed, &sound, "bytes before each");
    for shift in 1..8 {
        let mut one = sound.clone();
        one[restarts[5] + 1] = 0xd0 + (5 + shift) % 8;
        check(&bench, &one, &sound, &format!("one that is {shift} too far"));
        let mut all = sound.clone();
        restarts.iter().for_each(|at| all[at + 1] = 0xd0 + (all[at + 1] + shift) % 8);
        check(&bench, &all, &sound, &format!("all are {shift} too far"));
    }
    // A harmless thing first, and data that are missing behind it.
    for at in [restarts[7], restarts[12], sound.len() - 2] {
        let mut cut = [&sound[..at - 3], &sound[at..]].concat();
        assert!(!recto(&bench.file("cut.jpg", &cut), "full/max/0/default.png").status.success());
        cut.splice(restarts[0]..restarts[0], [1, 2, 3]);
        for request in REQUESTS {
            let said = recto(&bench.file("cut.jpg", &cut), &format!("{request}/0/default.png"));
            let said = String::from_utf8_lossy(&said.stderr).into_owned();
            assert!(said.contains("damaged master"), "{at}, {request}: {said}");
        }
    }
}

#[test]
fn pictures_that_are_cut_are_damaged() {
    let bench = Bench::new();
    for sound in [plain(), progressive(), restarting(&bench)] {
        for part in [50, 90, 99] {
            let length = sound.len() * part / 100;
            for end in [&[][..], &[0xff, 0xd9]] {
                let cut = bench.file("cut.jpg", &[&sound[..length], end].concat());
                for request in REQUESTS {
                    let said = recto(&cut, &format!("{request}/0/default.png"));
                    let said = String::from_utf8_lossy(&said.stderr).into_owned();
                    assert!(said.contains("damaged master"), "{part} parts of 100, {request}: {said}");
                }
            }
        }
    }
}

#[test]
fn arithmetic_coding() {
    let bench = Bench::new();
    for (what, sound) in [("sequential", plain()), ("progressive", progressive())] {
        let mut transform = Transform::op(TransformOp::None);
        transform.arithmetic = true;
        transform.progressive = what == "progressive";
        let coded = turbojpeg::transform(&transform, &sound).expect("transformed");
        let process = if what == "progressive" { 0xca } else { 0xc9 };
        marker(&coded, process);
        check_judged(&bench, &coded, &sound, what);
    }
}

#[test]
fn a_height_that_is_told_behind_the_scan() {
    let bench = Bench::new();
    let sound = plain();
    let [high, low] = (SIZE.height as u16).to_be_bytes();
    let without = changed(&changed(&sound, 0xc0, 5, 0), 0xc0, 6, 0);
    let with_dnl = with(&without, 0xd9, &segment(0xdc, &[high, low]));
    check(&bench, &with_dnl, &sound, "DNL");
    check_judged(&bench, &with(&sound, 0xd9, &segment(0xdc, &[high, low])), &sound, "DNL that says it again");
    assert!(!recto(&bench.file("none.jpg", &without), "full/max/0/default.png").status.success(), "none");
}

#[test]
fn samples_without_loss() {
    let bench = Bench::new();
    for (channels, sampling) in [(1, Subsamp::Gray), (3, Subsamp::None)] {
        let pixels = pixels(SIZE, channels);
        let stream = compressed(&pixels, SIZE, sampling, |compressor| compressor.set_lossless(true));
        marker(&stream, 0xc3);
        let expected = Picture { size: SIZE, channels: channels as usize, pixels };
        let path = bench.file("lossless.jpg", &stream);
        rendered(&path, "full/max").assert_near(&expected, 0, "lossless");
        let window = Rect::new(200, 100, 160, 130);
        rendered(&path, &format!("{window}/max")).assert_near(&expected.crop(window), 0, "a window");
        let plain = bench.file("plain.png", &bench.rendered(&path, "full/max/0/default.png", ""));
        rendered(&path, "full/101,").assert_near(&rendered(&plain, "full/101,"), 0, "scaled");
    }
}

/// The abbreviated form of a stream: its tables, and the rest.
fn split(stream: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let (mut tables, mut tile) = (vec![0xff, 0xd8], vec![0xff, 0xd8]);
    let mut at = 2;
    while stream[at + 1] != 0xda {
        let end = at + 2 + usize::from(u16::from_be_bytes([stream[at + 2], stream[at + 3]]));
        let part = if matches!(stream[at + 1], 0xc4 | 0xdb) { &mut tables } else { &mut tile };
        part.extend(&stream[at..end]);
        at = end;
    }
    tables.extend([0xff, 0xd9]);
    tile.extend(&stream[at..]);
    (tables, tile)
}

/// YCbCr in JPEG.
fn plain_tiff() -> Tiff {
    Tiff::new(SIZE.width, SIZE.height, 6, 3, 8).with(259, &[7]).with(530, &[2, 2])
}

fn tiff(tables: &[u8], tiles: Vec<Vec<u8>>) -> Tiff {
    let tables: Vec<u64> = tables.iter().map(|byte| u64::from(*byte)).collect();
    let tiff = if tables.is_empty() { plain_tiff() } else { plain_tiff().with(347, &tables) };
    tiff.tiles(128, 128, tiles)
}

/// JPEGTables is a field of bytes: the writer has only numbers.
fn of_bytes(mut file: Vec<u8>) -> Vec<u8> {
    let entry = file.windows(4).rposition(|four| four == [0x5b, 1, 3, 0]);
    if let Some(at) = entry {
        let count = u32::from_le_bytes([file[at + 4], file[at + 5], file[at + 6], file[at + 7]]) as usize;
        let from = u32::from_le_bytes([file[at + 8], file[at + 9], file[at + 10], file[at + 11]]) as usize;
        let bytes: Vec<u8> = (0..count).map(|n| file[from + 2 * n]).collect();
        file[from..from + count].copy_from_slice(&bytes);
        file[at + 2] = 7;
    }
    file
}

#[test]
fn tiles_that_libtiff_reads() {
    let bench = Bench::new();
    let rgb = pixels(SIZE, 3);
    let whole: Vec<_> = cut(&rgb, SIZE.width as usize, 3, (128, 128))
        .iter()
        .map(|tile| compressed(tile, Dimensions::new(128, 128), Subsamp::Sub2x2, |_| Ok(())))
        .collect();
    let (tables, _) = split(&whole[0]);
    let each = |change: &dyn Fn(Vec<u8>) -> Vec<u8>| -> Vec<Vec<u8>> {
        whole.iter().map(|tile| change(split(tile).1)).collect()
    };
    let sound = bench.file("sound.tif", &of_bytes(tiff(&tables, each(&|tile| tile)).bytes()));
    let expected = rendered(&sound, "full/max");
    expected.assert_near(&bench.judged(&sound, ""), 0, "sound");
    let behind = |tables: &[u8], bytes: &[u8]| [tables, bytes].concat();
    let without_end = &tables[..tables.len() - 2];
    for (what, tables, tiles) in [
        ("no EOI", tables.clone(), each(&|tile| tile[..tile.len() - 2].to_vec())),
        ("bytes behind EOI", tables.clone(), each(&|tile| behind(&tile, &[0, 1, 0xff, 0xd8, 7]))),
        ("bytes before EOI", tables.clone(), each(&|tile| with(&tile, 0xd9, &[1, 2, 3]))),
        ("fill bytes", tables.clone(), each(&|tile| with(&tile, 0xda, &[0xff; 5]))),
        ("bytes before SOS", tables.clone(), each(&|tile| with(&tile, 0xda, &[1, 2, 3]))),
        ("tables and bytes behind them", behind(&tables, &[0, 0, 1, 0xff, 7]), each(&|tile| tile)),
        ("tables without EOI", without_end.to_vec(), each(&|tile| tile)),
        ("tables with fill bytes", with(&tables, 0xc4, &[0xff; 4]), each(&|tile| tile)),
        ("tables with bytes between", with(&tables, 0xc4, &[1, 2]), each(&|tile| tile)),
        ("tables with comments", with(&tables, 0xc4, &segment(0xfe, b"none")), each(&|tile| tile)),
    ] {
        let file = bench.file("odd.tif", &of_bytes(tiff(&tables, tiles).bytes()));
        rendered(&file, "full/max").assert_near(&expected, 0, what);
        rendered(&file, "full/101,").assert_near(&rendered(&sound, "full/101,"), 0, what);
        bench.judged(&file, "").assert_near(&expected, 0, &format!("{what}: libtiff"));
    }
}

/// Strips that are padded to whole MCUs, though the image ends before.
#[test]
fn a_strip_that_is_longer_than_the_image() {
    let bench = Bench::new();
    let size = Dimensions::new(SIZE.width, 416);
    let stream = compressed(&pixels(size, 3), size, Subsamp::Sub2x2, |_| Ok(()));
    for rows in [SIZE.height, 1 << 16] {
        let strips = plain_tiff().strips(rows, vec![stream.clone()]);
        let file = bench.file("long.tif", &strips.bytes());
        let judged = bench.judged(&bench.tiffcp("copied.tif", &file, "-c none"), "");
        rendered(&file, "full/max").assert_near(&judged, 0, "a long strip");
    }
}

/// Tiles at the right and lower edge that hold what is in the image, and no more.
#[test]
fn tiles_cropped_at_the_edge() {
    let bench = Bench::new();
    let rgb = pixels(SIZE, 3);
    let picture = Picture { size: SIZE, channels: 3, pixels: rgb };
    let mut tiles = Vec::new();
    for y in (0..SIZE.height).step_by(128) {
        for x in (0..SIZE.width).step_by(128) {
            let rect = Rect::new(x, y, 128.min(SIZE.width - x), 128.min(SIZE.height - y));
            tiles.push(compressed(
                &picture.crop(rect).pixels,
                rect.dimensions(),
                Subsamp::Sub2x2,
                |_| Ok(()),
            ));
        }
    }
    let file = bench.file("cropped.tif", &tiff(&[], tiles.clone()).bytes());
    // libvips decodes such tiles by itself, as if they had the width of the others.
    let judged = bench.judged(&bench.tiffcp("copied.tif", &file, "-c none"), "");
    rendered(&file, "full/max").assert_near(&judged, 0, "cropped");
    let corner = Rect::new(500, 300, 103, 105);
    rendered(&file, &format!("{corner}/max")).assert_near(&judged.crop(corner), 0, "the corner");
    let sent = bench.file("sent.jpg", &bench.rendered(&file, "512,384,91,21/max/0/default.jpg", ""));
    assert!(bench.judged(&sent, "").mean_difference(&judged.crop(Rect::new(512, 384, 91, 21))) < 3.0);
    // One that holds less.
    let rect = Rect::new(512, 384, 90, 21);
    *tiles.last_mut().expect("tiles") =
        compressed(&picture.crop(rect).pixels, rect.dimensions(), Subsamp::Sub2x2, |_| Ok(()));
    let file = bench.file("short.tif", &tiff(&[], tiles).bytes());
    assert!(!recto(&file, "full/max/0/default.png").status.success(), "a tile that lacks a column");
}
