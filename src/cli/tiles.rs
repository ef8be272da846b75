//! `recto tiles`: trees of files for any web server.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::ensure;
use clap::ValueEnum;
use recto_iiif::Version;

use super::stop;
use crate::config::Config;
use crate::picture::Format;
use crate::tiles::{Existing, Kind, Order, Report, make};

/// Where a tree is looked for if nobody says.
const LOCAL: &str = "http://localhost:8000";

/// Make trees of files that any web server shows to viewers, without Recto
///
/// For each master DIR gets a tree of level 0 of the IIIF Image API: info.json, all tiles, and
/// the whole image in small sizes, under the very names that OpenSeadragon, Mirador, Universal
/// Viewer, TIFY, OpenLayers and Leaflet-IIIF ask for. Copy it to a web server or an object store
/// that allows scripts of other sites (Access-Control-Allow-Origin: *). Or DeepZoom, with --dzi.
///
///   recto tiles map.tif -o public --id https://example.org/images
///   recto tiles /srv/masters -o public --id https://example.org/images --skip-existing
///   recto tiles map.tif -o public --dzi
///
/// The pictures are those that `recto serve` would send: tiles that are stored as JPEG are cut
/// out as they are, not encoded anew. Masters without tiles and levels take long; convert them first.
///
/// Of directories all files are taken that have the extension of an image. A tree is called as
/// its master, without the extension: box/leaf.tif becomes DIR/box/leaf/info.json, or
/// DIR/box/leaf.dzi and DIR/box/leaf_files. Of a file of several pages the first is taken, or
/// the one that is named, as in 'book.tif;3', which becomes DIR/book;3.
///
/// A tree has its name only when it is whole. What is broken off leaves none, and the same
/// command with --skip-existing goes on where it stood.
///
/// Exit status: 0 if all trees are there, 1 if some could not be made, 2 if the arguments are
/// wrong, 130 if a signal has ended it.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Arguments {
    /// Image files, and directories with all images in them
    #[arg(required = true, value_name = "MASTER")]
    masters: Vec<PathBuf>,

    /// The directory in which the trees are made
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,

    /// The URL at which DIR will be found: info.json has to say where it is [default: http://localhost:8000]
    #[arg(long, value_name = "URL", value_parser = url)]
    id: Option<String>,

    /// The version of the Image API: 2 or 3; 2 means 2.1
    #[arg(long, value_name = "VERSION", default_value = "3", value_parser = clap::value_parser!(u8).range(2..=3))]
    api: u8,

    /// Make DeepZoom trees: NAME.dzi and NAME_files
    #[arg(long, conflicts_with = "api")]
    dzi: bool,

    /// With --dzi: columns and rows that neighbouring tiles share; with 0 stored tiles can be cut out as they are
    #[arg(long, value_name = "PIXELS", default_value_t = 0, requires = "dzi", value_parser = clap::value_parser!(u32).range(0..=64))]
    overlap: u32,

    /// Sides of tiles [default: those of the stored tiles, or of several of them; otherwise 512]
    #[arg(long, value_name = "PIXELS", value_parser = clap::value_parser!(u32).range(64..=8192))]
    tile: Option<u32>,

    /// The format of tiles. Of webp and png only OpenSeadragon and what is made of it learn, from info.json of 3.0
    #[arg(long, value_enum, default_value = "jpg")]
    format: TileFormat,

    /// The quality of jpg or webp, 1 to 100, of what is not cut out [default: that of the configuration, 80]
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u8).range(1..=100))]
    quality: Option<u8>,

    /// Take `[jpeg]`, `[webp]`, `[png]`, `[colour]`, `[tiles]`, `[info]` and `[limits] memory` from this configuration, and
    /// names of trees from its `[masters]`; otherwise the defaults hold
    #[arg(long, short, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Names of trees keep the extension of the file: leaf.tif, not leaf
    #[arg(long)]
    keep_extension: bool,

    /// Leave trees that are there as they are, whatever they show
    #[arg(long, conflicts_with = "force")]
    skip_existing: bool,

    /// Replace trees that are there; without this or --skip-existing they are an error
    #[arg(long)]
    force: bool,

    /// So many threads at most [default: one for each processor]
    #[arg(long, short, value_name = "NUMBER")]
    jobs: Option<NonZeroUsize>,

    /// Print what was done as JSON: {"trees": [{"file": ..., "url": ..., "tiles": ...}], "failed": [...], ...}
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum TileFormat {
    Jpg,
    Webp,
    Png,
}

/// Makes the trees, says what was made, and gives the exit status.
pub(super) fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let (json, has_id) = (arguments.json, arguments.id.is_some());
    let order = arguments.order()?;
    if !has_id && matches!(order.kind, Kind::Image(_)) {
        eprintln!("recto: info.json will say that the images are at {LOCAL}; --id gives another place");
    }
    let report = make(&order, &stop::on_signals()?)?;
    for failed in &report.failed {
        eprintln!("recto: {}: {}", failed.file, failed.why);
    }
    match json {
        true => println!("{}", serde_json::to_string_pretty(&report)?),
        false => tell(&report, &order),
    }
    Ok(match report.stopped {
        true => stop::STOPPED.into(),
        false if report.is_whole() => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

impl Arguments {
    fn order(self) -> anyhow::Result<Order> {
        let format = self.format.checked(&self)?;
        let version = if self.api == 2 { Version::V2 } else { Version::V3 };
        let processors = || std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        Ok(Order {
            kind: if self.dzi { Kind::DeepZoom { overlap: self.overlap } } else { Kind::Image(version) },
            url: self.id.unwrap_or_else(|| LOCAL.to_owned()),
            existing: match (self.skip_existing, self.force) {
                (true, _) => Existing::Kept,
                (false, true) => Existing::Replaced,
                (false, false) => Existing::Refused,
            },
            hands: self.jobs.map_or_else(processors, NonZeroUsize::get),
            has_config: self.config.is_some(),
            config: match self.config {
                Some(path) => Config::load(&path)?,
                None => Config::parse("[masters]\nroot = \"/\"")?,
            },
            paths: self.masters,
            output: self.output,
            tile: self.tile,
            format,
            quality: self.quality,
            keep_extension: self.keep_extension,
        })
    }
}

impl TileFormat {
    /// The format, if the other arguments mean something for it.
    fn checked(self, arguments: &Arguments) -> anyhow::Result<Format> {
        let format = match self {
            Self::Jpg => Format::Jpg,
            Self::Webp => Format::Webp,
            Self::Png => Format::Png,
        };
        ensure!(
            self != Self::Png || arguments.quality.is_none(),
            "--quality means nothing for png, which loses nothing"
        );
        ensure!(
            self == Self::Jpg || arguments.dzi || arguments.api == 3,
            "--format {format} needs --api 3: no viewer would learn of it from info.json of 2.1"
        );
        Ok(format)
    }
}

/// Prints the summary, and how to look at what was made.
fn tell(report: &Report, order: &Order) {
    println!("{}", report.text());
    if let Some(tree) = report.trees.first() {
        let directory = order.output.display();
        match order.url == LOCAL {
            true => println!(
                "to look: npx http-server '{directory}' --cors -p 8000, and open {} in a viewer",
                tree.url
            ),
            false => {
                println!("to look: copy '{directory}' to {}, and open {} in a viewer", order.url, tree.url)
            }
        }
    }
}

/// A URL of a web server, without slashes at its end.
fn url(text: &str) -> Result<String, String> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    match rest {
        Some(rest) if !rest.trim_matches('/').is_empty() && !text.contains(['?', '#', ' ', '"']) => {
            Ok(text.trim_end_matches('/').to_owned())
        }
        _ => Err("it is no URL such as https://example.org/images".to_owned()),
    }
}
