//! `[masters]` and `[[source]]`: where masters are.

use std::path::PathBuf;

/// Where masters are.
#[derive(Clone, Debug)]
pub struct Masters {
    /// At least one; no two have the same prefix, and a longer prefix stands before a shorter one.
    pub sources: Vec<SourceSettings>,
    /// Whether symbolic links may lead out of the directory of a source.
    pub follow_symlinks: bool,
}

/// A directory of masters, and what their identifiers begin with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceSettings {
    /// What stands before the path below the directory, as text: mostly with a slash at its end; empty for `[masters] root`.
    pub prefix: String,
    /// Absolute.
    pub directory: PathBuf,
}

impl Masters {
    /// One directory, below which identifiers are paths.
    pub fn below(directory: impl Into<PathBuf>) -> Self {
        let only = SourceSettings { prefix: String::new(), directory: directory.into() };
        Self { sources: vec![only], follow_symlinks: false }
    }

    /// One of the sources by itself, where identifiers are paths.
    pub fn alone(&self, source: &SourceSettings) -> Self {
        Self { follow_symlinks: self.follow_symlinks, ..Self::below(&source.directory) }
    }

    /// What is wise to change, for the operator: masters with two identifiers each have two copies of each picture in
    /// every cache.
    pub fn doubts(&self) -> Vec<String> {
        let mut doubts = Vec::new();
        for (one, other) in self.pairs() {
            let (outer, inner) = match one.directory.starts_with(&other.directory) {
                true => (other, one),
                false => (one, other),
            };
            if inner.directory.starts_with(&outer.directory) {
                doubts.push(format!(
                    "masters in {} have two identifiers, one with the prefix {:?} and one with {:?}: all caches keep both",
                    inner.directory.display(),
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
                directory: directory.into(),
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
