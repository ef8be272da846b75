//! Damaged JPEG 2000 files, under limits of memory and time: a picture or an error of the master, never a crash.

use super::{codestream, opj_compress, planes, tones};
use crate::judge::{Bench, rendered};
use crate::masters::damage::{check_noise, complaint, limited};
use recto::picture::Dimensions;

const SIZE: Dimensions = Dimensions::new(203, 117);

#[test]
fn noise() {
    let bench = Bench::new();
    let picture = tones(SIZE, 3);
    for (name, options) in
        [("p.jp2", "-t 64,64"), ("p.jp2", "-I -r 5"), ("p.j2k", "-c [64,64] -SOP -EPH -PLT")]
    {
        let master = opj_compress(&bench, name, SIZE, "3,8,u", &planes(&picture), options);
        let mut file = std::fs::read(master).expect("written");
        // Most bits are turned at the end of what is given; here a bit says most at the beginning.
        file.reverse();
        check_noise(&file, options, 250 * 8, |mut file| {
            file.reverse();
            file
        });
    }
}

#[test]
fn cut_files_are_no_pictures() {
    let bench = Bench::new();
    for options in ["-t 64,64", "", "-PLT -TLM"] {
        let file = codestream(&bench, &tones(SIZE, 1), options);
        // Its last two bytes are the EOC marker, without which every pixel is still there.
        for length in (0..file.len() - 2).rev().step_by(997) {
            let said = complaint(&limited(&bench, &file[..length], "full/max"), options);
            assert!(said.is_some(), "{options}: {length} of {} bytes are taken for all", file.len());
        }
    }
}

#[test]
fn what_only_claims_to_be_large_is_refused_before_it_takes_memory() {
    let bench = Bench::new();
    let file = codestream(&bench, &tones(SIZE, 3), "");
    // Xsiz and Ysiz, XTsiz and YTsiz.
    let claim = |image: u32, tile: u32| {
        let mut file = file.clone();
        for (place, value) in [(8, image), (12, image), (24, tile), (28, tile)] {
            file[place..place + 4].copy_from_slice(&value.to_be_bytes());
        }
        file
    };
    for (image, tile) in [(0x7fff_ffff, 0x7fff_ffff), (100_000, 100_000), (0xffff_ffff, 1)] {
        let said = complaint(&limited(&bench, &claim(image, tile), "0,0,64,64/max"), "a claim");
        assert!(said.is_some(), "{image} in tiles of {tile}: believed");
    }
    // Within the limits: what a window makes of bytes that were meant for another size is a picture, or not.
    for (image, tile) in [(60_000, 256), (30_000, 30_000)] {
        complaint(&limited(&bench, &claim(image, tile), "0,0,64,64/max"), "a large claim");
    }
}

/// A tile that is damaged harms only what touches it.
#[test]
fn damage_stays_in_its_tile() {
    let bench = Bench::new();
    let picture = tones(SIZE, 1);
    let mut file = codestream(&bench, &picture, "-t 64,64");
    let starts: Vec<usize> =
        (0..file.len() - 4).filter(|at| file[*at..].starts_with(&[0xff, 0x90, 0, 10])).collect();
    // The marker that begins the data of the second tile.
    file[starts[1] + 12..starts[1] + 14].copy_from_slice(&[0xff, 0x51]);
    let window = recto::picture::Rect::new(0, 0, 64, 64);
    let master = bench.file("one.j2k", &file);
    rendered(&master, &format!("{window}/max")).assert_near(&picture.crop(window), 0, "beside the damage");
    assert!(complaint(&limited(&bench, &file, "full/max"), "the damage").is_some());
}

/// Tiles as SIZ has them are not those that were coded: parts of the picture would be missing without an error.
#[test]
fn tiles_that_lose_their_place_are_no_pictures() {
    let bench = Bench::new();
    let picture = tones(SIZE, 1);
    let with = |file: &[u8], at: usize, side: u32| {
        let mut file = file.to_vec();
        file[at..at + 4].copy_from_slice(&side.to_be_bytes());
        file
    };
    for options in ["-t 64,64", "-t 64,64 -TLM -PLT", "-t 64,64 -TP R"] {
        let file = codestream(&bench, &picture, options);
        // XTsiz and YTsiz.
        for (at, side) in [24, 28]
            .into_iter()
            .flat_map(|at| [128, 203, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff].map(|side| (at, side)))
        {
            let said = complaint(&limited(&bench, &with(&file, at, side), "full/max"), options);
            assert!(said.is_some(), "{options}: SIZ at {at} says {side}");
        }
    }
    // One column of tiles stays one, however wide.
    let file = codestream(&bench, &picture, "-t 256,64");
    for side in [204, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff] {
        let master = bench.file("one.j2k", &with(&file, 24, side));
        rendered(&master, "full/max").assert_near(&picture, 0, "tiles wider than the picture");
    }
}
