//! What is held in memory, at most: real processes under a limit of the kernel (RLIMIT_DATA), which counts all that is
//! not a page of a file. What fits is made, what does not fit is refused, and nobody dies of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use recto::master::{Decoder, Master};
use recto::picture::{Depth, Dimensions, Rect};
use recto::raster::{Raster, Sample};

use crate::judge::{run, text};
use crate::process::status;
use crate::server::Server;

const MIB: u64 = 1 << 20;

/// A directory with a picture of noise and slopes in it, as libvips has it.
struct Place {
    directory: tempfile::TempDir,
}

impl Place {
    /// `bits` is 8 or 16, `channels` 1 or 3.
    fn new((width, height): (u32, u32), bits: u32, channels: u32) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let place = Self { directory };
        let sample = |n: u64| (n * 7 + n * n / 3001 + (n / u64::from(width)) * 5) as u16;
        let count = u64::from(width) * u64::from(height) * u64::from(channels);
        let kind = if channels == 1 { 5 } else { 6 };
        let mut bytes = format!("P{kind}\n{width} {height}\n{}\n", (1u32 << bits) - 1).into_bytes();
        match bits {
            8 => bytes.extend((0..count).map(|n| sample(n) as u8)),
            _ => bytes.extend((0..count).flat_map(|n| (sample(n) & 0xfff0).to_be_bytes())),
        }
        fs::write(place.at("plain.ppm"), bytes).expect("written");
        place
    }

    fn at(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn vips(&self, operation: &str, name: &str, options: &[&str]) -> PathBuf {
        let (from, to) = (self.at("plain.ppm"), self.at(name));
        run("vips", &[&[operation, text(&from), text(&to)], options].concat());
        to
    }
}

/// `recto render` of a file, with no more memory than so many bytes.
fn render(file: &Path, request: &str, limit: u64) -> Output {
    let mut command = Command::new("prlimit");
    command.arg(format!("--data={limit}")).arg(env!("CARGO_BIN_EXE_recto")).arg("render");
    command.arg(file).arg(request).output().expect("prlimit runs")
}

#[track_caller]
fn fits(file: &Path, request: &str, limit: u64) -> Vec<u8> {
    let output = render(file, request, limit);
    assert!(output.status.success(), "{request}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

#[track_caller]
fn is_refused(file: &Path, request: &str, limit: u64) {
    let output = render(file, request, limit);
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "an error, not the end of the process: {message}");
    assert!(message.contains("not enough memory"), "{message}");
}

const THUMBNAIL: &str = "full/300,/0/default.jpg";

#[test]
fn rows_and_strips_are_not_held() {
    let place = Place::new((4000, 3000), 16, 3);
    let limit = 4000 * 3000 * 6 * 3 / 4;
    let files = [
        place.vips("pngsave", "rows.png", &["--compression", "1"]),
        place.vips("tiffsave", "deflate.tif", &["--compression", "deflate", "--tile-height", "3000"]),
        place.vips("tiffsave", "plain.tif", &["--compression", "none", "--tile-height", "3000"]),
    ];
    for file in files {
        let first = fits(&file, THUMBNAIL, limit);
        assert!(first == fits(&file, THUMBNAIL, 1 << 40), "as without a limit");
        for request in
            ["full/max/0/default.jpg", "100,2500,256,256/max/0/default.jpg", "full/3000,/0/default.png"]
        {
            fits(&file, request, limit);
        }
    }
}

#[test]
fn what_has_to_be_held_and_does_not_fit_is_refused() {
    let place = Place::new((4000, 3000), 8, 3);
    let interlaced = place.vips("pngsave", "interlaced.png", &["--interlace", "--compression", "1"]);
    let progressive = place.vips("jpegsave", "progressive.jpg", &["--interlace", "--subsample-mode", "off"]);
    let webp = place.vips("webpsave", "a.webp", &["--effort", "0"]);
    let (pixels, coefficients) = (4000 * 3000 * 3, 4000 * 3000 * 6);
    for (file, held) in [(interlaced, pixels), (progressive, coefficients), (webp, pixels)] {
        is_refused(&file, THUMBNAIL, held / 2);
        fits(&file, THUMBNAIL, 2 * held + 64 * MIB);
    }
}

#[test]
fn a_worker_without_memory_refuses_and_lives() {
    let server = Server::start(1, "30s");
    let place = Place::new((3000, 2000), 8, 3);
    let masters = server.path("masters");
    place.vips("jpegsave", "progressive.jpg", &["--interlace", "--subsample-mode", "off"]);
    place.vips("tiffsave", "leaf.tif", &["--tile", "--compression", "jpeg"]);
    for name in ["progressive.jpg", "leaf.tif"] {
        fs::copy(place.at(name), masters.join(name)).expect("copied");
    }
    let before = server.all_workers();
    for worker in &before {
        run("prlimit", &["--pid", &worker.to_string(), &format!("--data={}", 32 * MIB)]);
    }
    let tile = |x: u32| format!("/iiif/3/leaf.tif/{x},0,256,256/256,/0/default.png");
    assert_eq!(status(&server, &tile(0)), 200);
    assert_eq!(status(&server, "/iiif/3/progressive.jpg/full/300,/0/default.jpg"), 503);
    assert_eq!(status(&server, &tile(256)), 200);
    assert_eq!(server.all_workers(), before, "nobody has died");
}

fn decoded<S: Sample>(master: &Master, windows: &[Rect]) -> Vec<Raster<S>> {
    let mut decoder = Decoder::default();
    windows.iter().map(|window| master.decode(&mut decoder, 0, *window).expect("decoded")).collect()
}

/// One strip of all rows must have the pixels of strips of a few, which are decoded at once.
#[track_caller]
fn check_strips(place: &Place, (width, height): (u32, u32), compression: &str, planes: &str) {
    let plain = place.at("plain.tif");
    let [tall, short] = ["tall.tif", "short.tif"].map(|name| place.at(name));
    for (file, rows) in [(&tall, height.to_string()), (&short, "16".to_owned())] {
        // Old files have the most significant byte first.
        let (plain, file) = (text(&plain), text(file));
        run("tiffcp", &["-B", "-p", planes, "-c", compression, "-r", &rows, "-s", plain, file]);
    }
    let [tall, short] = [tall, short].map(|file| Master::open(&file).expect("a master"));
    assert_eq!(tall.description.levels[0].tile, Dimensions::new(width, height));
    for windows in [
        vec![Rect::new(0, 0, width, height)],
        // Bands, a gap, one that is narrower, and the end; then one that begins anew.
        vec![
            Rect::new(0, 0, width, 100),
            Rect::new(0, 100, width, 33),
            Rect::new(5, 700, 70, 7),
            Rect::new(width - 1, height - 1, 1, 1),
            Rect::new(3, 2, width - 3, 50),
        ],
    ] {
        match tall.description.depth {
            Depth::Eight => {
                assert!(
                    decoded::<u8>(&tall, &windows) == decoded(&short, &windows),
                    "{compression} {planes}"
                );
            }
            Depth::Sixteen => {
                assert!(
                    decoded::<u16>(&tall, &windows) == decoded(&short, &windows),
                    "{compression} {planes}"
                );
            }
        }
    }
}

#[test]
fn tall_strips_have_the_pixels_of_short_ones() {
    let (size, large) = ((1700, 1400), (2200, 2000));
    let all = ["none", "lzw", "lzw:2", "zip", "zip:2", "zstd", "packbits"];
    for (size, bits, channels, planes, compressions) in [
        (size, 8, 3, "contig", &all[..]),
        (size, 16, 1, "contig", &["none", "lzw:2", "zip:2"]),
        (large, 8, 3, "separate", &["zip:2", "lzw"]),
    ] {
        let place = Place::new(size, bits, channels);
        place.vips("tiffsave", "plain.tif", &["--compression", "none"]);
        for compression in compressions {
            check_strips(&place, size, compression, planes);
        }
    }
}

#[test]
fn a_tall_strip_that_is_damaged_is_an_error_where_it_is_damaged() {
    let place = Place::new((1700, 1400), 8, 3);
    for (compression, is_checked) in [("deflate", true), ("lzw", false), ("packbits", false)] {
        let file = place.vips("tiffsave", "a.tif", &["--compression", compression, "--tile-height", "1400"]);
        let master = Master::open(&file).expect("a master");
        let top = Rect::new(0, 0, 1700, 20);
        let whole = Rect::new(0, 0, 1700, 1400);
        let expected = decoded::<u8>(&master, &[top]);
        assert!(master.decode::<u8>(&mut Decoder::default(), 0, whole).is_ok());
        drop(master);
        let bytes = fs::read(&file).expect("there");
        let cut = place.at("cut.tif");
        // libvips writes the strip before the directory, which the header points to: zeros in its last quarter.
        let mut wrong = bytes.clone();
        let end = bytes.len() * 3 / 4;
        wrong[end - bytes.len() / 4..end].fill(0);
        fs::write(&cut, &wrong).expect("written");
        let master = Master::open(&cut).expect("a master");
        assert!(decoded::<u8>(&master, &[top]) == expected, "{compression}: above the damage");
        let outcome = master.decode::<u8>(&mut Decoder::default(), 0, whole);
        assert!(outcome.is_err() || !is_checked, "{compression}");
    }
}
