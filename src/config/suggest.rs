//! The message for a configuration file with an error.

use anyhow::anyhow;

use super::place;

/// The parser's message, behind the place that it is about; for an unknown key with the valid one that is nearest to it.
pub(super) fn explain(error: &toml::de::Error, text: &str) -> anyhow::Error {
    let message = error.message();
    let is_key = message.starts_with("unknown field");
    let place = error.span().map_or_else(String::new, |span| place::of_span(text, &span, is_key));
    let suggestion = is_key.then(|| nearest(message)).flatten();
    let suggestion = suggestion.map_or_else(String::new, |known| format!("; did you mean `{known}`?"));
    anyhow!("{place}{}{suggestion}", in_our_words(message))
}

/// The known key that is nearest to the unknown one that stands first.
fn nearest(message: &str) -> Option<&str> {
    let mut quoted = message.split('`').skip(1).step_by(2);
    let wrong = quoted.next()?;
    let nearest = quoted.map(|known| (distance(wrong, known), known)).min();
    nearest.filter(|(distance, _)| *distance <= 3).map(|(_, known)| known)
}

/// The message without words of the language that this is written in.
fn in_our_words(message: &str) -> String {
    let found = WORDS.iter().find_map(|(theirs, ours)| Some((message.strip_suffix(theirs)?, ours)));
    let message = found.map_or_else(|| message.to_owned(), |(before, ours)| format!("{before}{ours}"));
    message.replacen("unknown field", "unknown key", 1)
}

/// Levenshtein's distance in bytes.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.bytes().enumerate() {
            let substituted = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

/// What is expected, in the words of serde and in ours.
const WORDS: [(&str, &str); 9] = [
    ("expected u8", "expected a whole number from 0 to 255"),
    ("expected u16", "expected a whole number from 0 to 65535"),
    ("expected u32", "expected a whole number from 0 to 4294967295"),
    ("expected a nonzero u32", "expected a whole number from 1 to 4294967295"),
    ("expected a nonzero u64", "expected a whole number from 1"),
    ("expected u64", "expected a whole number from 0"),
    ("expected usize", "expected a whole number from 0"),
    ("expected f64", "expected a number"),
    ("expected a sequence", "expected a list such as [\"one\", \"two\"]"),
];
