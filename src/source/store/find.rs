//! From a path to an object of a store: by the rules of directories.

use std::cell::RefCell;
use std::os::unix::fs::FileExt;
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::blocks::{Far, fetch};
use super::kept::Kept;
use super::known::{Knowledge, Known, Name};
use super::store_name;
use super::talk::{Answered, Patience, Question, Talk, beside_the_point, busy, refused};
use crate::blocks::{Answer, Ask, Entrance, Missing, Spent, is_key};
use crate::error::{Busy, Error, MasterError, NO_IMAGE};
use crate::source::root::{AMBIGUOUS, Opened};
use crate::source::sidecar::LONGEST;
use crate::source::{Found, Masters, Sidecar, page_of};

/// The stores among the sources.
#[derive(Default)]
pub(in crate::source) struct Stores {
    /// What each source is called, in the order of the configuration; nothing for a directory.
    names: Vec<String>,
    talk: Rc<Talk>,
    known: RefCell<Known>,
    /// How long it is relied upon that there is nothing beside a master. That there is no master is asked every time.
    absent: Duration,
}

/// A name being looked up.
enum Look {
    Known(Option<Rc<Kept>>),
    Asked(Name, Question, Option<Rc<Kept>>),
}

impl Stores {
    /// Those that the configuration names.
    pub(in crate::source) fn of(masters: &Masters) -> Self {
        let name = |store: Option<_>| store.map(store_name).unwrap_or_default();
        let names = masters.sources.iter().map(|source| name(source.store())).collect();
        Self { names, ..Self::default() }
    }

    /// Where the fetcher is asked, before anything else is done.
    pub(in crate::source) fn ask_at(&mut self, counter: Entrance, fresh: Duration) {
        self.absent = fresh;
        if let Some(talk) = Rc::get_mut(&mut self.talk) {
            talk.ask_at(counter);
        }
    }

    pub(in crate::source) fn wait(&self, patience: Patience) {
        self.talk.wait(patience);
    }

    pub(in crate::source) fn take_spent(&self) -> Spent {
        self.talk.take_spent()
    }

    /// What `path` names, as [`Root::find`](super::super::root::Root::find) has it.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Busy`], [`Error::Away`], [`Error::Stopped`].
    pub(in crate::source) fn find(&self, source: usize, path: &str) -> Result<Found, Error> {
        self.talk.begin_turn();
        let (found, page) = match page_of(path) {
            None => (self.one(source, path, true)?, 1),
            Some((book, page)) => self.page(source, path, book, page)?,
        };
        let kept = found.ok_or(Error::NotFound(NO_IMAGE))?;
        let (identity, path) = (kept.identity, kept.version.key.clone());
        let far = Far { kept, talk: Rc::clone(&self.talk) };
        Ok(Found { opened: Opened::Far(far), identity, source, path, page })
    }

    /// The object that a path with a page in it names, and the page. Both names of each step are asked for together:
    /// mostly the second one is there, and that the others are not is relied upon with it.
    fn page(
        &self,
        source: usize,
        path: &str,
        book: &str,
        page: u32,
    ) -> Result<(Option<Rc<Kept>>, u32), Error> {
        let mut absent = Vec::new();
        for complete in [false, true] {
            let [whole, first] = [path, book].map(|path| self.begin(source, path, complete));
            let [whole, first] = [whole?, first?].map(|look| self.end(look));
            if let Some(found) = whole? {
                return Ok((Some(found), 1));
            }
            absent.push(Name { source, path: path.to_owned(), complete });
            if let Some(found) = first? {
                absent.into_iter().for_each(|name| self.rely_upon_absence(name));
                return Ok((Some(found), page));
            }
            absent.push(Name { source, path: book.to_owned(), complete });
        }
        Ok((None, page))
    }

    /// There is nothing of this name, and nobody is asked again for a while.
    fn rely_upon_absence(&self, name: Name) {
        let mut known = self.known.borrow_mut();
        if known.get(&name).is_none() {
            known.learn(name, Knowledge::Absent(Instant::now() + self.absent));
        }
    }

    /// The file beside the master with this key, if there is one.
    ///
    /// # Errors
    /// As [`Stores::find`].
    pub(in crate::source) fn sidecar(&self, source: usize, key: &str) -> Result<Option<Sidecar>, Error> {
        let path = format!("{key}.json");
        let Some(kept) = self.one(source, &path, false)? else {
            self.rely_upon_absence(Name { source, path, complete: false });
            return Ok(None);
        };
        let mut bytes = Vec::new();
        if kept.version.size <= LONGEST {
            fetch(&self.talk, &kept, &[0..kept.version.size])?;
            bytes.resize(kept.version.size as usize, 0);
            kept.file.file().read_exact_at(&mut bytes, 0).map_err(|_| Error::Away)?;
        }
        Ok(Some(Sidecar::fetched(kept.identity, bytes)))
    }

    fn one(&self, source: usize, path: &str, complete: bool) -> Result<Option<Rc<Kept>>, Error> {
        self.end(self.begin(source, path, complete)?)
    }

    /// Looks whether this is known, and asks if it is not.
    fn begin(&self, source: usize, path: &str, complete: bool) -> Result<Look, Error> {
        if !is_key(path) {
            return Ok(Look::Known(None));
        }
        let name = Name { source, path: path.to_owned(), complete };
        let mut known = self.known.borrow_mut();
        if let Some(known) = known.get(&name) {
            return Ok(Look::Known(known));
        }
        let (question, before) = known.take(&name);
        let question = match question {
            Some(question) => question,
            None => self.talk.ask(Ask::Find { source, path: name.path.clone(), complete })?,
        };
        Ok(Look::Asked(name, question, before))
    }

    /// Waits for the answer, and learns from it.
    fn end(&self, look: Look) -> Result<Option<Rc<Kept>>, Error> {
        let (name, mut question, before) = match look {
            Look::Known(known) => return Ok(known),
            Look::Asked(name, question, before) => (name, question, before),
        };
        match self.talk.answer(&mut question)? {
            Some(answered) => self.learn(name, answered, before),
            None => {
                self.known.borrow_mut().learn(name, Knowledge::Asked(question, before));
                Err(Error::Away)
            }
        }
    }

    fn learn(
        &self,
        name: Name,
        (answer, file): Answered,
        before: Option<Rc<Kept>>,
    ) -> Result<Option<Rc<Kept>>, Error> {
        let version = match answer {
            Answer::Found(version) => version,
            Answer::Missing(Missing::NotFound) => return Ok(None),
            Answer::Missing(Missing::Ambiguous) => return Err(Error::NotFound(AMBIGUOUS)),
            Answer::Refused(why) => return Err(refused(why).into()),
            Answer::There | Answer::Changed => return Err(beside_the_point(&answer).into()),
        };
        // The same as before: what was seen of it stays seen.
        let same = before.filter(|kept| kept.version == version && !kept.is_retired());
        let kept = match (same, file) {
            (Some(kept), _) => kept,
            (None, Some(file)) => {
                let kept = Kept::new(name.source, &self.names[name.source], version, file);
                Rc::new(kept.map_err(|error| Error::from(unreadable(&error)))?)
            }
            (None, None) => return Err(beside_the_point(&Answer::Found(version)).into()),
        };
        self.known.borrow_mut().learn(name, Knowledge::There(Rc::clone(&kept)));
        Ok(Some(kept))
    }
}

/// What the block cache gave cannot be read.
pub(super) fn unreadable(error: &std::io::Error) -> MasterError {
    log::error!("the block cache cannot be read: {error}");
    busy(Busy::BlockCache, Duration::from_secs(1))
}
