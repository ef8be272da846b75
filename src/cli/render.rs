//! `recto render`: the path of a request without a socket.

use std::fs::{self, File};
use std::io::{self, IsTerminal, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use anyhow::{Context, anyhow, bail};
use clap::Parser;
use recto_iiif::{Budget, Extras, ImageInfo, ImageService, Pages, Target, Version, base_uri};

use crate::body::Body;
use crate::config::Config;
use crate::derive::pipeline::Renderer;
use crate::derive::plan::Plan;
use crate::encode;
use crate::master::Master;
use crate::picture::Derivative;
use crate::source::Sidecar;
use crate::source::file_and_page;

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
            let description = &master.description;
            let has_colour = description.channels.has_colour();
            let tiling = description.tiling(&config.rendering.limits);
            let limits = encode::held(request.format, &config.rendering.limits, &config.rendering.encodings);
            let service =
                ImageService { version, tiling, has_colour, limits, offer: &config.rendering.offer };
            let derivative = service.resolve(&request)?;
            let plan =
                Plan::new(&derivative, description, config.rendering.encodings.deepest(derivative.format));
            if arguments.plan {
                explain(&master, &derivative, &plan);
                return Ok(());
            }
            let plan = plan.within(config.rendering.max_source_area)?;
            send(Renderer::default().render(&master, &plan, &config)?, file, arguments)
        }
        Target::Info { version, identifier } => {
            let id = base_uri("http://localhost/iiif", version, &identifier);
            send(info(version, &id, &master, file, &config)?.into(), file, arguments)
        }
        Target::Base { .. } => bail!(REQUEST),
    }
}

/// What would be done, as lines of text.
fn explain(master: &Master, derivative: &Derivative, plan: &Plan) {
    println!("image     {} {:?}", master.description.dimensions(), master.description.channels);
    println!("region    {}", derivative.region);
    println!("size      {}", derivative.size);
    println!("canvas    {}", derivative.canvas());
    if let Some(reader) = master.codestream_reader() {
        println!("reader    codestream read by {reader}");
    }
    println!("{plan}");
}

/// The text of an info.json.
fn info(
    version: Version,
    id: &str,
    master: &Master,
    file: &Path,
    config: &Config,
) -> anyhow::Result<Vec<u8>> {
    let extras = match Sidecar::beside(file) {
        Some(sidecar) => {
            let extras = sidecar.text().and_then(|text| Extras::parse(&text));
            config.rendering.info.overlaid(extras.map_err(|error| anyhow!("its .json: {error}"))?)
        }
        None => config.rendering.info.clone(),
    };
    let description = &master.description;
    let largest = config.rendering.limits.largest(description.dimensions());
    let info = ImageInfo {
        id,
        service: ImageService {
            version,
            tiling: description.tiling(&config.rendering.limits),
            has_colour: description.channels.has_colour(),
            limits: config.rendering.limits,
            offer: &encode::offered(&config.rendering.offer, largest, &config.rendering.encodings),
        },
        sizes: &description.sizes().collect::<Vec<_>>(),
        scale: master.scale(),
        pages: Pages { page: master.page, of: master.pages()? },
        extras: &extras,
        budget: Budget {
            piece: description.longest_piece(),
            most: config.rendering.max_source_area.get(),
            cost: &|region, size| Plan::cost(description, region, size),
        },
    };
    Ok(info.to_string().into_bytes())
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
    for piece in body.into_pieces() {
        out.write_all(&piece?).context("cannot write")?;
    }
    Ok(())
}
