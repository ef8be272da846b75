//! Damaged and lying files, one process each under limits of memory and time: the answer is always a picture or an
//! error of the master, never a panic, a crash, a hang or a great allocation.

use std::process::{Command, Output};

use recto::picture::{Dimensions, Rect};

use crate::judge::writer::{Tiff, cut};
use crate::judge::{Bench, Picture, Raw, decoded, quantised, rendered, samples, text, tone};

const SIZE: Dimensions = Dimensions::new(203, 117);
const SIDE: u32 = 64;

/// Address space in KiB, and seconds of computing. The files below are small; what they claim is not.
const LIMITS: &str = "ulimit -v 700000 && ulimit -t 10 && exec \"$0\" \"$@\"";

/// Tags and the values that they are given.
type Tags = &'static [(u16, &'static [u64])];

fn level(x: u32, y: u32, channel: u32) -> u8 {
    quantised(tone(x, y, channel), 256) as u8
}

/// zlib's format.
pub fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut compressor = libdeflater::Compressor::new(libdeflater::CompressionLvl::default());
    let mut packed = vec![0; compressor.zlib_compress_bound(bytes.len())];
    let length = compressor.zlib_compress(bytes, &mut packed).expect("room");
    packed.truncate(length);
    packed
}

/// RGB in deflated tiles.
fn good() -> Tiff {
    let rows: Vec<u8> = samples(SIZE, 3).map(|(x, y, channel)| level(x, y, channel)).collect();
    let tiles = cut(&rows, SIZE.width as usize, 3, (SIDE as usize, SIDE as usize));
    let tiles = tiles.iter().map(|tile| deflated(tile)).collect();
    Tiff::new(SIZE.width, SIZE.height, 2, 3, 8).with(259, &[8]).tiles(SIDE, SIDE, tiles)
}

/// `recto render` under [`LIMITS`].
pub fn limited(bench: &Bench, file: &[u8], region_and_size: &str) -> Output {
    let master = bench.file("damaged.tif", file);
    let request = format!("{region_and_size}/0/default.png");
    let arguments = ["-c", LIMITS, env!("CARGO_BIN_EXE_recto"), "render", text(&master), &request];
    Command::new("sh").args(arguments).output().expect("a shell")
}

/// What Recto says of the master; none if it made a picture.
#[track_caller]
pub fn complaint(output: &Output, what: &str) -> Option<String> {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    match output.status.code() {
        Some(0) => {
            decoded(&output.stdout);
            None
        }
        Some(1)
            if said.contains("damaged master")
                || said.contains("no image")
                || said.contains("unsupported master")
                || said.contains("too large")
                // Sides that have changed may be smaller than what is asked for.
                || said.contains("a size that may enlarge") =>
        {
            Some(said)
        }
        other => panic!("{what}: ended with {other:?}: {said}"),
    }
}

#[test]
fn lies_are_found_out() {
    let bench = Bench::new();
    const HUGE: u64 = 0xffff_fff0;
    let lies: [(&str, Tags); 23] = [
        ("no width", &[(256, &[0])]),
        ("no height", &[(257, &[0])]),
        ("a width beyond all", &[(256, &[HUGE])]),
        ("more tiles than offsets", &[(256, &[4000])]),
        ("far more tiles than offsets", &[(256, &[0x7fff_ffff]), (257, &[0x7fff_ffff])]),
        ("tiles of no width", &[(322, &[0])]),
        ("tiles larger than they are", &[(322, &[128])]),
        ("tiles smaller than they are", &[(323, &[48])]),
        ("tiles beyond all", &[(322, &[65_536]), (323, &[65_536])]),
        ("tiles as large as may be", &[(322, &[16_384]), (323, &[10_000])]),
        ("offsets outside", &[(324, &[HUGE; 8])]),
        ("offsets too few", &[(324, &[8; 3])]),
        ("byte counts of one", &[(325, &[1; 8])]),
        ("no such compression", &[(259, &[77])]),
        ("another compression", &[(259, &[7])]),
        ("a compression for bilevel images", &[(259, &[4])]),
        ("LZW", &[(259, &[5])]),
        ("no samples", &[(277, &[0])]),
        ("too few samples", &[(277, &[2])]),
        ("too many samples", &[(277, &[65_535])]),
        ("samples of no bits", &[(258, &[0, 0, 0])]),
        ("samples of unequal bits", &[(258, &[8, 16, 8])]),
        ("another predictor", &[(317, &[99])]),
    ];
    for (what, tags) in lies {
        for (big_tiff, big_endian) in [(false, false), (true, true)] {
            let tiff = tags.iter().fold(good(), |tiff, (tag, values)| tiff.with(*tag, values));
            let file = Tiff { big_tiff, big_endian, ..tiff }.bytes();
            let said = complaint(&limited(&bench, &file, "0,0,64,64/max"), what);
            assert!(said.is_some(), "{what}: believed");
        }
    }
}

#[test]
fn harmless_oddities_are_forgiven() {
    let bench = Bench::new();
    let expected = Picture::of(SIZE, 3, level);
    let odd: [(&str, Tags); 7] = [
        ("chroma of nothing", &[(530, &[3, 9])]),
        ("byte counts outside the file", &[(325, &[0xffff_fff0; 8])]),
        ("an unknown tag", &[(65_000, &[1, 2, 3])]),
        ("an orientation that is none", &[(274, &[99])]),
        ("tables for JPEG", &[(347, &[1, 2])]),
        ("SubIFDs that are none", &[(330, &[8, 9, 0xffff_0000])]),
        ("a colour map nobody asked for", &[(320, &[7])]),
    ];
    for (what, tags) in odd {
        let file = tags.iter().fold(good(), |tiff, (tag, values)| tiff.with(*tag, values)).bytes();
        let master = bench.file("odd.tif", &file);
        rendered(&master, "full/max").assert_near(&expected, 0, what);
    }
}

#[test]
fn directories_in_a_ring_end() {
    let bench = Bench::new();
    for tiff in [good(), Tiff { big_tiff: true, ..good() }] {
        let mut file = tiff.bytes();
        // The last bytes are the link to the next directory, the header's link leads to the first.
        let (end, header) = (file.len(), if tiff.big_tiff { 8..16 } else { 4..8 });
        let first = file[header.clone()].to_vec();
        file[end - header.len()..].copy_from_slice(&first);
        let master = bench.file("ring.tif", &file);
        rendered(&master, "full/max").assert_near(&Picture::of(SIZE, 3, level), 0, "a ring");
    }
}

#[test]
fn damage_stays_in_its_tile() {
    let bench = Bench::new();
    let mut tiff = good();
    // Column 1, row 0; the length stays, so that the other tiles lie where they lay.
    let middle = tiff.pieces[1].len() / 2;
    tiff.pieces[1][middle..].fill(0xa5);
    let file = tiff.bytes();
    let master = bench.file("one.tif", &file);
    let expected = Picture::of(SIZE, 3, level);
    for window in [Rect::new(0, 0, 64, 117), Rect::new(128, 0, 75, 117), Rect::new(0, 64, 203, 53)] {
        rendered(&master, &format!("{window}/max")).assert_near(
            &expected.crop(window),
            0,
            "beside the damage",
        );
    }
    for window in ["63,0,2,1/max", "127,63,2,2/max", "full/max", "full/50,"] {
        let said = complaint(&limited(&bench, &file, window), window);
        assert!(said.is_some_and(|said| said.contains("deflate")), "{window} touches the damage");
    }
}

/// The file cut off and with bits turned over, at the same places every time that this runs.
///
/// Most bits are turned over in the last `first_bits`, where one is to say most; `written` is what is made of such bytes.
pub fn check_noise(file: &[u8], what: &str, first_bits: usize, written: impl Fn(Vec<u8>) -> Vec<u8>) {
    let bench = Bench::new();
    let mut state = file.len() as u32;
    let mut random = |below: usize| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        ((u64::from(state) * below as u64) >> 32) as usize
    };
    for round in 0..40 {
        let cut = if round < 3 { round * 9 } else { random(file.len()) };
        complaint(
            &limited(&bench, &written(file[..cut].to_vec()), "full/max"),
            &format!("{what} cut at {cut}"),
        );
    }
    for round in 0..150 {
        let mut damaged = file.to_vec();
        let bits = if round % 3 == 0 { file.len() * 8 } else { first_bits };
        let places: Vec<usize> = (0..1 + round % 4).map(|_| file.len() * 8 - 1 - random(bits)).collect();
        places.iter().for_each(|place| damaged[place / 8] ^= 1 << (place % 8));
        let size = if round % 2 == 0 { "full/max" } else { "full/40,30" };
        complaint(&limited(&bench, &written(damaged), size), &format!("{what}, bits {places:?} turned over"));
    }
}

#[test]
fn noise_in_deflated_tiles() {
    // The writer puts the directory last: 14 entries.
    check_noise(&good().bytes(), "deflate", 14 * 12 * 8, |file| file);
    check_noise(
        &Tiff { big_tiff: true, big_endian: true, ..good() }.bytes(),
        "BigTIFF",
        14 * 20 * 8,
        |file| file,
    );
}

#[test]
fn noise_in_files_of_libvips() {
    let bench = Bench::new();
    let bytes = samples(SIZE, 3).map(|(x, y, channel)| level(x, y, channel)).collect();
    let raw = Raw { size: SIZE, bands: 3, format: "uchar", interpretation: "srgb", bytes };
    for options in [
        "[compression=jpeg,tile,pyramid,tile-width=64,tile-height=64]",
        "[compression=webp]",
        "[compression=lzw,tile,pyramid,subifd]",
    ] {
        let master = bench.vips_tiff("p.tif", &raw, options);
        check_noise(&std::fs::read(master).expect("written"), options, 200 * 12 * 8 / 4, |file| file);
    }
}
