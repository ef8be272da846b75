//! The files of a crate, as its `mod` lines name them from `lib.rs` on.

use std::path::{Path, PathBuf};

use crate::lexer::{Token, tokens, without_tests};

/// One file of a crate.
pub struct Source {
    pub file: PathBuf,
    /// The module that it is, from the root: none for `lib.rs`.
    pub module: Vec<String>,
    pub text: String,
    /// Of what is compiled without tests; none in a file that is for tests only.
    pub tokens: Vec<Token>,
}

/// The files that belong to the crate in `src`, `lib.rs` first. What cannot be found is reported in `faults`.
pub fn sources(src: &Path, faults: &mut Vec<String>) -> Vec<Source> {
    let mut found = Vec::new();
    visit(src.join("lib.rs"), Vec::new(), src, false, &mut found, faults);
    found
}

fn visit(
    file: PathBuf,
    module: Vec<String>,
    children: &Path,
    test: bool,
    found: &mut Vec<Source>,
    faults: &mut Vec<String>,
) {
    let text = std::fs::read_to_string(&file).unwrap();
    let all = tokens(&text);
    let (kept, tests) = without_tests(&all);
    found.push(Source {
        file: file.clone(),
        module: module.clone(),
        text,
        tokens: if test { Vec::new() } else { kept },
    });
    for window in all.windows(3) {
        let [word, name, semicolon] = window else { continue };
        if (&*word.text, &*semicolon.text) != ("mod", ";") {
            continue;
        }
        let directory = children.join(&name.text);
        let candidates = [directory.join("mod.rs"), directory.with_extension("rs")];
        let Some(child) = candidates.into_iter().find(|path| path.is_file()) else {
            faults.push(format!("{}:{}: no file for mod {}", file.display(), name.line, name.text));
            continue;
        };
        let module = module.iter().chain([&name.text]).cloned().collect();
        let test = test || name.text == "tests" || tests.contains(&name.text);
        visit(child, module, &directory, test, found, faults);
    }
}
