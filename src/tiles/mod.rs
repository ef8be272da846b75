//! `recto tiles`: trees of files that any web server can show to viewers, made by what answers requests.
//!
//! | module | what lives there |
//! |---|---|
//! | [`cut`] | the files of a tree, made by several threads |
//! | [`tree`] | a tree has its name only when it is whole |
//! | [`describe`] | info.json, or the `.dzi` of DeepZoom; pure |
//! | [`layout`] | which files there are, and what each shows; pure |
//! | [`spelling`] | the names under which viewers ask for them; pure |
//! | [`names`] | what trees are called; pure |
//! | [`report`] | what came of it: as text and as JSON |

mod cut;
mod describe;
mod layout;
mod names;
mod report;
mod spelling;
mod tree;

use std::fs;
use std::io::{self, ErrorKind};
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, ensure};
use recto_iiif::{Identifier, Offer, Tiling, Version};

use crate::check::masters::{Found, Named, named};
use crate::config::Config;
use crate::derive::{self, InfoRequest, Rendering};
use crate::master::Master;
use crate::picture::{Dimensions, Format};
use crate::progress::Progress;
use crate::source::{Identity, Sidecar};
use cut::Cut;
pub use layout::Kind;
use layout::Layout;
pub use report::{Failed, Made, Report};
pub use tree::Existing;
use tree::Place;

/// The tiles of DeepZoom where stored ones are not square: as those of masters that are stored without any.
const SIDE: u32 = 512;

/// What is to be made.
#[derive(Clone, Debug)]
pub struct Order {
    /// Files, and directories with all that is in them.
    pub paths: Vec<PathBuf>,
    /// Where trees are put.
    pub output: PathBuf,
    /// The URL of that directory, without a slash at its end.
    pub url: String,
    /// What kind of trees.
    pub kind: Kind,
    /// The side of a tile; by default as the server would offer it.
    pub tile: Option<u32>,
    /// The format of tiles.
    pub format: Format,
    /// The quality of JPEG or WebP, if it differs from the configuration's.
    pub quality: Option<u8>,
    /// How pictures are made, and where masters are.
    pub config: Config,
    /// Whether masters are only those of the configuration's root: where identifiers begin.
    pub has_config: bool,
    /// Whether names keep the extension of the file.
    pub keep_extension: bool,
    /// What is done where a tree is already.
    pub existing: Existing,
    /// How many threads work.
    pub hands: usize,
}

/// A tree that is to be made.
struct Job {
    master: Named,
    name: String,
    /// Its file as it is while the layout is made.
    identity: Identity,
    layout: Layout,
    place: Place,
    /// The text of info.json, or of the `.dzi`.
    info: Vec<u8>,
    /// The URL of that.
    url: String,
}

/// Makes all trees; what cannot be made is in the report, and the others are made nonetheless.
///
/// # Errors
/// If a path is not there, or trees would stand where their masters are.
pub fn make(order: &Order, stop: &Arc<AtomicBool>) -> anyhow::Result<Report> {
    let begun = Instant::now();
    let rendering = rendering(order);
    let (jobs, mut report) = jobs(order, &rendering, stop)?;
    let tiles: u64 = jobs.iter().map(|job| job.layout.count()).sum();
    let progress = Mutex::new(Progress::start(usize::try_from(tiles).unwrap_or(usize::MAX), "tiles"));
    let told = |count| progress.lock().unwrap_or_else(PoisonError::into_inner).more(count);
    for job in &jobs {
        match job.make(order, &rendering, &told, stop) {
            Ok(made) => report.trees.push(made),
            Err(_) if stop.load(Ordering::Relaxed) => break,
            Err(error) => {
                report.failed.push(failed(&job.master, &error));
                if is_of_machine(&error) {
                    report.given_up = true;
                    break;
                }
            }
        }
    }
    progress.into_inner().unwrap_or_else(PoisonError::into_inner).end();
    report.stopped = stop.load(Ordering::Relaxed);
    Ok(report.took(begun.elapsed()))
}

/// What is found at the paths of an order, without the trees that an earlier run has made there.
fn found(order: &Order) -> anyhow::Result<Found> {
    let roots = order.has_config.then_some(&order.config.serving.masters);
    let mut found = named(&order.paths, roots)?;
    // Not there yet: then nothing is in it.
    let Ok(output) = order.output.canonicalize() else { return Ok(found) };
    let real = |path: &Path| path.canonicalize().ok();
    for path in &order.paths {
        ensure!(
            real(path).is_none_or(|real| real != output),
            "{} has the masters: tiles would be taken for some the next time; give -o another directory",
            order.output.display()
        );
    }
    let is_tile = |master: &Named| {
        let is_named = order.paths.contains(&master.file);
        !is_named && real(&master.file).is_some_and(|real| real.starts_with(&output))
    };
    if order.paths.iter().filter_map(|path| real(path)).any(|path| output.starts_with(path)) {
        found.masters.retain(|master| !is_tile(master));
    }
    Ok(found)
}

/// Whether no other tree can be made either.
fn is_of_machine(error: &anyhow::Error) -> bool {
    let kind = error.chain().find_map(|cause| cause.downcast_ref::<io::Error>()).map(io::Error::kind);
    use ErrorKind::{QuotaExceeded, ReadOnlyFilesystem, StorageFull};
    matches!(kind, Some(StorageFull | QuotaExceeded | ReadOnlyFilesystem))
}

/// How pictures are made: as by the server, but nobody waits for them.
fn rendering(order: &Order) -> Rendering {
    let mut rendering = order.config.rendering.clone();
    rendering.max_source_area = NonZeroU64::MAX;
    rendering.offer.formats = Offer::default().formats;
    if let Some(quality) = order.quality {
        rendering.encodings.jpeg.quality = quality;
        rendering.encodings.webp.quality = quality;
    }
    rendering
}

/// All trees that are to be made, and a report of those that are not.
fn jobs(order: &Order, rendering: &Rendering, stop: &AtomicBool) -> anyhow::Result<(Vec<Job>, Report)> {
    let found = found(order)?;
    let mut report = Report::default();
    report.failed.extend(found.others.into_iter().map(|(file, why)| Failed { file, why }));
    let mut listing = Progress::listing("masters looked at");
    let mut jobs = Vec::new();
    for (master, name) in names::of_trees(found.masters, order.keep_extension) {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let job = name.map_err(|why| anyhow!(why)).and_then(|name| {
            let place = Place::new(&order.output, &name, order.kind);
            if order.existing == Existing::Kept && place.is_taken() {
                report.skipped.push(name);
                return Ok(None);
            }
            place.check(order.existing)?;
            Job::new(order, rendering, &master, (name, place)).map(Some)
        });
        match job {
            Ok(job) => jobs.extend(job),
            Err(error) => report.failed.push(failed(&master, &error)),
        }
        listing.more(1);
    }
    listing.end();
    Ok((jobs, report))
}

fn failed(master: &Named, error: &anyhow::Error) -> Failed {
    let (file, why) = (master.file.display().to_string(), format!("{error:#}"));
    // An error of the file system names the file itself.
    let why = why.strip_prefix(&format!("{file}: ")).unwrap_or(&why).to_owned();
    Failed { file, why }
}

impl Job {
    fn new(
        order: &Order,
        rendering: &Rendering,
        named: &Named,
        (name, place): (String, Place),
    ) -> anyhow::Result<Self> {
        let master = Master::open_page(&named.file, named.page)?;
        let layout = Layout::new(order.kind, tiling(order, &master), order.format);
        let id = format!("{}/{}", order.url, in_url(&name)?);
        let (info, url) = match order.kind {
            Kind::DeepZoom { overlap } => (describe::dzi(&layout, overlap), format!("{id}.dzi")),
            Kind::Image(version) => {
                let info = info(&master, named, (version, &id), rendering)?;
                (describe::info(&info, version, &layout)?, format!("{id}/info.json"))
            }
        };
        Ok(Self { identity: master.identity, master: named.clone(), name, layout, place, info, url })
    }

    fn make(
        &self,
        order: &Order,
        rendering: &Rendering,
        told: &(dyn Fn(u64) + Sync),
        stop: &Arc<AtomicBool>,
    ) -> anyhow::Result<Made> {
        let begun = Instant::now();
        let tree = self.place.begin()?;
        let job = cut::Job {
            file: &self.master.file,
            page: self.master.page,
            identity: self.identity,
            layout: &self.layout,
            rendering,
            into: self.place.pieces(),
        };
        let cut = cut::cut(&job, order.hands, told, stop)?;
        let description = self.place.description();
        fs::write(&description, &self.info)
            .with_context(|| format!("cannot write {}", description.display()))?;
        tree.finish()?;
        Ok(self.made(cut, begun.elapsed()))
    }

    fn made(&self, cut: Cut, time: Duration) -> Made {
        let Dimensions { width, height } = self.layout.tiling.image;
        Made {
            file: self.master.file.display().to_string(),
            name: self.name.clone(),
            url: self.url.clone(),
            width,
            height,
            tiles: cut.files,
            stored: cut.stored,
            bytes: cut.bytes,
            seconds: time.as_secs_f64(),
        }
    }
}

/// The tiles: as the server offers them, or squares of a size that is given. DeepZoom has squares only.
fn tiling(order: &Order, master: &Master) -> Tiling {
    let offered = master.description.tiling(&order.config.rendering.limits);
    let square = |side| Tiling { tile: Dimensions::new(side, side), ..offered };
    let is_square = offered.tile.width == offered.tile.height;
    match (order.tile, order.kind) {
        (Some(side), _) => square(side),
        (None, Kind::DeepZoom { .. }) if !is_square => square(SIDE),
        (None, _) => offered,
    }
}

/// The info.json that the server would send.
fn info(
    master: &Master,
    named: &Named,
    (version, id): (Version, &str),
    rendering: &Rendering,
) -> anyhow::Result<Vec<u8>> {
    let sidecar = Sidecar::beside(&named.file);
    let extras = derive::extras(&rendering.info, sidecar.as_ref());
    let extras = extras.map_err(|error| anyhow!("its .json: {error}"))?;
    let info = InfoRequest { version, id, limits: &rendering.limits, extras: &extras };
    Ok(derive::describe(master, &info, rendering)?)
}

/// The name of a tree in a URL: its slashes are those of directories.
///
/// # Errors
/// If it cannot stand in one.
fn in_url(name: &str) -> anyhow::Result<String> {
    let segments = name.split('/').map(|segment| Ok(Identifier::new(segment)?.encoded()));
    Ok(segments.collect::<anyhow::Result<Vec<_>>>()?.join("/"))
}
