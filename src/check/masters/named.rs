//! Masters by their names, for commands that do something with each.

use std::path::{Path, PathBuf};

use super::names;
use super::walk::{Manner, Met, Place};
use crate::source::{Masters, file_and_page};

/// A master, as the server names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Where its file is, as the path that led to it says.
    pub file: PathBuf,
    /// The identifier of the file, with its extension.
    pub identifier: String,
    /// The page of it, from 1.
    pub page: u32,
}

/// What was found at paths.
#[derive(Debug, Default)]
pub struct Found {
    /// Masters, in order.
    pub masters: Vec<Named>,
    /// What is there, but cannot be a master: as it is told, and why.
    pub others: Vec<(String, String)>,
}

/// The masters at `paths`: files, also a page of one (`book.tif;3`), and of directories all that has the extension of an
/// image. Below the directories of `masters` they are called as there; otherwise a directory is a root of its own.
///
/// # Errors
/// If a path is not there, or its name is not UTF-8.
pub fn named(paths: &[PathBuf], masters: Option<&Masters>) -> anyhow::Result<Found> {
    let mut found = Found::default();
    for path in paths {
        let (file, page) = file_and_page(path);
        for met in Place::of(file, masters)?.files(Manner { deep: false }, |_| ()) {
            match met {
                Met::Known(outcome) => found.others.push((outcome.file, outcome.why.join("; "))),
                Met::File(job, _) if is_wanted(&job.path, file) => {
                    let identifier = job.name();
                    found.masters.push(Named { file: job.file.into(), identifier, page });
                }
                Met::File(..) => {}
            }
        }
    }
    Ok(found)
}

/// Whether a file is taken: one that is named is, whatever it is called.
fn is_wanted(path: &str, given: &Path) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    names::is_of_image(name) || !given.is_dir()
}
