//! The hops of a request alone, in one thread: respond() whole, then decode (7), transform (8) and encode (9).
//!
//! `cargo bench --bench hops -- deflate` runs those with "deflate" in their name. Round by round in turn, so that a
//! disturbance hits all of them. The CPU time of the thread counts, and the least of all rounds is the one to compare.

#![allow(unreachable_pub)] // a program has nobody to be public to; its modules have each other

mod corpus;
mod picture;

use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use recto::config::Config;
use recto::desk::Alone;
use recto::encode::{Carried, Encoder};
use recto::http::Request;
use recto::master::{Decoder, Master};
use recto::picture::{Format, Orientation, Rect};
use recto::raster::{Axis, Raster, Resampler, orient};
use recto::respond::Service;
use rustix::time::{ClockId, clock_gettime};

const ROUNDS: usize = 15;
/// Long enough that reading the clock does not count.
const ROUND: Duration = Duration::from_millis(20);

struct Hop<'a> {
    name: &'static str,
    work: Box<dyn FnMut() -> Result<()> + 'a>,
    times: Vec<f64>,
}

fn hop<'a>(name: &'static str, work: impl FnMut() -> Result<()> + 'a) -> Hop<'a> {
    Hop { name, work: Box::new(work), times: Vec::new() }
}

fn main() -> Result<()> {
    let selected: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let masters = corpus::build()?;
    let config =
        Config::parse(&format!("[masters]\nroot = {masters:?}\n[server]\npublic_url = \"http://x/iiif\"\n"))?;
    let mut hops = respond(&config)?;
    hops.extend(alone(&config, &masters)?);
    hops.retain(|hop| selected.is_empty() || selected.iter().any(|part| hop.name.contains(part.as_str())));
    for _ in 0..ROUNDS {
        for hop in &mut hops {
            hop.round()?;
        }
    }
    println!("{:<34} {:>10} {:>10}", "hop", "least us", "median us");
    for hop in &mut hops {
        hop.times.sort_unstable_by(f64::total_cmp);
        println!("{:<34} {:>10.1} {:>10.1}", hop.name, hop.times[0], hop.times[hop.times.len() / 2]);
    }
    Ok(())
}

impl Hop<'_> {
    fn round(&mut self) -> Result<()> {
        let (mut count, start, cpu) = (0, Instant::now(), cpu_time()?);
        while start.elapsed() < ROUND {
            (self.work)()?;
            count += 1;
        }
        self.times.push((cpu_time()? - cpu).as_secs_f64() * 1e6 / f64::from(count));
        Ok(())
    }
}

/// The CPU time of this thread so far.
fn cpu_time() -> Result<Duration> {
    Ok(Duration::try_from(clock_gettime(ClockId::ThreadCPUTime))?)
}

/// Whole requests; what is left out is the socket.
fn respond(config: &Config) -> Result<Vec<Hop<'static>>> {
    let requests = [
        ("respond: info.json", corpus::WALL, "info.json"),
        ("respond: tile, deflate", corpus::WALL, "5120,5120,256,256/256,256/0/default.jpg"),
        ("respond: tile, JPEG Q90", corpus::PAGE_Q90, "1024,1024,256,256/256,256/0/default.jpg"),
        ("respond: tile, JPEG Q85", corpus::PAGE_Q85, "1024,1024,256,256/256,256/0/default.jpg"),
        ("respond: tile turned, PNG", corpus::PAGE, "1024,1024,256,256/256,256/90/default.png"),
        ("respond: tile turned", corpus::PAGE, "1024,1024,256,256/256,256/90/default.jpg"),
        ("respond: tile gray", corpus::PAGE, "1024,1024,256,256/256,256/0/gray.jpg"),
        ("respond: tile bitonal", corpus::PAGE, "1024,1024,256,256/256,256/0/bitonal.jpg"),
        ("respond: thumbnail !200,200", corpus::PAGE, "full/!200,200/0/default.jpg"),
        ("respond: region 1500 to 500", corpus::PAGE, "777,999,1500,1500/500,500/0/default.jpg"),
        ("respond: page 1024,", corpus::PAGE, "full/1024,/0/default.jpg"),
        ("respond: page max", corpus::PAGE, "full/max/0/default.jpg"),
    ];
    requests
        .into_iter()
        .map(|(name, master, asked)| {
            let mut service = Service::new(config.clone())?;
            let uri = format!("/iiif/3/{master}/{asked}");
            let request = Request::from_pairs([("REQUEST_METHOD", "GET"), ("REQUEST_URI", &uri)]);
            Ok(hop(name, move || {
                let response = service.respond(&request, &mut Alone).expect("an answer");
                ensure!(response.status == 200, "{uri}: {}", response.status);
                for chunk in response.body.into_chunks() {
                    black_box(chunk?);
                }
                Ok(())
            }))
        })
        .collect()
}

fn alone<'a>(config: &'a Config, masters: &Path) -> Result<Vec<Hop<'a>>> {
    let tile = Rect::new(1024, 1024, corpus::TILE, corpus::TILE);
    let mut hops = Vec::new();
    for (name, master) in [
        ("7: decode a tile, deflate", corpus::PAGE),
        ("7: decode a tile, JPEG Q90", corpus::PAGE_Q90),
        ("7: decode a tile, JPEG Q85", corpus::PAGE_Q85),
    ] {
        let master = Master::open(&masters.join(master))?;
        let mut decoder = Decoder::default();
        hops.push(hop(name, move || {
            decoder.release_buffers();
            black_box(master.decode::<u8>(&mut decoder, 0, tile)?);
            Ok(())
        }));
    }
    let raster: Raster =
        Master::open(&masters.join(corpus::PAGE))?.decode(&mut Decoder::default(), 0, tile)?;
    let (source, mut resampler) = (raster.clone(), Resampler::default());
    hops.push(hop("8: resample 256 to 100", move || {
        let axis = Axis { start: 0.0, length: f64::from(corpus::TILE), output: 100 };
        let window = Rect::whole(source.dimensions);
        black_box(resampler.resample(&source, window, (axis, axis), 0..100)?);
        Ok(())
    }));
    let source = raster.clone();
    hops.push(hop("8: turn a tile", move || {
        black_box(orient(source.clone(), Orientation { mirrored: false, quarters: 1 }));
        Ok(())
    }));
    for (name, format) in [("9: encode a tile, JPEG", Format::Jpg), ("9: encode a tile, PNG", Format::Png)] {
        let (source, mut encoder) = (raster.clone(), Encoder::default());
        hops.push(hop(name, move || {
            black_box(encoder.encode(
                source.clone(),
                format,
                &Carried::default(),
                &config.rendering.encodings,
            )?);
            Ok(())
        }));
    }
    Ok(hops)
}
