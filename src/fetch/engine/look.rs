//! Finding an object in its store: its first block tells its length and its entity tag, and is needed in any case.

use futures_util::future::join_all;
use tokio::join;

use super::super::choice::{Choice, candidates, choose, has_extension};
use super::super::failure::Failure;
use super::super::freshness::{Known, Name};
use super::super::once::Urgency;
use super::super::origin::{Arrival, Meter, Origin, Wanted};
use super::super::remote::Condition;
use super::{Engine, bring, not_found};
use crate::blocks::{BLOCK, Missing, Version};

/// Looks for a name; `before` is what it was when it was last looked for.
///
/// # Errors
/// If the store cannot be asked.
pub(super) async fn look(
    engine: &Engine,
    origin: &Origin,
    name: &Name,
    before: Option<&Version>,
    urgency: &Urgency,
    meter: &Meter,
) -> Result<Known, Failure> {
    let look = Look { engine, origin, urgency, meter };
    match before {
        Some(before) => match look.at(&before.key, Condition::NoLonger(before)).await {
            Err(Failure::NotModified) => Ok(Known::Found(before.clone())),
            Err(Failure::NotFound) if before.key != name.path => look.search(name).await,
            found => known(found),
        },
        None => look.search(name).await,
    }
}

/// What one look has at hand.
#[derive(Clone, Copy)]
struct Look<'l> {
    engine: &'l Engine,
    origin: &'l Origin,
    urgency: &'l Urgency,
    meter: &'l Meter,
}

impl Look<'_> {
    async fn search(self, name: &Name) -> Result<Known, Failure> {
        let path = name.path.as_str();
        if !name.complete {
            return known(self.at(path, Condition::None).await);
        }
        let beginning = format!("{path}.");
        let (exact, listed) = if has_extension(path) {
            match self.at(path, Condition::None).await {
                Err(Failure::NotFound) => {
                    (Err(Failure::NotFound), self.origin.list(&beginning, self.meter).await)
                }
                exact => return known(exact),
            }
        } else {
            join!(self.at(path, Condition::None), self.origin.list(&beginning, self.meter))
        };
        match exact {
            // A store that may be read but not listed says this of what is not there.
            Err(Failure::NotFound | Failure::Forbidden(_)) => {}
            exact => return known(exact),
        }
        match listed? {
            Some(keys) => match choose(path, &keys) {
                Choice::One(key) => known(self.at(&key, Condition::None).await),
                Choice::Ambiguous => Ok(Known::Missing(Missing::Ambiguous)),
                Choice::None => known(exact),
            },
            None => self.try_names(path, exact).await,
        }
    }

    /// Tries all names that an extension makes of a path.
    async fn try_names(self, path: &str, exact: Result<Version, Failure>) -> Result<Known, Failure> {
        for group in candidates(path) {
            let tries = join_all(group.iter().map(|key| self.at(key, Condition::None))).await;
            let mut found = None;
            for outcome in tries {
                match outcome {
                    Ok(_) if found.is_some() => return Ok(Known::Missing(Missing::Ambiguous)),
                    Ok(version) => found = Some(version),
                    Err(Failure::NotFound | Failure::Forbidden(_)) => {}
                    Err(failure) => return Err(failure),
                }
            }
            if let Some(version) = found {
                return Ok(Known::Found(version));
            }
        }
        known(exact)
    }

    /// The object with this key, whose first block is there then.
    async fn at(self, key: &str, condition: Condition<'_>) -> Result<Version, Failure> {
        let wanted = Wanted { key, condition, urgency: self.urgency, meter: self.meter };
        self.origin
            .patiently(key, async || {
                let arrival = self.origin.get(&(0..BLOCK), wanted).await?;
                self.keep(key, arrival).await
            })
            .await
    }

    async fn keep(self, key: &str, arrival: Arrival) -> Result<Version, Failure> {
        let version = arrival.incoming.seen.version(key)?;
        let file = self.engine.file(self.origin, &version)?;
        let missing = file.missing(&[0..1]).map_err(|_| Failure::NoDisk)?;
        if !missing.is_empty() && !self.engine.flights.is_under_way(&bring::block(&file, 0)?) {
            bring::keep(self.engine, self.origin, &version, &file, 0..1, arrival, self.meter).await?;
        }
        Ok(version)
    }
}

/// That there is nothing is an answer.
fn known(found: Result<Version, Failure>) -> Result<Known, Failure> {
    match found {
        Ok(version) => Ok(Known::Found(version)),
        Err(Failure::NotFound) => Ok(not_found()),
        Err(failure) => Err(failure),
    }
}
