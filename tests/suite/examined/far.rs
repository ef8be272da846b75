//! What masters take that lie in a store, as `recto identify` and `recto render --plan` tell it: few round trips, whoever
//! wrote them and wherever their directories lie.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{of, recto};
use crate::judge::{Bench, run, text};

/// Bytes of a tile of a good master, in whole blocks of 64 KiB; and of one that nothing is lost in.
const SMALL: u64 = 150_000;
const LARGE: u64 = 1 << 20;

/// Pictures of noise, which no compression makes short: in colour, and a smaller gray one.
struct Noise {
    bench: Bench,
    colour: PathBuf,
    gray: PathBuf,
}

impl Noise {
    fn new() -> Self {
        let bench = Bench::new();
        let path = |name: &str| bench.path(name);
        let vips = |operation: &str, from: &str, to: &str, more: &[&str]| {
            let (from, to) = (path(from), path(to));
            run("vips", &[&[operation, text(&from), text(&to)], more].concat());
        };
        run("vips", &["gaussnoise", text(&path("noise.v")), "3000", "2200", "--sigma", "25"]);
        vips("gaussblur", "noise.v", "smooth.v", &["0.8"]);
        vips("cast", "smooth.v", "one.v", &["uchar"]);
        let one = path("one.v");
        let three = [text(&one); 3].join(" ");
        run("vips", &["bandjoin", &three, text(&path("three.v"))]);
        vips("copy", "three.v", "colour.v", &["--interpretation", "srgb"]);
        vips("crop", "one.v", "gray.tif", &["0", "0", "2000", "1500"]);
        let (colour, gray) = (path("colour.v"), path("gray.tif"));
        Self { bench, colour, gray }
    }

    fn vips(&self, name: &str, options: &str) -> PathBuf {
        let target = self.bench.path(name);
        let options: Vec<&str> = options.split(' ').collect();
        run("vips", &[&["tiffsave", text(&self.colour), text(&target)], &options[..]].concat());
        target
    }

    fn opj(&self, name: &str, options: &str) -> PathBuf {
        let target = self.bench.path(name);
        let options: Vec<&str> = options.split(' ').collect();
        run(
            "opj_compress",
            &[&["-i", text(&self.gray), "-o", text(&target), "-n", "5"], &options[..]].concat(),
        );
        target
    }
}

/// Round trips and bytes of a part.
fn reads(told: &Value, part: &str) -> (u64, u64) {
    let number = |name: &str| told["cold"][part][name].as_u64().expect("a number");
    assert!(number("requests") >= number("round_trips"), "{told}");
    (number("round_trips"), number("bytes"))
}

/// A master that is found and opened in three round trips, of which a tile takes one and no more than so many bytes.
#[track_caller]
fn is_near(file: &Path, most: u64) {
    is_within(file, 3, most);
}

/// The same in so many round trips.
#[track_caller]
fn is_within(file: &Path, most_trips: u64, most: u64) {
    let told = of(file, &[]);
    let (name, all) = (file.display(), told["bytes"].as_u64().expect("a number"));
    let ((trips, bytes), (of_tile, bytes_of_tile)) = (reads(&told, "opening"), reads(&told, "tile"));
    assert!(
        trips <= most_trips && bytes <= (all / 2).max(2 << 20),
        "{name}: {trips} trips, {bytes} of {all} bytes"
    );
    assert!(of_tile == 1 && bytes_of_tile <= most, "{name}: {of_tile} trips, {bytes_of_tile} bytes");
}

#[test]
fn tiffs_of_any_writer_are_opened_in_three_round_trips_and_a_tile_takes_one() {
    let noise = Noise::new();
    let jpeg = "--tile --pyramid --tile-width 512 --tile-height 512 --compression jpeg --Q 75";
    let chain = noise.vips("chain.tif", jpeg);
    is_near(&chain, SMALL);
    is_near(&noise.vips("below.tif", &format!("{jpeg} --subifd")), SMALL);
    let deflate =
        noise.vips("big.tif", "--tile --pyramid --bigtiff --compression deflate --predictor horizontal");
    is_near(&deflate, LARGE);
    let bench = &noise.bench;
    let [copied, book] = ["copied.tif", "book.tif"].map(|name| bench.path(name));
    run("tiffcp", &["-c", "lzw", "-t", "-w", "256", "-l", "256", text(&chain), text(&copied)]);
    is_near(&copied, LARGE);
    run("tiffcp", &[text(&chain), text(&deflate), text(&book)]);
    // One pyramid behind the other.
    is_within(&book, 4, SMALL);
    let made = bench.path("made.tif");
    let output = recto(&["convert", text(&chain), "-o", text(&made), "--for", "object-store"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let told = of(&made, &[]);
    assert_eq!(reads(&told, "opening"), (1, 64 << 10), "finding it is all");
    is_near(&made, SMALL);
}

#[test]
fn codestreams_are_opened_in_three_round_trips_and_a_tile_takes_one() {
    let noise = Noise::new();
    is_near(&noise.opj("told.jp2", "-r 2 -PLT -TLM -p RPCL -c [256,256]"), LARGE);
    is_near(&noise.opj("tiled.jp2", "-r 2 -PLT -TLM -p RPCL -t 512,512"), LARGE);
    is_near(&noise.opj("parts.jp2", "-r 2 -t 512,512"), LARGE);
    // All of it has to be read to find the first tile in it.
    let bare = noise.opj("bare.jp2", "-r 2");
    let told = of(&bare, &[]);
    let ((trips, _), (of_tile, bytes)) = (reads(&told, "opening"), reads(&told, "tile"));
    let all = told["bytes"].as_u64().expect("a number");
    assert!(
        trips <= 3 && of_tile == 1 && bytes > all / 2,
        "{trips} trips, {of_tile} for {bytes} of {all} bytes"
    );
}

#[test]
fn a_plan_tells_what_the_request_takes_from_a_store() {
    let noise = Noise::new();
    let jpeg = noise.bench.path("flat.jpg");
    run("vips", &["jpegsave", text(&noise.gray), text(&jpeg), "--Q", "95"]);
    let output = recto(&["render", text(&jpeg), "0,0,512,512/256,/0/default.jpg", "--plan"]);
    let plan = String::from_utf8(output.stdout).expect("text");
    let all = std::fs::metadata(&jpeg).expect("there").len();
    let is_told = |line: &str| assert!(plan.lines().any(|of| of == line), "{line}\n{plan}");
    is_told("store     1 round trip, 1 request and 65536 bytes to find and open it there for the first time");
    // Its first block, with all that opens it, is kept in pages.
    let rest = all - (64 << 10);
    is_told(&format!("          1 round trip, 1 request and {rest} bytes for this if it is known"));
}
