//! Samples that no available tool writes, written here and known by construction: palettes, half floats, 1 to 31 bits,
//! chroma at a fraction of the resolution, premultiplied colours, planes of anything, tiles that were never written.

use recto::picture::{Dimensions, Rect};

use crate::judge::writer::{Tiff, cut};
use crate::judge::{Bench, Picture, quantised, rendered, samples, tone};

const SIZE: Dimensions = Dimensions::new(203, 117);
const WINDOW: Rect = Rect::new(31, 13, 159, 101);

fn check(tiff: &Tiff, expected: &Picture, what: &str) {
    let bench = Bench::new();
    let master = bench.file("m.tif", &tiff.bytes());
    rendered(&master, "full/max").assert_near(expected, 0, what);
    let part = rendered(&master, &format!("{WINDOW}/max"));
    part.assert_near(&expected.crop(WINDOW), 0, &format!("a window of {what}"));
}

/// Rows of `count` samples a pixel, most significant bit first, each row in whole bytes.
fn packed(bits: u32, count: u32, value: impl Fn(u32, u32, u32) -> u32) -> Vec<u8> {
    let mut rows = Vec::new();
    for y in 0..SIZE.height {
        let row = (0..SIZE.width).flat_map(|x| (0..count).map(move |channel| (x, channel)));
        let (mut pending, mut held) = (0u64, 0);
        for (x, channel) in row {
            pending = pending << bits | u64::from(value(x, y, channel));
            held += bits;
            while held >= 8 {
                held -= 8;
                rows.push((pending >> held) as u8);
            }
        }
        if held > 0 {
            rows.push((pending << (8 - held)) as u8);
        }
    }
    rows
}

/// As strips of 10 rows.
fn in_strips(tiff: Tiff, rows: &[u8]) -> Tiff {
    let row = rows.len() / SIZE.height as usize;
    tiff.strips(10, rows.chunks(10 * row).map(<[u8]>::to_vec).collect())
}

/// Levels from `bits` bits as 8.
fn widened(value: u32, bits: u32) -> u8 {
    let top = (1u64 << bits) - 1;
    ((u64::from(value) * 255 + top / 2) / top) as u8
}

#[test]
fn packed_bits_of_every_depth() {
    for bits in 1..=31 {
        let level = |x, y, channel| quantised(tone(x, y, channel), 1 << bits);
        for (photometric, count) in [(0, 1), (1, 1), (2, 3)] {
            // Samples of whole bytes are in the byte order of the file; here, the order in which bits are packed.
            let tiff = Tiff {
                big_endian: true,
                ..Tiff::new(SIZE.width, SIZE.height, photometric, count, bits as u16)
            };
            let expected = Picture::of(SIZE, count.into(), |x, y, channel| {
                let light = widened(level(x, y, channel), bits);
                if photometric == 0 { 255 - light } else { light }
            });
            let rows = packed(bits, count.into(), level);
            check(&in_strips(tiff, &rows), &expected, &format!("photometric {photometric}, {bits} bits"));
        }
    }
}

#[test]
fn palettes() {
    for bits in [1, 2, 4, 8] {
        let colours = 1u64 << bits;
        let shade = |index: u64, channel: u64| (index * (40 + channel * 13) + channel * 77) % 256;
        for scale in [257, 1] {
            // ColorMap has 16 bits a colour; some old writers left it at 8.
            let map: Vec<u64> = (0..3)
                .flat_map(|channel| (0..colours).map(move |index| shade(index, channel) * scale))
                .collect();
            let index = |x, y, _| quantised(tone(x, y, 0), 1 << bits);
            let tiff = Tiff::new(SIZE.width, SIZE.height, 3, 1, bits).with(320, &map);
            let expected =
                Picture::of(SIZE, 3, |x, y, channel| shade(index(x, y, 0).into(), channel.into()) as u8);
            let rows = packed(bits.into(), 1, index);
            check(&in_strips(tiff, &rows), &expected, &format!("a palette of {bits} bits times {scale}"));
        }
    }
}

/// Bytes of all samples, in tiles of 48 by 80 or in planes of them.
fn in_tiles(
    tiff: Tiff,
    size: usize,
    count: u32,
    planar: bool,
    sample: impl Fn(u32, u32, u32) -> Vec<u8>,
) -> Tiff {
    let width = SIZE.width as usize;
    let (across, down) = (48, 80);
    let tiles = match planar {
        false => {
            let rows: Vec<u8> =
                samples(SIZE, count).flat_map(|(x, y, channel)| sample(x, y, channel)).collect();
            cut(&rows, width, size * count as usize, (across, down))
        }
        true => (0..count)
            .flat_map(|channel| {
                let plane: Vec<u8> = samples(SIZE, 1).flat_map(|(x, y, _)| sample(x, y, channel)).collect();
                cut(&plane, width, size, (across, down))
            })
            .collect(),
    };
    tiff.with(284, &[if planar { 2 } else { 1 }]).tiles(48, 80, tiles)
}

#[test]
fn planes_and_byte_orders() {
    let level = |x, y, channel| quantised(tone(x, y, channel), 65_536) as u16;
    let nearest = |x, y, channel| ((u32::from(level(x, y, channel)) + 128) / 257) as u8;
    for (planar, big_endian, big_tiff) in
        [(false, true, true), (true, false, false), (true, true, false), (true, false, true)]
    {
        let start = |photometric, count, bits| Tiff {
            big_endian,
            big_tiff,
            ..Tiff::new(SIZE.width, SIZE.height, photometric, count, bits)
        };
        let stored = |x, y, channel| match big_endian {
            true => level(x, y, channel).to_be_bytes().to_vec(),
            false => level(x, y, channel).to_le_bytes().to_vec(),
        };
        let what = format!("planar {planar}, MM {big_endian}, BigTIFF {big_tiff}");
        let rgb = in_tiles(start(2, 3, 16), 2, 3, planar, stored);
        check(&rgb, &Picture::of(SIZE, 3, nearest), &what);
        // Alpha as it is, and two more samples that nobody knows the meaning of.
        let five = in_tiles(start(2, 6, 16).with(338, &[2, 0, 0]), 2, 6, planar, stored);
        check(&five, &Picture::of(SIZE, 4, nearest), &format!("RGBA and more, {what}"));
        let unknown = in_tiles(start(1, 2, 16).with(338, &[0]), 2, 2, planar, stored);
        check(&unknown, &Picture::of(SIZE, 1, nearest), &format!("gray and an unknown sample, {what}"));
        let ink = |x, y, channel| {
            let left = |channel| 255 - u32::from(nearest(x, y, channel));
            ((left(channel) * left(3) + 127) / 255) as u8
        };
        let cmyk = in_tiles(start(5, 4, 16), 2, 4, planar, stored);
        check(&cmyk, &Picture::of(SIZE, 3, ink), &format!("CMYK, {what}"));
    }
}

#[test]
fn twenty_four_bits() {
    let level = |x, y, channel| quantised(tone(x, y, channel), 1 << 24);
    let expected = Picture::of(SIZE, 3, |x, y, channel| widened(level(x, y, channel), 24));
    for (planar, big_endian, format) in
        [(false, false, 1), (true, false, 2), (true, true, 1), (false, true, 2)]
    {
        let stored = |x, y, channel| {
            // With a sign, the least number is black.
            let level = level(x, y, channel) ^ if format == 2 { 1 << 23 } else { 0 };
            match big_endian {
                true => level.to_be_bytes()[1..].to_vec(),
                false => level.to_le_bytes()[..3].to_vec(),
            }
        };
        let tiff = Tiff::new(SIZE.width, SIZE.height, 2, 3, 24).with(339, &[format; 3]);
        let tiff = in_tiles(Tiff { big_endian, ..tiff }, 3, 3, planar, stored);
        check(&tiff, &expected, &format!("planar {planar}, MM {big_endian}, SampleFormat {format}"));
    }
}

/// Three inks are cyan, magenta and yellow; one is that of a plate. No ink is white (TIFF 6.0 section 16).
#[test]
fn few_inks() {
    let level = |x, y, channel| quantised(tone(x, y, channel), 256) as u8;
    let expected = |count, has_alpha| {
        Picture::of(SIZE, count, |x, y, channel| {
            let is_alpha = has_alpha && channel + 1 == count;
            if is_alpha { level(x, y, channel) } else { 255 - level(x, y, channel) }
        })
    };
    let start = |count, planar| {
        let tiff = Tiff::new(SIZE.width, SIZE.height, 5, count, 8);
        in_tiles(tiff, 1, count.into(), planar, |x, y, channel| vec![level(x, y, channel)])
    };
    for planar in [false, true] {
        for count in [1, 3] {
            let declared = start(count, planar).with(332, &[2]).with(334, &[count.into()]);
            check(&start(count, planar), &expected(count.into(), false), &format!("{count} inks"));
            check(&declared, &expected(count.into(), false), &format!("{count} inks, as they are told"));
            let alpha = start(count + 1, planar).with(338, &[2]);
            check(&alpha, &expected(u32::from(count) + 1, true), &format!("{count} inks and alpha"));
        }
    }
}

#[test]
fn premultiplied_colours() {
    let alpha = |x, y| quantised(tone(x, y, 3), 256);
    let colour = |x, y, channel| quantised(tone(x, y, channel), 256);
    let stored = |x, y, channel| match channel {
        3 => alpha(x, y),
        _ => (colour(x, y, channel) * alpha(x, y) + 127) / 255,
    };
    let expected = Picture::of(SIZE, 4, |x, y, channel| match (channel, alpha(x, y)) {
        (3, alpha) => alpha as u8,
        (_, 0) => 0,
        (_, alpha) => ((stored(x, y, channel) * 255 + alpha / 2) / alpha).min(255) as u8,
    });
    for planar in [false, true] {
        let tiff = Tiff::new(SIZE.width, SIZE.height, 2, 4, 8).with(338, &[1]);
        let tiff = in_tiles(tiff, 1, 4, planar, |x, y, channel| vec![stored(x, y, channel) as u8]);
        check(&tiff, &expected, &format!("premultiplied, planar {planar}"));
    }
}

#[test]
fn numbers_with_a_sign_or_a_point() {
    // Exact in half precision: multiples of 1/256.
    let steps = |x, y| quantised(tone(x, y, 0), 257);
    let half = |x, y| match steps(x, y) {
        0 => 0,
        steps => {
            let exponent = steps.ilog2();
            (((exponent + 15 - 8) << 10) | ((steps << (10 - exponent)) & 0x3ff)) as u16
        }
    };
    let start = |bits, format| Tiff::new(SIZE.width, SIZE.height, 1, 1, bits).with(339, &[format]);
    let tiff = in_tiles(start(16, 3), 2, 1, false, |x, y, _| half(x, y).to_le_bytes().to_vec());
    let expected = Picture::of(SIZE, 1, |x, y, _| (f64::from(steps(x, y)) / 256.0 * 255.0).round() as u8);
    check(&tiff, &expected, "half floats");
    // The least number is black, the greatest white.
    let level = |x, y| quantised(tone(x, y, 0), 256);
    let tiff = in_tiles(start(8, 2), 1, 1, false, |x, y, _| vec![(level(x, y) as u8).wrapping_sub(128)]);
    check(&tiff, &Picture::of(SIZE, 1, |x, y, _| level(x, y) as u8), "signed bytes");
}

/// TIFF 6.0 section 21: units of luma with one pair of chroma, also where the image ends within one. libvips judges.
#[test]
fn chroma_at_a_fraction_of_the_resolution() {
    for (across, down) in [(1, 1), (2, 1), (2, 2), (4, 1), (4, 2), (1, 2)] {
        let (columns, rows_per_strip) = (SIZE.width.div_ceil(across), 20);
        let code = |x, y, channel| (16.0 + 219.0 * tone(x, y, channel)).round() as u8;
        let strip = |first: u32| {
            let rows = rows_per_strip.min(SIZE.height - first).div_ceil(down);
            let units = (0..rows).flat_map(move |row| (0..columns).map(move |column| (column, row)));
            let unit = |(column, row)| {
                let (x, y) = (column * across, first + row * down);
                let luma = (0..down).flat_map(|dy| (0..across).map(move |dx| (x + dx, y + dy)));
                let chroma = [code(x / 16, y / 16, 1), code(x / 16, y / 16, 2)];
                luma.map(|(x, y)| code(x, y, 0)).chain(chroma).collect::<Vec<u8>>()
            };
            units.flat_map(unit).collect()
        };
        let strips = (0..SIZE.height).step_by(rows_per_strip as usize).map(strip).collect();
        let tiff = Tiff::new(SIZE.width, SIZE.height, 6, 3, 8)
            .with(530, &[across.into(), down.into()])
            .strips(rows_per_strip, strips);
        let bench = Bench::new();
        let master = bench.file("ycbcr.tif", &tiff.bytes());
        let judged = bench.path("judged.tif");
        crate::judge::run(
            "tiff2rgba",
            &["-c", "none", "-n", crate::judge::text(&master), crate::judge::text(&judged)],
        );
        // libtiff computes with tables of whole numbers.
        rendered(&master, "full/max").assert_near(
            &bench.judged(&judged, ""),
            2,
            &format!("{across} by {down}"),
        );
    }
}

/// Without a tag, chroma is at half the resolution; but a unit has no room for alpha, so that pixels with it are whole.
#[test]
fn luma_chroma_and_alpha() {
    let level = |x, y, channel| match channel {
        1 | 2 => 128,
        _ => quantised(tone(x, y, channel), 256) as u8,
    };
    let tiff = Tiff::new(SIZE.width, SIZE.height, 6, 4, 8).with(338, &[2]);
    let tiff = in_tiles(tiff, 1, 4, false, |x, y, channel| vec![level(x, y, channel)]);
    let expected = Picture::of(SIZE, 4, |x, y, channel| level(x, y, if channel == 3 { 3 } else { 0 }));
    check(&tiff, &expected, "YCbCr and alpha");
}

#[test]
fn tiles_that_were_never_written_are_zero() {
    let level = |x: u32, y: u32, channel| match (x / 48 + y / 80) % 2 {
        0 => quantised(tone(x, y, channel), 256) as u8,
        _ => 0,
    };
    for (photometric, planar) in [(0, false), (1, false), (2, false), (2, true)] {
        let count = if photometric == 2 { 3 } else { 1 };
        let tiff = Tiff::new(SIZE.width, SIZE.height, photometric, count, 8);
        let mut tiff = in_tiles(tiff, 1, count.into(), planar, |x, y, channel| vec![level(x, y, channel)]);
        tiff.pieces.iter_mut().filter(|piece| piece.iter().all(|byte| *byte == 0)).for_each(Vec::clear);
        let inverted = if photometric == 0 { 255 } else { 0 };
        let expected = Picture::of(SIZE, count.into(), |x, y, channel| level(x, y, channel) ^ inverted);
        check(&tiff, &expected, &format!("sparse, photometric {photometric}, planar {planar}"));
    }
}

/// Writers that save space store equal tiles once: planes that share some tiles differ in others.
#[test]
fn equal_tiles_stored_once() {
    let level = |x: u32, _: u32, channel: u32| if channel == 2 { (x / 48 * 50) as u8 } else { 90 };
    let tiff = Tiff::new(SIZE.width, SIZE.height, 2, 3, 8);
    let tiff = in_tiles(tiff, 1, 3, true, |x, y, channel| vec![level(x, y, channel)]);
    // The tile at the right edge is padded, and so unlike the others.
    let mut places: Vec<(Vec<u8>, u64)> = Vec::new();
    let mut at = 8;
    let mut stored = Tiff { pieces: Vec::new(), ..tiff.clone() };
    let offsets: Vec<u64> = tiff
        .pieces
        .iter()
        .map(|piece| match places.iter().find(|(have, _)| have == piece) {
            Some((_, offset)) => *offset,
            None => {
                places.push((piece.clone(), at));
                stored.pieces.push(piece.clone());
                at += piece.len() as u64;
                places[places.len() - 1].1
            }
        })
        .collect();
    let lengths: Vec<u64> = tiff.pieces.iter().map(|piece| piece.len() as u64).collect();
    let stored = stored.with(324, &offsets).with(325, &lengths);
    check(&stored, &Picture::of(SIZE, 3, level), "shared tiles");
}
