//! What requests cost by estimate and in truth, for every reader and format: what `src/derive/plan/cost/table.rs` is
//! made from.
//!
//! ```text
//! cargo bench --bench cost             all
//! cargo bench --bench cost -- lzw      those with "lzw" in their master or request
//! ```
//!
//! Each request is answered by a process of its own, which has nothing in its caches: its CPU time, and the memory of its
//! own at most. A ratio is predicted by measured: it should be from 1 to 2, for small requests more. Nothing here fails
//! for being slow; what the estimate is too low for is marked.

#![allow(unreachable_pub)] // a program has nobody to be public to; its modules have each other

mod corpus;
mod memory;
mod picture;

use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::{self, Command};
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use recto::config::Config;
use recto::derive::Derivation;
use recto::derive::pipeline::Pipeline;
use recto::derive::plan::{Cost, Plan};
use recto::master::Master;
use recto::watch::Watch;
use recto_iiif::{Target, Version};
use rustix::time::{ClockId, clock_gettime};

/// The argument that makes this program one that answers a request: it is followed by master, request and settings.
const WORKER: &str = "--as-worker";

/// So many estimates are timed together.
const ESTIMATES: u32 = 100_000;

/// Of the page, by vips: the name of a file, the operation and its options.
const BY_VIPS: [(&str, &str, &str); 17] = [
    ("none.tif", "tiffsave", "--tile --pyramid --tile-width=256 --tile-height=256 --compression=none"),
    (
        "lzw.tif",
        "tiffsave",
        "--tile --pyramid --tile-width=256 --tile-height=256 --compression=lzw --predictor=horizontal",
    ),
    (
        "lzw-1024.tif",
        "tiffsave",
        "--tile --pyramid --tile-width=1024 --tile-height=1024 --compression=lzw --predictor=horizontal",
    ),
    (
        "zstd.tif",
        "tiffsave",
        "--tile --pyramid --tile-width=256 --tile-height=256 --compression=zstd --predictor=horizontal",
    ),
    ("webp.tif", "tiffsave", "--tile --pyramid --tile-width=256 --tile-height=256 --compression=webp --Q=85"),
    (
        "jpeg-1024.tif",
        "tiffsave",
        "--tile --pyramid --tile-width=1024 --tile-height=1024 --compression=jpeg --Q=90",
    ),
    (
        "deflate-1024.tif",
        "tiffsave",
        "--tile --pyramid --tile-width=1024 --tile-height=1024 --compression=deflate --predictor=horizontal",
    ),
    ("strips.tif", "tiffsave", "--compression=deflate --predictor=horizontal"),
    ("gray.v", "colourspace", "b-w"),
    ("deep.v", "colourspace", "rgb16"),
    ("progressive.jpg", "jpegsave", "--Q=90 --interlace"),
    ("flat.jpg", "jpegsave", "--Q=90"),
    ("flat.png", "pngsave", ""),
    ("interlaced.png", "pngsave", "--interlace"),
    ("flat.webp", "webpsave", "--Q=85"),
    ("lossless.webp", "webpsave", "--lossless"),
    ("page.ppm", "ppmsave", ""),
];

/// Of what vips made: the source, the name of a file, the operation and its options.
const OF_THOSE: [(&str, &str, &str, &str); 4] = [
    (
        "gray.v",
        "gray.tif",
        "tiffsave",
        "--tile --pyramid --tile-width=256 --tile-height=256 --compression=deflate --predictor=horizontal",
    ),
    (
        "deep.v",
        "deflate-16.tif",
        "tiffsave",
        "--tile --pyramid --tile-width=256 --tile-height=256 --compression=deflate --predictor=horizontal",
    ),
    (
        "deep.v",
        "lzw-16.tif",
        "tiffsave",
        "--tile --pyramid --tile-width=256 --tile-height=256 --compression=lzw --predictor=horizontal",
    ),
    ("deep.v", "flat-16.png", "pngsave", ""),
];

/// Of the page, by opj_compress.
const JPEG_2000: [(&str, &str); 3] = [
    ("untiled.jp2", "-r 10 -I -n 6 -c [256,256] -p RPCL"),
    ("tiled.jp2", "-r 10 -I -n 6 -t 1024,1024 -p RPCL"),
    ("lossless.jp2", "-n 6 -t 1024,1024 -p RPCL"),
];

/// What is asked of every master: the whole, a thumbnail, a tile in each size.
const OF_ALL: [&str; 5] = [
    "full/max/0/default.jpg",
    "full/!400,400/0/default.jpg",
    "1024,1024,256,256/max/0/default.jpg",
    "1024,1024,512,512/max/0/default.png",
    "1024,1024,1024,1024/max/0/default.webp",
];

/// What is asked of one master in every format, with its settings.
const OF_ONE: [(&str, &str); 37] = [
    ("0,0,2000,1000/max/0/default.jpg", ""),
    ("0,0,2000,1000/max/0/default.png", ""),
    ("full/max/0/default.png", ""),
    ("full/max/0/default.webp", ""),
    ("full/max/0/default.tif", ""),
    ("full/max/0/default.gif", ""),
    ("full/max/0/default.jp2", ""),
    ("full/max/0/default.pdf", ""),
    ("0,0,1000,500/max/0/default.avif", ""),
    ("0,0,4000,2000/max/0/default.avif", ""),
    ("0,0,1000,1000/max/0/default.jp2", ""),
    ("0,0,2000,1000/max/0/gray.jp2", ""),
    ("full/max/0/gray.jpg", ""),
    ("full/max/0/bitonal.png", ""),
    ("full/max/90/default.jpg", ""),
    ("full/max/180/default.png", ""),
    ("full/max/!0/default.jpg", ""),
    ("full/max/45/default.jpg", ""),
    ("full/max/10/default.png", ""),
    ("0,0,2000,2000/max/45/default.webp", ""),
    ("full/2100,/0/default.jpg", ""),
    ("full/3900,/0/default.jpg", ""),
    ("0,0,2000,2000/^4000,/0/default.jpg", ""),
    ("0,0,2000,1000/max/0/default.png", "png.compression = 'balanced'"),
    ("0,0,2000,1000/max/0/default.png", "png.compression = 'high'"),
    ("0,0,2000,1000/max/0/default.webp", "webp.method = 0"),
    ("0,0,2000,1000/max/0/default.webp", "webp.method = 4"),
    ("0,0,2000,1000/max/0/default.webp", "webp.method = 6"),
    ("0,0,2000,1000/max/0/default.webp", "webp.lossless = true"),
    ("0,0,2000,1000/max/0/default.tif", "tiff.compression = 'lzw'"),
    ("0,0,2000,1000/max/0/default.tif", "tiff.compression = 'none'"),
    ("0,0,2000,1000/max/0/default.gif", "gif.speed = 1"),
    ("0,0,2000,1000/max/0/default.jp2", "jp2.lossless = true"),
    ("full/max/0/default.jpg", "jpeg.progressive = true"),
    ("full/max/0/default.jpg", "jpeg.optimize = true"),
    ("full/max/0/default.jpg", "jpeg.subsampling = '4:4:4'"),
    ("0,0,1000,500/max/0/default.avif", "avif.speed = 6"),
];

/// What is asked of one with 16 bits.
const OF_DEEP: [(&str, &str); 4] = [
    ("full/max/0/default.tif", ""),
    ("full/max/90/default.tif", ""),
    ("full/2100,/0/default.tif", ""),
    ("full/max/0/default.png", "png.sixteen_bit = true"),
];

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [first, master, request, settings, ..] = &arguments[..]
        && first == WORKER
    {
        return answer(Path::new(master), request, settings);
    }
    let selected: Vec<&String> = arguments.iter().filter(|argument| !argument.starts_with('-')).collect();
    let masters = build()?;
    println!(
        "{:<58} {:>9} {:>9} {:>6} {:>9} {:>9} {:>6}",
        "predicted, measured", "ms", "ms", "ratio", "MB", "MB", "ratio"
    );
    for (master, request, settings) in requests() {
        let name = format!("{master} {request} {settings}");
        if selected.is_empty() || selected.iter().any(|part| name.contains(part.as_str())) {
            compare(&masters.join(master), request, settings, &name)?;
        }
    }
    estimate(&masters.join(corpus::PAGE))
}

/// Prints how long an estimate takes.
fn estimate(master: &Path) -> Result<()> {
    with_plan(master, OF_ALL[2], "", |_, plan| {
        let before = cpu_time()?;
        for _ in 0..ESTIMATES {
            black_box(black_box(plan).cost());
        }
        let nanoseconds = (cpu_time()? - before).as_nanos() / u128::from(ESTIMATES);
        println!("an estimate takes {nanoseconds} ns");
        Ok(())
    })
}

/// All that is asked: master, request, settings.
fn requests() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    let kept = [corpus::PAGE, corpus::PAGE_Q85, corpus::PAGE_Q90];
    let made =
        BY_VIPS.into_iter().map(|(name, ..)| name).chain(OF_THOSE.into_iter().map(|(_, name, ..)| name));
    let masters = made.filter(|name| !name.ends_with(".v") && !name.ends_with(".ppm"));
    let masters = kept.into_iter().chain(masters).chain(JPEG_2000.into_iter().map(|(name, _)| name));
    let of_all = masters.flat_map(|master| OF_ALL.into_iter().map(move |request| (master, request, "")));
    let of_one = OF_ONE.into_iter().map(|(request, settings)| ("none.tif", request, settings));
    let of_deep = OF_DEEP.into_iter().map(|(request, settings)| ("deflate-16.tif", request, settings));
    of_all.chain(of_one).chain(of_deep)
}

/// Makes the masters that are not yet there; the directory that holds them.
fn build() -> Result<PathBuf> {
    let masters = corpus::build()?;
    let page = masters.join(corpus::PAGE);
    for (name, operation, options) in BY_VIPS {
        corpus::convert(&page, &masters.join(name), operation, options)?;
    }
    for (source, name, operation, options) in OF_THOSE {
        corpus::convert(&masters.join(source), &masters.join(name), operation, options)?;
    }
    for (name, options) in JPEG_2000 {
        let (target, unfinished) = (masters.join(name), masters.join("unfinished.jp2"));
        if !target.exists() {
            let mut command = Command::new("opj_compress");
            command.arg("-i").arg(masters.join("page.ppm")).arg("-o").arg(&unfinished);
            let made = command.args(options.split(' ')).output().context("opj_compress cannot be run")?;
            ensure!(made.status.success(), "{name}: {}", String::from_utf8_lossy(&made.stderr));
            fs::rename(&unfinished, target)?;
        }
    }
    Ok(masters)
}

/// Prints what a request costs by estimate, and what it cost a process of its own.
fn compare(master: &Path, request: &str, settings: &str, name: &str) -> Result<()> {
    let Cost { work, bytes } = with_plan(master, request, settings, |_, plan| Ok(plan.cost()))?;
    let mut command = Command::new(std::env::current_exe()?);
    let output = command.arg(WORKER).arg(master).args([request, settings]).output()?;
    ensure!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout)?;
    let (milliseconds, megabytes) = text.trim().split_once(' ').context("two numbers")?;
    let (milliseconds, megabytes): (f64, f64) = (milliseconds.parse()?, megabytes.parse()?);
    let (work, bytes) = (work.as_secs_f64() * 1e3, bytes as f64 / 1e6);
    let (time, memory) = (work / milliseconds, bytes / megabytes.max(0.1));
    let mark = if time < 1.0 || memory < 1.0 { " too low" } else { "" };
    println!(
        "{name:<58} {work:>9.1} {milliseconds:>9.1} {time:>6.2} {bytes:>9.1} {megabytes:>9.1} {memory:>6.2}{mark}"
    );
    Ok(())
}

/// Answers a request, and prints the milliseconds and megabytes that it took.
fn answer(master: &Path, request: &str, settings: &str) -> Result<()> {
    with_plan(master, request, settings, |master, plan| {
        let (mut pipeline, id) = (Pipeline::default(), process::id());
        let (before, held) = (cpu_time()?, memory::anonymous_memory(id));
        let (answered, peak) = memory::peak_memory(&[id], || {
            let body = pipeline.derive(master, plan, &Watch::unlimited())?;
            body.into_chunks().try_for_each(|chunk| chunk.map(|bytes| drop(black_box(bytes))))
        });
        answered?;
        let milliseconds = (cpu_time()? - before).as_secs_f64() * 1e3;
        println!("{milliseconds} {}", peak.saturating_sub(held) as f64 / 1e6);
        Ok(())
    })
}

/// The CPU time of this thread so far: the one that looks at the memory is another.
fn cpu_time() -> Result<Duration> {
    Ok(Duration::try_from(clock_gettime(ClockId::ThreadCPUTime))?)
}

fn with_plan<T>(
    master: &Path,
    request: &str,
    settings: &str,
    work: impl FnOnce(&Rc<Master>, &Plan) -> Result<T>,
) -> Result<T> {
    let config = Config::parse(&format!("masters.root = '/'\n{settings}"))?;
    let target = recto_iiif::parse(format!("/iiif/3/master/{request}").as_bytes())?;
    let Target::Image { request, .. } = target else { bail!("{request} is not of a picture") };
    let master = Rc::new(Master::open(master)?);
    let rendering = &config.rendering;
    let plan = Derivation::new(&master, (Version::V3, &request), &rendering.limits, rendering)?.plan();
    work(&master, &plan)
}
