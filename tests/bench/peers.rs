//! Recto and its peers behind one NGINX: the same requests, the same machine, round by round in turn.
//!
//! ```text
//! cargo bench --bench peers              all workloads
//! cargo bench --bench peers -- tiles     those with "tiles" in their name
//! ```
//!
//! The CPU time of NGINX itself has a column of its own, and belongs to neither server.
//! Times hold for this machine and this minute: what to compare is the ratio, the peer's CPU time for a request by
//! ours. Every answer is compared with the other server's before anything is timed. Nothing here fails for being slow.

#![allow(unreachable_pub)] // a program has nobody to be public to; its modules have each other

mod corpus;
mod load;
mod memory;
mod picture;
mod process;
mod site;
mod workload;

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use load::Client;
use recto::picture::Dimensions;
use site::{Server, Site};
use turbojpeg::PixelFormat;
use workload::{Asked, Workload};

const ROUNDS: usize = 5;

fn main() -> Result<()> {
    let selected: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let masters = corpus::build()?;
    let site = Site::start(&corpus::directory(), &masters)?;
    println!("{} connections, {ROUNDS} rounds, 2 workers of each server, caches off", load::CONNECTIONS);
    println!(
        "JPEG tiles are sent as they are stored, whatever they take: pass_through = {}",
        site::PASS_THROUGH
    );
    println!(
        "{:<30} {:<7} {:>7} {:>8} {:>8} {:>11} {:>12} {:>10} {:>7} {:>8} {:>6}",
        "workload",
        "server",
        "req/s",
        "p50 ms",
        "p99 ms",
        "CPU ms/req",
        "NGINX us/req",
        "private MB",
        "peak MB",
        "bytes",
        "ratio"
    );
    for workload in workload::all() {
        if selected.is_empty() || selected.iter().any(|part| workload.name.contains(part.as_str())) {
            measure(&site, &workload).with_context(|| workload.name)?;
        }
    }
    Ok(())
}

/// One server's part in a workload.
struct Run {
    server: Server,
    /// URLs, and how many bytes each gives.
    paths: Vec<(String, usize)>,
    latencies: Vec<Duration>,
    rates: Vec<f64>,
    cpu: Vec<f64>,
    nginx: Vec<f64>,
    /// Bytes of all workers: after a round, and the most in any.
    private: u64,
    peak: u64,
}

fn measure(site: &Site, workload: &Workload) -> Result<()> {
    let mut runs = verified(site, workload)?;
    for round in 0..ROUNDS {
        for turn in 0..runs.len() {
            // Who goes first changes from round to round.
            let at = (round + turn) % runs.len();
            runs[at].round(site, workload.per_round)?;
        }
    }
    let ours = median(&mut runs[0].cpu);
    for run in &mut runs {
        run.print(workload.name, ours);
    }
    Ok(())
}

impl Run {
    fn round(&mut self, site: &Site, count: usize) -> Result<()> {
        let workers = site.workers(self.server)?;
        let (cpu, nginx, start) = (site.cpu(self.server)?, site.nginx_cpu()?, Instant::now());
        let (latencies, peak) = memory::peak_memory(&workers, || load::run(site.port, &self.paths, count));
        self.latencies.extend(latencies?);
        let seconds = start.elapsed().as_secs_f64();
        let cpu = site.cpu(self.server)?.saturating_sub(cpu);
        let nginx = site.nginx_cpu()?.saturating_sub(nginx);
        self.rates.push(count as f64 / seconds);
        self.cpu.push(cpu.as_secs_f64() * 1e3 / count as f64);
        self.nginx.push(nginx.as_secs_f64() * 1e6 / count as f64);
        self.private = workers.into_iter().map(process::private_memory).sum::<Result<u64>>()?;
        self.peak = self.peak.max(peak);
        Ok(())
    }

    fn print(&mut self, workload: &str, ours: f64) {
        self.latencies.sort_unstable();
        let quantile =
            |part: usize| self.latencies[(self.latencies.len() - 1) * part / 100].as_secs_f64() * 1e3;
        let (p50, p99) = (quantile(50), quantile(99));
        let cpu = median(&mut self.cpu);
        // All servers have two workers.
        let megabytes = |bytes: u64| bytes as f64 / 2e6;
        let bytes: usize = self.paths.iter().map(|(_, length)| length).sum();
        println!(
            "{workload:<30} {:<7} {:>7.0} {p50:>8.2} {p99:>8.2} {cpu:>11.3} {:>12.1} {:>10.1} {:>7.1} {:>8} {:>6.2}",
            self.server.name(),
            median(&mut self.rates),
            median(&mut self.nginx),
            megabytes(self.private),
            megabytes(self.peak),
            bytes / self.paths.len(),
            cpu / ours,
        );
    }
}

/// Asks every server for everything once, and compares the answers.
fn verified(site: &Site, workload: &Workload) -> Result<Vec<Run>> {
    let run = |server| Run {
        server,
        paths: Vec::new(),
        latencies: Vec::new(),
        rates: Vec::new(),
        cpu: Vec::new(),
        nginx: Vec::new(),
        private: 0,
        peak: 0,
    };
    let mut runs = vec![run(Server::Recto), run(workload.peer)];
    let mut client = Client::connect(site.port)?;
    for asked in &workload.requests {
        let mut answers = Vec::new();
        for run in &mut runs {
            let path = format!("{}{}", run.server.prefix(), asked.path);
            let body = client.get(&path).with_context(|| run.server.name())?;
            answers.push(understood(&body, asked).with_context(|| format!("the answer to {path}"))?);
            run.paths.push((path, body.len()));
        }
        let apart = difference(&answers[0], &answers[1]);
        ensure!(apart <= workload.tolerance, "{} differs by {apart:.2} levels from the peer's", asked.path);
    }
    Ok(runs)
}

/// The pixels of a picture of the right size, or the size in info.json.
fn understood(body: &[u8], asked: &Asked) -> Result<Vec<u8>> {
    let Some(size) = asked.size else {
        let info: serde_json::Value = serde_json::from_slice(body)?;
        let side = |name: &str| info[name].as_u64().with_context(|| format!("no {name} in info.json"));
        return Ok(format!("{}x{}", side("width")?, side("height")?).into_bytes());
    };
    let (have, pixels) = if body.starts_with(b"\x89PNG") {
        let image = image::load_from_memory(body)?.into_rgb8();
        (Dimensions::new(image.width(), image.height()), image.into_raw())
    } else {
        let image = turbojpeg::decompress(body, PixelFormat::RGB)?;
        (Dimensions::new(u32::try_from(image.width)?, u32::try_from(image.height)?), image.pixels)
    };
    ensure!(have == size, "a picture of {have} where {size} was asked for");
    Ok(pixels)
}

/// The mean of the differences of all samples.
fn difference(one: &[u8], other: &[u8]) -> f64 {
    let sum: u64 = one.iter().zip(other).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    sum as f64 / one.len() as f64
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}
