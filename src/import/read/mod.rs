//! Configurations as they stand in files, made into keys with their values and lines. What is no setting is passed over
//! and counted. Pure.

mod properties;
mod variables;

use std::collections::BTreeMap;

/// A key, its value, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) key: String,
    /// The key as it is written, where the environment has another name for it.
    pub(super) written: Option<String>,
    pub(super) value: String,
    /// From 1.
    pub(super) line: usize,
}

impl Entry {
    fn new(key: String, value: String, line: usize) -> Self {
        Self { key, written: None, value, line }
    }
}

/// All keys of a configuration, in their order; the last of several of one name counts.
pub(super) struct Keys {
    entries: Vec<Entry>,
    by_name: BTreeMap<String, usize>,
    passed_over: Vec<usize>,
}

/// The keys of a text: Java properties, or variables of an environment in one of many forms; whichever gives more keys
/// that are `known`.
pub(super) fn keys(text: &str, known: impl Fn(&str) -> bool) -> Keys {
    let text = text.trim_start_matches('\u{feff}');
    let (variables, properties) = (variables::read(text), properties::read(text));
    let count = |entries: &[Entry]| entries.iter().filter(|entry| known(&entry.key)).count();
    let (one, other) = (count(&properties.0), count(&variables.0));
    // Either reads simple lines; only long lines, escapes and quotes differ.
    let dotted = properties.0.iter().any(|entry| entry.key.contains('.') && known(&entry.key));
    match one > other || (one == other && dotted) {
        true => Keys::new(properties.0, properties.1),
        false => Keys::new(variables.0, variables.1),
    }
}

impl Keys {
    fn new(entries: Vec<Entry>, passed_over: Vec<usize>) -> Self {
        let by_name = entries.iter().enumerate().map(|(at, entry)| (entry.key.clone(), at)).collect();
        Self { entries, by_name, passed_over }
    }

    /// All of them.
    pub(super) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter()
    }

    /// The value that counts for a key; None if it is missing or empty.
    pub(super) fn get(&self, key: &str) -> Option<&str> {
        let value = self.by_name.get(key).map(|at| &*self.entries[*at].value);
        value.filter(|value| !value.is_empty())
    }

    /// Whether a later line says this key once more.
    pub(super) fn is_overruled(&self, entry: &Entry) -> bool {
        self.by_name.get(&entry.key).is_some_and(|at| self.entries[*at].line != entry.line)
    }

    /// Whether a key is there and says yes.
    pub(super) fn is_on(&self, key: &str) -> bool {
        self.get(key).is_some_and(is_yes)
    }

    /// Lines that hold something, but no key.
    pub(super) fn passed_over(&self) -> &[usize] {
        &self.passed_over
    }

    /// With other names for those keys that `name` has one for.
    pub(super) fn renamed(self, name: impl Fn(&str) -> Option<&'static str>) -> Self {
        let rename = |entry: Entry| match name(&entry.key) {
            Some(name) => Entry { key: name.to_owned(), written: Some(entry.key), ..entry },
            None => entry,
        };
        Self::new(self.entries.into_iter().map(rename).collect(), self.passed_over)
    }
}

/// What counts as yes.
pub(super) fn is_yes(value: &str) -> bool {
    matches!(value.to_ascii_lowercase().as_str(), "true" | "yes" | "on" | "1")
}
