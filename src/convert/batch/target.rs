//! Where results are to be, and whether they can be there.

use std::collections::HashSet;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, bail, ensure};

use super::entry::{Entry, is_image, stem};
use super::walk::{Inode, inode};
use crate::convert::aside;

/// Where results are to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// In this file.
    File(PathBuf),
    /// Below this directory, with the names of their inputs.
    Directory(PathBuf),
}

impl Target {
    /// What was asked for: a file for one input, unless it is a directory or ends with a slash.
    ///
    /// # Errors
    /// If it cannot be, in words for who asked.
    pub(super) fn of(output: &Path, is_one_file: bool, extension: &str) -> anyhow::Result<Self> {
        let shown = output.display();
        let ends_so = output.as_os_str().as_bytes().ends_with(b"/");
        if output.is_dir() || ends_so || !is_one_file {
            ensure!(output.is_dir() || !output.exists(), "{shown} is not a directory");
            let name = output.file_name().map(|name| name.to_string_lossy().into_owned());
            if !output.exists() && !ends_so && name.is_some_and(|name| is_image(&name)) {
                bail!("{shown} names a file, for more than one; with a slash at its end it is a directory");
            }
            return Ok(Self::Directory(output.to_owned()));
        }
        let parent = output.parent().filter(|parent| !parent.as_os_str().is_empty());
        ensure!(parent.is_none_or(Path::is_dir), "there is no directory for {shown}");
        let name = output.to_str().with_context(|| format!("{shown} is not UTF-8"))?;
        let found = name.strip_prefix(stem(name)).unwrap_or_default().trim_start_matches('.');
        let is_right = match extension {
            "tif" => ["tif", "tiff", "ptif", "btf"].iter().any(|known| known.eq_ignore_ascii_case(found)),
            other => found.eq_ignore_ascii_case(other),
        };
        ensure!(is_right, "{shown} is to end in .{extension}; a directory in a slash");
        Ok(Self::File(output.to_owned()))
    }

    /// The directory of all results.
    pub(super) fn directory(&self) -> &Path {
        match self {
            Self::Directory(path) => path,
            Self::File(path) => match path.parent() {
                Some(parent) if !parent.as_os_str().is_empty() => parent,
                _ => Path::new("."),
            },
        }
    }

    /// The result of an input, or of one of several pages of it.
    pub(super) fn output(&self, entry: &Entry, page: Option<u32>, extension: &str) -> PathBuf {
        let page = page.map_or_else(String::new, |page| format!("-p{page}"));
        match self {
            Self::Directory(path) => path.join(format!("{}{page}.{extension}", entry.stem())),
            Self::File(path) if page.is_empty() => path.clone(),
            Self::File(path) => {
                let text = path.to_str().unwrap_or_default();
                PathBuf::from(format!("{0}{page}{1}", stem(text), &text[stem(text).len()..]))
            }
        }
    }
}

/// The directory of all results, which is to be the same as long as results are written: under a file system that is
/// gone lies another one, which is not meant.
#[derive(Debug)]
pub(super) struct Ground {
    directory: PathBuf,
    inode: Inode,
    /// Directories that were swept.
    swept: Mutex<HashSet<PathBuf>>,
}

impl Ground {
    /// Makes the directory, if it is not there.
    ///
    /// # Errors
    /// If it cannot be made.
    pub(super) fn open(directory: &Path) -> io::Result<Self> {
        DirBuilder::new().recursive(true).create(directory)?;
        let inode = inode(&fs::metadata(directory)?);
        Ok(Self { directory: directory.to_owned(), inode, swept: Mutex::default() })
    }

    /// Whether it is there, and the same.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub(super) fn check(&self) -> Result<(), String> {
        let shown = self.directory.display();
        match fs::metadata(&self.directory) {
            Ok(is) if inode(&is) == self.inode => Ok(()),
            Ok(_) => Err(format!("the target {shown} is another one than before: was it unmounted?")),
            Err(error) => Err(format!("the target {shown} is gone: {error}")),
        }
    }

    /// Makes the directory of a result, or takes away what killed runs have left there.
    ///
    /// # Errors
    /// If it cannot be made, or read.
    pub(super) fn prepare(&self, output: &Path) -> io::Result<()> {
        let directory = output.parent().filter(|parent| !parent.as_os_str().is_empty());
        let directory = directory.unwrap_or(&self.directory);
        let mut swept = self.swept.lock().unwrap_or_else(PoisonError::into_inner);
        if !swept.contains(directory) {
            DirBuilder::new().recursive(true).create(directory)?;
            aside::sweep(directory)?;
            swept.insert(directory.to_owned());
        }
        Ok(())
    }

    /// Takes away what a process has left that had to be killed.
    pub(super) fn sweep(&self, output: &Path) {
        // What cannot be swept now is by the next run.
        let _ = aside::sweep(output.parent().unwrap_or(&self.directory));
    }
}

#[cfg(test)]
mod tests {
    use super::super::entry::Base;
    use super::*;

    #[test]
    fn a_file_is_a_target_for_one_input_and_has_the_extension_of_what_is_in_it() {
        let place = tempfile::tempdir().expect("a directory");
        let path = |name: &str| PathBuf::from(format!("{}/{name}", place.path().display()));
        fs::write(path("file"), "").expect("written");
        let of = |name: &str, is_one_file, extension| Target::of(&path(name), is_one_file, extension).ok();
        assert_eq!(of("a.tif", true, "tif"), Some(Target::File(path("a.tif"))));
        assert_eq!(of("a.PTIF", true, "tif"), Some(Target::File(path("a.PTIF"))));
        assert_eq!(of("a.jp2", true, "jp2"), Some(Target::File(path("a.jp2"))));
        assert_eq!(of("", true, "tif"), Some(Target::Directory(path(""))));
        for name in ["a/", "a.tif/"] {
            assert_eq!(of(name, true, "tif"), Some(Target::Directory(path(name))));
        }
        assert_eq!(of("new", false, "tif"), Some(Target::Directory(path("new"))));
        for (name, is_one_file, extension) in [
            ("a.jp2", true, "tif"),
            ("a.tif", true, "jp2"),
            ("a", true, "tif"),
            ("none/a.tif", true, "tif"),
            ("a.tif", false, "tif"),
            ("file", false, "tif"),
        ] {
            assert_eq!(of(name, is_one_file, extension), None, "{name}");
        }
    }

    #[test]
    fn results_keep_the_names_of_their_inputs_and_pages_have_a_number() {
        let entry = Entry { base: Base::of("".into()), below: "box/a.b.JPG".to_owned(), bytes: 0 };
        for (target, page, expected) in [
            (Target::Directory("out".into()), None, "out/box/a.b.tif"),
            (Target::Directory("out".into()), Some(12), "out/box/a.b-p12.tif"),
            (Target::File("x.y.tiff".into()), None, "x.y.tiff"),
            (Target::File("x.y.tiff".into()), Some(2), "x.y-p2.tiff"),
        ] {
            assert_eq!(target.output(&entry, page, "tif"), Path::new(expected));
        }
    }
}
