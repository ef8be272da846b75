//! Findings in their order: as aligned text, as JSON, and as an exit status.

use std::env;
use std::io::{self, ErrorKind, IsTerminal, Write};

use serde::Serialize;

use super::{Finding, Severity};

/// What was found, in the order in which it was looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// All of it.
    pub findings: Vec<Finding>,
}

/// How the text looks where it goes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Look {
    /// Whether severities are coloured.
    pub(super) colours: bool,
    /// Columns of the terminal; None where lines may be as long as they are.
    pub(super) width: Option<usize>,
}

/// The report as JSON.
#[derive(Serialize)]
struct Whole<'r> {
    status: u8,
    findings: &'r [Finding],
}

impl Report {
    /// Exit status when there is nothing, or advice.
    pub const WELL: u8 = 0;
    /// Exit status when there are warnings or errors.
    pub const UNWELL: u8 = 1;
    /// Exit status when the configuration cannot be served: `EX_CONFIG` of sysexits.h, which systemd knows as well.
    pub const CONFIGURATION: u8 = 78;

    /// The exit status that says how things stand.
    pub fn status(&self) -> u8 {
        match self.findings.iter().map(|finding| finding.severity).max() {
            _ if self.findings.iter().any(|finding| finding.decisive) => Self::CONFIGURATION,
            Some(Severity::Warning | Severity::Error) => Self::UNWELL,
            _ => Self::WELL,
        }
    }

    /// Writes it to the standard output: for people, coloured on a terminal unless `NO_COLOR` is set, or as JSON.
    ///
    /// # Errors
    /// If it cannot be written. A reader who has gone is none.
    pub fn print(&self, as_json: bool) -> io::Result<()> {
        let mut text = if as_json { self.json()? } else { self.text(Look::of_stdout()) };
        if as_json {
            text.push('\n');
        }
        match io::stdout().write_all(text.as_bytes()) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
            written => written,
        }
    }

    /// Writes what is decisive to the standard error, a line each: for logs.
    pub fn print_errors(&self) {
        for finding in self.findings.iter().filter(|finding| finding.decisive) {
            match finding.what.contains(&finding.about) {
                true => eprintln!("recto: {}", finding.what),
                false => eprintln!("recto: {}: {}", finding.about, finding.what),
            }
        }
    }

    fn json(&self) -> io::Result<String> {
        Ok(serde_json::to_string_pretty(&Whole { status: self.status(), findings: &self.findings })?)
    }

    fn text(&self, look: Look) -> String {
        let about = self.findings.iter().map(|finding| finding.about.chars().count()).max().unwrap_or(0);
        let mut text = String::new();
        for finding in &self.findings {
            // Of a long path only its own line is wide.
            write_finding(&mut text, finding, about.min(LONGEST_ABOUT), look);
        }
        text + &self.summary() + "\n"
    }

    /// How many there are of each kind.
    fn summary(&self) -> String {
        let kinds = [Severity::Error, Severity::Warning, Severity::Advice, Severity::Fine];
        let count = |kind| self.findings.iter().filter(|finding| finding.severity == kind).count();
        let counts = kinds.map(|kind| (count(kind), kind)).into_iter().filter(|(count, _)| *count > 0);
        let counts: Vec<_> = counts.map(|(count, kind)| format!("{count} {}", kind.label())).collect();
        if counts.is_empty() { "nothing was looked at".to_owned() } else { counts.join(", ") }
    }
}

impl Look {
    /// As the standard output is.
    pub(super) fn of_stdout() -> Self {
        let out = io::stdout();
        let is_terminal = out.is_terminal();
        let wanted = env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        let width = rustix::termios::tcgetwinsize(&out).map(|size| usize::from(size.ws_col));
        Self { colours: is_terminal && wanted, width: width.ok().filter(|width| is_terminal && *width > 0) }
    }
}

impl Severity {
    fn label(self) -> &'static str {
        match self {
            Self::Fine => "fine",
            Self::Advice => "advice",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }

    /// Its colour, as ECMA-48 has it.
    fn colour(self) -> &'static str {
        match self {
            Self::Fine => "32",
            Self::Advice => "36",
            Self::Warning => "33",
            Self::Error => "31",
        }
    }
}

fn write_finding(text: &mut String, finding: &Finding, about: usize, look: Look) {
    let indent = LABEL + about + 2;
    let label = finding.severity.label();
    let (on, off) = match look.colours {
        true => (format!("\u{1b}[{}m", finding.severity.colour()), "\u{1b}[0m"),
        false => (String::new(), ""),
    };
    let gap = " ".repeat(LABEL - label.len());
    text.push_str(&format!("{on}{label}{off}{gap}{:about$}  ", finding.about));
    wrap(text, &finding.what, indent, look.width);
    if let Some(advice) = &finding.advice {
        text.push_str(&" ".repeat(indent));
        wrap(text, advice, indent, look.width);
    }
    for line in finding.command.iter().flat_map(|command| command.lines()) {
        // Lines to copy are not broken.
        text.push_str(&format!("{:indent$}  {line}\n", ""));
    }
}

/// Writes words, and a new line with this indent where a word would not fit into the width.
pub(super) fn wrap(text: &mut String, words: &str, indent: usize, width: Option<usize>) {
    let room = width.map_or(usize::MAX, |width| width.saturating_sub(indent).max(20));
    for (number, line) in words.lines().enumerate() {
        if number > 0 {
            text.push_str(&" ".repeat(indent));
        }
        let mut used = 0;
        for word in line.split(' ') {
            let length = word.chars().count();
            if used > 0 && used + 1 + length > room {
                text.push_str(&format!("\n{:indent$}", ""));
                used = 0;
            } else if used > 0 {
                text.push(' ');
                used += 1;
            }
            text.push_str(word);
            used += length;
        }
        text.push('\n');
    }
}

/// What stands in the second column is no wider, but for what is longer by itself.
const LONGEST_ABOUT: usize = 24;

/// Columns before the second one.
const LABEL: usize = 9;

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        let findings = vec![
            Finding::fine("configuration", "valid"),
            Finding::advice("mounts", "one two three four five six").mend("Do it:").by("first line\nsecond"),
        ];
        Report { findings }
    }

    #[test]
    fn text_is_aligned_and_bare_unless_for_a_terminal() {
        let expected = "fine     configuration  valid\n\
                        advice   mounts         one two three four five six\n\
                        \x20                       Do it:\n\
                        \x20                         first line\n\
                        \x20                         second\n\
                        1 advice, 1 fine\n";
        assert_eq!(report().text(Look::default()), expected);
        assert_eq!(Report::default().text(Look::default()), "nothing was looked at\n");
    }

    #[test]
    fn on_a_terminal_words_are_wrapped_and_labels_coloured() {
        let text = report().text(Look { colours: true, width: Some(46) });
        let expected = "\u{1b}[32mfine\u{1b}[0m     configuration  valid\n\
                        \u{1b}[36madvice\u{1b}[0m   mounts         one two three four\n\
                        \x20                       five six\n";
        assert!(text.starts_with(expected), "{text}");
    }

    #[test]
    fn the_exit_status_is_that_of_the_worst() {
        let (fine, advice) = (Finding::fine("", ""), Finding::advice("", ""));
        for (findings, status) in [
            (vec![], 0),
            (vec![fine.clone(), advice.clone()], 0),
            (vec![Finding::warning("", ""), fine.clone()], 1),
            (vec![Finding::error("", ""), advice], 1),
            (vec![Finding::error("", "").decisive(), fine], 78),
        ] {
            assert_eq!(Report { findings: findings.clone() }.status(), status, "{findings:?}");
        }
    }

    #[test]
    fn json_has_what_there_is() {
        let json: serde_json::Value = serde_json::from_str(&report().json().expect("JSON")).expect("JSON");
        let expected = serde_json::json!({"status": 0, "findings": [
            {"severity": "fine", "about": "configuration", "what": "valid"},
            {"severity": "advice", "about": "mounts", "what": "one two three four five six", "advice": "Do it:",
             "command": "first line\nsecond"},
        ]});
        assert_eq!(json, expected);
    }
}
