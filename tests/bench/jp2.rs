//! JPEG 2000: our decoder of windows against plain OpenJPEG, area by area, in one program and one thread.
//!
//! ```text
//! cargo bench --bench jp2              all
//! cargo bench --bench jp2 -- walk      those with "walk" in their name; so "walk, 105mp-tiled" is one
//! ```
//!
//! What OpenJPEG gives is compared with what we give before anything is timed. CPU time of the thread counts: the least
//! of all rounds, which go in turn. Times hold for this machine and this minute; what to compare is the ratio, and the
//! last column says how large it has to be. Nothing here fails for being slow.

#![allow(unreachable_pub)] // a program has nobody to be public to; its modules have each other

mod memory;
mod mosaic;
mod picture;

use std::collections::HashSet;
use std::fs::{self, File};
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use mosaic::Mosaic;
use recto::config::Config;
use recto::desk::Alone;
use recto::format::jp2::{Image, WindowDecoder};
use recto::http::Request;
use recto::picture::{Description, Dimensions, Rect};
use recto::raster::Raster;
use recto::respond::Service;
use recto::source::{Map, Object};
use rustix::time::{ClockId, clock_gettime};

const ROUNDS: usize = 3;
/// Tiles of one kind, each somewhere else.
const TILES: u32 = 8;
const TILE: u32 = 256;
/// What a viewer shows at a time.
const SCREEN: Dimensions = Dimensions::new(1600, 1000);
/// Half screens to the right and down, one after the other.
const PANS: [(u32, u32); 8] = [(1, 0), (1, 0), (0, 1), (1, 0), (0, 1), (1, 0), (0, 1), (0, 1)];
/// The argument that makes this program the worker whose memory is measured.
const WORKER: &str = "--as-worker";

/// A part of a level.
type Window = (usize, Rect);

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let masters = directory().join("masters");
    if arguments.iter().any(|argument| argument == WORKER) {
        return serve_a_walk(&masters);
    }
    fs::create_dir_all(&masters)?;
    let selected: Vec<&String> = arguments.iter().filter(|argument| !argument.starts_with('-')).collect();
    let selected =
        |name: &str| selected.is_empty() || selected.iter().any(|part| name.contains(part.as_str()));
    println!(
        "{:<34} {:>11} {:>8} {:>7} {:>9}",
        "ms of CPU for each tile", "OpenJPEG", "Recto", "ratio", "at least"
    );
    for (mosaic, full, reduced, walk) in
        [(mosaic::HUGE, 8.0, 4.0, 15.0), (mosaic::LARGE, 3.0, 2.0, 8.0), (mosaic::TILED, 1.8, 1.5, 4.0)]
    {
        let name = |what: &str| {
            format!("{what}, {}", mosaic.name.trim_start_matches("mosaic-").trim_end_matches(".jp2"))
        };
        let names = ["256 tile", "256 tile at 1/8", "walk"].map(name);
        if !names.iter().any(|name| selected(name)) {
            continue;
        }
        let bench = Bench::open(&mosaic, &masters)?;
        bench.is_of_its_pieces(&mosaic)?;
        for (what, level, at_least) in [("256 tile", 0, full), ("256 tile at 1/8", 3, reduced)] {
            let tiles = scattered(bench.description.levels[level].dimensions, level);
            if selected(&name(what)) {
                bench.scattered(&name(what), &tiles, at_least)?;
            }
        }
        if selected(&name("walk")) {
            bench.walk(&name("walk"), walk)?;
        }
    }
    if selected("worker") {
        worker(&masters)?;
    }
    if selected("info.json") {
        info(&masters)?;
    }
    Ok(())
}

/// Where the benchmarks write.
fn directory() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("bench")
}

/// A master to decode from.
struct Bench {
    map: Map,
    image: Image,
    description: Description,
}

impl Bench {
    fn open(mosaic: &Mosaic, masters: &Path) -> Result<Self> {
        let map = Map::new(&File::open(mosaic.build(masters)?)?)?;
        let image = Image::read(map.bytes())?;
        let description = image.description();
        ensure!(
            description.dimensions() == mosaic.dimensions(),
            "{} is not what it was made as",
            mosaic.name
        );
        Ok(Self { map, image, description })
    }

    /// That OpenJPEG sees in the mosaic what it sees in its pieces.
    fn is_of_its_pieces(&self, mosaic: &Mosaic) -> Result<()> {
        for (column, row, level) in [(0, 0, 2), (3, 1, 1), (2, 4, 3)] {
            let (file, within, window) = mosaic.inner(column, row, level);
            let piece = fs::read(file)?;
            let reduction = level as usize;
            let expected: Raster = Image::read(&piece)?.decode_by_openjpeg(&piece, reduction, within)?;
            ensure!(
                self.by_openjpeg((reduction, window))?.pixels == expected.pixels,
                "not the mosaic that was meant"
            );
        }
        Ok(())
    }

    fn by_openjpeg(&self, (level, window): Window) -> Result<Raster> {
        Ok(self.image.decode_by_openjpeg(self.map.bytes(), level, window)?)
    }

    fn by_us(&self, image: &Image, decoder: &mut WindowDecoder, (level, window): Window) -> Result<Raster> {
        Ok(image.decode(decoder, self.map.bytes(), 1, level, window)?)
    }

    /// Tiles that have nothing to do with each other: with nothing known, then next to one that was decoded.
    fn scattered(&self, name: &str, tiles: &[Window], at_least: f64) -> Result<()> {
        let mut peer = Cost::default();
        let (mut cold, mut warm) = (Cost::default(), Cost::default());
        for round in 0..=ROUNDS {
            let mut sums = [0.0; 3];
            for &tile in tiles {
                let (by_openjpeg, theirs) = timed(|| self.by_openjpeg(tile))?;
                let (ours, first) = timed(|| {
                    let image = Image::read(self.map.bytes())?;
                    self.by_us(&image, &mut WindowDecoder::default(), tile)
                })?;
                ensure!(ours.pixels == by_openjpeg.pixels, "{tile:?} is not what OpenJPEG makes of it");
                let mut decoder = WindowDecoder::default();
                let left = (tile.0, Rect { x: tile.1.x - TILE, ..tile.1 });
                self.by_us(&self.image, &mut decoder, left)?;
                let (_, next) = timed(|| self.by_us(&self.image, &mut decoder, tile))?;
                sums.iter_mut().zip([theirs, first, next]).for_each(|(sum, time)| *sum += time);
            }
            // The first round is for the caches of the machine.
            if round > 0 {
                [&mut peer, &mut cold, &mut warm]
                    .into_iter()
                    .zip(sums)
                    .for_each(|(cost, sum)| cost.round(sum, tiles.len()));
            }
        }
        print(name, &peer, &cold, Some(at_least));
        print("  beside one that was decoded", &peer, &warm, Some(at_least));
        Ok(())
    }

    /// All tiles that a viewer asks for: of one worker, and of four that know nothing of each other.
    fn walk(&self, name: &str, at_least: f64) -> Result<()> {
        let tiles = walk(&self.description);
        let (mut peer, mut ours, mut of_four) = (Cost::default(), Cost::default(), Cost::default());
        let mut decoder = WindowDecoder::default();
        for &tile in &tiles {
            let same = self.by_us(&self.image, &mut decoder, tile)?.pixels == self.by_openjpeg(tile)?.pixels;
            ensure!(same, "{tile:?} is not what OpenJPEG makes of it");
        }
        for _ in 0..ROUNDS {
            let (_, time) = timed(|| tiles.iter().try_for_each(|&tile| self.by_openjpeg(tile).map(drop)))?;
            peer.round(time, tiles.len());
            for (workers, cost) in [(1, &mut ours), (4, &mut of_four)] {
                let image = Image::read(self.map.bytes())?;
                let mut decoders: Vec<_> = (0..workers).map(|_| WindowDecoder::default()).collect();
                let (_, time) = timed(|| {
                    tiles.iter().enumerate().try_for_each(|(number, &tile)| {
                        black_box(self.by_us(&image, &mut decoders[number % workers], tile)?);
                        Ok(())
                    })
                })?;
                cost.round(time, tiles.len());
            }
        }
        print(name, &peer, &ours, Some(at_least));
        print("  by four workers in turn", &peer, &of_four, None);
        println!("  {} tiles", tiles.len());
        Ok(())
    }
}

/// The least time for a tile in any round, in milliseconds.
struct Cost(f64);

impl Default for Cost {
    fn default() -> Self {
        Self(f64::INFINITY)
    }
}

impl Cost {
    fn round(&mut self, seconds: f64, tiles: usize) {
        self.0 = self.0.min(1e3 * seconds / tiles as f64);
    }
}

fn print(name: &str, Cost(peer): &Cost, Cost(ours): &Cost, at_least: Option<f64>) {
    let at_least = at_least.map_or_else(String::new, |bound| format!("{bound:.1}"));
    println!("{name:<34} {peer:>11.1} {ours:>8.2} {:>7.1} {at_least:>9}", peer / ours);
}

/// What `work` gives, and seconds of this thread that it took.
fn timed<T>(work: impl FnOnce() -> Result<T>) -> Result<(T, f64)> {
    let start = cpu_time()?;
    let result = work()?;
    Ok((result, (cpu_time()? - start).as_secs_f64()))
}

/// The CPU time of this thread so far.
fn cpu_time() -> Result<Duration> {
    Ok(Duration::try_from(clock_gettime(ClockId::ThreadCPUTime))?)
}

/// Tiles on a grid, all over a level but for its left edge.
fn scattered(size: Dimensions, level: usize) -> Vec<Window> {
    let (columns, rows) = (size.width / TILE - 1, size.height / TILE);
    let at = |n: u32| ((1 + (7 * n + 3) % columns) * TILE, (5 * n + n * n) % rows * TILE);
    (0..TILES).map(at).map(|(x, y)| (level, Rect::new(x, y, TILE, TILE))).collect()
}

/// The tiles of a viewer that goes in from the whole, level by level, and then about at full resolution.
fn walk(description: &Description) -> Vec<Window> {
    let full = description.dimensions();
    let mut seen = HashSet::new();
    let mut tiles = Vec::new();
    let mut look = |level: usize, (x, y): (u32, u32)| {
        // As in info.json, the same for all levels.
        let tile = description.levels[0].tile;
        let size = description.levels[level].dimensions;
        let right = (x + SCREEN.width).min(size.width);
        let bottom = (y + SCREEN.height).min(size.height);
        for top in (y / tile.height * tile.height..bottom).step_by(tile.height as usize) {
            for left in (x / tile.width * tile.width..right).step_by(tile.width as usize) {
                let all = Rect::whole(size);
                let window = Rect::new(left, top, tile.width, tile.height).intersection(all);
                tiles
                    .extend(window.filter(|_| seen.insert((level, left, top))).map(|window| (level, window)));
            }
        }
    };
    // Where it looks at, in the full picture.
    let middle = (full.width / 3, full.height / 5 * 2);
    for level in (0..description.levels.len()).rev() {
        let corner = |at: u32, screen: u32| (at >> level).saturating_sub(screen / 2);
        look(level, (corner(middle.0, SCREEN.width), corner(middle.1, SCREEN.height)));
    }
    let mut corner = (middle.0 - SCREEN.width / 2, middle.1 - SCREEN.height / 2);
    for (right, down) in PANS {
        corner = (corner.0 + right * SCREEN.width / 2, corner.1 + down * SCREEN.height / 2);
        look(0, corner);
    }
    tiles
}

fn config(masters: &Path) -> Result<Config> {
    Config::parse(&format!("[masters]\nroot = {masters:?}\n[server]\npublic_url = \"http://x/iiif\"\n"))
}

fn answer(service: &mut Service, asked: &str) -> Result<()> {
    let uri = format!("/iiif/3/{}/{asked}", mosaic::HUGE.name);
    let request = Request::from_pairs([("REQUEST_METHOD", "GET"), ("REQUEST_URI", &uri)]);
    let response = service.respond(&request, &mut Alone).expect("an answer");
    ensure!(response.status == 200, "{uri}: {}", response.status);
    black_box(response);
    Ok(())
}

/// The memory of a process that answers the requests of a walk.
fn worker(masters: &Path) -> Result<()> {
    let mosaic = mosaic::HUGE.build(masters)?;
    let status = Command::new(std::env::current_exe()?).arg(WORKER).status();
    ensure!(status?.success(), "the walk through {} failed", mosaic.display());
    Ok(())
}

fn serve_a_walk(masters: &Path) -> Result<()> {
    let mut service = Service::new(config(masters)?)?;
    let map = Map::new(&File::open(masters.join(mosaic::HUGE.name))?)?;
    let description = Image::read(map.bytes())?.description();
    drop(map);
    let tiles = walk(&description);
    let (served, peak) = memory::peak_memory(&[std::process::id()], || {
        tiles.iter().try_for_each(|&(level, window)| {
            let scale = 1 << level;
            let Dimensions { width, height } = description.dimensions();
            let (x, y) = (window.x * scale, window.y * scale);
            let (right, bottom) =
                ((window.right() * scale).min(width), (window.bottom() * scale).min(height));
            let (across, down) = (window.width, window.height);
            answer(
                &mut service,
                &format!("{x},{y},{},{}/{across},{down}/0/default.jpg", right - x, bottom - y),
            )
        })
    });
    served.context("a walk")?;
    let megabytes = |bytes: u64| bytes as f64 / 1e6;
    let after = megabytes(memory::anonymous_memory(std::process::id()));
    println!("worker: {:.1} MB of its own at most, {after:.1} after the walk (bound: 40)", megabytes(peak));
    Ok(())
}

fn info(masters: &Path) -> Result<()> {
    let config = config(masters)?;
    let mut service = Service::new(config.clone())?;
    answer(&mut service, "info.json")?;
    let (mut known, mut unknown) = (f64::INFINITY, f64::INFINITY);
    for _ in 0..200 {
        known = known.min(timed(|| answer(&mut service, "info.json"))?.1);
        unknown = unknown.min(timed(|| answer(&mut Service::new(config.clone())?, "info.json"))?.1);
    }
    println!(
        "info.json: {:.0} us (bound: 50), of a new master {:.0} us (bound: 2000)",
        1e6 * known,
        1e6 * unknown
    );
    Ok(())
}
