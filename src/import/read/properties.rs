//! Java properties (java.util.Properties, load).

use super::Entry;

/// The keys, and the lines that hold none.
pub(super) fn read(text: &str) -> (Vec<Entry>, Vec<usize>) {
    let (mut entries, mut passed_over) = (Vec::new(), Vec::new());
    for (line, logical) in logical_lines(text) {
        match split(&logical) {
            Some((key, value)) => entries.push(Entry::new(unescaped(key), unescaped(value), line)),
            None => passed_over.push(line),
        }
    }
    (entries, passed_over)
}

/// Lines that hold something, each with its number and what a `\` at its end joins to it.
fn logical_lines(text: &str) -> Vec<(usize, String)> {
    let mut lines: Vec<(usize, String)> = Vec::new();
    let mut goes_on = false;
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim_start();
        let continues = line.chars().rev().take_while(|letter| *letter == '\\').count() % 2 == 1;
        let part = if continues { &line[..line.len() - 1] } else { line };
        match lines.last_mut() {
            Some((_, last)) if goes_on => last.push_str(part),
            _ if line.is_empty() || line.starts_with(['#', '!']) => continue,
            _ => lines.push((number, part.to_owned())),
        }
        goes_on = continues;
    }
    lines
}

/// A key ends at the first `=`, `:` or white space that is not escaped.
fn split(line: &str) -> Option<(&str, &str)> {
    let mut escaped = false;
    let end = line.char_indices().find(|(_, letter)| {
        let ends = !escaped && (matches!(letter, '=' | ':') || letter.is_whitespace());
        escaped = !escaped && *letter == '\\';
        ends
    });
    let (at, _) = end?;
    let rest = line[at..].trim_start();
    let value = rest.strip_prefix(['=', ':']).unwrap_or(rest);
    (at > 0).then(|| (&line[..at], value.trim()))
}

fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            plain.push(letter);
            continue;
        }
        match letters.next() {
            Some('n') => plain.push('\n'),
            Some('t') => plain.push('\t'),
            Some('r') => plain.push('\r'),
            Some('u') => {
                let digits: String = letters.by_ref().take(4).collect();
                let code = u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32);
                plain.push(code.unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            Some(other) => plain.push(other),
            None => {}
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_as_java_reads_them() {
        let text =
            "# a comment\n! another\n\n a.b = c d \ne:f\ng h\\\n   i\nj\\=k = \\u00e9\\\\\nlone\n = x\n";
        let (entries, passed_over) = read(text);
        let found: Vec<_> = entries.iter().map(|entry| (&*entry.key, &*entry.value, entry.line)).collect();
        assert_eq!(found, [("a.b", "c d", 4), ("e", "f", 5), ("g", "hi", 6), ("j=k", "\u{e9}\\", 8)]);
        assert_eq!(passed_over, [9, 10]);
    }

    #[test]
    fn broken_text_does_no_harm() {
        for text in ["\\", "a=\\u12", "=\\", "a\\", "\\u=", "é\\\n\\"] {
            read(text);
        }
    }
}
