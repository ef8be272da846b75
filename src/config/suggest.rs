//! The message for a configuration file with an error.

use anyhow::anyhow;

/// The parser's message, and for an unknown key the valid one that is nearest to it.
pub(super) fn explain(error: &toml::de::Error) -> anyhow::Error {
    let message = error.message();
    let suggestion = (message.starts_with("unknown field"))
        .then(|| {
            let mut quoted = message.split('`').skip(1).step_by(2);
            let wrong = quoted.next()?;
            quoted.map(|known| (distance(wrong, known), known)).min().filter(|(distance, _)| *distance <= 3)
        })
        .flatten();
    match suggestion {
        Some((_, known)) => anyhow!("{error}did you mean `{known}`?"),
        None => anyhow!("{error}"),
    }
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
