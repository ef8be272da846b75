//! Which masters a demo shows, and their identifiers as they stand in URLs.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use recto_iiif::Identifier;

use crate::source::{Place, StoreSettings, is_extension};

/// What a browser searches without a pause; a larger collection is served all the same.
const LISTED_AT_MOST: usize = 100_000;
/// Enough for any archive's folders, and an end if links make a circle.
const DEEPEST: usize = 32;

/// A place of masters, and those that the page lists.
#[derive(Debug)]
pub(super) struct Masters {
    /// Below which identifiers are paths.
    pub(super) place: Place,
    /// Whether it is a directory that holds links which lead out of it.
    pub(super) linked: bool,
    listed: Vec<Identifier>,
    /// The identifiers of the listed ones, as they stand in URLs.
    encoded: Vec<String>,
}

impl Masters {
    /// All images in and below a directory.
    pub(super) fn of_directory(directory: &Path) -> anyhow::Result<Self> {
        let root = directory
            .canonicalize()
            .with_context(|| format!("the directory of masters {}", directory.display()))?;
        ensure!(root.is_dir(), "{} is not a directory; name files without --masters", root.display());
        let mut names = BTreeSet::new();
        walk(&root, "", 0, &mut names)?;
        if names.is_empty() {
            say!("note: there is no image in {}: the page's list is empty", root.display());
        } else if names.len() > LISTED_AT_MOST {
            say!("note: {} masters; the page lists {LISTED_AT_MOST} of them", names.len());
        }
        Ok(Self::listing(root, false, names))
    }

    /// Files from anywhere, or what was `made` of them: linked into a directory of their own, so that nothing beside them is
    /// served.
    pub(super) fn of_files(
        files: &[PathBuf],
        made: &HashMap<PathBuf, PathBuf>,
        root: &Path,
    ) -> anyhow::Result<Self> {
        clear_links(root)?;
        let mut names = BTreeSet::new();
        for file in files {
            let target = made
                .get(file)
                .unwrap_or(file)
                .canonicalize()
                .with_context(|| format!("master {}", file.display()))?;
            ensure!(target.is_file(), "{} is not a file; --masters takes a directory", file.display());
            let name = file.file_name().and_then(|name| name.to_str());
            let name = name.with_context(|| format!("{} has no name in UTF-8", file.display()))?;
            // Two files of one name from different folders: the second gets a number in front.
            let free = (1..).map(|n| if n == 1 { name.to_owned() } else { format!("{n}-{name}") });
            let Some(name) = free.into_iter().find(|name| !names.contains(name)) else { continue };
            symlink(&target, root.join(&name))
                .with_context(|| format!("cannot link {name} into the demo"))?;
            names.insert(name);
        }
        Ok(Self::listing(root.to_owned(), true, names))
    }

    /// Objects of a store; what cannot be a master by its name is left out.
    pub(super) fn of_store(store: &StoreSettings, names: Vec<String>) -> Self {
        let is_master = |name: &String| {
            Path::new(name).extension().and_then(|extension| extension.to_str()).is_some_and(is_extension)
        };
        Self::at(Place::Store(store.clone()), false, names.into_iter().filter(is_master).collect())
    }

    fn listing(root: PathBuf, linked: bool, names: BTreeSet<String>) -> Self {
        Self::at(Place::Directory(root), linked, names)
    }

    fn at(place: Place, linked: bool, names: BTreeSet<String>) -> Self {
        let mut listed = Vec::new();
        for name in names {
            match Identifier::new(name) {
                Ok(identifier) if listed.len() < LISTED_AT_MOST => listed.push(identifier),
                Ok(_) => break,
                Err(error) => say!("note: not served: {error}"),
            }
        }
        let encoded = listed.iter().map(Identifier::encoded).collect();
        Self { place, linked, listed, encoded }
    }

    /// Those that the page lists, in its order.
    pub(super) fn listed(&self) -> &[Identifier] {
        &self.listed
    }

    /// Identifiers as they stand in URLs.
    pub(super) fn identifiers(&self) -> impl Iterator<Item = &str> {
        self.encoded.iter().map(String::as_str)
    }

    /// Number of masters on the page.
    pub(super) fn len(&self) -> usize {
        self.listed.len()
    }
}

/// Collects the paths of images, known by their extensions. Hidden folders are left out, and names that no URL can carry.
fn walk(directory: &Path, prefix: &str, depth: usize, names: &mut BTreeSet<String>) -> anyhow::Result<()> {
    let entries = fs::read_dir(directory).with_context(|| format!("cannot list {}", directory.display()))?;
    for entry in entries {
        let entry = entry.with_context(|| format!("cannot list {}", directory.display()))?;
        let file_name = entry.file_name();
        let Some(name) = file_name.to_str().filter(|name| !name.starts_with('.')) else { continue };
        let path = format!("{prefix}{name}");
        if entry.path().is_dir() {
            if depth < DEEPEST && !entry.path().is_symlink() {
                walk(&entry.path(), &format!("{path}/"), depth + 1, names)?;
            }
        } else if is_image(name) {
            names.insert(path);
        }
    }
    Ok(())
}

fn is_image(name: &str) -> bool {
    let ending = Path::new(name).extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    is_extension(ending)
}

/// An empty directory for links: those of the last run are removed, and nothing else ever is.
fn clear_links(root: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(root).with_context(|| format!("cannot make {}", root.display()))?;
    for entry in fs::read_dir(root)? {
        let path = entry?.path();
        if path.is_symlink() {
            fs::remove_file(&path)
                .with_context(|| format!("cannot remove the old link {}", path.display()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_become_encoded_slashes() {
        let root = tempfile::tempdir().expect("a directory");
        fs::create_dir_all(root.path().join("box 1/.hidden")).expect("folders");
        let names = ["a&b;c.tif", "box 1/ä%2F.TIFF", "box 1/.hidden/b.tif", "c.Jpeg", "d\n.tif", "notes.txt"];
        for name in names {
            fs::write(root.path().join(name), b"").expect("a file");
        }
        let masters = Masters::of_directory(root.path()).expect("masters");
        assert_eq!(
            masters.identifiers().collect::<Vec<_>>(),
            ["a&b;c.tif", "box%201%2F%C3%A4%252F.TIFF", "c.Jpeg"]
        );
    }

    #[test]
    fn files_of_one_name_do_not_hide_each_other() {
        let place = tempfile::tempdir().expect("a directory");
        let files = ["a/x.tif", "b/x.tif"].map(|name| place.path().join(name));
        for file in &files {
            fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
            fs::write(file, b"").expect("a file");
        }
        for _ in 0..2 {
            let masters =
                Masters::of_files(&files, &HashMap::new(), &place.path().join("links")).expect("masters");
            assert_eq!(masters.identifiers().collect::<Vec<_>>(), ["2-x.tif", "x.tif"]);
        }
    }
}
