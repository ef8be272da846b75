//! JPEG and lossy WebP in TIFF: every way in which the components, their meaning and the tables are stored. The judge
//! decodes the same bytes with a library of the same family, so that only rounding may differ.

use recto::picture::{Dimensions, Rect};
use turbojpeg::{Image, PixelFormat, Subsamp};

use crate::judge::writer::{Tiff, cut};
use crate::judge::{Bench, Picture, Raw, quantised, rendered, samples, smooth};

const SIZE: Dimensions = Dimensions::new(603, 405);
const WINDOW: Rect = Rect::new(37, 61, 533, 303);

fn raw(bands: u32, interpretation: &'static str) -> Raw {
    let level = |(x, y, band)| quantised(smooth(x, y, band), 256) as u8;
    let bytes = samples(SIZE, bands).map(level).collect();
    Raw { size: SIZE, bands, format: "uchar", interpretation, bytes }
}

fn check(bench: &Bench, master: &str, tolerance: u8, what: &str) {
    let master = bench.path(master);
    let judged = bench.judged(&master, "");
    rendered(&master, "full/max").assert_near(&judged, tolerance, what);
    let part = rendered(&master, &format!("{WINDOW}/max"));
    part.assert_near(&judged.crop(WINDOW), tolerance, &format!("a window of {what}"));
    // The judge must have understood it too.
    if judged.channels == 3 {
        let source = Picture { size: SIZE, channels: 3, pixels: raw(3, "srgb").bytes };
        let loss = judged.mean_difference(&source);
        assert!(loss < 5.0, "{what}: the judge is off by {loss}");
    }
}

#[test]
fn libvips_writes_ycbcr_rgb_and_gray() {
    let bench = Bench::new();
    // libvips stores YCbCr 4:2:0 below quality 90, and RGB from there on.
    for options in
        ["Q=75", "Q=75,tile", "Q=95", "Q=95,tile,tile-width=240,tile-height=48", "Q=75,tile,bigtiff"]
    {
        for (bands, interpretation) in [(1, "b-w"), (3, "srgb")] {
            let what = format!("[compression=jpeg,{options}]");
            bench.vips_tiff("jpeg.tif", &raw(bands, interpretation), &what);
            check(&bench, "jpeg.tif", 0, &format!("{bands} bands {what}"));
        }
    }
}

#[test]
fn libtiff_writes_rgb_ycbcr_and_planes() {
    let bench = Bench::new();
    let plain = bench.vips_tiff("plain.tif", &raw(3, "srgb"), "");
    for options in [
        "-c jpeg:r:80 -s -r 16",
        "-c jpeg:r:80 -t -w 48 -l 80",
        "-c jpeg:80 -s -r 16",
        "-c jpeg:80 -t -w 240 -l 240 -B",
        "-c jpeg:r:95 -t -w 512 -l 512 -8",
        "-c jpeg:r:80 -s -r 16 -p separate",
        "-c jpeg:r:80 -s -r 405 -f lsb2msb",
    ] {
        bench.tiffcp("jpeg.tif", &plain, options);
        check(&bench, "jpeg.tif", 0, options);
    }
}

/// Each tile a complete JPEG, as some scanners' programs store it; every subsampling there is.
#[test]
fn tiles_with_tables_of_their_own() {
    let bench = Bench::new();
    let (rgb, side) = (raw(3, "srgb").bytes, 128);
    for subsampling in [Subsamp::None, Subsamp::Sub2x1, Subsamp::Sub2x2, Subsamp::Sub1x2, Subsamp::Sub4x1] {
        let tiles = cut(&rgb, SIZE.width as usize, 3, (side, side)).into_iter().map(|pixels| {
            let image = Image {
                pixels: &pixels[..],
                width: side,
                pitch: side * 3,
                height: side,
                format: PixelFormat::RGB,
            };
            turbojpeg::compress(image, 85, subsampling).expect("compressed").to_vec()
        });
        let (across, down) = (subsampling.mcu_width() as u64 / 8, subsampling.mcu_height() as u64 / 8);
        let tiff = Tiff::new(SIZE.width, SIZE.height, 6, 3, 8)
            .with(259, &[7])
            .with(530, &[across, down])
            .tiles(128, 128, tiles.collect());
        bench.file("own.tif", &tiff.bytes());
        check(&bench, "own.tif", 0, &format!("{subsampling:?}"));
    }
}

/// Four components are ink as it is stored, whatever Photoshop thinks of it in files of its own.
#[test]
fn inks() {
    let bench = Bench::new();
    let ink = bench.vips_tiff("ink.tif", &raw(4, "cmyk"), "[compression=jpeg,Q=90,tile]");
    let judged = bench.judged(&ink, "");
    let light = |x, y, band: u32| {
        let left = |band: usize| 255 - u32::from(judged.pixel(x, y)[band]);
        ((left(band as usize) * left(3) + 127) / 255) as u8
    };
    rendered(&ink, "full/max").assert_near(&Picture::of(SIZE, 3, light), 0, "CMYK");
}

#[test]
fn webp_with_loss() {
    let bench = Bench::new();
    for options in ["", ",tile", ",tile,tile-width=240,tile-height=48"] {
        let what = format!("[compression=webp,Q=80{options}]");
        bench.vips_tiff("webp.tif", &raw(3, "srgb"), &what);
        check(&bench, "webp.tif", 0, &what);
    }
}
