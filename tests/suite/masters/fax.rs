//! Bilevel masters as fax machines code them: group 3 as libtiff writes it, and modified Huffman, which it only reads.

use fax::{BitWriter, VecWriter, maps};
use recto::picture::{Dimensions, Rect};

use super::damage::check_noise;
use crate::judge::writer::Tiff;
use crate::judge::{Bench, Picture, Raw, rendered, text, tone};

/// Wider than the longest run that has a code of its own.
const SIZE: Dimensions = Dimensions::new(2803, 155);
const WINDOW: Rect = Rect::new(37, 61, 2033, 83);

/// Noise, edges, and rows with nothing in them, black and white.
fn is_black(x: u32, y: u32) -> bool {
    match y / 20 % 4 {
        0 => tone(x, y, 0) < 0.5,
        1 => (x / 29 + y / 7).is_multiple_of(5),
        2 => y.is_multiple_of(3),
        _ => x == y * 7 || x > 2700 - y,
    }
}

fn picture() -> Picture {
    Picture::of(SIZE, 1, |x, y, _| if is_black(x, y) { 0 } else { 255 })
}

fn check(bench: &Bench, master: &str, what: &str) {
    let (master, expected) = (bench.path(master), picture());
    rendered(&master, "full/max").assert_near(&expected, 0, what);
    let part = rendered(&master, &format!("{WINDOW}/max"));
    part.assert_near(&expected.crop(WINDOW), 0, &format!("a window of {what}"));
}

/// What libvips writes in one bit a pixel.
fn plain(bench: &Bench, options: &str) -> std::path::PathBuf {
    let raw = Raw { size: SIZE, bands: 1, format: "uchar", interpretation: "b-w", bytes: picture().pixels };
    bench.vips_tiff("plain.tif", &raw, &format!("[bitdepth=1{options}]"))
}

#[test]
fn group_3() {
    let bench = Bench::new();
    for polarity in ["", ",miniswhite"] {
        let plain = plain(&bench, polarity);
        for options in [
            "-c g3:1d -s -r 7",
            "-c g3:1d:fill -t -w 48 -l 80",
            "-c g3:2d -s -r 155",
            "-c g3:2d:fill -s -r 7",
            "-c g3:2d -f lsb2msb -t -w 512 -l 48",
            "-c g3:1d:fill -f lsb2msb -B -s -r 155",
            "-c g4 -s -r 155",
            "-c g4 -f lsb2msb -t -w 512 -l 48",
        ] {
            bench.tiffcp("fax.tif", &plain, options);
            check(&bench, "fax.tif", &format!("{options}{polarity}"));
        }
    }
}

/// Runs of white and black in turn, each row at a multiple of `align` bits.
fn modified_huffman(rows: std::ops::Range<u32>, align: usize) -> Vec<u8> {
    let mut strip = Vec::new();
    for y in rows {
        let mut writer = VecWriter::new();
        let (mut x, mut black) = (0, false);
        while x < SIZE.width {
            let length = (x..SIZE.width).take_while(|x| is_black(*x, y) == black).count();
            write_run(&mut writer, length as u16, black);
            (x, black) = (x + length as u32, !black);
        }
        strip.extend(writer.finish());
        strip.resize(strip.len().next_multiple_of(align / 8), 0);
    }
    strip
}

fn write_run(writer: &mut VecWriter, mut length: u16, black: bool) {
    let encode = if black { maps::black::encode } else { maps::white::encode };
    while length >= 64 {
        let part = (length / 64 * 64).min(2560);
        writer.write(encode(part).expect("a code")).expect("room");
        length -= part;
    }
    writer.write(encode(length).expect("a code")).expect("room");
}

fn master(compression: u64, fill_order: u64) -> Tiff {
    let align = if compression == 2 { 8 } else { 16 };
    let strips = (0..SIZE.height).step_by(40).map(|y| {
        let mut strip = modified_huffman(y..(y + 40).min(SIZE.height), align);
        if fill_order == 2 {
            strip.iter_mut().for_each(|byte| *byte = byte.reverse_bits());
        }
        strip
    });
    Tiff::new(SIZE.width, SIZE.height, 0, 1, 1)
        .with(259, &[compression])
        .with(266, &[fill_order])
        .strips(40, strips.collect())
}

/// Written here. libtiff reads rows on bounds of bytes too; of words it loses those that it has looked beyond.
#[test]
fn modified_huffman_by_bytes_and_words() {
    let bench = Bench::new();
    for (compression, fill_order) in [(2, 1), (2, 2), (32_771, 1), (32_771, 2)] {
        let what = format!("compression {compression}, FillOrder {fill_order}");
        let file = bench.file("fax.tif", &master(compression, fill_order).bytes());
        if compression == 2 {
            let judged = bench.judged(&bench.tiffcp("judged.tif", &file, "-c none -f msb2lsb"), "");
            judged.assert_near(&picture(), 0, &format!("libtiff, {what}"));
        }
        check(&bench, "fax.tif", &what);
    }
}

#[test]
fn a_damaged_row_is_an_error() {
    let bench = Bench::new();
    let mut tiff = master(2, 1);
    let middle = tiff.pieces[1].len() / 2;
    tiff.pieces[1][middle..middle + 8].fill(0);
    let file = bench.file("damaged.tif", &tiff.bytes());
    let output = crate::judge::recto(&file, "full/max/0/default.png");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("CCITT data is corrupt"), "{said}");
    rendered(&file, "0,0,2803,40/max").assert_near(
        &picture().crop(Rect::new(0, 0, 2803, 40)),
        0,
        "the strip before the damage",
    );
}

#[test]
fn noise_in_fax() {
    let bench = Bench::new();
    for options in ["-c g3:1d -s -r 40", "-c g3:2d -s -r 40"] {
        let file = bench.tiffcp("fax.tif", &plain(&bench, ""), options);
        check_noise(&std::fs::read(text(&file)).expect("written"), options, 200 * 12, |file| file);
    }
}
