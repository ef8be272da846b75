//! `recto render`: the path of a request without a socket.

use std::fs::{self, File};
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::rc::Rc;

use anyhow::{Context, anyhow, bail};
use clap::Parser;

use crate::body::Body;
use crate::config::Config;
use crate::encode;
use crate::iiif::{self, About, Budget, Extras, Pages, Target, Tiling};
use crate::master::{Master, Sidecar};
use crate::plan::Plan;
use crate::render::Renderer;

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
    /// The image file
    master: PathBuf,

    /// REGION/SIZE/ROTATION/QUALITY.FORMAT, or info.json
    request: String,

    /// Write to FILE instead of the standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Print what would be done (level, window, scaling) instead of doing it
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
    let uri = format!("/iiif/{}/master/{}", arguments.api, arguments.request);
    let target = iiif::parse(uri.as_bytes())?;
    let master = Rc::new(Master::open(&arguments.master)?);
    let description = &master.description;
    let mut renderer = Renderer::default();
    let body = match target {
        Target::Image { version, request, .. } => {
            let has_colour = description.channels.has_colour();
            let tiling = Tiling::of(description, &config.limits);
            let limits = encode::held(request.format, &config.limits, &config.encodings);
            let resolved = iiif::resolve(&request, version, tiling, &limits, &config.offer, has_colour)?;
            let plan = Plan::new(&resolved, description, config.encodings.deepest(resolved.format));
            if arguments.plan {
                println!("image     {} {:?}", description.dimensions(), description.channels);
                println!("region    {}", resolved.region);
                println!("size      {}", resolved.size);
                println!("canvas    {}", resolved.canvas());
                if let Some(reader) = master.codestream_reader() {
                    println!("reader    codestream read by {reader}");
                }
                println!("{plan}");
                return Ok(());
            }
            let plan = plan.within(config.max_source_area)?;
            renderer.render(&master, &plan, &config)?
        }
        Target::Info { version, identifier } => {
            let extras = match Sidecar::beside(&arguments.master) {
                Some(sidecar) => {
                    let extras = sidecar.text().and_then(|text| Extras::parse(&text));
                    config.info.overlaid(extras.map_err(|error| anyhow!("its .json: {error}"))?)
                }
                None => config.info.clone(),
            };
            let id = iiif::base_uri("http://localhost/iiif", version, &identifier);
            let largest = iiif::largest(description.dimensions(), &config.limits);
            let about = About {
                id: &id,
                description,
                limits: &config.limits,
                offer: &encode::offered(&config.offer, largest, &config.encodings),
                scale: master.scale(),
                pages: Pages { page: 1, of: master.pages()? },
                extras: &extras,
                budget: Budget {
                    levels: &description.levels,
                    most: config.max_source_area.get(),
                    cost: &|region, size| Plan::cost(description, region, size),
                },
            };
            iiif::info(version, &about).to_string().into_bytes().into()
        }
        Target::Base { .. } => bail!("REQUEST is empty: it is REGION/SIZE/ROTATION/QUALITY.FORMAT"),
    };
    match &arguments.output {
        Some(path) => {
            let mut file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
            // What is not whole is not to be taken for a picture.
            write(body, &mut file).inspect_err(|_| drop(fs::remove_file(path)))
        }
        None if io::stdout().is_terminal() => {
            bail!("an image is nothing for a terminal: name a file with -o")
        }
        None => write(body, &mut io::stdout()),
    }
}

fn write(body: Body, out: &mut impl Write) -> anyhow::Result<()> {
    for piece in body.into_pieces() {
        out.write_all(&piece?).context("cannot write")?;
    }
    Ok(())
}
