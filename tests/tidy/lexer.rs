//! Rust's tokens, as far as tidiness needs them: names and signs with their lines. Comments vanish; a literal is one
//! token, so that nothing in it is taken for code.

/// A name, a sign or a literal (always `""`), and the line that it stands on, from 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Token {
    pub line: usize,
    pub text: String,
}

/// The tokens of a source file. `::` is one token, every other sign is one of its own.
pub fn tokens(source: &str) -> Vec<Token> {
    let (mut rest, mut line, mut tokens) = (source, 1, Vec::new());
    while let Some(first) = rest.chars().next() {
        let length = length_of_next(rest, first);
        let (text, behind) = rest.split_at(length);
        if !first.is_whitespace() && !text.starts_with("//") && !text.starts_with("/*") {
            let text = if is_literal(text) { "\"\"" } else { text.strip_prefix("r#").unwrap_or(text) };
            tokens.push(Token { line, text: text.into() });
        }
        line += text.matches('\n').count();
        rest = behind;
    }
    tokens
}

fn length_of_next(rest: &str, first: char) -> usize {
    if let Some(length) = comment(rest).or_else(|| string(rest)).or_else(|| character(rest)) {
        return length;
    }
    if rest.starts_with("::") {
        return 2;
    }
    let raw = if rest.starts_with("r#") { 2 } else { 0 };
    let name = rest[raw..].find(|c: char| !is_of_name(c)).unwrap_or(rest.len() - raw);
    if name > 0 { raw + name } else { first.len_utf8() }
}

fn is_of_name(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

fn is_literal(text: &str) -> bool {
    text.len() > 1 && text.ends_with(['"', '\'', '#']) || text == "\""
}

/// The length of a comment. Those between `/*` and `*/` nest.
fn comment(rest: &str) -> Option<usize> {
    if rest.starts_with("//") {
        return Some(rest.find('\n').unwrap_or(rest.len()));
    }
    rest.strip_prefix("/*")?;
    let (mut depth, mut at) = (1, 2);
    while depth > 0 {
        let Some(next) = rest[at..].find(['/', '*']) else { return Some(rest.len()) };
        at += next;
        let step = match rest.as_bytes().get(at..at + 2) {
            Some(b"/*") => 1,
            Some(b"*/") => -1,
            _ => 0,
        };
        depth += step;
        at += if step == 0 { 1 } else { 2 };
    }
    Some(at)
}

/// The length of a string of any kind: `""`, `b""`, `c""`, `r""`, `br#""#`.
fn string(rest: &str) -> Option<usize> {
    let prefix = ["", "b", "c", "r", "br", "cr"].into_iter().rev().find(|prefix| {
        rest.strip_prefix(prefix).is_some_and(|behind| behind.trim_start_matches('#').starts_with('"'))
    })?;
    let hashes = rest[prefix.len()..].find('"')?;
    if hashes > 0 && !prefix.ends_with('r') {
        return None;
    }
    let start = prefix.len() + hashes + 1;
    if prefix.ends_with('r') {
        let end = format!("\"{}", "#".repeat(hashes));
        return Some(rest[start..].find(&end).map_or(rest.len(), |at| start + at + end.len()));
    }
    Some(start + until(&rest[start..], '"'))
}

/// The length of a character, `'x'` or `b'\n'`, and not of a lifetime.
fn character(rest: &str) -> Option<usize> {
    let start = if rest.starts_with("b'") { 2 } else { 1 };
    let inner = rest.strip_prefix("b'").or_else(|| rest.strip_prefix('\''))?;
    let mut chars = inner.chars();
    match chars.next()? {
        '\\' => Some(start + until(inner, '\'')),
        one => (chars.next() == Some('\'')).then(|| start + one.len_utf8() + 1),
    }
}

/// The bytes up to and with the closing quote. A backslash takes away the meaning of what follows it.
fn until(inner: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in inner.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return at + 1,
            _ => {}
        }
    }
    inner.len()
}

/// Tokens without what is compiled for tests only, and the names of modules in files of their own that are.
///
/// An attribute `#[cfg(test)]` takes with it all up to the `;` or the closing brace of what it stands before.
pub fn without_tests(tokens: &[Token]) -> (Vec<Token>, Vec<String>) {
    let (mut kept, mut modules, mut at) = (Vec::new(), Vec::new(), 0);
    while at < tokens.len() {
        if starts_with(&tokens[at..], &["#", "[", "cfg", "(", "test", ")", "]"]) {
            let end = at + 7 + end_of_item(&tokens[at + 7..]);
            if let [.., word, name, semicolon] = &tokens[at..end]
                && (&*word.text, &*semicolon.text) == ("mod", ";")
            {
                modules.push(name.text.clone());
            }
            at = end;
        } else {
            kept.push(tokens[at].clone());
            at += 1;
        }
    }
    (kept, modules)
}

pub fn starts_with(tokens: &[Token], texts: &[&str]) -> bool {
    tokens.len() >= texts.len() && tokens.iter().zip(texts).all(|(token, text)| token.text == *text)
}

fn end_of_item(tokens: &[Token]) -> usize {
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate() {
        match &*token.text {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth -= 1,
            _ => {}
        }
        if depth == 0 && matches!(&*token.text, ";" | "}") {
            return at + 1;
        }
    }
    tokens.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(source: &str, expected: &str) {
        let texts: Vec<_> = tokens(source).into_iter().map(|token| token.text).collect();
        assert_eq!(texts.join(" "), expected, "{source}");
    }

    #[test]
    fn comments_vanish_and_literals_are_one_token() {
        check("a // unsafe\nb /* x /* y */ unsafe */ c", "a b c");
        check(r#"f("unsafe \" { ", b"x", c"y")"#, r#"f ( "" , "" , "" )"#);
        check(r###"r"\" x r##"a "# b"## br"" y"###, r#""" x "" "" y"#);
        check(r"m('{', '\'', b'\\', '\u{7b}') z", r#"m ( "" , "" , "" , "" ) z"#);
        check("fn f<'a>(x: &'a str, y: &'static u8)", "fn f < ' a > ( x : & ' a str , y : & ' static u8 )");
        check("r#type::x 0x_ff 'l: loop", "type :: x 0x_ff ' l : loop");
    }

    #[test]
    fn tokens_know_their_lines() {
        let lines: Vec<_> = tokens("a\n/* \n */ \"\n\n\" b").into_iter().map(|token| token.line).collect();
        assert_eq!(lines, [1, 3, 5]);
    }

    #[test]
    fn what_is_for_tests_is_left_out() {
        let source = "use a; #[cfg(test)] mod twin; #[cfg(test)] #[allow(x)] pub(crate) fn f(a: [u8; 4]) { {} } fn g() {}\n\
                      #[cfg(test)] mod tests { use crate::up; } #[cfg(not(test))] mod h;";
        let (kept, modules) = without_tests(&tokens(source));
        let kept: Vec<_> = kept.into_iter().map(|token| token.text).collect();
        assert_eq!(kept.join(" "), "use a ; fn g ( ) { } # [ cfg ( not ( test ) ) ] mod h ;");
        assert_eq!(modules, ["twin"]);
    }
}
