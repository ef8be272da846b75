//! One file, looked at: from its name to what is found out about it. Runs in a process of its own ([`super::worker`]).

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use recto_iiif::{Identifier, Version};
use serde::{Deserialize, Serialize};

use super::deep::Pixels;
use super::outcome::{Cold, Details, Made, Outcome, Picture, Verdict};
use super::remedy::Layout;
use super::{deep, describe, estimate, verdict};
use crate::config::Config;
use crate::derive::pipeline::Pipeline;
use crate::derive::{self, InfoRequest};
use crate::error::{Error, MasterError};
use crate::master::{Decoder, Facts, Master};
use crate::picture::{Channels, Depth};
use crate::raster::Converter;
use crate::source::{Found, Masters, Sidecar, Sources};

/// Which file is to be looked at, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Job {
    /// Its path as it is told.
    pub(super) file: String,
    /// The directory below which identifiers name files.
    pub(super) root: PathBuf,
    /// What stands before their paths.
    pub(super) prefix: String,
    /// Whether links may lead out of it.
    pub(super) follow_symlinks: bool,
    /// Its path below the root.
    pub(super) path: String,
    /// The page of it.
    pub(super) page: u32,
    /// Whether all tiles are decoded, of all pages.
    pub(super) deep: bool,
    /// Whether [`Details`] are looked up.
    pub(super) details: bool,
}

impl Job {
    /// What its identifier is made of.
    pub(super) fn name(&self) -> String {
        format!("{}{}", self.prefix, self.path)
    }
}

/// Looks at files, one after the other.
pub(super) struct Examiner {
    config: Config,
    pipeline: Pipeline,
    converter: Converter,
    roots: HashMap<(PathBuf, bool), Sources>,
}

impl Examiner {
    /// For a server of this configuration.
    pub(super) fn new(config: Config) -> Self {
        let (pipeline, converter) = (Pipeline::default(), Converter::default());
        Self { config, pipeline, converter, roots: HashMap::new() }
    }

    /// What is found out about a file.
    pub(super) fn examine(&mut self, job: &Job) -> Outcome {
        let identifier = match Identifier::new(job.name()) {
            Ok(identifier) => identifier,
            Err(error) => {
                return Outcome::failed(
                    &job.file,
                    Verdict::Refused,
                    0,
                    format!("no URL can name it: {error}"),
                );
            }
        };
        let found = match self.find(job) {
            Ok(found) => found,
            Err(why) => return Outcome::failed(&job.file, Verdict::Refused, 0, why),
        };
        let bytes = found.identity.size;
        let outcome = match bytes {
            0 => Err(MasterError::NoImage.into()),
            _ => self.look(job, found),
        };
        let outcome = outcome
            .unwrap_or_else(|error| Outcome::failed(&job.file, verdict_of(&error), bytes, error.to_string()));
        Outcome { identifier: Some(identifier.encoded()), bytes, ..outcome }
    }

    /// The file, opened as the server opens it.
    fn find(&mut self, job: &Job) -> Result<Found, String> {
        let key = (job.root.clone(), job.follow_symlinks);
        if !self.roots.contains_key(&key) {
            let masters = Masters { follow_symlinks: job.follow_symlinks, ..Masters::below(&job.root) };
            let root = Sources::open(&masters).map_err(|error| error.to_string())?;
            self.roots.insert(key.clone(), root);
        }
        let found = self.roots[&key].find(&job.path);
        let found = found.ok().filter(|found| found.path == job.path);
        let found = found.ok_or_else(|| unreachable(job))?;
        Ok(Found { page: job.page, ..found })
    }

    fn look(&mut self, job: &Job, found: Found) -> Result<Outcome, Error> {
        let object = found.object()?;
        let again = |page| found.again(page);
        let master = Rc::new(Master::of(Rc::clone(&object), again(job.page)?, None)?);
        let facts = master.facts()?;
        let cold = describe::cold(&object, &again(job.page)?, &facts, &self.config.rendering)?;
        let mut outcome = self.judged(job, &master, &facts, cold)?;
        if job.deep {
            let open = |page| Ok(Rc::new(Master::of(Rc::clone(&object), again(page)?, None)?));
            read_all(job, &mut outcome, open)?;
        }
        Ok(outcome)
    }

    /// What is found out by headers and a few tiles.
    fn judged(
        &mut self,
        job: &Job,
        master: &Rc<Master>,
        facts: &Facts,
        cold: Cold,
    ) -> Result<Outcome, Error> {
        let estimate = estimate::Estimate::of(master, &self.config.rendering, &mut self.pipeline)?;
        let mut picture = describe::picture(master, facts, &estimate, cold, &mut self.converter)?;
        let layout = layout(master, &picture, facts.levels.first().is_some_and(|level| level.is_lossy));
        picture.best_tile_ms =
            describe::rounded(estimate::of_layout(&master.description, layout, &self.config.rendering));
        if job.details {
            for (index, level) in picture.levels.iter_mut().enumerate() {
                level.bytes = master.stored_bytes(index);
            }
            picture.details = Some(self.details(job, master)?);
        }
        let judgement = verdict::judge(&picture, &estimate, layout);
        Ok(Outcome {
            file: job.file.clone(),
            verdict: judgement.verdict,
            identifier: None,
            bytes: 0,
            why: judgement.why,
            command: judgement.remedy.map(|remedy| remedy.command(&job.file)),
            notes: Vec::new(),
            picture: Some(picture),
        })
    }

    fn details(&self, job: &Job, master: &Master) -> Result<Details, Error> {
        let rendering = &self.config.rendering;
        let sidecar = Sidecar::beside(Path::new(&job.file));
        let extras = derive::extras(&rendering.info, sidecar.as_ref());
        // The server ignores it as well.
        let extras = extras
            .inspect_err(|error| log::warn!("its .json is ignored: {error}"))
            .unwrap_or(std::borrow::Cow::Borrowed(&rendering.info));
        let name = job.name();
        let identifier = Identifier::new(name.clone())?;
        let identifier = identifier.with_page(&name, job.page).unwrap_or(identifier);
        let base = self.config.serving.http.public_url.as_deref().unwrap_or("http://localhost/iiif");
        let id = recto_iiif::base_uri(base, Version::V3, &identifier);
        let asked = InfoRequest { version: Version::V3, id: &id, limits: &rendering.limits, extras: &extras };
        let info = derive::describe(master, &asked, rendering)?;
        let info = serde_json::from_slice(&info).map_err(|error| Error::Internal(error.to_string()))?;
        let metadata = master.metadata()?.under(rendering.metadata);
        Ok(Details {
            carried: describe::fields(&metadata),
            xmp_bytes: metadata.xmp.map_or(0, |xmp| xmp.text().len()),
            made: master.seal()?.map(|seal| Made { pixels: seal.pixels, source: seal.source }),
            info,
        })
    }
}

/// Decodes all pixels of the page that is looked at, or of all pages if that is the first: tells the first place that is
/// broken, or whether the pixels are those that the file was made with.
fn read_all(
    job: &Job,
    outcome: &mut Outcome,
    open: impl Fn(u32) -> Result<Rc<Master>, Error>,
) -> Result<(), Error> {
    let mut decoder = Decoder::default();
    let pages = outcome.picture.as_ref().map_or(1, |picture| picture.pages);
    for page in if job.page == 1 { 1..=pages } else { job.page..=job.page } {
        let master = open(page)?;
        let wrong = match deep::first_broken(&master, &mut decoder) {
            Some(place) => place,
            None => match deep::pixels(&master, &mut decoder)? {
                Pixels::Unknown => continue,
                Pixels::Same(sum) => {
                    let note = format!("its pixels are those that it was made with: SHA-256 {sum}");
                    outcome.notes.push(note);
                    continue;
                }
                Pixels::Changed(what) => what,
            },
        };
        let of_page = if pages > 1 { format!("page {page}, ") } else { String::new() };
        outcome.verdict = Verdict::Broken;
        outcome.command = None;
        outcome.why = vec![format!("{of_page}{wrong}")];
        break;
    }
    Ok(())
}

/// Why the server would not find a file that is there.
fn unreachable(job: &Job) -> String {
    let path = job.root.join(&job.path);
    let is_link = path.is_symlink();
    let hidden = job.path.split('/').any(|name| name.starts_with('.'));
    match std::fs::File::open(&path) {
        _ if hidden => "a name in its path begins with a dot: the server hides it".to_owned(),
        Err(error) if is_link => format!("it is a link that leads nowhere: {error}"),
        Err(error) => format!("it cannot be opened: {error}"),
        Ok(_) => "a link leads out of the root, and [masters] follow_symlinks is false: the server does not find it"
            .to_owned(),
    }
}

/// Whose fault an error is, as a verdict.
fn verdict_of(error: &Error) -> Verdict {
    match error {
        Error::Master(MasterError::NoImage) => Verdict::NoPicture,
        Error::Master(MasterError::Unsupported(_) | MasterError::TooLarge(_))
        | Error::NotFound(_)
        | Error::Request(_) => Verdict::Refused,
        _ => Verdict::Broken,
    }
}

/// The best layout for a picture: nothing is lost that has not been lost already.
fn layout(master: &Master, picture: &Picture, is_lossy: bool) -> Layout {
    let of_jpeg = matches!(master.description.channels, Channels::Gray | Channels::Rgb)
        && master.description.depth == Depth::Eight
        && picture.srgb;
    if is_lossy && of_jpeg { Layout::Jpeg } else { Layout::Deflate }
}
