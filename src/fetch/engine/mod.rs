//! What the fetcher does: it finds objects and brings blocks of them, each once, whoever asks.

mod bring;
#[cfg(test)]
mod fake;
mod look;
#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::ops::Range;
use std::rc::Rc;
use std::time::Duration;

use tokio::task::spawn_local;
use tokio::time::Instant;

use super::cache::Cache;
use super::counts::{CacheCount, Count, Counts};
use super::failure::Failure;
use super::freshness::{Course, Known, Name, Names, SPARED};
use super::once::{Once, Waiting};
use super::origin::{Meter, Origin, Origins};
use crate::blocks::{self, Answer, Ask, BlockFile, Refused, Reply, State, Version};

/// When whoever was refused may try again, where nothing else is known.
const AGAIN: Duration = Duration::from_secs(1);

/// A block of a file: device, inode and number. Both stay the file's own while it is open.
type Block = (u64, u64, u32);

/// The engine.
pub(super) struct Engine {
    origins: Origins,
    cache: RefCell<Cache>,
    names: RefCell<Names>,
    finds: Rc<Once<Name, Result<Known, Failure>>>,
    flights: Rc<Once<Block, Result<(), Failure>>>,
    counts: Rc<Counts>,
    /// For how long workers use what was found without asking.
    fresh: Duration,
    /// Of its clock.
    beginning: Instant,
}

impl Engine {
    /// One that believes for so long what it has found.
    pub(super) fn new(origins: Origins, cache: Cache, counts: Rc<Counts>, fresh: Duration) -> Rc<Self> {
        Rc::new(Self {
            origins,
            cache: RefCell::new(cache),
            names: RefCell::new(Names::new(fresh)),
            finds: Once::new(),
            flights: Once::new(),
            counts,
            fresh,
            beginning: Instant::now(),
        })
    }

    /// The reply to an ask, and the block file that goes with it.
    pub(super) async fn reply(self: &Rc<Self>, ask: Ask) -> (Reply, Option<Rc<BlockFile>>) {
        let meter = Rc::new(Meter::default());
        let origin = self.origins.get(ask.source()).cloned().flatten();
        let outcome = match (origin, ask) {
            (None, _) => Ok((Answer::Missing(blocks::Missing::NotFound), None)),
            (Some(origin), Ask::Find { source, path, complete }) => {
                self.counts.add(source, Count::Finds, 1);
                let found = self.find(&origin, Name { source, path, complete }, &meter).await;
                if matches!(found, Ok((Answer::Missing(_), _))) {
                    self.counts.add(source, Count::NotFound, 1);
                }
                found
            }
            (Some(origin), Ask::Fetch { version, blocks, ahead, .. }) => {
                let fetched = self.fetch(&origin, &version, blocks, !ahead, &meter).await;
                if fetched == Err(Failure::Changed) {
                    self.forget(&origin, &version);
                }
                fetched.map(|()| (Answer::There, None))
            }
        };
        let (answer, file) = outcome.unwrap_or_else(|failure| (refusal(failure), None));
        (Reply { answer, spent: meter.spent() }, file)
    }

    /// Finds an object: at once if it is known, asking the store again meanwhile if it was not asked for long.
    async fn find(
        self: &Rc<Self>,
        origin: &Rc<Origin>,
        name: Name,
        meter: &Rc<Meter>,
    ) -> Result<(Answer, Option<Rc<BlockFile>>), Failure> {
        let mut course = self.names.borrow_mut().course(&name, self.now());
        if let Course::Answer(Known::Found(version)) | Course::AnswerAndAsk(version) = &course
            && self.is_superseded(origin, version)
        {
            self.names.borrow_mut().forget(origin.source, version);
            course = Course::Ask(None);
        }
        if course == Course::Ask(None) && self.recall(origin, &name) {
            course = self.names.borrow_mut().course(&name, self.now());
        }
        let known = match course {
            Course::Answer(known) => known,
            Course::AnswerAndAsk(version) => {
                let waiting = self.look(origin, &name, Some(version.clone()), meter);
                spawn_local(waiting.outcome());
                Known::Found(version)
            }
            Course::Ask(before) => match self.look(origin, &name, before.clone(), meter).outcome().await {
                Some(Ok(known)) => known,
                // What was known is better than nothing, however old.
                Some(Err(_)) if before.is_some() => before.map_or_else(not_found, Known::Found),
                Some(Err(failure)) => return Err(failure),
                None => return Err(Failure::Slow),
            },
        };
        match known {
            Known::Missing(missing) => Ok((Answer::Missing(missing), None)),
            Known::Found(version) => {
                let file = self.file(origin, &version)?;
                Ok((Answer::Found(version), Some(file)))
            }
        }
    }

    /// Whether another version of the object was seen since: then this one is not to take its place again.
    fn is_superseded(&self, origin: &Origin, version: &Version) -> bool {
        let latest = self.cache.borrow_mut().latest(&origin.name, &version.key);
        latest.is_some_and(|latest| latest != *version)
    }

    /// Remembers what was known of a name before this process began.
    fn recall(&self, origin: &Origin, name: &Name) -> bool {
        let latest = self.cache.borrow_mut().latest(&origin.name, &name.path);
        let Some(version) = latest else { return false };
        let fresh_until = self.file(origin, &version).ok().and_then(|file| file.state().ok());
        let fresh_until = fresh_until.map_or(0, |state| state.fresh_until);
        // 0 is what another start of the host has left.
        let age = match fresh_until {
            0 => Duration::MAX,
            until => Duration::from_nanos(blocks::now().saturating_sub(until)),
        };
        self.names.borrow_mut().recall(name, version, age, self.now());
        true
    }

    /// Asks the store for a name, unless it is being asked already.
    fn look(
        self: &Rc<Self>,
        origin: &Rc<Origin>,
        name: &Name,
        before: Option<Version>,
        meter: &Rc<Meter>,
    ) -> Waiting<Result<Known, Failure>> {
        if let Some(waiting) = self.finds.join(name, true) {
            return waiting;
        }
        let (engine, origin) = (Rc::clone(self), Rc::clone(origin));
        let (meter, key, name) = (Rc::clone(meter), name.clone(), name.clone());
        self.finds.begin(vec![key], true, |urgency| async move {
            let outcome = look::look(&engine, &origin, &name, before.as_ref(), &urgency, &meter).await;
            engine.learn(&origin, &name, before.as_ref(), &outcome);
            outcome
        })
    }

    /// Draws the conclusions.
    fn learn(
        &self,
        origin: &Origin,
        name: &Name,
        before: Option<&Version>,
        outcome: &Result<Known, Failure>,
    ) {
        let now = self.now();
        match outcome {
            Ok(known) => {
                if let Some(before) = before
                    && !matches!(known, Known::Found(version) if version == before)
                {
                    self.counts.add(origin.source, Count::Changes, 1);
                    self.forget(origin, before);
                }
                if let Known::Found(version) = known {
                    self.freshen(origin, version, self.fresh);
                }
                self.names.borrow_mut().learn(name, known.clone(), now);
            }
            Err(_) => {
                if let Some(before) = before {
                    self.names.borrow_mut().spare(name, now);
                    self.freshen(origin, before, SPARED);
                }
            }
        }
    }

    /// Lets workers use a version for so long without asking.
    fn freshen(&self, origin: &Origin, version: &Version, time: Duration) {
        let until = blocks::now().saturating_add(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
        let Ok(file) = self.file(origin, version) else { return };
        let state = State { fresh_until: until, retired: false };
        if let Err(error) = file.set_state(state) {
            log::debug!("a block file cannot be marked as fresh: {error}");
        }
    }

    /// A version that the store no longer has.
    fn forget(&self, origin: &Origin, version: &Version) {
        self.names.borrow_mut().forget(origin.source, version);
        self.cache.borrow_mut().retire(&origin.name, version);
    }

    /// The block file of a version.
    fn file(&self, origin: &Origin, version: &Version) -> Result<Rc<BlockFile>, Failure> {
        let file = self.cache.borrow_mut().object(&origin.name, version);
        file.map_err(|error| {
            log::debug!("no block file for {}: {error}", version.key);
            Failure::NoDisk
        })
    }

    /// Brings these blocks; they are there when it returns.
    async fn fetch(
        self: &Rc<Self>,
        origin: &Rc<Origin>,
        version: &Version,
        blocks: Vec<Range<u32>>,
        is_urgent: bool,
        meter: &Rc<Meter>,
    ) -> Result<(), Failure> {
        if self.is_superseded(origin, version) {
            return Err(Failure::Changed);
        }
        let file = self.file(origin, version)?;
        bring::all(self, origin, version, &file, &blocks, is_urgent, meter).await
    }

    /// Shows how the cache is.
    pub(super) fn publish(&self) {
        let usage = self.cache.borrow().usage();
        for (count, value) in [
            (CacheCount::Bytes, usage.bytes),
            (CacheCount::Objects, usage.objects),
            (CacheCount::Evictions, usage.evictions),
            (CacheCount::Failing, usage.failing.into()),
        ] {
            self.counts.set_cache(count, value);
        }
    }

    fn now(&self) -> Duration {
        self.beginning.elapsed()
    }
}

fn not_found() -> Known {
    Known::Missing(blocks::Missing::NotFound)
}

/// What a worker hears of a failure.
fn refusal(failure: Failure) -> Answer {
    Answer::Refused(match failure {
        Failure::NotFound => return Answer::Missing(blocks::Missing::NotFound),
        Failure::NotModified => Refused::Lying("it says that nothing has changed, unasked".into()),
        Failure::Changed => return Answer::Changed,
        Failure::Down(_) | Failure::Failing(_) => Refused::Down { wait: AGAIN },
        Failure::Slow => Refused::Slow { wait: AGAIN },
        Failure::Throttled(wait) => Refused::Throttled { wait: wait.unwrap_or(AGAIN).max(AGAIN) },
        Failure::Forbidden(_) => Refused::Forbidden,
        Failure::Lying(why) => Refused::Lying(why),
        Failure::NoDisk => Refused::NoDisk,
    })
}
