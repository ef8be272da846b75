//! The paths in a source that begin at `crate`, `self` or `super`, with the module that each leads to from the root.

use crate::lexer::{Token, starts_with};

/// A path from the root of its crate, without `crate`, and its line.
#[derive(Debug, PartialEq)]
pub struct CratePath {
    pub line: usize,
    pub segments: Vec<String>,
}

/// All paths in `tokens`, which stand in the module `here`: in `use`, in its nested groups, in signatures, expressions
/// and macros. `pub(in crate::x)` is none.
pub fn paths(tokens: &[Token], here: &[String]) -> Vec<CratePath> {
    let (mut found, mut modules, mut depth, mut at) = (Vec::new(), here.to_vec(), 0, 0);
    let mut inline = Vec::new();
    while at < tokens.len() {
        let before = at.checked_sub(1).map_or("", |before| &*tokens[before].text);
        match &*tokens[at].text {
            "mod" if tokens.get(at + 2).is_some_and(|brace| brace.text == "{") => {
                modules.push(tokens[at + 1].text.clone());
                inline.push(depth);
            }
            "{" => depth += 1,
            "}" => {
                depth -= 1;
                if inline.pop_if(|of| *of == depth).is_some() {
                    modules.pop();
                }
            }
            "crate" | "self" | "super" if before != "::" && is_path(&tokens[at..]) => {
                let seen = found.len();
                let of_visibility = at >= 3 && starts_with(&tokens[at - 3..], &["pub", "(", "in"]);
                at = tree(tokens, at, &[], &mut found);
                if of_visibility {
                    found.truncate(seen);
                }
                for path in &mut found[seen..] {
                    path.segments = from_root(&path.segments, &modules);
                }
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    found
}

fn is_path(tokens: &[Token]) -> bool {
    tokens.get(1).is_some_and(|sign| sign.text == "::")
}

/// Reads one path or one tree of `use`, and gives the place behind it.
fn tree(tokens: &[Token], mut at: usize, prefix: &[String], found: &mut Vec<CratePath>) -> usize {
    let mut segments = prefix.to_vec();
    let line = tokens[at].line;
    loop {
        match tokens.get(at).map(|token| &*token.text) {
            Some("{") => {
                at += 1;
                while tokens.get(at).is_some_and(|token| token.text != "}") {
                    at = match &*tokens[at].text {
                        "," => at + 1,
                        _ => tree(tokens, at, &segments, found),
                    };
                }
                return at + 1;
            }
            Some(segment) => segments.push(segment.into()),
            None => return at,
        }
        at += 1;
        let goes_on = tokens.get(at).is_some_and(|sign| sign.text == "::")
            && tokens.get(at + 1).is_some_and(|next| next.text != "<");
        if !goes_on {
            break;
        }
        at += 1;
    }
    found.push(CratePath { line, segments });
    // Behind `as` stands a name of the importer's.
    if tokens.get(at).is_some_and(|word| word.text == "as") { at + 2 } else { at }
}

fn from_root(segments: &[String], here: &[String]) -> Vec<String> {
    let mut path = here.to_vec();
    for segment in segments {
        match &**segment {
            "crate" => path.clear(),
            "self" => {}
            "super" => drop(path.pop()),
            _ => path.push(segment.clone()),
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lexer::tokens;

    fn check(source: &str, expected: &[&str]) {
        let here = ["a".to_owned(), "b".to_owned()];
        let found: Vec<_> =
            paths(&tokens(source), &here).iter().map(|path| path.segments.join("::")).collect();
        assert_eq!(found, expected, "{source}");
    }

    #[test]
    fn paths_of_every_kind_are_found() {
        check("use crate::x::Y;", &["x::Y"]);
        check("use crate::{x::{self, Y as Z, w::*}, v};", &["x", "x::Y", "x::w::*", "v"]);
        check("fn f(a: &crate::x::Y) -> Vec<crate::z> { crate::w::new::<u8>() }", &["x::Y", "z", "w::new"]);
        check("macro_rules! m { () => { $crate::x::y!() } }", &["x::y"]);
        check("use super::c; use super::super::d::E; use self::f;", &["a::c", "d::E", "a::b::f"]);
        check("use super::{super::d, c};", &["d", "a::c"]);
        check("for i in crate::x::all() {}", &["x::all"]);
    }

    #[test]
    fn inline_modules_are_a_step_of_their_own() {
        check("mod c { use super::d; fn f() {} } use super::e;", &["a::b::d", "a::e"]);
    }

    #[test]
    fn visibility_and_methods_are_no_paths() {
        check("pub(crate) fn f(self) { self.g(); }", &[]);
        check("pub(in crate::x) struct Y;", &[]);
    }
}
