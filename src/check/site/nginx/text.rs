//! The text of a configuration of NGINX, as directives. Pure. It is read as NGINX reads it (ngx_conf_file.c), as far as one
//! has to in order to know which directive stands where.

use std::path::{Path, PathBuf};
use std::rc::Rc;

/// A directive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Directive {
    /// Its name, and in a `map` or the like what is compared.
    pub(super) name: String,
    /// What follows on it, without quotation marks.
    pub(super) arguments: Vec<String>,
    /// What stands in its braces; empty if it has none.
    pub(super) inner: Vec<Directive>,
    /// The file that it stands in.
    pub(super) file: Rc<Path>,
    /// The line of that, from 1.
    pub(super) line: usize,
}

impl Directive {
    /// The first argument, or nothing.
    pub(super) fn first(&self) -> &str {
        self.arguments.first().map_or("", |argument| argument)
    }

    /// The directives of this name directly in its braces.
    pub(super) fn all<'d>(&'d self, name: &'d str) -> impl Iterator<Item = &'d Self> {
        self.inner.iter().filter(move |directive| directive.name == name)
    }

    /// Where it stands, for people.
    pub(super) fn place(&self) -> String {
        format!("{}:{}", self.file.display(), self.line)
    }
}

/// What a token of the text is.
#[derive(Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    Semicolon,
    Open,
    Close,
}

/// The directives of a file, with those in their braces.
///
/// # Errors
/// If it cannot be one: with the line.
pub(super) fn parse(text: &str, file: &Path) -> Result<Vec<Directive>, String> {
    let file: Rc<Path> = PathBuf::from(file).into();
    let mut tokens = Tokens { rest: text, line: 1 };
    let mut open: Vec<Directive> = Vec::new();
    let (mut words, mut done) = (Vec::new(), Vec::new());
    while let Some(token) = tokens.next() {
        let wrong = |what: &str| Err(format!("{}:{}: {what}", file.display(), tokens.line));
        match token {
            Token::Word(word) => words.push(word),
            Token::Semicolon | Token::Open if words.is_empty() => return wrong("a directive without a name"),
            Token::Semicolon | Token::Open => {
                let mut words = std::mem::take(&mut words).into_iter();
                let name = words.next().unwrap_or_default();
                let directive = Directive {
                    name,
                    arguments: words.collect(),
                    inner: Vec::new(),
                    file: Rc::clone(&file),
                    line: tokens.line,
                };
                match token {
                    Token::Open if directive.name.ends_with("_by_lua_block") => {
                        tokens.skip_block();
                        push(&mut open, &mut done, directive);
                    }
                    Token::Open if open.len() >= DEEPEST => return wrong("braces are nested too deep"),
                    Token::Open => open.push(directive),
                    _ => push(&mut open, &mut done, directive),
                }
            }
            Token::Close => match open.pop().filter(|_| words.is_empty()) {
                Some(directive) => push(&mut open, &mut done, directive),
                None => return wrong("a brace is closed that is not open"),
            },
        }
    }
    match open.pop() {
        Some(directive) => Err(format!("{}: `{}` is not closed", directive.place(), directive.name)),
        None if !words.is_empty() => Err(format!("{}: it ends in a directive", file.display())),
        None => Ok(done),
    }
}

/// Puts a directive where it belongs: into the innermost that is open.
fn push(open: &mut [Directive], done: &mut Vec<Directive>, directive: Directive) {
    match open.last_mut() {
        Some(outer) => outer.inner.push(directive),
        None => done.push(directive),
    }
}

struct Tokens<'t> {
    rest: &'t str,
    line: usize,
}

impl Tokens<'_> {
    fn take(&mut self, bytes: usize) -> &str {
        let (taken, rest) = self.rest.split_at(bytes);
        self.line += taken.bytes().filter(|&byte| byte == b'\n').count();
        self.rest = rest;
        taken
    }

    fn next(&mut self) -> Option<Token> {
        loop {
            let blank = self.rest.len() - self.rest.trim_start().len();
            self.take(blank);
            if !self.rest.starts_with('#') {
                break;
            }
            self.take(self.rest.find('\n').unwrap_or(self.rest.len()));
        }
        let token = match self.rest.chars().next()? {
            ';' => Token::Semicolon,
            '{' => Token::Open,
            '}' => Token::Close,
            quote @ ('"' | '\'') => return Some(Token::Word(self.quoted(quote))),
            _ => return Some(Token::Word(self.plain())),
        };
        self.take(1);
        Some(token)
    }

    /// A word in quotation marks, in which a backslash takes their meaning away.
    fn quoted(&mut self, quote: char) -> String {
        let (mut word, mut escaped, mut end) = (String::new(), false, self.rest.len());
        for (at, letter) in self.rest.char_indices().skip(1) {
            match letter {
                _ if escaped => {
                    if letter != quote && letter != '\\' {
                        word.push('\\');
                    }
                    word.push(letter);
                    escaped = false;
                }
                '\\' => escaped = true,
                _ if letter == quote => {
                    end = at + 1;
                    break;
                }
                _ => word.push(letter),
            }
        }
        self.take(end);
        word
    }

    /// A word up to a space or a sign. The brace of `${name}` belongs to it.
    fn plain(&mut self) -> String {
        let (mut before, mut end) = (' ', self.rest.len());
        for (at, letter) in self.rest.char_indices() {
            let ends = letter.is_whitespace() || letter == ';' || (letter == '{' && before != '$');
            if ends && before != '\\' {
                end = at;
                break;
            }
            before = if before == '\\' { ' ' } else { letter };
        }
        self.take(end).to_owned()
    }

    /// Goes on behind the brace that closes a block of another language.
    fn skip_block(&mut self) {
        let mut depth = 1;
        let end = self.rest.char_indices().find(|(_, letter)| {
            depth += i32::from(*letter == '{') - i32::from(*letter == '}');
            depth == 0
        });
        self.take(end.map_or(self.rest.len(), |(at, _)| at + 1));
    }
}

/// Deeper than anybody writes.
const DEEPEST: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    /// The directives in one line each.
    fn shown(directives: &[Directive]) -> String {
        let one = |it: &Directive| {
            let inner = if it.inner.is_empty() { String::new() } else { format!("{{{}}}", shown(&it.inner)) };
            format!(
                "{}:{}{}{inner}",
                it.line,
                it.name,
                it.arguments.iter().map(|a| format!("|{a}")).collect::<String>()
            )
        };
        directives.iter().map(one).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn directives_words_and_comments_are_told_apart() {
        for (text, expected) in [
            (
                "user www-data;\n# a; b {\nhttp { a 1; server{b;} }",
                "1:user|www-data 3:http{3:a|1 3:server{3:b}}",
            ),
            (
                "map $a $b { \"~^(x{1,2}) \\\"\\d\" \"\"; 'c' d#e; }",
                "1:map|$a|$b{1:~^(x{1,2}) \"\\d| 1:c|d#e}",
            ),
            ("return 405 \"no; }\\n\";", "1:return|405|no; }\\n"),
            ("set $a ${b}c;", "1:set|$a|${b}c"),
            ("a_by_lua_block { if x { } ; \" } b c;", "1:a_by_lua_block 1:b|c"),
            ("", ""),
        ] {
            assert_eq!(shown(&parse(text, Path::new("f")).expect(text)), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_configuration_says_where() {
        let deep = "a {".repeat(100);
        for (text, expected) in [
            ("a {\nb;", "f:1: `a` is not closed"),
            ("a;\n}", "f:2: a brace is closed"),
            ("a { b }", "f:1: a brace is closed"),
            ("a", "f: it ends"),
            ("\n;", "f:2: a directive without"),
            (&*deep, "f:1: braces are nested"),
            ("a \"b", "f: it ends"),
        ] {
            let error = parse(text, Path::new("f")).expect_err(text);
            assert!(error.starts_with(expected), "{text}: {error}");
        }
    }

    #[test]
    fn the_shipped_files_are_read_whole() {
        let shipped =
            [include_str!("../../../../nginx/http.conf"), include_str!("../../../../nginx/location.conf")];
        let [http, location] = shipped.map(|text| parse(text, Path::new("f")).expect("directives"));
        assert!(http.iter().any(|it| it.name == "map" && it.arguments == ["$request_uri", "$recto_path"]));
        assert!(location.iter().any(|it| it.name == "location" && it.arguments == ["^~", "/iiif/"]));
    }
}
