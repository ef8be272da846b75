//! Whoever runs the service, as the path of a request sees it: told what is about to be worked on, it decides whether
//! that is done here. Plain values; what a worker decides, and by what, is not known here.

use crate::derive::plan::Cost;
use crate::error::Error;
use crate::watch::Watch;

/// What is about to be worked on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Master, page and what is wanted of it, as in `box/leaf.tif;1/0,0,6000,4000/300,200/0/default.jpg` or
    /// `box/leaf.tif;1/info.json`: one name, however the URL was spelled, and by whichever version of the API.
    pub name: String,
    /// What it takes.
    pub cost: Cost,
}

/// What becomes of a job that is not refused.
pub enum Admission {
    /// It is done here and now, for as long as the watch lets it.
    Begin(Watch),
    /// Somebody else has it, and its client with it: nothing is left to do or to say here.
    HandedOver,
}

/// Whoever runs the service.
pub trait Desk {
    /// Told before the file of an identifier is opened, which may take as long as a network does: whether that is done
    /// here. If not, somebody else has the request, and its client with it.
    ///
    /// # Errors
    /// If it must not be opened now.
    fn opens(&mut self, identifier: &str) -> Result<bool, Error>;

    /// Told before the file at this path is read for the first time.
    ///
    /// # Errors
    /// If it must not be read now.
    fn reads(&mut self, path: &str) -> Result<(), Error>;

    /// For how long stores may be waited for; None if for no network at all.
    fn patience(&self) -> Option<Watch>;

    /// Told that something of the master has to be fetched, for which nobody waits here, or that its store has another one
    /// by now: somebody begins anew with the request then, and has its client.
    ///
    /// # Errors
    /// If nobody can.
    fn fetches(&mut self) -> Result<(), Error>;

    /// Told before a job is begun, when all of it is decided and nothing of it is done.
    ///
    /// # Errors
    /// If it must not be done, or not now.
    fn admit(&mut self, job: Job) -> Result<Admission, Error>;
}

/// Nobody in particular: all is done, and takes as long as it takes.
pub struct Alone;

impl Desk for Alone {
    fn opens(&mut self, _identifier: &str) -> Result<bool, Error> {
        Ok(true)
    }

    fn reads(&mut self, _path: &str) -> Result<(), Error> {
        Ok(())
    }

    fn patience(&self) -> Option<Watch> {
        Some(Watch::unlimited())
    }

    fn fetches(&mut self) -> Result<(), Error> {
        Err(Error::Away)
    }

    fn admit(&mut self, _job: Job) -> Result<Admission, Error> {
        Ok(Admission::Begin(Watch::unlimited()))
    }
}
