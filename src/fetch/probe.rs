//! A store tried once, for somebody who wants to know why it cannot be used: by the same way on which masters come.

use std::time::Duration;

use anyhow::Context;
use tokio::runtime;
use tokio::time::timeout;

use super::environment::Environment;
use super::failure::Failure;
use super::remote::{Condition, Remote};
use crate::source::StoreSettings;

/// What is asked for. That it is not there is as good an answer as any.
const NOTHING: &str = "recto-check";

/// How long all of it may take.
const LIMIT: Duration = Duration::from_secs(8);

/// What came of a try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Probe {
    /// It answers as a store should.
    Answers,
    /// It answers, but what is not there cannot be told from what may not be read.
    Hides(String),
    /// The settings, the environment, or the files that they name cannot be used.
    Unusable(String),
    /// Nobody answers, or not in time.
    Down(String),
    /// It refuses the credentials, or there are none.
    Forbidden(String),
    /// It answers something else than was asked for.
    Strange(String),
}

/// Tries a store, with the credentials of this process's environment. No text has secrets in it.
///
/// # Errors
/// If this process can ask nobody at all.
pub fn probe(settings: &StoreSettings) -> anyhow::Result<Probe> {
    let remote = match Remote::new(settings, &Environment::of_process()) {
        Ok(remote) => remote,
        Err(error) => return Ok(Probe::Unusable(format!("{error:#}"))),
    };
    let runtime = runtime::Builder::new_current_thread().enable_all().build().context("no runtime")?;
    let asked = runtime.block_on(async {
        let got = timeout(LIMIT, remote.get(NOTHING, 0..1, Condition::None)).await;
        let failure = match got.unwrap_or(Err(Failure::Slow)) {
            Ok(_) => return Ok(()),
            Err(failure) => failure,
        };
        // Who may not list is told 403 of what is not there.
        match (&failure, timeout(LIMIT, remote.list(NOTHING)).await) {
            (Failure::Forbidden(_), Ok(Ok(Some(_)))) => Ok(()),
            _ => Err(failure),
        }
    });
    runtime.shutdown_background();
    Ok(asked.map_or_else(judged, |()| Probe::Answers))
}

fn judged(failure: Failure) -> Probe {
    match failure {
        Failure::NotFound | Failure::NotModified | Failure::Changed => Probe::Answers,
        Failure::Forbidden(why) if why.contains("AccessDenied") => Probe::Hides(why),
        Failure::Forbidden(why) => Probe::Forbidden(why),
        Failure::Down(_) | Failure::Failing(_) | Failure::Slow | Failure::Throttled(_) => {
            Probe::Down(failure.explained())
        }
        Failure::Lying(why) => Probe::Strange(why),
        Failure::NoDisk => Probe::Strange(failure.explained()),
    }
}
