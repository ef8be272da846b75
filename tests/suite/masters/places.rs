//! Where pictures made of reduced decodings lie: of wavelets, whose samples stand at places, and of the DCT, whose stand
//! for boxes. What is scaled lies where it belongs, whatever the level it was made of; what is on the grid of a level is
//! the level as OpenJPEG has it.

use recto::picture::{Dimensions, Rect};

use super::levels::{SIZE, raw, shift};
use crate::judge::{Bench, Picture, rendered, run, samples, text};

/// Regions that fit no grid, at sizes that need levels of a half, a quarter and an eighth, and between.
const SCALED: [(Rect, (u32, u32)); 9] = [
    (Rect::new(0, 0, 1001, 667), (700, 466)),
    (Rect::new(0, 0, 1001, 667), (333, 222)),
    (Rect::new(0, 0, 1001, 667), (130, 87)),
    (Rect::new(1, 1, 1000, 666), (480, 320)),
    (Rect::new(0, 0, 801, 601), (199, 150)),
    (Rect::new(101, 65, 801, 601), (97, 73)),
    (Rect::new(517, 333, 484, 334), (121, 84)),
    (Rect::new(873, 501, 128, 166), (63, 82)),
    (Rect::new(873, 1, 127, 165), (30, 39)),
];

/// Fails if a scaled region of the picture is shifted by more than a twentieth of one of its pixels.
fn check(master: &std::path::Path, what: &str) {
    for (region, (width, height)) in SCALED {
        let picture = rendered(master, &format!("{region}/{width},{height}"));
        let (right, down) = shift(&picture, region);
        let is_near = right.abs() < 0.05 && down.abs() < 0.05;
        assert!(is_near, "{what}: {region} to {width},{height}: {right:.3}, {down:.3}");
    }
}

/// The picture by OpenJPEG's program.
fn jpeg2000(bench: &Bench, options: &str) -> std::path::PathBuf {
    let (source, target) = (bench.file("source.raw", &raw(SIZE).bytes), bench.path("places.j2k"));
    let form = format!("{},{},1,8,u", SIZE.width, SIZE.height);
    let mut arguments = vec!["-i", text(&source), "-o", text(&target), "-F", &form];
    arguments.extend(options.split_whitespace());
    run("opj_compress", &arguments);
    target
}

/// Tiled or not, by either wavelet, with the image anywhere on the reference grid: to the left of the first sample of
/// a level there may then be nearly half of one.
#[test]
fn what_is_scaled_of_jpeg_2000_lies_where_it_belongs() {
    let bench = Bench::new();
    for options in ["", "-I -r 4", "-t 256,200 -n 4", "-d 37,21", "-d 3,7 -I -r 4", "-d 4,1 -t 300,256 -n 5"]
    {
        check(&jpeg2000(&bench, options), options);
    }
}

/// As near as the same picture in a TIFF: the full picture is the judge, reduced by libvips.
#[test]
fn thumbnails_of_jpeg_2000_are_as_near_as_of_tiff() {
    let bench = Bench::new();
    let tiff = bench.vips_tiff("p.tif", &raw(SIZE), "[tile,pyramid,tile-width=128,tile-height=128]");
    let small = bench.path("small.v");
    for options in ["", "-d 5,11 -t 256,256"] {
        let master = jpeg2000(&bench, options);
        for width in [900, 450, 240, 120, 70] {
            let scale = (f64::from(width) / f64::from(SIZE.width)).to_string();
            run("vips", &["resize", text(&tiff), text(&small), &scale, "--kernel", "lanczos3"]);
            let judged = bench.judged(&small, "");
            let request = format!("full/{},{}", judged.size.width, judged.size.height);
            let [wavelet, boxes] =
                [&master, &tiff].map(|master| rendered(master, &request).mean_difference(&judged));
            assert!(wavelet < boxes + 0.6, "{options} at {width}: {wavelet:.3}, TIFF {boxes:.3}");
        }
    }
}

/// The pieces of a picture that is scaled piece by piece meet, also at the first column, before which there is nothing.
#[test]
fn neighbours_of_jpeg_2000_join_without_a_seam() {
    let bench = Bench::new();
    for options in ["", "-d 3,5"] {
        let master = jpeg2000(&bench, options);
        for (side, to) in [(300, 100), (160, 33), (320, 45)] {
            let whole = rendered(&master, &format!("0,0,{},{}/{},{}", 3 * side, 2 * side, 3 * to, 2 * to));
            for (column, row, _) in samples(Dimensions::new(3, 2), 1) {
                let request = format!("{},{},{side},{side}/{to},{to}", column * side, row * side);
                let expected = whole.crop(Rect::new(column * to, row * to, to, to));
                rendered(&master, &request).assert_near(&expected, 1, &format!("{options}: {request}"));
            }
        }
    }
}

/// Reduced by the DCT, a JPEG is one of boxes.
#[test]
fn what_is_scaled_of_a_flat_jpeg_lies_where_it_belongs() {
    let bench = Bench::new();
    for options in ["[Q=97]", "[Q=97,interlace]"] {
        check(&bench.vips_tiff("flat.jpg", &raw(SIZE), options), options);
    }
}

/// On the grid nothing is moved: pixels of the level as OpenJPEG decodes it, wherever the image is on the reference grid.
#[test]
fn tiles_of_jpeg_2000_are_samples_of_a_resolution() {
    let bench = Bench::new();
    for options in ["", "-d 37,21", "-d 3,7 -t 300,256"] {
        let master = jpeg2000(&bench, options);
        for reduction in 1..4 {
            let judged_file = bench.path("judged.pgm");
            let levels = reduction.to_string();
            run("opj_decompress", &["-i", text(&master), "-o", text(&judged_file), "-r", &levels, "-quiet"]);
            let level = bench.judged(&judged_file, "");
            let (step, side) = (1 << reduction, 64 << reduction);
            for (column, row, _) in
                samples(Dimensions::new(SIZE.width.div_ceil(side), SIZE.height.div_ceil(side)), 1)
            {
                let (x, y) = (column * side, row * side);
                let (width, height) = (side.min(SIZE.width - x), side.min(SIZE.height - y));
                let (w, h) = (width.div_ceil(step), height.div_ceil(step));
                let tile = rendered(&master, &format!("{x},{y},{width},{height}/{w},{h}"));
                // A level may end before the last column or row of the notes' arithmetic: that is repeated.
                let expected = Picture::of(Dimensions::new(w, h), 1, |tx, ty, _| {
                    let inside = |place: u32, side: u32| place.min(side - 1);
                    let (lx, ly) = (
                        inside(64 * column + tx, level.size.width),
                        inside(64 * row + ty, level.size.height),
                    );
                    level.pixel(lx, ly)[0]
                });
                tile.assert_near(&expected, 0, &format!("{options} by {step}: {x},{y},{width},{height}"));
            }
        }
    }
}
