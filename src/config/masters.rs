//! `[masters]` and `[[source]]`: where masters are, and how many of them a worker keeps open.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use anyhow::{Context, anyhow, bail, ensure};
use serde::Deserialize;

use super::store::RawStore;
use crate::master::Bounds;
use crate::source::{Masters, Place, SourceSettings, StoreKind};

/// Most sources: the descriptors of all are held by each worker.
const MOST: usize = 64;

/// The section as it stands in the file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawMasters {
    root: PathBuf,
    follow_symlinks: bool,
    known: usize,
    known_bytes: usize,
}

impl Default for RawMasters {
    fn default() -> Self {
        Self { root: PathBuf::new(), follow_symlinks: false, known: 200, known_bytes: 16 << 20 }
    }
}

/// A `[[source]]` as it stands in the file: `deny_unknown_fields` does not see through `flatten`, so all keys stand here.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSource {
    prefix: String,
    url: String,
    endpoint: Option<String>,
    region: Option<String>,
    account: Option<String>,
    public: Option<bool>,
    ca: Option<PathBuf>,
    user: Option<String>,
    password_file: Option<PathBuf>,
}

impl RawMasters {
    /// The section, and the sources beside its root, checked.
    ///
    /// # Errors
    /// If there is no directory at all, one is not absolute, two have one prefix, or a number is out of range.
    pub(super) fn checked(self, others: Vec<RawSource>) -> anyhow::Result<(Masters, Bounds)> {
        let Self { root, follow_symlinks, known, known_bytes } = self;
        let mut sources = others.into_iter().map(RawSource::checked).collect::<anyhow::Result<Vec<_>>>()?;
        if !root.as_os_str().is_empty() {
            ensure!(root.is_absolute(), "[masters] root must be an absolute path");
            sources.push(SourceSettings { prefix: String::new(), place: Place::Directory(root) });
        }
        ensure!(!sources.is_empty(), "[masters] root is missing: the directory with the images");
        ensure!(sources.len() <= MOST, "[[source]]: there are more than {MOST}");
        sources
            .sort_by(|one, other| (other.prefix.len(), &one.prefix).cmp(&(one.prefix.len(), &other.prefix)));
        if let Some(twice) = sources.windows(2).find(|two| two[0].prefix == two[1].prefix) {
            match &*twice[0].prefix {
                "" => bail!("[[source]] prefix = \"\" is that of [masters] root: give one of them"),
                prefix => bail!("[[source]] prefix = {prefix:?} is there twice"),
            }
        }
        ensure!(known <= 500, "[masters] known = {known} is not within 0 to 500");
        Ok((Masters { sources, follow_symlinks }, Bounds { known, known_bytes }))
    }
}

impl RawSource {
    fn checked(self) -> anyhow::Result<SourceSettings> {
        let Self { prefix, url, endpoint, region, account, public, ca, user, password_file } = self;
        let mut names: Vec<&str> = prefix.split('/').collect();
        // What follows the last slash is the beginning of a name.
        names.pop();
        let is_beginning = !names.iter().any(|name| matches!(*name, "" | "." | ".."))
            && !prefix.chars().any(char::is_control);
        ensure!(is_beginning, "[[source]] prefix = {prefix:?}: no identifier begins so");
        let keys = RawStore { endpoint, region, account, public, ca, user, password_file };
        let kind = url.split_once("://").and_then(|(scheme, _)| StoreKind::of_scheme(scheme));
        let place = match kind {
            Some(kind) => {
                Place::Store(keys.checked(kind, &url).map_err(|why| anyhow!("[[source]] {why:#}"))?)
            }
            None => {
                let directory = directory(&url).with_context(|| format!("[[source]] url = {url:?}"))?;
                if let Some(key) = keys.any() {
                    bail!("[[source]] {key} says nothing about a directory, as url = {url:?} is");
                }
                Place::Directory(directory)
            }
        };
        Ok(SourceSettings { prefix, place })
    }
}

/// The directory that a URL names: a path, or the same after `file://`.
fn directory(url: &str) -> anyhow::Result<PathBuf> {
    let path = match url.split_once("://") {
        None => PathBuf::from(url),
        Some(("file", path)) => decoded(path)?,
        Some((scheme, _)) => {
            bail!(
                "nothing is known of {scheme}://: there are s3://, gs://, az://, https://, http:// and directories"
            )
        }
    };
    ensure!(path.is_absolute(), "it must be an absolute path, file:// and one, or the URL of a store");
    Ok(path)
}

/// The path in a URL, whose names may be written with `%20` and the like.
fn decoded(path: &str) -> anyhow::Result<PathBuf> {
    let (mut bytes, mut rest) = (Vec::with_capacity(path.len()), path.as_bytes());
    while let [first, tail @ ..] = rest {
        rest = tail;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let digits = tail.first_chunk::<2>().filter(|digits| digits.iter().all(u8::is_ascii_hexdigit));
        let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok());
        let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()).filter(|byte| *byte != 0);
        bytes.push(byte.context("what follows a % are not two digits of a byte")?);
        rest = &tail[2..];
    }
    Ok(OsString::from_vec(bytes).into())
}
