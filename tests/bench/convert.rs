//! `recto convert` beside `vips tiffsave --tile --pyramid`: whole processes on the same files, in turn, so that a
//! disturbance hits both. The least time of all rounds counts; CPU time and memory are what the kernel counted (wait4).
//!
//! `cargo bench --bench convert` takes a photograph-like picture of 24 megapixels; `-- wall` adds one of 400, which takes
//! minutes and 3 GB of disk; other words select the lines that have them, as in `-- jpg deflate`.

#![allow(unreachable_pub)] // a program has nobody to be public to; its modules have each other

mod picture;

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, ensure};

const ROUNDS: usize = 3;

/// Width and height of the pictures, and what they are called.
const PAGE: (&str, u32, u32) = ("24mp", 4000, 6000);
const WALL: (&str, u32, u32) = ("400mp", 26_720, 15_030);

/// What is compared: a name, the options of vips, those of recto.
const OUTPUTS: [(&str, &[&str], &[&str]); 3] = [
    ("jpeg", &["--compression", "jpeg", "--Q", "85"], &["--compression", "jpeg", "--quality", "85"]),
    (
        "jpeg, anew",
        &["--compression", "jpeg", "--Q", "85"],
        &["--compression", "jpeg", "--quality", "85", "--anew"],
    ),
    ("deflate", &["--compression", "deflate"], &["--compression", "deflate"]),
];

/// What a process cost.
#[derive(Clone, Copy)]
struct Cost {
    wall: f64,
    cpu: f64,
    /// Megabytes.
    peak: f64,
}

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let (walls, words): (Vec<_>, Vec<_>) = words.into_iter().partition(|word| word == "wall");
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("bench").join("convert");
    fs::create_dir_all(&directory)?;
    println!(
        "{:<12} {:<11} {:<6} {:>8} {:>8} {:>8} {:>9}",
        "input", "output", "by", "wall s", "CPU s", "peak MB", "bytes MB"
    );
    for size in [Some(PAGE), (!walls.is_empty()).then_some(WALL)].into_iter().flatten() {
        for input in inputs(&directory, size)? {
            for output in OUTPUTS {
                let name = input.file_name().unwrap_or_default().to_string_lossy().into_owned();
                // Of a TIFF, everything is made anew in any case.
                let is_same = output.0 == "jpeg, anew" && !name.ends_with("jpg");
                let is_meant =
                    words.iter().all(|word| format!("{name} {}", output.0).contains(word.as_str()));
                if is_meant && !is_same {
                    compare(&directory, &input, &name, output)?;
                }
            }
        }
    }
    Ok(())
}

/// A picture as an uncompressed TIFF, whose rows are there as they are wanted, and as a JPEG of a camera; made once.
fn inputs(directory: &Path, (name, width, height): (&str, u32, u32)) -> Result<[PathBuf; 2]> {
    let inputs = [directory.join(format!("{name}.tif")), directory.join(format!("{name}.jpg"))];
    if inputs.iter().all(|input| input.exists()) {
        return Ok(inputs);
    }
    eprintln!("making pictures of {width}x{height}");
    let plain = directory.join("plain.ppm");
    let mut file = BufWriter::new(File::create(&plain)?);
    write!(file, "P6\n{width} {height}\n255\n")?;
    for first in (0..height).step_by(256) {
        let mut rows = vec![0; width as usize * 3 * 256.min(height - first) as usize];
        picture::paint(first, width, &mut rows);
        file.write_all(&rows)?;
    }
    file.into_inner()?;
    for (input, options) in
        inputs.iter().zip([&["tiffsave"][..], &["jpegsave", "--Q=90", "--subsample-mode=on"]])
    {
        let unfinished = input.with_file_name(format!("unfinished-{name}.{}", options[0]));
        let unfinished = unfinished.with_extension(input.extension().unwrap_or_default());
        let status =
            Command::new("vips").arg(options[0]).args([&plain, &unfinished]).args(&options[1..]).status();
        let status = status.context("vips cannot be run. Its package is libvips-tools")?;
        ensure!(status.success(), "vips could not make {}: {status}", input.display());
        fs::rename(unfinished, input)?;
    }
    fs::remove_file(plain)?;
    Ok(inputs)
}

/// Runs both in turn, and prints a line for each, and one of ratios.
fn compare(directory: &Path, input: &Path, name: &str, output: (&str, &[&str], &[&str])) -> Result<()> {
    let (what, vips, recto) = output;
    let target = directory.join("result.tif");
    let square = ["--tile", "--pyramid", "--tile-width", "256", "--tile-height", "256"];
    let mut costs = [None, None];
    let mut bytes = [0.0; 2];
    for _ in 0..ROUNDS {
        for who in 0..2 {
            let _ = fs::remove_file(&target);
            let mut command = timed(directory);
            match who {
                0 => command.args(["vips", "tiffsave"]).arg(input).arg(&target).args(square).args(vips),
                _ => command
                    .args([env!("CARGO_BIN_EXE_recto"), "convert", "--tile", "256"])
                    .arg(input)
                    .arg("--output")
                    .arg(&target)
                    .args(recto),
            };
            let cost = run(&mut command, directory)?;
            costs[who] = Some(costs[who].map_or(cost, |least: Cost| least.least(cost)));
            bytes[who] = fs::metadata(&target)?.len() as f64 / 1e6;
        }
    }
    fs::remove_file(&target)?;
    let [Some(theirs), Some(ours)] = costs else { return Ok(()) };
    let line = |by: &str, wall, cpu, peak, bytes| {
        println!("{name:<12} {what:<11} {by:<6} {wall:>8.2} {cpu:>8.2} {peak:>8.0} {bytes:>9.2}");
    };
    line("vips", theirs.wall, theirs.cpu, theirs.peak, bytes[0]);
    line("recto", ours.wall, ours.cpu, ours.peak, bytes[1]);
    println!(
        "{name:<12} {what:<11} {:<6} {:>8.2} {:>8.2} {:>8.2} {:>9.3}",
        "ratio",
        ours.wall / theirs.wall,
        ours.cpu / theirs.cpu,
        ours.peak / theirs.peak,
        bytes[1] / bytes[0]
    );
    Ok(())
}

/// The command that tells what another one cost.
fn timed(directory: &Path) -> Command {
    let mut command = Command::new("time");
    command.args(["--quiet", "--format", "%U %S %M", "--output"]).arg(directory.join("cost"));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

fn run(command: &mut Command, directory: &Path) -> Result<Cost> {
    let start = Instant::now();
    let output = command.output().context("time cannot be run. Its package is called so")?;
    let wall = start.elapsed().as_secs_f64();
    ensure!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    let text = fs::read_to_string(directory.join("cost"))?;
    let numbers: Vec<f64> = text.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
    let [user, system, kilobytes] = numbers[..] else { anyhow::bail!("time says {text:?}") };
    Ok(Cost { wall, cpu: user + system, peak: kilobytes * 1024.0 / 1e6 })
}

impl Cost {
    fn least(self, other: Self) -> Self {
        Self {
            wall: self.wall.min(other.wall),
            cpu: self.cpu.min(other.cpu),
            peak: self.peak.min(other.peak),
        }
    }
}
