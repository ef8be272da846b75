//! The stores themselves, over the crate `object_store`: what is asked of them, what they say of an object, and its bytes.

mod build;
mod door;
mod names;
mod partial;
mod seen;
mod tls;

use std::cell::Cell;
use std::ops::Range;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context;
use futures_util::{Stream, StreamExt};
use object_store::list::{PaginatedListOptions, PaginatedListStore};
use object_store::path::Path;
use object_store::{GetOptions, GetRange, GetResult, ObjectStore};
use tokio::time::{Instant, timeout, timeout_at};

use super::environment::Environment;
use super::failure::Failure;
use super::secrets::Secrets;
use crate::source::StoreSettings;
pub(super) use build::ports;
pub(super) use hyper::body::Bytes;
pub(super) use seen::{Condition, Seen};

/// The longest that a store may pause in the middle of an answer.
const STALL: Duration = Duration::from_secs(5);

/// The longest that an answer may take as a whole: 4 MiB at 1 Mbit/s.
const WHOLE: Duration = Duration::from_secs(30);

/// The longest that a listing may take.
const LISTING: Duration = Duration::from_secs(10);

/// Most keys of a listing. More begin with the name of one master only where names are no names.
const LISTED: usize = 1000;

/// A store, as a source of the configuration names it.
pub(super) struct Remote {
    /// What the operator knows it as.
    pub(super) name: String,
    /// Who is asked: stores that share it fail together.
    pub(super) endpoint: String,
    store: Arc<dyn ObjectStore>,
    /// The same, if it can list.
    lists: Option<Arc<dyn PaginatedListStore>>,
    /// Whether it has refused to list.
    refuses_to_list: Cell<bool>,
    /// What keys begin with, before the path below the source.
    prefix: String,
    /// Whether anybody may read it. Then what is forbidden is what is not there.
    is_public: bool,
    secrets: Secrets,
}

/// Bytes on their way.
pub(super) struct Incoming {
    /// What the store says of the object.
    pub(super) seen: Seen,
    stream: Pin<Box<dyn Stream<Item = object_store::Result<Bytes>> + Send>>,
    until: Instant,
}

/// What became of a request on its way through the [`door`], beside what the crate makes of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Trail(Arc<Mutex<Passed>>);

#[derive(Debug, Default)]
enum Passed {
    /// It did not come so far: there were no credentials for it.
    #[default]
    Not,
    /// It was answered as it should be.
    Answered,
    /// It has failed.
    Failed(Failure),
}

impl Remote {
    /// The store of these settings. Nothing is asked of it yet.
    ///
    /// # Errors
    /// What is wrong with settings, environment, or the files that they name.
    pub(super) fn new(settings: &StoreSettings, environment: &Environment) -> anyhow::Result<Self> {
        let name = settings.url();
        build::remote(settings, environment).with_context(|| format!("the store {name} cannot be used"))
    }

    /// Asks for a range of an object; parts beyond its end are left out.
    ///
    /// # Errors
    /// Why there is none. A range wholly beyond the end is [`Failure::Changed`].
    pub(super) async fn get(
        &self,
        key: &str,
        range: Range<u64>,
        condition: Condition<'_>,
    ) -> Result<Incoming, Failure> {
        let path = self.path(key).ok_or(Failure::NotFound)?;
        let trail = Trail::default();
        let mut options = GetOptions { range: Some(GetRange::Bounded(range)), ..condition.options() };
        options.extensions.insert(trail.clone());
        match self.store.get_opts(&path, options).await {
            Ok(result) => Ok(Incoming::of(result)),
            Err(error) => Err(self.failure(&trail, &error)),
        }
    }

    /// The keys below the source that begin so, and have no slash after that. None if the store cannot tell, or not all.
    ///
    /// # Errors
    /// Why it does not answer.
    pub(super) async fn list(&self, beginning: &str) -> Result<Option<Vec<String>>, Failure> {
        let Some(lists) = self.lists.as_ref().filter(|_| !self.refuses_to_list.get()) else {
            return Ok(None);
        };
        let trail = Trail::default();
        let mut options = PaginatedListOptions {
            delimiter: Some("/".into()),
            max_keys: Some(LISTED),
            ..PaginatedListOptions::default()
        };
        options.extensions.insert(trail.clone());
        let prefix = format!("{}{beginning}", self.prefix);
        let listed = timeout(LISTING, lists.list_paginated(Some(&prefix), options));
        let listed = listed.await.map_err(|_| Failure::Slow)?;
        match listed.map_err(|error| self.failure(&trail, &error)) {
            Ok(page) if page.page_token.is_some() => Ok(None),
            Ok(page) => {
                let keys = page.result.objects.iter().filter_map(|object| {
                    object.location.as_ref().strip_prefix(self.prefix.as_str()).map(str::to_owned)
                });
                Ok(Some(keys.take(LISTED).collect()))
            }
            // Reading is allowed more often than listing.
            Err(Failure::Forbidden(why)) => {
                log::warn!(
                    "{} does not list its objects ({why}): masters are found by trying names",
                    self.name
                );
                self.refuses_to_list.set(true);
                Ok(None)
            }
            Err(Failure::Lying(_)) => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// All keys below the source, at most `most` of them; None if the store cannot tell. Each page is a request.
    ///
    /// # Errors
    /// Why it does not answer.
    pub(super) async fn keys(&self, most: usize) -> Result<Option<Vec<String>>, Failure> {
        let Some(lists) = &self.lists else { return Ok(None) };
        let (mut keys, mut page_token) = (Vec::new(), None);
        loop {
            let trail = Trail::default();
            let mut options = PaginatedListOptions { page_token, ..PaginatedListOptions::default() };
            options.extensions.insert(trail.clone());
            let listed = timeout(LISTING, lists.list_paginated(Some(&self.prefix), options));
            let page =
                listed.await.map_err(|_| Failure::Slow)?.map_err(|error| self.failure(&trail, &error))?;
            let below = page.result.objects.iter();
            keys.extend(below.filter_map(|object| {
                object.location.as_ref().strip_prefix(self.prefix.as_str()).map(str::to_owned)
            }));
            page_token = page.page_token;
            if page_token.is_none() || keys.len() >= most {
                keys.truncate(most);
                return Ok(Some(keys));
            }
        }
    }

    /// A path below the source, as the crate wants it: never changed, and never leading elsewhere.
    fn path(&self, key: &str) -> Option<Path> {
        let whole = format!("{}{key}", self.prefix);
        Path::parse(&whole).ok().filter(|path| path.as_ref() == whole)
    }

    fn failure(&self, trail: &Trail, error: &object_store::Error) -> Failure {
        let passed = std::mem::take(&mut *trail.0.lock().unwrap_or_else(PoisonError::into_inner));
        match passed {
            Passed::Failed(Failure::Forbidden(_)) if self.is_public => Failure::NotFound,
            Passed::Failed(failure) => failure,
            Passed::Answered => Failure::Lying(self.secrets.kept(&error.to_string())),
            Passed::Not => {
                Failure::Forbidden(format!("no credentials: {}", self.secrets.kept(&error.to_string())))
            }
        }
    }
}

impl Incoming {
    fn of(result: GetResult) -> Self {
        Self { seen: Seen::of(&result.meta), stream: result.into_stream(), until: Instant::now() + WHOLE }
    }

    /// The next bytes; None at their end.
    ///
    /// # Errors
    /// If they end too early, or do not come.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, Failure> {
        let until = self.until.min(Instant::now() + STALL);
        match timeout_at(until, self.stream.next()).await {
            Ok(None) => Ok(None),
            Ok(Some(Ok(bytes))) => Ok(Some(bytes)),
            Ok(Some(Err(_))) => Err(Failure::Down("the connection broke in the middle of an answer".into())),
            Err(_) => Err(Failure::Slow),
        }
    }
}

impl Trail {
    fn answered(&self) {
        self.set(Passed::Answered);
    }

    fn failed(&self, failure: Failure) {
        self.set(Passed::Failed(failure));
    }

    fn set(&self, passed: Passed) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = passed;
    }
}
