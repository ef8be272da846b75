//! Modules stand in layers, and know only what stands below them.
//!
//! The layers are the table `| module | what lives there |` in the documentation of `lib.rs`, from top to bottom and, in
//! one row, from left to right. A module further in may have such a table too, for its own modules. What is compiled
//! for tests only may import anything.

use std::collections::{BTreeMap, BTreeSet};

use crate::crates::Source;
use crate::lexer::Token;
use crate::paths::{CratePath, paths};

const HEADING: &str = "//! | module | what lives there |";

/// The modules of a table, in order; none if there is no table.
fn table(text: &str) -> Vec<&str> {
    let rows = text.lines().skip_while(|line| *line != HEADING).skip(2);
    rows.map_while(|line| line.strip_prefix("//! | "))
        .flat_map(|row| row.split(" | ").next().unwrap_or_default().split(", "))
        .map(|name| name.trim_matches(['[', '`', ']']).trim_start_matches("mod@"))
        .collect()
}

/// What is wrong with the arrows of a crate whose `lib.rs` is the first of `sources`.
fn faults(sources: &[Source]) -> Vec<String> {
    let mut faults = Vec::new();
    for layers in sources {
        let order = table(&layers.text);
        if order.is_empty() && !layers.module.is_empty() {
            continue;
        }
        let names = reexports(layers);
        faults.extend(differences(layers, &order));
        for source in sources {
            let Some([from, ..]) = source.module.strip_prefix(&*layers.module) else { continue };
            for path in paths(&source.tokens, &source.module) {
                faults.extend(
                    fault(&path, from, layers, &order, &names)
                        .map(|arrow| format!("{}:{}: {arrow}", source.file.display(), path.line)),
                );
            }
        }
    }
    faults
}

/// What is wrong with one path in the module `from` of a layered module.
fn fault(
    path: &CratePath,
    from: &str,
    layers: &Source,
    order: &[&str],
    names: &BTreeMap<String, String>,
) -> Option<String> {
    let [to, ..] = path.segments.strip_prefix(&*layers.module)? else { return None };
    let to = names.get(to).unwrap_or(to);
    let rank = |name: &str| order.iter().position(|of| *of == name);
    match (rank(from), rank(to)) {
        (Some(above), Some(below)) => (above > below).then(|| format!("arrow up: {from} -> {to}")),
        // The difference between table and modules is reported elsewhere, and in a mod.rs types may stand; in lib.rs
        // none.
        (_, None) if layers.module.is_empty() && modules(&layers.tokens).all(|name| name != to) => {
            Some(format!("crate::{to} is in no module"))
        }
        _ => None,
    }
}

/// A table and the `mod` lines beside it have to name the same modules, each once.
fn differences(layers: &Source, order: &[&str]) -> Vec<String> {
    let file = layers.file.display();
    let listed: BTreeSet<_> = order.iter().copied().collect();
    let there: BTreeSet<_> = modules(&layers.tokens).collect();
    let mut faults = Vec::new();
    faults.extend(there.difference(&listed).map(|name| format!("{file}: {name} is missing from the table")));
    faults
        .extend(listed.difference(&there).map(|name| format!("{file}: {name} of the table does not exist")));
    if listed.len() < order.len() {
        faults.push(format!("{file}: a module stands twice in the table"));
    }
    faults
}

fn modules(tokens: &[Token]) -> impl Iterator<Item = &str> {
    let files = tokens.windows(3).filter(|window| window[0].text == "mod" && window[2].text == ";");
    files.map(|window| &*window[1].text)
}

/// The names that a module has of its own modules by `use`, each with the module that it comes from.
fn reexports(layers: &Source) -> BTreeMap<String, String> {
    let there: BTreeSet<_> = modules(&layers.tokens).collect();
    let mut names = BTreeMap::new();
    for (at, token) in layers.tokens.iter().enumerate() {
        let Some(first) = layers.tokens.get(at + 1) else { continue };
        if token.text != "use" || !there.contains(&*first.text) {
            continue;
        }
        // Read as if it began with `crate`.
        let mut tree = vec![Token { line: 0, text: "crate".into() }, Token { line: 0, text: "::".into() }];
        tree.extend(layers.tokens[at + 1..].iter().take_while(|token| token.text != ";").cloned());
        for path in paths(&tree, &[]) {
            names.insert(path.segments.last().unwrap().clone(), first.text.clone());
        }
    }
    names
}

#[test]
fn arrows_go_down() {
    let mut wrong = Vec::new();
    for src in crate::crate_roots() {
        let sources = crate::crates::sources(&src, &mut wrong);
        wrong.extend(faults(&sources));
        wrong.dedup();
    }
    crate::must_be_empty(wrong);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lexer::{tokens, without_tests};

    const ROOT: &str = "//! | module | what lives there |\n//! |---|---|\n//! | [`top`] | a |\n//! | [`left`], [`right`] | b |\n\
                        //!\n//! More.\nmod left; mod right; mod top; pub use right::Thing;";

    fn source(module: &str, text: &str) -> Source {
        let module: Vec<_> = module.split("::").filter(|name| !name.is_empty()).map(str::to_owned).collect();
        let (tokens, _) = without_tests(&tokens(text));
        Source { file: module.join("/").into(), module, text: text.into(), tokens }
    }

    fn check(module: &str, text: &str, expected: &[&str]) {
        assert_eq!(faults(&[source("", ROOT), source(module, text)]), expected, "{module}: {text}");
    }

    #[test]
    fn down_is_right_and_up_is_wrong() {
        check("top", "use crate::{left::A, right}; fn f() { crate::left::f() }", &[]);
        check("left", "use crate::right::A;", &[]);
        check("left", "use crate::left::A; use super::right;", &[]);
        check("right", "\nuse crate::{\n  left::A};", &["right:3: arrow up: right -> left"]);
        check("right::inner", "fn f() { crate::top::f() }", &["right/inner:1: arrow up: right -> top"]);
        check("right::inner", "use super::super::top;", &["right/inner:1: arrow up: right -> top"]);
        check("left", "impl From<crate::top::E> for F {}", &["left:1: arrow up: left -> top"]);
    }

    #[test]
    fn tests_may_import_anything() {
        check("right", "#[cfg(test)] mod tests { use crate::top::A; }", &[]);
        check(
            "right",
            "#[cfg(test)] use crate::top::A; use crate::left::B;",
            &["right:1: arrow up: right -> left"],
        );
    }

    #[test]
    fn what_lib_rs_passes_on_is_an_arrow_to_where_it_comes_from() {
        check("left", "use crate::Thing;", &[]);
        check("right", "use crate::Thing;", &[]);
        check("left", "use crate::Other;", &["left:1: crate::Other is in no module"]);
    }

    #[test]
    fn table_and_modules_are_the_same() {
        let root = ROOT.replace("[`top`]", "[`gone`]");
        let expected = [": top is missing from the table", ": gone of the table does not exist"];
        assert_eq!(faults(&[source("", &root)]), expected);
        assert_eq!(faults(&[source("", "mod a;")]), [": a is missing from the table"]);
        let twice = ROOT.replace("[`top`]", "[`top`], [`left`]");
        assert_eq!(faults(&[source("", &twice)]), [": a module stands twice in the table"]);
    }

    #[test]
    fn a_module_may_have_layers_of_its_own() {
        let table = ROOT.replace("top", "upper");
        let sources = |inner: &str| {
            vec![
                source("", ROOT),
                source("top", &table),
                source("top::right", inner),
                source("top::upper", "use super::left;"),
            ]
        };
        assert_eq!(faults(&sources("use super::Kind; use crate::left;")), [""; 0]);
        assert_eq!(faults(&sources("use super::upper;")), ["top/right:1: arrow up: right -> upper"]);
    }
}
