//! What became of each key, as text and as JSON.

use serde::Serialize;

use super::read::Entry;

/// What became of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is written there.
    Written(String),
    /// Nothing has to be written: why.
    Needless(String),
    /// It is of something that is switched off: what.
    Unused(String),
    /// There is no equal: why, and what to use instead.
    Lost(String, String),
    /// No version that is known has such a key.
    Unknown,
}

/// What became of all keys.
#[derive(Clone, Debug, Serialize)]
pub struct Account {
    /// A line for each key, in the order of the file.
    #[serde(rename = "keys")]
    pub(super) lines: Vec<Line>,
    /// The numbers of lines that hold something, but no key.
    pub(super) passed_over: Vec<usize>,
}

/// What became of a key.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Line {
    line: usize,
    key: String,
    /// Not that of passwords.
    value: String,
    /// `written`, `needless`, `unused`, `lost` or `unknown`.
    fate: &'static str,
    /// Where it is written, or why not.
    what: String,
    /// What to use instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    instead: Option<String>,
}

/// Parts of names of keys whose values are nobody's business.
const SECRETS: [&str; 6] = ["password", "secret", "access_key", "account_key", "user", "sas"];

impl Line {
    /// That of an entry.
    pub(super) fn of(entry: &Entry, fate: Fate) -> Self {
        let Entry { key, written, value, line } = entry.clone();
        let key = written.unwrap_or(key);
        let name = key.to_ascii_lowercase();
        let is_secret = SECRETS.iter().any(|part| name.contains(part)) && !value.is_empty();
        let value = if is_secret { "(not shown)".to_owned() } else { value };
        let (fate, what, instead) = match fate {
            Fate::Written(place) => ("written", place, None),
            Fate::Needless(why) => ("needless", why, None),
            Fate::Unused(why) => ("unused", why, None),
            Fate::Lost(why, instead) => ("lost", why, Some(instead)),
            Fate::Unknown => ("unknown", "no version that is known here has this key".to_owned(), None),
        };
        Self { line, key, value, fate, what, instead }
    }
}

impl Account {
    /// How many keys had this fate.
    pub(super) fn count(&self, fate: &str) -> usize {
        self.lines.iter().filter(|line| line.fate == fate).count()
    }

    /// Whether all that the other server did is done here as well.
    pub fn is_complete(&self) -> bool {
        self.count("lost") + self.count("unknown") == 0
    }

    /// All of it as JSON.
    ///
    /// # Errors
    /// None that is known.
    pub fn json(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(self)
    }

    /// What has no equal comes last, where one sees it.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for (fate, title) in [
            ("unused", "Of something that is switched off:"),
            ("needless", "Nothing to write:"),
            ("written", "Written:"),
            ("unknown", "Unknown:"),
            ("lost", "Without an equal:"),
        ] {
            if self.count(fate) > 0 {
                text.push_str(&format!("{title}\n"));
                self.lines
                    .iter()
                    .filter(|line| line.fate == fate)
                    .for_each(|line| text.push_str(&line.text()));
                text.push('\n');
            }
        }
        if !self.passed_over.is_empty() {
            let numbers: Vec<_> = self.passed_over.iter().map(usize::to_string).collect();
            text.push_str(&format!(
                "Lines without a key, which were passed over: {}\n\n",
                numbers.join(", ")
            ));
        }
        let [written, needless, unused, lost, unknown] =
            ["written", "needless", "unused", "lost", "unknown"].map(|fate| self.count(fate));
        let all = self.lines.len();
        text + &format!(
            "{all} keys: {written} written, {needless} with nothing to write, {unused} of what is switched off, {lost} \
             without an equal, {unknown} unknown\n"
        )
    }
}

impl Line {
    fn text(&self) -> String {
        let Self { line, key, value, what, .. } = self;
        let value = value.replace('\n', "\\n");
        let instead =
            self.instead.as_ref().map(|instead| format!("\n        instead: {instead}")).unwrap_or_default();
        format!("  {line:>4}  {key} = {value}\n        {what}{instead}\n")
    }
}
