//! Large pictures, which a worker writes while it makes them: whole, cached, or visibly broken, and never all in memory.

use std::fs;
use std::sync::LazyLock;

use turbojpeg::{Compressor, Image, PixelFormat, Subsamp};

use crate::http;
use crate::judge::Bench;
use crate::picture::Picture;
use crate::server::until;
use crate::site::{Setup, Site};

/// A picture of several bands, and its master.
static SHEET: LazyLock<(Picture, Vec<u8>)> = LazyLock::new(|| {
    let sheet = Picture::waves(2000, 1601, 3);
    let master = sheet.master();
    (sheet, master)
});

/// What libjpeg-turbo makes of all pixels at once, read back.
fn compressed_whole(picture: &Picture) -> Picture {
    let mut compressor = Compressor::new().expect("libjpeg-turbo");
    compressor.set_quality(80).expect("a quality");
    compressor.set_subsamp(Subsamp::Sub2x2).expect("a sampling");
    let (width, height, pixels) = (picture.width, picture.height, &picture.samples[..]);
    let image = Image { pixels, width, pitch: width * 3, height, format: PixelFormat::RGB };
    Picture::of_jpeg(&compressor.compress_to_vec(image).expect("compressed"), 3)
}

#[test]
fn a_picture_in_pieces_is_the_picture_and_is_cached() {
    let site = Site::start();
    site.add("sheet.tif", &SHEET.1);
    let get = |rest: &str| site.expect(200, &format!("/iiif/3/sheet.tif/full/{rest}"));
    for rest in ["max/0/default.png", "max/!0/default.png", "max/0/default.jpg", "pct:95/0/default.jpg"] {
        let first = get(rest);
        assert_eq!((first.header("content-length"), first.the("x-cache-status")), (None, "MISS"), "{rest}");
        let again = get(rest);
        assert_eq!(again.the("x-cache-status"), "HIT", "{rest}");
        assert!(again.body == first.body && again.the("etag") == first.the("etag"), "{rest}");
        site.forget_all();
        assert!(get(rest).body == first.body, "{rest}: the same request gives the same bytes");
    }
    assert!(Picture::of_png(&get("max/0/default.png").body) == SHEET.0);
    let jpeg = get("max/0/default.jpg").body;
    assert!(Picture::of_jpeg(&jpeg, 3) == compressed_whole(&SHEET.0));
    let bench = Bench::new();
    let judged = bench.judged(&bench.file("sheet.jpg", &jpeg), "");
    assert!(judged.pixels == Picture::of_jpeg(&jpeg, 3).samples, "libvips sees other pixels");
    let mirrored = Picture::of_png(&get("max/!0/default.png").body);
    let row = |picture: &Picture, y: usize| picture.samples[y * 6000..][..6000].to_vec();
    for y in [0, 511, 512, 1600] {
        let back = row(&SHEET.0, y).chunks(3).rev().flatten().copied().collect::<Vec<_>>();
        assert!(row(&mirrored, y) == back, "row {y}");
    }
    // Turned pictures are held, and have a length.
    assert!(get("max/180/default.jpg").header("content-length").is_some());
}

#[test]
fn damage_below_the_first_band_breaks_the_transfer_and_is_not_cached() {
    let site = Site::start();
    // Tiles of full size come first, row by row: this is inside one of the last rows.
    let mut master = SHEET.1.clone();
    let at = master.len() * 7 / 10;
    master[at..at + 200].fill(0x55);
    site.add("torn.tif", &master);
    let before = site.server.all_workers();
    for format in ["jpg", "png"] {
        let path = format!("/iiif/3/torn.tif/full/max/0/default.{format}");
        for _ in 0..2 {
            let served = site.server.served();
            assert!(http::request(site.port, "GET", &path, &[]).is_err(), "{path} looks whole");
            until("the worker is done", || site.server.served() == served + 1 && !site.server.busy());
        }
    }
    let log = site.server.log();
    let lines: Vec<&str> = log.lines().filter(|line| line.contains("torn.tif")).collect();
    assert!((1..=before.len()).contains(&lines.len()), "one of each worker: {log}");
    for line in lines {
        assert!(line.starts_with("recto: error: broken off ") && line.contains("damaged master"), "{line}");
    }
    let good = site.expect(200, "/iiif/3/torn.tif/0,0,256,256/max/0/default.png");
    assert!(Picture::of_png(&good.body) == SHEET.0.cut(0, 0, 256, 256));
    assert_eq!(site.server.all_workers(), before);
}

/// A number of kilobytes that the kernel reports of a process.
fn kilobytes(process: i32, name: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).expect("it lives");
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).expect("a line");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

#[test]
fn a_worker_holds_a_part_of_a_large_picture_only() {
    let server = "workers = 1\nbackground_workers = 1\ndeadline = \"5m\"\n";
    let site = Site::with(&Setup { server, ..Setup::default() });
    // 72 MB of samples, in a file of less than one, so that its mapped pages do not count.
    let row = |y: usize| (0..6000 * 3).map(move |n| ((n / 96 + y / 32) * 9) as u8);
    let samples = (0..4000).flat_map(row).collect();
    let master = Picture { width: 6000, height: 4000, channels: 3, samples }.master();
    assert!(master.len() < 1 << 20, "{}", master.len());
    site.add("plain.tif", &master);
    // Nothing of this is cheap. What a worker loads for its first request counts here as well.
    let worker = site.server.back_workers()[0];
    let before = kilobytes(worker, "VmHWM");
    // What is scaled has pixels before and after that beside each other.
    for (rest, megabytes) in [
        ("max/0/default.jpg", 28),
        ("max/!0/gray.jpg", 28),
        ("max/0/default.png", 28),
        ("pct:90/0/default.jpg", 40),
    ] {
        site.expect(200, &format!("/iiif/3/plain.tif/full/{rest}"));
        let grown = kilobytes(worker, "VmHWM") - before;
        assert!(grown < megabytes << 10, "{rest}: {grown} kB");
    }
    until("the worker is idle", || !site.server.busy());
    // What was freed below something that stays, the allocator keeps: 2 MB or 14, as it happens.
    let kept = kilobytes(worker, "RssAnon");
    assert!(kept < 16 << 10, "{kept} kB");
    assert_eq!(site.server.back_workers(), [worker]);
}
