//! A finding: how bad it is, what it is about, what is so, what to do. A plain value.

use serde::{Deserialize, Serialize};

/// How bad a finding is, from good to bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// As it should be.
    Fine,
    /// It works, and could be better, or could not be looked at.
    Advice,
    /// It works, but some clients or some masters will meet with trouble.
    Warning,
    /// It does not work.
    Error,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// What it is about, in a word or a path: `socket`, `maps/a.tif`, a URL.
    pub about: String,
    /// What is so: a sentence without a full stop at its end. Without what clients or masters could have put into it
    /// unescaped.
    pub what: String,
    /// What to do, in a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
    /// What to type, or to write into a file: lines to copy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// Whether the service cannot serve as long as this is so.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub decisive: bool,
}

impl Finding {
    /// Something that is as it should be.
    pub fn fine(about: impl Into<String>, what: impl Into<String>) -> Self {
        Self::new(Severity::Fine, about, what)
    }

    /// Something that could be better.
    pub fn advice(about: impl Into<String>, what: impl Into<String>) -> Self {
        Self::new(Severity::Advice, about, what)
    }

    /// Something that some will have trouble with.
    pub fn warning(about: impl Into<String>, what: impl Into<String>) -> Self {
        Self::new(Severity::Warning, about, what)
    }

    /// Something that does not work.
    pub fn error(about: impl Into<String>, what: impl Into<String>) -> Self {
        Self::new(Severity::Error, about, what)
    }

    fn new(severity: Severity, about: impl Into<String>, what: impl Into<String>) -> Self {
        let (about, what) = (about.into(), what.into());
        Self { severity, about, what, advice: None, command: None, decisive: false }
    }

    /// With what to do about it.
    #[must_use]
    pub fn mend(self, advice: impl Into<String>) -> Self {
        Self { advice: Some(advice.into()), ..self }
    }

    /// With the lines to copy that do it.
    #[must_use]
    pub fn by(self, command: impl Into<String>) -> Self {
        Self { command: Some(command.into()), ..self }
    }

    /// As something without which the service cannot serve.
    #[must_use]
    pub fn decisive(self) -> Self {
        Self { decisive: true, ..self }
    }
}

/// Text of somebody else's in one line, without what a terminal would obey.
pub(super) fn plain(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}
