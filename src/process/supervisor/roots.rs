//! The directories of masters, open: workers inherit them, so that no worker has to ask a file system that may not answer
//! before it can start. Each has a thread that looks whether it is still the one at its path; when a mount covers it, or
//! it was replaced, workers have to be started anew: they hold the one before, and are locked in to it.
//! Must not wait in the supervisor's own thread for longer than [`PATIENCE`].

use std::cell::RefCell;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded, unbounded};

use super::Refused;
use crate::source::{Directory, Masters, OutOfReach, SourceSettings};

/// How long file systems may take to answer before the server starts without them.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often a directory is looked at.
const PAUSE: Duration = Duration::from_secs(1);

/// The directories of all sources, as the workers of one generation have them.
#[derive(Debug)]
pub(super) struct Roots {
    /// None of those whose file system has not answered yet, and of stores.
    directories: Vec<Option<Rc<Directory>>>,
    /// The devices of those that workers were started without.
    withheld: RefCell<Vec<u64>>,
    watch: Rc<Watch>,
}

/// The threads, and what they report.
#[derive(Debug)]
struct Watch {
    /// None for a store.
    paths: Vec<Option<PathBuf>>,
    news: Receiver<(usize, io::Result<Directory>)>,
    /// When this is dropped, they end.
    _end: Sender<()>,
}

impl Roots {
    /// Opens the directories, and has them watched.
    ///
    /// # Errors
    /// [`Refused`] if one is no directory, or cannot be read. One whose file system does not answer is left out, and the log says so.
    pub(super) fn open(masters: &Masters) -> anyhow::Result<Self> {
        let (tell, news) = unbounded();
        let (end, ended) = bounded(0);
        let path = |source: &SourceSettings| source.directory().map(Path::to_owned);
        let paths: Vec<_> = masters.sources.iter().map(path).collect();
        for (at, path) in watched(&paths) {
            let path = path.to_owned();
            let lookout = Lookout { at, path, tell: tell.clone(), ended: ended.clone() };
            let thread = thread::Builder::new().name("directory".into());
            thread.spawn(move || lookout.look()).context("cannot start a thread")?;
        }
        let directories = paths.iter().map(|_| None).collect();
        let mut roots = Self::of(directories, Rc::new(Watch { paths, news, _end: end }));
        roots.wait(Instant::now() + PATIENCE)?;
        Ok(roots)
    }

    fn of(directories: Vec<Option<Rc<Directory>>>, watch: Rc<Watch>) -> Self {
        Self { directories, withheld: RefCell::default(), watch }
    }

    /// Waits for what each thread has to say first.
    fn wait(&mut self, limit: Instant) -> anyhow::Result<()> {
        let watch = Rc::clone(&self.watch);
        for _ in watched(&watch.paths) {
            match watch.news.recv_deadline(limit) {
                Ok((at, Ok(directory))) => self.directories[at] = Some(Rc::new(directory)),
                Ok((at, Err(error))) => {
                    return Err(Refused(OutOfReach::new(watch.path(at), &error).into()).into());
                }
                Err(_) => break,
            }
        }
        for (_, path) in watched(&watch.paths).filter(|(at, _)| self.directories[*at].is_none()) {
            log::error!(
                "the directory of masters {} does not answer: its masters are refused with 503 until it does",
                path.display()
            );
        }
        Ok(())
    }

    /// The directories as they are now, if any of them is another one than before, or all devices that workers were
    /// started without answer again; that is told once.
    pub(super) fn renewed(&self, answers: &dyn Fn(u64) -> bool) -> Option<Self> {
        let mut directories = None;
        let mut withheld = self.withheld.borrow_mut();
        if !withheld.is_empty() && withheld.iter().all(|device| answers(*device)) {
            withheld.clear();
            directories = Some(self.directories.clone());
        }
        for (at, opened) in self.watch.news.try_iter() {
            let Ok(directory) = opened else { continue };
            let all = directories.get_or_insert_with(|| self.directories.clone());
            let path = self.watch.path(at).display();
            match &all[at] {
                None => log::info!("the directory of masters {path} answers: new workers take it up"),
                Some(_) => log::info!(
                    "at {path} is another directory of masters now, as after a mount: new workers take it up"
                ),
            }
            all[at] = Some(Rc::new(directory));
        }
        directories.map(|directories| Self::of(directories, Rc::clone(&self.watch)))
    }

    /// The descriptors for a worker to inherit; None of those whose device does not answer, for it would wait for that
    /// before it had heard of any request.
    pub(super) fn descriptors(&self, answers: &dyn Fn(u64) -> bool) -> Vec<Option<BorrowedFd<'_>>> {
        let mut descriptors = Vec::new();
        for directory in &self.directories {
            let silent = directory.as_ref().map(|it| it.device()).filter(|device| !answers(*device));
            self.withheld.borrow_mut().extend(silent);
            descriptors.push(directory.as_deref().filter(|_| silent.is_none()).map(AsFd::as_fd));
        }
        descriptors
    }
}

impl Watch {
    fn path(&self, at: usize) -> &Path {
        self.paths[at].as_deref().unwrap_or(Path::new(""))
    }
}

/// The directories among the sources, with their places in the list.
fn watched(paths: &[Option<PathBuf>]) -> impl Iterator<Item = (usize, &Path)> {
    paths.iter().enumerate().filter_map(|(at, path)| Some((at, path.as_deref()?)))
}

/// The thread of one directory.
struct Lookout {
    at: usize,
    path: PathBuf,
    tell: Sender<(usize, io::Result<Directory>)>,
    ended: Receiver<()>,
}

impl Lookout {
    /// Reports the directory, or why it cannot be opened; then each other one that takes its place.
    fn look(&self) {
        let (mut known, mut is_gone) = (None, false);
        loop {
            match Directory::other_than(known, &self.path) {
                Ok(other) => {
                    is_gone = false;
                    if let Some(directory) = other {
                        known = Some(directory.identity());
                        // Nobody may hear it any more.
                        let _ = self.tell.send((self.at, Ok(directory)));
                    }
                }
                Err(error) if known.is_none() => {
                    let _ = self.tell.send((self.at, Err(error)));
                    return;
                }
                Err(error) if !is_gone => {
                    is_gone = true;
                    log::warn!(
                        "the directory of masters {} cannot be opened any more: {error}. Workers go on with the one that \
                         they have",
                        self.path.display()
                    );
                }
                Err(_) => {}
            }
            if self.ended.recv_timeout(PAUSE) != Err(RecvTimeoutError::Timeout) {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_directory_that_is_replaced_is_told_of_once() {
        let parent = tempfile::tempdir().expect("a directory");
        let path = parent.path().join("masters");
        let error = Roots::open(&Masters::below(&path)).expect_err("nothing is there");
        assert!(error.to_string().contains(&path.display().to_string()), "{error}");
        fs::create_dir(&path).expect("made");
        let roots = Roots::open(&Masters::below(&path)).expect("there");
        let all = |_: u64| true;
        assert!(roots.renewed(&all).is_none() && roots.descriptors(&all)[0].is_some());
        fs::rename(&path, parent.path().join("old")).expect("moved");
        fs::create_dir(&path).expect("made");
        let start = Instant::now();
        let renewed = loop {
            if let Some(renewed) = roots.renewed(&all) {
                break renewed;
            }
            assert!(start.elapsed() < Duration::from_secs(60), "nobody has looked");
            thread::sleep(Duration::from_millis(20));
        };
        assert!(roots.renewed(&all).is_none() && renewed.renewed(&all).is_none());
        let inode = |roots: &Roots| roots.directories[0].as_ref().map(|directory| directory.identity());
        assert_ne!(inode(&roots), inode(&renewed));
    }
    #[test]
    fn what_workers_were_started_without_is_told_of_when_it_answers_again() {
        let directory = tempfile::tempdir().expect("a directory");
        let roots = Roots::open(&Masters::below(directory.path())).expect("there");
        assert!(roots.descriptors(&|_| false)[0].is_none() && roots.renewed(&|_| false).is_none());
        let renewed = roots.renewed(&|_| true).expect("it answers");
        assert!(renewed.descriptors(&|_| true)[0].is_some());
        assert!(roots.renewed(&|_| true).is_none() && renewed.renewed(&|_| true).is_none());
    }
}
