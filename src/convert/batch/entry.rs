//! A file that is to be converted, by its place: plain values.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::source::is_extension;

/// A directory below which inputs lie, whose paths below it their results keep.
#[derive(Debug)]
pub(super) struct Base {
    /// As it was given; empty for the directory in which the program runs.
    pub(super) given: PathBuf,
    /// Without links; nothing if it is not there.
    pub(super) real: PathBuf,
}

/// An input.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) base: Arc<Base>,
    /// Its path below the base, which its result keeps but for the extension.
    pub(super) below: String,
    /// How large it is; 0 if that is not known.
    pub(super) bytes: u64,
}

/// What was given or met, and cannot be converted.
#[derive(Debug)]
pub(super) struct Unfit {
    /// As it is told.
    pub(super) file: String,
    /// Why not.
    pub(super) why: String,
}

/// All that was given and met.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) entries: Vec<Entry>,
    pub(super) unfit: Vec<Unfit>,
}

impl Base {
    pub(super) fn of(given: PathBuf) -> Arc<Self> {
        let place = if given.as_os_str().is_empty() { Path::new(".") } else { &given };
        let real = place.canonicalize().unwrap_or_default();
        Arc::new(Self { given, real })
    }
}

impl Entry {
    /// Where it is, as it is told.
    pub(super) fn input(&self) -> PathBuf {
        self.base.given.join(&self.below)
    }

    /// What it counts in how far the work has got.
    pub(super) fn weight(&self) -> u64 {
        self.bytes.max(1)
    }

    /// Its path below the base without the extension, if that is one of an image.
    pub(super) fn stem(&self) -> &str {
        stem(&self.below)
    }
}

impl Found {
    pub(super) fn refuse(&mut self, file: &Path, why: impl Into<String>) {
        self.unfit.push(Unfit { file: file.to_string_lossy().into_owned(), why: why.into() });
    }
}

/// A path without the extension of an image.
pub(super) fn stem(path: &str) -> &str {
    match path.rsplit_once('.') {
        Some((stem, extension)) if is_extension(extension) && !stem.is_empty() && !stem.ends_with('/') => {
            stem
        }
        _ => path,
    }
}

/// Whether a name has the extension of an image.
pub(super) fn is_image(name: &str) -> bool {
    stem(name).len() < name.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_extension_of_an_image_is_taken_off() {
        for (path, expected) in [
            ("a.tif", "a"),
            ("box/a.b.JPG", "box/a.b"),
            ("a.Jpeg", "a"),
            ("scan.v2", "scan.v2"),
            ("box.tif/a", "box.tif/a"),
            (".tif", ".tif"),
            ("box/.tif", "box/.tif"),
            ("a", "a"),
        ] {
            assert_eq!(stem(path), expected, "{path}");
        }
    }
}
