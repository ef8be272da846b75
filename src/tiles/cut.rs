//! The files of a tree, made by several threads: each asks the same pipeline for them that answers requests.

use std::fs::{self, File};
use std::io::{self, Write};
use std::num::{NonZeroU32, NonZeroU64};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context, anyhow, ensure};
use recto_iiif::{ImageRequest, Region, Rotation, Size, SizeForm, Version};

use super::layout::{Layout, Piece};
use crate::account::{Account, Way};
use crate::body::Body;
use crate::derive::pipeline::Pipeline;
use crate::derive::plan::Plan;
use crate::derive::{Derivation, Rendering};
use crate::error::Error;
use crate::master::Master;
use crate::picture::{Decimal, Limits, Quality, Rect};
use crate::source::Identity;
use crate::watch::Watch;

/// Longer than any tree takes: a hundred years.
const FOR_EVER: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// What is cut, and into which directory.
pub(super) struct Job<'j> {
    pub(super) file: &'j Path,
    pub(super) page: u32,
    /// Its file as it was when the layout was made.
    pub(super) identity: Identity,
    pub(super) layout: &'j Layout,
    pub(super) rendering: &'j Rendering,
    pub(super) into: PathBuf,
}

/// What came of it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Cut {
    /// Files, each counted once, however many names it has.
    pub(super) files: u64,
    /// How many of these show a tile that was not decoded: as it is stored, or a part of it.
    pub(super) stored: u64,
    pub(super) bytes: u64,
}

/// What the threads of a job share.
struct Shared<'s> {
    job: &'s Job<'s>,
    /// The number of the next piece.
    next: AtomicU64,
    /// Whether all are to end: somebody wants it, or one has failed.
    ended: Arc<AtomicBool>,
    told: &'s (dyn Fn(u64) + Sync),
}

/// Makes all files of a tree, in so many threads, or fewer if they would take more memory than one request may.
///
/// # Errors
/// With the first piece that cannot be made. If it was stopped, with [`Error::Stopped`].
pub(super) fn cut(
    job: &Job,
    hands: usize,
    told: &(dyn Fn(u64) + Sync),
    stop: &Arc<AtomicBool>,
) -> anyhow::Result<Cut> {
    let pieces = usize::try_from(job.layout.count()).unwrap_or(usize::MAX);
    let hands = hands.min(affordable(job)?).min(pieces).max(1);
    let ended = Arc::new(AtomicBool::new(false));
    let shared = Shared { job, next: AtomicU64::new(0), ended, told };
    let outcomes: Vec<anyhow::Result<Cut>> = thread::scope(|scope| {
        let work = || {
            let done = Hand::open(&shared, stop).and_then(|mut hand| hand.work(&shared));
            if done.is_err() {
                shared.ended.store(true, Ordering::Relaxed);
            }
            done
        };
        let threads: Vec<_> = (0..hands).map(|_| scope.spawn(work)).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|_| Err(anyhow!("a thread has panicked"))))
            .collect()
    });
    sum(outcomes)
}

/// What all have done together, or what went wrong.
fn sum(outcomes: Vec<anyhow::Result<Cut>>) -> anyhow::Result<Cut> {
    let (mut sum, mut fault) = (Cut::default(), None);
    for outcome in outcomes {
        match outcome {
            Ok(cut) => {
                sum.files += cut.files;
                sum.stored += cut.stored;
                sum.bytes += cut.bytes;
            }
            // The others were stopped because of it.
            Err(error) if fault.is_none() || !is_stop(&error) => fault = Some(error),
            Err(_) => {}
        }
    }
    fault.map_or(Ok(sum), Err)
}

/// Whether nothing went wrong but that somebody wanted it to end.
pub(super) fn is_stop(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(Error::Stopped(_)))
}

/// How many pieces may be made at a time, by the memory that the dearest takes.
fn affordable(job: &Job) -> anyhow::Result<usize> {
    let master = job.open()?;
    let mut dearest = 1;
    for piece in job.layout.samples() {
        dearest = dearest.max(plan(&master, &piece, job.rendering)?.cost().bytes);
    }
    Ok(usize::try_from(job.rendering.memory / dearest).unwrap_or(usize::MAX))
}

impl Job<'_> {
    fn open(&self) -> anyhow::Result<Master> {
        let master = Master::open_page(self.file, self.page)?;
        ensure!(master.identity == self.identity, "the file was replaced meanwhile");
        Ok(master)
    }
}

/// The plan for a piece.
fn plan(master: &Master, piece: &Piece, rendering: &Rendering) -> Result<Plan, Error> {
    let Rect { x, y, width, height } = piece.region;
    let region = match piece.region == Rect::whole(master.description.dimensions()) {
        true => Region::Full,
        false => Region::Pixels { x: x.into(), y: y.into(), width: width.into(), height: height.into() },
    };
    let (width, height) = (piece.size.width.into(), piece.size.height.into());
    let request = ImageRequest {
        region,
        size: Size { upscaling: false, form: SizeForm::Exact(width, height) },
        rotation: Rotation { mirrored: false, degrees: Decimal::default() },
        quality: Quality::Default,
        format: piece.format,
    };
    // Those of requests; the layout has its own.
    let limits =
        Limits { max_width: NonZeroU32::MAX, max_height: NonZeroU32::MAX, max_area: NonZeroU64::MAX };
    // Both versions mean the same by two numbers.
    Derivation::new(master, (Version::V3, &request), &limits, rendering)?.plan().within(rendering)
}

/// One of the threads, with a master and tools of its own.
struct Hand {
    master: Rc<Master>,
    pipeline: Pipeline,
    account: Account,
    watch: Watch,
    cut: Cut,
}

impl Hand {
    fn open(shared: &Shared, stop: &Arc<AtomicBool>) -> anyhow::Result<Self> {
        let (account, stop, ended) = (Account::default(), Arc::clone(stop), Arc::clone(&shared.ended));
        let is_left = move || stop.load(Ordering::Relaxed) || ended.load(Ordering::Relaxed);
        Ok(Self {
            master: Rc::new(shared.job.open()?),
            pipeline: Pipeline::telling(account.clone()),
            account,
            watch: Watch::asking_every(Duration::ZERO, FOR_EVER, is_left),
            cut: Cut::default(),
        })
    }

    /// Takes one piece after the other, until none is left.
    fn work(&mut self, shared: &Shared) -> anyhow::Result<Cut> {
        while let Some(piece) = shared.job.layout.piece(shared.next.fetch_add(1, Ordering::Relaxed)) {
            self.watch.check().map_err(Error::from)?;
            self.make(shared.job, &piece).map_err(|error| match is_stop(&error) {
                true => error,
                false => error.context(piece.paths.first().cloned().unwrap_or_default()),
            })?;
            (shared.told)(1);
        }
        Ok(self.cut)
    }

    fn make(&mut self, job: &Job, piece: &Piece) -> anyhow::Result<()> {
        if piece.paths.is_empty() {
            return Ok(());
        }
        let plan = plan(&self.master, piece, job.rendering)?;
        self.account.begin();
        let body = self.pipeline.derive(&self.master, &plan, &self.watch)?;
        self.cut.bytes += write(&job.into, piece, body)?;
        self.cut.files += 1;
        self.cut.stored += u64::from(matches!(self.account.way(), Way::Stored | Way::Cut | Way::Turned));
        Ok(())
    }
}

/// Writes a piece under all its names; how many bytes it has.
fn write(into: &Path, piece: &Piece, body: Body) -> anyhow::Result<u64> {
    let mut bytes = 0;
    let mut first = None;
    let mut body = Some(body);
    for path in &piece.paths {
        let path = into.join(path);
        let cannot = || format!("cannot write {}", path.display());
        path.parent().map_or(Ok(()), fs::create_dir_all).with_context(cannot)?;
        match (&first, body.take()) {
            (None, Some(body)) => {
                let mut file = File::create_new(&path).with_context(cannot)?;
                for chunk in body.into_chunks() {
                    let chunk = chunk?;
                    bytes += chunk.len() as u64;
                    file.write_all(&chunk).with_context(cannot)?;
                }
                first = Some(path);
            }
            (Some(first), _) => linked(first, &path).with_context(cannot)?,
            (None, None) => {}
        }
    }
    Ok(bytes)
}

/// Another name for a file; where file systems have no such thing, a copy.
fn linked(file: &Path, name: &Path) -> io::Result<()> {
    fs::hard_link(file, name).or_else(|_| fs::copy(file, name).map(drop))
}
