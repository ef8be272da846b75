//! Whether the files of Recto that NGINX reads are the shipped ones, whole. Comments and blank lines do not count.

use std::collections::BTreeMap;
use std::path::Path;

use crate::check::Finding;

/// The shipped files, of which nothing is to be edited.
pub(super) const HTTP: &str = include_str!("../../../../nginx/http.conf");
pub(super) const LOCATION: &str = include_str!("../../../../nginx/location.conf");

/// Where the shipped files name each other.
const DIRECTORY: &str = "/etc/recto/nginx";

/// How a file stands that should have the text of `shipped`.
pub(super) fn judge(path: &Path, found: &str, shipped: &str) -> Finding {
    let about = path.display().to_string();
    let directory = directory_in(found).unwrap_or(DIRECTORY);
    let shipped = shipped.replace(DIRECTORY, directory);
    let (wanted, there) = (lines(&shipped), lines(found));
    let (lacking, added) = (difference(&wanted, &there), difference(&there, &wanted));
    if lacking.is_empty() && added.is_empty() {
        return Finding::fine(about, "is the shipped file, whole");
    }
    let texts =
        |lines: &[(usize, &str)]| lines.iter().map(|(_, text)| (*text).to_owned()).collect::<Vec<_>>();
    if added.is_empty() && texts(&wanted).starts_with(&texts(&there)) {
        let last = there.last().map_or(0, |(line, _)| *line);
        return Finding::error(about, format!("is cut off after line {last}")).mend(UPGRADE);
    }
    let what = format!(
        "is not the file of this version of Recto: {} lines of that are missing{}, {} others are in it{}",
        lacking.len(),
        examples(&lacking),
        added.len(),
        examples(&added)
    );
    Finding::warning(about, what).mend(UPGRADE)
}

const UPGRADE: &str = "Put the shipped file in its place (after an upgrade of the package it may lie beside it, as .dpkg-dist), \
                       and what you have changed into settings.conf, local-http.conf, local.conf or local-headers.conf.";

/// The directory in which this file expects the others.
fn directory_in(text: &str) -> Option<&str> {
    let files = ["/settings.conf\"", "/local[.]conf\"", "/local-http[.]conf\""];
    let line = text.lines().find(|line| files.iter().any(|file| line.contains(file)))?;
    let path = line.split('"').nth(1)?;
    path.rsplit_once('/').map(|(directory, _)| directory)
}

/// The lines that mean something, with their numbers.
fn lines(text: &str) -> Vec<(usize, &str)> {
    let numbered = (1..).zip(text.lines().map(without_comment));
    numbered.filter(|(_, line)| !line.is_empty()).collect()
}

/// A `#` behind a space begins a comment; in these files none stands in quotation marks.
fn without_comment(line: &str) -> &str {
    let line = line.trim();
    if line.starts_with('#') { "" } else { line.split(" #").next().unwrap_or_default().trim_end() }
}

/// The lines that one has more often than the other.
fn difference<'t>(one: &[(usize, &'t str)], other: &[(usize, &'t str)]) -> Vec<(usize, &'t str)> {
    let mut left = BTreeMap::new();
    for (_, line) in other {
        *left.entry(*line).or_insert(0_usize) += 1;
    }
    let is_left = |(_, line): &&(usize, &'t str)| match left.get_mut(line) {
        Some(count @ 1..) => {
            *count -= 1;
            false
        }
        _ => true,
    };
    one.iter().filter(is_left).copied().collect()
}

/// The first of some lines.
fn examples(lines: &[(usize, &str)]) -> String {
    let some: Vec<_> = lines.iter().take(3).map(|(number, text)| format!("{number}: `{text}`")).collect();
    if some.is_empty() { String::new() } else { format!(" ({})", some.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Severity;

    #[test]
    fn differences_are_named_and_comments_are_none() {
        let elsewhere = HTTP.replace(DIRECTORY, "/opt/etc/recto/nginx");
        let commented = HTTP.replace("\n\n", "\n# mine\n\n");
        let edited = HTTP.replace("server 127.0.0.1:9 down;", "server 127.0.0.1:8 down;");
        let half = &HTTP[..HTTP.len() / 2];
        let half = &half[..half.rfind('\n').expect("lines")];
        for (found, severity, word) in [
            (HTTP, Severity::Fine, "whole"),
            (&elsewhere, Severity::Fine, "whole"),
            (&commented, Severity::Fine, "whole"),
            (&edited, Severity::Warning, "server 127.0.0.1:8 down;"),
            (half, Severity::Error, "cut off after line"),
            ("", Severity::Error, "cut off after line 0"),
            (LOCATION, Severity::Warning, "others are in it"),
        ] {
            let finding = judge(Path::new("/f"), found, HTTP);
            assert!(finding.severity == severity && finding.what.contains(word), "{finding:?}");
        }
    }
}
