//! `[masters]`, `[[source]]` and `[cache]`: where masters are, and where blocks of far ones are kept.

mod cache;
mod store;

use std::path::{Path, PathBuf};

pub use cache::CacheSettings;
pub use store::{StoreKind, StoreSettings};

/// Where masters are.
#[derive(Clone, Debug)]
pub struct Masters {
    /// At least one; no two have the same prefix, and a longer prefix stands before a shorter one.
    pub sources: Vec<SourceSettings>,
    /// Whether symbolic links may lead out of the directory of a source.
    pub follow_symlinks: bool,
}

/// A place of masters, and what their identifiers begin with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceSettings {
    /// What stands before the path below the place, as text: mostly with a slash at its end; empty for `[masters] root`.
    pub prefix: String,
    /// Where they are.
    pub place: Place,
}

/// Where the masters of a source are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// An absolute path.
    Directory(PathBuf),
    /// A store that is reached by the network.
    Store(StoreSettings),
}

impl Place {
    /// How people know it: a path, or a URL.
    pub fn name(&self) -> String {
        match self {
            Self::Directory(directory) => directory.display().to_string(),
            Self::Store(store) => store.url(),
        }
    }

    /// Whether all that is in `self` is in `other` as well.
    fn is_within(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Directory(inner), Self::Directory(outer)) => inner.starts_with(outer),
            (Self::Store(inner), Self::Store(outer)) => inner.is_within(outer),
            _ => false,
        }
    }
}

impl SourceSettings {
    /// Its directory, if it is one.
    pub fn directory(&self) -> Option<&Path> {
        match &self.place {
            Place::Directory(directory) => Some(directory),
            Place::Store(_) => None,
        }
    }

    /// Its store, if it is one.
    pub fn store(&self) -> Option<&StoreSettings> {
        match &self.place {
            Place::Directory(_) => None,
            Place::Store(store) => Some(store),
        }
    }
}

impl Masters {
    /// One directory, below which identifiers are paths.
    pub fn below(directory: impl Into<PathBuf>) -> Self {
        let only = SourceSettings { prefix: String::new(), place: Place::Directory(directory.into()) };
        Self { sources: vec![only], follow_symlinks: false }
    }

    /// One of the sources by itself, where identifiers are paths.
    pub fn alone(&self, source: &SourceSettings) -> Self {
        let only = SourceSettings { prefix: String::new(), place: source.place.clone() };
        Self { sources: vec![only], follow_symlinks: self.follow_symlinks }
    }

    /// The stores among the sources, each with its place in the list.
    pub fn stores(&self) -> impl Iterator<Item = (usize, &StoreSettings)> {
        let numbered = self.sources.iter().enumerate();
        numbered.filter_map(|(at, source)| Some((at, source.store()?)))
    }

    /// What is wise to change, for the operator: masters with two identifiers each have two copies of each picture in
    /// every cache.
    pub fn doubts(&self) -> Vec<String> {
        let mut doubts = Vec::new();
        for (one, other) in self.pairs() {
            let (outer, inner) = match one.place.is_within(&other.place) {
                true => (other, one),
                false => (one, other),
            };
            if inner.place.is_within(&outer.place) {
                doubts.push(format!(
                    "masters in {} have two identifiers, one with the prefix {:?} and one with {:?}: all caches keep both",
                    inner.place.name(),
                    inner.prefix,
                    outer.prefix
                ));
            }
        }
        doubts
    }

    /// Each source with each of those after it.
    fn pairs(&self) -> impl Iterator<Item = (&SourceSettings, &SourceSettings)> {
        let numbered = self.sources.iter().enumerate();
        numbered.flat_map(|(at, one)| self.sources[at + 1..].iter().map(move |other| (one, other)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_within_each_other_are_doubted() {
        let doubts = |sources: &[(&str, &str)]| {
            let of = |(prefix, directory): &(&str, &str)| SourceSettings {
                prefix: (*prefix).to_owned(),
                place: Place::Directory(directory.into()),
            };
            Masters { sources: sources.iter().map(of).collect(), follow_symlinks: false }.doubts()
        };
        for (sources, inner) in [
            (&[("m/", "/srv/maps"), ("", "/srv")][..], Some("/srv/maps")),
            (&[("m/", "/srv"), ("", "/srv/all")], Some("/srv/all")),
            (&[("m/", "/srv"), ("", "/srv")], Some("/srv")),
            (&[("m/", "/srv/maps"), ("", "/srv/map")], None),
        ] {
            let found = doubts(sources);
            assert_eq!(found.len(), usize::from(inner.is_some()), "{sources:?}");
            assert!(
                inner.is_none_or(|inner| found[0].starts_with(&format!("masters in {inner} "))),
                "{found:?}"
            );
        }
    }
}
