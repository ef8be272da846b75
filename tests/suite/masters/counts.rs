//! Byte counts that are wrong, and data that ends otherwise than it should: where every pixel is there, it is shown.

use std::path::PathBuf;

use recto::picture::{Dimensions, Rect};

use super::damage::{complaint, deflated, limited};
use crate::judge::writer::Tiff;
use crate::judge::{Bench, Picture, Raw, quantised, rendered, samples, tone};

const SIZE: Dimensions = Dimensions::new(150, 100);

fn level(x: u32, y: u32, channel: u32) -> u8 {
    quantised(tone(x, y, channel), 256) as u8
}

/// A TIFF in little-endian order with the values of a tag changed, or the tag itself.
fn changed(file: &[u8], tag: u16, change: impl Fn(usize, u64) -> u64, rename: Option<u16>) -> Vec<u8> {
    let mut file = file.to_vec();
    let number = |file: &[u8], at: usize, size: usize| {
        file[at..at + size].iter().rev().fold(0u64, |number, byte| number << 8 | u64::from(*byte))
    };
    let directory = number(&file, 4, 4) as usize;
    let count = number(&file, directory, 2) as usize;
    let entry = (0..count)
        .map(|n| directory + 2 + n * 12)
        .find(|at| number(&file, *at, 2) == u64::from(tag))
        .expect("the tag");
    let size = if number(&file, entry + 2, 2) == 3 { 2 } else { 4 };
    let values = number(&file, entry + 4, 4) as usize;
    let first = if values * size <= 4 { entry + 8 } else { number(&file, entry + 8, 4) as usize };
    for index in 0..values {
        let at = first + index * size;
        let value = change(index, number(&file, at, size)).min((1 << (8 * size)) - 1);
        file[at..at + size].copy_from_slice(&value.to_le_bytes()[..size]);
    }
    if let Some(tag) = rename {
        file[entry..entry + 2].copy_from_slice(&tag.to_le_bytes());
    }
    file
}

/// A master of libtiff, and the tag of its byte counts.
fn master(bench: &Bench, compression: &str, layout: &str) -> (PathBuf, u16) {
    let bytes = samples(SIZE, 3).map(|(x, y, channel)| level(x, y, channel)).collect();
    let raw = Raw { size: SIZE, bands: 3, format: "uchar", interpretation: "srgb", bytes };
    let plain = bench.vips_tiff("plain.tif", &raw, "");
    let master = bench.tiffcp("master.tif", &plain, &format!("-L -c {compression} {layout}"));
    (master, if layout.contains("-t") { 325 } else { 279 })
}

/// Missing, 0 throughout, and beyond the end of the file: where the pieces end can be seen from what follows them.
#[test]
fn byte_counts_are_made_good_where_pieces_tell_their_end() {
    let bench = Bench::new();
    for compression in ["none", "lzw", "zip:2", "packbits", "zstd", "jpeg:r:90"] {
        for layout in ["-s -r 100", "-s -r 8", "-t -w 64 -l 64"] {
            let (master, tag) = master(&bench, compression, layout);
            let (file, expected) = (std::fs::read(&master).expect("written"), rendered(&master, "full/max"));
            let variants = [
                ("missing", changed(&file, tag, |_, count| count, Some(65_000))),
                ("0", changed(&file, tag, |_, _| 0, None)),
                ("past the end", changed(&file, tag, |_, _| u64::from(u32::MAX / 2), None)),
            ];
            for (what, file) in variants {
                // Bytes that a SHORT can count are in the file.
                let what = format!("{compression} {layout}: byte counts {what}");
                let master = bench.file("changed.tif", &file);
                rendered(&master, "full/max").assert_near(&expected, 0, &what);
                rendered(&master, "30,20,70,60/max").assert_near(
                    &expected.crop(Rect::new(30, 20, 70, 60)),
                    0,
                    &what,
                );
            }
        }
    }
}

/// libtiff takes what is not compressed to be as long as its pixels are, if it is one strip.
#[test]
fn too_few_bytes_of_what_is_not_compressed() {
    let bench = Bench::new();
    for layout in ["-s -r 100", "-s -r 8", "-t -w 64 -l 64"] {
        let (master, tag) = master(&bench, "none", layout);
        let (file, expected) = (std::fs::read(&master).expect("written"), rendered(&master, "full/max"));
        let short = bench.file("short.tif", &changed(&file, tag, |_, count| count / 3, None));
        rendered(&short, "full/max").assert_near(&expected, 0, layout);
        if layout == "-s -r 100" {
            bench.judged(&short, "[fail]").assert_near(&expected, 0, "libtiff");
        }
    }
    // What is not there is not made up of what happens to lie behind it.
    let rows: Vec<u8> = samples(SIZE, 1).map(|(x, y, channel)| level(x, y, channel)).collect();
    let strips: Vec<Vec<u8>> = rows.chunks(20 * SIZE.width as usize).map(<[u8]>::to_vec).collect();
    for (last, count) in [(4, 1500), (4, 3000), (1, 1500)] {
        let mut strips = strips.clone();
        strips[last].truncate(1500);
        let lengths: Vec<u64> = strips
            .iter()
            .enumerate()
            .map(|(n, strip)| if n == last { count } else { strip.len() as u64 })
            .collect();
        let file = Tiff::new(SIZE.width, SIZE.height, 1, 1, 8).strips(20, strips).with(279, &lengths).bytes();
        let said = complaint(&limited(&bench, &file, "full/max"), "half a strip");
        assert!(said.is_some(), "strip {last} with {count} bytes");
    }
}

/// As libtiff, which stops where the pixels end, and where no checksum is left does not miss it.
#[test]
fn deflate_that_ends_otherwise() {
    let bench = Bench::new();
    let rows: Vec<u8> = samples(SIZE, 1).map(|(x, y, channel)| level(x, y, channel)).collect();
    let strip = 20 * SIZE.width as usize;
    let expected = Picture::of(SIZE, 1, level);
    type Change<'c> = &'c dyn Fn(&[u8]) -> Vec<u8>;
    let cases: [(&str, bool, Change); 7] = [
        ("no checksum", true, &|rows| deflated(rows).split_last_chunk::<4>().expect("4").0.to_vec()),
        ("half a checksum", true, &|rows| deflated(rows).split_last_chunk::<2>().expect("2").0.to_vec()),
        ("more rows", true, &|rows| deflated(&[rows, &[9; 1234]].concat())),
        ("many more rows", true, &|rows| deflated(&[rows, &vec![9; 1_000_000]].concat())),
        ("something behind", true, &|rows| [deflated(rows), vec![7; 99]].concat()),
        ("a wrong checksum", false, &|rows| {
            [deflated(rows).split_last_chunk::<4>().expect("4").0, b"nope"].concat()
        }),
        ("cut off", false, &|rows| deflated(rows).split_last_chunk::<40>().expect("40").0.to_vec()),
    ];
    for (what, is_sound, change) in cases {
        let strips = rows.chunks(strip).map(change).collect();
        let file = Tiff::new(SIZE.width, SIZE.height, 1, 1, 8).with(259, &[8]).strips(20, strips).bytes();
        let said = complaint(&limited(&bench, &file, "full/max"), what);
        assert_eq!(said.is_none(), is_sound, "{what}: {said:?}");
        if is_sound {
            rendered(&bench.file("d.tif", &file), "full/max").assert_near(&expected, 0, what);
        }
        if what.contains("more rows") || what == "something behind" {
            bench.judged(&bench.path("d.tif"), "[fail]").assert_near(&expected, 0, "libtiff");
        }
    }
}

#[test]
fn integers_of_any_type() {
    let bench = Bench::new();
    let good = Tiff::new(SIZE.width, SIZE.height, 1, 1, 8);
    let rows: Vec<u8> = samples(SIZE, 1).map(|(x, y, channel)| level(x, y, channel)).collect();
    let file = good.strips(100, vec![rows]).bytes();
    let directory = u32::from_le_bytes(*file[4..].first_chunk().expect("a header")) as usize;
    // Width and height are the first two entries; SSHORT and SLONG have the same bytes as SHORT and LONG.
    for kind in [8, 9] {
        let mut signed = file.clone();
        [2, 14].iter().for_each(|at| signed[directory + at + 2] = kind);
        let master = bench.file("signed.tif", &signed);
        rendered(&master, "full/max").assert_near(&Picture::of(SIZE, 1, level), 0, "sides with a sign");
        bench.judged(&master, "").assert_near(&Picture::of(SIZE, 1, level), 0, "libtiff");
        signed[directory + 2 + 8..directory + 2 + 12].fill(0xff);
        let said = complaint(&limited(&bench, &signed, "full/max"), "a negative side");
        assert!(said.is_some_and(|said| said.contains("is -1")), "a negative side");
    }
}
