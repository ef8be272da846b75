//! Which directories of a TIFF are pages, and which are reduced versions of them. Every directory has one shade of gray
//! of its own, so that the result shows which one it was made of.

use recto::format::tiff::Pyramid;
use recto::ifd::File;
use recto::picture::Dimensions;

use crate::judge::writer::{Tiff, chain, cut};
use crate::judge::{Bench, Raw, recto, rendered, run, samples, text};

/// A directory: its size, what it calls itself, and how it is stored.
#[derive(Clone, Copy)]
struct Directory {
    size: (u32, u32),
    kind: u64,
    samples: u16,
    tiled: bool,
    /// PageNumber.
    page: Option<u64>,
}

const fn tiled(width: u32, height: u32, kind: u64) -> Directory {
    Directory { size: (width, height), kind, samples: 1, tiled: true, page: None }
}

const fn strips(width: u32, height: u32, kind: u64) -> Directory {
    Directory { tiled: false, ..tiled(width, height, kind) }
}

/// The shade of directory number `index`.
fn shade(index: usize) -> u8 {
    (index * 9 + 5) as u8
}

fn file(directories: &[Directory]) -> Vec<u8> {
    let images: Vec<Tiff> = directories
        .iter()
        .enumerate()
        .map(|(index, &Directory { size: (width, height), kind, samples, tiled, page })| {
            let pixel = usize::from(samples);
            let rows = vec![shade(index); width as usize * height as usize * pixel];
            let photometric = if samples == 3 { 2 } else { 1 };
            let image = Tiff::new(width, height, photometric, samples, 8).with(254, &[kind]);
            let image = page.into_iter().fold(image, |image, page| image.with(297, &[page, 9]));
            match tiled {
                true => image.tiles(64, 64, cut(&rows, width as usize, pixel, (64, 64))),
                false => image.strips(height, vec![rows]),
            }
        })
        .collect();
    chain(&images)
}

/// The pages of a file: for each the widths of its levels and the shades that they have.
fn pages(bytes: &[u8]) -> Vec<Vec<(u32, u8)>> {
    let (file, first) = File::open(bytes).expect("a header");
    let count = Pyramid::count_pages(&file, first);
    let page = |number| Pyramid::read(&file, first, number).expect("readable");
    assert!(page(count + 1).is_none(), "no page is beyond the last");
    let shade_of = |image: &recto::format::tiff::Image| {
        let (offset, _) = image.piece_range(&file, 0).expect("there").expect("written");
        bytes[offset as usize]
    };
    (1..=count)
        .map(|number| {
            let pyramid = page(number).expect("as many as are counted");
            pyramid.levels.iter().map(|level| (level.dimensions.width, shade_of(level))).collect()
        })
        .collect()
}

/// The directories, by number, that each page has as levels.
#[track_caller]
fn check(what: &str, directories: &[Directory], expected: &[&[usize]]) {
    let level = |&index: &usize| (directories[index].size.0, shade(index));
    let expected: Vec<Vec<_>> = expected.iter().map(|page| page.iter().map(level).collect()).collect();
    assert_eq!(pages(&file(directories)), expected, "{what}");
}

#[test]
fn pyramids_are_known_by_their_sizes() {
    for kind in [0, 2] {
        let halves = [(401, 301), (200, 150), (100, 75), (50, 37)];
        check("halves, rounded down", &halves.map(|(w, h)| tiled(w, h, kind)), &[&[0, 1, 2, 3]]);
        let halves = [(401, 301), (201, 151), (101, 76), (51, 38)];
        check("halves, rounded up", &halves.map(|(w, h)| tiled(w, h, kind)), &[&[0, 1, 2, 3]]);
        let quarters = [(800, 600), (200, 150), (50, 37), (25, 18)];
        check("quarters", &quarters.map(|(w, h)| tiled(w, h, kind)), &[&[0, 1, 2, 3]]);
        let two = [(400, 300), (200, 150), (400, 300), (200, 150)];
        check("two pyramids", &two.map(|(w, h)| tiled(w, h, kind)), &[&[0, 1], &[2, 3]]);
    }
    let numbered =
        |number: u64, (width, height)| Directory { page: Some(number), ..strips(width, height, 2) };
    let two = [(400, 300), (200, 150), (100, 75), (300, 200), (150, 100)];
    let two: Vec<_> = two.iter().zip([0, 0, 0, 1, 1]).map(|(size, number)| numbered(number, *size)).collect();
    check("strips of one number, as ImageMagick writes them", &two, &[&[0, 1, 2], &[3, 4]]);
    let slide = [
        tiled(1200, 900, 0),
        strips(240, 180, 0),
        tiled(300, 225, 0),
        tiled(75, 56, 0),
        strips(90, 100, 1),
        strips(300, 100, 9),
    ];
    check("a slide with its thumbnail, label and overview", &slide, &[&[0, 2, 3]]);
    let marked = [tiled(1200, 900, 0), strips(240, 180, 0), tiled(600, 450, 1), tiled(300, 225, 1)];
    check("a slide whose levels say so", &marked, &[&[0, 2, 3]]);
}

#[test]
fn books_stay_books() {
    let alike = [(400, 300); 3].map(|(w, h)| tiled(w, h, 2));
    check("pages of one size", &alike, &[&[0], &[1], &[2]]);
    let unlike = [(400, 300), (380, 310), (200, 210)].map(|(w, h)| tiled(w, h, 2));
    check("pages of other sizes", &unlike, &[&[0], &[1], &[2]]);
    let smaller = [(400, 300), (300, 225), (240, 180)].map(|(w, h)| tiled(w, h, 0));
    check("smaller pages of the same proportions", &smaller, &[&[0], &[1], &[2]]);
    let halves = [(400, 300), (200, 150), (100, 75)];
    check("strips", &halves.map(|(w, h)| strips(w, h, 2)), &[&[0], &[1], &[2]]);
    let numbered =
        [(0, 400, 300), (1, 200, 150)].map(|(n, w, h)| Directory { page: Some(n), ..tiled(w, h, 2) });
    check("a half of another number", &numbered, &[&[0], &[1]]);
    let mixed = [tiled(400, 300, 0), strips(200, 150, 0), tiled(380, 300, 0)];
    check("a half in strips", &mixed, &[&[0], &[1], &[2]]);
    let colours = [Directory { samples: 3, ..tiled(400, 300, 0) }, tiled(200, 150, 0)];
    check("a half of another kind", &colours, &[&[0], &[1]]);
    let explicit = [tiled(400, 300, 0), tiled(200, 150, 1), tiled(100, 75, 0)];
    check("a page after levels that say so", &explicit, &[&[0, 1], &[2]]);
    let odd = [tiled(400, 300, 0), tiled(400, 300, 0), tiled(200, 150, 0)];
    check("a smaller page after two", &odd, &[&[0], &[1], &[2]]);
    let last = [strips(400, 300, 0), strips(400, 300, 0), strips(400, 300, 0), strips(200, 150, 1)];
    check("a level of the last page", &last, &[&[0], &[1], &[2, 3]]);
    let small = [tiled(400, 300, 0), strips(240, 180, 0), tiled(200, 150, 1), strips(40, 30, 1)];
    check("a smaller page with levels of its own", &small, &[&[0], &[1, 2, 3]]);
}

#[test]
fn channels_have_levels_of_their_own() {
    let sizes = [(400, 300), (200, 150), (100, 75)];
    let by_level = |kind: u64, store: fn(u32, u32, u64) -> Directory| -> Vec<Directory> {
        let all = sizes.iter().enumerate();
        all.flat_map(|(n, &(w, h))| vec![store(w, h, if n == 0 { 0 } else { kind }); 3]).collect()
    };
    let expected: [&[usize]; 3] = [&[0, 3, 6], &[1, 4, 7], &[2, 5, 8]];
    check("levels that say so", &by_level(1, tiled), &expected);
    check("levels that do not", &by_level(0, tiled), &expected);
    check("strips that say so", &by_level(1, strips), &expected);
    let mut with_thumbnail = by_level(1, tiled);
    with_thumbnail.insert(3, Directory { samples: 3, ..strips(80, 60, 1) });
    check("a thumbnail of all", &with_thumbnail, &[&[0, 4, 7], &[1, 5, 8], &[2, 6, 9]]);
    with_thumbnail[3].kind = 0;
    check("a thumbnail that does not say so", &with_thumbnail, &[&[0, 4, 7], &[1, 5, 8], &[2, 6, 9]]);
    let by_channel: Vec<Directory> =
        [vec![tiled(400, 300, 0); 3], [tiled(200, 150, 1), tiled(100, 75, 1)].repeat(3)].concat();
    check("the levels of one after those of another", &by_channel, &[&[0, 3, 4], &[1, 5, 6], &[2, 7, 8]]);
}

#[test]
fn levels_that_are_known_by_size_are_shown() {
    let bench = Bench::new();
    let levels = [(400, 300), (200, 150), (100, 75)];
    let master = bench.file("p.tif", &file(&levels.map(|(w, h)| tiled(w, h, 2))));
    for (index, (width, height)) in levels.into_iter().enumerate() {
        let shown = rendered(&master, &format!("full/{width},{height}"));
        assert!(shown.pixels.iter().all(|sample| *sample == shade(index)), "level {index}");
    }
    let output = recto(&master, "info.json");
    let info = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(!info.contains("urn:recto:pages"), "one page: {info}");
    for (width, height) in levels {
        let has = info.replace([' ', '\n'], "").contains(&format!("\"width\":{width},\"height\":{height}"));
        assert!(has, "{width}x{height} in {info}");
    }
}

/// A pyramid of libvips without the tag that says so, as libtiff prints it, is the same pyramid.
#[test]
fn a_pyramid_of_libvips_needs_no_words() {
    let bench = Bench::new();
    let size = Dimensions::new(501, 333);
    let bytes = samples(size, 1).map(|(x, y, _)| (x / 2 + y / 3) as u8).collect();
    let raw = Raw { size, bands: 1, format: "uchar", interpretation: "b-w", bytes };
    let master =
        bench.vips_tiff("p.tif", &raw, "[tile,pyramid,tile-width=64,tile-height=64,compression=lzw]");
    let expected = ["full/250,166", "full/125,83", "full/62,41"].map(|size| rendered(&master, size));
    let directories = run("tiffinfo", &[text(&master)]).matches("TIFF Directory").count();
    for directory in 0..directories {
        run("tiffset", &["-d", &directory.to_string(), "-s", "254", "0", text(&master)]);
    }
    assert!(!run("tiffinfo", &[text(&master)]).contains("reduced-resolution"), "nothing is said");
    for (size, expected) in ["full/250,166", "full/125,83", "full/62,41"].into_iter().zip(expected) {
        rendered(&master, size).assert_near(&expected, 0, size);
    }
}
