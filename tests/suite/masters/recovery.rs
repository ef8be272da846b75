//! One bad master harms nobody: what a worker has answered before it met one, it answers after it, to the bit. Libraries in C
//! that have failed hold on to what they failed at.

use std::fs;
use std::path::Path;

use recto::config::Config;
use recto::desk::Alone;
use recto::http::Request;
use recto::picture::Dimensions;
use recto::respond::Service;

use crate::judge::deep::Deep;
use crate::judge::writer::Tiff;
use crate::judge::{Bench, Raw, quantised, run, samples, smooth, text};

const SIZE: Dimensions = Dimensions::new(203, 117);

/// What is asked of each: decoded, turned as it is stored, gray, scaled, whole and in parts, in formats of all encoders.
const REQUESTS: [&str; 10] = [
    "0,0,64,64/max/0/default.jpg",
    "0,0,64,64/max/90/default.jpg",
    "0,0,64,64/max/!180/gray.jpg",
    "full/max/0/default.png",
    "full/50,/0/default.jpg",
    "64,0,64,64/max/0/default.webp",
    "64,0,64,64/32,/0/default.tif",
    "0,0,64,64/max/0/default.jp2",
    "0,0,64,64/max/0/default.gif",
    "0,0,64,64/max/0/default.pdf",
];

/// Masters of every compression and format, by those who write them.
fn masters(bench: &Bench) -> Vec<String> {
    let level = |(x, y, band)| quantised(smooth(x, y, band), 256) as u8;
    let bytes = samples(SIZE, 3).map(level).collect();
    let raw = Raw { size: SIZE, bands: 3, format: "uchar", interpretation: "srgb", bytes };
    let tile = "tile,tile-width=64,tile-height=64";
    for (name, compression) in [
        ("jpeg.tif", "jpeg,Q=75"),
        ("jpegrgb.tif", "jpeg,Q=95"),
        ("deflate.tif", "deflate"),
        ("zstd.tif", "zstd"),
        ("lzw.tif", "lzw,predictor=horizontal"),
        ("webp.tif", "webp"),
        ("packbits.tif", "packbits"),
        ("none.tif", "none"),
    ] {
        bench.vips_tiff(name, &raw, &format!("[{tile},compression={compression}]"));
    }
    let plain = bench.path("none.tif");
    let saved = |operation: &str, name: &str, options: &[&str]| {
        run("vips", &[&[operation, text(&plain), text(&bench.path(name))], options].concat());
    };
    saved("jpegsave", "a.jpg", &["--restart-interval", "3"]);
    saved("jpegsave", "progressive.jpg", &["--interlace"]);
    saved("pngsave", "a.png", &[]);
    saved("gifsave", "a.gif", &[]);
    saved("webpsave", "a.webp", &[]);
    saved("rawsave", "plain.raw", &[]);
    bench.file("twelve.jpg", &twelve(SIZE, 0, 0));
    let tiles = (0..117).step_by(64).flat_map(|y| (0..203).step_by(64).map(move |x| (x, y)));
    let tiles = tiles.map(|(x, y)| twelve(Dimensions::new(64, 64), x, y)).collect();
    let tiff = Tiff::new(SIZE.width, SIZE.height, 2, 3, 12).with(259, &[7]).tiles(64, 64, tiles);
    bench.file("twelve.tif", &tiff.bytes());
    bench.file(
        "plain.ppm",
        &[b"P6\n203 117\n255\n", &fs::read(bench.path("plain.raw")).expect("there")[..]].concat(),
    );
    run(
        "opj_compress",
        &["-i", text(&bench.path("plain.ppm")), "-o", text(&bench.path("a.jp2")), "-r", "10"],
    );
    let mut names: Vec<_> = fs::read_dir(bench.path("."))
        .expect("a directory")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("text"))
        .filter(|name| !name.contains("raw") && !name.contains("ppm"))
        .collect();
    names.sort();
    names
}

/// A JPEG of 12 bits a sample of what is shown from a place on.
fn twelve(size: Dimensions, left: u32, top: u32) -> Vec<u8> {
    let level = |(x, y, band)| quantised(smooth(left + x, top + y, band), 4096) as u16;
    let samples: Vec<u16> = samples(size, 3).map(level).collect();
    Deep { size, count: 3, bits: 12, lossless: false, adobe: Some(0), samples: &samples }.stream()
}

/// Statuses and bodies of the first `count` requests.
fn answers(service: &mut Service, name: &str, count: usize) -> Vec<(u16, Vec<u8>)> {
    let answer = |request: &&str| {
        let uri = format!("/iiif/3/{name}/{request}");
        let request = Request::from_pairs([("REQUEST_METHOD", "GET"), ("REQUEST_URI", &uri)]);
        let response = service.respond(&request, &mut Alone).expect("an answer");
        let chunks: Result<Vec<_>, _> = response.body.into_chunks().collect();
        (if chunks.is_ok() { response.status } else { 599 }, chunks.unwrap_or_default().concat())
    };
    REQUESTS[..count].iter().map(answer).collect()
}

/// The file with something wrong in it, differently each time: bytes that are turned over, one by one through what stands
/// at its begin and here and there behind, and a file that is cut.
fn damaged(file: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let places = (8..file.len().min(700)).step_by(15).chain((700..file.len()).step_by(file.len() / 12 + 1));
    let turned = places.map(|at| {
        let mut damaged = file.to_vec();
        damaged[at] = !damaged[at];
        damaged
    });
    turned.chain((1..6).map(|n| file[..file.len() * n / 6].to_vec()))
}

#[test]
fn a_worker_answers_after_bad_masters_as_before() {
    let bench = Bench::new();
    let names = masters(&bench);
    assert_eq!(names.len(), 16, "{names:?}");
    let config = format!(
        "[masters]\nroot = {:?}\n[server]\npublic_url = \"http://x/iiif\"\n[tiles]\npass_through = 100\n",
        text(&bench.path("."))
    );
    let mut service = Service::new(Config::parse(&config).expect("a configuration")).expect("a service");
    let before: Vec<_> = names.iter().map(|name| answers(&mut service, name, REQUESTS.len())).collect();
    for (name, answers) in names.iter().zip(&before) {
        assert!(answers.iter().all(|(status, _)| *status == 200), "{name} before");
    }
    for (name, expected) in names.iter().zip(&before) {
        let file = fs::read(bench.path(name)).expect("there");
        let mut refused = 0;
        for (n, bad) in damaged(&file).enumerate() {
            let bad_name = format!("bad{n}-{name}");
            fs::write(bench.path(&bad_name), bad).expect("written");
            let said = answers(&mut service, &bad_name, 5);
            refused += said.iter().filter(|(status, _)| *status == 500).count();
            assert!(answers(&mut service, name, 3) == expected[..3], "{name} after {bad_name}");
            remove(&bench.path(&bad_name));
        }
        assert!(refused > 10, "the test is blind for {name}: {refused}");
    }
    // What one has failed at is nothing to the others either.
    for (name, expected) in names.iter().zip(&before) {
        assert!(answers(&mut service, name, REQUESTS.len()) == *expected, "{name} at the end");
    }
}

/// A JPEG TIFF that has lost its tables is no picture, whatever tables went through the decoder before.
#[test]
fn tables_of_one_master_do_not_reach_the_next() {
    let bench = Bench::new();
    masters(&bench);
    let mut file = fs::read(bench.path("jpeg.tif")).expect("there");
    let mut hidden = 0;
    for at in 0..file.len() - 4 {
        // JPEGTables (347), of bytes that mean nothing to others, becomes a tag that nobody knows.
        if file[at..at + 4] == [0x5b, 1, 7, 0] {
            file[at] = 0x5c;
            hidden += 1;
        }
    }
    assert_eq!(hidden, 1, "one directory");
    bench.file("lost.tif", &file);
    let config =
        format!("[masters]\nroot = {:?}\n[server]\npublic_url = \"http://x/iiif\"\n", text(&bench.path(".")));
    let mut service = Service::new(Config::parse(&config).expect("a configuration")).expect("a service");
    let statuses =
        |service: &mut Service, name| answers(service, name, 5).into_iter().map(|(status, _)| status);
    for turn in 0..2 {
        assert!(statuses(&mut service, "lost.tif").all(|status| status == 500), "turn {turn}");
        assert!(statuses(&mut service, "jpeg.tif").all(|status| status == 200), "turn {turn}");
    }
}

fn remove(path: &Path) {
    fs::remove_file(path).expect("it was there");
}
