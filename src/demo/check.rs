//! `recto demo --check`: fetches a bit of everything through NGINX, as a viewer and as a suspicious client, and
//! prints a table of what came. Bounded in time and number.

use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use serde_json::Value;

use super::http::{self, Answer};
use super::pixels::{Picture, jpeg_size};
use super::tiles::{Info, Level, Neighbours, Piece};

/// Masters that are looked at; a directory may hold thousands.
const MASTERS_AT_MOST: usize = 8;
const TIME_AT_MOST: Duration = Duration::from_secs(300);
/// JPEG at a usual quality stays below this on noise, the worst picture there is; another picture does not.
const JPEG_TOLERANCE: f64 = 16.0;

/// Checks the running demo.
///
/// # Errors
/// If anything is not as it should be.
pub(super) fn run<'a>(
    port: u16,
    base: &str,
    identifiers: impl Iterator<Item = &'a str>,
) -> anyhow::Result<()> {
    let mut check = Check { port, rows: 0, faults: 0, give_up: Instant::now() + TIME_AT_MOST };
    say!("\n{:<58} {:>6} {:>11} {:>9}  verdict", "what", "status", "bytes", "ms");
    check.row("the page, its viewer and its list", page);
    let identifiers: Vec<&str> = identifiers.take(MASTERS_AT_MOST).collect();
    ensure!(!identifiers.is_empty(), "there is no master to check");
    check.http_rows(base, identifiers[0]);
    for identifier in identifiers {
        check.master_rows(base, identifier);
    }
    say!("\n{} checks, {} failed", check.rows, check.faults);
    ensure!(check.faults == 0, "{} of {} checks failed", check.faults, check.rows);
    Ok(())
}

struct Check {
    port: u16,
    rows: usize,
    faults: usize,
    give_up: Instant,
}

/// What the requests of one row came to.
struct Tally {
    port: u16,
    give_up: Instant,
    requests: u32,
    status: u16,
    bytes: usize,
    took: Duration,
}

impl Check {
    /// Runs one test and prints its line.
    fn row(&mut self, what: &str, test: impl FnOnce(&mut Tally) -> anyhow::Result<()>) {
        let zero = Duration::ZERO;
        let mut tally =
            Tally { port: self.port, give_up: self.give_up, requests: 0, status: 0, bytes: 0, took: zero };
        let outcome = test(&mut tally);
        let Tally { requests, status, bytes, took, .. } = tally;
        let what = if requests > 1 { format!("{what} ({requests} requests)") } else { what.to_owned() };
        let verdict =
            outcome.as_ref().map_or_else(|error| format!("FAILED: {error:#}"), |()| "ok".to_owned());
        say!("{what:<58} {status:>6} {bytes:>11} {:>9.1}  {verdict}", took.as_secs_f64() * 1000.0);
        self.rows += 1;
        self.faults += usize::from(outcome.is_err());
    }

    /// What does not depend on the master.
    fn http_rows(&mut self, base: &str, identifier: &str) {
        let info = format!("/iiif/3/{identifier}/info.json");
        self.row("HEAD is GET without its body", |tally| head(tally, &info));
        self.row("304 for what the client has", |tally| not_modified(tally, &info));
        self.row("the second time from the cache", |tally| {
            tally.get(&info, &[], 200)?;
            let status = tally.get(&format!("{info}?a=query"), &[], 200)?.header("x-cache-status").to_owned();
            ensure!(status == "HIT", "X-Cache-Status is {status}");
            Ok(())
        });
        self.row("Accept: application/json", |tally| {
            let answer = tally.get(&info, &[("Accept", "application/json")], 200)?;
            has(&answer, "content-type", "application/json")?;
            has(&answer, "vary", "Accept")
        });
        self.row("the base URI leads to info.json", |tally| {
            let answer = tally.get(&format!("/iiif/3/{identifier}"), &[], 303)?;
            let expected = format!("{base}/3/{identifier}/info.json");
            ensure!(answer.header("location") == expected, "Location is {}", answer.header("location"));
            Ok(())
        });
        self.row("an unknown master, with CORS", |tally| {
            tally.get("/iiif/3/no-such-master.tif/info.json", &[], 404).map(drop)
        });
        self.row("a bad size, with CORS", |tally| {
            tally.get(&format!("/iiif/3/{identifier}/full/0,/0/default.jpg"), &[], 400).map(drop)
        });
        self.row("POST is refused", |tally| {
            let answer = tally.request("POST", &info, &[], 405)?;
            has(&answer, "allow", "GET")
        });
        self.row("a preflight", |tally| {
            let headers = [("Origin", "https://viewer.example"), ("Access-Control-Request-Method", "GET")];
            let answer = tally.request("OPTIONS", &info, &headers, 204)?;
            has(&answer, "access-control-allow-methods", "GET")
        });
    }

    /// One master: its descriptions, its sizes, its tiles.
    fn master_rows(&mut self, base: &str, identifier: &str) {
        say!("\n{identifier}");
        let mut parsed = None;
        self.row("info.json, version 3", |tally| {
            parsed = Some(info_3(tally, base, identifier)?);
            Ok(())
        });
        self.row("info.json, version 2", |tally| info_2(tally, base, identifier));
        let Some(info) = parsed else { return };
        self.row(&format!("the whole picture, {}", info.full()), |tally| whole(tally, identifier, &info));
        self.row("the sizes in info.json", |tally| {
            for size in info.sizes() {
                let path = format!("/iiif/3/{identifier}/full/{},{}/0/default.jpg", size.width, size.height);
                let came = jpeg_size(&tally.get(&path, &[], 200)?.body)?;
                ensure!(came == size, "asked for {size}, {came} came");
            }
            Ok(())
        });
        match info.levels() {
            Ok(levels) => levels.iter().for_each(|level| self.level_rows(identifier, level)),
            Err(error) => self.row("tiles", |_| Err(error)),
        }
    }

    fn level_rows(&mut self, identifier: &str, level: &Level) {
        let name = format!("tiles at scale {}, {} x {}", level.scale, level.columns, level.rows);
        self.row(&name, |tally| level.samples().iter().try_for_each(|piece| tile(tally, identifier, *piece)));
        if let Some(neighbours) = level.neighbours() {
            let name = format!("neighbours at scale {} = one region", level.scale);
            self.row(&name, |tally| joined(tally, identifier, &neighbours));
        }
    }
}

impl Tally {
    fn get(&mut self, path: &str, headers: &[(&str, &str)], status: u16) -> anyhow::Result<Answer> {
        self.request("GET", path, headers, status)
    }

    /// A request whose answer has this status and, as every answer, CORS once.
    fn request(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        status: u16,
    ) -> anyhow::Result<Answer> {
        ensure!(Instant::now() < self.give_up, "not tried: {} s are over", TIME_AT_MOST.as_secs());
        let answer = http::request(self.port, method, path, headers).with_context(|| path.to_owned())?;
        self.requests += 1;
        self.status = answer.status;
        self.bytes += answer.body.len();
        self.took += answer.took;
        if answer.status != status {
            let said = String::from_utf8_lossy(&answer.body[..answer.body.len().min(200)]).trim().to_owned();
            bail!("{path}: status {} and not {status}: {said}", answer.status);
        }
        let cors: Vec<&str> = answer.headers("access-control-allow-origin").collect();
        ensure!(cors == ["*"], "{path}: Access-Control-Allow-Origin is {cors:?}");
        Ok(answer)
    }

    fn png(&mut self, identifier: &str, piece: Piece) -> anyhow::Result<Picture> {
        let path = format!("/iiif/3/{identifier}/{}/default.png", piece.path());
        let answer = self.get(&path, &[], 200)?;
        let picture = Picture::of_png(&answer.body).with_context(|| path.clone())?;
        ensure!(picture.size == piece.size, "{path}: {} came", picture.size);
        Ok(picture)
    }
}

/// A header that holds a text.
fn has(answer: &Answer, name: &str, text: &str) -> anyhow::Result<()> {
    let found = answer.headers(name).any(|value| value.contains(text));
    ensure!(found, "{name} is \"{}\", without {text}", answer.header(name));
    Ok(())
}

fn page(tally: &mut Tally) -> anyhow::Result<()> {
    has(&tally.get("/", &[], 200)?, "content-type", "text/html")?;
    has(&tally.get("/openseadragon.min.js", &[], 200)?, "content-type", "javascript")?;
    let list = tally.get("/masters.json", &[], 200)?;
    ensure!(serde_json::from_slice::<Value>(&list.body)?.is_array(), "masters.json is no list");
    Ok(())
}

fn head(tally: &mut Tally, path: &str) -> anyhow::Result<()> {
    let answer = tally.request("HEAD", path, &[], 200)?;
    ensure!(answer.body.is_empty(), "a body of {} bytes", answer.body.len());
    let whole = tally.get(path, &[], 200)?;
    for name in ["content-length", "content-type", "etag"] {
        let (short, long) = (answer.header(name), whole.header(name));
        ensure!(short == long && !short.is_empty(), "{name} is \"{short}\" for HEAD, \"{long}\" for GET");
    }
    Ok(())
}

fn not_modified(tally: &mut Tally, path: &str) -> anyhow::Result<()> {
    let tag = tally.get(path, &[], 200)?.header("etag").to_owned();
    ensure!(!tag.is_empty(), "no ETag");
    let answer = tally.get(path, &[("If-None-Match", &tag)], 304)?;
    ensure!(answer.body.is_empty(), "a body of {} bytes", answer.body.len());
    tally.get(path, &[("If-None-Match", "\"another\"")], 200).map(drop)
}

fn info_3(tally: &mut Tally, base: &str, identifier: &str) -> anyhow::Result<Info> {
    let answer = tally.get(&format!("/iiif/3/{identifier}/info.json"), &[], 200)?;
    has(&answer, "content-type", "application/ld+json")?;
    let info = Info::parse(&answer.body)?;
    ensure!(info.id == format!("{base}/3/{identifier}"), "id is {}", info.id);
    Ok(info)
}

fn info_2(tally: &mut Tally, base: &str, identifier: &str) -> anyhow::Result<()> {
    let answer = tally.get(&format!("/iiif/2/{identifier}/info.json"), &[], 200)?;
    has(&answer, "content-type", "application/json")?;
    let info: Value = serde_json::from_slice(&answer.body)?;
    let id = info["@id"].as_str().unwrap_or("missing");
    ensure!(id == format!("{base}/2/{identifier}"), "@id is {id}");
    Ok(())
}

/// `full/max`: the full size, or as much of it as the limits allow.
fn whole(tally: &mut Tally, identifier: &str, info: &Info) -> anyhow::Result<()> {
    let size =
        jpeg_size(&tally.get(&format!("/iiif/3/{identifier}/full/max/0/default.jpg"), &[], 200)?.body)?;
    ensure!(info.allows(size), "{size} is above the limits");
    ensure!(!info.allows(info.full()) || size == info.full(), "{size} came");
    Ok(())
}

/// A tile has its size as PNG and as JPEG, and both show the same.
fn tile(tally: &mut Tally, identifier: &str, piece: Piece) -> anyhow::Result<()> {
    let path = format!("/iiif/3/{identifier}/{}/default.jpg", piece.path());
    let jpeg = tally.get(&path, &[], 200)?.body;
    let png = tally.png(identifier, piece)?;
    let difference = png.mean_difference_to_jpeg(&jpeg).with_context(|| path.clone())?;
    let difference = difference.unwrap_or(0.0);
    ensure!(difference < JPEG_TOLERANCE, "{path}: JPEG and PNG differ by {difference:.1} on average");
    Ok(())
}

/// Tiles laid side by side are, sample for sample, the same region asked for in one piece.
fn joined(tally: &mut Tally, identifier: &str, neighbours: &Neighbours) -> anyhow::Result<()> {
    let one = tally.png(identifier, neighbours.whole)?;
    let mut laid = one.blank_like();
    for (piece, x, y) in &neighbours.parts {
        laid.paste(&tally.png(identifier, *piece)?, *x, *y)?;
    }
    laid.must_equal(&one)
}
