//! Masters in a store, behind a server that answers so many milliseconds late: a first tile of one that nobody has seen,
//! tiles of one that is known, tiles whose blocks are here, and the same tiles of a file.
//!
//! One client asks for one thing after the other; NGINX keeps nothing. Milliseconds, medians.

#![allow(unreachable_pub)] // a program has nobody to be public to; its modules have each other

#[path = "../corpus.rs"]
#[allow(dead_code)] // its other masters are for others
mod corpus;
#[path = "../load.rs"]
#[allow(dead_code)] // its crowd is for others
mod load;
#[path = "../picture.rs"]
mod picture;
mod site;
mod store;

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use load::Client;
use site::Site;
use store::Store;

/// How much later the store answers.
const LATER: [Duration; 3] = [Duration::ZERO, Duration::from_millis(15), Duration::from_millis(30)];

/// Objects of each kind that nobody has seen yet.
const COLD: usize = 9;

/// Tiles that are asked for of one that is known.
const TILES: usize = 30;

/// Side of the tiles.
const SIDE: u32 = 512;

/// The masters: file, and how they are told.
const MASTERS: [(&str, &str); 3] =
    [("far-jpeg.tif", "JPEG TIFF"), ("far-deflate.tif", "deflate TIFF"), ("far-plt.jp2", "JP2 with PLT")];

fn main() -> Result<()> {
    let masters = corpus::page()?;
    make(&masters)?;
    println!(
        "{:<14} {:>6} {:>10} {:>10} {:>10} {:>10}   {:>8} {:>8}",
        "24 megapixels", "later", "cold", "known", "warm", "file", "requests", "KB"
    );
    for later in LATER {
        let store = Store::start(&masters, later)?;
        let site = Site::start(&corpus::directory().join("stores"), &masters, store.port)?;
        for (file, name) in MASTERS {
            row(&site, &store, file, name, later)?;
        }
    }
    println!("requests and KB: of one tile of a known master, from the store");
    Ok(())
}

/// The page as masters for stores are made: tiles of 512 pixels.
fn make(masters: &Path) -> Result<()> {
    let page = masters.join(corpus::PAGE);
    let (jpeg, deflate) = (masters.join(MASTERS[0].0), masters.join(MASTERS[1].0));
    let tiles = "--tile --pyramid --tile-width=512 --tile-height=512";
    corpus::convert(&page, &jpeg, "tiffsave", &format!("{tiles} --compression=jpeg --Q=80"))?;
    let packed = format!("{tiles} --compression=deflate --predictor=horizontal");
    corpus::convert(&page, &deflate, "tiffsave", &packed)?;
    let jp2 = masters.join(MASTERS[2].0);
    if !jp2.exists() {
        let mut command = Command::new(env!("CARGO_BIN_EXE_recto"));
        let status =
            command.arg("convert").arg(&page).arg("-o").arg(&jp2).args(["--quality", "85"]).status()?;
        ensure!(status.success(), "recto could not make {}: {status}", jp2.display());
    }
    Ok(())
}

fn row(site: &Site, store: &Store, file: &str, name: &str, later: Duration) -> Result<()> {
    let mut client = Client::connect(site.port)?;
    let (stem, extension) = file.rsplit_once('.').context("a name without an extension")?;
    let far = |copy: usize| format!("s%2F{stem}-{copy}.{extension}");
    let mut first = Vec::new();
    for copy in 0..COLD {
        first.extend(timed(&mut client, &far(copy), &tiles()[..1])?);
    }
    let tiles = &tiles()[1..=TILES];
    let before = store.served();
    let known = timed(&mut client, &far(0), tiles)?;
    let (requests, bytes) = store.served();
    let (requests, bytes) = (requests - before.0, bytes - before.1);
    let (mut warm, mut local) = (Vec::new(), Vec::new());
    timed(&mut client, file, tiles)?;
    for _ in 0..5 {
        warm.extend(timed(&mut client, &far(0), tiles)?);
        local.extend(timed(&mut client, file, tiles)?);
    }
    let [first, known, warm, local] = [first, known, warm, local].map(median);
    println!(
        "{name:<14} {:>6} {first:>10.2} {known:>10.2} {warm:>10.2} {local:>10.2}   {:>8.2} {:>8.0}",
        later.as_millis(),
        requests as f64 / TILES as f64,
        bytes as f64 / TILES as f64 / 1000.0
    );
    Ok(())
}

/// How long each of these takes of a master.
fn timed(client: &mut Client, identifier: &str, requests: &[String]) -> Result<Vec<Duration>> {
    let one = |request: &String| {
        let path = format!("/iiif/3/{identifier}/{request}");
        let start = Instant::now();
        client.get(&path)?;
        Ok(start.elapsed())
    };
    requests.iter().map(one).collect()
}

/// Tiles of the full size, each of them once, and none beside the one before.
fn tiles() -> Vec<String> {
    let (across, down) = (corpus::PAGE_SIZE.width / SIDE, corpus::PAGE_SIZE.height / SIDE);
    let all = across * down;
    let tile = |number: u32| {
        // The step has no divisor in common with the numbers of tiles that pages have.
        let place = number * 37 % all;
        let (x, y) = (place % across * SIDE, place / across * SIDE);
        format!("{x},{y},{SIDE},{SIDE}/{SIDE},{SIDE}/0/default.jpg")
    };
    (0..all).map(tile).collect()
}

/// In milliseconds.
fn median(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times.get(times.len() / 2).map_or(0.0, |time| time.as_secs_f64() * 1000.0)
}
