//! `recto render`: the path of a request without a socket.

use std::fs::{self, File};
use std::io::{self, IsTerminal, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use anyhow::{Context, anyhow, bail};
use clap::Parser;
use recto_iiif::{Target, Version};

use crate::body::Body;
use crate::config::Config;
use crate::derive::pipeline::Pipeline;
use crate::derive::{self, Derivation, InfoRequest};
use crate::master::{FarReads, Master};
use crate::source::{Reads, Sidecar, file_and_page};
use crate::watch::Watch;

/// What is said of a request that has another form.
const REQUEST: &str = "REQUEST is REGION/SIZE/ROTATION/QUALITY.FORMAT, or info.json";

/// Make one derivative of a master, as the server would
///
/// REQUEST is the part of an IIIF Image API URL behind the identifier: REGION/SIZE/ROTATION/QUALITY.FORMAT.
///
///   recto render map.tif 'full/1024,/0/default.jpg' -o map.jpg
///   recto render map.tif 'square/!200,200/0/gray.png' > thumbnail.png
///   recto render map.tif '4096,2048,512,512/256,256/0/default.jpg' --plan
#[derive(Debug, Parser)]
#[command(verbatim_doc_comment)]
pub(super) struct Arguments {
    /// The image file; a page of it after a semicolon, as in 'book.tif;3'
    master: PathBuf,

    /// REGION/SIZE/ROTATION/QUALITY.FORMAT, or info.json
    request: String,

    /// Write to FILE instead of the standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Print what would be done (level, window, scaling, colours ...) instead of doing it
    #[arg(long)]
    plan: bool,

    /// The version of the Image API whose grammar REQUEST follows: 2 or 3
    #[arg(long, value_name = "VERSION", default_value = "3", value_parser = clap::value_parser!(u8).range(2..=3))]
    api: u8,

    /// Take limits and quality from this configuration; otherwise the defaults hold
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let config = match &arguments.config {
        Some(path) => Config::load(path)?,
        None => Config::parse("[masters]\nroot = \"/\"")?,
    };
    let (file, page) = file_and_page(&arguments.master);
    let name = if page == 1 { "master".to_owned() } else { format!("master;{page}") };
    let uri = format!("/iiif/{}/{name}/{}", arguments.api, arguments.request);
    let target = recto_iiif::parse(uri.as_bytes()).map_err(|error| match error {
        // It speaks of whole URLs.
        recto_iiif::Error::NotFound => anyhow!(REQUEST),
        error => error.into(),
    })?;
    let master = Rc::new(Master::open_page(file, page)?);
    match target {
        Target::Image { version, request, .. } => {
            let rendering = &config.rendering;
            let derivation = Derivation::new(&master, (version, &request), &rendering.limits, rendering)?;
            let plan = derivation.plan();
            if arguments.plan {
                explain(&master, &derivation);
                println!("{plan}");
                let (level, window) = (plan.scaling.level, plan.scaling.window());
                in_a_store(&Master::far_reads(file, page, level, window)?);
                return Ok(());
            }
            let plan = plan.within(rendering)?;
            send(Pipeline::default().derive(&master, &plan, &Watch::unlimited())?, file, arguments)
        }
        Target::Info { version, identifier } => {
            let id = recto_iiif::base_uri("http://localhost/iiif", version, &identifier);
            send(info(version, &id, &master, file, &config)?.into(), file, arguments)
        }
        Target::Base { .. } => bail!(REQUEST),
    }
}

/// What is asked for, as lines of text.
fn explain(master: &Master, derivation: &Derivation) {
    let (description, derivative) = (&master.description, &derivation.derivative);
    println!("image     {} {:?}", description.dimensions(), description.channels);
    println!("region    {}", derivative.region);
    println!("size      {}", derivative.size);
    println!("canvas    {}", derivative.canvas());
}

/// What it would take to read if it lay in an object store, as lines of text.
fn in_a_store(reads: &FarReads) {
    let part = |reads: Reads| {
        let Reads { round_trips, requests, bytes } = reads;
        let counted = |count: u32, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
        let (trips, requests) = (counted(round_trips, "round trip"), counted(requests, "request"));
        format!("{trips}, {requests} and {bytes} bytes")
    };
    println!("store     {} to find and open it there for the first time", part(reads.opening));
    println!("          {} for this if it is known", part(reads.known));
}

/// The text of an info.json.
fn info(
    version: Version,
    id: &str,
    master: &Master,
    file: &Path,
    config: &Config,
) -> anyhow::Result<Vec<u8>> {
    let extras = derive::extras(&config.rendering.info, Sidecar::beside(file).as_ref());
    let extras = extras.map_err(|error| anyhow!("its .json: {error}"))?;
    let info = InfoRequest { version, id, limits: &config.rendering.limits, extras: &extras };
    Ok(derive::describe(master, &info, &config.rendering)?)
}

/// Writes what was made of `file` to where it was asked for.
fn send(body: Body, file: &Path, arguments: &Arguments) -> anyhow::Result<()> {
    match &arguments.output {
        Some(path) if is_same_file(path, file) => {
            bail!("{} is the image itself, which would be lost", path.display())
        }
        Some(path) => {
            let mut out = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
            // What is not whole is not to be taken for a picture.
            write(body, &mut out).inspect_err(|_| drop(fs::remove_file(path)))
        }
        None if io::stdout().is_terminal() => {
            bail!("an image is nothing for a terminal: name a file with -o")
        }
        None => write(body, &mut io::stdout()),
    }
}

/// Whether two names lead to one file.
fn is_same_file(one: &Path, other: &Path) -> bool {
    let place = |path| fs::metadata(path).ok().map(|file| (file.dev(), file.ino()));
    place(one).is_some_and(|one| Some(one) == place(other))
}

fn write(body: Body, out: &mut impl Write) -> anyhow::Result<()> {
    for chunk in body.into_chunks() {
        out.write_all(&chunk?).context("cannot write")?;
    }
    Ok(())
}
