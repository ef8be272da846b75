//! Sizes, tiles, levels, compression: judged by tiffinfo, vipsheader and opj_dump.

use std::path::Path;

use serde_json::{Value, json};

use super::{colourful, config, of};
use crate::judge::{Bench, run, text};

/// A directory as tiffinfo tells it: width, height, width and height of tiles or strips, compression.
fn directories(file: &Path) -> Vec<(u64, u64, u64, u64, String)> {
    let info = run("tiffinfo", &[text(file)]);
    let number = |directory: &str, name: &str| {
        let (_, rest) = directory.split_once(name)?;
        let digits: String = rest.trim_start().chars().take_while(char::is_ascii_digit).collect();
        digits.parse::<u64>().ok()
    };
    let directory = |text: &str| {
        let (width, height) = (number(text, "Image Width:")?, number(text, "Image Length:")?);
        let tile = (number(text, "Tile Width:"), number(text, "Tile Length:"));
        let strip = (width, number(text, "Rows/Strip:").unwrap_or(height).min(height));
        let (across, down) = (tile.0.unwrap_or(strip.0), tile.1.unwrap_or(strip.1));
        let scheme = text.split_once("Compression Scheme: ")?.1.lines().next()?.trim().to_owned();
        Some((width, height, across, down, scheme))
    };
    info.split("TIFF Directory at").filter_map(directory).collect()
}

/// What tiffinfo calls a compression.
fn scheme(name: &str) -> &'static str {
    match name {
        "none" => "None",
        "JPEG" => "JPEG",
        "LZW" => "LZW",
        "deflate" => "AdobeDeflate",
        "Zstandard" => "ZSTD",
        "WebP" => "WEBP",
        "PackBits" => "PackBits",
        other => panic!("a compression of the name {other}"),
    }
}

#[test]
fn levels_of_tiffs_are_the_directories_that_tiffinfo_finds() {
    let (bench, raw) = (Bench::new(), colourful(700, 500));
    for (name, options) in [
        ("tiles", "[tile,pyramid,tile-width=128,tile-height=64,compression=deflate]"),
        ("jpeg", "[tile,pyramid,compression=jpeg,Q=80,bigtiff]"),
        ("zstd", "[tile,pyramid,compression=zstd]"),
        ("webp", "[tile,tile-width=256,tile-height=256,compression=webp]"),
        ("strips", "[compression=lzw]"),
        ("plain", "[compression=none]"),
        ("packed", "[compression=packbits,tile,pyramid]"),
    ] {
        let file = bench.vips_tiff(&format!("{name}.tif"), &raw, options);
        let told = of(&file, &[]);
        let number = |value: &Value| value.as_u64().expect("a number");
        let levels = told["levels"].as_array().expect("levels").iter().map(|level| {
            let compression = scheme(level["compression"].as_str().expect("a name")).to_owned();
            (
                number(&level["width"]),
                number(&level["height"]),
                number(&level["tile_width"]),
                number(&level["tile_height"]),
                compression,
            )
        });
        assert_eq!(levels.collect::<Vec<_>>(), directories(&file), "{name}");
        assert_eq!(told["format"], if name == "jpeg" { "BigTIFF" } else { "TIFF" }, "{name}");
        assert_eq!(told["tiled"], json!(options.contains("tile")), "{name}");
        let header =
            |field| run("vipsheader", &["-f", field, text(&file)]).trim().parse::<u64>().expect("a number");
        assert_eq!((number(&told["width"]), number(&told["height"])), (header("width"), header("height")));
        assert_eq!((number(&told["samples"]), number(&told["bits"])), (header("bands"), 8), "{name}");
        assert_eq!(told["bytes"], json!(std::fs::metadata(&file).expect("there").len()), "{name}");
    }
}

#[test]
fn codestreams_are_told_as_they_were_written() {
    let (bench, raw) = (Bench::new(), colourful(700, 500));
    let plain = bench.vips_tiff("plain.tif", &raw, "");
    for (name, options, expected) in [
        (
            "bare",
            "-n 4",
            json!({"tile_width": 700, "tile_height": 500, "tiles": 1, "halvings": 3, "progression": "LRCP", "layers": 1,
                   "reversible": true, "tlm": false, "plt": false}),
        ),
        (
            "told",
            "-n 6 -p RPCL -PLT -TLM -r 40,20,10 -I",
            json!({"tile_width": 700, "tile_height": 500, "tiles": 1, "halvings": 5, "progression": "RPCL", "layers": 3,
                   "reversible": false, "tlm": true, "plt": true}),
        ),
        (
            "tiled",
            "-n 3 -t 256,256 -p CPRL -PLT",
            json!({"tile_width": 256, "tile_height": 256, "tiles": 6, "halvings": 2, "progression": "CPRL", "layers": 1,
                   "reversible": true, "tlm": false, "plt": true}),
        ),
    ] {
        let file = bench.path(&format!("{name}.jp2"));
        let mut arguments = vec!["-i", text(&plain), "-o", text(&file)];
        arguments.extend(options.split(' '));
        run("opj_compress", &arguments);
        let told = of(&file, &[]);
        assert_eq!(told["jpeg2000"], expected, "{name}");
        assert_eq!(told["format"], "JP2");
        let levels = told["levels"].as_array().expect("levels").len();
        assert_eq!(json!(levels - 1), expected["halvings"], "{name}");
    }
}

#[test]
fn what_a_first_tile_takes_is_little_for_pyramids_and_all_of_a_flat_file() {
    let (bench, raw) = (Bench::new(), colourful(1600, 1200));
    let pyramid = bench.vips_tiff("pyramid.tif", &raw, "[tile,pyramid,tile-width=256,tile-height=256]");
    let flat = bench.path("flat.png");
    run("vips", &["pngsave", text(&pyramid), text(&flat)]);
    let cold = |file: &Path| {
        let told = of(file, &[]);
        let number = |name: &str| told["cold"][name].as_u64().expect("a number");
        (number("round_trips"), number("bytes"), told["bytes"].as_u64().expect("a number"))
    };
    let (trips, bytes, all) = cold(&pyramid);
    // The header; at the end of the file the directories, and what they point to, with a fifth of the file; the tile. Each
    // brings 64 KB at least, a tile of these 192 KB.
    assert!((3..=4).contains(&trips) && (256 << 10..all / 2).contains(&bytes), "{trips}, {bytes} of {all}");
    let (trips, bytes, all) = cold(&flat);
    assert_eq!((trips, bytes), (if all > 64 << 10 { 2 } else { 1 }, all));
}

#[test]
fn tiles_that_are_sent_as_they_are_stored_are_counted() {
    let (bench, raw) = (Bench::new(), colourful(1024, 1024));
    let jpeg = |quality: u32| {
        let options = format!("[tile,pyramid,tile-width=256,tile-height=256,compression=jpeg,Q={quality}]");
        bench.vips_tiff(&format!("{quality}.tif"), &raw, &options)
    };
    let never = config(&bench, "[tiles]\npass_through = 0");
    let never = ["--config", text(&never)];
    let (small, large) = (jpeg(75), jpeg(97));
    let share = |file: &Path, more: &[&str]| of(file, more)["pass_through"].as_f64().expect("a number");
    assert_eq!((share(&small, &[]), share(&large, &[]), share(&small, &never)), (1.0, 0.0, 0.0));
    // The judge is what the server makes of one: the same bytes of scan data as in the master, or others.
    for (file, is_sent) in [(&small, true), (&large, false)] {
        let tile = crate::judge::recto(file, "256,256,256,256/256,256/0/default.jpg").stdout;
        let scan = &tile[tile.len() / 2..tile.len() - 2];
        let master = std::fs::read(file).expect("there");
        assert_eq!(master.windows(scan.len()).any(|bytes| bytes == scan), is_sent, "{}", file.display());
    }
    let cost = |file: &Path| of(file, &[])["tile_ms"].as_f64().expect("a number");
    assert!(cost(&small) < cost(&large));
}
